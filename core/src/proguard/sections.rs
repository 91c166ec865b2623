//! The text of a class, found by its name: a [`Table`], and where the sections are read from.
//!
//! A section of a mapping in memory is a part of it. A section of a cache is read from the file when
//! a query needs it, once, and its checksum is compared.

use std::ops::Range;
use std::sync::Arc;

use super::error::ProguardError;
use super::names::{By, Names};
use super::slots::Slots;
use super::source::{Section, Source};
use super::table::{hash, partition, Table};

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
        Ok(self.table.reader().names(self.text(section)?))
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
