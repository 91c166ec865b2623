//! The instructions of the program of a glob, and the sets of bytes that they match.
//!
//! [`Program`](super::program::Program) compiles rows of instructions and matches them by
//! backtracking. [`Simulation`](super::simulation::Simulation) follows all paths at once.

use memchr::memchr;

use super::token::Class;

/// One instruction of a row.
pub(crate) enum Instruction {
    /// A text.
    Text(Box<[u8]>),
    /// One byte of the set.
    One(ByteSet),
    /// Any number of bytes of the set.
    Run(ByteSet),
    /// Nothing, or any number of bytes of the set and a slash.
    LeadingDirs(ByteSet),
    /// A slash, or two slashes with any number of bytes of the set between them.
    MiddleDirs(ByteSet),
}

/// A set of bytes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum ByteSet {
    /// Every byte.
    All,
    /// Every byte except a line feed.
    Dot,
    /// Every byte except a slash.
    NotSlash,
    /// The listed bytes: bit `b % 64` of word `b / 64`.
    Listed(Box<[u64; 4]>),
}

impl ByteSet {
    /// Returns the bytes of a class. With `fold` values are in lower case.
    ///
    /// A character beyond ASCII is listed as its bytes, and a range goes from the last byte of its
    /// first character to the first byte of its last one, as in the regex: `[é-ü]` is `\xC3`,
    /// `\xA9-\xC3` and `\xBC`.
    pub(super) fn from_class(class: &Class, fold: bool) -> Self {
        let mut bits = [0_u64; 4];
        let mut add = |byte: u8| {
            let byte = if fold {
                byte.to_ascii_lowercase()
            } else {
                byte
            };
            bits[usize::from(byte >> 6)] |= 1 << (byte & 63);
        };
        for &(low, high) in &class.ranges {
            let mut buffers = [[0; 4]; 2];
            let [first, last] = &mut buffers;
            let (first, last) = (low.encode_utf8(first), high.encode_utf8(last));
            first.bytes().chain(last.bytes()).for_each(&mut add);
            if low != high {
                let start = first.bytes().next_back().unwrap_or_default();
                let end = last.bytes().next().unwrap_or_default();
                (start..=end).for_each(&mut add);
            }
        }
        if class.negated {
            bits = bits.map(|word| !word);
        }
        Self::Listed(Box::new(bits))
    }

    /// Returns the byte, if the set has only one.
    pub(super) fn single(&self) -> Option<u8> {
        let mut bytes = (0..=u8::MAX).filter(|&byte| self.contains(byte));
        let byte = bytes.next()?;
        bytes.next().is_none().then_some(byte)
    }

    pub(super) fn contains(&self, byte: u8) -> bool {
        match self {
            Self::All => true,
            Self::Dot => byte != b'\n',
            Self::NotSlash => byte != b'/',
            Self::Listed(bits) => bits[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1,
        }
    }

    /// Returns whether this is a wildcard that matches slashes.
    pub(super) fn has_slash(&self) -> bool {
        matches!(self, Self::All | Self::Dot)
    }

    /// Returns the number of bytes at the front of `value` that are in the set.
    pub(super) fn span(&self, value: &[u8]) -> usize {
        let end = match self {
            Self::All => None,
            Self::Dot => memchr(b'\n', value),
            Self::NotSlash => memchr(b'/', value),
            Self::Listed(_) => value.iter().position(|&byte| !self.contains(byte)),
        };
        end.unwrap_or(value.len())
    }
}
