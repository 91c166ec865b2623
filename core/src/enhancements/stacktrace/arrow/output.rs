//! Builds the result arrays: one row for each stack trace, with lists as long as those of the
//! input.
//!
//! Each thread builds the results of its rows, and these are joined in order at the end. There are
//! few different texts, so they are a dictionary: a number for each frame, and each text once.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer, NullBufferBuilder};
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field, Fields};
use foldhash::fast::RandomState;
use smol_str::SmolStr;

use super::ArrowError;
use crate::enhancements::fields::FrameField;
use crate::enhancements::preview::Changes;
use crate::enhancements::result::{AppliedFrame, AssembleResult, Component, Hint, TooFewFrames};
use crate::enhancements::rule::Rule;
use crate::enhancements::stacktrace::view::{utf8, FieldPath, StacktraceView};

/// The results of a part of the rows.
pub(super) trait Answers: Default {
    /// Appends the results of the following rows.
    fn append(&mut self, more: Self);
}

/// The results of `apply`.
#[derive(Default)]
pub(super) struct Applied {
    lists: Lists,
    category: Dictionary<SmolStr>,
    in_app: Vec<Option<bool>>,
}

impl Applied {
    /// Adds the result of a row. `categories` has the texts of the numbers of categories.
    pub(super) fn push(
        &mut self,
        row: usize,
        stacktrace: &StacktraceView<'_>,
        applied: &[AppliedFrame],
        categories: &[SmolStr],
    ) -> Result<(), ArrowError> {
        self.lists.push(Some(applied.len()));
        for (number, (frame, applied)) in stacktrace.frames.iter().zip(applied).enumerate() {
            self.in_app.push(applied.in_app);
            let set = applied.category.and_then(|n| categories.get(n as usize));
            match (set, frame.category) {
                (Some(text), _) => self.category.push(text, SmolStr::clone),
                (None, None) => self.category.push_none(),
                (None, own) => {
                    let own = utf8(own, FieldPath::Frame(number, FrameField::Category.name()))
                        .map_err(|error| ArrowError::Row { row, error })?;
                    let own = own.unwrap_or_default();
                    self.category.push(own, |own| SmolStr::new(own));
                }
            }
        }
        Ok(())
    }

    /// Adds null.
    pub(super) fn push_none(&mut self) {
        self.lists.push(None);
    }

    pub(super) fn finish(self) -> Result<ArrayData, ArrowError> {
        let category = self.category.finish(|text| text.to_string())?;
        let in_app = bools(&self.in_app)?;
        structure(
            self.lists.len(),
            vec![
                ("category", self.lists.finish(category)?),
                ("in_app", self.lists.finish(in_app)?),
            ],
        )
    }
}

impl Answers for Applied {
    fn append(&mut self, more: Self) {
        self.lists.0.extend(more.lists.0);
        self.category.append(more.category);
        self.in_app.extend(more.in_app);
    }
}

/// The results of `assemble`.
#[derive(Default)]
pub(super) struct Assembled {
    lists: Lists,
    contributes: Vec<Option<bool>>,
    hint: Dictionary<Hint>,
    stacktrace_contributes: Vec<Option<bool>>,
    stacktrace_hint: Dictionary<TooFewFrames>,
    invert_stacktrace: Vec<Option<bool>>,
}

impl Assembled {
    /// Takes the answer for a row.
    pub(super) fn push(&mut self, result: &AssembleResult, components: &[Component]) {
        self.lists.push(Some(components.len()));
        for component in components {
            self.contributes.push(component.contributes);
            self.hint.push_some(component.hint);
        }
        self.stacktrace_contributes.push(Some(result.contributes));
        self.stacktrace_hint.push_some(result.hint);
        self.invert_stacktrace.push(Some(result.invert_stacktrace));
    }

