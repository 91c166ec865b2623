//! The engine: the same answers as the interpreter's, without trying every rule.
//!
//! ```text
//!  frame -- known? -- memo ------------.
//!             | no                     v
//!             `-- index -> candidates -> conditions met -> rules to look at
//!                 (trie,     (glob)                             |
//!                  grams)                       in order, for all frames at once
//!                                               (masks, apply, assemble)
//! ```
//!
//! | module | its idea |
//! | --- | --- |
//! | [`ids`] | numbers of rules, conditions, categories are types |
//! | [`glob`] | a glob is a short program over bytes ([`crate::glob`]) |
//! | [`index`] | texts that a value must have lead to the patterns worth trying |
//! | [`compile`] | how a rule becomes conditions, tests and triggers |
//! | [`program`] | the compiled rules: what depends on a frame alone, and what on other rules |
//! | [`memo`] | a frame seen before is known |
//! | [`masks`], [`triggered`] | sets of frames and of rules are bits |
//! | [`scratch`] | space that is used again |
//! | [`facts`] | which frames meet which condition: does not change |
//! | [`state`] | categories and `in_app`: what rules change |
//! | [`trace`] | one walk over the rules that match, for both questions |
//! | [`apply`], [`assemble`] | what rules do, for all frames at once |
//!
//! DESIGN.md beside this file has the invariants that these modules rely on.
//!
//! The interpreter is the definition. Property tests compare the two on random rules and
//! stack traces.

mod apply;
mod assemble;
mod compile;
mod facts;
mod glob;
mod ids;
mod index;
mod masks;
mod memo;
mod program;
mod scratch;
mod state;
#[cfg(test)]
mod tests;
mod trace;
mod triggered;

use smol_str::SmolStr;

use self::apply::Apply;
use self::assemble::Assemble;
use self::compile::{compile, Indexing};
use self::masks::{Mask, Wide};
use self::memo::Memo;
pub(super) use self::memo::DEFAULT_BYTES;
use self::program::Program;
use self::trace::Trace;
use crate::enhancements::frame::Component;
use crate::enhancements::interpreter::StacktraceState;
use crate::enhancements::rule::Rule;
use crate::enhancements::rule_set::AppliedFrame;
use crate::enhancements::stacktrace::msgpack::{PackedError, PackedStacktrace};

/// Where the numbers of rules that match go, if they are wanted.
pub(super) type Matched<'m> = Option<&'m mut Vec<u32>>;

/// A rule set, ready to run.
pub(super) struct Engine {
    program: Program,
    memo: Memo,
}

impl Engine {
    /// Compiles rules. `categories` has each category that they set, once; `memo_bytes` is
    /// how much the memo may take.
    pub(super) fn new(rules: &[Rule], categories: &[SmolStr], memo_bytes: usize) -> Self {
        Self {
            program: compile(rules, categories, Indexing::Full),
            memo: Memo::new(memo_bytes),
        }
    }

    /// Compiles rules without an index and without a memo: quick to make, slower to ask. For
    /// few rules that may never be asked again.
    pub(super) fn without_index(rules: &[Rule], categories: &[SmolStr]) -> Self {
        Self {
            program: compile(rules, categories, Indexing::None),
            memo: Memo::new(0),
        }
    }

    pub(super) fn memo(&self) -> &Memo {
        &self.memo
    }

    /// Appends what the rules make of each frame. `matched` gets the rules that match any.
    pub(super) fn apply(
        &self,
        stacktrace: &PackedStacktrace<'_>,
        applied: &mut Vec<AppliedFrame>,
        matched: &mut Matched<'_>,
    ) -> Result<(), PackedError> {
        if stacktrace.frames.len() <= 64 {
            self.apply_with::<u64>(stacktrace, applied, matched)
        } else {
            self.apply_with::<Wide>(stacktrace, applied, matched)
        }
    }

    fn apply_with<M: Mask>(
        &self,
        stacktrace: &PackedStacktrace<'_>,
        applied: &mut Vec<AppliedFrame>,
        matched: &mut Matched<'_>,
    ) -> Result<(), PackedError> {
        let mut trace = Trace::<M>::new(&self.program, &self.memo, stacktrace)?;
        let before = trace.state.category_of.clone();
        trace.run(&mut Apply, matched);
        let state = &trace.state;
        let frames = state.category_of.iter().zip(&before).enumerate();
        applied.extend(frames.map(|(frame, (now, before))| {
            let set = now.filter(|_| now != before);
            let number = set.and_then(|now| state.categories[now as usize].number);
            AppliedFrame {
                category: number.map(|category| category.0),
                in_app: state
                    .in_app_known
                    .contains(frame)
                    .then(|| state.in_app_true.contains(frame)),
            }
        }));
        Ok(())
    }

    /// Runs the rules that have a say in grouping, and leaves the limits to
    /// [`StacktraceState::result`]. `matched` gets the rules that match any frame.
    pub(super) fn assemble(
        &self,
        stacktrace: &PackedStacktrace<'_>,
        components: &mut [Component],
        state: &mut StacktraceState,
        first_rule: u32,
        matched: &mut Matched<'_>,
    ) -> Result<(), PackedError> {
        if stacktrace.frames.len() <= 64 {
            self.assemble_with::<u64>(stacktrace, components, state, first_rule, matched)
        } else {
            self.assemble_with::<Wide>(stacktrace, components, state, first_rule, matched)
        }
    }

    fn assemble_with<M: Mask>(
        &self,
        stacktrace: &PackedStacktrace<'_>,
        components: &mut [Component],
        state: &mut StacktraceState,
        first_rule: u32,
        matched: &mut Matched<'_>,
    ) -> Result<(), PackedError> {
        let mut trace = Trace::<M>::new(&self.program, &self.memo, stacktrace)?;
        let before = std::mem::take(state);
        let mut assemble = Assemble::<M>::new(stacktrace, components, before, first_rule);
        let start = matched.as_ref().map_or(0, |matched| matched.len());
        trace.run(&mut assemble, matched);
        for rule in matched.iter_mut().flat_map(|matched| &mut matched[start..]) {
            *rule += first_rule;
        }
        *state = assemble.finish(components);
        Ok(())
    }
}
