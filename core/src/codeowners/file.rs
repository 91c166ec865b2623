//! Reads a CODEOWNERS file line by line.
//!
//! ```text
//! # a comment                     GitHub   pattern  owner...  # comment
//! *.js @frontend me@example.org
//! /docs\ old/                     no owners: clears those of earlier lines
//!
//! [Docs][2] @writers              GitLab   a section, two approvals, default owners
//! docs/                           owned by @writers
//! !docs/generated/                has no owners in this section
//! ^[Style]                        an optional section
//! ```
//!
//! A [`Diagnostic`] reports what is not valid, and what happens: an error if the line is skipped as
//! the host skips it, a warning if the line is used. For GitHub an invalid owner is an error; GitLab
//! ignores the owner only.

use std::collections::HashMap;

use thiserror::Error;

use super::codes::Code;
use super::dialect::Dialect;
use super::owner::Owner;
use super::pattern::{brackets, Pattern, Unsupported};
use crate::limits::{Limit, LimitExceeded};

/// An error of reading a file.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CodeownersError {
    /// The file is too large.
    #[error("the file has {len} bytes, more than the limit of {limit} (`max_bytes`)")]
    TooLarge {
        /// The size of the file in bytes.
        len: usize,
        /// The limit.
        limit: usize,
    },
    /// The file has too many lines: line numbers have 32 bits.
    #[error("the file has more than 4,294,967,295 lines")]
    TooManyLines,
    /// The file exceeds a limit.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}

/// A problem in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The code, which has the severity.
    pub code: Code,
    /// The line, counted from 1.
    pub line: u32,
    /// The column where the problem begins, in characters, counted from 1.
    pub column: u32,
    /// The column after its last character.
    pub end_column: u32,
    /// What is wrong, and what happens to the line.
    pub message: String,
    /// A suggested replacement for these characters.
    pub suggestion: Option<String>,
}

/// A group of rules. In each section one rule wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The name in its first heading; empty for the section before any heading.
    pub name: String,
    /// The line of that heading, counted from 1; 0 if there is none.
    pub line: u32,
    /// Whether approval is optional.
    pub optional: bool,
    /// The number of required approvals, at least 1.
    pub approvals: u32,
}

/// A pattern and its owners.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The line, counted from 1.
    pub line: u32,
    /// The pattern as it is written, with its escapes.
    pub pattern: String,
    /// The owners of matching files. An empty list means that they have no owner.
    pub owners: Vec<Owner>,
    /// The index of its section.
    pub section: u32,
    /// Whether matching files have no owner in this section, even if other rules match.
    pub excludes: bool,
    pub(super) compiled: Pattern,
}

/// The content of a file.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) sections: Vec<Section>,
    pub(super) rules: Vec<Rule>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// A part of a line.
#[derive(Clone, Copy)]
struct Token<'a> {
    /// Its position in bytes.
    at: usize,
    text: &'a str,
}

/// Reads a file.
pub(super) fn read(text: &str, dialect: Dialect) -> Result<File, CodeownersError> {
    let mut reader = Reader {
        dialect,
        file: File::default(),
        by_name: HashMap::new(),
        section: 0,
        defaults: Vec::new(),
        counted: (0, 1),
    };
    reader.section("", 0);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in text.lines().enumerate() {
        let number = u32::try_from(number + 1).map_err(|_| CodeownersError::TooManyLines)?;
        reader.counted = (0, 1);
        reader.line(number, line);
    }
    Ok(reader.file)
}

struct Reader {
    dialect: Dialect,
    file: File,
    /// Sections by name in lower case: GitLab merges sections with the same name.
    by_name: HashMap<String, u32>,
    /// The section of the current line.
    section: u32,
    /// The default owners of that section.
    defaults: Vec<Owner>,
    /// A position in the current line in bytes, and its column. Columns are counted from there,
    /// so a long line with many faults is read once.
    counted: (usize, u32),
}

