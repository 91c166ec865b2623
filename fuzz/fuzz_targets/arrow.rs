//! Stack traces in columns, through the Arrow C Data Interface: valid arrays, and arrays whose
//! offsets, views and keys are wrong.
//!
//! An array has the buffers that the interface demands, each as long as it must be: the last
//! offset is the length of the texts. Everything else in them is arbitrary. Run with
//! AddressSanitizer, which detects every byte that is read beyond a buffer.
#![no_main]

use std::sync::Arc;

use arbitrary::{Arbitrary, Result, Unstructured};
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_buffer::{ArrowNativeType, Buffer};
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field};
use libfuzzer_sys::fuzz_target;
use ophio::enhancements::{ExceptionField, FrameField};
use ophio_capi::enhancements::arrow::*;
use ophio_capi::enhancements::preview::*;
use ophio_capi::enhancements::rules::*;
use ophio_capi::fingerprints::arrow::*;
use ophio_capi::fingerprints::*;
use ophio_capi::last_error::ophio_last_error_message;
use ophio_capi::status::OphioStatus;

const RULES: &str = "function:a* -app category=x\npath:**/b ^-group\ntype:E max-frames=2";
const FINGERPRINTS: &str = "function:a* path:**/b -> {{ function }}\n!type:E -> {{ type }}";

/// An array that nothing has checked.
fn unchecked(
    data_type: DataType,
    len: usize,
    valid: Option<Buffer>,
    buffers: Vec<Buffer>,
    children: Vec<ArrayData>,
) -> ArrayData {
    let builder = ArrayData::builder(data_type)
        .len(len)
        .null_bit_buffer(valid);
    let builder = builder.buffers(buffers).child_data(children);
    // SAFETY: what reads it must check it. The buffers are as long as the interface demands.
    unsafe { builder.build_unchecked() }
}

/// The bits of `len` values, or none.
fn bits(u: &mut Unstructured<'_>, len: usize) -> Result<Option<Buffer>> {
    let bytes = u.bytes(len.div_ceil(8))?.to_vec();
    Ok(u.arbitrary::<bool>()?.then(|| Buffer::from_vec(bytes)))
}

/// `len` + 1 offsets, of which the last is `end`; valid ones, or any.
fn offsets(u: &mut Unstructured<'_>, len: usize, end: usize) -> Result<Vec<i64>> {
    let any = u.ratio(1, 3)?;
    let mut all = Vec::with_capacity(len + 1);
    for _ in 0..len {
        let one = if any {
            i64::from(u.arbitrary::<i32>()?)
        } else {
            u.int_in_range(0..=end as i64)?
        };
        all.push(one);
    }
    if !any {
        all.sort_unstable();
        all.insert(0, 0);
        all.truncate(len);
    }
    all.push(end as i64);
    Ok(all)
}

fn narrow(offsets: &[i64]) -> Buffer {
    let narrow: Vec<i32> = offsets.iter().map(|&offset| offset as i32).collect();
    Buffer::from_vec(narrow)
}

/// Keys of another width.
fn widened<T: ArrowNativeType>(keys: &[i8], widen: impl Fn(i8) -> T) -> Buffer {
    Buffer::from_vec(keys.iter().map(|&key| widen(key)).collect::<Vec<T>>())
}

/// A column of `len` texts.
fn texts(u: &mut Unstructured<'_>, len: usize, depth: usize) -> Result<ArrayData> {
    let valid = bits(u, len)?;
    let bytes = u.arbitrary::<&[u8]>()?;
    let data = Buffer::from_vec(bytes.to_vec());
    Ok(match u.int_in_range(0..=7)? {
        0 => unchecked(DataType::Null, len, None, vec![], vec![]),
        kind @ (1 | 2) => {
            let offsets = Buffer::from_vec(offsets(u, len, bytes.len())?);
            let data_type = if kind == 1 {
                DataType::LargeUtf8
            } else {
                DataType::LargeBinary
            };
            unchecked(data_type, len, valid, vec![offsets, data], vec![])
        }
        kind @ (3 | 7) => {
            let mut views = Vec::with_capacity(len);
            for _ in 0..len {
                let mut view = u.arbitrary::<[u32; 4]>()?;
                view[0] %= 40;
                view[2] %= 3;
                views.push(view.map(u32::to_ne_bytes).concat());
            }
            let views = Buffer::from_vec(views.concat());
            let data_type = if kind == 3 {
                DataType::Utf8View
            } else {
                DataType::BinaryView
            };
            unchecked(data_type, len, valid, vec![views, data], vec![])
        }
        4 if depth == 0 => {
            let words = u.int_in_range(0..=4)?;
            let words = texts(u, words, 1)?;
            let mut keys = Vec::with_capacity(len);
            for _ in 0..len {
                keys.push(u.arbitrary::<i8>()?);
            }
            let (key_type, keys) = match u.int_in_range(0..=3)? {
                0 => (DataType::Int8, Buffer::from_vec(keys)),
                1 => (DataType::UInt16, widened(&keys, |key| key as u16)),
                2 => (DataType::Int32, widened(&keys, i32::from)),
                _ => (DataType::Int64, widened(&keys, i64::from)),
            };
            let words_type = Box::new(words.data_type().clone());
            let data_type = DataType::Dictionary(Box::new(key_type), words_type);
            unchecked(data_type, len, valid, vec![keys], vec![words])
        }
        kind => {
            let offsets = narrow(&offsets(u, len, bytes.len())?);
            let data_type = if kind == 5 {
                DataType::Utf8
            } else {
                DataType::Binary
            };
            unchecked(data_type, len, valid, vec![offsets, data], vec![])
        }
    })
}

