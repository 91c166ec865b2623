//! What each match has, so that lines without it are skipped.
//!
//! A match of `\d+ms` has a digit, so a line without one has no match, and the automaton need not
//! read it. For a list, a set of characters is chosen of which each match of each pattern has at
//! least one, as rare as possible in logs and messages. For the default patterns these are the
//! digits, `-`, `.`, `:` and `=`.
//!
//! A pattern may have no rare character, such as `[0-9a-f]{40}`, but need so many from a set that
//! ordinary text does not have them in a row. Such a *run* counts as well.

use super::syntax::Tree;

/// How long a run is at least.
const MIN_RUN: u32 = 16;

/// What a match has at least one of.
#[derive(Debug)]
pub(super) struct Required {
    bytes: Box<[bool; 256]>,
    runs: Vec<(Box<[bool; 256]>, usize)>,
}

impl Required {
    /// Chooses what the matches of all patterns have, if that excludes the most usual letters.
    /// `barriers` are the characters that no pattern consumes.
    pub(super) fn new(trees: &[Tree], barriers: &[bool; 128]) -> Option<Self> {
        let barriers = (0..128)
            .filter(|&code| barriers[code])
            .fold(0, |mask, code| mask | 1 << code);
        let mut chosen = vec![Need::default(); trees.len()];
        // What the first round takes for one pattern, others can use in the second.
        let mut need = Need::default();
        for _ in 0..2 {
            let after = chosen.iter().rev().scan(Need::default(), |sum, need| {
                let after = sum.clone();
                *sum = sum.clone().with(need);
                Some(after)
            });
            let mut after: Vec<Need> = after.collect();
            need = Need::default();
            for (tree, chosen) in trees.iter().zip(&mut chosen) {
                let others = after.pop().unwrap_or_default().with(&need);
                *chosen = choose(tree, &others, barriers)?;
                need = need.with(chosen);
            }
        }
        if LETTERS & !need.set.ascii == 0 {
            return None;
        }
        let runs = need.runs.iter();
        Some(Self {
            bytes: need.set.bytes(),
            runs: runs
                .map(|(set, count)| (set.bytes(), *count as usize))
                .collect(),
        })
    }

    /// Returns the first position, from `start` on, before which no match begins: the start of
    /// a line if lines divide the text. Without one, it returns the position after the last.
    pub(super) fn skip(&self, text: &[u8], start: usize, lines: bool) -> usize {
        // A look-behind can ask for the character before.
        if start > 0 && self.bytes[usize::from(text[start - 1])] {
            return start;
        }
        let rest = &text[start..];
        let found = self.first_byte(rest);
        let before = &rest[..found.unwrap_or(rest.len())];
        let runs = self.runs.iter();
        let Some(place) = runs
            .filter_map(|(set, count)| first_run(before, set, *count))
            .min()
            .or(found)
        else {
            return text.len() + 1;
        };
        if !lines {
            return start;
        }
        let line = rest[..place].iter().rposition(|&byte| byte == b'\n');
        start + line.map_or(0, |line| line + 1)
    }

    fn first_byte(&self, text: &[u8]) -> Option<usize> {
        let is_required = |&byte: &u8| self.bytes[usize::from(byte)];
        let any = |chunk: &[u8]| {
            chunk
                .iter()
                .fold(false, |any, byte| any | is_required(byte))
        };
        let none = text.chunks(8).take_while(|chunk| !any(chunk)).count() * 8;
        let place = text.get(none..)?.iter().position(is_required)?;
        Some(none + place)
    }
}

/// Returns where the first run of so many bytes of a set begins. It looks at each byte once at
/// most, and where there is no run, at few of them.
fn first_run(text: &[u8], set: &[bool; 256], count: usize) -> Option<usize> {
    let has = |place: usize| set[usize::from(text[place])];
    let mut start = 0;
    // All bytes from `start` to before `known` are of the set.
    let mut known = 0;
    while start + count <= text.len() {
        let mut place = start + count;
        while place > known && has(place - 1) {
            place -= 1;
        }
        if place == known {
            return Some(start);
        }
        // The byte before `place` is not of the set, those from there on are.
        known = start + count;
        start = place;
    }
    None
}

