//! Builds the result arrays: one row for each stack trace, with lists as long as those of the
//! input.
//!
//! Each thread builds the results of its rows, and these are joined in order at the end. There are
//! few different texts, so they are a dictionary: a number for each frame, and each text once.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use arrow_buffer::Buffer;
use arrow_data::ArrayData;
use arrow_schema::DataType;
use foldhash::fast::RandomState;
use smol_str::SmolStr;

use super::ArrowError;
use crate::arrow::build::{bools, built, ints, present, structure, Answers, Lists, Texts};
use crate::arrow::ColumnError;
use crate::enhancements::fields::FrameField;
use crate::enhancements::preview::Changes;
use crate::enhancements::result::{AppliedFrame, AssembleResult, Component, Hint, TooFewFrames};
use crate::enhancements::rule::Rule;
use crate::enhancements::stacktrace::view::{utf8, FieldPath, StacktraceView};

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

    pub(super) fn finish(self) -> Result<ArrayData, ColumnError> {
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
        self.lists.append(more.lists);
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

    pub(super) fn finish(self, rules: &[Rule]) -> Result<ArrayData, ColumnError> {
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
        self.lists.append(more.lists);
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

    pub(super) fn finish(self) -> Result<ArrayData, ColumnError> {
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

    fn finish(&self, text: impl Fn(&K) -> String) -> Result<ArrayData, ColumnError> {
        let mut words = Texts::default();
        self.words
            .iter()
            .for_each(|word| words.push(Some(&text(word))));
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
            .add_child_data(words.finish()?);
        built(data)
    }
}
