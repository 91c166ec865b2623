//! Sets of characters, as sorted ranges.
//!
//! Every construct that consumes a character is a set: a literal is a set of one, `.` is the
//! set without the line feed, and a literal under the flag `i` is the set of its cases.

use std::sync::{Arc, OnceLock};

/// A set of characters: ranges that are sorted, apart from each other, and not empty. Copies
/// share them: `\w` has 734.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct CharSet(Arc<[(u32, u32)]>);

/// The largest code of a character.
const MAX: u32 = char::MAX as u32;

impl CharSet {
    pub(super) fn from_ranges(ranges: &[(u32, u32)]) -> Self {
        let mut ranges = ranges.to_vec();
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (start, end) in ranges {
            match merged.last_mut() {
                Some(last) if start <= last.1.saturating_add(1) => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        Self(merged.into())
    }

    pub(super) fn of(code: u32) -> Self {
        Self([(code, code)].into())
    }

    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        Self::from_ranges(&[self.ranges(), other.ranges()].concat())
    }

    pub(super) fn negate(&self) -> Self {
        let mut next = 0;
        let mut ranges = Vec::with_capacity(self.0.len() + 1);
        for &(start, end) in &*self.0 {
            if next < start {
                ranges.push((next, start - 1));
            }
            next = end + 1;
        }
        if next <= MAX {
            ranges.push((next, MAX));
        }
        Self(ranges.into())
    }

    pub(super) fn contains(&self, code: u32) -> bool {
        let after = self.0.partition_point(|range| range.0 <= code);
        after > 0 && code <= self.0[after - 1].1
    }

    /// Adds the other cases of each character, as Python's flag `i` does.
    pub(super) fn fold_case(&self, ascii: bool) -> Self {
        let mut ranges = self.0.to_vec();
        if ascii {
            for (lower, upper) in (b'a'..=b'z').zip(b'A'..=b'Z') {
                let (lower, upper) = (u32::from(lower), u32::from(upper));
                if self.contains(lower) || self.contains(upper) {
                    ranges.extend([(lower, lower), (upper, upper)]);
                }
            }
        } else {
            for class in cases() {
                if class.iter().any(|&code| self.contains(code)) {
                    ranges.extend(class.iter().map(|&code| (code, code)));
                }
            }
        }
        Self::from_ranges(&ranges)
    }
}

/// Returns the classes of characters that Python's `re` does not distinguish under the flag `i`.
///
/// Two characters are in one class if their lower case is the same character, or if the upper
/// case of their lower case is the same text.
fn cases() -> &'static [Vec<u32>] {
    static CASES: OnceLock<Vec<Vec<u32>>> = OnceLock::new();
    CASES.get_or_init(|| {
        // No character above this one has cases.
        const LAST: u32 = 0x1_E943;
        let lower = |c: char| match (c, c.to_lowercase()) {
            // Python takes the first of the two characters that Unicode has here.
            ('\u{130}', _) => 'i',
            (_, mut lower) if lower.len() == 1 => lower.next().unwrap_or(c),
            _ => c,
        };
        let mut classes = std::collections::BTreeMap::<String, Vec<u32>>::new();
        let has_cases = |c: &char| !c.to_lowercase().eq([*c]) || !c.to_uppercase().eq([*c]);
        for c in (0..=LAST).filter_map(char::from_u32).filter(has_cases) {
            let key = lower(c).to_uppercase().to_string();
            classes.entry(key).or_default().push(u32::from(c));
        }
        classes.into_values().filter(|it| it.len() > 1).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_canonical() {
        let set = CharSet::from_ranges(&[(5, 7), (1, 2), (3, 4), (9, 9)]);
        assert_eq!(set.ranges(), [(1, 7), (9, 9)]);
        assert_eq!(set.negate().ranges(), [(0, 0), (8, 8), (10, MAX)]);
        assert_eq!(set.negate().negate(), set);
        assert_eq!(set.union(&set.negate()).negate(), CharSet::default());
        for code in 0..12 {
            assert_eq!(set.contains(code), (1..=7).contains(&code) || code == 9);
        }
    }

    #[test]
    fn cases_are_those_of_python() {
        let fold = |c: char| CharSet::of(u32::from(c)).fold_case(false);
        let set = |text: &str| {
            let ranges: Vec<_> = text.chars().map(|c| (u32::from(c), u32::from(c))).collect();
            CharSet::from_ranges(&ranges)
        };
        for class in ["iIİı", "sSſ", "kK\u{212a}", "µΜμ", "ßẞ", "1", "ΐ\u{1fd3}"] {
            for c in class.chars() {
                assert_eq!(fold(c), set(class), "{c}");
            }
        }
        assert_eq!(CharSet::of(0x6b).fold_case(true), set("kK"));
    }
}
