//! Faults of actions, by the code of the parser.
//!
//! ```text
//! function:a             this rule has no action
//! function:a +ap         unknown flag `ap`
//! function:a ^app        an action has a sign
//! function:a max-frame=1 unknown variable `max-frame`
//! function:a max-frames=many   a whole number from 0, not `many`
//! ```

use super::scan::{is_action, is_word, token, token_of_word};
use super::{Fault, Next};
use crate::enhancements::codes::Code;
use crate::enhancements::fields::Subject;
use crate::enhancements::text::diagnostics::finding::Finding;
use crate::enhancements::text::diagnostics::suggest::{self, plain};
use crate::enhancements::text::parser::Span;

impl Fault<'_> {
    pub(super) fn no_action(&self, finding: Finding) -> Finding {
        let last = token(self.text, self.text.len());
        let ends = ["+app", "-app", "+group", "-group"];
        let glued = ends.iter().find_map(|flag| {
            let before = self.text[last.clone()].strip_suffix(flag)?;
            let sign = usize::from(before.ends_with('^'));
            before
                .contains(':')
                .then(|| last.start + before.len() - sign)
        });
        if let Some(at) = glued {
            let message = "an action needs a space before it";
            return Finding::new(Code::NoAction, at..at, message).certain(" ");
        }
        let message = if self.text[self.place.start..].starts_with('#') {
            "a comment goes after an action, and this rule has no action: write `+app` or `-group`"
        } else {
            "this rule has no action: write `+app`, `-app`, `+group`, `-group` or `category=...`"
        };
        let message = message.to_owned();
        Finding { message, ..finding }
    }

    pub(super) fn unknown_flag(&self) -> Finding {
        let word = self.word();
        let message = format!("unknown flag `{word}`: the flags are `app` and `group`");
        let finding = Finding::new(Code::UnknownFlag, self.place.clone(), message);
        match suggest::flag(word) {
            Some(flag) if suggest::is_same_flag(word, flag) => finding.certain(flag),
            flag => finding.possible(flag.map(str::to_owned)),
        }
    }

    pub(super) fn no_sign(&self, token: Span) -> (Finding, Next) {
        let (text, start) = (self.text, self.place.start);
        let range = &text[start..=start];
        let rest = &text[start + 1..];
        let spaces = rest.len() - rest.trim_start().len();
        // `^ -group`
        if spaces > 0 && rest[spaces..].starts_with(['+', '-']) {
            let end = self.token(start + 1 + spaces).end;
            let place = start..end;
            let instead = format!("{range}{}", &text[start + 1 + spaces..end]);
            let message = format!("`{range}` goes directly before the sign");
            let finding = Finding::new(Code::NoSign, place.clone(), message).certain(instead);
            return (finding, Next::Blank(place));
        }
        // `-group^`
        let before = &text[token.start..start];
        let ends = rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace());
        if ends && before.starts_with(['+', '-']) {
            let place = token.start..start + 1;
            let message = format!("`{range}` goes before the sign");
            let instead = format!("{range}{before}");
            let finding = Finding::new(Code::NoSign, place.clone(), message).certain(instead);
            return (finding, Next::Blank(place));
        }
        let written = &text[token.clone()];
        let name = written.split(':').next().unwrap_or_default();
        if written.contains(':') && Subject::from_name(name).is_some() {
            return self.late_matcher(token.start..token.start + name.len(), token);
        }
        let flag = suggest::flag(rest[..token.end - start - 1].trim_start_matches(range));
        let message = match flag {
            Some(flag) => {
                format!("an action has a sign: write `{range}+{flag}` or `{range}-{flag}`")
            }
            None if range == "^" => "`^` goes before an action, such as `^-group`".to_owned(),
            None => format!(
                "`{written}` is not an action: an action is `+app`, `-group` or `name=value`"
            ),
        };
        let finding = Finding::new(Code::NoSign, token.clone(), message);
        (finding, Next::Blank(token))
    }

    pub(super) fn unknown_variable(&self) -> (Finding, Next) {
        let (name, place) = (self.word(), self.place.clone());
        let rest = &self.text[place.end..];
        let value_at = place.end + rest.len() - rest.trim_start_matches(['=', ' ', '\t']).len();
        let value = self.text[value_at..]
            .bytes()
            .take_while(|&b| is_word(b))
            .count();
        let whole = place.start..value_at + value;
        let value = &self.text[value_at..whole.end];
        let next = Next::Blank(whole.clone());
        let flag = suggest::flag(name).filter(|flag| suggest::is_same_flag(name, flag));
        if let (Some(flag), Some(sign)) = (flag, suggest::sign(value)) {
            let message = format!("`{flag}` is a flag: it has a sign and no value");
            let finding = Finding::new(Code::UnknownVariable, whole, message);
            return (finding.certain(format!("{sign}{flag}")), next);
        }
        let message = format!(
            "unknown variable `{name}`: the variables are {}",
            suggest::list(&suggest::VARIABLES)
        );
        let finding = Finding::new(Code::UnknownVariable, place, message);
        let finding = match suggest::variable(name) {
            Some(known) if plain(known) == plain(name) => finding.certain(known),
            known => finding.possible(known.map(str::to_owned)),
        };
        (finding, next)
    }

    pub(super) fn no_equals(&self, token: Span) -> (Finding, Next) {
        let name = self.word();
        let is_matcher = self.text[self.place.end..].starts_with(':');
        if is_matcher {
            return self.late_matcher(self.place.clone(), token);
        }
        if let Some(found) = self.stray() {
            return found;
        }
        let written = self.written(token.clone());
        if let Some(flag) = suggest::flag(written) {
            let message = format!("an action has a sign: write `+{flag}` or `-{flag}`");
            return (
                Finding::new(Code::NoSign, token.clone(), message),
                Next::Blank(token),
            );
        }
        let place = if name.is_empty() {
            token.clone()
        } else {
            self.place.clone()
        };
        let message = "an action is a flag such as `+app`, or `name=value`";
        (
            Finding::new(Code::NoEquals, place, message),
            Next::Blank(token),
        )
    }

    /// A matcher after an action.
    fn late_matcher(&self, name: Span, token: Span) -> (Finding, Next) {
        let message = "matchers go before the actions";
        let word = self.written(name.clone());
        let (_, known, _) = suggest::matcher(word);
        let known = known.filter(|&known| known != word);
        let finding = Finding::new(Code::NoEquals, name, message);
        (
            finding.possible(known.map(str::to_owned)),
            Next::Blank(token),
        )
    }

    pub(super) fn bad_value(&self) -> Finding {
        let token = self.token(self.place.start);
        let name = self.text[..self.place.start].trim_end_matches(['=', ' ', '\t']);
        let name = &name[token_of_word(name)..];
        // All up to the next space: the parser stops at the first character that cannot be in a word.
        let place = self.place.start..token.end.max(self.place.end);
        let value = self.written(place.clone());
        if name == "invert-stacktrace" {
            let message = format!("`{name}` takes `yes` or `no`, not `{value}`");
            let finding = Finding::new(Code::BadValue, place, message);
            let lower = value.to_ascii_lowercase();
            let is_same = suggest::BOOLEANS.contains(&lower.as_str());
            return if is_same {
                finding.certain(lower)
            } else {
                finding.possible(suggest::boolean(value))
            };
        }
        let message = if value.is_empty() {
            format!("`{name}` takes a whole number from 0")
        } else if value.bytes().all(|byte| byte.is_ascii_digit()) {
            format!("`{name}` takes a whole number from 0 to {}", u64::MAX)
        } else {
            format!("`{name}` takes a whole number from 0, not `{value}`")
        };
        Finding::new(Code::BadValue, place, message)
    }

    pub(super) fn retired(&self) -> Finding {
        let message = format!("`{}` was retired", self.word());
        let finding = Finding::new(Code::Retired, self.place.clone(), message);
        let others = self.line.split_ascii_whitespace().any(|word| {
            is_action(word) && !word.ends_with("sentinel") && !word.ends_with("prefix")
        });
        if others {
            finding.removed(self.line)
        } else {
            finding
        }
    }
}
