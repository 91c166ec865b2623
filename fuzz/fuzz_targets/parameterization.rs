//! Patterns in messages: all functions agree, and the first match is that of the crate `regex`
//! where both have the same language.
#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use ophio::parameterization::{
    default_patterns, to_characters, Counts, Limits, Match, Parameterizer, Pattern,
};
use regex::Regex;

/// What a regex is made of. The crate `regex` takes all but those with look-around, with atomic
/// groups or with classes of Unicode.
const PIECES: [&str; 28] = [
    "a",
    "b",
    "1",
    "é",
    "[ab]",
    "[^a]",
    ".",
    "|",
    "a+",
    "b*",
    "[a1]{2,3}",
    "(?:a|ab)",
    "b?",
    "a*?",
    "$",
    "^",
    r"\b",
    r"\w+",
    r"\d",
    "(?=a)",
    "(?!b)",
    "(?<=a)",
    "(?<!ab)",
    "(?>a|ab)",
    "(?>a+)",
    "(?<=^a)",
    r"(?i:K)",
    "(?=[ab]*1)",
];
const TEXTS: [&str; 24] = [
    "a",
    "b",
    "ab",
    "1",
    "é",
    "\n",
    " ",
    "k",
    "\u{212a}",
    "user@example.com",
    "http://a.b/",
    "10.0.0.7",
    "::1",
    "0:0:",
    "a.a.",
    "15ms",
    "2020-01-02",
    "T03:04:05Z",
    "='x'",
    "0x1f",
    "deadbee1",
    "7c1811ed-e98f-4c9c-",
    "\"",
    "٣",
];

/// Mostly made of pieces that mean something, else any text.
fn text(u: &mut Unstructured<'_>, pieces: &[&str], most: usize) -> Result<(String, bool)> {
    if u.ratio(1, 8)? {
        return Ok((String::arbitrary(u)?, false));
    }
    let mut text = String::new();
    for _ in 0..u.int_in_range(0..=most)? {
        text += u.choose(pieces)?;
    }
    Ok((text, true))
}

#[derive(Debug)]
struct Case {
    /// None are the default patterns.
    regexes: Option<Vec<String>>,
    /// Whether all of them are made of pieces.
    composed: bool,
    texts: Vec<String>,
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut composed = true;
        let mut regexes = None;
        if u.ratio(3, 4)? {
            let mut made = Vec::new();
            for _ in 0..u.int_in_range(1..=4)? {
                let (regex, of_pieces) = text(u, &PIECES, 5)?;
                composed &= of_pieces;
                made.push(regex);
            }
            regexes = Some(made);
        }
        let mut texts = Vec::new();
        for _ in 0..u.int_in_range(1..=3)? {
            texts.push(text(u, &TEXTS, 16)?.0);
        }
        Ok(Case {
            regexes,
            composed,
            texts,
        })
    }
}

/// The first match of the crate `regex`, where it takes these regexes.
fn first(regexes: &[String], text: &str) -> Option<Option<(usize, usize, usize)>> {
    let groups = regexes.iter().map(|regex| format!("({regex})"));
    let regex = Regex::new(&groups.collect::<Vec<_>>().join("|")).ok()?;
    let Some(captures) = regex.captures(text) else {
        return Some(None);
    };
    let pattern = (0..regexes.len()).find(|&number| captures.get(number + 1).is_some())?;
    let all = captures.get(0)?;
    Some(Some((pattern, all.start(), all.end())))
}

fuzz_target!(|case: Case| {
    let patterns: Vec<Pattern> = match &case.regexes {
        None => default_patterns(),
        Some(regexes) => regexes
            .iter()
            .enumerate()
            .map(|(number, regex)| Pattern::new(format!("p{number}"), regex.clone()))
            .collect(),
    };
    let limits = Limits {
        operations: 5_000,
        steps: 10_000,
        ..Limits::default()
    };
    let Ok(list) = Parameterizer::new(&patterns, None, limits) else {
        return;
    };
    for text in &case.texts {
        let Ok(mut matches) = list.find(text) else {
            assert!((0..patterns.len()).any(|number| !list.is_linear(number)));
            continue;
        };
        let mut replaced = String::new();
        let mut counts = vec![0; patterns.len()];
        let mut end = 0;
        for found in &matches {
            assert!(end <= found.start && found.start <= found.end);
            replaced += &text[end..found.start];
            replaced += &format!("<{}>", patterns[found.pattern].name);
            counts[found.pattern] += 1;
            end = found.end;
        }
        replaced += &text[end..];
        assert_eq!(list.parameterize(text).unwrap(), replaced);
        assert_eq!(list.counts(text).unwrap(), counts);
        let mut counted: Counts = vec![0; patterns.len()];
        let call = |found: Match| counted[found.pattern] += 1;
        let again = list.parameterize_with(text, call, |it| it.unwrap_or(text).to_owned());
        assert_eq!(again.unwrap(), replaced);
        assert_eq!(counted, counts);
        // No default pattern consumes a line feed: each line can be searched alone.
        if case.regexes.is_none() {
            let lines = text
                .split('\n')
                .map(|line| list.parameterize(line).unwrap());
            assert_eq!(lines.collect::<Vec<_>>().join("\n"), replaced, "{text:?}");
        }
        // `$` before a line feed at the end is Python's alone.
        if let (Some(regexes), true, false) = (&case.regexes, case.composed, text.ends_with('\n')) {
            if let Some(expected) = first(regexes, text) {
                let found = matches.first().map(|it| (it.pattern, it.start, it.end));
                assert_eq!(found, expected, "{regexes:?} {text:?}");
            }
        }
        to_characters(text, &mut matches);
        let length = text.chars().count();
        assert!(matches
            .iter()
            .all(|it| it.start <= it.end && it.end <= length));
    }
});
