//! CODEOWNERS: finds the owners (people or teams) of the files of a repository.
//!
//! ```text
//! *            @everyone           the last line that matches a path wins
//! *.js         @frontend
//! /docs/       @writers
//! /docs/old/                       no owners: clears those of earlier lines
//! ```
//!
//! The module has two parts:
//!
//! - [`is_path_match`] matches one pattern and one path, in the dialect of Sentry's own
//!   ownership rules, with the results of the published package `sentry_ophio`;
//! - [`Codeowners`] is a whole file as GitHub or GitLab reads it. It finds the rule that wins for a
//!   path.
//!
//! ```text
//! text -> file -> rules -> index          path -> index -> candidates -> the last that
//!                  (pattern, piece)                                       matches
//! ```
//!
//! ```
//! use ophio::codeowners::{Codeowners, Dialect};
//!
//! let text = "*.js @frontend\n/docs/ @writers\n/docs/old/\n";
//! let file = Codeowners::parse(text, Dialect::GitHub, 3_000_000)?;
//! let rule = file.rule_of(b"docs/api/index.md", 0).unwrap();
//! assert_eq!((rule.line, rule.owners[0].text.as_str()), (2, "@writers"));
//! assert!(file.rule_of(b"docs/old/a.md", 0).unwrap().owners.is_empty());
//! assert!(file.rule_of(b"Makefile", 0).is_none());
//! # Ok::<(), ophio::codeowners::CodeownersError>(())
//! ```

mod codes;
mod dialect;
mod file;
mod index;
#[cfg(test)]
mod interpreter;
mod owner;
mod pattern;
mod piece;
#[cfg(test)]
mod shapes;

use std::cell::RefCell;
use std::collections::HashMap;

use foldhash::fast::RandomState;

pub use self::codes::{Code, Severity};
pub use self::dialect::Dialect;
pub use self::file::{CodeownersError, Diagnostic, Rule, Section};
use self::index::Index;
pub use self::owner::{Owner, OwnerKind};
use self::pattern::Pattern;
use crate::limits::Limit;
pub use crate::msgpack_array::PackedValuesError;
pub use crate::shortcut::{Shortcut, Test};

/// The number of compiled patterns that a thread keeps for [`is_path_match`].
const MAX_KEPT: usize = 512;

/// The maximum length in bytes of a pattern that is kept.
const MAX_KEPT_BYTES: usize = 1_024;

thread_local! {
    static COMPILED: RefCell<HashMap<Box<str>, Pattern, RandomState>> = RefCell::default();
}

/// Returns whether `path` matches `pattern`, in the dialect of Sentry's ownership rules.
///
/// A pattern with a slash before its last byte begins at the root; others match at any
/// depth. `*` and `?` stop at slashes, `**` between slashes is any number of directories. A
/// trailing slash matches all files inside, a trailing `/*` those directly inside.
///
/// ```
/// use ophio::codeowners::is_path_match;
///
/// assert!(is_path_match(b"src/api/main.py", "*.py"));
/// assert!(is_path_match(b"src/api/main.py", "/src/"));
/// assert!(!is_path_match(b"src/api/main.py", "src/*"));
/// assert!(is_path_match(b"src/api/main.py", "src/**/main.py"));
/// ```
///
/// Each thread keeps the compiled patterns that it used last.
pub fn is_path_match(path: &[u8], pattern: &str) -> bool {
    let kept = COMPILED.try_with(|compiled| {
        let mut compiled = compiled.try_borrow_mut().ok()?;
        if let Some(pattern) = compiled.get(pattern) {
            return Some(pattern.matches(path));
        }
        if pattern.len() > MAX_KEPT_BYTES {
            return None;
        }
        if compiled.len() == MAX_KEPT {
            compiled.clear();
        }
        let entry = compiled.entry(pattern.into());
        Some(
            entry
                .insert_entry(Pattern::published(pattern))
                .get()
                .matches(path),
        )
    });
    // When a thread ends, its patterns may already be freed.
    kept.ok()
        .flatten()
        .unwrap_or_else(|| Pattern::published(pattern).matches(path))
}

