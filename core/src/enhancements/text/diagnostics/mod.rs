//! Diagnostics: every problem of a rule text, each with its span.
//!
//! ```text
//! text -> lines -> parser --- no rule ---> error   (codes.rs)  --\
//!                    |                     suggestion (suggest.rs) > sorted by place
//!                    '------- a rule ----> warnings (lints.rs) --/
//! ```
//!
//! The parser stops at the first error of a line and continues with the next line. So a line has at
//! most one error, and only lines without an error have warnings. There is an error exactly if
//! [`Enhancements::parse`](super::Enhancements::parse) fails, and the first error is the one that
//! it returns.
//!
//! A span has a line and columns, as editors count them:
//!
//! ```text
//! column   1234567890123456
//!          funktion:é  +app
//!          ^^^^^^^^            column 1, end column 9
//! ```
//!
//! Lines count from 1. Columns count from 1 in code points, including white space at the front of
//! the line. The end column is the first one after the span, so it is at most the length of the
//! line + 1. If something is missing, the span is empty.
//!
//! # Example
//!
//! ```
//! use ophio::enhancements::text::diagnostics::check;
//!
//! let found = check("function:a +app\n  funktion:b +app");
//! assert_eq!(found[0].to_string(), "2:3: error[OPH002]: Unknown matcher `funktion`");
//! assert_eq!(found[0].suggestion.as_deref(), Some("function"));
//! ```

mod finding;
mod lints;
mod suggest;

use std::sync::Arc;

pub use crate::enhancements::codes::{Code, Severity};

use crate::enhancements::error::SyntaxError;
use crate::enhancements::text::parser::{self, Place, Retired};
use crate::limits::Limit;
use finding::Finding;
use lints::Across;

/// A problem of a rule text.
pub type Diagnostic = crate::diagnostics::Diagnostic<Code>;

/// Finds all problems of a rule text, in the order of their spans.
pub fn check(text: &str) -> Vec<Diagnostic> {
    check_lines(text, Retired::Fail)
}

/// Does the same as [`check`] for a text that
/// [`Enhancements::parse_lenient`](super::Enhancements::parse_lenient) will parse: retired actions
/// are warnings.
pub fn check_lenient(text: &str) -> Vec<Diagnostic> {
    check_lines(text, Retired::Skip)
}

fn check_lines(text: &str, retired: Retired) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut across = Across::default();
    let mut lines = Vec::new();
    // A line has one error at most, but any number of warnings.
    let most = Limit::Rules.get();
    for (number, raw) in (1..).zip(text.lines()) {
        if !parser::is_rule(raw.trim()) {
            continue;
        }
        let line = Line::new(number, raw);
        match parser::parse_written(line.rule(), number, retired) {
            Err(error) => found.push(line.error(&error)),
            Ok(rule) => {
                if found.len() < most {
                    retired_actions(&line, &rule.retired, &mut found);
                }
                lints::each(&rule, line.rule(), &mut |finding| {
                    if found.len() < most {
                        found.push(line.diagnostic(finding));
                    }
                });
                across.add(&rule, number);
                lines.push(line);
            }
        }
    }
    across.finish(&mut |rule, finding| {
        if found.len() < most {
            found.push(lines[rule].diagnostic(finding));
        }
    });
    found.sort_by_key(|each| (each.line, each.column, each.code.name()));
    found
}

/// Appends a warning for each action that a lenient parse drops from a line.
fn retired_actions(line: &Line<'_>, retired: &[Place], found: &mut Vec<Diagnostic>) {
    found.extend(retired.iter().map(|place| Diagnostic {
        severity: Severity::Warning,
        ..line.diagnostic(Finding {
            code: Code::Retired,
            place: place.clone(),
            message: format!(
                "`{}` was retired and is left out",
                &line.rule()[place.clone()]
            ),
            suggestion: None,
        })
    }));
}

