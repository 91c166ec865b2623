//! A CODEOWNERS file, read line by line.
//!
//! ```text
//! # a comment                     GitHub   pattern  owner...  # comment
//! *.js @frontend me@example.org
//! /docs\ old/                     no owner: clears what lines before said
//!
//! [Docs][2] @writers              GitLab   a section, two approvals, default owners
//! docs/                           owned by @writers
//! !docs/generated/                nobody's in this section, whatever other lines say
//! ^[Style]                        an optional section
//! ```
//!
//! A line that is wrong is told by a [`Diagnostic`], and the others work. GitHub leaves out
//! such a line, GitLab the owner that is wrong.

use std::collections::HashMap;

use thiserror::Error;

use super::pattern::{Pattern, Refused};

/// Whose reading of the file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// One list of rules, of which the last wins.
    GitHub,
    /// Lists of rules in sections; in each of them the last wins.
    GitLab,
}

/// A file that is not read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CodeownersError {
    /// It is larger than allowed.
    #[error("the file has {len} bytes, more than the {limit} that are read (`max_bytes`)")]
    TooLarge {
        /// How many bytes it has.
        len: usize,
        /// How many it may have.
        limit: usize,
    },
    /// It has more lines than can be counted.
    #[error("the file has more than 4,294,967,295 lines")]
    TooManyLines,
}

/// A line with something wrong in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The line, counted from 1.
    pub line: u32,
    /// Where in the line it begins, in characters, counted from 1.
    pub column: u32,
    /// Where it ends: the column after its last character.
    pub end_column: u32,
    /// What is wrong, and what comes of it.
    pub message: String,
}

/// Rules that are looked at by themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// As its first heading has it; empty for what is before any heading.
    pub name: String,
    /// The line of that heading, counted from 1; 0 if there is none.
    pub line: u32,
    /// Whether approval is not required.
    pub optional: bool,
    /// How many approvals are required, at least 1.
    pub approvals: u32,
}

/// A pattern and its owners.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The line, counted from 1.
    pub line: u32,
    /// The pattern as it was written, with its escapes.
    pub pattern: String,
    /// Who owns what matches; nobody if empty.
    pub owners: Vec<String>,
    /// The index of its section.
    pub section: u32,
    /// Whether what matches is nobody's in this section, whatever other rules say.
    pub excludes: bool,
    pub(super) compiled: Pattern,
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) sections: Vec<Section>,
    pub(super) rules: Vec<Rule>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// A piece of a line.
#[derive(Clone, Copy)]
struct Token<'a> {
    /// Where it begins, in bytes.
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
    };
    reader.section("", 0);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in text.lines().enumerate() {
        let number = u32::try_from(number + 1).map_err(|_| CodeownersError::TooManyLines)?;
        reader.line(number, line);
    }
    Ok(reader.file)
}

struct Reader {
    dialect: Dialect,
    file: File,
    /// Sections by name in lower case: GitLab joins those with the same name.
    by_name: HashMap<String, u32>,
    /// The one that lines belong to now, and its default owners.
    section: u32,
    defaults: Vec<String>,
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
                self.tell(
                    number,
                    line,
                    (start, start + 1),
                    "this is no heading of a section, and is read as a pattern",
                );
            }
        }
        let (pattern, rest) = first_token(line);
        let owners = self.owners(number, line, rest);
        let Some(mut owners) = owners else {
            return; // GitHub leaves out the line
        };
        let (excludes, text) = match (self.dialect, pattern.text.strip_prefix('!')) {
            (Dialect::GitLab, Some(text)) => (true, text),
            _ => (false, pattern.text),
        };
        let compiled = match self.dialect {
            Dialect::GitHub => Pattern::github(text),
            Dialect::GitLab => Pattern::gitlab(text),
        };
        let compiled = match compiled {
            Ok(compiled) => compiled,
            Err(Refused { at, len, reason }) => {
                let at = pattern.at + (pattern.text.len() - text.len()) + at;
                self.tell(number, line, (at, at + len), reason);
                return;
            }
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

    /// Makes the section of this name the one that lines belong to.
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

    /// Reads owners up to a comment. None if the line is to be left out.
    fn owners(&mut self, number: u32, line: &str, from: usize) -> Option<Vec<String>> {
        let mut owners = Vec::new();
        let mut ok = true;
        for token in tokens(line, from) {
            if token.text.starts_with('#') {
                break;
            }
            if is_owner(token.text, self.dialect) {
                owners.push(token.text.to_owned());
                continue;
            }
            let place = (token.at, token.at + token.text.len());
            let message = match self.dialect {
                Dialect::GitHub => {
                    ok = false;
                    "not an owner (@user, @organization/team or an e-mail address): the line is skipped"
                }
                Dialect::GitLab => {
                    "not an owner (@user, @group, @@role or an e-mail address): it is ignored"
                }
            };
            self.tell(number, line, place, message);
        }
        ok.then_some(owners)
    }

    /// Adds a diagnostic for a place given in bytes.
    fn tell(&mut self, number: u32, line: &str, (start, end): (usize, usize), message: &str) {
        let column = |at: usize| line[..at].chars().count() as u32 + 1;
        self.file.diagnostics.push(Diagnostic {
            line: number,
            column: column(start),
            end_column: column(end),
            message: message.to_owned(),
        });
    }
}

/// The heading of a section: `^[name][approvals] owner...`.
struct Heading<'a> {
    name: &'a str,
    optional: bool,
    approvals: u32,
    /// Where the owners begin, in bytes.
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

/// The pattern, and where what follows it begins. A backslash keeps the character after it in
/// the pattern, a space too.
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

/// What is between white space from a place on.
fn tokens(line: &str, from: usize) -> impl Iterator<Item = Token<'_>> {
    let rest = &line[from..];
    rest.split_whitespace().map(move |text| Token {
        // Both are in the same line.
        at: text.as_ptr() as usize - line.as_ptr() as usize,
        text,
    })
}

fn is_owner(text: &str, dialect: Dialect) -> bool {
    let is_name = |text: &str| {
        let inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        !text.is_empty() && text.chars().all(inside)
    };
    match (dialect, text.strip_prefix('@')) {
        (Dialect::GitHub, Some(name)) => match name.split_once('/') {
            Some((organization, team)) => is_name(organization) && is_name(team),
            None => is_name(name),
        },
        (Dialect::GitLab, Some(name)) => match name.strip_prefix('@') {
            Some(role) => matches!(
                role.to_ascii_lowercase().as_str(),
                "developer" | "developers" | "maintainer" | "maintainers" | "owner" | "owners"
            ),
            None => name.split('/').all(is_name),
        },
        (_, None) => text.split_once('@').is_some_and(|(local, host)| {
            !local.is_empty() && is_name(host) && !host.starts_with('.') && !host.ends_with('.')
        }),
    }
}