const LETTERS: u128 = range(b'a', b'z');

const fn range(first: u8, last: u8) -> u128 {
    (u128::MAX >> (127 - last)) & (u128::MAX << first)
}

const fn one_of(bytes: &[u8]) -> u128 {
    let mut mask = 0;
    let mut place = 0;
    while place < bytes.len() {
        mask |= 1 << bytes[place];
        place += 1;
    }
    mask
}

/// About how frequent characters are in logs and messages: what is added for each of a set.
const FREQUENCIES: [(u128, u32); 4] = [
    (u128::MAX, 2),
    (range(b'0', b'9') | one_of(b".-_:/,"), 6),
    (range(b'A', b'Z'), 2),
    (LETTERS | 1 << b' ', 20),
];

/// How frequent a character is that is not ASCII, and a run.
const NOT_ASCII: u32 = 30;
const RUN: u32 = 30;

/// A set of characters. All that are not ASCII count as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Chars {
    ascii: u128,
    others: bool,
}

impl Chars {
    fn bytes(self) -> Box<[bool; 256]> {
        let mut bytes = Box::new([self.others; 256]);
        for (code, byte) in bytes[..128].iter_mut().enumerate() {
            *byte = self.ascii >> code & 1 == 1;
        }
        bytes
    }
}

/// What of the matches have at least one: a character, or a run.
#[derive(Clone, Debug, Default)]
struct Need {
    set: Chars,
    runs: Vec<(Chars, u32)>,
}

impl Need {
    fn with(mut self, other: &Need) -> Self {
        self.set.ascii |= other.set.ascii;
        self.set.others |= other.set.others;
        for run in &other.runs {
            if !self.runs.contains(run) {
                self.runs.push(*run);
            }
        }
        self
    }

    /// Returns about how much more frequent it makes what is needed.
    fn cost(&self, known: &Need) -> u32 {
        let new = self.set.ascii & !known.set.ascii;
        let of = |(mask, frequency): (u128, u32)| (new & mask).count_ones() * frequency;
        let runs = self.runs.iter().filter(|it| !known.runs.contains(it));
        let others = self.set.others && !known.set.others;
        FREQUENCIES.map(of).iter().sum::<u32>()
            + u32::from(others) * NOT_ASCII
            + runs.count() as u32 * RUN
    }
}

/// Returns what each match of a regex has, the least frequent besides what is known.
fn choose(tree: &Tree, known: &Need, barriers: u128) -> Option<Need> {
    match tree {
        Tree::Set(set) => {
            let mut chars = Chars::default();
            for &(start, end) in set.ranges() {
                if start >= 128 {
                    chars.others = true;
                    break;
                }
                chars.ascii |= range(start as u8, end.min(127) as u8);
                chars.others |= end >= 128;
            }
            Some(Need {
                set: chars,
                runs: Vec::new(),
            })
        }
        Tree::Concat(parts) => {
            let needs = parts.iter().filter_map(|it| choose(it, known, barriers));
            needs.min_by_key(|need| need.cost(known))
        }
        Tree::Alternate(parts) => parts.iter().try_fold(Need::default(), |sum, part| {
            let known = known.clone().with(&sum);
            Some(sum.with(&choose(part, &known, barriers)?))
        }),
        Tree::Repeat { min: 0, .. } => None,
        Tree::Repeat { body, min, .. } => {
            let one = choose(body, known, barriers)?;
            if !matches!(**body, Tree::Set(_)) || *min < MIN_RUN || one.set.others {
                return Some(one);
            }
            let run = Need {
                set: Chars::default(),
                runs: vec![(one.set, *min)],
            };
            Some(if run.cost(known) < one.cost(known) {
                run
            } else {
                one
            })
        }
        Tree::Atomic(body) => choose(body, known, barriers),
        // It sees no barrier, so what it sees is on the same line.
        Tree::Ahead {
            body,
            negated: false,
        } => choose(body, known, barriers),
        // It may see the barrier before the line: then it says nothing about the line.
        Tree::Behind {
            body,
            negated: false,
            width: 1,
        } => choose(body, known, barriers).filter(|need| need.set.ascii & barriers & LINE == 0),
        _ => None,
    }
}