/// A struct of columns, of which some may be missing.
fn structure(
    u: &mut Unstructured<'_>,
    len: usize,
    mut columns: Vec<(&str, ArrayData)>,
) -> Result<ArrayData> {
    if u.ratio(1, 20)? {
        columns.pop();
    }
    let field =
        |(name, data): &(&str, ArrayData)| Field::new(*name, data.data_type().clone(), true);
    let fields = columns.iter().map(field).collect();
    let children = columns.into_iter().map(|(_, data)| data).collect();
    let valid = bits(u, len)?;
    Ok(unchecked(
        DataType::Struct(fields),
        len,
        valid,
        vec![],
        children,
    ))
}

/// Stack traces in columns.
#[derive(Debug)]
struct Rows(ArrayData);

impl<'a> Arbitrary<'a> for Rows {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (rows, frames) = (u.int_in_range(0..=4)?, u.int_in_range(0..=8)?);
        let mut columns = Vec::new();
        for field in FrameField::ALL {
            let column = match field {
                FrameField::Category | FrameField::Family | FrameField::Text(_) => {
                    texts(u, frames, 0)?
                }
                FrameField::InApp => {
                    let flags = Buffer::from_vec(u.bytes(frames.div_ceil(8))?.to_vec());
                    let valid = bits(u, frames)?;
                    unchecked(DataType::Boolean, frames, valid, vec![flags], vec![])
                }
                FrameField::OrigInApp => {
                    let numbers = Buffer::from_vec(u.bytes(frames)?.to_vec());
                    let valid = bits(u, frames)?;
                    unchecked(DataType::Int8, frames, valid, vec![numbers], vec![])
                }
            };
            columns.push((field.name(), column));
        }
        let each = structure(u, frames, columns)?;
        let item = Arc::new(Field::new("item", each.data_type().clone(), true));
        let ends = offsets(u, rows, frames)?;
        let valid = bits(u, rows)?;
        let (data_type, ends) = match u.arbitrary()? {
            true => (DataType::List(item), narrow(&ends)),
            false => (DataType::LargeList(item), Buffer::from_vec(ends)),
        };
        let lists = unchecked(data_type, rows, valid, vec![ends], vec![each]);
        let mut columns = Vec::new();
        for field in ExceptionField::ALL {
            columns.push((field.name(), texts(u, rows, 0)?));
        }
        let exception = structure(u, rows, columns)?;
        structure(u, rows, vec![("frames", lists), ("exception", exception)]).map(Rows)
    }
}

fuzz_target!(|input: (Rows, u8)| {
    let (Rows(rows), how) = input;
    let Ok(mut schema) = FFI_ArrowSchema::try_from(rows.data_type()) else {
        return;
    };
    let mut array = FFI_ArrowArray::new(&rows);
    let (mut out_array, mut out_schema) = (FFI_ArrowArray::empty(), FFI_ArrowSchema::empty());
    let mut rules = std::ptr::null_mut();
    let threads = usize::from(how / 5 % 3);
    // SAFETY: the structs are those of the interface, and the calls move the first two.
    unsafe {
        let status =
            ophio_enhancements_parse(RULES.as_ptr(), RULES.len(), std::ptr::null(), &mut rules);
        assert_eq!(status, OphioStatus::Ok);
        let array = (&raw mut array).cast();
        let schema = (&raw mut schema).cast();
        let out_array = (&raw mut out_array).cast();
        let out_schema = (&raw mut out_schema).cast();
        let status = match how % 5 {
            0 => {
                ophio_enhancements_apply_arrow(rules, array, schema, threads, out_array, out_schema)
            }
            1 => ophio_enhancements_assemble_arrow(
                rules, array, schema, threads, out_array, out_schema,
            ),
            2 => ophio_enhancements_preview_arrow(
                rules, rules, array, schema, threads, out_array, out_schema,
            ),
            3 => {
                let mut rules = std::ptr::null_mut();
                let made =
                    ophio_fingerprints_parse(FINGERPRINTS.as_ptr(), FINGERPRINTS.len(), &mut rules);
                assert_eq!(made, OphioStatus::Ok);
                let status = ophio_fingerprints_match_arrow(
                    rules, array, schema, 0, threads, out_array, out_schema,
                );
                ophio_fingerprints_free(&mut rules);
                status
            }
            _ => {
                let mut preview = std::ptr::null_mut();
                let made = ophio_enhancements_preview_new(rules, rules, &mut preview);
                assert_eq!(made, OphioStatus::Ok);
                let status = ophio_enhancements_preview_add_arrow(preview, array, schema, threads);
                ophio_enhancements_preview_free(&mut preview);
                status
            }
        };
        assert_ne!(
            status,
            OphioStatus::Panic,
            "{:?}",
            ophio_last_error_message().text("message")
        );
        ophio_enhancements_free(&mut rules);
    }
    // Written by success only; dropping them releases what was written.
    drop((out_array, out_schema));
});
