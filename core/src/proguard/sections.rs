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
//!
//! [`scan`] makes this table in one pass over the file. It reads the lines of classes and no
//! members: those of a class are read when a query names the class.
//!
//! # Two readers
//!
//! Frames are read by the crate `proguard`, stack traces by [`index`](super::index). The readers
//! agree on the lines that ProGuard and R8 write, and then one table is enough. They differ on some
//! other lines, such as one that begins with a byte order mark; then each has a table, and the crate
//! reads the whole file for its own.

use std::ops::Range;
use std::sync::Arc;

use once_cell::race::OnceBox;
use proguard::{ProguardMapping, ProguardRecord};
use twox_hash::XxHash64;

use super::error::ProguardError;
use super::source::{Section, Source};

/// The two names of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Names<'m> {
    pub(super) original: &'m str,
    pub(super) obfuscated: &'m str,
}

/// By which name a class is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Obfuscated,
    Original,
}

impl<'m> Names<'m> {
    fn get(self, by: By) -> &'m str {
        match by {
            By::Obfuscated => self.obfuscated,
            By::Original => self.original,
        }
    }
}

/// Who reads the line of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// The crate: up to the first colon.
    Records,
    /// The retrace: a whole line.
    Lines,
}

impl Reader {
    /// Reads the names at the beginning of a section.
    pub(super) fn names(self, section: &[u8]) -> Option<Names<'_>> {
        match self {
            Reader::Records => record(section).map(|(names, _)| names),
            Reader::Lines => line(first_line(section)),
        }
    }
}

/// Returns what follows the names of a class, as the crate reads them.
pub(super) fn after_names(section: &[u8]) -> Option<&[u8]> {
    record(section).map(|(_, rest)| rest)
}

/// Returns the first line, without its line break.
pub(super) fn first_line(section: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', section).unwrap_or(section.len());
    &section[..end]
}

/// Reads `org.example.Cart -> a.b:` as the crate does, and returns what follows the colon.
fn record(section: &[u8]) -> Option<(Names<'_>, &[u8])> {
    let until = |text: &'_ [u8], end: u8| {
        let at = memchr::memchr3(end, b'\n', b'\r', text)?;
        (text[at] == end).then_some(at)
    };
    let space = until(section, b' ')?;
    let rest = section[space..].strip_prefix(b" -> ")?;
    let colon = until(rest, b':')?;
    let names = Names {
        original: std::str::from_utf8(&section[..space]).ok()?,
        obfuscated: std::str::from_utf8(&rest[..colon]).ok()?,
    };
    Some((names, &rest[colon + 1..]))
}

/// Reads `org.example.Cart -> a.b:` as the retrace does.
fn line(line: &[u8]) -> Option<Names<'_>> {
    let first = *line.first()?;
    if first.is_ascii_whitespace() || first == b'#' {
        return None;
    }
    let line = line.trim_ascii_end().strip_suffix(b":")?;
    let line = std::str::from_utf8(line).ok()?;
    let (original, obfuscated) = line
        .trim_start_matches(BYTE_ORDER_MARK)
        .split_once(" -> ")?;
    Some(Names {
        original,
        obfuscated,
    })
}

const BYTE_ORDER_MARK: char = '\u{feff}';

// --- the scan ---------------------------------------------------------------------------

/// Finds the sections of a mapping: the table of the crate, and that of the retrace if it differs.
pub(super) fn scan(mapping: &[u8]) -> (Table, Option<Table>) {
    let (starts, equal) = match common_starts(mapping) {
        Some(starts) => (starts, true),
        None => (starts_of_records(mapping), false),
    };
    // The crate gives up a mapping with a method before the first class.
    let lost = starts.first().is_some_and(|&first| {
        let before = ProguardMapping::new(&mapping[..first]);
        before
            .iter()
            .any(|record| matches!(record, Ok(ProguardRecord::Method { .. })))
    });
    let table = |starts: &[usize], reader| Table::new(mapping, starts, reader);
    match (lost, equal) {
        (false, true) => (table(&starts, Reader::Records), None),
        (true, true) => (
            table(&[], Reader::Records),
            Some(table(&starts, Reader::Lines)),
        ),
        (_, false) => (
            table(if lost { &[] } else { &starts }, Reader::Records),
            Some(table(&starts_of_lines(mapping), Reader::Lines)),
        ),
    }
}

