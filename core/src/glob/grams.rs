//! A table of 4-grams: finds which of many texts may occur anywhere in a value.
//!
//! With a look-up at every position of a value, one gram per text would be enough. But a text of
//! seven bytes or more has four consecutive grams, and a look-up at every fourth position of the
//! value finds one of them:
//!
//! ```text
//! text    /node_modules/     in the table: e_mo _mod modu odul   (four in a row, the rarest)
//! value   /srv/app/node_modules/x.js
//! look-up ^   ^   ^   ^   ^   ^         /srv /app /nod e_mo !
//! ```
//!
//! Texts of five and six bytes need a look-up at every second position, those of four bytes at
//! every position; each of these lengths has its own table. A bitmap that fits in the L1 cache
//! rejects nearly all look-ups. A text that is found is a candidate, which the caller verifies.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// The number of bytes in a gram.
pub(crate) const GRAM: usize = 4;

pub(crate) type Gram = [u8; GRAM];

/// Returns the grams of a text.
pub(crate) fn grams(text: &[u8]) -> impl Iterator<Item = Gram> + '_ {
    text.windows(GRAM)
        .map(|window| [window[0], window[1], window[2], window[3]])
}

/// Collects texts and their numbers.
#[derive(Default)]
pub(crate) struct GramsBuilder {
    every: Vec<(Gram, u32)>,
    second: Vec<(Gram, u32)>,
    fourth: Vec<(Gram, u32)>,
}

impl GramsBuilder {
    /// Adds a text of four bytes or more. `count` returns how many texts have a gram.
    pub(crate) fn add(&mut self, text: &[u8], number: u32, count: impl Fn(Gram) -> u32) {
        let grams: Vec<Gram> = grams(text).collect();
        let (table, window) = match grams.len() {
            0 | 1 => (&mut self.every, 1),
            2 | 3 => (&mut self.second, 2),
            _ => (&mut self.fourth, 4),
        };
        let total = |grams: &&[Gram]| grams.iter().map(|&gram| count(gram)).sum::<u32>();
        let rarest = grams.windows(window).min_by_key(total).unwrap_or_default();
        table.extend(rarest.iter().map(|&gram| (gram, number)));
    }

    pub(crate) fn build(self) -> Grams {
        Grams {
            every: Table::new(self.every),
            second: Table::new(self.second),
            fourth: Table::new(self.fourth),
        }
    }
}

#[derive(Default)]
pub(crate) struct Grams {
    every: Table,
    second: Table,
    fourth: Table,
}

impl Grams {
    /// Appends the numbers of all texts that may be in the value. A number can be repeated.
    #[inline]
    pub(crate) fn find(&self, value: &[u8], found: &mut Vec<u32>) {
        self.every.find::<1>(value, found);
        self.second.find::<2>(value, found);
        self.fourth.find::<4>(value, found);
    }
}

#[derive(Default)]
struct Table {
    /// A bit for every gram's hash; its length is a power of two, or 0.
    filter: Box<[u64]>,
    /// The range of each gram's numbers in `entries`: start and end.
    ranges: HashMap<Gram, (u32, u32), FixedState>,
    entries: Box<[u32]>,
}

impl Table {
    fn new(mut grams: Vec<(Gram, u32)>) -> Self {
        if grams.is_empty() {
            return Self::default();
        }
        grams.sort_unstable();
        let bits = (grams.len() * 32).next_power_of_two().max(1_024);
        let mut table = Self {
            filter: vec![0; bits / 64].into(),
            ranges: HashMap::default(),
            entries: grams.iter().map(|&(_, entry)| entry).collect(),
        };
        let mut start = 0;
        for group in grams.chunk_by(|a, b| a.0 == b.0) {
            let end = start + group.len() as u32;
            let bit = table.bit(group[0].0);
            table.filter[bit / 64] |= 1 << (bit % 64);
            table.ranges.insert(group[0].0, (start, end));
            start = end;
        }
        table.ranges.shrink_to_fit();
        table
    }

    #[inline]
    fn bit(&self, gram: Gram) -> usize {
        // Multiplication by an odd number spreads every bit of the gram to the upper bits.
        let hash = u32::from_le_bytes(gram).wrapping_mul(0x9e37_79b1);
        (hash >> 8) as usize & (self.filter.len() * 64 - 1)
    }

    #[inline]
    fn find<const STEP: usize>(&self, value: &[u8], found: &mut Vec<u32>) {
        if self.filter.is_empty() {
            return;
        }
        for gram in grams(value).step_by(STEP) {
            let bit = self.bit(gram);
            if self.filter[bit / 64] >> (bit % 64) & 1 == 1 {
                self.look_up(gram, found);
            }
        }
    }

    #[cold]
    fn look_up(&self, gram: Gram, found: &mut Vec<u32>) {
        if let Some(&(start, end)) = self.ranges.get(&gram) {
            found.extend_from_slice(&self.entries[start as usize..end as usize]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_wherever_they_are() {
        let texts = [
            "node_modules",
            "site-packages",
            "abcd",
            "abcde",
            "abcdef",
            "abcdefg",
        ];
        let mut builder = GramsBuilder::default();
        for (text, number) in texts.iter().zip(0..) {
            builder.add(text.as_bytes(), number, |_| 1);
        }
        let table = builder.build();
        for (text, number) in texts.iter().zip(0..) {
            for before in 0..9 {
                for after in 0..5 {
                    let value =
                        ["x".repeat(before), (*text).to_owned(), "y".repeat(after)].concat();
                    let mut found = Vec::new();
                    table.find(value.as_bytes(), &mut found);
                    assert!(found.contains(&number), "{value}");
                }
            }
        }
        let mut found = Vec::new();
        table.find(b"/srv/app/main.py", &mut found);
        table.find(b"abc", &mut found);
        GramsBuilder::default().build().find(b"abcd", &mut found);
        assert!(found.is_empty());
    }
}
