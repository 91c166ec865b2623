//! The index: which conditions a frame may meet, without trying all of them.
//!
//! Of the patterns of a condition one is chosen, and of that pattern one text that every
//! matching value has, its *anchor*. Where the anchor is found, the condition is a
//! candidate, and all its patterns are tried.
//!
//! ```text
//! anchor               kept in                 path:/usr/lib/**          function:std::*
//! at the front         trie                    path:**/lib*.so           function:*::new
//! at the end           trie, from the back     path:**/node_modules/**   function:*alloc*
//! anywhere             tables of 4-grams
//! none, or too short   list, always tried      function:?                function:*
//! ```
//!
//! A short text at the front or end says little (`**.js`), and many conditions may have
//! the same; then a longer one inside is better.
//!
//! Looking for texts anywhere costs time for every byte of a value, so there is a table for
//! each family, with the conditions that frames of that family can meet. Mostly it is empty.

use std::collections::HashMap;

use super::glob::{Anchor, Glob, Value};
use super::grams::{grams, Gram, Grams, GramsBuilder, GRAM};
use super::trie::{End, Trie};
use crate::enhancements::family::Families;

/// A front or end shorter than this is worth less than four bytes inside.
const TELLING: usize = 4;

const FAMILIES: [Families; 3] = [Families::JAVASCRIPT, Families::NATIVE, Families::OTHER];

/// The index of one field.
#[derive(Default)]
pub(super) struct FieldIndex {
    heads: Trie,
    tails: Trie,
    /// For frames of no family, and of each family.
    inside: [Grams; 4],
    rest: Box<[u32]>,
}

impl FieldIndex {
    /// Appends the conditions that the value may meet; some may come twice.
    #[inline]
    pub(super) fn candidates(&self, value: &Value<'_>, families: Families, found: &mut Vec<u32>) {
        self.heads.find(End::Front, value.folded, found);
        if let Some(rooted) = value.rooted {
            self.heads.find(End::Front, rooted, found);
        }
        self.tails.find(End::Back, value.widest(), found);
        if families == Families::NONE {
            self.inside[0].find(value.widest(), found);
        }
        for (table, family) in self.inside[1..].iter().zip(FAMILIES) {
            if families.intersects(family) {
                table.find(value.widest(), found);
            }
        }
        found.extend_from_slice(&self.rest);
    }
}

/// Collects conditions, each with a pattern, and makes an index of them.
#[derive(Default)]
pub(super) struct FieldIndexBuilder<'a> {
    conditions: Vec<Indexed<'a>>,
}

/// A pattern by which a condition is found.
struct Indexed<'a> {
    glob: &'a Glob,
    condition: u32,
    /// For frames of no family, and of each family: whether such a frame can meet it.
    families: [bool; 4],
}

impl<'a> FieldIndexBuilder<'a> {
    /// Adds a condition. `can_meet` tells whether a frame of these families could meet it.
    pub(super) fn add(
        &mut self,
        glob: &'a Glob,
        condition: u32,
        can_meet: impl Fn(Families) -> bool,
    ) {
        // A frame can be of several families at once, and be found by any of them.
        let met_with = |family: Families| {
            let pairs = FAMILIES.map(|other| family | other); // one of them is itself
            can_meet(Families::ALL) || pairs.into_iter().any(&can_meet)
        };
        let [javascript, native, other] = FAMILIES.map(met_with);
        self.conditions.push(Indexed {
            glob,
            condition,
            families: [can_meet(Families::NONE), javascript, native, other],
        });
    }

    pub(super) fn build(self) -> FieldIndex {
        let anchored: Vec<_> = self.conditions.iter().map(|c| c.glob.anchors()).collect();
        let mut counts: HashMap<Gram, u32> = HashMap::new();
        for anchor in anchored.iter().flatten().flatten().flatten() {
            if let Anchor::Inside(text) = anchor {
                for gram in grams(text) {
                    *counts.entry(gram).or_default() += 1;
                }
            }
        }
        let count = |gram: Gram| counts.get(&gram).copied().unwrap_or(0);

        let (mut heads, mut tails, mut rest) = (vec![], vec![], vec![]);
        let mut inside: [GramsBuilder; 4] = Default::default();
        for (choices, indexed) in anchored.iter().zip(&self.conditions) {
            let chosen: Option<Vec<_>> = choices
                .as_ref()
                .and_then(|choices| choices.iter().map(|anchors| choose(anchors)).collect());
            let Some(chosen) = chosen else {
                rest.push(indexed.condition);
                continue;
            };
            for anchor in chosen {
                match anchor {
                    Anchor::Head(text) => heads.push((text, indexed.condition)),
                    Anchor::Tail(text) => tails.push((text, indexed.condition)),
                    Anchor::Inside(text) => {
                        for (table, can_meet) in inside.iter_mut().zip(indexed.families) {
                            if can_meet {
                                table.add(text, indexed.condition, count);
                            }
                        }
                    }
                }
            }
        }
        FieldIndex {
            heads: Trie::new(End::Front, heads),
            tails: Trie::new(End::Back, tails),
            inside: inside.map(GramsBuilder::build),
            rest: rest.into(),
        }
    }
}

