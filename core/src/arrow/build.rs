//! Arrays that are made: a column for each part of a result.
//!
//! Results are kept as plain vectors while rows are read, and become buffers at the end. Each
//! array is checked as it is made, since that is how safe code makes one.

use std::ops::Range;
use std::sync::Arc;

use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer, NullBufferBuilder};
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field, Fields};

use super::ColumnError;
use crate::parallel;

/// The results of a part of the rows.
pub(crate) trait Answers: Default {
    /// Appends the results of the following rows.
    fn append(&mut self, more: Self);
}

/// Calls `f` for a range of rows on each thread, and joins the results.
pub(crate) fn on_parts<T: Answers + Send, E: Send>(
    rows: usize,
    threads: usize,
    f: impl Fn(Range<usize>) -> Result<T, E> + Sync,
) -> Result<T, E> {
    // Fewer rows than this do not pay for a thread.
    let ranges = parallel::parts(rows, threads, 64);
    let mut parts = parallel::in_parts(&ranges, f)?.into_iter();
    let mut all = parts.next().unwrap_or_default();
    parts.for_each(|part| all.append(part));
    Ok(all)
}

/// The length of the list of each row; `None` for null.
#[derive(Default)]
pub(crate) struct Lists(Vec<Option<usize>>);

impl Lists {
    pub(crate) fn push(&mut self, len: Option<usize>) {
        self.0.push(len);
    }

    pub(crate) fn append(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Builds the lists with their values.
    pub(crate) fn finish(&self, values: ArrayData) -> Result<ArrayData, ColumnError> {
        let item = Field::new("item", values.data_type().clone(), true);
        let data = ArrayData::builder(DataType::List(Arc::new(item)))
            .len(self.0.len())
            .nulls(present(&self.0))
            .add_buffer(offsets(&self.0)?)
            .add_child_data(values);
        built(data)
    }
}

/// Texts, `None` where there is none.
#[derive(Default)]
pub(crate) struct Texts {
    bytes: Vec<u8>,
    lens: Vec<Option<usize>>,
}

impl Texts {
    pub(crate) fn push(&mut self, text: Option<&str>) {
        self.lens.push(text.map(str::len));
        self.bytes
            .extend_from_slice(text.unwrap_or_default().as_bytes());
    }

    pub(crate) fn append(&mut self, more: Self) {
        self.bytes.extend(more.bytes);
        self.lens.extend(more.lens);
    }

    /// A column of utf8.
    pub(crate) fn finish(self) -> Result<ArrayData, ColumnError> {
        let data = ArrayData::builder(DataType::Utf8)
            .len(self.lens.len())
            .nulls(present(&self.lens))
            .add_buffer(offsets(&self.lens)?)
            .add_buffer(Buffer::from_vec(self.bytes));
        built(data)
    }
}

/// Where each of so many values begins, and where the last one ends.
fn offsets(lens: &[Option<usize>]) -> Result<Buffer, ColumnError> {
    let mut offsets = Vec::with_capacity(lens.len() + 1);
    let mut end = 0_usize;
    offsets.push(0_i32);
    for len in lens {
        end = end.saturating_add(len.unwrap_or_default());
        offsets.push(i32::try_from(end).map_err(|_| ColumnError::TooLarge)?);
    }
    Ok(Buffer::from_vec(offsets))
}

pub(crate) fn structure(
    len: usize,
    fields: Vec<(&str, ArrayData)>,
) -> Result<ArrayData, ColumnError> {
    let field =
        |(name, data): &(&str, ArrayData)| Field::new(*name, data.data_type().clone(), true);
    let types: Fields = fields.iter().map(field).collect();
    let data = ArrayData::builder(DataType::Struct(types))
        .len(len)
        .child_data(fields.into_iter().map(|(_, data)| data).collect());
    built(data)
}

pub(crate) fn bools(values: &[Option<bool>]) -> Result<ArrayData, ColumnError> {
    let mut bits = BooleanBufferBuilder::new(values.len());
    for value in values {
        bits.append(*value == Some(true));
    }
    let data = ArrayData::builder(DataType::Boolean)
        .len(values.len())
        .nulls(present(values))
        .add_buffer(bits.finish().into_inner());
    built(data)
}

pub(crate) fn ints(values: &[Option<i32>]) -> Result<ArrayData, ColumnError> {
    let numbers: Vec<_> = values
        .iter()
        .map(|value| value.unwrap_or_default())
        .collect();
    let data = ArrayData::builder(DataType::Int32)
        .len(values.len())
        .nulls(present(values))
        .add_buffer(Buffer::from_vec(numbers));
    built(data)
}

/// Returns which values are present; `None` if all are.
pub(crate) fn present<T>(values: &[Option<T>]) -> Option<NullBuffer> {
    let mut nulls = NullBufferBuilder::new(values.len());
    values
        .iter()
        .for_each(|value| nulls.append(value.is_some()));
    nulls.finish()
}

/// Builds an array. The builder checks it, because safe code cannot skip the check.
pub(crate) fn built(data: arrow_data::ArrayDataBuilder) -> Result<ArrayData, ColumnError> {
    data.build().map_err(|_| ColumnError::TooLarge)
}
