//! Globs: patterns with wildcards, over bytes.
//!
//! ```text
//! *.py            any text that ends in .py
//! src/{a,b}/?*    a brace is one of several texts, ? is one byte
//! [!0-9]*         one byte that is not a digit, then anything
//! a\*             an `a` and a star
//! ```
//!
//! A glob matches a whole value, byte by byte: `é` has two bytes, so `??` matches it and `?`
//! does not. [`Options`] change how a glob matches:
//!
//! | | without | with |
//! | --- | --- | --- |
//! | [`double_star`](Options::double_star) | `*` and `?` match `/` | only a `**` that is a whole segment matches `/` |
//! | [`case_insensitive`](Options::case_insensitive) | case matters | pattern and value are put in lower case (ASCII) first |
//! | [`path_normalize`](Options::path_normalize) | `\` escapes | `\` is `/` in pattern and value, and does not escape |
//! | [`allow_newline`](Options::allow_newline) | `*` and `?` stop at line feeds | they match line feeds |
//!
//! These special cases are unexpected, and stored patterns depend on them:
//!
//! - with `double_star`, `*` and `?` match line feeds in any case, and `**` matches them with
//!   `allow_newline` only;
//! - a class matches every byte that it lists: `[!a]` matches `/` and line feeds;
//! - braces in braces are not valid, and a `}` that closes nothing is dropped;
//! - `**` matches `/` only as a whole segment: `a**` is `a*`.
//!
//! The dialect is that of the crate `globset`. Its regex is the definition (`syntax`,
//! `lazy_regex`). Nearly all globs are matched by a short `program` instead, which is compiled
//! from the glob's `token`s. A [`GlobSet`] has an `index` that selects the globs to try by texts in
//! the value.
//!
//! ```
//! use ophio::glob::{Glob, Options};
//!
//! let glob = Glob::new("src/*.rs", Options::default())?;
//! assert!(glob.is_match(b"src/bin/main.rs"));
//!
//! let options = Options { double_star: true, ..Options::default() };
//! assert!(!Glob::new("src/*.rs", options)?.is_match(b"src/bin/main.rs"));
//! assert!(Glob::new("src/**/*.rs", options)?.is_match(b"src/bin/main.rs"));
//!
//! let fault = Glob::new("src/[a-", options).unwrap_err();
//! assert_eq!(fault.position(), 4);
//! # Ok::<(), ophio::glob::InvalidGlob>(())
//! ```

mod glance;
mod grams;
mod index;
mod instruction;
mod lazy_regex;
mod pairs;
mod program;
mod set;
mod simulation;
mod syntax;
mod token;
mod trie;

use std::borrow::Cow;
use std::fmt;

use memchr::memchr;

use crate::msgpack_array;

pub(crate) use self::glance::Glance;
pub(crate) use self::index::{selectivity, Anchors, Index, IndexBuilder};
pub(crate) use self::lazy_regex::LazyRegex;
pub(crate) use self::pairs::Pairs;
pub(crate) use self::program::{Anchor, Program, Value};
pub use self::set::GlobSet;
pub use self::syntax::InvalidGlob;
pub(crate) use self::syntax::Syntax;
pub use crate::msgpack_array::PackedValuesError;
pub use crate::shortcut::{Shortcut, Test};

/// How a glob matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// Only `**` crosses `/`.
    pub double_star: bool,
    /// ASCII letters match in either case.
    pub case_insensitive: bool,
    /// Backslashes are slashes in pattern and value.
    pub path_normalize: bool,
    /// Wildcards match line feeds.
    pub allow_newline: bool,
}

impl Options {
    fn syntax(self) -> Syntax {
        Syntax {
            separators: self.double_star,
            fold_case: self.case_insensitive,
            newlines: self.allow_newline,
        }
    }

