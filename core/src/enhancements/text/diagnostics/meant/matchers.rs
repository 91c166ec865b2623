//! Faults of matchers, by the code of the parser.
//!
//! ```text
//! +app                  a rule begins with a matcher
//! funktion:a +app       unknown matcher `funktion`
//! function =a +app      a matcher has a colon after its name
//! [function:a] | ...    a space goes before `]`
//! ```

use super::scan::token;
use super::{Fault, Next};
use crate::enhancements::codes::Code;
use crate::enhancements::text::diagnostics::finding::Finding;
use crate::enhancements::text::diagnostics::suggest;
use crate::enhancements::text::parser::Span;

impl Fault<'_> {
    pub(super) fn no_matcher(&self, finding: Finding) -> (Finding, Next) {
        if let Some(found) = self.stray() {
            return found;
        }
        let is_action = self.word().starts_with(['+', '-', '^']);
        let place = self.token(self.place.start);
        let message = if is_action {
            "this is an action: a rule begins with a matcher, such as `function:main`"
        } else {
            "a rule begins with a matcher, such as `function:main`"
        };
        let message = message.to_owned();
        let place = if is_action { place } else { finding.place };
        (Finding::new(Code::NoMatcher, place, message), Next::Stop)
    }

    pub(super) fn unknown_matcher(&self, place: Span) -> (Finding, Next) {
        let name = self.written(place.clone());
        let (message, instead, is_certain) = suggest::matcher(name);
        let finding = Finding::new(Code::UnknownMatcher, place.clone(), message);
        let finding = match instead {
            Some(instead) if is_certain => finding.certain(instead),
            other => finding.possible(other.map(str::to_owned)),
        };
        // The name and its argument.
        let rest = &self.text[place.end..];
        let end = match rest.strip_prefix(":\"") {
            Some(quoted) => quoted.find('"').map_or(rest.len(), |at| at + 3),
            None => rest
                .find(|c: char| c.is_ascii_whitespace())
                .unwrap_or(rest.len()),
        };
        let whole = place.start..place.end + end;
        let next = match whole.len().checked_sub("app:".len()) {
            Some(more) => Next::Write(whole, format!("app:{}", "x".repeat(more))),
            None => Next::Stop,
        };
        (finding, next)
    }

    pub(super) fn no_colon(&self) -> Finding {
        let (text, start) = (self.text, self.place.start);
        let rest = &text[start..];
        let spaces = rest.len() - rest.trim_start().len();
        let name = &text[token(text, start.saturating_sub(1)).start..start];
        let name = name.trim_start_matches(['!', '[']);
        let name = suggest::matcher(name).1.unwrap_or(name);
        if rest[spaces..].starts_with(':') && spaces > 0 {
            let message = "no space goes before the colon";
            return Finding::new(Code::NoColon, start..start + spaces, message).certain("");
        }
        let message = format!("a matcher has a colon after its name, such as `{name}:*`");
        let sign = usize::from(rest.starts_with('=')) + usize::from(rest.starts_with("=="));
        if sign > 0 && !rest[sign..].starts_with(|c: char| c.is_whitespace()) {
            let place = start..start + sign;
            return Finding::new(Code::NoColon, place, message).certain(":");
        }
        Finding::new(Code::NoColon, self.place.clone(), message)
    }

    pub(super) fn brackets(&self, finding: Finding) -> Finding {
        let before = self.text[..self.place.start].trim_end();
        // `[function:a] |`: the bracket is a part of the argument.
        if before.ends_with(']') && self.message().contains("`]`") {
            let at = before.len() - 1;
            let message = "a space goes before `]`: without it the bracket is part of the pattern";
            return Finding::new(Code::Brackets, at..at, message).certain(" ");
        }
        finding
    }
}
