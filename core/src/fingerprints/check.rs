//! Checking a text: every problem at once, each with its span.
//!
//! ```text
//! text -> parser --- a failure ---> error     with what was expected
//!              `---- a rule ------> warnings  about a valid rule that is probably a mistake
//! ```
//!
//! The parser stops at the first error of a line and continues with the next line. So a line has at
//! most one error, and only lines without an error have warnings. There is an error exactly if
//! [`FingerprintRules::parse`](super::FingerprintRules::parse) fails, and the first error is the one
//! that it returns.
//!
//! A rule has more than one line if a quoted text has line breaks. A diagnostic is on the line
//! where its span begins, and its span does not go beyond that line. `\n`, `\r` and `\r\n` end a line.

use std::cell::RefCell;
use std::sync::Arc;

use memchr::memchr2_iter;

pub use super::codes::{Code, Severity};
use super::lints;
use super::parser::{self, Failure, Span};
use super::writer::Json;
use crate::diagnostics::Fix;
use crate::limits::Limit;

/// A problem of a text of fingerprint rules, with its span.
pub type Diagnostic = crate::diagnostics::Diagnostic<Code>;

/// Finds all problems of a rule text, in the order of their spans.
pub fn check(text: &str) -> Vec<Diagnostic> {
    let lines = Lines::new(text);
    let mut found = Vec::new();
    let mut rule_set = lints::FingerprintSetLints::default();
    // A line has one error at most, but any number of warnings.
    let most = Limit::Rules.get();
    parser::parse(text, |rule| {
        match rule {
            Err(failure) => found.push(lines.diagnostic(failure)),
            Ok(rule) => {
                let mut report = |finding| {
                    if found.len() < most {
                        found.push(lines.diagnostic(finding));
                    }
                };
                lints::lint_rule(&rule, text, &mut report);
                let line = lines.number(rule.span.start);
                rule_set.add(rule, line, &mut report);
            }
        }
        true
    });
    found.sort_by_key(|each: &Diagnostic| (each.line, each.column, each.code.name()));
    found
}

/// Writes diagnostics as a JSON array of objects with the names of their fields, and the title of
/// the code.
///
/// If a diagnostic is on the same line as the one before it, its source is null: a line of 64 KiB can
/// have thousands of diagnostics.
pub fn to_json(diagnostics: &[Diagnostic]) -> String {
    let mut json = Json::default();
    let mut before = None;
    json.list(diagnostics, |json, each| {
        let source = (before != Some(&each.source)).then_some(&*each.source);
        before = Some(&each.source);
        json.object(|json| {
            for (key, text) in [
                ("severity", each.severity.name()),
                ("code", each.code.name()),
                ("title", each.code.title()),
                ("message", &each.message),
                ("details", &each.details),
            ] {
                json.key(key).text(text);
            }
            for (key, number) in [
                ("line", each.line),
                ("column", each.column),
                ("end_column", each.end_column),
            ] {
                json.key(key).number(number);
            }
            let suggestion = each.suggestion.as_deref();
            json.key("suggestion").maybe_text(suggestion);
            json.key("fix");
            match &each.fix {
                None => json.maybe_text(None),
                Some(fix) => json.object(|json| {
                    json.key("column").number(fix.column);
                    json.key("end_column").number(fix.end_column);
                    json.key("replacement").text(&fix.replacement);
                    json.key("is_certain").boolean(fix.is_certain);
                }),
            }
            json.key("source").maybe_text(source);
        });
    });
    json.finish()
}

/// A text and where its lines begin.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// The line of the last diagnostic. Most follow each other: a line with many is copied
    /// once, and its characters are counted once.
    last: RefCell<Option<Line>>,
}

/// A line on which there was a diagnostic.
struct Line {
    number: usize,
    source: Arc<str>,
    /// An offset in the line, and its column.
    at: usize,
    column: usize,
}

impl Line {
    fn new(number: usize, source: &str) -> Self {
        Self {
            number,
            source: source.into(),
            at: 0,
            column: 1,
        }
    }

