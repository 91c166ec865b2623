//! Lines of another language: a fingerprint rule, or a comment that begins as in other languages.
//!
//! ```text
//! type:a -> b           a fingerprint rule
//! // a comment          a comment begins with `#`
//! ```

use super::scan::unquoted;
use super::{Fault, Next};
use crate::enhancements::codes::Code;
use crate::enhancements::text::diagnostics::finding::Finding;

impl Fault<'_> {
    pub(super) fn fingerprint_rule(&self) -> Option<(Finding, Next)> {
        let is_arrow = |&(at, _): &(usize, char)| {
            let after = self.text[at..].strip_prefix("->");
            let space = |c: char| c.is_whitespace();
            self.text[..at].ends_with(space)
                && after.is_some_and(|after| after.is_empty() || after.starts_with(space))
        };
        let (at, _) = unquoted(self.text).find(is_arrow)?;
        let message = "this is a fingerprint rule: stack trace rules have no `->`, \
                       and end with actions such as `+app`";
        let finding = Finding::new(Code::FingerprintRule, at..at + 2, message);
        Some((finding, Next::Stop))
    }

    pub(super) fn comment(&self) -> Option<(Finding, Next)> {
        let token = self.token(self.place.start);
        let sign = ["//", "/*", "<!--", "--", ";"].into_iter().find(|sign| {
            self.text[token.start..].starts_with(sign)
                && (*sign != ";" || token.start == 0 || token.len() == 1)
                && (*sign != "--" || token.len() == 2)
        })?;
        let is_first = self.place.start <= token.start + sign.len();
        if !is_first || sign == ";" && token.start > 0 && token.end == self.text.len() {
            return None;
        }
        let message = format!("a comment begins with `#`, not with `{sign}`");
        let place = token.start..token.start + sign.len();
        let finding = Finding::new(Code::CommentSign, place, message).certain("#");
        Some((finding, Next::Blank(token.start..self.text.len())))
    }
}
