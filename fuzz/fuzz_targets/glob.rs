//! Globs: the fast matchers say what globset's regex says, alone and in sets.
#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use globset::GlobBuilder;
use libfuzzer_sys::fuzz_target;
use ophio::glob::{escape, Glob, GlobSet, Options};
use regex::bytes::RegexBuilder;

const PIECES: [&str; 24] = [
    "*", "**", "/", "a", "b", "abcd", "?", "[ab]", "[!a]", "\n", "/**/", "**/", "/**", "A",
    "{a,b}", "\\", "[a-c]", "é", ".", "[^/]", "-", "{ab,/c}", "x.py", "[A-z]",
];

/// Mostly made of pieces that mean something, else any text.
fn text(u: &mut Unstructured<'_>) -> Result<String> {
    if u.ratio(1, 8)? {
        return String::arbitrary(u);
    }
    let mut text = String::new();
    for _ in 0..u.int_in_range(0..=8)? {
        text += u.choose(&PIECES)?;
    }
    Ok(text)
}

#[derive(Debug)]
struct Case {
    patterns: Vec<String>,
    values: Vec<String>,
    options: Options,
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let options = Options {
            double_star: u.arbitrary()?,
            case_insensitive: u.arbitrary()?,
            path_normalize: u.arbitrary()?,
            allow_newline: u.arbitrary()?,
        };
        let mut list = |most| {
            let count = u.int_in_range(1..=most)?;
            (0..count).map(|_| text(u)).collect::<Result<Vec<_>>>()
        };
        Ok(Case {
            patterns: list(4)?,
            values: list(4)?,
            options,
        })
    }
}

/// The definition: what globset's regex says of pattern and value after what the options do.
fn defined(pattern: &str, value: &[u8], options: Options) -> Option<bool> {
    let mut pattern = pattern.to_owned();
    let mut value = value.to_vec();
    if options.path_normalize {
        pattern = pattern.replace('\\', "/");
        value
            .iter_mut()
            .filter(|byte| **byte == b'\\')
            .for_each(|byte| *byte = b'/');
    }
    if options.case_insensitive {
        pattern.make_ascii_lowercase();
        value.make_ascii_lowercase();
    }
    let glob = GlobBuilder::new(&pattern)
        .literal_separator(options.double_star)
        .case_insensitive(options.case_insensitive)
        .backslash_escape(true)
        .build()
        .ok()?;
    let regex = RegexBuilder::new(glob.regex())
        .dot_matches_new_line(options.allow_newline)
        .build()
        .ok()?;
    Some(regex.is_match(&value))
}

fuzz_target!(|case: Case| {
    let Case {
        patterns,
        values,
        options,
    } = case;
    let set = GlobSet::new(patterns.iter().map(String::as_str), options);
    for value in &values {
        let mut expected = Vec::new();
        for (number, pattern) in patterns.iter().enumerate() {
            let Ok(glob) = Glob::new(pattern, options) else {
                continue;
            };
            let found = glob.is_match(value.as_bytes());
            if let Some(defined) = defined(pattern, value.as_bytes(), options) {
                assert_eq!(found, defined, "{pattern:?} {value:?}");
            }
            if found {
                expected.push(u32::try_from(number).unwrap());
            }
        }
        let mut matched = Vec::new();
        set.matches(value.as_bytes(), &mut matched);
        assert_eq!(matched, expected);
        // With the option that takes escapes away, no pattern can mean a `*`.
        if !options.path_normalize {
            let glob = Glob::new(&escape(value), options).expect("escaped");
            assert!(glob.is_match(value.as_bytes()), "escaped {value:?}");
        }
    }
});