/// Returns a substring test that a host can run instead of [`is_path_match`], on paths that are
/// valid UTF-8 and have no line feed.
pub fn shortcut(pattern: &str) -> Shortcut {
    Pattern::published(pattern).shortcut()
}

/// A CODEOWNERS file. It is immutable, so threads can share it.
#[derive(Debug)]
pub struct Codeowners {
    file: file::File,
    index: Index,
}

/// The number that [`Codeowners::find`] writes if no rule of a section matches.
pub const NO_RULE: u32 = u32::MAX;

impl Codeowners {
    /// Reads a file. [`Codeowners::diagnostics`] reports lines that are not valid.
    ///
    /// # Errors
    ///
    /// Fails if the file has more than `max_bytes` (the limit of GitHub is 3 MB), more lines than
    /// [`Limit::Rules`] that are no comments, or more than 32 bits can count.
    pub fn parse(text: &str, dialect: Dialect, max_bytes: usize) -> Result<Self, CodeownersError> {
        if text.len() > max_bytes {
            return Err(CodeownersError::TooLarge {
                len: text.len(),
                limit: max_bytes,
            });
        }
        let is_rule = |line: &&str| !matches!(line.trim_start().as_bytes(), [] | [b'#', ..]);
        Limit::Rules.check(text.lines().filter(is_rule).count())?;
        let file = file::read(text, dialect)?;
        let index = Index::new(file.rules.iter().map(|rule| &rule.compiled));
        Ok(Self { file, index })
    }

    /// Returns the rules, in the order of the file.
    pub fn rules(&self) -> &[Rule] {
        &self.file.rules
    }

    /// Returns the sections, in the order of their first headings. The first section holds the
    /// rules before any heading; for GitHub it is the only one.
    pub fn sections(&self) -> &[Section] {
        &self.file.sections
    }