/// Finds the classes, if both readers find the same. Returns None if they may differ.
pub(super) fn common_starts(mapping: &[u8]) -> Option<Vec<usize>> {
    let mut starts = Vec::new();
    let mut start = 0;
    let ends = memchr::memchr2_iter(b'\n', b'\r', mapping);
    for end in ends.chain([mapping.len()]) {
        // The crate ends a line there.
        if mapping.get(end) == Some(&b'\r') && mapping.get(end + 1) != Some(&b'\n') {
            return None;
        }
        let line = &mapping[start..end];
        match line.first() {
            None => {}
            Some(b' ' | b'\t' | b'#') => {
                // The crate reads the line after an empty comment as a part of it.
                let comment = line.trim_ascii_start().strip_prefix(b"#");
                if comment.is_some_and(|text| text.trim_ascii().is_empty()) {
                    return None;
                }
            }
            Some(_) if common_class(line)? => starts.push(start),
            Some(_) => {}
        }
        start = end + 1;
    }
    Some(starts)
}

/// Returns whether both readers find a class in a line without indent, or None if they differ.
fn common_class(text: &[u8]) -> Option<bool> {
    // It may be white space, which the crate skips to find a comment.
    if text[0] == 0x0c {
        return None;
    }
    // The record ends before the line break if there is one.
    let record = record(text);
    match record {
        // The first colon ends the line, and no space is in the original name: the same line.
        Some((names, [])) if !names.original.starts_with(BYTE_ORDER_MARK) => Some(true),
        Some(_) => None,
        None => line(text).is_none().then_some(false),
    }
}

/// Finds the classes as the crate does, by reading all records.
pub(super) fn starts_of_records(mapping: &[u8]) -> Vec<usize> {
    let records = ProguardMapping::new(mapping).iter();
    let begin = mapping.as_ptr() as usize;
    records
        .filter_map(|record| match record {
            // A name is a slice of the mapping, so its address says where it is.
            Ok(ProguardRecord::Class { original, .. }) => {
                Some((original.as_ptr() as usize).saturating_sub(begin))
            }
            _ => None,
        })
        .collect()
}

/// Finds the classes as the retrace does.
pub(super) fn starts_of_lines(mapping: &[u8]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', mapping).chain([mapping.len()]) {
        if line(&mapping[start..end]).is_some() {
            starts.push(start);
        }
        start = end + 1;
    }
    starts
}

