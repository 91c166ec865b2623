//! A table of 4-grams: which of many texts may stand somewhere in a value.
//!
//! Of each text only its rarest four bytes are in the table, rarest among all texts:
//!
//! ```text
//! /node_modules/ -> "e_mo"     every four bytes of a value are looked up:
//! /site-packages/ -> "te-p"    "/app" "app/" "pp/n" "p/no" ... "e_mo" !
//! ```
//!
//! Nearly all look-ups end at a bit map that fits the first level of the processor's
//! cache. What is found is a candidate, to be verified.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// How many bytes a gram has.
pub(super) const GRAM: usize = 4;

pub(super) type Gram = [u8; GRAM];

/// The grams of a text.
pub(super) fn grams(text: &[u8]) -> impl Iterator<Item = Gram> + '_ {
    text.windows(GRAM)
        .map(|window| [window[0], window[1], window[2], window[3]])
}

#[derive(Default)]
pub(super) struct Grams {
    /// A bit for every gram's hash; its length is a power of two, or 0.
    filter: Box<[u64]>,
    /// Where a gram's numbers are in `entries`: start and end.
    places: HashMap<Gram, (u32, u32), FixedState>,
    entries: Box<[u32]>,
}

impl Grams {
    /// A table of grams, each with the number to report.
    pub(super) fn new(mut grams: Vec<(Gram, u32)>) -> Self {
        if grams.is_empty() {
            return Self::default();
        }
        grams.sort_unstable();
        let bits = (grams.len() * 32).next_power_of_two().max(1_024);
        let mut table = Self {
            filter: vec![0; bits / 64].into(),
            places: HashMap::default(),
            entries: grams.iter().map(|&(_, entry)| entry).collect(),
        };
        let mut start = 0;
        for group in grams.chunk_by(|a, b| a.0 == b.0) {
            let end = start + group.len() as u32;
            let bit = table.bit(group[0].0);
            table.filter[bit / 64] |= 1 << (bit % 64);
            table.places.insert(group[0].0, (start, end));
            start = end;
        }
        table.places.shrink_to_fit();
        table
    }

    #[inline]
    fn bit(&self, gram: Gram) -> usize {
        // Multiplying by an odd number moves every bit of the gram into the upper ones.
        let hash = u32::from_le_bytes(gram).wrapping_mul(0x9e37_79b1);
        (hash >> 8) as usize & (self.filter.len() * 64 - 1)
    }

    /// Appends the numbers of all grams that are in the value; some may come twice.
    #[inline]
    pub(super) fn find(&self, value: &[u8], found: &mut Vec<u32>) {
        if self.filter.is_empty() {
            return;
        }
        for gram in grams(value) {
            let bit = self.bit(gram);
            if self.filter[bit / 64] >> (bit % 64) & 1 == 1 {
                if let Some(&(start, end)) = self.places.get(&gram) {
                    found.extend_from_slice(&self.entries[start as usize..end as usize]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grams_are_found_wherever_they_are() {
        let table = Grams::new(vec![(*b"e_mo", 1), (*b"te-p", 2), (*b"e_mo", 3)]);
        for (value, expected) in [
            (&b"/node_modules/"[..], &[1, 3][..]),
            (b"site-packages", &[2]),
            (b"e_mote-p", &[1, 3, 2]),
            (b"e_m", &[]),
            (b"", &[]),
        ] {
            let mut found = Vec::new();
            table.find(value, &mut found);
            assert_eq!(found, expected);
        }
        let mut found = Vec::new();
        Grams::default().find(b"e_mo", &mut found);
        assert!(found.is_empty());
    }
}
