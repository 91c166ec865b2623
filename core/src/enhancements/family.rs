//! Families: the three kinds of platform that a frame can come from.
//!
//! Both sides of `family:` are read the same way, as a comma list of
//! `native`, `javascript`, `other` and `all`; they match when they share one:
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
    /// No family: what an unknown name stands for.
    pub const NONE: Self = Self(0);
    /// Frames of `javascript` and `node` programs.
    pub const JAVASCRIPT: Self = Self(1);
    /// Frames of compiled programs: C, C++, Objective-C, Swift, Rust.
    pub const NATIVE: Self = Self(2);
    /// Every other platform, and frames that do not say.
    pub const OTHER: Self = Self(4);
    /// All of them.
    pub const ALL: Self = Self(7);

    /// What rules can name: the name in the text form, the letter in the binary form, the set.
    pub(super) const NAMED: [(&'static str, char, Self); 4] = [
        ("native", 'N', Self::NATIVE),
        ("javascript", 'J', Self::JAVASCRIPT),
        ("other", 'O', Self::OTHER),
        ("all", 'a', Self::ALL),
    ];

    /// Reads a comma list of names. Unknown names count for nothing.
    pub fn from_names(names: &str) -> Self {
        let family = |name| Self::NAMED.into_iter().find(|(known, ..)| *known == name);
        let found = names.split(',').filter_map(family);
        found.fold(Self::NONE, |all, (.., family)| all | family)
    }

    /// The families of a frame: a missing value is `other`.
    pub fn of_frame(family: Option<&str>) -> Self {
        match family {
            // What nearly all frames say, without looking for commas.
            None | Some("other") => Self::OTHER,
            Some("native") => Self::NATIVE,
            Some("javascript") => Self::JAVASCRIPT,
            Some(names) => Self::from_names(names),
        }
    }

    /// The name of a single family; `all` for others.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NATIVE => "native",
            Self::JAVASCRIPT => "javascript",
            Self::OTHER => "other",
            _ => "all",
        }
    }

    /// Whether the two sets share a family.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The set as bits: 1 javascript, 2 native, 4 other.
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
