//! Reads the rows of an array as stack traces.
//!
//! A row is read in two steps, because a frame borrows the list of its texts: first the texts of
//! all its frames, then the stack trace, which borrows them.

use std::ops::Range;

use arrow_data::ArrayData;
use arrow_schema::DataType;

use super::ArrowError;
use crate::arrow::columns::Nulls;
use crate::arrow::columns::{Bools, Column, Ints, Lists, Structs, Texts};
use crate::arrow::ColumnError;
use crate::enhancements::fields::{ExceptionField, FrameField};
use crate::enhancements::frame::ExceptionData;
use crate::enhancements::result::Component;
use crate::enhancements::stacktrace::view::{
    utf8, FieldPath, FrameKey, FrameView, KeyTexts, StacktraceError, StacktraceView,
};
use crate::limits::Limit;

const ROW: &str = "a struct of frames and exception";
const FRAMES: &str = FrameField::COLUMN_TYPE;
const EXCEPTION: &str = ExceptionField::COLUMN_TYPE;

/// An array of stack traces, with a reader for each column.
pub(super) struct Stacktraces<'a> {
    len: usize,
    /// The offset of the rows in the columns.
    offset: usize,
    rows: Nulls<'a>,
    lists: Lists<'a>,
    frames: Structs<'a>,
    category: Texts<'a>,
    /// The texts of the fields in [`FrameField::KEY`].
    key: Box<[Texts<'a>]>,
    in_app: Bools<'a>,
    orig_in_app: Ints<'a>,
    contributes: Option<Bools<'a>>,
    repeats: Option<Bools<'a>>,
    exceptions: Structs<'a>,
    /// The texts of the fields in [`ExceptionField::ALL`].
    exception: Box<[Texts<'a>]>,
}

impl<'a> Stacktraces<'a> {
    /// Finds the columns, and checks their types.
    pub(super) fn new(data: &'a ArrayData) -> Result<Self, ArrowError> {
        let row = Column {
            name: "(row)",
            data,
        };
        if !matches!(data.data_type(), DataType::Struct(_)) {
            return Err(row.unexpected(ROW).into());
        }
        let (lists, frame) = Lists::new(row.field("frames", "frames", FRAMES)?, FRAMES)?;
        let frames = Structs::new(frame, FRAMES)?;
        let column =
            |field: FrameField, expected| frame.field(field.name(), field.column(), expected);
        let text = |field| Texts::new(column(field, Texts::EXPECTED)?);
        let key = FrameField::KEY.into_iter().map(text);
        let key = key.collect::<Result<_, _>>()?;
        let in_app = column(FrameField::InApp, Bools::EXPECTED)?;
        let orig_in_app = column(FrameField::OrigInApp, Ints::EXPECTED)?;
        let contributes = frame.optional_field("contributes", "frames.contributes")?;
        let repeats = frame.optional_field("repeats", "frames.repeats")?;

        let exception = row.field("exception", "exception", EXCEPTION)?;
        let exceptions = Structs::new(exception, EXCEPTION)?;
        let text_of_exception = |field: ExceptionField| {
            Texts::new(exception.field(field.name(), field.column(), Texts::EXPECTED)?)
        };
        let texts_of_exception = ExceptionField::ALL.into_iter().map(text_of_exception);
        let found = Self {
            len: data.len(),
            offset: data.offset(),
            rows: Nulls::of(row),
            lists,
            frames,
            category: text(FrameField::Category)?,
            key,
            in_app: Bools::new(in_app)?,
            orig_in_app: Ints::new(orig_in_app)?,
            contributes: contributes.map(Bools::new).transpose()?,
            repeats: repeats.map(Bools::new).transpose()?,
            exceptions,
            exception: texts_of_exception.collect::<Result<_, _>>()?,
        };
        found.check_size()?;
        Ok(found)
    }

    /// Fails if the result would have more frames than 32-bit offsets can count.
    fn check_size(&self) -> Result<(), ArrowError> {
        let mut total = 0_usize;
        for row in 0..self.len {
            total = total.saturating_add(self.frames(row)?.map_or(0, |frames| frames.len()));
        }
        match i32::try_from(total) {
            Ok(_) => Ok(()),
            Err(_) => Err(ColumnError::TooLarge.into()),
        }
    }

    /// Returns the number of rows.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns the range of frames of a row; `None` if the row is null.
    fn frames(&self, row: usize) -> Result<Option<Range<usize>>, ArrowError> {
        if self.rows.is_null(row)? {
            return Ok(None);
        }
        let Some(frames) = self.lists.get(self.offset + row)? else {
            return Ok(None);
        };
        Limit::Frames.check(frames.len()).map_err(|error| {
            let error = StacktraceError::Limit(error);
            ArrowError::Row { row, error }
        })?;
        Ok(Some(frames))
    }

    /// Appends the texts of each frame of a row.
    pub(super) fn keys(&self, row: usize, keys: &mut Vec<KeyTexts<'a>>) -> Result<(), ArrowError> {
        for frame in self.frames(row)?.unwrap_or_default() {
            let mut key = KeyTexts::default();
            if let Some(place) = self.frames.place(frame)? {
                for (text, column) in key.iter_mut().zip(&*self.key) {
                    *text = column.get(place)?;
                }
            }
            keys.push(key);
        }
        Ok(())
    }

    /// Returns the stack trace of a row, whose texts are in `keys`; `None` if the row is null.
    pub(super) fn stacktrace<'s>(
        &'s self,
        row: usize,
        keys: &'s [KeyTexts<'s>],
    ) -> Result<Option<StacktraceView<'s>>, ArrowError> {
        let Some(range) = self.frames(row)? else {
            return Ok(None);
        };
        let mut frames = Vec::with_capacity(keys.len());
        let mut repeats = Vec::new();
        for ((number, frame), key) in range.enumerate().zip(keys) {
            let mut read = FrameView {
                category: None,
                key: FrameKey::Texts(key),
                in_app: None,
                orig_in_app: None,
            };
            if let Some(place) = self.frames.place(frame)? {
                read.category = self.category.get(place)?;
                read.in_app = self.in_app.get(place)?;
                if let Some(column) = &self.repeats {
                    repeats.resize(number, false);
                    repeats.push(column.get(place)? == Some(true));
                }
                read.orig_in_app = match self.orig_in_app.get(place)? {
                    None => None,
                    Some(number_told) => {
                        Some(i8::try_from(number_told).map_err(|_| ArrowError::Row {
                            row,
                            error: StacktraceError::Type {
                                path: FieldPath::Frame(number, FrameField::OrigInApp.name()),
                                expected: "an int from -128 to 127 or null",
                                found: "a larger one",
                            },
                        })?)
                    }
                };
            }
            frames.push(read);
        }
        Ok(Some(StacktraceView {
            exception: self.exception(row)?,
            frames,
            repeats,
        }))
    }

    fn exception(&self, row: usize) -> Result<ExceptionData<'a>, ArrowError> {
        let Some(place) = self.exceptions.place(self.offset + row)? else {
            return Ok(ExceptionData::default());
        };
        let mut columns = self.exception.iter();
        ExceptionData::from_fields(|field| {
            let bytes = columns.next().map(|column| column.get(place));
            utf8(
                bytes.transpose()?.flatten(),
                FieldPath::Exception(field.name()),
            )
            .map_err(|error| ArrowError::Row { row, error })
        })
    }

    /// Returns the initial components of a row.
    pub(super) fn components(
        &self,
        row: usize,
        stacktrace: &StacktraceView<'_>,
        components: &mut Vec<Component>,
    ) -> Result<(), ArrowError> {
        components.clear();
        let Some(contributes) = &self.contributes else {
            let in_app = |frame: &FrameView<'_>| Component::new(Some(frame.in_app == Some(true)));
            components.extend(stacktrace.frames.iter().map(in_app));
            return Ok(());
        };
        for frame in self.frames(row)?.unwrap_or_default() {
            let told = match self.frames.place(frame)? {
                Some(place) => contributes.get(place)?,
                None => None,
            };
            components.push(Component::new(told));
        }
        Ok(())
    }
}