    /// Returns the diagnostics, in the order of the file.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.file.diagnostics
    }

    /// Finds the rule that wins in each section: sets `winners`, which has one element a
    /// section, to the indexes of rules or [`NO_RULE`].
    ///
    /// `path` is the path of a file from the root of the repository, with or without a first
    /// slash. `candidates` is scratch space.
    pub fn find(&self, path: &[u8], winners: &mut [u32], candidates: &mut Vec<u32>) {
        let path = path.strip_prefix(b"/").unwrap_or(path);
        winners.fill(NO_RULE);
        if path.is_empty() {
            return;
        }
        self.index.candidates(path, candidates);
        let mut open = winners.len();
        // An exclusion wins over later rules, so with one every candidate must be tried.
        let excludes = |number: &u32| self.file.rules[*number as usize].excludes;
        let any_excludes = candidates.iter().any(excludes);
        for &number in &*candidates {
            let rule = &self.file.rules[number as usize];
            let winner = &mut winners[rule.section as usize];
            let is_open = *winner == NO_RULE || (rule.excludes && !excludes(winner));
            if is_open && rule.compiled.matches(path) {
                open -= usize::from(*winner == NO_RULE);
                *winner = number;
                if open == 0 && !any_excludes {
                    return;
                }
            }
        }
    }

    /// Finds the winners for many paths in one buffer, a MessagePack array of `str` and `bin`
    /// values. The winners of a path follow those of the path before it.
    ///
    /// # Errors
    ///
    /// Fails if the buffer is malformed.
    pub fn find_packed(&self, paths: &[u8]) -> Result<Vec<u32>, PackedValuesError> {
        let mut all = Vec::new();
        let mut winners = vec![NO_RULE; self.file.sections.len()];
        let mut candidates = Vec::new();
        crate::msgpack_array::for_each(paths, |path| {
            self.find(path, &mut winners, &mut candidates);
            all.extend_from_slice(&winners);
            Ok(())
        })?;
        Ok(all)
    }

    /// Finds the rules whose pattern matches any of many paths, also where another rule wins. The
    /// paths are in one buffer, as for [`Codeowners::find_packed`]. Returns an element a rule.
    ///
    /// # Errors
    ///
    /// Fails if the buffer is malformed.
    pub fn matched_packed(&self, paths: &[u8]) -> Result<Vec<bool>, PackedValuesError> {
        let mut matched = vec![false; self.file.rules.len()];
        let mut candidates = Vec::new();
        crate::msgpack_array::for_each(paths, |path| {
            let path = path.strip_prefix(b"/").unwrap_or(path);
            if path.is_empty() {
                return Ok(());
            }
            self.index.candidates(path, &mut candidates);
            for &number in &candidates {
                let matched = &mut matched[number as usize];
                *matched = *matched || self.file.rules[number as usize].compiled.matches(path);
            }
            Ok(())
        })?;
        Ok(matched)
    }

    /// Returns the rule that wins in a section, if any matches.
    pub fn rule_of(&self, path: &[u8], section: usize) -> Option<&Rule> {
        let mut winners = vec![NO_RULE; self.file.sections.len()];
        self.find(path, &mut winners, &mut Vec::new());
        self.file.rules.get(*winners.get(section)? as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cases, Random};

    fn joined(owners: &[Owner]) -> String {
        let texts: Vec<_> = owners.iter().map(|owner| owner.text.as_str()).collect();
        texts.join(" ")
    }

    fn owners(text: &str, dialect: Dialect, path: &str) -> Option<String> {
        let file = Codeowners::parse(text, dialect, 1_000).unwrap();
        file.rule_of(path.as_bytes(), 0)
            .map(|rule| joined(&rule.owners))
    }

    #[test]
    fn the_index_finds_what_a_loop_finds() {
        const PIECES: [&str; 20] = [
            "/", "/", "a", "b", "src", "*", "**", "/**/", "*.js", "*.c", "?", "a*b", "[ab]", "!",
            ".js", "x.js", "\\*", "é", "docs/", "**/",
        ];
        const PATHS: [&str; 12] = [
            "a", "b", "src", "/", "/", "/", "x.js", ".js", ".c", "é", "docs", "*",
        ];
        let mut random = Random::new(8);
        let mut matched = 0;
        for _ in 0..cases(2_000) {
            let dialect = *random.pick(&[Dialect::GitHub, Dialect::GitLab]);
            let mut text = String::new();
            for number in 0..12 {
                if dialect == Dialect::GitLab && random.one_in(5) {
                    text += &format!("[section {}]\n", number % 3);
                }
                text += &format!("{} @owner{number}\n", random.concat(&PIECES, 5));
            }
            let file = Codeowners::parse(&text, dialect, 10_000).unwrap();
            for _ in 0..10 {
                let path = random.concat(&PATHS, 6);
                let path = path.trim_start_matches('/');
                let mut winners = vec![NO_RULE; file.sections().len()];
                file.find(path.as_bytes(), &mut winners, &mut Vec::new());
                for (section, &winner) in (0..).zip(&winners) {
                    let rules = || {
                        (0..).zip(file.rules()).filter(|(_, rule)| {
                            rule.section == section
                                && !path.is_empty()
                                && rule.compiled.matches(path.as_bytes())
                        })
                    };
                    let excluding = rules().filter(|(_, rule)| rule.excludes).last();
                    let expected = excluding.or_else(|| rules().last());
                    let expected = expected.map_or(NO_RULE, |(number, _)| number);
                    assert_eq!(winner, expected, "{text}\n{path}");
                    matched += usize::from(winner != NO_RULE);
                }
            }
        }
        assert!(matched > 2_000, "{matched}");
    }

    #[test]
    fn the_last_line_wins_and_one_without_owners_clears() {
        let text = "* @all\n*.js @js # for now\n/docs/ a@example.org\n/docs/old/\n";
        for (path, expected) in [
            ("a/b.c", "@all"),
            ("a/b.js", "@js"),
            ("docs/b.js", "a@example.org"),
            ("a/docs/b.c", "@all"),
            ("docs/old/b.js", ""),
            ("/docs/old/b.js", ""),
        ] {
            let found = owners(text, Dialect::GitHub, path);
            assert_eq!(found.as_deref(), Some(expected), "{path}");
        }
        assert_eq!(owners("/docs/ @a", Dialect::GitHub, "src/a"), None);
        assert_eq!(owners("* @a", Dialect::GitHub, ""), None);
    }

    #[test]
    fn sections_have_defaults_and_join_by_name() {
        let text = "* @all\n[Docs][2] @w\ndocs/\n*.md @md\n^[Style]\n*.css @css\n[DOCS] @v\nREADME\n!docs/gen/\n";
        let file = Codeowners::parse(text, Dialect::GitLab, 1_000).unwrap();
        let names: Vec<_> = file
            .sections()
            .iter()
            .map(|s| (s.name.as_str(), s.optional, s.approvals))
            .collect();
        assert_eq!(
            names,
            [("", false, 1), ("Docs", false, 2), ("Style", true, 1)]
        );
        let owners = |path: &str, section| {
            let rule = file.rule_of(path.as_bytes(), section)?;
            Some((joined(&rule.owners), rule.line))
        };
        assert_eq!(owners("docs/a", 1), Some(("@w".to_owned(), 3)));
        assert_eq!(owners("README", 1), Some(("@v".to_owned(), 8)));
        assert_eq!(owners("x/a.md", 1), Some(("@md".to_owned(), 4)));
        assert_eq!(owners("x/docs/gen/a.md", 1), Some((String::new(), 9)));
        assert_eq!(owners("a.css", 2), Some(("@css".to_owned(), 6)));
        assert_eq!(owners("a.css", 1), None);
        assert_eq!(owners("a.css", 0), Some(("@all".to_owned(), 1)));
    }

    #[test]
    fn a_fault_has_a_line_and_columns() {
        let text = "*.é frontend @ok\n!a @a\nx[1] @a\n\\#a @a\nok @a\n";
        let lines_and_columns = |dialect| {
            let file = Codeowners::parse(text, dialect, 1_000).unwrap();
            let lines: Vec<_> = file.rules().iter().map(|rule| rule.line).collect();
            let reported = file.diagnostics().iter();
            let reported: Vec<_> = reported.map(|d| (d.line, d.column, d.end_column)).collect();
            (lines, reported)
        };
        assert_eq!(
            lines_and_columns(Dialect::GitHub),
            (
                vec![3, 5],
                vec![(1, 5, 13), (2, 1, 2), (3, 2, 5), (4, 1, 3)]
            )
        );
        assert_eq!(
            lines_and_columns(Dialect::GitLab),
            (vec![1, 2, 3, 4, 5], vec![(1, 5, 13)])
        );
        let file = Codeowners::parse("a[b @a\n[x] y [z\n[q\n", Dialect::GitLab, 99).unwrap();
        let reported: Vec<_> = file
            .diagnostics()
            .iter()
            .map(|d| (d.line, d.column))
            .collect();
        assert_eq!(reported, [(1, 2), (2, 5), (2, 7), (3, 1), (3, 1)]);
        assert_eq!(
            Codeowners::parse("* @a", Dialect::GitHub, 3).unwrap_err(),
            CodeownersError::TooLarge { len: 4, limit: 3 }
        );
    }

    #[test]
    fn each_fault_has_a_code_a_span_and_a_result() {
        use Dialect::{GitHub, GitLab};
        // The line, the host; code, columns and suggestion of each fault; the owners of `a/[x]/b`,
        // or nothing if the line is skipped.
        type Row = (
            &'static str,
            Dialect,
            &'static [(&'static str, u32, u32, Option<&'static str>)],
            Option<&'static str>,
        );
        let table: &[Row] = &[
            ("!b @a", GitHub, &[("OPH401", 1, 2, None)], None),
            (r"\#b @a", GitHub, &[("OPH402", 1, 3, None)], None),
            ("***/b @a", GitHub, &[("OPH403", 1, 4, Some("**"))], None),
            ("a/é**** @a", GitHub, &[("OPH403", 4, 8, Some("**"))], None),
            ("b a", GitHub, &[("OPH404", 3, 4, Some("@a"))], None),
            ("b @a, @c", GitHub, &[("OPH404", 3, 6, Some("@a"))], None),
            ("b @x/y/z", GitHub, &[("OPH404", 3, 9, None)], None),
            ("b @@owner", GitHub, &[("OPH404", 3, 10, None)], None),
            ("/a/[x]/b @a", GitHub, &[("OPH501", 4, 7, None)], Some("@a")),
            (
                "/a/[x]/b a",
                GitHub,
                &[("OPH501", 4, 7, None), ("OPH404", 10, 11, Some("@a"))],
                None,
            ),
            ("[x]/ @a", GitHub, &[("OPH501", 1, 4, None)], Some("@a")),
            ("*] @a", GitHub, &[("OPH501", 2, 3, None)], Some("@a")),
            ("[* @a", GitHub, &[("OPH501", 1, 2, None)], Some("@a")),
            (r"/a/\[x\]/ @a", GitHub, &[], Some("@a")),
            (r"\*** @a", GitHub, &[], Some("")),
            ("b @a#c @d", GitHub, &[("OPH504", 5, 6, None)], Some("@a")),
            ("b @a # c", GitHub, &[], Some("@a")),
            ("b", GitHub, &[], Some("")),
            ("b[ @a", GitLab, &[("OPH405", 2, 3, None)], None),
            (
                "b a @c",
                GitLab,
                &[("OPH502", 3, 4, Some("@a"))],
                Some("@c"),
            ),
            (
                "[b @a",
                GitLab,
                &[("OPH503", 1, 2, None), ("OPH405", 1, 2, None)],
                None,
            ),
            (
                "b @a, @c;",
                GitLab,
                &[("OPH504", 5, 6, None), ("OPH504", 9, 10, None)],
                Some("@a @c"),
            ),
            ("b @a#c", GitLab, &[("OPH504", 5, 6, None)], Some("@a")),
            ("b @x/y/z @@owner", GitLab, &[], Some("@x/y/z @@owner")),
            ("[x]  @a", GitLab, &[], None),
            ("!b", GitLab, &[], Some("")),
            ("**** @a", GitLab, &[], Some("@a")),
        ];
        for (line, dialect, faults, expected) in table {
            let file = Codeowners::parse(line, *dialect, 1_000).unwrap();
            let found: Vec<_> = file
                .diagnostics()
                .iter()
                .map(|d| {
                    (
                        d.code.name(),
                        d.column,
                        d.end_column,
                        d.suggestion.as_deref(),
                    )
                })
                .collect();
            assert_eq!(found, *faults, "{line}");
            for fault in file.diagnostics() {
                let skipped = fault.message.ends_with("the line is skipped");
                assert_eq!(skipped, fault.code.severity() == Severity::Error, "{line}");
            }
            let owners = file.rules().first().map(|rule| joined(&rule.owners));
            let owners = if line.starts_with(r"\***") {
                owners.map(|_| String::new()) // matches other files
            } else {
                file.rule_of(b"a/[x]/b", 0).map(|rule| joined(&rule.owners))
            };
            assert_eq!(owners.as_deref(), *expected, "{line}");
        }
    }

    #[test]
    fn a_long_line_of_faults_takes_linear_time() {
        let line = format!("é {}", "x ".repeat(50_000));
        let file = Codeowners::parse(&line, Dialect::GitLab, 1_000_000).unwrap();
        let last = file.diagnostics().last().unwrap();
        assert_eq!(file.diagnostics().len(), 50_000);
        assert_eq!((last.column, last.end_column), (100_001, 100_002));
    }

    #[test]
    fn rules_that_match_no_path_are_found() {
        let text = "* @a\n*.js @b\n/docs/ @c\n/old/ @d\n!x/y\n";
        let file = Codeowners::parse(text, Dialect::GitLab, 1_000).unwrap();
        let matched = |paths: &[&str]| {
            let packed = crate::msgpack_array::of_texts(paths.iter().copied()).unwrap();
            file.matched_packed(&packed).unwrap()
        };
        // A rule counts where a later one wins.
        assert_eq!(matched(&["/docs/a.js"]), [true, true, true, false, false]);
        assert_eq!(matched(&["x/y"]), [true, false, false, false, true]);
        assert_eq!(matched(&["", "/"]), [false; 5]);
        assert!(file.matched_packed(b"\xc0").is_err());
    }
}
