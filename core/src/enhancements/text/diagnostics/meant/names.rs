//! Characters that cannot be in a name, and those that other languages have between words.
//!
//! ```text
//! ! function:a +app      no space goes after `!`
//! function:a + app       no space goes after the sign
//! function:a +app,       a comma is not part of a rule
//! ```

use super::scan::is_word;
use super::{Fault, Next};
use crate::enhancements::codes::Code;
use crate::enhancements::error::Stage;
use crate::enhancements::text::diagnostics::finding::Finding;

impl Fault<'_> {
    pub(super) fn bad_name(&self, finding: Finding) -> (Finding, Next) {
        let (text, start) = (self.text, self.place.start);
        let rest = &text[start..];
        let before = &text[..start];
        // `! function:a`
        let spaces = rest.len() - rest.trim_start().len();
        if spaces > 0 && before.ends_with('!') {
            let message = "no space goes after `!`";
            let finding = Finding::new(Code::BadName, start..start + spaces, message);
            return (finding.certain(""), Next::Stop);
        }
        // `category="x"`
        let value = rest
            .strip_prefix('"')
            .and_then(|quoted| quoted.split('"').next());
        if let Some(value) = value.filter(|_| before.trim_end().ends_with('=')) {
            let end = (start + value.len() + 2).min(text.len());
            let message = "a value is one word without quotes";
            let finding = Finding::new(Code::BadName, start..end, message);
            let finding = if !value.is_empty() && value.bytes().all(is_word) {
                finding.certain(value)
            } else {
                finding
            };
            let token = self.token(start);
            return (finding, Next::Blank(self.start..end.max(token.end)));
        }
        // `max-frames=-1` is a word; `+ app` has a space after the sign.
        if spaces > 0 && before.ends_with(['+', '-']) {
            let message = "no space goes after the sign";
            let finding = Finding::new(Code::BadName, start..start + spaces, message);
            let token = self.token(start - 1);
            let end = self.token(start + spaces).end;
            return (finding.certain(""), Next::Blank(token.start..end));
        }
        if let Some(found) = self.stray() {
            return found;
        }
        let Some(character) = rest.chars().next() else {
            return (finding, Next::Stop);
        };
        let token = self.token(start);
        let message = format!("`{character}` cannot be in a name: an action is a flag such as `+app`, or `name=value`");
        let message = if self.error.stage == Stage::Matchers {
            format!("`{character}` cannot be in a name")
        } else {
            message
        };
        let finding = Finding { message, ..finding };
        (finding, Next::Blank(token))
    }

    /// A character that other languages have between or around rules.
    pub(super) fn stray(&self) -> Option<(Finding, Next)> {
        let at = self.place.start;
        let character = self.text[at..].chars().next()?;
        let name = match character {
            ',' => "comma",
            ';' => "semicolon",
            '`' => "backtick",
            '\'' | '"' => "quote",
            ')' | '(' => "parenthesis",
            _ => return None,
        };
        let run = self.text[at..].chars().take_while(|&c| c == character);
        let place = at..at + run.count();
        let message = format!("a {name} is not part of a rule: remove it");
        let glued = self.text[place.end..].starts_with(|c: char| !c.is_whitespace())
            && self.text[..at].ends_with(|c: char| !c.is_whitespace());
        let instead = if glued { " " } else { "" };
        let finding = Finding::new(Code::Stray, place.clone(), message).certain(instead);
        Some((finding, Next::Blank(place)))
    }
}
