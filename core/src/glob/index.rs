//! The index: which of many globs a value may match, without trying all of them.
//!
//! Of each glob one text is chosen that every matching value has, its *anchor*. Where
//! the anchor is found, the glob is a candidate, to be tried.
//!
//! ```text
//! anchor               kept in                 /usr/lib/**          std::*
//! at the front         trie                    **/lib*.so           *::new
//! at the end           trie, from the back     **/node_modules/**   *alloc*
//! anywhere             tables of 4-grams
//! none, or too short   list, always tried      ?                    *
//! ```
//!
//! A short text at the front or end says little (`**.js`), and many globs may have the same
//! (`src/*/module7/*.py`); then one inside is better, by its rarest four bytes.
//!
//! Looking for texts anywhere costs time for every byte of a value. So there can be several
//! tables for that, each with some of the globs, and a value is looked up in those that
//! matter for it.

use std::collections::HashMap;

use super::grams::{grams, Gram, Grams, GramsBuilder, GRAM};
use super::program::{Anchor, Value};
use super::trie::{End, Trie};

/// A front or end shorter than this is worth less than four bytes inside.
const TELLING: usize = 4;

/// A front or end that more globs have than this is compared with what is inside.
const CROWDED: u32 = 8;

/// Texts that lead to the numbers of globs.
#[derive(Default)]
pub(crate) struct Index {
    heads: Trie,
    tails: Trie,
    inside: Box<[Grams]>,
    rest: Box<[u32]>,
}

impl Index {
    /// Appends the numbers of globs that the value may match, but for those that are known
    /// by a text inside; some may come twice.
    #[inline]
    pub(crate) fn candidates(&self, value: &Value<'_>, found: &mut Vec<u32>) {
        self.heads.find(End::Front, value.folded, found);
        if let Some(rooted) = value.rooted {
            self.heads.find(End::Front, rooted, found);
        }
        self.tails.find(End::Back, value.widest(), found);
        found.extend_from_slice(&self.rest);
    }

    /// Appends the others, of one table.
    #[inline]
    pub(crate) fn candidates_inside(&self, table: usize, value: &Value<'_>, found: &mut Vec<u32>) {
        self.inside[table].find(value.widest(), found);
    }
}

/// The texts that each choice of a glob asks for; `None` if that is not known.
pub(crate) type Anchors<'a> = Option<Vec<Vec<Anchor<'a>>>>;

/// Collects globs and makes an index of them, with `TABLES` tables for texts inside.
pub(crate) struct IndexBuilder<'a, const TABLES: usize> {
    globs: Vec<(Anchors<'a>, u32, [bool; TABLES])>,
}

impl<const TABLES: usize> Default for IndexBuilder<'_, TABLES> {
    fn default() -> Self {
        Self { globs: Vec::new() }
    }
}

impl<'a, const TABLES: usize> IndexBuilder<'a, TABLES> {
    /// Adds a glob by its anchors, with the number to report, and whether it is needed in
    /// each of the tables.
    pub(crate) fn add(&mut self, anchors: Anchors<'a>, number: u32, tables: [bool; TABLES]) {
        self.globs.push((anchors, number, tables));
    }

    pub(crate) fn build(self) -> Index {
        let mut counts: HashMap<Gram, u32> = HashMap::new();
        let mut edges: HashMap<Anchor<'_>, u32> = HashMap::new();
        let anchors = self
            .globs
            .iter()
            .filter_map(|(choices, ..)| choices.as_ref());
        for &anchor in anchors.flatten().flatten() {
            if let Anchor::Inside(text) = anchor {
                for gram in grams(text) {
                    *counts.entry(gram).or_default() += 1;
                }
            } else {
                *edges.entry(anchor).or_default() += 1;
            }
        }
        let count = |gram: Gram| counts.get(&gram).copied().unwrap_or(0);
        let crowd = |anchor: Anchor<'_>| match anchor {
            Anchor::Inside(text) => grams(text).map(count).min().unwrap_or(u32::MAX),
            edge => edges.get(&edge).copied().unwrap_or(0),
        };

