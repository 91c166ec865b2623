//! The lazy tables give the answers of the plain ways: those of the crate's own index, of the scans
//! of one reader each, and of the mapping itself instead of its cache.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use proguard::{ProguardMapper, ProguardMapping, StackFrame};

use super::names::Reader;
use super::scan::{common_starts, starts_of_lines, starts_of_records};
use super::table::hash;
use super::{Frame, Mapper, Query};

/// What mappings consist of, and what the two readers of classes read in two ways.
const WORDS: [&str; 58] = [
    "\n",
    "\n",
    "\r\n",
    "\r",
    "    ",
    "\t",
    "   \n",
    "\n    ",
    "\x0c",
    "\u{feff}",
    "#",
    "#\n",
    "# \n",
    "# x\n",
    "    # x: y\n",
    " -> ",
    "->",
    ":",
    ":\n",
    "a",
    "b",
    "c",
    "A",
    "A$B",
    "BKt",
    "\u{fc}",
    "A -> a:\n",
    "A -> a:\n",
    "B -> b:\n",
    "A$B -> c:\n",
    "CKt -> a:\n",
    "A -> b:\n",
    "x.A -> a:\n",
    "B -> b:\r\n",
    "B -> b: \n",
    "A -> a:B -> b:\n",
    "A B -> b:\n",
    "A -> a b:\n",
    "A -> a:b:\n",
    "   B -> b:\n",
    "    void m() -> a\n",
    "    void m(int) -> b\n",
    "    1:3:void m():10:12 -> a\n",
    "    1:3:void m(int):10:12 -> a\n    5:5:int n() -> a\n",
    "    1:1:void B.n():5:5 -> a\n    1:1:void m():9 -> a\n",
    "    3:1:void m():12:10 -> b\n",
    "    0:0:int k():7:8 -> b\n    int k(int):0 -> b\n",
    "    void CKt.k():70 -> b\n",
    "    void C$D$EKt.k():7:9 -> a\n",
    "    int field -> a\n",
    "void m() -> a\n",
    "    1:18446744073709551615:void m():18446744073709551610:18446744073709551615 -> b\n",
    "# {\"id\":\"sourceFile\",\"fileName\":\"X.kt\"}\n",
    "# {\"id\":\"sourceFile\",\"fileName\":\"R8$$SyntheticClass\"}\n",
    "# {\"id\":\"sourceFile\",\"fileName\":\"\"}\n",
    "    # {\"id\":\"com.android.tools.r8.synthesized\"}\n",
    "# {'id':'sourceFile','fileName':'Y.kt'}\n",
    "# {\"id\":\"other\"}\n",
];
const NAMES: [&str; 14] = [
    "a", "b", "c", "a b", "a:b", "m", "A", "B", "", "x", "b:", "zz", "B -> b", "\u{fc}",
];

fn mappings(seed: u64, count: usize) -> impl Iterator<Item = String> {
    let mut random = Rng::with_seed(seed);
    (0..count).map(move |_| {
        let len = random.usize(..30);
        (0..len)
            .map(|_| WORDS[random.usize(..WORDS.len())])
            .collect()
    })
}

fn queries() -> impl Iterator<Item = Query<'static>> {
    NAMES.iter().flat_map(|&class| {
        ["a", "b", "m", ""].iter().flat_map(move |&method| {
            let by_line = [0, 1, 2, 5, 9, usize::MAX].map(|line| (line, None));
            let by_parameters = ["", "int"].map(|types| (1, Some(types)));
            by_line
                .into_iter()
                .chain(by_parameters)
                .map(move |(line, parameters)| Query {
                    class,
                    method,
                    line,
                    parameters,
                })
        })
    })
}

#[test]
fn answers_are_those_of_the_index_of_the_crate() {
    let (mut frames, mut methods) = (0, 0);
    for mapping in mappings(1, 1_500) {
        let mapper = Mapper::new(mapping.clone());
        let index = ProguardMapping::new(mapping.as_bytes());
        let index = ProguardMapper::new_with_param_mapping(index, true);
        for class in NAMES {
            let found = mapper.remap_class(class).unwrap();
            assert_eq!(found, index.remap_class(class), "{class} {mapping:?}");
            for method in ["a", "b", "m", ""] {
                let found = mapper.remap_method(class, method).unwrap();
                methods += usize::from(found.is_some());
                let expected = index.remap_method(class, method);
                assert_eq!(found, expected, "{class} {method} {mapping:?}");
            }
        }
        for query in queries() {
            let frame = match query.parameters {
                None => StackFrame::new(query.class, query.method, query.line),
                Some(types) => StackFrame::with_parameters(query.class, query.method, types),
            };
            let expected: Vec<_> = index.remap_frame(&frame).collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|frame| Frame {
                    class: frame.class(),
                    method: frame.method(),
                    file: frame.file().unwrap(),
                    line: frame.line().unwrap_or(0),
                })
                .collect();
            let found: Vec<_> = mapper.remap_frame(query).unwrap().collect();
            frames += found.len();
            assert_eq!(found, expected, "{query:?} {mapping:?}");
        }
    }
    assert!(frames > 2_000 && methods > 200, "{frames} {methods}");
}

