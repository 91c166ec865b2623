//! A mapping and its table as a file: opening it reads the table, a query reads its class.
//!
//! ```text
//! header    72 bytes: what it is, the facts of the mapping, lengths and checksums
//! tables    28 bytes for each class: those of the module `table`, and a checksum of each section
//! text      the mapping
//!
//! open      header and tables      1 ms for a mapping of 50 MB
//! query     one section of the text, once; checked and then kept
//! ```
//!
//! # Damaged files
//!
//! The file may have any bytes, and may change while it is open. Lengths are compared with the
//! length of the file before memory is allocated. A checksum is compared each time that
//! something is read: of the header and the tables on opening, of a section when a query needs it.
//! So damage is an error. Whoever makes the checksums fit decides about the answers, as with a
//! mapping; but nothing crashes or hangs: positions of sections must ascend, so that all of them
//! together are not larger than the text.
//!
//! The file is not mapped into memory. It would save little, because a query reads one section, and
//! a mapped file that becomes shorter ends the process.

use std::fs::File;
use std::io;
use std::path::Path;

use super::error::ProguardError;
use super::names::Reader;
use super::source::{checksum_of, damaged, short, CacheText, Facts, ReadAt};
use super::table::{Table, TABLE_BYTES};
use crate::limits::Limit;

const MAGIC: [u8; 8] = *b"OPHIO-PG";
/// Changes with the form of the file, and with the rules by which sections are found.
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 72;
const IS_VALID: u32 = 1;
const HAS_LINE_INFO: u32 = 2;

// --- writing ----------------------------------------------------------------------------

/// Returns the bytes of a cache.
pub(super) fn write(
    mapping: &[u8],
    facts: Facts,
    records: &Table,
    lines: Option<&Table>,
) -> Vec<u8> {
    let tables: Vec<&Table> = [records].into_iter().chain(lines).collect();
    let tables_len: usize = tables.iter().map(|table| table.len() * ROW_BYTES).sum();
    let mut out = Vec::with_capacity(HEADER_BYTES + tables_len + mapping.len());
    out.resize(HEADER_BYTES, 0);
    for table in &tables {
        out.extend(table.bytes());
        for section in 0..table.len() {
            let text = mapping.get(table.range(section, mapping.len()));
            out.extend(short(checksum_of(text.unwrap_or_default())).to_le_bytes());
        }
    }
    let header = Header {
        facts,
        text_len: mapping.len() as u64,
        records: records.len() as u64,
        lines: lines.map_or(NO_TABLE, |table| table.len() as u64),
        tables: checksum_of(&out[HEADER_BYTES..]),
    };
    out[..HEADER_BYTES].copy_from_slice(&header.bytes());
    out.extend(mapping);
    out
}

/// The bytes of a row: the table's, and a checksum.
const ROW_BYTES: usize = TABLE_BYTES + 4;
/// Instead of a number of rows.
const NO_TABLE: u64 = u64::MAX;

struct Header {
    facts: Facts,
    text_len: u64,
    records: u64,
    lines: u64,
    /// The checksum of the tables.
    tables: u64,
}

impl Header {
    fn bytes(&self) -> [u8; HEADER_BYTES] {
        let mut flags = 0;
        if self.facts.is_valid {
            flags |= IS_VALID;
        }
        if self.facts.has_line_info {
            flags |= HAS_LINE_INFO;
        }
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend(u32::to_le_bytes(flags));
        out.extend(self.facts.uuid);
        for number in [self.text_len, self.records, self.lines, self.tables] {
            out.extend(number.to_le_bytes());
        }
        let checksum = checksum_of(&out);
        out.extend(checksum.to_le_bytes());
        let mut bytes = [0; HEADER_BYTES];
        bytes.copy_from_slice(&out);
        bytes
    }

