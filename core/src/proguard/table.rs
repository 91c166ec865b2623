//! Where the section of each class is in a mapping, and how a class is found by its name.
//!
//! ```text
//! start
//!     0    # compiler: R8
//!    15    org.example.Cart -> a.b:                 section 0
//!              1:4:void add(int):20:23 -> a
//!    75    org.example.Stock -> a.c:                section 1
//!
//! by obfuscated name    (hash of a.c, 1), (hash of a.b, 0)       sorted by hash
//! by original name      (hash of org.example.Cart, 0), ...
//! ```

use std::ops::Range;

use twox_hash::XxHash64;

use super::names::{By, Reader};

/// Where sections are, and their names by hash, in the form in which a cache stores them: numbers
/// in little endian.
///
/// ```text
/// starts             u64 for each section
/// by obfuscated name u32 hash, u32 section; sorted by hash, name, section
/// by original name   the same
/// ```
pub(super) struct Table {
    bytes: Vec<u8>,
    len: usize,
    reader: Reader,
}

/// The bytes of a table for each section.
pub(super) const TABLE_BYTES: usize = 8 + 8 + 8;

impl Table {
    pub(super) fn new(mapping: &[u8], starts: &[usize], reader: Reader) -> Self {
        // More have no number here. Such a mapping has at least 24 GiB.
        let len = starts.len().min(u32::MAX as usize);
        let starts = &starts[..len];
        let names = |section: u32| {
            let start = starts
                .get(section as usize)
                .copied()
                .unwrap_or(mapping.len());
            reader.names(&mapping[start..])
        };
        let mut bytes = Vec::with_capacity(len * TABLE_BYTES);
        for &start in starts {
            bytes.extend((start as u64).to_le_bytes());
        }
        let mut entries = [By::Obfuscated, By::Original].map(|by| (by, Vec::with_capacity(len)));
        for section in 0..len as u32 {
            let names = names(section);
            for (by, entries) in &mut entries {
                let name = names.map_or("", |names| names.get(*by));
                entries.push((hash(name), section));
            }
        }
        for (by, mut entries) in entries {
            let name = |section| names(section).map(|names| names.get(by));
            entries.sort_unstable_by(|one, other| {
                one.0
                    .cmp(&other.0)
                    .then_with(|| name(one.1).cmp(&name(other.1)))
                    .then(one.1.cmp(&other.1))
            });
            for (hash, section) in entries {
                bytes.extend(hash.to_le_bytes());
                bytes.extend(section.to_le_bytes());
            }
        }
        Table { bytes, len, reader }
    }

    /// Makes a table of the bytes of a cache, in which a checksum follows for each section. Returns
    /// None if the sections do not ascend.
    pub(super) fn read(
        bytes: Vec<u8>,
        row_bytes: usize,
        mapping_len: usize,
        reader: Reader,
    ) -> Option<Self> {
        let len = bytes.len() / row_bytes;
        let table = Table { bytes, len, reader };
        let starts = table.bytes[..8 * len].chunks_exact(8);
        let mut starts = starts.map(|start| start.try_into().map_or(0, u64::from_le_bytes));
        let mut last = 0;
        let ascend = starts.all(|start| std::mem::replace(&mut last, start) <= start)
            && last <= mapping_len as u64;
        ascend.then_some(table)
    }

    /// Returns the number of sections.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn reader(&self) -> Reader {
        self.reader
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the checksum of a section, in a table of a cache.
    pub(super) fn checksum(&self, section: usize) -> u32 {
        u32::from_le_bytes(self.array(self.len * TABLE_BYTES + 4 * section))
    }

    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let bytes = self.bytes.get(at..at + N);
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .unwrap_or([0; N])
    }

    /// Returns the range of a section in the mapping.
    pub(super) fn range(&self, section: usize, mapping_len: usize) -> Range<usize> {
        let start = |section: usize| {
            if section < self.len {
                usize::try_from(u64::from_le_bytes(self.array(8 * section))).unwrap_or(usize::MAX)
            } else {
                mapping_len
            }
        };
        start(section)..start(section + 1)
    }

    pub(super) fn entry(&self, by: By, at: usize) -> (u32, usize) {
        let list = match by {
            By::Obfuscated => 8,
            By::Original => 16,
        };
        let at = list * self.len + 8 * at;
        let hash = u32::from_le_bytes(self.array(at));
        (hash, u32::from_le_bytes(self.array(at + 4)) as usize)
    }

    /// Returns the entries with a hash.
    pub(super) fn with_hash(&self, by: By, hash: u32) -> Range<usize> {
        let hash_at = |at| self.entry(by, at).0;
        let Ok(first) = partition(0..self.len, |at| Ok::<_, ()>(hash_at(at) < hash)) else {
            return 0..0;
        };
        // Usually there is one.
        let mut end = first;
        if end < self.len && hash_at(end) == hash {
            end += 1;
        }
        if end < self.len && end > first && hash_at(end) == hash {
            end = partition(end..self.len, |at| Ok::<_, ()>(hash_at(at) <= hash)).unwrap_or(end);
        }
        first..end
    }
}

pub(super) fn hash(name: &str) -> u32 {
    XxHash64::oneshot(0, name.as_bytes()) as u32
}

/// Returns the first position of a range for which `before` is false, by bisection.
pub(super) fn partition<E>(
    mut range: Range<usize>,
    mut before: impl FnMut(usize) -> Result<bool, E>,
) -> Result<usize, E> {
    while !range.is_empty() {
        let middle = range.start + range.len() / 2;
        if before(middle)? {
            range.start = middle + 1;
        } else {
            range.end = middle;
        }
    }
    Ok(range.start)
}
