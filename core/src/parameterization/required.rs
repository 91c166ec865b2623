//! Characters that each match has.
//!
//! A match of `\d+ms` has a digit, so a line without one has no match, and need not be read by
//! the automaton.

use super::charset::CharSet;
use super::syntax::Tree;

/// The characters of which each match has at least one.
#[derive(Debug, Default)]
pub(super) struct Required {
    set: CharSet,
    /// Whether a pattern can match without a character of a set.
    none: bool,
}

impl Required {
    pub(super) fn add(&mut self, tree: &Tree) {
        match of(tree) {
            Some(set) => self.set = self.set.union(&set),
            None => self.none = true,
        }
    }

    /// Returns which bytes a match needs one of, if that excludes a usual byte. Bytes of other
    /// characters than ASCII all count.
    pub(super) fn finish(self) -> Option<Box<[bool; 256]>> {
        let mut required = Box::new([true; 256]);
        for (code, required) in (0..0x80).zip(required.iter_mut()) {
            *required = self.set.contains(code);
        }
        let excludes = (b'a'..=b'z').any(|byte| !required[usize::from(byte)]);
        (excludes && !self.none).then_some(required)
    }
}

/// Returns a set of which each match has a character, the rarest that is easy to find.
fn of(tree: &Tree) -> Option<CharSet> {
    match tree {
        Tree::Set(set) => Some(set.clone()),
        Tree::Concat(parts) => parts.iter().filter_map(of).min_by_key(frequency),
        Tree::Alternate(parts) => parts
            .iter()
            .try_fold(CharSet::default(), |sum, part| Some(sum.union(&of(part)?))),
        Tree::Repeat { min: 0, .. } => None,
        Tree::Repeat { body, .. } | Tree::Atomic(body) => of(body),
        _ => None,
    }
}

/// Returns about how frequent the characters of a set are in logs and messages.
fn frequency(set: &CharSet) -> u32 {
    let of = |code: u32| match code as u8 {
        b' ' | b'a' | b'e' | b'i' | b'n' | b'o' | b'r' | b's' | b't' => 60,
        b'a'..=b'z' => 20,
        b'A'..=b'Z' => 4,
        b'0'..=b'9' => 8,
        b'.' | b'-' | b'_' | b':' | b'/' | b',' => 8,
        _ => 2,
    };
    (0..0x80).filter(|&code| set.contains(code)).map(of).sum()
}
