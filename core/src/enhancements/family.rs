//! Families: the three kinds of platform that a frame can come from.
//!
//! The argument of `family:` and the family of a frame are both comma-separated lists of `native`,
//! `javascript`, `other` and `all`. They match if they share a family:
//!
//! ```text
//! rule   family:native,javascript   ->  native | javascript
//! frame  native                     ->  native                share one: match
//! frame  (missing)                  ->  other                 none shared
//! frame  elixir                     ->  (none)                never matches
//! ```

use std::fmt;
use std::ops::BitOr;

/// A set of families.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Families(u8);

impl Families {
    /// No family, for an unknown name.
    pub const NONE: Self = Self(0);
    /// Frames of `javascript` and `node` programs.
    pub const JAVASCRIPT: Self = Self(1);
    /// Frames of compiled programs: C, C++, Objective-C, Swift, Rust.
    pub const NATIVE: Self = Self(2);
    /// Every other platform, and frames without a family.
    pub const OTHER: Self = Self(4);
    /// All of them.
    pub const ALL: Self = Self(7);

    /// The families in rules: the name in the text form, the letter in the binary form, the set.
    pub(super) const NAMED: [(&'static str, char, Self); 4] = [
        ("native", 'N', Self::NATIVE),
        ("javascript", 'J', Self::JAVASCRIPT),
        ("other", 'O', Self::OTHER),
        ("all", 'a', Self::ALL),
    ];

    /// Reads a comma-separated list of names. Unknown names are ignored.
    pub fn from_names(names: &str) -> Self {
        let family = |name| Self::NAMED.into_iter().find(|(known, ..)| *known == name);
        let found = names.split(',').filter_map(family);
        found.fold(Self::NONE, |all, (.., family)| all | family)
    }

    /// Returns the families of a frame. A missing value is `other`.
    pub fn of_frame(family: Option<&str>) -> Self {
        match family {
            // Nearly all frames have one of these values, so they need no search for commas.
            None | Some("other") => Self::OTHER,
            Some("native") => Self::NATIVE,
            Some("javascript") => Self::JAVASCRIPT,
            Some(names) => Self::from_names(names),
        }
    }

    /// Returns the name of a single family; `all` for other sets.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NATIVE => "native",
            Self::JAVASCRIPT => "javascript",
            Self::OTHER => "other",
            _ => "all",
        }
    }

    /// Returns whether the two sets share a family.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns the set as bits: 1 javascript, 2 native, 4 other.
    pub fn bits(self) -> u8 {
        self.0
    }
}

impl BitOr for Families {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Families {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return f.write_str("all");
        }
        let mut first = true;
        let one_by_one = Self::NAMED
            .iter()
            .filter(|(.., family)| *family != Self::ALL);
        for &(name, _, family) in one_by_one {
            if self.intersects(family) {
                if !first {
                    f.write_str(",")?;
                }
                f.write_str(name)?;
                first = false;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_sets() {
        for (names, expected) in [
            ("native", Families::NATIVE),
            ("javascript,native", Families::JAVASCRIPT | Families::NATIVE),
            ("all", Families::ALL),
            ("other,,", Families::OTHER),
            ("Native", Families::NONE),
            ("", Families::NONE),
            (" native", Families::NONE),
        ] {
            assert_eq!(Families::from_names(names), expected, "{names:?}");
        }
    }

    #[test]
    fn a_missing_family_is_other_and_an_unknown_one_is_none() {
        assert_eq!(Families::of_frame(None), Families::OTHER);
        assert_eq!(Families::of_frame(Some("elixir")), Families::NONE);
        assert!(!Families::ALL.intersects(Families::of_frame(Some("elixir"))));
    }
}
