//! Many globs at once: finds the globs that match a value, in one pass over it.
//!
//! ```text
//! value -> index -> candidates -> tried, one by one -> numbers
//! ```
//!
//! The [`Index`] finds the globs whose anchor is in the value. Of 10,000 globs these are usually
//! few or none. Globs without an anchor (only `*`, `?` or classes) are always tried.

use super::index::{Index, IndexBuilder};
use super::program::Value;
use super::syntax::InvalidGlob;
use super::{Glob, Options};
use crate::limits::Limit;
use crate::msgpack_array::{self, PackedValuesError};

/// A set of compiled globs with the same options. It is immutable, so threads can share it.
pub struct GlobSet {
    options: Options,
    globs: Box<[Result<Glob, InvalidGlob>]>,
    index: Index,
}

impl GlobSet {
    /// Compiles globs. A glob that is not valid matches nothing: see [`GlobSet::fault_from`].
    pub fn new<'p>(patterns: impl IntoIterator<Item = &'p str>, options: Options) -> Self {
        let patterns = patterns.into_iter();
        Self::from_globs(
            patterns
                .map(|pattern| Glob::new(pattern, options))
                .collect(),
            options,
        )
    }

    /// Compiles the globs of one buffer, a MessagePack array of `str` values and of `bin` values
    /// that hold UTF-8.
    ///
    /// # Errors
    ///
    /// Fails if the buffer is malformed, or if the globs exceed the limits `patterns` or
    /// `pattern_bytes`.
    pub fn from_packed(patterns: &[u8], options: Options) -> Result<Self, PackedValuesError> {
        let mut texts = Vec::new();
        msgpack_array::for_each(patterns, |pattern| {
            texts.push(std::str::from_utf8(pattern).map_err(PackedValuesError::new)?);
            Ok(())
        })?;
        Limit::Patterns.check(texts.len())?;
        for text in &texts {
            Limit::PatternBytes.check(text.len())?;
        }
        Ok(Self::new(texts, options))
    }

    fn from_globs(globs: Vec<Result<Glob, InvalidGlob>>, options: Options) -> Self {
        let globs = globs.into_boxed_slice();
        let mut builder = IndexBuilder::<1>::default();
        for (number, glob) in (0..).zip(&globs) {
            if let Ok(glob) = glob {
                builder.add(glob.program.anchors(), number, [true]);
            }
        }
        let index = builder.build();
        Self {
            options,
            globs,
            index,
        }
    }

    /// Returns the number of globs, including those that are not valid.
    pub fn len(&self) -> usize {
        self.globs.len()
    }

    /// Returns whether the set has no globs.
    pub fn is_empty(&self) -> bool {
        self.globs.is_empty()
    }

    /// Returns the number and the error of the first glob from number `from` on that is not
    /// valid.
    pub fn fault_from(&self, from: usize) -> Option<(usize, &InvalidGlob)> {
        let globs = self.globs.iter().enumerate().skip(from);
        globs
            .filter_map(|(number, glob)| Some((number, glob.as_ref().err()?)))
            .next()
    }

    /// Sets `found` to the numbers of all globs that match the whole value, in ascending
    /// order. The first glob has number 0.
    pub fn matches(&self, value: &[u8], found: &mut Vec<u32>) {
        found.clear();
        self.options.with_value(value, |value| {
            self.candidates(value, found);
            found.sort_unstable();
            found.dedup();
            found.retain(|&number| self.is_match_of(number, value));
        });
    }

    /// Returns whether any glob matches the whole value.
    pub fn is_match(&self, value: &[u8]) -> bool {
        self.options.with_value(value, |value| {
            let mut candidates = Vec::new();
            self.candidates(value, &mut candidates);
            candidates
                .iter()
                .any(|&number| self.is_match_of(number, value))
        })
    }

    fn candidates(&self, value: &[u8], found: &mut Vec<u32>) {
        let value = Value::new(value);
        self.index.candidates(&value, found);
        self.index.candidates_inside(0, &value, found);
    }

    fn is_match_of(&self, number: u32, value: &[u8]) -> bool {
        let glob = &self.globs[number as usize];
        glob.as_ref()
            .is_ok_and(|glob| glob.is_match_prepared(value))
    }
}
