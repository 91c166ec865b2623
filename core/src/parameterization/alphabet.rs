//! Classes of characters that no set of a list distinguishes.
//!
//! An automaton over 1,114,112 characters would be large. The sets of a list of patterns divide
//! them into about a hundred classes: two characters are in one class if each set contains both
//! or none.

use std::ops::Range;

use super::HashMap;

use super::charset::CharSet;

/// How many characters are in a page of the table.
const PAGE: usize = 256;

/// The largest number of classes.
const MAX_CLASSES: usize = 4000;

/// The largest size of the table of sets and classes.
const MAX_BOOLS: usize = 16 << 20;

/// How many codes there are.
const CODES: usize = char::MAX as usize + 1;

/// The table of an [`Alphabet`] while it is made, from the first code to the last.
#[derive(Default)]
struct Table {
    pages: Vec<u16>,
    classes: Vec<u16>,
    /// The page that is not complete.
    page: Vec<u16>,
    /// The numbers of pages, and of those with one class.
    numbers: HashMap<Vec<u16>, u16>,
    uniform: HashMap<u16, u16>,
}

impl Table {
    /// Adds the class of the next codes. Most pages have one class: they are not compared.
    fn extend(&mut self, codes: Range<usize>, class: u16) {
        let mut left = codes.len();
        while left > 0 {
            if self.page.is_empty() && left >= PAGE {
                if let Some(&number) = self.uniform.get(&class) {
                    self.pages.push(number);
                    left -= PAGE;
                    continue;
                }
            }
            let count = left.min(PAGE - self.page.len());
            self.page.resize(self.page.len() + count, class);
            left -= count;
            if self.page.len() == PAGE {
                let page = std::mem::take(&mut self.page);
                let next = (self.classes.len() / PAGE) as u16;
                let number = *self.numbers.entry(page).or_insert_with_key(|page| {
                    self.classes.extend_from_slice(page);
                    next
                });
                self.pages.push(number);
                if count == PAGE {
                    self.uniform.insert(class, number);
                }
            }
        }
    }
}

/// The classes of a list of sets.
#[derive(Clone, Debug)]
pub(super) struct Alphabet {
    /// The class of each ASCII character.
    pub(super) ascii: [u16; 128],
    /// The page of each 256 characters.
    pages: Vec<u16>,
    /// The classes of the characters of the pages.
    classes: Vec<u16>,
    /// How many classes there are.
    pub(super) len: usize,
    /// Whether set `set` contains class `class`: `contains[set][class]`.
    contains: Vec<Box<[bool]>>,
}

impl Alphabet {
    /// Returns `None` if the table of sets and classes would exceed a limit.
    pub(super) fn new(sets: &[CharSet]) -> Option<Self> {
        // Where a class may begin, and which sets begin or end there.
        let mut borders: Vec<(u32, usize)> = vec![(0, usize::MAX)];
        for (number, set) in sets.iter().enumerate() {
            for &(start, end) in set.ranges() {
                borders.extend([(start, number), (end + 1, number)]);
            }
        }
        borders.sort_unstable();
        let mut inside = vec![false; sets.len()];
        let mut numbers: HashMap<Box<[bool]>, u16> = HashMap::default();
        let mut members: Vec<Box<[bool]>> = Vec::new();
        let mut table = Table::default();
        let mut at = 0;
        while at < borders.len() {
            let start = borders[at].0 as usize;
            while at < borders.len() && borders[at].0 as usize == start {
                if let Some(inside) = inside.get_mut(borders[at].1) {
                    *inside = !*inside;
                }
                at += 1;
            }
            if start >= CODES {
                break;
            }
            let class = match numbers.get(&inside[..]) {
                Some(&class) => class,
                None => {
                    let class = members.len() as u16;
                    if members.len() >= MAX_CLASSES || members.len() * sets.len() > MAX_BOOLS {
                        return None;
                    }
                    numbers.insert(inside.clone().into(), class);
                    members.push(inside.clone().into());
                    class
                }
            };
            let end = borders.get(at).map_or(CODES, |it| it.0 as usize);
            table.extend(start..end.min(CODES), class);
        }
        let mut ascii = [0; 128];
        ascii.copy_from_slice(&table.classes[..128]);
        let contains = (0..sets.len())
            .map(|set| members.iter().map(|members| members[set]).collect())
            .collect();
        Some(Self {
            ascii,
            pages: table.pages,
            classes: table.classes,
            len: members.len(),
            contains,
        })
    }

    /// Returns the class of a character.
    pub(super) fn class(&self, c: char) -> usize {
        let code = c as usize;
        let page = usize::from(self.pages[code / PAGE]);
        usize::from(self.classes[page * PAGE + code % PAGE])
    }

    /// Returns whether the set contains the characters of a class.
    pub(super) fn contains(&self, set: u32, class: usize) -> bool {
        self.contains[set as usize][class]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_say_which_sets_contain_a_character() {
        let sets = [
            CharSet::from_ranges(&[(0x30, 0x39), (0x660, 0x669)]),
            CharSet::of(0x0a).negate(),
            CharSet::from_ranges(&[(0x35, 0x10ffff)]),
        ];
        let alphabet = Alphabet::new(&sets).unwrap();
        assert_eq!(alphabet.len, 5);
        for c in ['\0', '\n', '4', '5', 'x', '٣', '\u{10ffff}'] {
            for (number, set) in sets.iter().enumerate() {
                let found = alphabet.contains(number as u32, alphabet.class(c));
                assert_eq!(found, set.contains(c as u32), "{c:?} in {number}");
            }
            if c.is_ascii() {
                assert_eq!(usize::from(alphabet.ascii[c as usize]), alphabet.class(c));
            }
        }
    }
}
