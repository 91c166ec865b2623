//! Arrays in every layout against the same stack traces, packed.

use std::sync::Arc;

use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, UInt8Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, Int64Array, Int8Array,
    LargeListArray, LargeStringArray, ListArray, NullArray, StringArray, StringViewArray,
    StructArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field};

use super::*;
use crate::enhancements::fields::{ExceptionField, FrameField};
use crate::enhancements::stacktrace::msgpack::{self, pack};
use crate::enhancements::testing::{frame, rule};
use crate::enhancements::{Cache, Component, ExceptionData, Frame};
use crate::testing::{cases, Random};

const LAYOUTS: [&str; 6] = [
    "utf8",
    "large",
    "view",
    "binary",
    "binary view",
    "dictionary",
];

fn texts(layout: &str, values: &[Option<&str>]) -> ArrayRef {
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

fn structure(fields: Vec<(&str, ArrayRef)>, nulls: Option<NullBuffer>) -> StructArray {
    let (names, arrays): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let typed =
        |(name, array): (&str, &ArrayRef)| Field::new(name, array.data_type().clone(), true);
    let fields = names.into_iter().zip(&arrays).map(typed).collect();
    StructArray::new(fields, arrays, nulls)
}

fn frames_array(layout: &str, frames: &[Frame<'static>]) -> StructArray {
    let text_column = |get: &dyn Fn(&Frame<'static>) -> Option<&'static str>| -> ArrayRef {
        texts(layout, &frames.iter().map(get).collect::<Vec<_>>())
    };
    let column = |field: FrameField| match field {
        FrameField::Category => text_column(&|frame| frame.category),
        FrameField::Family => text_column(&|frame| frame.family),
        FrameField::Text(field) => text_column(&|frame| field.of(frame)),
        FrameField::InApp => Arc::new(frames.iter().map(|f| f.in_app).collect::<BooleanArray>()),
        FrameField::OrigInApp => {
            Arc::new(frames.iter().map(|f| f.orig_in_app).collect::<Int8Array>())
        }
    };
    // In any order: not that of the packed form.
    let fields = FrameField::ALL.into_iter().rev();
    structure(
        fields.map(|field| (field.name(), column(field))).collect(),
        None,
    )
}

type Row<'a> = (ExceptionData<'a>, Vec<Frame<'a>>);

fn array(layout: &str, rows: &[Option<Row<'static>>]) -> StructArray {
    let all: Vec<_> = rows
        .iter()
        .flatten()
        .flat_map(|row| row.1.clone())
        .collect();
    let frames = frames_array(layout, &all);
    let lengths = rows
        .iter()
        .map(|row| row.as_ref().map_or(0, |row| row.1.len()));
    let nulls = NullBuffer::from_iter(rows.iter().map(Option::is_some));
    let item = Arc::new(Field::new("item", frames.data_type().clone(), true));
    let lists: ArrayRef = if layout == "large" {
        let offsets = OffsetBuffer::from_lengths(lengths);
        Arc::new(LargeListArray::new(
            item,
            offsets,
            Arc::new(frames),
            Some(nulls),
        ))
    } else {
        let offsets = OffsetBuffer::from_lengths(lengths);
        Arc::new(ListArray::new(item, offsets, Arc::new(frames), Some(nulls)))
    };
    let column = |field: ExceptionField| {
        let values: Vec<_> = rows
            .iter()
            .map(|row| row.as_ref().and_then(|r| field.of(&r.0)))
            .collect();
        texts(layout, &values)
    };
    let exception = structure(
        ExceptionField::ALL
            .map(|field| (field.name(), column(field)))
            .to_vec(),
        None,
    );
    structure(
        vec![("exception", Arc::new(exception)), ("frames", lists)],
        None,
    )
}

fn random_rows(random: &mut Random) -> Vec<Option<Row<'static>>> {
    (0..random.0.usize(1..300))
        .map(|_| {
            let exception = ExceptionData {
                ty: [None, Some("a"), Some("b")][random.0.usize(..3)],
                value: [None, Some("a text that no view holds in place")][random.0.usize(..2)],
                mechanism: None,
            };
            let frames = (0..random.0.usize(..5)).map(|_| frame(random)).collect();
            (random.0.usize(..9) > 0).then_some((exception, frames))
        })
        .collect()
}

/// The values of the list of a row.
fn list(lists: &dyn Array, row: usize) -> Option<ArrayRef> {
    let lists = lists.as_list::<i32>();
    lists.is_valid(row).then(|| lists.value(row))
}

fn text(array: &dyn Array, index: usize) -> Option<String> {
    let array = array.as_dictionary::<Int32Type>();
    let words = array.values().as_string::<i32>();
    array
        .is_valid(index)
        .then(|| words.value(array.key(index).unwrap()).to_owned())
}

fn flag(array: &dyn Array, index: usize) -> Option<bool> {
    let array = array.as_boolean();
    array.is_valid(index).then(|| array.value(index))
}

fn number(array: &StructArray, name: &str, row: usize) -> i32 {
    let column = array.column_by_name(name).unwrap();
    column
        .as_primitive::<arrow_array::types::Int32Type>()
        .value(row)
}

fn column<'a>(array: &'a StructArray, name: &str) -> &'a ArrayRef {
    array.column_by_name(name).unwrap()
}

#[test]
fn every_layout_gives_the_answers_of_packed_stack_traces() {
    let mut random = Random::new(81);
    let cache = Cache::new(0);
    let mut compared = 0;
    for _ in 0..cases(60) {
        let mut parsed = || {
            let text: Vec<_> = (0..4).map(|_| rule(&mut random)).collect();
            Enhancements::parse(&text.join("\n"), &cache)
        };
        let (Ok(rules), Ok(new)) = (parsed(), parsed()) else {
            continue;
        };
        let rows = random_rows(&mut random);
        let layout = LAYOUTS[random.0.usize(..LAYOUTS.len())];
        let from = random.0.usize(..rows.len());
        let threads = random.0.usize(..4);
        let slice = array(layout, &rows).slice(from, rows.len() - from);
        let data = slice.to_data();
        let rows = &rows[from..];

        let applied = StructArray::from(apply(&rules, &data, threads).unwrap());
        let assembled = StructArray::from(assemble(&rules, &data, threads).unwrap());
        let previewed = StructArray::from(preview(&rules, &new, &data, threads).unwrap());
        let mut expected_report = Preview::new(&rules, &new);
        for (number_of, row) in rows.iter().enumerate() {
            let Some((exception, frames)) = row else {
                assert!(column(&applied, "category").is_null(number_of));
                assert!(column(&applied, "in_app").is_null(number_of));
                assert!(column(&assembled, "contributes").is_null(number_of));
                assert!(column(&assembled, "frames").is_null(number_of));
                assert!(column(&previewed, "changed").is_null(number_of));
                continue;
            };
            let packed = pack(exception, frames).unwrap();
            let packed = msgpack::decode(&packed).unwrap();

            let mut expected = Vec::new();
            rules.apply_packed(&packed, &mut expected).unwrap();
            let category = list(column(&applied, "category"), number_of).unwrap();
            let in_app = list(column(&applied, "in_app"), number_of).unwrap();
            assert_eq!(category.len(), frames.len());
            for (index, (expected, frame)) in expected.iter().zip(frames).enumerate() {
                let set = expected.category.map(|n| &*rules.categories()[n as usize]);
                assert_eq!(text(&category, index).as_deref(), set.or(frame.category));
                assert_eq!(flag(&in_app, index), expected.in_app);
                compared += 1;
            }

            let started = |f: &Frame<'_>| Component::new(Some(f.in_app == Some(true)));
            let mut components: Vec<_> = frames.iter().map(started).collect();
            let result = rules.assemble_packed(&packed, &mut components).unwrap();
            let told = list(column(&assembled, "frames"), number_of).unwrap();
            let told = told.as_struct();
            for (index, component) in components.iter().enumerate() {
                let hint = component.hint.and_then(|hint| hint.text(rules.rules()));
                assert_eq!(text(column(told, "hint"), index), hint);
                assert_eq!(
                    flag(column(told, "contributes"), index),
                    component.contributes
                );
            }
            let hint = result.hint.and_then(|hint| hint.text(rules.rules()));
            assert_eq!(text(column(&assembled, "hint"), number_of), hint);
            let contributes = column(&assembled, "contributes");
            assert_eq!(flag(contributes, number_of), Some(result.contributes));
            let invert = flag(column(&assembled, "invert_stacktrace"), number_of);
            assert_eq!(invert, Some(result.invert_stacktrace));

            let before = expected_report.report().clone();
            expected_report.add(&[packed], 1).unwrap();
            let after = expected_report.report();
            for (name, difference) in [
                ("frames", after.frames - before.frames),
                (
                    "changed_frames",
                    after.changed_frames - before.changed_frames,
                ),
                ("in_app", after.in_app - before.in_app),
                ("category", after.category - before.category),
                ("contributes", after.contributes - before.contributes),
            ] {
                assert_eq!(
                    number(&previewed, name, number_of),
                    difference as i32,
                    "{name}"
                );
            }
            let changed = after.changed_stacktraces > before.changed_stacktraces;
            assert_eq!(
                flag(column(&previewed, "changed"), number_of),
                Some(changed)
            );
        }
        let mut report = Preview::new(&rules, &new);
        report.add_arrow(&data, threads).unwrap();
        assert_eq!(report.report(), expected_report.report());
    }
    assert!(compared > 5_000, "{compared}");
}

fn rules(text: &str) -> Enhancements {
    Enhancements::parse(text, &Cache::new(0)).unwrap()
}

fn main_frame() -> Vec<Option<Row<'static>>> {
    let frame = Frame {
        function: Some("main"),
        in_app: Some(true),
        ..Frame::default()
    };
    vec![Some((ExceptionData::default(), vec![frame; 3]))]
}

