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
use self::program::Program;
use self::trace::{Trace, NONE};
use crate::enhancements::frame::{AssembleResult, Component, ExceptionData, Frame};
use crate::enhancements::rule::Rule;
use crate::enhancements::rule_set::AppliedFrame;
use crate::enhancements::stacktrace::msgpack::{
    key_texts, PackedError, PackedFrame, PackedStacktrace,
};

/// What rules make of a stack trace, both questions answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) applied: Vec<AppliedFrame>,
    pub(super) components: Vec<Component>,
    pub(super) result: AssembleResult,
}

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
            program: Program::new(rules, categories),
            memo: Memo::new(memo_bytes),
        }
    }

    pub(super) fn memo(&self) -> &Memo {
        &self.memo
    }

    pub(super) fn apply_packed(
        &self,
        stacktrace: &PackedStacktrace<'_>,
        applied: &mut Vec<AppliedFrame>,
    ) -> Result<(), PackedError> {
        self.apply(stacktrace, applied, &mut None)
    }

    /// Answers both questions, the second one about the frames as the first one left them; a
    /// component contributes to begin with if its frame is in-app then. `matched` gets the
    /// rules that match any frame, perhaps twice.
    pub(super) fn judge(
        &self,
        stacktrace: &PackedStacktrace<'_>,
        categories: &[SmolStr],
        matched: &mut Matched<'_>,
    ) -> Result<Judged, PackedError> {
        let mut applied = Vec::with_capacity(stacktrace.frames.len());
        self.apply(stacktrace, &mut applied, matched)?;
        let in_app = |frame: &AppliedFrame| Component::new(Some(frame.in_app == Some(true)));
        let mut components: Vec<_> = applied.iter().map(in_app).collect();
        let changed = PackedStacktrace {
            exception: stacktrace.exception,
            frames: stacktrace
                .frames
                .iter()
                .zip(&applied)
                .map(|(frame, applied)| changed(frame, applied, categories))
                .collect(),
        };
        let result = self.assemble(&changed, &mut components, matched)?;
        Ok(Judged {
            applied,
            components,
            result,
        })
    }

    pub(super) fn apply_frames(
        &self,
        frames: &[Frame<'_>],
        exception: &ExceptionData<'_>,
    ) -> Vec<AppliedFrame> {
        let keys = key_texts(frames);
        let stacktrace = PackedStacktrace::of_frames(exception, frames, &keys);
        let mut applied = Vec::with_capacity(frames.len());
        // Frames that hold texts have no text that is not UTF-8.
        let _ = self.apply(&stacktrace, &mut applied, &mut None);
        applied
    }

    pub(super) fn assemble_packed(
        &self,
        stacktrace: &PackedStacktrace<'_>,
        components: &mut [Component],
    ) -> Result<AssembleResult, PackedError> {
        self.assemble(stacktrace, components, &mut None)
    }

    pub(super) fn assemble_frames(
        &self,
        frames: &[Frame<'_>],
        exception: &ExceptionData<'_>,
        components: &mut [Component],
    ) -> AssembleResult {
        let keys = key_texts(frames);
        let stacktrace = PackedStacktrace::of_frames(exception, frames, &keys);
        self.assemble(&stacktrace, components, &mut None)
            .unwrap_or_default()
    }

    fn apply(
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

    fn assemble(
        &self,
        stacktrace: &PackedStacktrace<'_>,
        components: &mut [Component],
        matched: &mut Matched<'_>,
    ) -> Result<AssembleResult, PackedError> {
        if stacktrace.frames.len() <= 64 {
            self.assemble_with::<u64>(stacktrace, components, matched)
        } else {
            self.assemble_with::<Wide>(stacktrace, components, matched)
        }
    }

    fn assemble_with<M: Mask>(
        &self,
        stacktrace: &PackedStacktrace<'_>,
        components: &mut [Component],
        matched: &mut Matched<'_>,
    ) -> Result<AssembleResult, PackedError> {
        let mut trace = Trace::<M>::new(&self.program, &self.memo, stacktrace)?;
        Ok(assemble::assemble(
            &mut trace, stacktrace, components, matched,
        ))
    }
}

/// A frame as the rules have left it.
fn changed<'a>(
    frame: &PackedFrame<'a>,
    applied: &AppliedFrame,
    categories: &'a [SmolStr],
) -> PackedFrame<'a> {
    let set = applied
        .category
        .and_then(|number| categories.get(number as usize));
    let as_it_came = frame.in_app.map_or(-1, i8::from);
    PackedFrame {
        category: set.map(|text| text.as_bytes()).or(frame.category),
        key: frame.key,
        in_app: applied.in_app,
        orig_in_app: Some(frame.orig_in_app.unwrap_or(as_it_came)),
    }
}
