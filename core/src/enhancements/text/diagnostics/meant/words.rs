//! Words after an argument without quotes, where the parser expects an action.
//!
//! Which words they are decides what was probably meant:
//!
//! ```text
//! function:a xpath:b +app        a matcher that does not exist
//! function:a max-frames 3        a variable without `=`
//! function:a app                 a flag without a sign
//! function:a and path:b +app     a word of other languages
//! path:/a/My App/** +app         an argument with a space, without quotes
//! ```

use super::scan::{argument_before, ends_matchers, is_word, is_word_start, words_end};
use super::{Fault, Next};
use crate::enhancements::codes::Code;
use crate::enhancements::fields::Subject;
use crate::enhancements::text::diagnostics::finding::Finding;
use crate::enhancements::text::diagnostics::suggest;
use crate::enhancements::text::parser::Span;

impl Fault<'_> {
    pub(super) fn words_after_a_matcher(&self) -> Option<(Finding, Next)> {
        let text = self.text;
        let is_path_of_names =
            self.error.code == Code::UnknownMatcher && text[self.place.end..].starts_with("::");
        let expected = matches!(
            self.error.code,
            Code::NoEquals | Code::NoColon | Code::BadName | Code::NoSign
        );
        if !(expected || is_path_of_names) {
            return None;
        }
        let before = text[..self.start].trim_end();
        if before.ends_with("\\\"") {
            let message = "a quote cannot be escaped: write `?` for it";
            let place = before.len() - 2..before.len();
            return Some((Finding::new(Code::OpenQuote, place, message), Next::Stop));
        }
        let word = self.token(self.start);
        let argument = argument_before(text, word.start)?;
        self.matcher_where_an_action_is_expected(&word)
            .or_else(|| self.variable_without_a_sign(&word))
            .or_else(|| self.flag_without_a_sign(&word))
            .or_else(|| self.word_between_matchers(&word))
            .or_else(|| self.argument_without_quotes(&word, &argument))
    }

    /// A matcher whose first letters no matcher has: the parser expects an action here.
    fn matcher_where_an_action_is_expected(&self, word: &Span) -> Option<(Finding, Next)> {
        let text = self.text;
        let written = self.written(word.clone());
        let sign = usize::from(written.starts_with('!'));
        let name = written[sign..].split(':').next().unwrap_or_default();
        let name = word.start + sign..word.start + sign + name.len();
        let is_name = name.len() > 1 && text[name.clone()].bytes().all(is_word);
        let is_matcher = text[name.end..].starts_with(':') && !text[name.end..].starts_with("::");
        let is_unknown = is_name && is_matcher && Subject::from_name(&text[name.clone()]).is_none();
        is_unknown.then(|| self.unknown_matcher(name))
    }

    /// `max-frames 3`
    fn variable_without_a_sign(&self, word: &Span) -> Option<(Finding, Next)> {
        let written = self.written(word.clone());
        let after = self.text[word.end..].trim_start();
        let value = after.split_ascii_whitespace().next();
        let value = value.filter(|_| suggest::VARIABLES.contains(&written))?;
        let end = self.text.len() - after.len() + value.len();
        let message = format!("write `{written}=` and the value without a space");
        let finding = Finding::new(Code::NoEquals, word.start..end, message);
        let finding = if value.bytes().all(is_word) {
            finding.certain(format!("{written}={value}"))
        } else {
            finding
        };
        Some((finding, Next::Blank(word.start..end)))
    }

    /// `app` before other actions, or at the end.
    fn flag_without_a_sign(&self, word: &Span) -> Option<(Finding, Next)> {
        let written = self.written(word.clone());
        let is_last = ends_matchers(self.text[word.end..].trim_start());
        let flag =
            suggest::flag(written).filter(|_| written.starts_with(is_word_start) && is_last)?;
        let message = format!("an action has a sign: write `+{flag}` or `-{flag}`");
        let finding = Finding::new(Code::NoSign, word.clone(), message);
        Some((finding, Next::Blank(word.clone())))
    }

    /// `and`, `||`
    fn word_between_matchers(&self, word: &Span) -> Option<(Finding, Next)> {
        let written = self.written(word.clone());
        let (is_or, message) = match &*written.to_ascii_lowercase() {
            "or" | "||" => (true, format!("there is no `{written}`: write two rules")),
            "and" | "&&" | "&" => (
                false,
                format!("there is no `{written}`: all matchers of a rule must hold"),
            ),
            _ => return None,
        };
        let finding = Finding::new(Code::Stray, word.clone(), message);
        let finding = if is_or {
            finding
        } else {
            finding.removed(self.line)
        };
        Some((finding, Next::Blank(word.clone())))
    }

    /// `path:/a/My App/**`
    fn argument_without_quotes(&self, word: &Span, argument: &Span) -> Option<(Finding, Next)> {
        let text = self.text;
        let begins = |c: char| is_word_start(c) || "/\\*?[{(<@$~:'".contains(c);
        if !self.written(word.clone()).starts_with(begins) {
            return None;
        }
        let words = word.start..words_end(text, word.start);
        if argument.is_empty() {
            let space = argument.end..word.start;
            let message = "a space after the colon ends the matcher: remove it";
            let finding = Finding::new(Code::SpaceAfterColon, space, message).certain("");
            return Some((finding, Next::Blank(words)));
        }
        let place = argument.start..words.end;
        let pattern = self.written(place.clone());
        if pattern.contains('"') {
            return None;
        }
        let message = "a pattern with a space needs double quotes";
        let instead = format!("\"{pattern}\"");
        let finding = Finding::new(Code::NeedsQuotes, place, message);
        // Beyond doubt in a path that goes on after the space.
        let is_path = pattern.contains(['/', '\\']) && text[words.clone()].contains(['/', '\\']);
        let finding = if is_path {
            finding.certain(instead)
        } else {
            finding.possible(Some(instead))
        };
        Some((finding, Next::Blank(words)))
    }
}