    fn pattern(self, pattern: &str) -> Cow<'_, str> {
        let mut pattern = Cow::Borrowed(pattern);
        if self.path_normalize && pattern.contains('\\') {
            pattern = Cow::Owned(pattern.replace('\\', "/"));
        }
        // Before anything else: `[A-z]` becomes `[a-z]`, without the characters between Z and a.
        if self.case_insensitive && pattern.bytes().any(|byte| byte.is_ascii_uppercase()) {
            pattern.to_mut().make_ascii_lowercase();
        }
        pattern
    }

    /// Calls `answer` with the value in the form that programs match.
    fn with_value<T>(self, value: &[u8], answer: impl FnOnce(&[u8]) -> T) -> T {
        let slashes = self.path_normalize && memchr(b'\\', value).is_some();
        let fold = self.case_insensitive && value.iter().any(u8::is_ascii_uppercase);
        if !slashes && !fold {
            return answer(value);
        }
        // Nearly all values are short, and these are copied to the stack and not to the heap.
        let mut short = [0; 256];
        let mut long;
        let copy = match short.get_mut(..value.len()) {
            Some(short) => {
                short.copy_from_slice(value);
                short
            }
            None => {
                long = value.to_vec();
                &mut long[..]
            }
        };
        if fold {
            copy.make_ascii_lowercase();
        }
        if slashes {
            for byte in copy.iter_mut().filter(|byte| **byte == b'\\') {
                *byte = b'/';
            }
        }
        answer(copy)
    }
}

/// A compiled glob. It is immutable, so threads can share it.
pub struct Glob {
    /// The pattern after the options were applied: with slashes, in lower case.
    pattern: Box<str>,
    options: Options,
    program: Program,
    regex: LazyRegex,
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Glob")
            .field(&self.pattern)
            .field(&self.options)
            .finish()
    }
}

impl Glob {
    /// Compiles a glob.
    ///
    /// # Errors
    ///
    /// Fails if the glob is not valid or takes too much memory.
    pub fn new(pattern: &str, options: Options) -> Result<Self, InvalidGlob> {
        let pattern = options.pattern(pattern);
        let syntax = options.syntax();
        let program = Program::new(&pattern, syntax);
        if matches!(program, Program::Regex) {
            // What has become a program is valid: both read a glob in the same way.
            syntax.regex_source(&pattern)?;
        }
        let glob = Self {
            program,
            regex: LazyRegex::default(),
            options,
            pattern: pattern.into(),
        };
        // Only a regex can be too large, so it is only built if the program does not exist.
        if matches!(glob.program, Program::Regex) && glob.regex().is_none() {
            return Err(InvalidGlob::too_large(&glob.pattern));
        }
        Ok(glob)
    }

    /// Returns the options of the glob.
    pub fn options(&self) -> Options {
        self.options
    }

    /// Returns whether the whole value matches.
    ///
    /// Unwinds with [`LimitExceeded`](crate::limits::LimitExceeded), as a panic does, if the glob
    /// has many choices in braces and the match would take more steps than the limit
    /// [`GlobSteps`](crate::limits::Limit::GlobSteps).
    #[inline]
    pub fn is_match(&self, value: &[u8]) -> bool {
        self.options
            .with_value(value, |value| self.is_match_prepared(value))
    }

    /// Returns a substring test that a host can run instead of [`Glob::is_match`], on values that
    /// are valid UTF-8, have no line feed, and are already in lower case and with slashes if the
    /// options require it.
    pub fn shortcut(&self) -> Shortcut {
        self.program.shortcut()
    }

    /// Sets each element of `matched` to whether the value matches, for many values in one
    /// buffer, a MessagePack array of `str` and `bin` values.
    ///
    /// # Errors
    ///
    /// Fails if the buffer is malformed or has another number of values than `matched`. Then
    /// `matched` may have changed.
    pub fn match_packed(
        &self,
        values: &[u8],
        matched: &mut [bool],
    ) -> Result<(), PackedValuesError> {
        let expected = matched.len();
        let mut elements = matched.iter_mut();
        let mismatch = || PackedValuesError::new(format_args!("expected {expected} values"));
        msgpack_array::for_each(values, |value| {
            *elements.next().ok_or_else(mismatch)? = self.is_match(value);
            Ok(())
        })?;
        match elements.next() {
            None => Ok(()),
            Some(_) => Err(mismatch()),
        }
    }

    /// Returns whether a value that [`Options::with_value`] prepared matches.
    fn is_match_prepared(&self, value: &[u8]) -> bool {
        self.program
            .is_match(&Value::new(value))
            .unwrap_or_else(|| self.regex().is_some_and(|regex| regex.is_match(value)))
    }

    /// Returns whether a value matches in one of its forms, which the caller prepared: in lower
    /// case and with slashes, if the options require it.
    pub(crate) fn is_match_in_forms(&self, value: &Value<'_>) -> bool {
        self.program.is_match(value).unwrap_or_else(|| {
            let forms = [Some(value.folded), value.rooted];
            let mut forms = forms.into_iter().flatten();
            self.regex()
                .is_some_and(|regex| forms.any(|form| regex.is_match(form)))
        })
    }

