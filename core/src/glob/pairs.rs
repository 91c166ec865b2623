//! A filter before a match: the pairs of bytes in a value.
//!
//! ```text
//! main_*       requires      ma ai in n_               each pair sets one bit of 128
//! do_main      contains      do o_ _m ma ai in         n_ is missing: no match
//! ```
//!
//! A pair sets one bit, and several pairs share a bit. So a value with all bits may match or not,
//! and a value that lacks a bit cannot match. If many globs are tried on one value without an
//! index, this filter rejects nearly all of them with one operation on words.

/// A set of pairs of bytes, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pairs(u64, u64);

impl Pairs {
    /// The empty set.
    pub(crate) const NONE: Self = Self(0, 0);
    /// The set of all pairs.
    pub(crate) const ALL: Self = Self(u64::MAX, u64::MAX);

    /// Returns the pairs of a text.
    pub(crate) fn of(text: &[u8]) -> Self {
        let mut found = Self::NONE;
        for pair in text.windows(2) {
            let number = u16::from_le_bytes([pair[0], pair[1]]).wrapping_mul(0x9e37) >> 9;
            let bit = 1 << (number & 63);
            if number & 64 == 0 {
                found.0 |= bit;
            } else {
                found.1 |= bit;
            }
        }
        found
    }

    /// Returns false if a pair of `needed` is certainly not in this set.
    #[inline]
    pub(crate) fn may_have(self, needed: Self) -> bool {
        (needed.0 & !self.0) | (needed.1 & !self.1) == 0
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0, self.1 | other.1)
    }

    pub(super) fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0, self.1 & other.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_pairs_of_its_parts() {
        let text = Pairs::of(b"do_handle");
        for part in ["", "d", "do", "_hand", "do_handle"] {
            assert!(text.may_have(Pairs::of(part.as_bytes())), "{part}");
        }
        for other in ["handle_", "od", "hd", "do handle"] {
            assert!(!text.may_have(Pairs::of(other.as_bytes())), "{other}");
        }
        assert!(Pairs::ALL.may_have(text));
        assert!(!Pairs::NONE.may_have(text));
    }
}