    /// The column of an offset in the line, or of its end.
    fn column(&mut self, at: usize) -> usize {
        let mut at = at.min(self.source.len());
        while !self.source.is_char_boundary(at) {
            at -= 1;
        }
        if at < self.at {
            (self.at, self.column) = (0, 1);
        }
        self.column += self.source[self.at..at].chars().count();
        self.at = at;
        self.column
    }
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let ends = memchr2_iter(b'\n', b'\r', bytes);
        let ends = ends.filter(|&at| bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'));
        let starts = std::iter::once(0).chain(ends.map(|at| at + 1)).collect();
        Self {
            text,
            starts,
            last: RefCell::default(),
        }
    }

    /// The number of the line of an offset, from 1.
    pub(super) fn number(&self, at: usize) -> u32 {
        let number = self.starts.partition_point(|&begin| begin <= at);
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    pub(super) fn diagnostic(&self, failure: Failure) -> Diagnostic {
        let Span { start, end } = failure.span;
        let number = self.starts.partition_point(|&begin| begin <= start);
        let begin = self.starts[number - 1];
        let mut last = self.last.borrow_mut();
        let line = match last.take() {
            Some(line) if line.number == number => line,
            _ => {
                let next = self.starts.get(number).copied();
                let line = &self.text[begin..next.unwrap_or(self.text.len())];
                Line::new(number, line.trim_end_matches(['\n', '\r']))
            }
        };
        let line = last.insert(line);
        let severity = failure.code.severity();
        let (column, end_column) = (line.column(start - begin), line.column(end - begin));
        let fix = failure.suggestion.clone().map(|replacement| {
            Box::new(Fix {
                column,
                end_column,
                replacement,
                is_certain: failure.is_certain,
            })
        });
        let diagnostic = Diagnostic {
            severity,
            code: failure.code,
            line: number,
            column,
            end_column,
            message: failure.message,
            suggestion: failure.suggestion,
            fix,
            details: Arc::default(),
            source: line.source.clone(),
        };
        let details = match severity {
            Severity::Error => diagnostic.to_string().into(),
            Severity::Warning => Arc::default(),
        };
        Diagnostic {
            details,
            ..diagnostic
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprints::{testing, FingerprintRules};
    use crate::testing::{cases, Random};

    #[test]
    fn errors_are_those_of_the_parser_and_spans_are_inside() {
        let mut random = Random::new(71);
        let mut errors = 0;
        for _ in 0..cases(5_000) {
            let text = testing::text(&mut random) + &testing::text(&mut random);
            let found = check(&text);
            let first = found.iter().find(|each| each.severity == Severity::Error);
            let parsed = FingerprintRules::parse(&text);
            assert_eq!(
                first.map(|each| each.details.to_string()),
                parsed.err().map(|error| error.to_string()),
                "{text:?}"
            );
            errors += usize::from(first.is_some());
            for each in &found {
                let len = each.source.chars().count();
                assert!(
                    1 <= each.column && each.column <= each.end_column,
                    "{each:?}"
                );
                assert!(each.end_column <= len + 1, "{each:?}");
            }
        }
        assert!(errors > 100, "{errors}");
    }

    #[test]
    fn a_span_ends_with_its_line() {
        let found = check("type:é -> \"{{\n nope }}\"\r\nx");
        let spans: Vec<_> = found
            .iter()
            .map(|each| (each.line, each.column, each.end_column, &*each.source))
            .collect();
        assert_eq!(spans, [(1, 11, 14, "type:é -> \"{{"), (3, 2, 2, "x")]);
    }

    #[test]
    fn no_text_takes_more_than_linear_time() {
        for piece in [
            "{{a}} ",
            "{{a} ",
            "\"{{x}}\"",
            "\"",
            "\"\\\n",
            "é,",
            "[",
            "a:b ",
            "{{\n",
        ] {
            let text = "type:a -> ".to_owned() + &piece.repeat(30_000 / piece.len());
            let _ = check(&text);
            let _ = FingerprintRules::parse(&piece.repeat(30_000 / piece.len()));
            let title = format!(
                "type:a -> x title=\"{}\"",
                piece.repeat(30_000 / piece.len())
            );
            let _ = check(&title);
        }
    }
}
