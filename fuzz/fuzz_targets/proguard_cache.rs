//! Caches of mappings: any bytes, and a cache with changed bytes and checksums that fit. Then no
//! checksum stands between the fuzzer and the tables.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ophio::proguard::{Mapper, Query};
use twox_hash::XxHash64;

/// A header; its last 16 bytes are the checksums of the tables and of itself.
const HEADER: usize = 72;
/// What the tables have for each class: the last four bytes are the checksum of its text.
const ROW: usize = 28;

fn query(mapper: &Mapper, text: &str) {
    mapper.uuid();
    let _ = mapper.to_cache();
    let _ = mapper.remap_stacktrace(text, true);
    let words = text
        .split(|c: char| c.is_whitespace() || "():,->".contains(c))
        .filter(|word| !word.is_empty())
        .take(8);
    for class in words {
        let _ = mapper.remap_class(class);
        let _ = mapper.remap_method(class, "a");
        for parameters in [None, Some("int")] {
            let query = Query {
                class,
                method: "a",
                line: 1,
                parameters,
            };
            if let Ok(frames) = mapper.remap_frame(query) {
                assert!(frames.count() <= text.len());
            }
        }
    }
}

fuzz_target!(|case: (&[u8], Vec<(u16, u32)>, bool)| {
    let (mapping, changes, text_fits) = case;
    let text = String::from_utf8_lossy(mapping);
    if let Ok(mapper) = Mapper::from_cache(mapping.to_vec()) {
        query(&mapper, &text);
    }
    let mut bytes = Mapper::new(mapping.to_vec()).to_cache().unwrap();
    let tables = bytes.len() - HEADER - mapping.len();
    for (at, number) in changes {
        let at = usize::from(at) % (bytes.len() - 3);
        bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
    let number = |bytes: &[u8], at: usize| {
        u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize
    };
    let rows = number(&bytes, 40);
    if text_fits && rows <= tables / ROW {
        // The checksum of each section of the first table.
        for row in 0..rows {
            let start = |row: usize| match row < rows {
                true => number(&bytes, HEADER + 8 * row),
                false => mapping.len(),
            };
            let text = &bytes[HEADER + tables..];
            if let Some(text) = text.get(start(row)..start(row + 1)) {
                let sum = XxHash64::oneshot(0, text) as u32;
                let at = HEADER + rows * (ROW - 4) + 4 * row;
                bytes[at..at + 4].copy_from_slice(&sum.to_le_bytes());
            }
        }
    }
    let sum = XxHash64::oneshot(0, &bytes[HEADER..HEADER + tables]);
    bytes[56..64].copy_from_slice(&sum.to_le_bytes());
    let sum = XxHash64::oneshot(0, &bytes[..64]);
    bytes[64..HEADER].copy_from_slice(&sum.to_le_bytes());
    if let Ok(mapper) = Mapper::from_cache(bytes) {
        query(&mapper, &text);
    }
});
