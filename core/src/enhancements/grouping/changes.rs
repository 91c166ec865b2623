//! What rules change in the frames of an event, as the event has them.
//!
//! A new `in_app` leaves a trace: what it was is kept in `data.orig_in_app`, once, as a number
//! (1 true, 0 false, -1 null). The category goes to `data.category`.

use serde::{Serialize, Serializer};

use crate::enhancements::frame::{ExceptionData, Frame};
use crate::enhancements::rule_set::Enhancements;
use crate::enhancements::stacktrace::event::EventStacktrace;
use crate::enhancements::stacktrace::view::{key_texts, KeyTexts, StacktraceError, StacktraceView};

/// What to write into a frame of an event. None leaves a field as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameChange<'a> {
    /// The new `in_app`.
    pub in_app: Option<bool>,
    /// The new `data.orig_in_app`: what `in_app` was; 1, 0, or -1 for null.
    pub orig_in_app: Option<i8>,
    /// The new `data.category`.
    pub category: Option<&'a str>,
}

/// Nil where nothing changes, else an array of the three fields.
impl Serialize for FrameChange<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if *self == Self::default() {
            return serializer.serialize_none();
        }
        (self.in_app, self.orig_in_app, self.category).serialize(serializer)
    }
}

/// What rules do to the frames of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedToEvent<'a> {
    /// Category and `in_app` of each frame.
    pub frames: Vec<(Option<&'a str>, Option<bool>)>,
    /// What to write into each frame.
    pub changes: Vec<FrameChange<'a>>,
}

impl AppliedToEvent<'_> {
    /// Writes it as MessagePack: an array of frames and changes.
    pub fn to_msgpack(&self) -> Vec<u8> {
        // Texts and small numbers: nothing that MessagePack cannot hold.
        rmp_serde::to_vec(&(&self.frames, &self.changes)).unwrap_or_default()
    }
}

impl Enhancements {
    /// Sets category and `in_app` of the frames of an event.
    ///
    /// # Errors
    ///
    /// None that [`EventStacktrace::decode`] lets through.
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

/// Lets rules change frames, and returns what to write into those of the event.
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
