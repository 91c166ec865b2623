//! The index of a field: finds the conditions that a frame may meet without trying all of them.
//!
//! The index contains one pattern of each all-of condition and all patterns of each none-of
//! condition ([`crate::glob`] describes how it finds patterns). For a condition that it finds, a
//! candidate, all patterns are tried.
//!
//! The search for texts anywhere in a value takes most of the time. So there is a table for each
//! family, with the conditions that frames of that family can meet. Most of these tables are empty.

use super::glob::{FieldValue, Glob};
use super::ids::ConditionId;
use crate::enhancements::family::Families;
use crate::glob::{Index, IndexBuilder};

/// The single families.
pub(super) const FAMILIES: [Families; 3] =
    [Families::JAVASCRIPT, Families::NATIVE, Families::OTHER];

/// The index of one field.
#[derive(Default)]
pub(super) struct FieldIndex(Index);

impl FieldIndex {
    /// Appends the conditions that the value may meet. A condition can be repeated.
    #[inline]
    pub(super) fn candidates(
        &self,
        value: &FieldValue<'_>,
        families: Families,
        found: &mut Vec<u32>,
    ) {
        self.0.candidates(&value.forms, found);
        if families == Families::NONE {
            self.0.candidates_inside(0, &value.forms, found);
        }
        for (table, family) in (1..).zip(FAMILIES) {
            if families.intersects(family) {
                self.0.candidates_inside(table, &value.forms, found);
            }
        }
    }
}

/// Collects conditions, each with a pattern, and builds an index. It has a table for frames without
/// a family, and one for each family.
#[derive(Default)]
pub(super) struct FieldIndexBuilder<'a>(IndexBuilder<'a, 4>);

impl<'a> FieldIndexBuilder<'a> {
    /// Adds a condition. `can_meet` returns whether a frame of these families can meet it.
    pub(super) fn add(
        &mut self,
        glob: &'a Glob,
        condition: ConditionId,
        can_meet: impl Fn(Families) -> bool,
    ) {
        // A frame can have several families, and each of their tables is searched.
        let met_with = |family: Families| {
            let pairs = FAMILIES.map(|other| family | other); // one of them is itself
            can_meet(Families::ALL) || pairs.into_iter().any(&can_meet)
        };
        let [javascript, native, other] = FAMILIES.map(met_with);
        let tables = [can_meet(Families::NONE), javascript, native, other];
        self.0.add(glob.anchors(), condition.0, tables);
    }

    pub(super) fn build(self) -> FieldIndex {
        FieldIndex(self.0.build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::pattern::{Dialect, Pattern};

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
            builder.add(glob, ConditionId(condition), |_| true);
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
            let value = FieldValue::new(value.as_bytes(), Dialect::Path, &mut scratch);
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
