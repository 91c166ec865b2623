//! What is behind a position: the characters that look-behinds ask for.

use super::alphabet::Alphabet;
use super::program::{Condition, Tables};

/// A text in which look-behinds are checked.
#[derive(Clone, Copy)]
pub(super) struct Behind<'a> {
    pub(super) text: &'a str,
    pub(super) alphabet: &'a Alphabet,
    pub(super) tables: &'a Tables,
}

impl Behind<'_> {
    /// Returns the character before a position.
    pub(super) fn char(&self, position: usize) -> Option<char> {
        self.text[..position].chars().next_back()
    }

    /// Returns whether the characters before a position are one of these sequences of sets.
    pub(super) fn has(&self, sequences: u32, position: usize) -> bool {
        let sequences = &self.tables.sequences.values[sequences as usize];
        let matches = |sequence: &Vec<u32>| {
            let mut chars = self.text[..position].chars().rev();
            sequence.iter().rev().all(|&set| {
                let class = chars.next().map(|c| self.alphabet.class(c));
                class.is_some_and(|class| self.alphabet.contains(set, class))
            })
        };
        sequences.iter().any(matches)
    }

    /// Returns whether a condition holds at a position.
    pub(super) fn holds(&self, condition: u32, position: usize) -> bool {
        match self.tables.conditions.values[condition as usize] {
            Condition::TextStart => position == 0,
            Condition::Char { set, negated } => {
                let class = self.char(position).map(|c| self.alphabet.class(c));
                negated != class.is_some_and(|class| self.alphabet.contains(set, class))
            }
            Condition::Chars { sequences, negated } => negated != self.has(sequences, position),
        }
    }
}