/// Returns `array` with one of its columns, or of its frames' columns, replaced.
fn replaced(array: &StructArray, name: &str, column: Option<ArrayRef>) -> ArrayData {
    let (in_frames, name) = match name.strip_prefix("frames.") {
        Some(name) => (true, name),
        None => (false, name),
    };
    let replace = |array: &StructArray| {
        let mut fields: Vec<_> = array
            .column_names()
            .into_iter()
            .zip(array.columns().to_vec())
            .filter(|(known, _)| *known != name)
            .collect();
        fields.extend(column.clone().map(|column| (name, column)));
        structure(fields, None)
    };
    if !in_frames {
        return replace(array).into_data();
    }
    let lists = array.column_by_name("frames").unwrap().as_list::<i32>();
    let frames = replace(lists.values().as_struct());
    let item = Arc::new(Field::new("item", frames.data_type().clone(), true));
    let lists = ListArray::new(item, lists.offsets().clone(), Arc::new(frames), None);
    replaced(array, "frames", Some(Arc::new(lists)))
}

#[test]
fn a_wrong_schema_is_told_with_the_name_of_the_column() {
    let good = array("utf8", &main_frame());
    let three: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let one: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let list_of_texts: ArrayRef = Arc::new(ListArray::new(
        Arc::new(Field::new("item", DataType::Utf8, true)),
        OffsetBuffer::from_lengths([3]),
        texts("utf8", &[None; 3]),
        None,
    ));
    let frames = "list<struct<category, family, function, module, package, path, in_app, \
                  orig_in_app>>";
    for (name, column, message) in [
        (
            "frames",
            None,
            format!("column `frames` is missing: expected {frames}"),
        ),
        (
            "frames",
            Some(one.clone()),
            format!("column `frames`: expected {frames}, not Int64"),
        ),
        (
            "exception",
            None,
            "column `exception` is missing: expected struct<ty, value, mechanism>".into(),
        ),
        (
            "exception",
            Some(one),
            "column `exception`: expected struct<ty, value, mechanism>, not Int64".into(),
        ),
        (
            "frames.path",
            None,
            "column `frames.path` is missing: expected utf8 or binary".into(),
        ),
        (
            "frames.path",
            Some(three.clone()),
            "column `frames.path`: expected utf8 or binary, not Int64".into(),
        ),
        (
            "frames.in_app",
            Some(three.clone()),
            "column `frames.in_app`: expected bool, not Int64".into(),
        ),
        (
            "frames.orig_in_app",
            Some(texts("utf8", &[None; 3])),
            "column `frames.orig_in_app`: expected int8, not Utf8".into(),
        ),
        (
            "frames.contributes",
            Some(three),
            "column `frames.contributes`: expected bool, not Int64".into(),
        ),
    ] {
        let array = replaced(&good, name, column);
        let error = apply(&rules(""), &array, 1).unwrap_err();
        assert_eq!(error.to_string(), message, "{name}");
        assert!(assemble(&rules(""), &array, 1).is_err());
        assert!(preview(&rules(""), &rules(""), &array, 1).is_err());
    }
    let error = apply(
        &rules(""),
        &replaced(&good, "frames", Some(list_of_texts)),
        1,
    )
    .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("column `frames`: expected list<struct<"),
        "{error}"
    );
    let error = apply(&rules(""), &StringArray::from(vec!["a"]).into_data(), 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column `(row)`: expected a struct of frames and exception, not Utf8"
    );
}

