//! Many texts in one MessagePack buffer. Unlike the values of [`crate::msgpack_array`], they are
//! `str` values only: a caller in Python relies on that to have its types checked here.

use std::fmt;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::Deserialize;
use thiserror::Error;

use super::{
    to_characters, Counts, Limits, Match, ParameterizeError, Parameterizer, Pattern, PatternError,
};
use crate::msgpack_array::PackedValuesError;

/// Packed texts that cannot be searched.
#[derive(Debug, Error)]
pub enum PackedTextsError {
    /// It is not a MessagePack array of texts.
    #[error(transparent)]
    Malformed(#[from] PackedValuesError),
    /// A text was not searched to its end.
    #[error("text {number}: {error}")]
    Text {
        /// The number of the text, from 0.
        number: usize,
        /// Why.
        error: ParameterizeError,
    },
}

/// Packed patterns that cannot be used.
#[derive(Debug, Error)]
pub enum PackedPatternsError {
    /// It is not a MessagePack array of arrays of two texts, or `only` is not one of texts.
    #[error(transparent)]
    Malformed(#[from] PackedValuesError),
    /// A pattern is not valid.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

fn read<'a, T: Deserialize<'a>>(buffer: &'a [u8]) -> Result<T, PackedValuesError> {
    rmp_serde::from_slice(buffer).map_err(PackedValuesError::new)
}

/// Calls `each` with every text of a buffer.
fn for_each_text<'a>(
    texts: &'a [u8],
    each: impl FnMut(&'a str) -> Result<(), ParameterizeError>,
) -> Result<(), PackedTextsError> {
    let mut failed = None;
    let done = rmp_serde::Deserializer::from_read_ref(texts).deserialize_any(Texts {
        each,
        failed: &mut failed,
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(done.map_err(PackedValuesError::new)?),
    }
}

struct Texts<'f, F> {
    each: F,
    failed: &'f mut Option<PackedTextsError>,
}

impl<'a, F: FnMut(&'a str) -> Result<(), ParameterizeError>> Visitor<'a> for Texts<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of str values")
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut texts: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(Text(text)) = texts.next_element()? {
            if let Err(error) = (self.each)(text) {
                *self.failed = Some(PackedTextsError::Text { number, error });
                return Err(serde::de::Error::custom("not searched"));
            }
            number += 1;
        }
        Ok(())
    }
}

struct Text<'a>(&'a str);

impl<'a> Deserialize<'a> for Text<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Str;
        impl<'a> Visitor<'a> for Str {
            type Value = Text<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a str value")
            }

            fn visit_borrowed_str<E>(self, value: &'a str) -> Result<Text<'a>, E> {
                Ok(Text(value))
            }
        }
        deserializer.deserialize_any(Str)
    }
}

impl Parameterizer {
    /// Compiles a MessagePack array of pairs of a name and a regex. `only`, a MessagePack array
    /// of names, is as for [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// Fails if a buffer is malformed, and like [`new`](Self::new).
    pub fn from_packed(
        patterns: &[u8],
        only: Option<&[u8]>,
        limits: Limits,
    ) -> Result<Self, PackedPatternsError> {
        let pairs: Vec<(&str, &str)> = read(patterns)?;
        let patterns: Vec<_> = pairs
            .into_iter()
            .map(|(name, regex)| Pattern::new(name.to_owned(), regex.to_owned()))
            .collect();
        Self::with_packed_names(&patterns, only, limits)
    }

    /// Compiles patterns of which `only`, a MessagePack array of names, are used.
    ///
    /// # Errors
    ///
    /// Fails like [`from_packed`](Self::from_packed).
    pub fn with_packed_names(
        patterns: &[Pattern],
        only: Option<&[u8]>,
        limits: Limits,
    ) -> Result<Self, PackedPatternsError> {
        let only: Option<Vec<&str>> = only.map(read).transpose()?;
        Ok(Self::new(patterns, only.as_deref(), limits)?)
    }