// --- the table --------------------------------------------------------------------------

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
    fn new(mapping: &[u8], starts: &[usize], reader: Reader) -> Self {
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
    fn checksum(&self, section: usize) -> u32 {
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

    fn entry(&self, by: By, at: usize) -> (u32, usize) {
        let list = match by {
            By::Obfuscated => 8,
            By::Original => 16,
        };
        let at = list * self.len + 8 * at;
        let hash = u32::from_le_bytes(self.array(at));
        (hash, u32::from_le_bytes(self.array(at + 4)) as usize)
    }

    /// Returns the entries with a hash.
    fn with_hash(&self, by: By, hash: u32) -> Range<usize> {
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
fn partition<E>(
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

// --- sections with their texts ----------------------------------------------------------

/// A table, and where the sections are read from.
pub(super) struct Sections {
    source: Arc<Source>,
    table: Table,
    /// What was read from a cache.
    texts: Slots<Arc<[u8]>>,
}

impl Sections {
    pub(super) fn new(source: &Arc<Source>, table: Table) -> Self {
        let texts = match **source {
            Source::Memory(_) => 0,
            Source::Cache(_) => table.len(),
        };
        Sections {
            source: Arc::clone(source),
            table,
            texts: Slots::new(texts),
        }
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// Returns the text of a section that is not in memory, which is read once.
    fn read(&self, section: usize) -> Result<Option<&Arc<[u8]>>, ProguardError> {
        let Source::Cache(text) = &*self.source else {
            return Ok(None);
        };
        self.texts.get_or_make(section, || {
            let range = self.table.range(section, text.len());
            let bytes = text.read(range, self.table.checksum(section))?;
            Ok(bytes.into())
        })
    }

    fn range(&self, section: usize) -> Range<usize> {
        self.table.range(section, self.source.len())
    }

    /// Returns the text of a section.
    pub(super) fn text(&self, section: usize) -> Result<&[u8], ProguardError> {
        Ok(match self.read(section)? {
            Some(bytes) => bytes,
            None => self.source.part(self.range(section)),
        })
    }

    /// Returns the texts of the sections of a class.
    pub(super) fn owned(&self, found: &Found<'_>) -> Result<Vec<Section>, ProguardError> {
        let mut sections = Vec::with_capacity(found.entries.len());
        let mut last = None;
        for section in found.iter() {
            // In a damaged table a class may have a section any number of times.
            if last >= Some(section) {
                continue;
            }
            last = Some(section);
            sections.push(match self.read(section)? {
                Some(bytes) => Section::Read(Arc::clone(bytes)),
                None => Section::Part {
                    source: Arc::clone(&self.source),
                    range: self.range(section),
                },
            });
        }
        Ok(sections)
    }

    /// Returns the names of a section.
    pub(super) fn names(&self, section: usize) -> Result<Option<Names<'_>>, ProguardError> {
        Ok(self.table.reader.names(self.text(section)?))
    }

    /// Returns the entries of all sections with a name, in the order of the file. A mapping that was
    /// put together from several may have a class more than once.
    pub(super) fn find(&self, by: By, name: &str) -> Result<Found<'_>, ProguardError> {
        let mut entries = self.table.with_hash(by, hash(name));
        let name_at = |at| -> Result<Option<&str>, ProguardError> {
            let names = self.names(self.table.entry(by, at).1)?;
            Ok(names.map(|names| names.get(by)))
        };
        match entries.len() {
            0 => {}
            1 => {
                if name_at(entries.start)? != Some(name) {
                    entries.end = entries.start;
                }
            }
            // Names with the same hash are sorted, so that no mapping makes this slow.
            _ => {
                entries.start = partition(entries.clone(), |at| {
                    name_at(at).map(|other| other < Some(name))
                })?;
                entries.end = partition(entries.clone(), |at| {
                    name_at(at).map(|other| other <= Some(name))
                })?;
            }
        }
        Ok(Found {
            table: &self.table,
            by,
            entries,
        })
    }
}

/// The sections of one class.
#[derive(Clone)]
pub(super) struct Found<'a> {
    table: &'a Table,
    by: By,
    entries: Range<usize>,
}

impl Found<'_> {
    pub(super) fn first(&self) -> Option<usize> {
        self.iter().next()
    }

    pub(super) fn last(&self) -> Option<usize> {
        self.iter().next_back()
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        let entries = self.entries.clone();
        entries.map(|at| self.table.entry(self.by, at).1)
    }
}

// --- what is made of a section on first use ---------------------------------------------

/// A place for each section, for a value that is made on first use.
///
/// If two threads make one at once, one is kept. A lock that another thread holds during a fork
/// would stay locked in the child. Places are allocated in chunks on first use, because most
/// sections are never read.
pub(super) struct Slots<T> {
    chunks: Box<[OnceBox<[OnceBox<T>; CHUNK]>]>,
}

const CHUNK: usize = 32;

impl<T> Slots<T> {
    pub(super) fn new(len: usize) -> Self {
        let chunks = (0..len.div_ceil(CHUNK)).map(|_| OnceBox::new());
        Slots {
            chunks: chunks.collect(),
        }
    }

    /// Returns the value of a section, which `make` makes if there is none. Returns None for a
    /// section that does not exist.
    pub(super) fn get_or_make<E>(
        &self,
        section: usize,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Option<&T>, E> {
        let Some(chunk) = self.chunks.get(section / CHUNK) else {
            return Ok(None);
        };
        let places = chunk.get_or_init(|| Box::new(std::array::from_fn(|_| OnceBox::new())));
        let place = &places[section % CHUNK];
        place.get_or_try_init(|| make().map(Box::new)).map(Some)
    }
}