    /// Adds null.
    pub(super) fn push_none(&mut self) {
        self.lists.push(None);
        self.stacktrace_contributes.push(None);
        self.stacktrace_hint.push_none();
        self.invert_stacktrace.push(None);
    }

    pub(super) fn finish(self, rules: &[Rule]) -> Result<ArrayData, ArrowError> {
        let frames = structure(
            self.contributes.len(),
            vec![
                ("contributes", bools(&self.contributes)?),
                (
                    "hint",
                    self.hint.finish(|h| h.text(rules).unwrap_or_default())?,
                ),
            ],
        )?;
        let hint = self.stacktrace_hint;
        structure(
            self.lists.len(),
            vec![
                ("frames", self.lists.finish(frames)?),
                ("contributes", bools(&self.stacktrace_contributes)?),
                ("hint", hint.finish(|h| h.text(rules).unwrap_or_default())?),
                ("invert_stacktrace", bools(&self.invert_stacktrace)?),
            ],
        )
    }
}

impl Answers for Assembled {
    fn append(&mut self, more: Self) {
        self.lists.0.extend(more.lists.0);
        self.contributes.extend(more.contributes);
        self.hint.append(more.hint);
        self.stacktrace_contributes
            .extend(more.stacktrace_contributes);
        self.stacktrace_hint.append(more.stacktrace_hint);
        self.invert_stacktrace.extend(more.invert_stacktrace);
    }
}

/// The results of `preview`.
#[derive(Default)]
pub(super) struct Previewed(Vec<Option<Changes>>);

impl Previewed {
    /// Adds the result of a row, `None` for a null row.
    pub(super) fn push(&mut self, changes: Option<Changes>) {
        self.0.push(changes);
    }

    pub(super) fn finish(self) -> Result<ArrayData, ArrowError> {
        let rows = self.0;
        let flags = |flag: fn(&Changes) -> bool| {
            let flags: Vec<_> = rows.iter().map(|row| row.as_ref().map(flag)).collect();
            bools(&flags)
        };
        let numbers = |number: fn(&Changes) -> u64| {
            let numbers = rows.iter().map(|row| row.as_ref().map(number));
            // A stack trace has at most as many frames as its list has items.
            let numbers: Vec<_> = numbers.map(|n| n.map(|n| n as i32)).collect();
            ints(&numbers)
        };
        structure(
            rows.len(),
            vec![
                ("changed", flags(Changes::any)?),
                ("frames", numbers(|changes| changes.frames)?),
                ("changed_frames", numbers(|changes| changes.changed_frames)?),
                ("in_app", numbers(|changes| changes.in_app)?),
                ("category", numbers(|changes| changes.category)?),
                ("contributes", numbers(|changes| changes.contributes)?),
                ("grouping", flags(|changes| changes.grouping)?),
            ],
        )
    }
}

impl Answers for Previewed {
    fn append(&mut self, more: Self) {
        self.0.extend(more.0);
    }
}

/// The length of the list of each row; `None` for null.
#[derive(Default)]
struct Lists(Vec<Option<usize>>);

impl Lists {
    fn push(&mut self, len: Option<usize>) {
        self.0.push(len);
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    /// Builds the lists with their values.
    fn finish(&self, values: ArrayData) -> Result<ArrayData, ArrowError> {
        let mut offsets = Vec::with_capacity(self.0.len() + 1);
        let mut end = 0_usize;
        offsets.push(0_i32);
        for len in &self.0 {
            end += len.unwrap_or_default();
            offsets.push(i32::try_from(end).map_err(|_| ArrowError::TooLarge)?);
        }
        let item = Field::new("item", values.data_type().clone(), true);
        let data = ArrayData::builder(DataType::List(Arc::new(item)))
            .len(self.0.len())
            .nulls(present(&self.0))
            .add_buffer(Buffer::from_vec(offsets))
            .add_child_data(values);
        built(data)
    }
}

/// A dictionary: each different value once, and a number for each occurrence.
struct Dictionary<K> {
    numbers: HashMap<K, i32, RandomState>,
    words: Vec<K>,
    keys: Vec<Option<i32>>,
}

impl<K> Default for Dictionary<K> {
    fn default() -> Self {
        Self {
            numbers: HashMap::default(),
            words: Vec::new(),
            keys: Vec::new(),
        }
    }
}

impl<K: Hash + Eq + Clone> Dictionary<K> {
    /// Adds a value. If it is new, `own` converts it to an owned value.
    fn push<Q: Hash + Eq + ?Sized>(&mut self, word: &Q, own: impl FnOnce(&Q) -> K)
    where
        K: Borrow<Q>,
    {
        let number = self.number(word, own);
        self.keys.push(Some(number));
    }

