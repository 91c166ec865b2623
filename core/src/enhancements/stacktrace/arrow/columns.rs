//! Reads one field of all frames in place.
//!
//! ```text
//! utf8, binary     offsets 0 4 4 9     bytes  m a i n h e l l o        value 1 is empty
//! dictionary       keys    0 0 1       values another column
//! view             short ones in place, longer ones in one of several buffers
//! ```
//!
//! Each reader checks the type once, and each value when it reads it. An invalid offset is an
//! error; nothing outside of a buffer is read.

use std::ops::Range;

use arrow_buffer::{Buffer, NullBuffer};
use arrow_data::ArrayData;
use arrow_schema::DataType;

use super::ArrowError;

/// A column, with its name in messages.
#[derive(Clone, Copy)]
pub(super) struct Column<'a> {
    pub(super) name: &'static str,
    pub(super) data: &'a ArrayData,
}

impl<'a> Column<'a> {
    /// Makes the error for a column of the wrong type.
    pub(super) fn unexpected(self, expected: &'static str) -> ArrowError {
        ArrowError::Type {
            column: self.name,
            expected,
            found: self.data.data_type().to_string(),
        }
    }

    fn nulls(self) -> Nulls<'a> {
        Nulls {
            nulls: self.data.nulls(),
            all: *self.data.data_type() == DataType::Null,
            len: self.data.len(),
            name: self.name,
        }
    }

    /// Returns a field of a struct, which has as many values as the struct and its offset.
    pub(super) fn field(
        self,
        field: &str,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Column<'a>, ArrowError> {
        if let DataType::Struct(fields) = self.data.data_type() {
            if fields.iter().filter(|known| known.name() == field).count() > 1 {
                return Err(corrupt(name, "there are several of that name"));
            }
        }
        let found = self.optional_field(field, name);
        found.ok_or(ArrowError::Missing {
            column: name,
            expected,
        })
    }

    /// Returns a field of a struct, if it exists.
    pub(super) fn optional_field(self, field: &str, name: &'static str) -> Option<Column<'a>> {
        let DataType::Struct(fields) = self.data.data_type() else {
            return None;
        };
        let index = fields.iter().position(|known| known.name() == field)?;
        let data = self.data.child_data().get(index)?;
        Some(Column { name, data })
    }

    /// Returns the numbers of a buffer from the first value of the column on.
    ///
    /// `more` is the number of items beyond one for each value.
    fn numbers<T: arrow_buffer::ArrowNativeType>(
        self,
        buffer: usize,
        more: usize,
    ) -> Result<&'a [T], ArrowError> {
        let corrupt = ArrowError::Corrupt {
            column: self.name,
            what: "a buffer is too short",
        };
        let Some(buffer) = self.data.buffers().get(buffer) else {
            return Err(corrupt);
        };
        // An array without values may have no offsets.
        if self.data.is_empty() {
            return Ok(&[]);
        }
        let numbers: &[T] = buffer.typed_data();
        let (from, len) = (self.data.offset(), self.data.len() + more);
        let numbers = numbers.get(from..).and_then(|rest| rest.get(..len));
        numbers.ok_or(corrupt)
    }
}

/// Which values of a column are not null.
pub(super) struct Nulls<'a> {
    nulls: Option<&'a NullBuffer>,
    all: bool,
    len: usize,
    name: &'static str,
}

impl<'a> Nulls<'a> {
    pub(super) fn of(column: Column<'a>) -> Self {
        column.nulls()
    }

    /// Returns whether the value is null.
    #[inline]
    pub(super) fn is_null(&self, index: usize) -> Result<bool, ArrowError> {
        if index >= self.len {
            return Err(corrupt(self.name, "it is shorter than its parent"));
        }
        Ok(self.all || self.nulls.is_some_and(|nulls| nulls.is_null(index)))
    }
}

#[cold]
fn corrupt(column: &'static str, what: &'static str) -> ArrowError {
    ArrowError::Corrupt { column, what }
}

/// A column of texts or bytes, not checked for UTF-8.
pub(super) struct Texts<'a> {
    nulls: Nulls<'a>,
    layout: TextLayout<'a>,
}

enum TextLayout<'a> {
    None,
    Small(&'a [i32], &'a [u8]),
    Large(&'a [i64], &'a [u8]),
    /// Sixteen bytes for each value, and the buffers into which they point.
    View(&'a [u8], &'a [Buffer]),
    Dictionary(Ints<'a>, Box<Texts<'a>>),
}

impl<'a> Texts<'a> {
    pub(super) const EXPECTED: &'static str = "utf8 or binary";