        let (mut heads, mut tails, mut rest) = (vec![], vec![], vec![]);
        let mut inside: [GramsBuilder; TABLES] = std::array::from_fn(|_| GramsBuilder::default());
        for (choices, number, tables) in &self.globs {
            let chosen: Option<Vec<_>> = choices.as_ref().and_then(|choices| {
                choices
                    .iter()
                    .map(|anchors| choose(anchors, crowd))
                    .collect()
            });
            let Some(chosen) = chosen else {
                rest.push(*number);
                continue;
            };
            for anchor in chosen {
                match anchor {
                    Anchor::Head(text) => heads.push((text, *number)),
                    Anchor::Tail(text) => tails.push((text, *number)),
                    Anchor::Inside(text) => {
                        for (table, _) in inside.iter_mut().zip(tables).filter(|(_, &used)| used) {
                            table.add(text, *number, count);
                        }
                    }
                }
            }
        }
        Index {
            heads: Trie::new(End::Front, heads),
            tails: Trie::new(End::Back, tails),
            inside: inside.into_iter().map(GramsBuilder::build).collect(),
            rest: rest.into(),
        }
    }
}

/// How telling the best anchor of a glob is: longer is rarer. 0 is none.
pub(crate) fn selectivity(choices: &Anchors<'_>) -> usize {
    let len = |anchors: &Vec<Anchor<'_>>| match choose(anchors, |_| 0) {
        Some(Anchor::Head(text) | Anchor::Tail(text) | Anchor::Inside(text)) => text.len(),
        None => 0,
    };
    choices.iter().flatten().map(len).min().unwrap_or(0)
}

/// The anchor to look for. `crowd` tells how many globs share it, about.
fn choose<'a>(anchors: &[Anchor<'a>], crowd: impl Fn(Anchor<'a>) -> u32) -> Option<Anchor<'a>> {
    let longest = |wanted: fn(&Anchor<'_>) -> bool| {
        let len = |anchor: &&Anchor<'_>| match anchor {
            Anchor::Head(text) | Anchor::Tail(text) | Anchor::Inside(text) => text.len(),
        };
        let best = anchors.iter().filter(|a| wanted(a)).max_by_key(len)?;
        Some((len(&best), *best))
    };
    let edge = longest(|anchor| !matches!(anchor, Anchor::Inside(_)));
    let inside = anchors
        .iter()
        .filter(|anchor| matches!(anchor, Anchor::Inside(text) if text.len() >= GRAM))
        .min_by_key(|anchor| match anchor {
            Anchor::Inside(text) => (crowd(**anchor), usize::MAX - text.len()),
            _ => (u32::MAX, 0),
        });
    match (edge, inside) {
        (Some((len, edge)), None) if len > 0 => Some(edge),
        (Some((len, edge)), Some(&inside)) if len >= TELLING => {
            let crowded = crowd(edge);
            Some(if crowded > CROWDED && crowd(inside) < crowded {
                inside
            } else {
                edge
            })
        }
        (_, Some(&inside)) => Some(inside),
        (edge, None) => edge.map(|(_, edge)| edge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glob::{Program, Syntax};

    #[test]
    fn the_most_telling_anchor_is_chosen() {
        for (separators, pattern, expected) in [
            (false, "std::*", Some(Anchor::Head(b"std::"))),
            (false, "*::new", Some(Anchor::Tail(b"::new"))),
            (false, "*alloc*", Some(Anchor::Inside(b"alloc"))),
            (
                true,
                "**/node_modules/*.js",
                Some(Anchor::Inside(b"node_modules/")),
            ),
            (true, "**.js", Some(Anchor::Tail(b".js"))),
            (true, "**/a/**", None),
            (false, "*", None),
        ] {
            let syntax = Syntax {
                separators,
                ..Syntax::default()
            };
            let program = Program::new(pattern, syntax);
            assert_eq!(
                choose(&program.anchors().unwrap()[0], |_| 0),
                expected,
                "{pattern}"
            );
        }
    }
}
