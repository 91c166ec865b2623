//! Finds the classes of a mapping in one pass over the file.
//!
//! [`scan`] reads the lines of classes and no members: those of a class are read when a query names
//! the class. If both [readers](super::names) find the same classes, one table is enough. Otherwise
//! each has a table, and the crate reads the whole file for its own.

use proguard::{ProguardMapping, ProguardRecord};

use super::names::{line, record, Reader, BYTE_ORDER_MARK};
use super::table::Table;

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
