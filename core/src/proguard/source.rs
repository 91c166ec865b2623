//! Where the text of a mapping is: in memory, or in a cache file, from which a section is read when
//! a query needs it.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use twox_hash::XxHash64;
use uuid::Uuid;

use super::error::ProguardError;
use crate::limits::Limit;

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

/// The namespace of the identifiers of mapping files: that of `guardsquare.com`.
const NAMESPACE: Uuid = Uuid::from_u128(0x4f44_f30f_24be_53d0_bab6_f47c_7120_ad6c);

/// Returns the identifier of a mapping.
pub(super) fn uuid_of(mapping: &[u8]) -> [u8; 16] {
    // The function of the crate creates the namespace under a lock on first use. In the child of a
    // fork that lock may stay locked.
    Uuid::new_v5(&NAMESPACE, mapping).into_bytes()
}

/// Reads a file that says that it has `len` bytes.
pub(super) fn read_limited(file: File, len: u64, path: &Path) -> Result<Vec<u8>, ProguardError> {
    Limit::MappingBytes.check(usize::try_from(len).unwrap_or(usize::MAX))?;
    // Checking the length first is not enough: a device has length 0 and may never end, and a
    // file can grow.
    let allowed = u64::try_from(Limit::MappingBytes.get()).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    file.take(allowed.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| ProguardError::Read {
            path: path.to_owned(),
            source,
        })?;
    Limit::MappingBytes.check(bytes.len())?;
    Ok(bytes)
}

// --- the text of a cache ------------------------------------------------------------

/// What a mapper says of the whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) uuid: [u8; 16],
    pub(super) is_valid: bool,
    pub(super) has_line_info: bool,
}

/// A file, or bytes, that are read at any position. No position is shared, so threads and the
/// child of a fork may read at once.
pub(super) trait ReadAt: Send + Sync {
    fn read_at(&self, start: u64, bytes: &mut [u8]) -> io::Result<()>;
}

#[cfg(unix)]
impl ReadAt for File {
    fn read_at(&self, start: u64, bytes: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, bytes, start)
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, start: u64, bytes: &mut [u8]) -> io::Result<()> {
        let part = usize::try_from(start)
            .ok()
            .and_then(|start| self.get(start..start.checked_add(bytes.len())?));
        let part = part.ok_or(io::ErrorKind::UnexpectedEof)?;
        bytes.copy_from_slice(part);
        Ok(())
    }
}

/// The text of a mapping in a cache.
pub(super) struct CacheText {
    pub(super) file: Box<dyn ReadAt>,
    pub(super) path: PathBuf,
    pub(super) start: u64,
    pub(super) len: usize,
    pub(super) facts: Facts,
}

impl CacheText {
    /// Returns the length of the text.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Reads a part of the text, and compares its checksum.
    pub(super) fn read(
        &self,
        range: Range<usize>,
        checksum: u32,
    ) -> Result<Vec<u8>, ProguardError> {
        let bytes = self.part(range.clone())?;
        if short(checksum_of(&bytes)) != checksum {
            let Range { start, end } = range;
            return Err(self.damaged(format!("bytes {start} to {end} of its text changed")));
        }
        Ok(bytes)
    }

    /// Reads the whole text, and compares it with the identifier of the mapping.
    pub(super) fn read_all(&self) -> Result<Vec<u8>, ProguardError> {
        let bytes = self.part(0..self.len)?;
        if uuid_of(&bytes) != self.facts.uuid {
            return Err(self.damaged("its text changed".to_owned()));
        }
        Ok(bytes)
    }

    fn part(&self, range: Range<usize>) -> Result<Vec<u8>, ProguardError> {
        if range.start > range.end || range.end > self.len {
            return Err(self.damaged("a class is beyond its end".to_owned()));
        }
        let mut bytes = vec![0; range.len()];
        let start = self.start + range.start as u64;
        self.file
            .read_at(start, &mut bytes)
            .map_err(|source| ProguardError::Read {
                path: self.path.clone(),
                source,
            })?;
        Ok(bytes)
    }

    fn damaged(&self, reason: String) -> ProguardError {
        damaged(&self.path, reason)
    }
}

pub(super) fn damaged(path: &Path, reason: String) -> ProguardError {
    ProguardError::Cache {
        path: path.to_owned(),
        reason,
    }
}

pub(super) fn checksum_of(bytes: &[u8]) -> u64 {
    XxHash64::oneshot(0, bytes)
}

pub(super) fn short(checksum: u64) -> u32 {
    checksum as u32
}