    fn read(bytes: &[u8; HEADER_BYTES]) -> Result<Header, String> {
        let number = |at: usize| u64::from_le_bytes(array(bytes, at));
        let small = |at: usize| u32::from_le_bytes(array(bytes, at));
        if bytes[..8] != MAGIC {
            return Err(NOT_A_CACHE.to_owned());
        }
        if small(8) != VERSION {
            let version = small(8);
            return Err(format!(
                "its version is {version}, expected {VERSION}; write it again from the mapping"
            ));
        }
        if checksum_of(&bytes[..64]) != number(64) {
            return Err("its header changed".to_owned());
        }
        let flags = small(12);
        Ok(Header {
            facts: Facts {
                uuid: array(bytes, 16),
                is_valid: flags & IS_VALID != 0,
                has_line_info: flags & HAS_LINE_INFO != 0,
            },
            text_len: number(32),
            records: number(40),
            lines: number(48),
            tables: number(56),
        })
    }
}

const NOT_A_CACHE: &str = "it is another kind of file, expected one that write_cache wrote";

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

// --- reading ----------------------------------------------------------------------------

/// An opened cache.
pub(super) struct Opened {
    pub(super) text: CacheText,
    pub(super) records: Table,
    pub(super) lines: Option<Table>,
}

/// Opens a cache file.
pub(super) fn open(path: &Path) -> Result<Opened, ProguardError> {
    let failed = |source| ProguardError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    #[cfg(unix)]
    return read(Box::new(file), metadata.len(), path);
    // Other systems share the position of a file, so it is read as a whole.
    #[cfg(not(unix))]
    {
        let bytes = super::source::read_limited(file, metadata.len(), path)?;
        let len = bytes.len() as u64;
        read(Box::new(bytes), len, path)
    }
}

/// Reads header and tables of a cache of `len` bytes.
pub(super) fn read(file: Box<dyn ReadAt>, len: u64, path: &Path) -> Result<Opened, ProguardError> {
    let failed = |source| ProguardError::Read {
        path: path.to_owned(),
        source,
    };
    let wrong = |reason: String| damaged(path, reason);
    if len < HEADER_BYTES as u64 {
        return Err(wrong(NOT_A_CACHE.to_owned()));
    }
    let mut header = [0; HEADER_BYTES];
    file.read_at(0, &mut header).map_err(failed)?;
    let header = Header::read(&header).map_err(wrong)?;
    Limit::MappingBytes.check(usize::try_from(len).unwrap_or(usize::MAX))?;
    let lines = (header.lines != NO_TABLE).then_some(header.lines);
    let rows = header.records.checked_add(lines.unwrap_or(0));
    let tables = rows.and_then(|rows| rows.checked_mul(ROW_BYTES as u64));
    let start = tables.and_then(|tables| tables.checked_add(HEADER_BYTES as u64));
    let expected = start.and_then(|start| start.checked_add(header.text_len));
    let (Some(tables), Some(start), Some(expected)) = (tables, start, expected) else {
        return Err(wrong("its lengths are too large".to_owned()));
    };
    if expected != len {
        return Err(wrong(format!("it has {len} bytes, expected {expected}")));
    }
    // Both are parts of the file, which is within the limit.
    let mut bytes = vec![0; usize::try_from(tables).unwrap_or_default()];
    file.read_at(HEADER_BYTES as u64, &mut bytes)
        .map_err(failed)?;
    if checksum_of(&bytes) != header.tables {
        return Err(wrong("its tables changed".to_owned()));
    }
    let text_len = usize::try_from(header.text_len).unwrap_or_default();
    let of_lines = bytes.split_off(usize::try_from(header.records).unwrap_or_default() * ROW_BYTES);
    let table = |bytes, reader| {
        Table::read(bytes, ROW_BYTES, text_len, reader)
            .ok_or_else(|| wrong("the classes in its table do not ascend".to_owned()))
    };
    Ok(Opened {
        records: table(bytes, Reader::Records)?,
        lines: match lines {
            Some(_) => Some(table(of_lines, Reader::Lines)?),
            None => None,
        },
        text: CacheText {
            file,
            path: path.to_owned(),
            start,
            len: text_len,
            facts: header.facts,
        },
    })
}