/// Returns a warning for each action that a lenient parse drops from the line with this number.
pub(in crate::enhancements) fn left_out(
    number: usize,
    line: &str,
    retired: &[Place],
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
        Diagnostic {
            severity: finding.code.severity(),
            code: finding.code,
            line: self.number,
            column: self.column(finding.place.start),
            end_column: self.column(finding.place.end),
            message: finding.message,
            suggestion: finding.suggestion,
            details: String::new(),
            source: self.source.clone(),
        }
    }

    fn error(&self, error: &SyntaxError) -> Diagnostic {
        let innermost = error.causes.last();
        Diagnostic {
            details: error.to_string(),
            ..self.diagnostic(Finding {
                code: error.code,
                place: error.place.clone(),
                message: innermost.map_or_else(String::new, |cause| cause.message.clone()),
                suggestion: suggest::for_error(error),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::testing::rule;
    use crate::enhancements::{Cache, Enhancements};
    use crate::testing::{cases, Random};

    /// Each problem as `column-end code "suggestion"`.
    fn places(text: &str) -> Vec<String> {
        let show = |each: &Diagnostic| {
            let suggestion = each.suggestion.as_deref().unwrap_or("-");
            format!(
                "{}-{} {} {suggestion}",
                each.column, each.end_column, each.code
            )
        };
        check(text).iter().map(show).collect()
    }

    #[test]
    fn errors_have_a_place_a_code_and_what_was_meant() {
        for (line, expected) in [
            ("+app", "1-2 OPH001 -"),
            ("xpath:a +app", "1-6 OPH001 path"),
            ("funktion:b +app", "1-9 OPH002 function"),
            ("  !funktion:b +app", "4-12 OPH002 function"),
            ("[ funktion:é ] | function:b +app", "3-11 OPH002 function"),
            ("function +app", "9-10 OPH003 -"),
            ("! function:a +app", "2-3 OPH004 -"),
            ("function:a +é", "13-14 OPH004 -"),
            ("function:\"é +app", "10-17 OPH005 -"),
            ("[function:a] | function:b +app", "14-15 OPH006 -"),
            ("function:a | +app", "14-15 OPH006 -"),
            ("type:\"[\" +app", "7-8 OPH007 -"),
            ("function:a", "11-11 OPH008 -"),
            ("function:a  ", "11-11 OPH008 -"),
            ("function:é +ap", "13-15 OPH009 app"),
            ("function:a ^app", "12-16 OPH010 -"),
            ("function:a maxframes=3", "12-21 OPH011 max-frames"),
            ("function:a Module:b +app", "12-18 OPH012 module"),
            ("function:a +app family:native", "17-23 OPH012 -"),
            ("function:a junk", "16-16 OPH012 -"),
            ("function:a max-frames=many", "23-27 OPH013 -"),
            ("function:a invert-stacktrace = True", "32-36 OPH013 true"),
            ("function:a -group v-sentinel +app", "19-29 OPH014 -"),
        ] {
            assert_eq!(places(line), [expected], "{line:?}");
        }
    }

    #[test]
    fn every_line_is_read() {
        let found = check("nonsense\r\n\n# x\n\tfunction:a +app\n\tfunction:é +ap\n+group");
        let places: Vec<_> = found.iter().map(|d| (d.line, d.column)).collect();
        assert_eq!(places, [(1, 1), (5, 14), (6, 1)]);
        assert_eq!(&*found[0].source, "nonsense");
        assert_eq!(&*found[1].source, "\tfunction:é +ap");
    }

    #[test]
    fn a_lenient_check_warns_of_what_was_retired() {
        let text = "function:a v+prefix -group ^-sentinel # old";
        let [first, second] = &check_lenient(text)[..] else {
            panic!("{:?}", check_lenient(text));
        };
        assert_eq!(
            (first.severity, first.code),
            (Severity::Warning, Code::Retired)
        );
        assert_eq!((first.column, first.end_column), (12, 20));
        assert_eq!(second.message, "`^-sentinel` was retired and is left out");
        assert_eq!(check(text)[0].severity, Severity::Error);
    }

    #[test]
    fn errors_are_those_of_the_parser_and_places_are_inside() {
        let mut random = Random::new(11);
        let cache = Cache::new(0);
        for _ in 0..cases(3_000) {
            // Cut off anywhere, and glued to another one.
            let mut text = rule(&mut random);
            text.truncate(
                (0..=text.len())
                    .rev()
                    .filter(|&at| text.is_char_boundary(at))
                    .nth(3)
                    .unwrap_or(0),
            );
            text.push_str(&rule(&mut random));
            text.push('\n');
            text.push_str(&rule(&mut random));
            let found = check(&text);
            let first = found.iter().find(|each| each.severity == Severity::Error);
            let parsed = Enhancements::parse(&text, &cache);
            assert_eq!(
                first.map(|each| each.details.clone()),
                parsed.err().map(|error| error.to_string()),
                "{text:?}"
            );
            for each in found {
                let line = text.lines().nth(each.line - 1).unwrap();
                assert_eq!(*each.source, *line);
                assert!(
                    1 <= each.column && each.column <= each.end_column,
                    "{each:?}"
                );
                assert!(each.end_column <= line.chars().count() + 1, "{each:?}");
            }
        }
    }
}
