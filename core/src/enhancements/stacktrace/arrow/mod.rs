//! Applies rules to Arrow arrays: a row is a stack trace.
//!
//! Many stack traces, such as those of last month's events, are in Parquet files and tables. This
//! module applies rules to their columns in place:
//!
//! ```text
//!  frames: list<struct<category, family, function, module, package, path: text,
//!                      in_app: bool, orig_in_app: int8>>
//!  exception: struct<ty, value, mechanism: text>
//!       |
//!       |  input     the frames of a row, as the engine reads them
//!       v
//!     engine         the same as for packed stack traces, memo included
//!       |
//!       |  output    lists that are as long as those of the input
//!       v
//!  category: list<dictionary<utf8>>, in_app: list<bool>
//! ```
//!
//! [`crate::arrow`] reads a field of all frames in place. A text may be `utf8` or `binary`, with
//! offsets of 32 or 64 bits, as views, or in a dictionary; a column of nulls may have the type `null`. No text of the input is copied.
//!
//! Frames may have two more columns: `contributes`, the initial value for [`assemble`], and
//! `repeats`, whether a frame repeats the frame before it, which previews read.
//!
//! The result of a null row is null. All fields of a null frame are missing.

mod error;
mod input;
mod output;

use std::ops::Range;

use arrow_data::ArrayData;

pub use self::error::ArrowError;
use self::input::Stacktraces;
use self::output::{Applied, Assembled, Previewed};
use crate::arrow::build::on_parts;
pub use crate::arrow::{ColumnError, RowError};
use crate::enhancements::preview::{self, Preview};
use crate::enhancements::rule_set::Enhancements;
use crate::enhancements::stacktrace::view::StacktraceView;

/// Applies rules to the frames of every row, on `threads` threads.
///
/// Returns a struct of `category: list<dictionary<int32, utf8>>` and `in_app: list<bool>`.
///
/// # Errors
///
/// Fails if a column is missing or has the wrong type, or at the first value that is not valid.
pub fn apply(
    rules: &Enhancements,
    stacktraces: &ArrayData,
    threads: usize,
) -> Result<ArrayData, ArrowError> {
    let stacktraces = Stacktraces::new(stacktraces)?;
    let answers = on_parts(stacktraces.len(), threads, |rows| {
        let mut applied = Applied::default();
        let mut frames = Vec::new();
        each_row(&stacktraces, rows, &mut |row, stacktrace| {
            let Some(stacktrace) = stacktrace else {
                applied.push_none();
                return Ok(());
            };
            frames.clear();
            rules
                .apply_packed(&stacktrace, &mut frames)
                .map_err(|error| ArrowError::Row { row, error })?;
            applied.push(row, &stacktrace, &frames, rules.categories())
        })?;
        Ok::<_, ArrowError>(applied)
    })?;
    Ok(answers.finish()?)
}

/// Decides for every row which of its frames count for grouping, on `threads` threads.
///
/// The initial `contributes` of a frame is `frames.contributes`; without that column, it is
/// `in_app`. Returns a struct of `frames: list<struct<contributes: bool, hint: dictionary<int32,
/// utf8>>>`, `contributes: bool`, `hint: dictionary<int32, utf8>`, `invert_stacktrace: bool`.
///
/// # Errors
///
/// Fails as [`apply`] does.
pub fn assemble(
    rules: &Enhancements,
    stacktraces: &ArrayData,
    threads: usize,
) -> Result<ArrayData, ArrowError> {
    let stacktraces = Stacktraces::new(stacktraces)?;
    let answers = on_parts(stacktraces.len(), threads, |rows| {
        let mut assembled = Assembled::default();
        let mut components = Vec::new();
        each_row(&stacktraces, rows, &mut |row, stacktrace| {
            let Some(stacktrace) = stacktrace else {
                assembled.push_none();
                return Ok(());
            };
            stacktraces.components(row, &stacktrace, &mut components)?;
            let result = rules
                .assemble_packed(&stacktrace, &mut components)
                .map_err(|error| ArrowError::Row { row, error })?;
            assembled.push(&result, &components);
            Ok(())
        })?;
        Ok::<_, ArrowError>(assembled)
    })?;
    Ok(answers.finish(rules.rules())?)
}

