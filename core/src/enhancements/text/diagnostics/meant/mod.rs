//! What is wrong with a line that is not a rule, and what was probably meant.
//!
//! The parser stops at the first error of a line, with the message of the published package. Here
//! the error gets the words of a rule writer, and a fix where one can be guessed. Then the faulty
//! text is replaced by text of the same length that the parser accepts, and the line is parsed
//! again. So all faults of a line are found, and all positions stay:
//!
//! ```text
//! level:a function:b +ap -grp       unknown matcher `level`
//! app:xxx function:b +ap -grp       unknown flag `ap`
//! app:xxx function:b     -grp       unknown flag `grp`
//! app:xxx function:b                 no action, but the faulty ones were actions: the end
//! ```
//!
//! What was meant is found in this order, by a module each:
//!
//! ```text
//! line.rs       the line is of another language: `// a`, `type:a -> b`
//! odd.rs        a character only looks right: a curly quote, a dash
//! words.rs      words after an argument: a space in a path, `and`, a flag without a sign
//! matchers.rs   by the code of the parser: matchers
//! actions.rs    by the code of the parser: actions
//! names.rs      by the code of the parser: a character that cannot be in a name
//! ```
//!
//! `scan.rs` finds the words and quotes that they all look at.

mod actions;
mod line;
mod matchers;
mod names;
mod odd;
mod scan;
mod words;

use super::finding::Finding;
use super::suggest;
use crate::enhancements::codes::Code;
use crate::enhancements::error::SyntaxError;
use crate::enhancements::text::parser::{self, Retired, Span, WrittenRule};

/// The faults that are reported in one line. With a limit, the time stays linear.
const MAX_FAULTS: usize = 16;

/// A line that is not a rule.
pub(super) struct Faulty {
    /// The error with which parsing fails.
    pub(super) error: Box<SyntaxError>,
    /// What is wrong. It is not empty.
    pub(super) found: Vec<Finding>,
}

/// How to go on after a fault.
enum Next {
    /// The rest of the line cannot be understood.
    Stop,
    /// Replace a part of the line by spaces.
    Blank(Span),
    /// Replace a part of the line by a text of the same length.
    Write(Span, String),
}

/// Parses a line, already trimmed. Fails with all faults.
pub(super) fn parse(line: &str, number: usize, retired: Retired) -> Result<WrittenRule, Faulty> {
    let error = match parser::parse_written(line, number, retired) {
        Ok(rule) => return Ok(rule),
        Err(error) => error,
    };
    let mut text = line.to_owned();
    let fault = Fault::new(line, &text, &error, 0);
    let (first, mut next) = fault.describe();
    let mut found = vec![first];
    while found.len() < MAX_FAULTS {
        match next {
            Next::Stop => break,
            Next::Blank(place) => {
                let spaces = " ".repeat(place.len());
                text.replace_range(place, &spaces);
            }
            Next::Write(place, instead) => text.replace_range(place, &instead),
        }
        let trimmed = text.trim();
        let skipped = text.len() - text.trim_start().len();
        let Err(error) = parser::parse_written(trimmed, number, retired) else {
            break;
        };
        // The faulty matchers and actions are those that are missing.
        if matches!(error.code, Code::NoMatcher | Code::NoAction) {
            break;
        }
        let (more, after) = Fault::new(line, &text, &error, skipped).describe();
        found.push(more.within(line));
        next = after;
    }
    Err(Faulty { error, found })
}

/// An error of the parser in a line.
struct Fault<'a> {
    /// The line as it is written.
    line: &'a str,
    /// The line with earlier faults replaced.
    text: &'a str,
    error: &'a SyntaxError,
    place: Span,
    /// Where the matcher or action begins that has the fault.
    start: usize,
}

impl<'a> Fault<'a> {
    fn new(line: &'a str, text: &'a str, error: &'a SyntaxError, skipped: usize) -> Self {
        let place = error.place.start + skipped..error.place.end + skipped;
        // The innermost cause that names a part of the rule.
        let part = error.causes.iter().rev().find(|cause| {
            let part = cause.message.strip_prefix("failed to parse ");
            matches!(part, Some("matcher" | "flag action" | "var action"))
        });
        let start = part.and_then(|part| part.at).map(|at| at + skipped);
        Self {
            line,
            text,
            error,
            start: start.unwrap_or(place.start),
            place,
        }
    }

    fn describe(&self) -> (Finding, Next) {
        self.fingerprint_rule()
            .or_else(|| self.comment())
            .or_else(|| self.odd_character())
            .or_else(|| self.other_quotes('\''))
            .or_else(|| self.other_quotes('`'))
            .or_else(|| self.words_after_a_matcher())
            .unwrap_or_else(|| self.by_code())
    }

    /// The message of the parser.
    fn message(&self) -> String {
        let innermost = self.error.causes.last();
        innermost.map_or_else(String::new, |cause| cause.message.clone())
    }

    /// Returns a part of the line as it is written.
    fn written(&self, place: Span) -> &'a str {
        // A replacement may end inside of a character of the line.
        self.line.get(place.clone()).unwrap_or(&self.text[place])
    }

    fn word(&self) -> &'a str {
        self.written(self.place.clone())
    }

    /// Returns the text up to the white space around a position.
    fn token(&self, at: usize) -> Span {
        scan::token(self.text, at)
    }

    fn by_code(&self) -> (Finding, Next) {
        let place = self.place.clone();
        let finding = Finding::new(self.error.code, place.clone(), self.message());
        let token = self.token(self.start);
        match self.error.code {
            Code::NoMatcher => self.no_matcher(finding),
            Code::UnknownMatcher => self.unknown_matcher(place),
            Code::NoColon => (self.no_colon(), Next::Stop),
            Code::NoAction => (self.no_action(finding), Next::Stop),
            Code::UnknownFlag => (self.unknown_flag(), Next::Blank(token)),
            Code::Retired => (self.retired(), Next::Blank(place)),
            Code::NoSign => self.no_sign(token),
            Code::UnknownVariable => self.unknown_variable(),
            Code::NoEquals => self.no_equals(token),
            Code::BadValue => {
                let end = self.token(place.start).end.max(place.end);
                (self.bad_value(), Next::Blank(self.start..end))
            }
            Code::BadName => self.bad_name(finding),
            Code::Brackets => (self.brackets(finding), Next::Stop),
            Code::ExceptionPattern => {
                let argument = self.written(place.clone());
                let fix = suggest::glob(argument, false);
                let finding = Finding::new(Code::ExceptionPattern, place, self.message());
                (finding.possible(fix), Next::Stop)
            }
            Code::OpenQuote => {
                let message = "this quote is not closed";
                (Finding::new(Code::OpenQuote, place, message), Next::Stop)
            }
            _ => (finding, Next::Stop),
        }
    }
}
