//! Checks the lines of a rule text, and gives each problem its line and columns.

use std::sync::Arc;

use super::finding::{Edit, Finding};
use super::lints::{self, RuleSetLints};
use super::meant;
use crate::diagnostics::Fix;
use crate::enhancements::codes::{Code, Severity};
use crate::enhancements::text::parser::{self, Retired, Span};
use crate::limits::Limit;

/// A problem of a rule text.
pub type Diagnostic = crate::diagnostics::Diagnostic<Code>;

/// Finds all problems of a rule text, in the order of their spans.
pub fn check(text: &str) -> Vec<Diagnostic> {
    check_lines(text, Retired::Fail, Checked::AllRules)
}

/// Does the same as [`check`] for a text that
/// [`Enhancements::parse_lenient`](crate::enhancements::Enhancements::parse_lenient) will parse: retired actions
/// are warnings.
pub fn check_lenient(text: &str) -> Vec<Diagnostic> {
    check_lines(text, Retired::Skip, Checked::AllRules)
}

/// What is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Checked {
    /// Each line by itself.
    EachLine,
    /// Also the rules together.
    AllRules,
}

pub(super) fn check_lines(text: &str, retired: Retired, checked: Checked) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut rule_set = RuleSetLints::default();
    let mut lines = Vec::new();
    // A line has few errors, but any number of warnings.
    let most = Limit::Rules.get();
    for (number, raw) in (1..).zip(text.lines()) {
        let indentation = |found: &mut Vec<Diagnostic>| {
            if let Some(finding) = lints::indentation(raw).filter(|_| found.len() < most) {
                found.push(Line::whole(number, raw).diagnostic(finding));
            }
        };
        if !parser::is_rule(raw.trim()) {
            indentation(&mut found);
            continue;
        }
        let line = Line::new(number, raw);
        match meant::parse(line.rule(), number, retired) {
            Err(faulty) => {
                let details: Arc<str> = faulty.error.to_string().into();
                for (index, finding) in faulty.found.into_iter().enumerate() {
                    // The first one says that the text cannot be parsed.
                    if index == 0 || found.len() < most {
                        found.push(line.error(finding, details.clone()));
                    }
                }
            }
            Ok(rule) => {
                indentation(&mut found);
                if found.len() < most {
                    retired_actions(&line, &rule.retired, &mut found);
                }
                lints::lint_rule(&rule, line.rule(), line.after(), &mut |finding| {
                    if found.len() < most {
                        found.push(line.diagnostic(finding));
                    }
                });
                if checked == Checked::AllRules {
                    rule_set.add(&rule, number);
                    lines.push(line);
                }
            }
        }
    }
    rule_set.finish(&mut |rule, finding| {
        if found.len() < most {
            found.push(lines[rule].diagnostic(finding));
        }
    });
    found.sort_by_key(|each| (each.line, each.column, each.code.name()));
    found
}

/// Returns a warning for each rule that Sentry's profiling ignores.
///
/// A line that is not a rule has none.
pub fn check_profiling(text: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (number, raw) in (1..).zip(text.lines()) {
        let rule = raw.trim();
        if parser::is_rule(rule) && parser::parse_written(rule, number, Retired::Fail).is_ok() {
            let line = Line::new(number, raw);
            found.extend(lints::ignored(rule).map(|finding| line.diagnostic(finding)));
        }
    }
    found
}

/// Appends a warning for each action that a lenient parse drops from a line.
fn retired_actions(line: &Line<'_>, retired: &[Span], found: &mut Vec<Diagnostic>) {
    found.extend(retired.iter().map(|place| Diagnostic {
        severity: Severity::Warning,
        ..line.diagnostic({
            let word = &line.rule()[place.clone()];
            let message = format!("`{word}` was retired and is left out");
            Finding::new(Code::Retired, place.clone(), message)
        })
    }));
}

/// Returns a warning for each action that a lenient parse drops from the line with this number.
pub(in crate::enhancements) fn left_out(
    number: usize,
    line: &str,
    retired: &[Span],
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    retired_actions(&Line::new(number, line), retired, &mut found);
    found
}

/// A line, and its columns.
struct Line<'a> {
    number: usize,
    raw: &'a str,
    /// The number of bytes of white space before the rule.
    indent: usize,
    source: Arc<str>,
    /// The offset of each character, in bytes; empty if all characters have one byte. Counting
    /// characters again for each span would take quadratic time.
    starts: Vec<usize>,
}

impl<'a> Line<'a> {
    fn new(number: usize, raw: &'a str) -> Self {
        let starts = if raw.is_ascii() {
            Vec::new()
        } else {
            raw.char_indices().map(|(at, _)| at).collect()
        };
        Self {
            number,
            raw,
            indent: raw.len() - raw.trim_start().len(),
            source: raw.into(),
            starts,
        }
    }

    fn rule(&self) -> &'a str {
        self.raw.trim()
    }

    /// Returns the white space after the rule.
    fn after(&self) -> &'a str {
        &self.raw[self.raw.trim_end().len()..]
    }

    /// Makes a line for positions that count from its start.
    fn whole(number: usize, raw: &'a str) -> Self {
        Self {
            indent: 0,
            ..Self::new(number, raw)
        }
    }

    /// Returns the column of an offset in the rule.
    fn column(&self, at: usize) -> usize {
        let at = (at + self.indent).min(self.raw.len());
        if self.starts.is_empty() {
            at + 1
        } else {
            self.starts.partition_point(|&start| start < at) + 1
        }
    }

    fn diagnostic(&self, finding: Finding) -> Diagnostic {
        let Span { start, end } = finding.place;
        let same = |fix: &Edit| fix.place == finding.place && !fix.replacement.is_empty();
        let suggestion = finding.fix.as_ref().filter(|fix| same(fix));
        Diagnostic {
            severity: finding.code.severity(),
            code: finding.code,
            line: self.number,
            column: self.column(start),
            end_column: self.column(end),
            suggestion: suggestion.map(|fix| fix.replacement.clone()),
            message: finding.message,
            fix: finding.fix.map(|fix| {
                Box::new(Fix {
                    column: self.column(fix.place.start),
                    end_column: self.column(fix.place.end),
                    replacement: fix.replacement,
                    is_certain: fix.is_certain,
                })
            }),
            details: Arc::default(),
            source: self.source.clone(),
        }
    }

    fn error(&self, finding: Finding, details: Arc<str>) -> Diagnostic {
        Diagnostic {
            details,
            severity: Severity::Error,
            ..self.diagnostic(finding)
        }
    }
}
