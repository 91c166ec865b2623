//! The changes to write back into the frames of an event.
//!
//! If `in_app` changes, its original value is stored in `data.orig_in_app`, once, as a number (1
//! true, 0 false, -1 null). The category is stored in `data.category`.

use serde::{Serialize, Serializer};

use crate::enhancements::frame::{ExceptionData, Frame};
use crate::enhancements::rule_set::Enhancements;
use crate::enhancements::stacktrace::event::EventStacktrace;
use crate::enhancements::stacktrace::view::{key_texts, KeyTexts, StacktraceError, StacktraceView};

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
    /// Category and `in_app` of each frame.
    pub frames: Vec<(Option<&'a str>, Option<bool>)>,
    /// The changes of each frame.
    pub changes: Vec<FrameChange<'a>>,
}

impl AppliedToEvent<'_> {
    /// Writes the result as MessagePack: an array of frames and changes.
    pub fn to_msgpack(&self) -> Vec<u8> {
        // This cannot fail: the value has only texts and small numbers.
        rmp_serde::to_vec(&(&self.frames, &self.changes)).unwrap_or_default()
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
        let mut frames = event.frames();
        let keys = key_texts(&frames);
        let changes = change(self, &event.exception(), &mut frames, &keys)?;
        let frames = frames.iter().map(|frame| (frame.category, frame.in_app));
        Ok(AppliedToEvent {
            frames: frames.collect(),
            changes,
        })
    }
}

/// Applies rules to frames, and returns the changes to write into the frames of the event.
pub(super) fn change<'c>(
    rules: &'c Enhancements,
    exception: &ExceptionData<'_>,
    frames: &mut [Frame<'c>],
    keys: &[KeyTexts<'_>],
) -> Result<Vec<FrameChange<'c>>, StacktraceError> {
    let mut applied = Vec::with_capacity(frames.len());
    let stacktrace = StacktraceView::of_frames(exception, frames, keys);
    rules.apply_packed(&stacktrace, &mut applied)?;
    let mut changes = vec![FrameChange::default(); frames.len()];
    for ((frame, applied), change) in frames.iter_mut().zip(&applied).zip(&mut changes) {
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
            frame.category = Some(category);
        }
    }
    Ok(changes)
}
