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
//! | [`glob`] | a glob is a short program over bytes ([`crate::glob`]) |
//! | [`index`] | texts that a value must have lead to the patterns worth trying |
//! | [`program`] | what of a rule depends on a frame alone, and what wakes it |
//! | [`memo`] | a frame seen before is known |
//! | [`masks`], [`triggered`] | sets of frames and of rules are bits |
//! | [`trace`], [`apply`], [`assemble`] | rules run over all frames at once |
//!
//! The interpreter is the definition. Property tests compare the two on random rules and
//! stack traces.

mod apply;
mod assemble;
mod glob;
mod index;
mod masks;
mod memo;
mod program;
#[cfg(test)]
mod tests;
mod trace;
mod triggered;

use smol_str::SmolStr;

use self::masks::{Mask, Wide};
use self::memo::Memo;
pub(super) use self::memo::DEFAULT_BYTES;
use self::program::{Indexing, Program};
use self::trace::{Trace, NONE};
use crate::enhancements::frame::Component;
use crate::enhancements::interpreter::StacktraceState;
use crate::enhancements::rule::Rule;
use crate::enhancements::rule_set::AppliedFrame;
use crate::enhancements::stacktrace::msgpack::{PackedError, PackedStacktrace};

/// Where the numbers of rules that match go, if anybody wants them.
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
            program: Program::new(rules, categories, Indexing::Full),
            memo: Memo::new(memo_bytes),
        }
    }

    /// Compiles rules without an index and without a memo: quick to make, slower to ask. For
    /// few rules that may never be asked again.
    pub(super) fn without_index(rules: &[Rule], categories: &[SmolStr]) -> Self {
        Self {
            program: Program::new(rules, categories, Indexing::None),
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
        let own = trace.category_of.clone();
        apply::apply(&mut trace, matched);
        let frames = trace.category_of.iter().zip(&own).enumerate();
        applied.extend(frames.map(|(frame, (&category, &own))| {
            AppliedFrame {
                category: (category != own && category != NONE).then_some(category),
                in_app: trace
                    .in_app_known
                    .contains(frame)
                    .then(|| trace.in_app_true.contains(frame)),
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
        assemble::assemble(
            &mut trace, stacktrace, components, state, first_rule, matched,
        );
        Ok(())
    }
}