#[test]
fn a_column_of_nulls_may_have_no_type_and_numbers_may_be_wide() {
    let good = array("utf8", &main_frame());
    let nulls: ArrayRef = Arc::new(NullArray::new(3));
    let mut data = good.to_data();
    for name in [
        "frames.path",
        "frames.category",
        "frames.in_app",
        "frames.orig_in_app",
    ] {
        data = replaced(&StructArray::from(data), name, Some(nulls.clone()));
    }
    let applied = apply(&rules("function:main +app category=x"), &data, 1).unwrap();
    let applied = StructArray::from(applied);
    assert_eq!(
        text(&list(column(&applied, "category"), 0).unwrap(), 2).as_deref(),
        Some("x")
    );

    let wide: ArrayRef = Arc::new(Int64Array::from(vec![Some(-1), None, Some(1)]));
    let data = replaced(&good, "frames.orig_in_app", Some(wide));
    assemble(&rules("function:main +app"), &data, 1).unwrap();
    let wider: ArrayRef = Arc::new(Int64Array::from(vec![0, 0, 128]));
    let data = replaced(&good, "frames.orig_in_app", Some(wider));
    let error = assemble(&rules(""), &data, 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "row 0: frame 2: field `orig_in_app`: expected an int from -128 to 127 or null, not a larger one"
    );
}

