//! Where the text of a mapping is: in memory, or in a cache file, from which a section is read when
//! a query needs it.

use std::ops::Range;
use std::sync::Arc;

use super::cache::CacheText;

/// The text of a mapping.
pub(super) enum Source {
    /// Bytes with any owner.
    Memory(Box<dyn AsRef<[u8]> + Send + Sync>),
    Cache(CacheText),
}

impl Source {
    /// Returns the length of the text.
    pub(super) fn len(&self) -> usize {
        match self {
            Source::Memory(bytes) => (**bytes).as_ref().len(),
            Source::Cache(text) => text.len(),
        }
    }

    /// Returns the part of a text that is in memory. It is empty if the owner has fewer bytes than
    /// before, which a mapped file may have.
    pub(super) fn part(&self, range: Range<usize>) -> &[u8] {
        match self {
            Source::Memory(bytes) => (**bytes).as_ref().get(range).unwrap_or_default(),
            Source::Cache(_) => &[],
        }
    }
}

/// The text of a section, with its owner.
#[derive(Clone)]
pub(super) enum Section {
    Part {
        source: Arc<Source>,
        range: Range<usize>,
    },
    Read(Arc<[u8]>),
}

impl AsRef<[u8]> for Section {
    fn as_ref(&self) -> &[u8] {
        match self {
            Section::Part { source, range } => source.part(range.clone()),
            Section::Read(bytes) => bytes,
        }
    }
}
