//! The changes to write back into the frames of an event.
//!
//! If `in_app` changes, its original value is stored in `data.orig_in_app`, once, as a number (1
//! true, 0 false, -1 null). The category is stored in `data.category`.

use serde::{Serialize, Serializer};

use crate::enhancements::result::AppliedFrame;
use crate::enhancements::rule_set::Enhancements;
use crate::enhancements::stacktrace::event::EventStacktrace;
use crate::enhancements::stacktrace::view::{StacktraceError, StacktraceView};
use crate::parallel;

/// The changes of a frame of an event. `None` keeps a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameChange<'a> {
    /// The new `in_app`.
    pub in_app: Option<bool>,
    /// The new `data.orig_in_app`, the original `in_app`: 1, 0, or -1 for null.
    pub orig_in_app: Option<i8>,
    /// The new `data.category`.
    pub category: Option<&'a str>,
}

/// Nil if nothing changes, else an array of the three fields.
impl Serialize for FrameChange<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if *self == Self::default() {
            return serializer.serialize_none();
        }
        (self.in_app, self.orig_in_app, self.category).serialize(serializer)
    }
}

/// The results of rules for the frames of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedToEvent<'a> {
    /// The stack trace after the rules.
    stacktrace: StacktraceView<'a>,
    applied: Vec<AppliedFrame>,
    /// What to write into each frame.
    changes: Vec<FrameChange<'a>>,
}

/// The result for a frame of an event, without texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventFrame {
    /// The category.
    pub category: EventCategory,
    /// Whether the frame is the user's code.
    pub in_app: Option<bool>,
    /// Whether `in_app` is to be written.
    pub in_app_changes: bool,
    /// What is to be written to `data.orig_in_app`: 1, 0, or -1 for null.
    pub orig_in_app: Option<i8>,
    /// Whether the category is to be written.
    pub category_changes: bool,
}

/// The category of a frame of an event, after the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventCategory {
    /// None.
    None,
    /// The one that the frame came with.
    Own,
    /// One that a rule set: its number in [`Enhancements::categories`].
    Number(u32),
}

impl AppliedToEvent<'_> {
    /// The result for each frame.
    pub fn frames(&self) -> impl ExactSizeIterator<Item = EventFrame> + '_ {
        let frames = self.stacktrace.frames.iter().zip(&self.applied);
        frames.zip(&self.changes).map(|((frame, applied), change)| {
            let category = match applied.category {
                Some(number) => EventCategory::Number(number),
                None if frame.category.is_some() => EventCategory::Own,
                None => EventCategory::None,
            };
            EventFrame {
                category,
                in_app: applied.in_app,
                in_app_changes: change.in_app.is_some(),
                orig_in_app: change.orig_in_app,
                category_changes: change.category.is_some(),
            }
        })
    }

    /// Writes it as MessagePack: an array of frames, with category and `in_app` of each, and
    /// changes.
    ///
    /// # Errors
    ///
    /// None: the categories were read as UTF-8.
    pub fn to_msgpack(&self) -> Result<Vec<u8>, StacktraceError> {
        let frames = self.stacktrace.frames.iter().enumerate();
        let frames = frames.map(|(index, frame)| Ok((frame.category(index)?, frame.in_app)));
        let frames = frames.collect::<Result<Vec<_>, StacktraceError>>()?;
        // Texts and small numbers: nothing that MessagePack cannot hold.
        Ok(rmp_serde::to_vec(&(frames, &self.changes)).unwrap_or_default())
    }
}

impl Enhancements {
    /// Sets category and `in_app` of the frames of an event.
    ///
    /// # Errors
    ///
    /// Fails only for input that [`EventStacktrace::decode`] rejects.
    pub fn apply_to_event<'a>(
        &'a self,
        event: &'a EventStacktrace<'_>,
    ) -> Result<AppliedToEvent<'a>, StacktraceError> {
        let mut stacktrace = event.view();
        let (applied, changes) = change(self, &mut stacktrace)?;
        Ok(AppliedToEvent {
            stacktrace,
            applied,
            changes,
        })
    }

    /// Does [`Enhancements::apply_to_event`] for many stack traces, on `threads` threads, and
    /// returns the result of `read` for each, in order.
    ///
    /// # Errors
    ///
    /// As those of [`Enhancements::apply_to_event`].
    pub fn each_event<R: Send>(
        &self,
        events: &[EventStacktrace<'_>],
        threads: usize,
        read: impl Fn(AppliedToEvent<'_>) -> R + Sync,
    ) -> Result<Vec<R>, StacktraceError> {
        parallel::each(events, threads, |event| {
            Ok(read(self.apply_to_event(event)?))
        })
    }
}

/// Applies rules to frames. Returns the result for each, and what to write into those of the
/// event.
pub(super) fn change<'c>(
    rules: &'c Enhancements,
    stacktrace: &mut StacktraceView<'c>,
) -> Result<(Vec<AppliedFrame>, Vec<FrameChange<'c>>), StacktraceError> {
    let mut applied = Vec::with_capacity(stacktrace.frames.len());
    rules.apply_packed(stacktrace, &mut applied)?;
    let frames = stacktrace.frames.iter_mut().zip(&applied);
    let changes = frames.map(|(frame, applied)| {
        let mut change = FrameChange::default();
        if applied.in_app.is_some() && applied.in_app != frame.in_app {
            change.in_app = applied.in_app;
            if frame.orig_in_app.is_none() {
                change.orig_in_app = Some(frame.in_app.map_or(-1, i8::from));
                frame.orig_in_app = change.orig_in_app;
            }
            frame.in_app = applied.in_app;
        }
        let category = applied.category.map(|number| number as usize);
        if let Some(category) = category.and_then(|number| rules.categories().get(number)) {
            change.category = Some(category);
            frame.category = Some(category.as_bytes());
        }
        change
    });
    let changes = changes.collect();
    Ok((applied, changes))
}
