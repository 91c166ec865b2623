//! Arrays for tests.

use std::sync::Arc;

use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::types::UInt8Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, LargeStringArray, StringArray, StringViewArray,
    StructArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::Field;

pub(crate) const LAYOUTS: [&str; 6] = [
    "utf8",
    "large",
    "view",
    "binary",
    "binary view",
    "dictionary",
];

pub(crate) fn texts(layout: &str, values: &[Option<&str>]) -> ArrayRef {
    let bytes: Vec<_> = values.iter().map(|v| v.map(str::as_bytes)).collect();
    match layout {
        "utf8" => Arc::new(StringArray::from(values.to_vec())),
        "large" => Arc::new(LargeStringArray::from(values.to_vec())),
        "view" => Arc::new(StringViewArray::from_iter(values.iter().copied())),
        "binary" => Arc::new(BinaryArray::from(bytes)),
        "binary view" => Arc::new(BinaryViewArray::from_iter(bytes)),
        "dictionary" => {
            let mut builder = StringDictionaryBuilder::<UInt8Type>::new();
            values
                .iter()
                .for_each(|value| builder.append_option(*value));
            Arc::new(builder.finish())
        }
        _ => unreachable!("{layout}"),
    }
}

pub(crate) fn structure(fields: Vec<(&str, ArrayRef)>, nulls: Option<NullBuffer>) -> StructArray {
    let (names, arrays): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let typed =
        |(name, array): (&str, &ArrayRef)| Field::new(name, array.data_type().clone(), true);
    let fields = names.into_iter().zip(&arrays).map(typed).collect();
    StructArray::new(fields, arrays, nulls)
}