    fn push_some(&mut self, word: Option<K>) {
        match word {
            Some(word) => self.push(&word, K::clone),
            None => self.push_none(),
        }
    }

    fn push_none(&mut self) {
        self.keys.push(None);
    }

    fn number<Q: Hash + Eq + ?Sized>(&mut self, word: &Q, own: impl FnOnce(&Q) -> K) -> i32
    where
        K: Borrow<Q>,
    {
        if let Some(&number) = self.numbers.get(word) {
            return number;
        }
        // There are at most as many values as keys, which are fewer than 2³¹: see `Lists`.
        let number = self.words.len() as i32;
        let word = own(word);
        self.words.push(word.clone());
        self.numbers.insert(word, number);
        number
    }

    fn append(&mut self, more: Self) {
        let numbers: Vec<_> = more
            .words
            .iter()
            .map(|word| self.number(word, K::clone))
            .collect();
        let known = |key: i32| numbers[key as usize];
        self.keys
            .extend(more.keys.into_iter().map(|key| key.map(known)));
    }

    fn finish(&self, text: impl Fn(&K) -> String) -> Result<ArrayData, ArrowError> {
        let mut bytes = Vec::new();
        let mut offsets = vec![0_i32];
        for word in &self.words {
            bytes.extend_from_slice(text(word).as_bytes());
            offsets.push(i32::try_from(bytes.len()).map_err(|_| ArrowError::TooLarge)?);
        }
        let words = ArrayData::builder(DataType::Utf8)
            .len(self.words.len())
            .add_buffer(Buffer::from_vec(offsets))
            .add_buffer(Buffer::from_vec(bytes));
        let data_type = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let keys: Vec<_> = self
            .keys
            .iter()
            .map(|key| key.unwrap_or_default())
            .collect();
        let data = ArrayData::builder(data_type)
            .len(keys.len())
            .nulls(present(&self.keys))
            .add_buffer(Buffer::from_vec(keys))
            .add_child_data(built(words)?);
        built(data)
    }
}

fn structure(len: usize, fields: Vec<(&str, ArrayData)>) -> Result<ArrayData, ArrowError> {
    let field =
        |(name, data): &(&str, ArrayData)| Field::new(*name, data.data_type().clone(), true);
    let types: Fields = fields.iter().map(field).collect();
    let data = ArrayData::builder(DataType::Struct(types))
        .len(len)
        .child_data(fields.into_iter().map(|(_, data)| data).collect());
    built(data)
}

fn bools(values: &[Option<bool>]) -> Result<ArrayData, ArrowError> {
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

fn ints(values: &[Option<i32>]) -> Result<ArrayData, ArrowError> {
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
fn present<T>(values: &[Option<T>]) -> Option<NullBuffer> {
    let mut nulls = NullBufferBuilder::new(values.len());
    values
        .iter()
        .for_each(|value| nulls.append(value.is_some()));
    nulls.finish()
}

/// Builds an array. The builder checks it, because safe code cannot skip the check.
fn built(data: arrow_data::ArrayDataBuilder) -> Result<ArrayData, ArrowError> {
    data.build().map_err(|_| ArrowError::TooLarge)
}