#[test]
fn one_scan_finds_what_both_readers_find() {
    let (mut common, mut other) = (0, 0);
    for mapping in mappings(2, 20_000) {
        let bytes = mapping.as_bytes();
        let Some(starts) = common_starts(bytes) else {
            other += 1;
            continue;
        };
        common += usize::from(starts.len() > 1);
        assert_eq!(starts, starts_of_records(bytes), "{mapping:?}");
        assert_eq!(starts, starts_of_lines(bytes), "{mapping:?}");
        for start in starts {
            let names = |reader: Reader| reader.names(&bytes[start..]);
            assert_eq!(names(Reader::Records), names(Reader::Lines), "{mapping:?}");
        }
    }
    assert!(common > 1_000 && other > 1_000, "{common} {other}");
}

#[test]
fn a_cache_answers_as_its_mapping() {
    let queries: Vec<_> = queries()
        .map(|query| (query.class, query.method, query.line, query.parameters))
        .collect();
    let queries = rmp_serde::to_vec(&queries).unwrap();
    let text =
        "A: x\nb: c\n\tat a.a(X:1)\n\tat a.b()\n\tat b.b(X:9)\n\tat c.a(:2)\n\tat \u{fc}.a(:5)";
    for mapping in mappings(3, 500) {
        let mapper = Mapper::new(mapping.clone());
        let bytes = mapper.to_cache().unwrap();
        let cache = Mapper::from_cache(bytes.clone()).unwrap();
        assert_eq!(cache.facts(), mapper.facts(), "{mapping:?}");
        // The order of first uses does not matter.
        assert_eq!(
            cache.retrace_packed(text, true).unwrap(),
            mapper.retrace_packed(text, true).unwrap(),
            "{mapping:?}"
        );
        assert_eq!(
            cache.remap_packed(&queries).unwrap(),
            mapper.remap_packed(&queries).unwrap(),
            "{mapping:?}"
        );
        for class in NAMES {
            let found = cache.remap_class(class).unwrap();
            assert_eq!(found, mapper.remap_class(class).unwrap(), "{mapping:?}");
        }
        assert_eq!(cache.to_cache().unwrap(), bytes, "{mapping:?}");
    }
}

/// Names with the same hash are different, also if they are many sections.
#[test]
fn names_with_equal_hashes_are_different_classes() {
    let mut by_hash: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for number in 0..200_000 {
        let name = format!("a{number}");
        by_hash.entry(hash(&name)).or_default().push(name);
    }
    let names: BTreeSet<_> = by_hash
        .into_values()
        .filter(|names| names.len() > 1)
        .flatten()
        .collect();
    assert!(names.len() >= 4, "{names:?}");
    let mut mapping = String::new();
    for name in names.iter().chain(&names).rev() {
        mapping += &format!("x.{name} -> {name}:\n    1:1:void {name}():7 -> m\n");
    }
    let mapper = Mapper::new(mapping);
    for name in &names {
        let class = format!("x.{name}");
        assert_eq!(mapper.remap_class(name).unwrap(), Some(&class[..]));
        let query = Query {
            class: name,
            method: "m",
            line: 1,
            parameters: None,
        };
        let frames: Vec<_> = mapper.remap_frame(query).unwrap().collect();
        assert_eq!(frames.len(), 2, "{name}");
        assert!(
            frames.iter().all(|frame| frame.method == name),
            "{frames:?}"
        );
    }
}

// --- damaged caches ---------------------------------------------------------------------

const CART: &str = "\
# compiler: R8
org.example.Cart -> a.b:
    1:4:void add(int):20:23 -> a
    5:5:int org.example.Stock.take(int):7:7 -> a
    5:5:void add(int):22 -> a
org.example.Stock -> a.c:
# {\"id\":\"sourceFile\",\"fileName\":\"Stock.kt\"}
";

/// Runs all kinds of queries, and returns whether one failed.
fn fails(mapper: &Mapper) -> bool {
    let query = |class| Query {
        class,
        method: "a",
        line: 5,
        parameters: None,
    };
    let text = "a.b\n\tat a.b.a(:5)\n\tat a.c.a(:5)\n";
    let mut failed = mapper.remap_stacktrace(text, false).is_err();
    for class in ["a.b", "a.c", "x"] {
        failed |= mapper.remap_class(class).is_err();
        failed |= mapper.remap_method(class, "a").is_err();
        failed |= mapper.remap_frame(query(class)).is_err();
    }
    failed | mapper.to_cache().is_err()
}