const LINE: u128 = 1 << b'\n';

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameterization::defaults::DEFAULT_PATTERNS;
    use crate::parameterization::syntax::parse;

    fn required(regexes: &[&str]) -> Option<Required> {
        let trees: Vec<_> = regexes.iter().map(|it| parse(it).unwrap()).collect();
        let mut barriers = [false; 128];
        barriers[usize::from(b'\n')] = true;
        Required::new(&trees, &barriers)
    }

    fn chosen(required: &Required) -> (String, Vec<usize>) {
        let bytes = (0..128_u8).filter(|&it| required.bytes[usize::from(it)]);
        let runs = required.runs.iter().map(|it| it.1);
        (bytes.map(char::from).collect(), runs.collect())
    }

    #[test]
    fn the_rarest_is_chosen() {
        let rows: &[(&[&str], &str, &[usize])] = &[
            (&[r"[a-z]+ @ [a-z]+"], "@", &[]),
            (&["[0-9a-f]{40}", "x[0-9]"], "x", &[40]),
            (&["[0-9]+ - [0-9]+", "[0-9]+"], "0123456789", &[]),
            (&["(?<==)(?:true|false)", "(?=.*;)a"], ";=", &[]),
            (&["ab(?:Q|D[0-9])x?"], "DQ", &[]),
        ];
        for (regexes, bytes, runs) in rows {
            let found = chosen(&required(regexes).unwrap());
            assert_eq!((&*found.0, &found.1[..]), (*bytes, *runs), "{regexes:?}");
        }
        for regexes in [&["[a-z]+"][..], &["a*"], &["@", "(?!a)"], &["[0-9]?"]] {
            assert!(required(regexes).is_none(), "{regexes:?}");
        }
        let defaults: Vec<_> = DEFAULT_PATTERNS.iter().map(|it| it.1).collect();
        let (bytes, runs) = chosen(&required(&defaults).unwrap());
        assert_eq!((&*bytes, &runs[..]), ("-.0123456789:=", &[40, 32][..]));
    }

    #[test]
    fn lines_without_it_are_skipped() {
        let some = required(&["[a-f]{20}", "(?<==)x", "[0-9]"]).unwrap();
        let run = "abcdefabcdefabcdefab";
        let rows = [
            ("", 0, 1),
            ("none", 0, 5),
            ("none\nnone\n1", 0, 10),
            ("none\nno=x", 0, 5),
            ("=x", 1, 1),
            ("none\né1", 0, 5),
            (&format!("g\n{run}"), 0, 2),
            (&format!("g\n{}g", &run[1..]), 0, 23),
            (&format!("1g{run}"), 2, 2),
        ];
        for (text, start, expected) in rows {
            assert_eq!(
                some.skip(text.as_bytes(), start, true),
                expected,
                "{text:?}"
            );
        }
        assert_eq!(some.skip(b"none\n1", 0, false), 0);
    }

    #[test]
    fn runs_are_found() {
        let set = Chars {
            ascii: LETTERS,
            others: false,
        };
        let set = set.bytes();
        for text in [
            "",
            "-",
            "abc",
            "ab-abc",
            "ab-ab-ab",
            "abab-abc-",
            "---abcd",
            "a-bc-def",
        ] {
            let expected = text
                .as_bytes()
                .windows(3)
                .position(|it| it.iter().all(|&byte| set[usize::from(byte)]));
            assert_eq!(first_run(text.as_bytes(), &set, 3), expected, "{text}");
        }
    }
}