    pub(super) fn new(column: Column<'a>) -> Result<Self, ArrowError> {
        let bytes = || match column.data.buffers() {
            [_, bytes, ..] => bytes.as_slice(),
            _ => &[],
        };
        let layout = match column.data.data_type() {
            DataType::Null => TextLayout::None,
            DataType::Utf8 | DataType::Binary => TextLayout::Small(column.numbers(0, 1)?, bytes()),
            DataType::LargeUtf8 | DataType::LargeBinary => {
                TextLayout::Large(column.numbers(0, 1)?, bytes())
            }
            DataType::Utf8View | DataType::BinaryView => {
                let (views, buffers) = match column.data.buffers() {
                    [views, buffers @ ..] => (views.as_slice(), buffers),
                    [] => (&[][..], &[][..]),
                };
                let from = column.data.offset().saturating_mul(16);
                TextLayout::View(views.get(from..).unwrap_or_default(), buffers)
            }
            DataType::Dictionary(_, _) => {
                let values = match column.data.child_data() {
                    [data] => Column { data, ..column },
                    _ => return Err(corrupt(column.name, "a dictionary without values")),
                };
                if matches!(values.data.data_type(), DataType::Dictionary(..)) {
                    return Err(column.unexpected(Self::EXPECTED));
                }
                let values = Texts::new(values).map_err(|error| match error {
                    ArrowError::Type { .. } => column.unexpected(Self::EXPECTED),
                    error => error,
                })?;
                TextLayout::Dictionary(Ints::keys(column)?, Box::new(values))
            }
            _ => return Err(column.unexpected(Self::EXPECTED)),
        };
        Ok(Self {
            nulls: column.nulls(),
            layout,
        })
    }

    /// Returns the bytes of a value.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Result<Option<&'a [u8]>, ArrowError> {
        if self.nulls.is_null(index)? {
            return Ok(None);
        }
        let found = match &self.layout {
            TextLayout::None => return Ok(None),
            TextLayout::Small(offsets, bytes) => match offsets.get(index..index + 2) {
                Some(&[start, end]) => bytes.get(start as usize..end as usize),
                _ => None,
            },
            TextLayout::Large(offsets, bytes) => match offsets.get(index..index + 2) {
                Some(&[start, end]) => bytes.get(start as usize..end as usize),
                _ => None,
            },
            TextLayout::View(views, buffers) => viewed(views, buffers, index),
            TextLayout::Dictionary(keys, values) => match keys.get(index)? {
                Some(key) => return values.get(usize::try_from(key).unwrap_or(usize::MAX)),
                None => return Ok(None),
            },
        };
        match found {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(corrupt(
                self.nulls.name,
                "an offset points outside of the bytes",
            )),
        }
    }
}

/// Reads a value of a view: its length, then at most twelve bytes, or else the first four bytes,
/// the number of a buffer, and the offset in that buffer.
fn viewed<'a>(views: &'a [u8], buffers: &'a [Buffer], index: usize) -> Option<&'a [u8]> {
    let (view, _) = views
        .get(index.checked_mul(16)?..)?
        .split_first_chunk::<16>()?;
    let number = |at: usize| Some(u32::from_ne_bytes(*view[at..].first_chunk()?) as usize);
    let len = number(0)?;
    if len <= 12 {
        return view.get(4..4 + len);
    }
    let (buffer, start) = (buffers.get(number(8)?)?, number(12)?);
    buffer.as_slice().get(start..start.checked_add(len)?)
}

/// A column of whole numbers of any width.
pub(super) struct Ints<'a> {
    nulls: Nulls<'a>,
    layout: IntLayout<'a>,
}

