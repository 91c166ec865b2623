//! The index: finds the rules that may match a path without trying all of them.
//!
//! ```text
//! /src/billing/*.py     by the rarest segment that a matching path must have:  billing
//! *.proto               by an extension that a segment must have:              .proto
//! *   docs?             always tried
//!
//! path src/billing/tax.py  ->  look up src, billing, tax.py and .py
//! ```
//!
//! A path has few segments, so it takes few look-ups, and usually finds a few candidates among
//! 10,000 rules. Candidates are tried from the last to the first, because the last matching rule
//! wins.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::pattern::{Key, Pattern};

/// The numbers of rules, by a text that matching paths must have.
#[derive(Debug, Default)]
pub(super) struct Index {
    segments: HashMap<Box<[u8]>, Vec<u32>, RandomState>,
    extensions: HashMap<Box<[u8]>, Vec<u32>, RandomState>,
    always: Vec<u32>,
}

impl Index {
    /// Builds an index of patterns, which are numbered from 0.
    pub(super) fn new<'a>(patterns: impl Iterator<Item = &'a Pattern> + Clone) -> Self {
        let mut counts: HashMap<&[u8], u32, RandomState> = HashMap::default();
        for key in patterns.clone().flat_map(Pattern::keys) {
            if let Key::Segment(text) = key {
                *counts.entry(text).or_default() += 1;
            }
        }
        let mut index = Self::default();
        for (number, pattern) in (0..).zip(patterns) {
            let rarest = pattern.keys().min_by_key(|key| match key {
                Key::Segment(text) => counts[text],
                Key::Extension(_) => u32::MAX,
            });
            let numbers = match rarest {
                Some(Key::Segment(text)) => index.segments.entry(text.into()).or_default(),
                Some(Key::Extension(text)) => index.extensions.entry(text.into()).or_default(),
                None => &mut index.always,
            };
            numbers.push(number);
        }
        index
    }

    /// Sets `found` to the numbers of all patterns that may match the path, in descending
    /// order.
    pub(super) fn candidates(&self, path: &[u8], found: &mut Vec<u32>) {
        found.clear();
        found.extend_from_slice(&self.always);
        for segment in path.split(|&byte| byte == b'/') {
            if let Some(numbers) = self.segments.get(segment) {
                found.extend_from_slice(numbers);
            }
            if let Some(dot) = memchr::memrchr(b'.', segment) {
                if let Some(numbers) = self.extensions.get(&segment[dot..]) {
                    found.extend_from_slice(numbers);
                }
            }
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
    }
}