    /// Returns for each choice the texts that every value matching it contains; `None` if they are
    /// not known.
    pub(crate) fn anchors(&self) -> Anchors<'_> {
        self.program.anchors()
    }

    fn regex(&self) -> Option<&lazy_regex::Regex> {
        self.regex.get(|| &*self.pattern, self.options.syntax())
    }
}

/// Returns a glob that matches this text and no other, except for the case and slashes that
/// options ignore.
///
/// Special characters are put in brackets, since a backslash does not escape with
/// [`Options::path_normalize`].
///
/// ```
/// use ophio::glob::escape;
///
/// assert_eq!(escape("f(*args)[0]"), "f([*]args)[[]0]");
/// ```
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | '{' | '}' | '\\') {
            escaped.extend(['[', c, ']']);
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cases, slow_cases, Random};

    const PIECES: [&str; 38] = [
        "[é]", "[!é]", "[_-é]", "[¢-é]", "*", "**", "/", "a", "b", "ab", "?", "[ab]", "[!a]", "\n",
        "/**/", "**/", "/**", "A", "{a,b}", "\\", "[a-cé]", "é", ".", "[^/]", "-", "]", "{a/,b}",
        "}", "[A-z]", "[Z-a]", "{", ",", "{**/", ",**/", "/**}", "***", "{,a}", "[/]",
    ];
    const VALUES: [&str; 12] = [
        "a", "b", "/", "\n", "A", "é", "ab", ".", "-", "\\", "_", "Z",
    ];

    fn options(random: &mut Random) -> Options {
        Options {
            double_star: random.one_in(2),
            case_insensitive: random.one_in(2),
            path_normalize: random.one_in(2),
            allow_newline: random.one_in(2),
        }
    }

    /// The definition: the regex, on the whole value.
    fn by_regex(pattern: &str, options: Options, value: &str) -> bool {
        let regex = LazyRegex::default();
        let normal = |text: &str| {
            let mut text = text.to_owned();
            if options.path_normalize {
                text = text.replace('\\', "/");
            }
            if options.case_insensitive {
                text.make_ascii_lowercase();
            }
            text
        };
        regex
            .get(|| normal(pattern), options.syntax())
            .is_some_and(|regex| regex.is_match(normal(value).as_bytes()))
    }

    #[test]
    fn options_change_what_wildcards_match() {
        let none = Options::default();
        let double_star = Options {
            double_star: true,
            ..none
        };
        let case_insensitive = Options {
            case_insensitive: true,
            ..none
        };
        let path_normalize = Options {
            path_normalize: true,
            ..none
        };
        let allow_newline = Options {
            allow_newline: true,
            ..none
        };
        for (pattern, options, value, expected) in [
            ("a*", none, "a/b", true),
            ("a*", double_star, "a/b", false),
            ("a/**", double_star, "a/b/c", true),
            ("a**", double_star, "a/b", false),
            ("a*", none, "a\n", false),
            ("a*", allow_newline, "a\n", true),
            ("a?", allow_newline, "a\n", true),
            ("a*", double_star, "a\n", true),
            ("a/**", double_star, "a/\n", false),
            ("[!a]", none, "\n", true),
            ("aB", none, "Ab", false),
            ("aB", case_insensitive, "Ab", true),
            ("É", case_insensitive, "é", false),
            (r"a\*", none, "a*", true),
            (r"a\*", path_normalize, "a*", false),
            (r"a\*", path_normalize, r"a\b", true),
            ("a/b", path_normalize, r"a\b", true),
            ("", none, "", true),
            ("", none, "a", false),
        ] {
            let glob = Glob::new(pattern, options).unwrap();
            assert_eq!(
                glob.is_match(value.as_bytes()),
                expected,
                "{pattern:?} {value:?}"
            );
        }
        let long = "A\\".repeat(300);
        let both = Options {
            case_insensitive: true,
            ..path_normalize
        };
        assert!(Glob::new(&"a/".repeat(300), both)
            .unwrap()
            .is_match(long.as_bytes()));
    }

    #[test]
    fn a_glob_matches_what_its_regex_matches() {
        let mut random = Random::new(3);
        for _ in 0..slow_cases(20_000) {
            let pattern = random.concat(&PIECES, 7);
            let options = options(&mut random);
            let glob = Glob::new(&pattern, options);
            for _ in 0..4 {
                let value = random.concat(&VALUES, 8);
                let expected = by_regex(&pattern, options, &value);
                let matched = glob
                    .as_ref()
                    .is_ok_and(|glob| glob.is_match(value.as_bytes()));
                assert_eq!(matched, expected, "{pattern:?} {options:?} on {value:?}");
            }
        }
    }

    #[test]
    fn a_shortcut_decides_as_the_glob_does() {
        let mut random = Random::new(5);
        let mut decided = 0;
        for _ in 0..cases(20_000) {
            let pattern = random.concat(&PIECES, 4);
            let options = Options {
                path_normalize: false,
                case_insensitive: false,
                ..options(&mut random)
            };
            let Ok(glob) = Glob::new(&pattern, options) else {
                continue;
            };
            let shortcut = glob.shortcut();
            for _ in 0..6 {
                let value = random.concat(&VALUES, 6);
                if let Some(found) = shortcut.decides(&value) {
                    let expected = glob.is_match(value.as_bytes());
                    assert_eq!(found, expected, "{pattern:?} {options:?} on {value:?}");
                    decided += usize::from(found);
                }
            }
        }
        assert!(decided > 500, "{decided}");
    }

    #[test]
    fn a_set_finds_what_its_globs_match() {
        let mut random = Random::new(4);
        for _ in 0..cases(2_000) / 10 {
            let options = options(&mut random);
            let patterns: Vec<_> = (0..30).map(|_| random.concat(&PIECES, 5)).collect();
            let set = GlobSet::new(patterns.iter().map(String::as_str), options);
            let globs: Vec<_> = patterns
                .iter()
                .map(|pattern| Glob::new(pattern, options))
                .collect();
            for _ in 0..20 {
                let value = random.concat(&VALUES, 8);
                let mut found = Vec::new();
                set.matches(value.as_bytes(), &mut found);
                let expected: Vec<u32> = (0..)
                    .zip(&globs)
                    .filter(|(_, glob)| {
                        glob.as_ref()
                            .is_ok_and(|glob| glob.is_match(value.as_bytes()))
                    })
                    .map(|(number, _)| number)
                    .collect();
                assert_eq!(found, expected, "{patterns:?} {options:?} on {value:?}");
                assert_eq!(set.is_match(value.as_bytes()), !found.is_empty());
            }
        }
    }

    #[test]
    fn escaped_text_matches_itself() {
        let mut random = Random::new(6);
        for _ in 0..cases(5_000) {
            let text = random.concat(&PIECES, 6);
            let options = options(&mut random);
            let glob = Glob::new(&escape(&text), options).unwrap();
            assert!(glob.is_match(text.as_bytes()), "{text:?} {options:?}");
            let other = random.concat(&PIECES, 6);
            let plain = !options.case_insensitive && !options.path_normalize;
            if plain && other != text {
                assert!(
                    !glob.is_match(other.as_bytes()),
                    "{text:?} matches {other:?}"
                );
            }
        }
    }

    #[test]
    fn packed_values_are_matched_one_by_one() {
        let glob = Glob::new("a*", Options::default()).unwrap();
        // ["ab", b"\xffa", "a"]
        let packed = b"\x93\xa2ab\xc4\x02\xffa\xa1a";
        let mut matched = [false; 3];
        glob.match_packed(packed, &mut matched).unwrap();
        assert_eq!(matched, [true, false, true]);
        for (packed, wanted) in [
            (&packed[..], 2),
            (&packed[..], 4),
            (&packed[..5], 3),
            (b"\x91\x01", 1),
            (b"\xa1a", 1),
            (b"\xdd\xff\xff\xff\xff", 1),
            (b"", 0),
        ] {
            let found = glob.match_packed(packed, &mut vec![false; wanted]);
            assert!(found.is_err(), "{packed:?}");
        }
    }

    #[test]
    fn a_glob_that_takes_too_much_is_an_error() {
        let wide = format!("{{{}}}", "ab?,".repeat(100_000) + "b");
        let fault = Glob::new(&wide, Options::default()).err().unwrap();
        assert!(fault.to_string().contains("too much memory"));
        // Without braces nothing is too large.
        let long = format!("*a?{}*c", "b".repeat(1_000_000));
        assert!(Glob::new(&long, Options::default()).is_ok());
        let stars = Glob::new(&"*".repeat(100_000), Options::default()).unwrap();
        assert!(stars.is_match(b"abc"));
    }
}