enum IntLayout<'a> {
    None,
    I8(&'a [i8]),
    I16(&'a [i16]),
    I32(&'a [i32]),
    I64(&'a [i64]),
    U8(&'a [u8]),
    U16(&'a [u16]),
    U32(&'a [u32]),
    U64(&'a [u64]),
}

impl<'a> Ints<'a> {
    pub(super) const EXPECTED: &'static str = "int8";

    pub(super) fn new(column: Column<'a>) -> Result<Self, ArrowError> {
        Self::of_type(column, column.data.data_type())
    }

    /// Makes a reader of the keys of a dictionary.
    fn keys(column: Column<'a>) -> Result<Self, ArrowError> {
        match column.data.data_type() {
            DataType::Dictionary(keys, _) => Self::of_type(column, keys),
            _ => Err(column.unexpected("a dictionary")),
        }
    }

    fn of_type(column: Column<'a>, data_type: &DataType) -> Result<Self, ArrowError> {
        let layout = match data_type {
            DataType::Null => IntLayout::None,
            DataType::Int8 => IntLayout::I8(column.numbers(0, 0)?),
            DataType::Int16 => IntLayout::I16(column.numbers(0, 0)?),
            DataType::Int32 => IntLayout::I32(column.numbers(0, 0)?),
            DataType::Int64 => IntLayout::I64(column.numbers(0, 0)?),
            DataType::UInt8 => IntLayout::U8(column.numbers(0, 0)?),
            DataType::UInt16 => IntLayout::U16(column.numbers(0, 0)?),
            DataType::UInt32 => IntLayout::U32(column.numbers(0, 0)?),
            DataType::UInt64 => IntLayout::U64(column.numbers(0, 0)?),
            _ => return Err(column.unexpected(Self::EXPECTED)),
        };
        Ok(Self {
            nulls: column.nulls(),
            layout,
        })
    }

    /// Returns a value; a value above `i64::MAX` becomes `i64::MAX`.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Result<Option<i64>, ArrowError> {
        if self.nulls.is_null(index)? {
            return Ok(None);
        }
        let value = match self.layout {
            IntLayout::None => return Ok(None),
            IntLayout::I8(values) => i64::from(values[index]),
            IntLayout::I16(values) => i64::from(values[index]),
            IntLayout::I32(values) => i64::from(values[index]),
            IntLayout::I64(values) => values[index],
            IntLayout::U8(values) => i64::from(values[index]),
            IntLayout::U16(values) => i64::from(values[index]),
            IntLayout::U32(values) => i64::from(values[index]),
            IntLayout::U64(values) => i64::try_from(values[index]).unwrap_or(i64::MAX),
        };
        Ok(Some(value))
    }
}

/// A column of booleans.
pub(super) struct Bools<'a> {
    nulls: Nulls<'a>,
    bits: &'a [u8],
    offset: usize,
}

impl<'a> Bools<'a> {
    pub(super) const EXPECTED: &'static str = "bool";

    pub(super) fn new(column: Column<'a>) -> Result<Self, ArrowError> {
        let bits = match column.data.data_type() {
            DataType::Null => &[],
            DataType::Boolean => column
                .data
                .buffers()
                .first()
                .map_or(&[][..], Buffer::as_slice),
            _ => return Err(column.unexpected(Self::EXPECTED)),
        };
        Ok(Self {
            nulls: column.nulls(),
            bits,
            offset: column.data.offset(),
        })
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> Result<Option<bool>, ArrowError> {
        if self.nulls.is_null(index)? {
            return Ok(None);
        }
        let bit = self.offset + index;
        match self.bits.get(bit / 8) {
            Some(byte) => Ok(Some(byte >> (bit % 8) & 1 == 1)),
            None => Err(corrupt(self.nulls.name, "a buffer is too short")),
        }
    }
}

/// A column of lists.
pub(super) struct Lists<'a> {
    nulls: Nulls<'a>,
    layout: ListLayout<'a>,
    /// The number of values of all lists.
    values: usize,
}

enum ListLayout<'a> {
    Small(&'a [i32]),
    Large(&'a [i64]),
}

impl<'a> Lists<'a> {
    /// Makes a reader of lists, and returns the column of their values.
    pub(super) fn new(
        column: Column<'a>,
        expected: &'static str,
    ) -> Result<(Self, Column<'a>), ArrowError> {
        let layout = match column.data.data_type() {
            DataType::List(_) => ListLayout::Small(column.numbers(0, 1)?),
            DataType::LargeList(_) => ListLayout::Large(column.numbers(0, 1)?),
            _ => return Err(column.unexpected(expected)),
        };
        let [data] = column.data.child_data() else {
            return Err(corrupt(column.name, "lists without values"));
        };
        let lists = Self {
            nulls: column.nulls(),
            layout,
            values: data.len(),
        };
        Ok((lists, Column { data, ..column }))
    }

    /// Returns the range of values of a list; `None` for a null list.
    pub(super) fn get(&self, index: usize) -> Result<Option<Range<usize>>, ArrowError> {
        if self.nulls.is_null(index)? {
            return Ok(None);
        }
        let range = match self.layout {
            ListLayout::Small(offsets) => offsets[index] as usize..offsets[index + 1] as usize,
            ListLayout::Large(offsets) => offsets[index] as usize..offsets[index + 1] as usize,
        };
        if range.start <= range.end && range.end <= self.values {
            Ok(Some(range))
        } else {
            Err(corrupt(
                self.nulls.name,
                "an offset points outside of the values",
            ))
        }
    }
}
