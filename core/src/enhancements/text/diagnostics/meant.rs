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

use super::finding::Finding;
use super::suggest::{self, plain};
use crate::characters::{self, Kind, Odd};
use crate::enhancements::codes::Code;
use crate::enhancements::error::SyntaxError;
use crate::enhancements::fields::Subject;
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
        token(self.text, at)
    }

    // --- the whole line -----------------------------------------------------------------

    fn fingerprint_rule(&self) -> Option<(Finding, Next)> {
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

    fn comment(&self) -> Option<(Finding, Next)> {
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

    // --- characters ---------------------------------------------------------------------

    fn odd_character(&self) -> Option<(Finding, Next)> {
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
    fn other_quotes(&self, quote: char) -> Option<(Finding, Next)> {
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

    // --- words where an action is expected ------------------------------------------------

    /// Words after an argument without quotes, such as `path:/a/My App/**`.
    fn words_after_a_matcher(&self) -> Option<(Finding, Next)> {
        let (text, line) = (self.text, self.line);
        let word = self.token(self.start);
        let is_path_of_names =
            self.error.code == Code::UnknownMatcher && text[self.place.end..].starts_with("::");
        let expected = matches!(
            self.error.code,
            Code::NoEquals | Code::NoColon | Code::BadName | Code::NoSign
        );
        if !(expected || is_path_of_names) {
            return None;
        }
        let written = self.written(word.clone());
        let before = text[..self.start].trim_end();
        if before.ends_with("\\\"") {
            let message = "a quote cannot be escaped: write `?` for it";
            let place = before.len() - 2..before.len();
            return Some((Finding::new(Code::OpenQuote, place, message), Next::Stop));
        }
        let argument = argument_before(text, word.start)?;
        let after = text[word.end..].trim_start();

        // A matcher whose first letters no matcher has: the parser expects an action here.
        let sign = usize::from(written.starts_with('!'));
        let name = written[sign..].split(':').next().unwrap_or_default();
        let name = word.start + sign..word.start + sign + name.len();
        let is_name = name.len() > 1 && text[name.clone()].bytes().all(is_word);
        let is_matcher = text[name.end..].starts_with(':') && !text[name.end..].starts_with("::");
        if is_name && is_matcher && Subject::from_name(&text[name.clone()]).is_none() {
            return Some(self.unknown_matcher(name));
        }
        let variable = suggest::VARIABLES.contains(&written);
        let value = after.split_ascii_whitespace().next();
        if let (true, Some(value)) = (variable, value) {
            let end = text.len() - after.len() + value.len();
            let message = format!("write `{written}=` and the value without a space");
            let finding = Finding::new(Code::NoEquals, word.start..end, message);
            let is_word = value.bytes().all(is_word);
            let finding = if is_word {
                finding.certain(format!("{written}={value}"))
            } else {
                finding
            };
            return Some((finding, Next::Blank(word.start..end)));
        }
        let is_word = written.starts_with(is_word_start);
        let flag = suggest::flag(written).filter(|_| is_word && ends_matchers(after));
        if let Some(flag) = flag {
            let message = format!("an action has a sign: write `+{flag}` or `-{flag}`");
            let finding = Finding::new(Code::NoSign, word.clone(), message);
            return Some((finding, Next::Blank(word)));
        }
        if ["and", "&&", "&", "or", "||"].contains(&written.to_ascii_lowercase().as_str()) {
            let is_or = written.eq_ignore_ascii_case("or") || written == "||";
            let message = if is_or {
                format!("there is no `{written}`: write two rules")
            } else {
                format!("there is no `{written}`: all matchers of a rule must hold")
            };
            let finding = Finding::new(Code::Stray, word.clone(), message);
            let finding = if is_or {
                finding
            } else {
                finding.removed(line)
            };
            return Some((finding, Next::Blank(word)));
        }
        if !written.starts_with(|c: char| is_word_start(c) || "/\\*?[{(<@$~:'".contains(c)) {
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
        let finding = if pattern.contains(['/', '\\']) && text[words.clone()].contains(['/', '\\'])
        {
            finding.certain(instead)
        } else {
            finding.possible(Some(instead))
        };
        Some((finding, Next::Blank(words)))
    }

    // --- by the code of the parser --------------------------------------------------------

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
            Code::Retired => {
                let message = format!("`{}` was retired", self.word());
                let finding = Finding::new(Code::Retired, place.clone(), message);
                let others = self.line.split_ascii_whitespace().any(|word| {
                    is_action(word) && !word.ends_with("sentinel") && !word.ends_with("prefix")
                });
                let finding = if others {
                    finding.removed(self.line)
                } else {
                    finding
                };
                (finding, Next::Blank(place))
            }
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

    fn no_matcher(&self, finding: Finding) -> (Finding, Next) {
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

    fn unknown_matcher(&self, place: Span) -> (Finding, Next) {
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

    fn no_colon(&self) -> Finding {
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

    fn no_action(&self, finding: Finding) -> Finding {
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

    fn unknown_flag(&self) -> Finding {
        let word = self.word();
        let message = format!("unknown flag `{word}`: the flags are `app` and `group`");
        let finding = Finding::new(Code::UnknownFlag, self.place.clone(), message);
        match suggest::flag(word) {
            Some(flag) if suggest::is_same_flag(word, flag) => finding.certain(flag),
            flag => finding.possible(flag.map(str::to_owned)),
        }
    }

    fn no_sign(&self, token: Span) -> (Finding, Next) {
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

    fn unknown_variable(&self) -> (Finding, Next) {
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

    fn no_equals(&self, token: Span) -> (Finding, Next) {
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

    fn bad_value(&self) -> Finding {
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

    fn bad_name(&self, finding: Finding) -> (Finding, Next) {
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
        let message = if self.error.stage == crate::enhancements::error::Stage::Matchers {
            format!("`{character}` cannot be in a name")
        } else {
            message
        };
        let finding = Finding { message, ..finding };
        (finding, Next::Blank(token))
    }

    /// A character that other languages have between or around rules.
    fn stray(&self) -> Option<(Finding, Next)> {
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

    fn brackets(&self, finding: Finding) -> Finding {
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

/// Returns whether a byte can be in a name or a word.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

fn is_word_start(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

/// Returns where the word at the end of a text begins.
fn token_of_word(text: &str) -> usize {
    text.len() - text.bytes().rev().take_while(|&byte| is_word(byte)).count()
}

/// Returns the text up to the white space around a position.
fn token(text: &str, at: usize) -> Span {
    let space = |c: char| c.is_ascii_whitespace();
    let start = text[..at].rfind(space).map_or(0, |space| space + 1);
    let end = text[at..].find(space).map_or(text.len(), |len| at + len);
    start..end
}

/// Returns the characters that are not inside of an argument with quotes, with their positions.
fn unquoted(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut before = ' ';
    let mut is_quoted = false;
    text.char_indices().filter(move |&(_, c)| {
        let opens = c == '"' && before == ':';
        let was_quoted = is_quoted;
        is_quoted = if is_quoted { c != '"' } else { opens };
        before = c;
        !was_quoted
    })
}

/// Returns the argument without quotes that ends before a position. Only spaces are between.
fn argument_before(text: &str, at: usize) -> Option<Span> {
    let before = text[..at].trim_end();
    let start = token(before, before.len()).start;
    let (name, argument) = before[start..].split_once(':')?;
    let name = name.trim_start_matches(['!', '[']);
    let is_name = !name.is_empty() && name.bytes().all(is_word);
    (is_name && !argument.starts_with('"')).then(|| before.len() - argument.len()..before.len())
}

/// Returns whether the text where a matcher or an action is expected begins with an action, or ends.
fn ends_matchers(rest: &str) -> bool {
    let word = rest.split_ascii_whitespace().next().unwrap_or_default();
    word.is_empty() || word.starts_with('#') || is_action(word)
}

fn is_action(word: &str) -> bool {
    let flag = word.trim_start_matches(['^', 'v']);
    let named = |flag: &str| suggest::flag(flag).is_some() || matches!(flag, "sentinel" | "prefix");
    flag.strip_prefix(['+', '-']).is_some_and(named)
        || word.split_once('=').is_some_and(|(name, _)| {
            suggest::variable(name).is_some() || suggest::flag(name).is_some()
        })
}

/// Returns the end of the words from a position on that are neither matchers nor actions.
fn words_end(text: &str, from: usize) -> usize {
    let mut end = from;
    let mut at = from;
    for word in text[from..].split_inclusive(|c: char| c.is_ascii_whitespace()) {
        let trimmed = word.trim_end_matches(|c: char| c.is_ascii_whitespace());
        let name = trimmed.trim_start_matches('!').split(':').next();
        let is_matcher = trimmed.contains(':')
            && !trimmed.contains("::")
            && Subject::from_name(name.unwrap_or_default()).is_some();
        let is_other = trimmed.starts_with(['|', '#', '^', '+']) || trimmed.starts_with("//");
        if at > from && (is_matcher || is_other || is_action(trimmed)) {
            break;
        }
        if !trimmed.is_empty() {
            end = at + trimmed.len();
        }
        at += word.len();
    }
    end
}