/// Returns for every row what changes from one rule set to another, on `threads` threads.
///
/// No rules were applied to the frames, as in [`Preview::add`]. Returns a struct of
/// `changed: bool`, the numbers of frames `frames`, `changed_frames`, `in_app`, `category`,
/// `contributes: int32` (in the app variant), and `grouping: bool`, whether another sequence of
/// frames counts in the variant that decides.
///
/// # Errors
///
/// Fails as [`apply`] does.
pub fn preview(
    old: &Enhancements,
    new: &Enhancements,
    stacktraces: &ArrayData,
    threads: usize,
) -> Result<ArrayData, ArrowError> {
    let stacktraces = Stacktraces::new(stacktraces)?;
    let answers = on_parts(stacktraces.len(), threads, |rows| {
        let mut previewed = Previewed::default();
        let mut matched = [Vec::new(), Vec::new()];
        each_row(&stacktraces, rows, &mut |row, stacktrace| {
            let Some(stacktrace) = stacktrace else {
                previewed.push(None);
                return Ok(());
            };
            let changes = preview::changes(old, new, &stacktrace, &mut matched)
                .map_err(|error| ArrowError::Row { row, error })?;
            previewed.push(Some(changes));
            Ok(())
        })?;
        Ok::<_, ArrowError>(previewed)
    })?;
    Ok(answers.finish()?)
}

/// The number of stack traces of a batch that are packed at a time.
const BLOCK: usize = 1_000;

impl Preview {
    /// Does the same as [`Preview::add`] for the rows of an Arrow array. Null rows are skipped.
    ///
    /// # Errors
    ///
    /// Fails as [`apply`] does. Then nothing is counted.
    pub fn add_arrow(&mut self, stacktraces: &ArrayData, threads: usize) -> Result<(), ArrowError> {
        let stacktraces = Stacktraces::new(stacktraces)?;
        let before = self.report().clone();
        let rows = stacktraces.len();
        let added = (0..rows).step_by(BLOCK).try_for_each(|start| {
            self.add_rows(&stacktraces, start..rows.min(start + BLOCK), threads)
        });
        if added.is_err() {
            self.restore(before);
        }
        added
    }

    fn add_rows(
        &mut self,
        stacktraces: &Stacktraces<'_>,
        rows: Range<usize>,
        threads: usize,
    ) -> Result<(), ArrowError> {
        let mut keys = Vec::new();
        let mut ends = Vec::with_capacity(rows.len());
        for row in rows.clone() {
            stacktraces.keys(row, &mut keys)?;
            ends.push(keys.len());
        }
        let (mut block, mut numbers) = (Vec::new(), Vec::new());
        let mut from = 0;
        for (row, end) in rows.zip(ends) {
            if let Some(stacktrace) = stacktraces.stacktrace(row, &keys[from..end])? {
                block.push(stacktrace);
                numbers.push(row);
            }
            from = end;
        }
        self.add(&block, threads).map_err(|error| {
            // The error does not have the row, so find the row now.
            let bad = block.iter().position(|each| each.unpack().is_err());
            let row = bad.and_then(|index| numbers.get(index).copied());
            ArrowError::Row {
                row: row.unwrap_or_default(),
                error,
            }
        })
    }
}

/// A callback for a row and its stack trace, which is `None` for a null row.
///
/// It is not generic: one indirect call per stack trace is cheap, and the code that reads a row
/// exists once.
type OnRow<'f> = &'f mut dyn FnMut(usize, Option<StacktraceView<'_>>) -> Result<(), ArrowError>;

/// Calls `f` for every row.
fn each_row(
    stacktraces: &Stacktraces<'_>,
    rows: Range<usize>,
    f: OnRow<'_>,
) -> Result<(), ArrowError> {
    let mut keys = Vec::new();
    for row in rows {
        keys.clear();
        stacktraces.keys(row, &mut keys)?;
        f(row, stacktraces.stacktrace(row, &keys)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