impl Reader {
    fn line(&mut self, number: u32, line: &str) {
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            return;
        }
        if self.dialect == Dialect::GitLab && content.starts_with(['[', '^']) {
            if let Some(heading) = Heading::read(line) {
                self.heading(number, line, &heading);
                return;
            }
            if content.starts_with('[') {
                let start = line.len() - line.trim_start().len();
                self.report(
                    number,
                    line,
                    (start, start + 1),
                    Fault::new(
                        Code::NotAHeading,
                        "not a section heading: the line is read as a pattern",
                    ),
                );
            }
        }
        let (pattern, rest) = first_token(line);
        let (excludes, text) = match (self.dialect, pattern.text.strip_prefix('!')) {
            (Dialect::GitLab, Some(text)) => (true, text),
            _ => (false, pattern.text),
        };
        let start = pattern.at + (pattern.text.len() - text.len());
        let compiled = match self.dialect {
            Dialect::GitHub => Pattern::github(text),
            Dialect::GitLab => Pattern::gitlab(text),
        };
        let compiled = match compiled {
            Ok(compiled) => compiled,
            Err(Unsupported {
                at,
                len,
                code,
                reason,
                suggestion,
            }) => {
                let at = start + at;
                let mut fault = Fault::new(code, reason);
                fault.suggestion = suggestion.map(str::to_owned);
                self.report(number, line, (at, at + len), fault);
                return;
            }
        };
        if self.dialect == Dialect::GitHub {
            if let Some(range) = brackets(text) {
                let message = format!(
                    "GitHub has no character ranges: `{}` is matched literally",
                    &text[range.clone()]
                );
                let range = (start + range.start, start + range.end);
                self.report(number, line, range, Fault::new(Code::Brackets, message));
            }
        }
        let Some(mut owners) = self.owners(number, line, rest) else {
            return; // GitHub skips the line
        };
        if excludes {
            owners.clear();
        } else if owners.is_empty() {
            owners.clone_from(&self.defaults);
        }
        self.file.rules.push(Rule {
            line: number,
            pattern: pattern.text.to_owned(),
            owners,
            section: self.section,
            excludes,
            compiled,
        });
    }

    fn heading(&mut self, number: u32, line: &str, heading: &Heading<'_>) {
        self.section(heading.name, number);
        self.defaults = self.owners(number, line, heading.rest).unwrap_or_default();
        let section = &mut self.file.sections[self.section as usize];
        if section.line == number {
            section.optional = heading.optional;
            section.approvals = heading.approvals.max(1);
        }
    }

    /// Starts the section of this name, or continues it.
    fn section(&mut self, name: &str, line: u32) {
        let next = self.file.sections.len() as u32;
        self.section = *self.by_name.entry(name.to_lowercase()).or_insert(next);
        if self.section == next {
            self.file.sections.push(Section {
                name: name.to_owned(),
                line,
                optional: false,
                approvals: 1,
            });
        }
    }

    /// Reads owners up to a comment. Returns `None` if the line is to be skipped.
    fn owners(&mut self, number: u32, line: &str, from: usize) -> Option<Vec<Owner>> {
        let mut owners = Vec::new();
        let mut ok = true;
        for token in tokens(line, from) {
            if token.text.starts_with('#') {
                break;
            }
            if let Some(owner) = Owner::read(token.text, self.dialect) {
                owners.push(owner);
                continue;
            }
            let end = token.at + token.text.len();
            if let Some((before, _)) = token.text.split_once('#') {
                if let Some(owner) = Owner::read(before, self.dialect) {
                    let at = token.at + before.len();
                    let message = "a comment begins here: put a space before `#`";
                    self.report(
                        number,
                        line,
                        (at, at + 1),
                        Fault::new(Code::AfterOwner, message),
                    );
                    owners.push(owner);
                    break;
                }
            }
            let before = token.text.trim_end_matches([',', ';']);
            let separated = Owner::read(before, self.dialect);
            match (self.dialect, separated) {
                (Dialect::GitLab, Some(owner)) => {
                    let range = (token.at + before.len(), end);
                    let message = "spaces separate owners: this character is ignored";
                    self.report(number, line, range, Fault::new(Code::AfterOwner, message));
                    owners.push(owner);
                }
                (Dialect::GitLab, None) => {
                    let message = "not an owner (@user, @group, @@role or an e-mail address): the owner is skipped";
                    let mut fault = Fault::new(Code::IgnoredOwner, message);
                    fault.suggestion = self.with_at(token.text);
                    self.report(number, line, (token.at, end), fault);
                }
                (Dialect::GitHub, separated) => {
                    ok = false;
                    let message = "not an owner (@user, @organization/team or an e-mail address): the line is skipped";
                    let mut fault = Fault::new(Code::NotAnOwner, message);
                    let separated = separated.map(|owner| owner.text);
                    fault.suggestion = separated.or_else(|| self.with_at(token.text));
                    self.report(number, line, (token.at, end), fault);
                }
            }
        }
        ok.then_some(owners)
    }

    /// Returns the owner that a word probably means, if it lacks the `@`.
    fn with_at(&self, text: &str) -> Option<String> {
        let owner = (!text.contains('@')).then(|| Owner::read(&format!("@{text}"), self.dialect));
        Some(owner??.text)
    }

    /// Returns the column of a position in bytes.
    fn column(&mut self, line: &str, at: usize) -> u32 {
        if at < self.counted.0 {
            self.counted = (0, 1);
        }
        let (from, column) = self.counted;
        let column = column + line[from..at].chars().count() as u32;
        self.counted = (at, column);
        column
    }

    /// Adds a diagnostic for a range in bytes.
    fn report(&mut self, number: u32, line: &str, (start, end): (usize, usize), fault: Fault) {
        if self.file.diagnostics.len() >= Limit::Rules.get() {
            return;
        }
        let column = self.column(line, start);
        let end_column = self.column(line, end);
        self.file.diagnostics.push(Diagnostic {
            code: fault.code,
            line: number,
            column,
            end_column,
            message: fault.message,
            suggestion: fault.suggestion,
        });
    }
}

