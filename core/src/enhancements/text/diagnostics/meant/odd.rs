//! Characters that only look right: curly quotes, dashes, wide spaces, and quotes that do not quote.
//!
//! Rules are copied from web pages and chats, which replace characters:
//!
//! ```text
//! function:“a b” +app        this is the left curly quote: write `"`
//! function:a –app            this is the en dash: write `-`
//! function:'a b' +app        `'` does not quote: write `"`
//! ```

use super::scan::unquoted;
use super::{Fault, Next};
use crate::characters::{self, Kind, Odd};
use crate::enhancements::codes::Code;
use crate::enhancements::text::diagnostics::finding::Finding;
use crate::enhancements::text::parser::Span;

impl Fault<'_> {
    pub(super) fn odd_character(&self) -> Option<(Finding, Next)> {
        let text = self.text;
        if text
            .bytes()
            .all(|byte| (b' '..=b'~').contains(&byte) || byte == b'\t')
        {
            return None;
        }
        let odd_at = |at: usize| {
            let character = text.get(at..)?.chars().next()?;
            characters::odd(character).map(|odd| (at, odd))
        };
        let Span { start, end } = self.place;
        // The quote around an argument, before the word where the parser fails.
        let quotes = || {
            let mut found = text[..start].char_indices().filter_map(|(at, c)| {
                let odd = characters::odd(c).filter(|odd| odd.kind == Kind::Quote)?;
                text[..at].ends_with(':').then_some((at, odd))
            });
            found.next()
        };
        // A space that does not end an argument.
        let spaces = || {
            let before = unquoted(text).take_while(|&(at, _)| at < start);
            let mut found = before.filter_map(|(at, c)| {
                let odd = characters::odd(c)?;
                matches!(odd.kind, Kind::Space | Kind::Invisible).then_some((at, odd))
            });
            found.next()
        };
        let (at, odd) = quotes()
            .or_else(|| odd_at(start))
            .or_else(|| odd_at(end))
            .or_else(spaces)?;
        Some(self.odd(at, odd))
    }

    fn odd(&self, at: usize, odd: Odd) -> (Finding, Next) {
        let text = self.text;
        let place = at..at + text[at..].chars().next().map_or(0, char::len_utf8);
        if odd.kind == Kind::Quote && text[..at].ends_with(':') {
            if let Some(found) = self.odd_quotes(place.clone(), odd) {
                return found;
            }
        }
        let message = format!("this is the {odd}: {}", odd.advice());
        let len = place.len();
        let starts = text[..at].ends_with(|c: char| c.is_ascii_whitespace()) || at == 0;
        // It may have been meant to be nothing.
        let is_in_name = self.error.code == Code::NoColon;
        let next = match odd.instead {
            _ if is_in_name => Next::Stop,
            " " => Next::Blank(place.clone()),
            // Spaces before the sign of an action change nothing.
            "-" | "^" if starts => Next::Write(place.clone(), format!("{:>len$}", odd.instead)),
            _ => Next::Stop,
        };
        let finding = Finding::new(Code::OddCharacter, place, message);
        if is_in_name && odd.kind == Kind::Space {
            return (finding.possible(Some(String::new())), next);
        }
        (finding.certain(odd.instead), next)
    }

    /// Curly quotes around an argument.
    fn odd_quotes(&self, open: Span, odd: Odd) -> Option<(Finding, Next)> {
        let rest = &self.text[open.end..];
        let is_quote =
            |c: char| c == '"' || characters::odd(c).is_some_and(|odd| odd.kind == Kind::Quote);
        let len = rest.find(is_quote)?;
        let close = open.end + len;
        let close = close..close + rest[len..].chars().next()?.len_utf8();
        let place = open.start..close.end;
        let inner = &rest[..len];
        let message = format!("this is the {odd}: write `\"`");
        // The parser needs the same length.
        let (before, after) = (open.len() - 1, close.len() - 1);
        let same = format!("\"{inner}{:before$}\"{:after$}", "", "");
        let finding = Finding::new(Code::OddCharacter, place.clone(), message);
        Some((
            finding.certain(format!("\"{inner}\"")),
            Next::Write(place, same),
        ))
    }

    /// Single quotes or backticks around an argument with a space.
    pub(super) fn other_quotes(&self, quote: char) -> Option<(Finding, Next)> {
        let opening = format!(":{quote}");
        let at = self.text[..self.place.start].find(&opening)? + 1;
        let rest = &self.text[at + 1..];
        let ends = |&at: &usize| {
            let after = rest[at + 1..].chars().next();
            after.is_none_or(|c| c.is_ascii_whitespace())
        };
        let len = rest.match_indices(quote).map(|(at, _)| at).find(ends)?;
        let (inner, place) = (&rest[..len], at..at + len + 2);
        if inner.contains('"') || place.end <= self.place.start {
            return None;
        }
        let message = format!("`{quote}` does not quote: write `\"`");
        let instead = format!("\"{inner}\"");
        let finding = Finding::new(Code::NeedsQuotes, place.clone(), message);
        Some((
            finding.certain(instead.clone()),
            Next::Write(place, instead),
        ))
    }
}
