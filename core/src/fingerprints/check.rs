//! Checking a text: every problem at once, each with its span.
//!
//! ```text
//! text -> parser --- a failure ---> error     with what was expected
//!              `---- a rule ------> warnings  about what is valid, but hardly meant
//! ```
//!
//! The parser stops at the first problem of a line and continues with the next line, so there
//! is one error a line, and there are warnings about the other ones. There is an error exactly
//! if [`FingerprintRules::parse`](super::FingerprintRules::parse) fails, and the first one is
//! what it fails with.
//!
//! A rule has more than one line if a quoted text has line breaks. A diagnostic is on the line
//! where its span begins, and ends there at the latest. `\n`, `\r` and `\r\n` end a line.

use std::sync::Arc;

pub use super::codes::{Code, Severity};
use super::lints;
use super::parser::{self, Failure, Span};

/// Something to say about a span of a text of fingerprint rules.
pub type Diagnostic = crate::diagnostics::Diagnostic<Code>;

/// Finds all problems of a rule text, in the order of their spans.
pub fn check(text: &str) -> Vec<Diagnostic> {
    let lines = Lines::new(text);
    let mut found = Vec::new();
    let mut across = lints::Across::default();
    parser::parse(text, |rule| {
        match rule {
            Err(failure) => found.push(lines.diagnostic(failure)),
            Ok(rule) => {
                let mut report = |finding| found.push(lines.diagnostic(finding));
                lints::each(&rule, text, &mut report);
                across.add(rule, &mut report);
            }
        }
        true
    });
    found.sort_by_key(|each: &Diagnostic| (each.line, each.column, each.code.name()));
    found
}

/// The diagnostic of the first failure of a text.
pub(super) fn diagnostic(text: &str, failure: Failure) -> Diagnostic {
    Lines::new(text).diagnostic(failure)
}

/// A text and where its lines begin.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let ends = memchr::memchr2_iter(b'\n', b'\r', bytes);
        let ends = ends.filter(|&at| bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'));
        let starts = std::iter::once(0).chain(ends.map(|at| at + 1)).collect();
        Self { text, starts }
    }

    fn diagnostic(&self, failure: Failure) -> Diagnostic {
        let Span { start, end } = failure.span;
        let number = self.starts.partition_point(|&begin| begin <= start);
        let begin = self.starts[number - 1];
        let next = self.starts.get(number).copied().unwrap_or(self.text.len());
        let line = self.text[begin..next].trim_end_matches(['\n', '\r']);
        let column = |at: usize| {
            let before = line.get(..at.saturating_sub(begin)).unwrap_or(line);
            before.chars().count() + 1
        };
        let severity = failure.code.severity();
        let diagnostic = Diagnostic {
            severity,
            code: failure.code,
            line: number,
            column: column(start),
            end_column: column(end),
            message: failure.message,
            suggestion: failure.suggestion,
            details: String::new(),
            source: Arc::from(line),
        };
        let details = match severity {
            Severity::Error => diagnostic.to_string(),
            Severity::Warning => String::new(),
        };
        Diagnostic {
            details,
            ..diagnostic
        }
    }
}
