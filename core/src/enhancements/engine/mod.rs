//! The engine: the same results as the interpreter, without trying every rule.
//!
//! ```text
//!  frame -- known? -- memo ------------.
//!             | no                     v
//!             `-- index -> candidates -> conditions met -> triggered rules
//!                 (trie,     (glob)                             |
//!                  grams)                       in order, for all frames at once
//!                                               (masks, apply, assemble)
//! ```
//!
//! | module | idea |
//! | --- | --- |
//! | [`ids`] | numbers of rules, conditions, categories are types |
//! | [`glob`] | a glob is a short program over bytes ([`crate::glob`]) |
//! | [`index`] | texts that a value must contain select the patterns to try |
//! | [`compile`] | how a rule becomes conditions, tests and triggers |
//! | [`program`] | the compiled rules: conditions that depend only on a frame, and tests that depend on other rules |
//! | [`memo`] | the facts about frames that were seen before |
//! | [`masks`], [`triggered`] | sets of frames and of rules are bits |
//! | [`scratch`] | buffers that a thread reuses |
//! | [`facts`] | which frames meet which condition; does not change |
//! | [`state`] | categories and `in_app`, which rules change |
//! | [`trace`] | one walk over the rules that match, for both passes |
//! | [`apply`], [`assemble`] | the actions, for all frames at once |
//!
//! DESIGN.md beside this file lists the invariants of these modules.
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
use self::compile::compile;
use self::masks::{Mask, Wide};
use self::memo::Memo;
pub(super) use self::memo::DEFAULT_BYTES;
use self::program::Program;
pub(super) use self::trace::Matched;
use self::trace::Trace;
use crate::enhancements::result::{AssembleResult, Component};
use crate::enhancements::rule::Rule;
use crate::enhancements::stacktrace::view::{StacktraceError, StacktraceView};

/// A rule set, ready to run.
pub(super) struct Engine {
    program: Program,
    memo: Memo,
}

impl Engine {
    /// Compiles rules. `categories` has each category that they set, once; `memo_bytes` is the
    /// limit of the memo.
    pub(super) fn new(rules: &[Rule], categories: &[SmolStr], memo_bytes: usize) -> Self {
        Self {
            program: compile(rules, categories),
            memo: Memo::new(memo_bytes),
        }
    }

    pub(super) fn memo(&self) -> &Memo {
        &self.memo
    }

    fn parts(&self) -> (&Program, &Memo) {
        (&self.program, &self.memo)
    }
}

/// The result for a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Applied {
    /// The segment that set the category, and the number that the category has there, unless
    /// the frame has the category that it came with.
    pub(super) category: Option<(usize, u32)>,
    pub(super) in_app: Option<bool>,
}

/// Runs the rules that change frames, segment after segment. Calls `put` for each frame, in order.
/// `matched` receives the rules that match any frame.
///
/// # Errors
///
/// Fails if a text of a frame is not UTF-8. Then `put` is not called.
pub(super) fn apply<'a>(
    segments: impl Iterator<Item = &'a Engine>,
    stacktrace: &'a StacktraceView<'a>,
    matched: &mut Matched<'_>,
    put: impl FnMut(Applied),
) -> Result<(), StacktraceError> {
    if stacktrace.frames.len() <= 64 {
        apply_with::<u64>(segments, stacktrace, matched, put)
    } else {
        apply_with::<Wide>(segments, stacktrace, matched, put)
    }
}

fn apply_with<'a, M: Mask>(
    segments: impl Iterator<Item = &'a Engine>,
    stacktrace: &'a StacktraceView<'a>,
    matched: &mut Matched<'_>,
    put: impl FnMut(Applied),
) -> Result<(), StacktraceError> {
    let frames = stacktrace.frames.len();
    let mut effect = Apply { frames };
    let state = Trace::<M>::run(
        stacktrace,
        segments.map(Engine::parts),
        &mut effect,
        matched,
    )?;
    let applied = |frame| {
        let category = state.new_category(frame);
        let set_by = category.and_then(|category| category.set_by);
        Applied {
            category: set_by.map(|(segment, number)| (segment, number.0)),
            in_app: state
                .in_app_known
                .contains(frame)
                .then(|| state.in_app_true.contains(frame)),
        }
    };
    (0..frames).map(applied).for_each(put);
    Ok(())
}

/// Runs the rules that affect grouping, segment after segment. `matched` receives the rules that
/// match any frame.
///
/// # Errors
///
/// Fails if a text of a frame is not UTF-8. Then no component changes.
pub(super) fn assemble<'a>(
    segments: impl Iterator<Item = &'a Engine>,
    stacktrace: &'a StacktraceView<'a>,
    components: &mut [Component],
    matched: &mut Matched<'_>,
) -> Result<AssembleResult, StacktraceError> {
    if stacktrace.frames.len() <= 64 {
        assemble_with::<u64>(segments, stacktrace, components, matched)
    } else {
        assemble_with::<Wide>(segments, stacktrace, components, matched)
    }
}

fn assemble_with<'a, M: Mask>(
    segments: impl Iterator<Item = &'a Engine>,
    stacktrace: &'a StacktraceView<'a>,
    components: &mut [Component],
    matched: &mut Matched<'_>,
) -> Result<AssembleResult, StacktraceError> {
    let mut effect = Assemble::<M>::new(stacktrace, components);
    Trace::run(
        stacktrace,
        segments.map(Engine::parts),
        &mut effect,
        matched,
    )?;
    Ok(effect.finish(components))
}