    /// Replaces the matches in each text of a MessagePack array. Returns an array of texts, and
    /// adds to the counts of the patterns.
    ///
    /// # Errors
    ///
    /// Fails if the buffer is malformed, and like [`parameterize`](Self::parameterize).
    pub fn parameterize_packed(
        &self,
        texts: &[u8],
        counts: &mut Counts,
    ) -> Result<Vec<u8>, PackedTextsError> {
        counts.resize(self.patterns().len().max(counts.len()), 0);
        let mut number = 0_u32;
        // The header of an array with any number of texts: the number follows at the end.
        let mut packed = Vec::with_capacity(texts.len() + 8);
        packed.extend([0xdd, 0, 0, 0, 0]);
        for_each_text(texts, |text| {
            number += 1;
            let count = |found: Match| counts[found.pattern] += 1;
            self.parameterize_with(text, count, |replaced| {
                push_text(&mut packed, replaced.unwrap_or(text));
            })
        })?;
        packed[1..5].copy_from_slice(&number.to_be_bytes());
        Ok(packed)
    }

    /// Counts the matches in all texts of a MessagePack array.
    ///
    /// # Errors
    ///
    /// Fails like [`parameterize_packed`](Self::parameterize_packed).
    pub fn counts_packed(&self, texts: &[u8]) -> Result<Counts, PackedTextsError> {
        let mut counts = vec![0; self.patterns().len()];
        for_each_text(texts, |text| {
            self.for_each(text, |found| counts[found.pattern] += 1)
        })?;
        Ok(counts)
    }

    /// Finds the matches, as a MessagePack array of arrays of a pattern's number, start and end.
    /// These are in characters with `characters`, else in bytes.
    ///
    /// # Errors
    ///
    /// Fails like [`find`](Self::find).
    pub fn find_packed(&self, text: &str, characters: bool) -> Result<Vec<u8>, ParameterizeError> {
        let mut packed = Vec::new();
        self.push_matches(text, characters, &mut packed)?;
        Ok(packed)
    }

    /// Finds the matches in each text of a MessagePack array. Returns an array of what
    /// [`find_packed`](Self::find_packed) returns for each.
    ///
    /// # Errors
    ///
    /// Fails like [`parameterize_packed`](Self::parameterize_packed).
    pub fn find_many_packed(
        &self,
        texts: &[u8],
        characters: bool,
    ) -> Result<Vec<u8>, PackedTextsError> {
        let mut packed = vec![0xdd, 0, 0, 0, 0];
        let mut number = 0_u32;
        for_each_text(texts, |text| {
            number += 1;
            self.push_matches(text, characters, &mut packed)
        })?;
        packed[1..5].copy_from_slice(&number.to_be_bytes());
        Ok(packed)
    }

    fn push_matches(
        &self,
        text: &str,
        characters: bool,
        packed: &mut Vec<u8>,
    ) -> Result<(), ParameterizeError> {
        let mut matches = self.find(text)?;
        if characters {
            to_characters(text, &mut matches);
        }
        push_array(packed, matches.len());
        for found in matches {
            packed.push(0x93);
            for number in [found.pattern, found.start, found.end] {
                push_number(packed, number as u64);
            }
        }
        Ok(())
    }
}

/// Appends the header of a MessagePack array.
fn push_array(packed: &mut Vec<u8>, length: usize) {
    match length {
        0..=15 => packed.push(0x90 | length as u8),
        16..=0xffff => {
            packed.push(0xdc);
            packed.extend((length as u16).to_be_bytes());
        }
        _ => {
            packed.push(0xdd);
            packed.extend((length as u32).to_be_bytes());
        }
    }
}

/// Appends a MessagePack number.
fn push_number(packed: &mut Vec<u8>, number: u64) {
    match number {
        0..=0x7f => packed.push(number as u8),
        0x80..=0xffff => {
            packed.push(0xcd);
            packed.extend((number as u16).to_be_bytes());
        }
        _ => {
            packed.push(0xcf);
            packed.extend(number.to_be_bytes());
        }
    }
}