#[test]
fn components_begin_as_their_column_says() {
    let good = array("utf8", &main_frame());
    let contributes: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]));
    let data = replaced(&good, "frames.contributes", Some(contributes));
    let assembled = StructArray::from(assemble(&rules(""), &data, 1).unwrap());
    let frames = list(column(&assembled, "frames"), 0).unwrap();
    let told = column(frames.as_struct(), "contributes").clone();
    let told: Vec<_> = (0..3).map(|index| flag(&told, index)).collect();
    assert_eq!(told, [Some(true), Some(false), None]);
}

#[test]
fn a_null_frame_has_no_fields() {
    let good = array("utf8", &main_frame());
    let frames = good.column_by_name("frames").unwrap().as_list::<i32>();
    let (fields, columns, _) = frames.values().as_struct().clone().into_parts();
    let nulls = NullBuffer::from(vec![true, false, true]);
    let frames: ArrayRef = Arc::new(StructArray::new(fields, columns, Some(nulls)));
    let item = Arc::new(Field::new("item", frames.data_type().clone(), true));
    let lists = ListArray::new(item, OffsetBuffer::from_lengths([3]), frames, None);
    let data = replaced(&good, "frames", Some(Arc::new(lists)));
    let applied = apply(&rules("function:main category=x"), &data, 1).unwrap();
    let applied = StructArray::from(applied);
    let category = list(column(&applied, "category"), 0).unwrap();
    let told: Vec<_> = (0..3).map(|index| text(&category, index)).collect();
    assert_eq!(told, [Some("x".to_owned()), None, Some("x".to_owned())]);
}

#[test]
fn bytes_that_are_no_text_are_told_with_row_and_frame() {
    let good = array("binary", &[main_frame(), main_frame()].concat());
    for name in ["function", "category"] {
        let bad: ArrayRef = Arc::new(BinaryArray::from(vec![
            Some(&b"a"[..]),
            None,
            None,
            None,
            Some(b"\xff"),
            None,
        ]));
        let data = replaced(&good, &format!("frames.{name}"), Some(bad));
        let error = apply(&rules("function:a +app"), &data, 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("row 1: frame 1: field `{name}`: invalid UTF-8")
        );
        let mut preview = Preview::new(&rules("function:a +app"), &rules("function:a -app"));
        assert_eq!(preview.add_arrow(&data, 1), Err(error));
        assert_eq!(preview.report().stacktraces, 0);
    }
}