#[test]
fn each_changed_byte_is_an_error() {
    for mapping in [CART.to_owned(), format!("\u{feff}{CART}")] {
        let bytes = Mapper::new(mapping).to_cache().unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x20;
            match Mapper::from_cache(changed) {
                Ok(mapper) => assert!(fails(&mapper), "byte {at} of {}", bytes.len()),
                Err(error) => assert!(error.to_string().contains("cannot read bytes as a cache")),
            }
            let error = Mapper::from_cache(bytes[..at].to_vec()).err().unwrap();
            let text = error.to_string();
            let expected = match at {
                0..72 => "it is another kind of file".to_owned(),
                _ => format!("it has {at} bytes, expected {}", bytes.len()),
            };
            assert!(text.contains(&expected), "{text}");
        }
        assert!(!fails(&Mapper::from_cache(bytes).unwrap()));
    }
}

/// Found by removing the comparison: the identifier of the whole text had found the change.
#[test]
fn a_query_compares_the_checksum_of_its_class() {
    let bytes = Mapper::new(CART).to_cache().unwrap();
    let at = |name: &[u8]| bytes.windows(name.len()).position(|part| part == name);
    let mut changed = bytes.clone();
    changed[at(b"int):20").unwrap()] = b'l';
    let mapper = Mapper::from_cache(changed).unwrap();
    assert!(mapper.remap_class("a.b").is_err());
    assert!(mapper.remap_method("a.b", "a").is_err());
    assert!(mapper.remap_stacktrace("\tat a.b.a(:1)", false).is_err());
    assert!(mapper.remap_class("a.c").is_ok());
}

/// Makes the checksums of a cache fit.
fn seal(bytes: &mut [u8], tables: usize) {
    let checksum = |bytes: &[u8]| twox_hash::XxHash64::oneshot(0, bytes).to_le_bytes();
    let sum = checksum(&bytes[72..72 + tables]);
    bytes[56..64].copy_from_slice(&sum);
    let sum = checksum(&bytes[..64]);
    bytes[64..72].copy_from_slice(&sum);
}

#[test]
fn tables_with_checksums_that_fit_do_no_harm() {
    let bytes = Mapper::new(CART).to_cache().unwrap();
    let tables = 2 * 28;
    for number in [0_u32, 1, 2, 3, 16, 1 << 31, u32::MAX] {
        for at in (0..tables).step_by(4) {
            let mut changed = bytes.clone();
            changed[72 + at..76 + at].copy_from_slice(&number.to_le_bytes());
            seal(&mut changed, tables);
            // It may fail, find less, or answer from other parts of the text.
            if let Ok(mapper) = Mapper::from_cache(changed) {
                fails(&mapper);
            }
        }
    }
    let with = |at: usize, number: u64| {
        let mut changed = bytes.clone();
        changed[at..at + 8].copy_from_slice(&number.to_le_bytes());
        seal(&mut changed, tables);
        Mapper::from_cache(changed).err().unwrap().to_string()
    };
    for (at, number, expected) in [
        (8, 2, "its version is 2, expected 1; write it again"),
        (32, u64::MAX, "its lengths are too large"),
        (40, u64::MAX, "its lengths are too large"),
        (40, u64::MAX / 28, "its lengths are too large"),
        (40, 3, "bytes, expected"),
        (48, 1, "bytes, expected"),
        (72, 10_000, "its table do not ascend"),
        (80, 1 << 40, "its table do not ascend"),
    ] {
        let found = with(at, number);
        assert!(found.contains(expected), "{at} {number}: {found}");
    }
}

/// A class may have one section any number of times, in a table that was made by hand.
#[test]
fn a_section_is_read_once_for_each_class() {
    let mapping = "A -> a:\n    void m() -> b\n".repeat(3);
    let mut bytes = Mapper::new(mapping).to_cache().unwrap();
    let tables = 3 * 28;
    for entry in 0..3 {
        // By obfuscated name: the second half is the section.
        let at = 72 + 3 * 8 + 8 * entry + 4;
        bytes[at..at + 4].copy_from_slice(&1_u32.to_le_bytes());
    }
    seal(&mut bytes, tables);
    let mapper = Mapper::from_cache(bytes).unwrap();
    let query = Query {
        class: "a",
        method: "b",
        line: 0,
        parameters: None,
    };
    assert_eq!(mapper.remap_frame(query).unwrap().count(), 1);
}