/// How telling the best anchor of a pattern is: longer is rarer. 0 is none.
pub(super) fn selectivity(glob: &Glob) -> usize {
    let len = |anchors: &Vec<Anchor<'_>>| match choose(anchors) {
        Some(Anchor::Head(text) | Anchor::Tail(text) | Anchor::Inside(text)) => text.len(),
        None => 0,
    };
    let choices = glob.anchors().unwrap_or_default();
    choices.iter().map(len).min().unwrap_or(0)
}

/// The anchor to look for.
fn choose<'a>(anchors: &[Anchor<'a>]) -> Option<Anchor<'a>> {
    let longest = |wanted: fn(&Anchor<'_>) -> bool| {
        let len = |anchor: &&Anchor<'_>| match anchor {
            Anchor::Head(text) | Anchor::Tail(text) | Anchor::Inside(text) => text.len(),
        };
        let best = anchors.iter().filter(|a| wanted(a)).max_by_key(len)?;
        Some((len(&best), *best))
    };
    let edge = longest(|anchor| !matches!(anchor, Anchor::Inside(_)));
    let inside =
        longest(|anchor| matches!(anchor, Anchor::Inside(_))).filter(|&(len, _)| len >= GRAM);
    match (edge, inside) {
        (Some((len, edge)), _) if len >= TELLING => Some(edge),
        (_, Some((_, inside))) => Some(inside),
        (edge, None) => edge.map(|(_, edge)| edge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::pattern::{Dialect, Pattern};

    #[test]
    fn the_most_telling_anchor_is_chosen() {
        for (dialect, pattern, expected) in [
            (Dialect::Name, "std::*", Some(Anchor::Head(b"std::"))),
            (Dialect::Name, "*::new", Some(Anchor::Tail(b"::new"))),
            (Dialect::Name, "*alloc*", Some(Anchor::Inside(b"alloc"))),
            (
                Dialect::Path,
                "**/node_modules/*.js",
                Some(Anchor::Inside(b"node_modules/")),
            ),
            (Dialect::Path, "**.js", Some(Anchor::Tail(b".js"))),
            (Dialect::Path, "**/a/**", None),
            (Dialect::Name, "*", None),
        ] {
            let glob = Glob::new(&Pattern::new(pattern, dialect));
            assert_eq!(choose(&glob.anchors().unwrap()[0]), expected, "{pattern}");
        }
    }

    #[test]
    fn every_matching_condition_is_a_candidate() {
        let patterns = [
            "/usr/lib/**",
            "**/lib*.so",
            "**/node_modules/**",
            "a*",
            "*",
            "/x",
            "**/a/**",
            "**/{lib,src}/*.{c,so}",
            "[é]",
        ];
        let globs: Vec<_> = patterns
            .map(|text| Glob::new(&Pattern::new(text, Dialect::Path)))
            .into();
        let mut builder = FieldIndexBuilder::default();
        for (glob, condition) in globs.iter().zip(0..) {
            builder.add(glob, condition, |_| true);
        }
        let index = builder.build();
        for value in [
            "/usr/lib/a.so",
            "usr/lib/a",
            "lib.so",
            "/x",
            "x",
            "a",
            "/q/node_modules/b",
            "q/a/c",
            "",
        ] {
            let mut scratch = Vec::new();
            let value = Value::new(value.as_bytes(), Dialect::Path, &mut scratch);
            let mut found = Vec::new();
            index.candidates(&value, Families::OTHER, &mut found);
            for (glob, condition) in globs.iter().zip(0..) {
                assert!(
                    !glob.is_match(&value) || found.contains(&condition),
                    "{}",
                    patterns[condition as usize]
                );
            }
        }
    }
}