/// Appends a MessagePack text. `encode::write` takes 30 ns for each, this 5.
fn push_text(packed: &mut Vec<u8>, text: &str) {
    let length = text.len();
    match length {
        0..=31 => packed.push(0xa0 | length as u8),
        32..=0xff => packed.extend([0xd9, length as u8]),
        0x100..=0xffff => {
            packed.push(0xda);
            packed.extend((length as u16).to_be_bytes());
        }
        _ => {
            packed.push(0xdb);
            packed.extend((length as u32).to_be_bytes());
        }
    }
    packed.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use rmp_serde::encode;

    use super::*;
    use crate::parameterization::default_patterns;

    fn defaults(limits: Limits) -> Parameterizer {
        Parameterizer::new(&default_patterns(), None, limits).unwrap()
    }

    #[test]
    fn packed_texts_are_parameterized_like_single_ones() {
        let defaults = defaults(Limits::default());
        let mut texts: Vec<String> = vec!["".into(), "took 15ms".into(), "é 7".into()];
        for length in [31, 32, 255, 256, 65_535, 65_536] {
            texts.push("x".repeat(length));
        }
        let packed = encode::to_vec(&texts).unwrap();
        let mut counts = Counts::new();
        let replaced = defaults.parameterize_packed(&packed, &mut counts).unwrap();
        let replaced: Vec<String> = rmp_serde::from_slice(&replaced).unwrap();
        let singly: Vec<_> = texts
            .iter()
            .map(|text| defaults.parameterize(text).unwrap())
            .collect();
        assert_eq!(replaced, singly);
        assert_eq!(counts, defaults.counts_packed(&packed).unwrap());
        assert_eq!(counts.iter().sum::<u64>(), 2);
        let found = defaults.find_packed("é 7", true).unwrap();
        let int = defaults.patterns().iter().position(|it| it.name == "int");
        let found: Vec<(usize, usize, usize)> = rmp_serde::from_slice(&found).unwrap();
        assert_eq!(found, [(int.unwrap(), 2, 3)]);
        texts.push("1 ".repeat(70_000));
        let packed = encode::to_vec(&texts).unwrap();
        for characters in [false, true] {
            let found = defaults.find_many_packed(&packed, characters).unwrap();
            let found: Vec<Vec<(usize, usize, usize)>> = rmp_serde::from_slice(&found).unwrap();
            for (text, found) in texts.iter().zip(&found) {
                let mut expected = defaults.find(text).unwrap();
                if characters {
                    to_characters(text, &mut expected);
                }
                let expected = expected.iter().map(|it| (it.pattern, it.start, it.end));
                assert!(expected.eq(found.iter().copied()), "{found:?}");
            }
            assert_eq!(found.len(), texts.len());
        }
    }

    #[test]
    fn an_error_names_the_text() {
        let limits = Limits {
            text_bytes: Some(3),
            ..Limits::default()
        };
        let error = defaults(limits).parameterize_packed(b"\x92\xa1a\xa4abcd", &mut Counts::new());
        assert_eq!(
            error.unwrap_err().to_string(),
            "text 1: the text has 4 bytes, the limit `text_bytes` is 3"
        );
        for malformed in [
            &b""[..],
            b"\x91",
            b"\x91\x01",
            b"\x91\xa1\xff",
            b"\x91\xc4\x01a",
            b"\xa1a",
        ] {
            let error = defaults(limits).counts_packed(malformed);
            assert!(matches!(error, Err(PackedTextsError::Malformed(_))));
        }
    }

    #[test]
    fn packed_patterns_are_compiled() {
        let new = |patterns: &[u8], only: Option<&[u8]>, most| {
            let limits = Limits {
                patterns: most,
                ..Limits::default()
            };
            Parameterizer::from_packed(patterns, only, limits)
        };
        let two = b"\x92\x92\xa1a\xa2x+\x92\xa1b\xa1y";
        let both = new(two, None, 2).unwrap();
        assert_eq!(both.parameterize("xxy").unwrap(), "<a><b>");
        let one = new(two, Some(b"\x91\xa1b"), 2).unwrap();
        assert_eq!(one.parameterize("xxy").unwrap(), "xx<b>");
        let error = new(two, None, 1).unwrap_err();
        assert!(error.to_string().contains("the limit is 1"), "{error}");
        for malformed in [
            &b""[..],
            b"\x91\xa1a",
            b"\x91\x91\xa1a",
            b"\x91\x92\xa1a\x01",
        ] {
            let error = new(malformed, None, 2);
            assert!(matches!(error, Err(PackedPatternsError::Malformed(_))));
        }
        let error = new(two, Some(b"\x91\x01"), 2);
        assert!(matches!(error, Err(PackedPatternsError::Malformed(_))));
    }
}