/// What a diagnostic reports, without the position.
struct Fault {
    code: Code,
    message: String,
    suggestion: Option<String>,
}

impl Fault {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            suggestion: None,
        }
    }
}

/// The heading of a section: `^[name][approvals] owner...`.
struct Heading<'a> {
    name: &'a str,
    optional: bool,
    approvals: u32,
    /// The position after the heading, in bytes: the owners follow it.
    rest: usize,
}

impl<'a> Heading<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let content = line.trim_start();
        let (optional, content) = match content.strip_prefix('^') {
            Some(content) => (true, content),
            None => (false, content),
        };
        let (name, mut after) = content.strip_prefix('[')?.split_once(']')?;
        let mut approvals = 1;
        if let Some(count) = after.strip_prefix('[') {
            let (digits, rest) = count.split_once(']')?;
            approvals = digits.parse().ok()?;
            after = rest;
        }
        let ends = after.is_empty() || after.starts_with(char::is_whitespace);
        (ends && !name.trim().is_empty()).then(|| Self {
            name: name.trim(),
            optional,
            approvals,
            rest: line.len() - after.len(),
        })
    }
}

/// Returns the pattern of a line and the position after it. A backslash makes the next
/// character a part of the pattern, also a space.
fn first_token(line: &str) -> (Token<'_>, usize) {
    let at = line.len() - line.trim_start().len();
    let mut quoted = false;
    let end = line[at..].find(|c: char| {
        let ends = !quoted && c.is_whitespace();
        quoted = !quoted && c == '\\';
        ends
    });
    let end = end.map_or(line.len(), |len| at + len);
    let text = &line[at..end];
    (Token { at, text }, end)
}

/// Returns the words from a position on.
fn tokens(line: &str, from: usize) -> impl Iterator<Item = Token<'_>> {
    let rest = &line[from..];
    rest.split_whitespace().map(move |text| Token {
        // Both point into the same line.
        at: text.as_ptr() as usize - line.as_ptr() as usize,
        text,
    })
}
