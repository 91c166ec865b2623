//! The index: finds which of many globs may match a value, without trying all of them.
//!
//! The index finds a glob by its *anchor*, a text that every matching value contains. If a value
//! contains the anchor, the glob is a candidate, which the caller tries.
//!
//! ```text
//! anchor               found by                /usr/lib/**          std::*
//! at the front         trie                    **/lib*.so           *::new
//! at the end           trie, from the back     **/node_modules/**   *alloc*
//! anywhere             tables of 4-grams
//! none, or too short   always tried            ?                    *
//! ```
//!
//! A short text at the front or end is in many values (`**.js`), and many globs may share it
//! (`src/*/module7/*.py`). Then a text inside the glob is a better anchor; it is found by its
//! rarest four bytes.
//!
//! The search for texts anywhere takes time for every byte of a value. So an index can have several
//! tables of 4-grams, each with some of the globs, and the caller selects the tables to search for
//! a value.

use std::collections::HashMap;

use super::grams::{grams, Gram, Grams, GramsBuilder, GRAM};
use super::program::{Anchor, Value};
use super::trie::{End, Trie};

/// A front or end that is shorter than this is less selective than four bytes inside.
const MIN_SELECTIVE: usize = 4;

/// If more globs than this share a front or end, it is compared with the texts inside.
const MAX_SHARED: u32 = 8;

/// Finds the numbers of globs by their anchors.
#[derive(Default)]
pub(crate) struct Index {
    heads: Trie,
    tails: Trie,
    inside: Box<[Grams]>,
    rest: Box<[u32]>,
}

impl Index {
    /// Appends the numbers of globs that may match the value, except those whose anchor is
    /// inside. A number can be repeated.
    #[inline]
    pub(crate) fn candidates(&self, value: &Value<'_>, found: &mut Vec<u32>) {
        self.heads.find(End::Front, value.folded, found);
        if let Some(rooted) = value.rooted {
            self.heads.find(End::Front, rooted, found);
        }
        self.tails.find(End::Back, value.widest(), found);
        found.extend_from_slice(&self.rest);
    }

    /// Appends the numbers of globs that may match the value and whose anchor is inside, from
    /// one table. A number can be repeated.
    #[inline]
    pub(crate) fn candidates_inside(&self, table: usize, value: &Value<'_>, found: &mut Vec<u32>) {
        self.inside[table].find(value.widest(), found);
    }
}

/// The possible anchors of each row of a glob; `None` if they are not known.
pub(crate) type Anchors<'a> = Option<Vec<Vec<Anchor<'a>>>>;

/// Collects globs and builds an index of them, with `TABLES` tables for anchors inside.
pub(crate) struct IndexBuilder<'a, const TABLES: usize> {
    globs: Vec<(Anchors<'a>, u32, [bool; TABLES])>,
}

impl<const TABLES: usize> Default for IndexBuilder<'_, TABLES> {
    fn default() -> Self {
        Self { globs: Vec::new() }
    }
}

impl<'a, const TABLES: usize> IndexBuilder<'a, TABLES> {
    /// Adds a glob with its number. `tables` selects the tables that need it.
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
        let shared = |anchor: Anchor<'_>| match anchor {
            Anchor::Inside(text) => grams(text).map(count).min().unwrap_or(u32::MAX),
            edge => edges.get(&edge).copied().unwrap_or(0),
        };

        let (mut heads, mut tails, mut rest) = (vec![], vec![], vec![]);
        let mut inside: [GramsBuilder; TABLES] = std::array::from_fn(|_| GramsBuilder::default());
        for (choices, number, tables) in &self.globs {
            let chosen: Option<Vec<_>> = choices.as_ref().and_then(|choices| {
                choices
                    .iter()
                    .map(|anchors| choose(anchors, shared))
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

/// Returns how selective the best anchor of a glob is: its length, or 0 without an anchor.
pub(crate) fn selectivity(choices: &Anchors<'_>) -> usize {
    let len = |anchors: &Vec<Anchor<'_>>| match choose(anchors, |_| 0) {
        Some(Anchor::Head(text) | Anchor::Tail(text) | Anchor::Inside(text)) => text.len(),
        None => 0,
    };
    choices.iter().flatten().map(len).min().unwrap_or(0)
}

/// Chooses the anchor of a row. `shared` estimates how many globs have an anchor.
fn choose<'a>(anchors: &[Anchor<'a>], shared: impl Fn(Anchor<'a>) -> u32) -> Option<Anchor<'a>> {
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
            Anchor::Inside(text) => (shared(**anchor), usize::MAX - text.len()),
            _ => (u32::MAX, 0),
        });
    match (edge, inside) {
        (Some((len, edge)), None) if len > 0 => Some(edge),
        (Some((len, edge)), Some(&inside)) if len >= MIN_SELECTIVE => {
            let at_edge = shared(edge);
            Some(if at_edge > MAX_SHARED && shared(inside) < at_edge {
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
    fn the_most_selective_anchor_is_chosen() {
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
