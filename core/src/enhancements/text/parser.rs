//! The parser of the text form: one rule per line.
//!
//! ```text
//! rule    = [ "[" matcher "]" "|" ] matcher+ [ "|" "[" matcher "]" ] action+ [ "#" comment ]
//! matcher = [ "!" ] name ":" ( '"' any but '"' '"' | up to ASCII white space )
//! action  = [ "^" | "v" ] ( "+" | "-" ) ( "app" | "group" ) | name "=" word
//! ```
//!
//! It is a recursive descent parser over a cursor: every function consumes the text that it parses,
//! or returns the position and the reason of the error. The first letters of a token decide whether
//! it is a matcher or an action. So `me:x` is an unknown matcher and not an unknown action; rule
//! authors know these messages from the published package.

use std::ops;

use crate::enhancements::action::{Action, FlagAction, FlagKind, Range, VarAction};
use crate::enhancements::codes::Code;
use crate::enhancements::error::{Cause, Stage, SyntaxError};
use crate::enhancements::fields::Subject;
use crate::enhancements::matcher::{parse_bool, Matcher, Offset};
use crate::enhancements::rule::Rule;

/// A range of the line, in bytes.
pub(in crate::enhancements) type Span = ops::Range<usize>;

/// An error of the parser.
struct Failure {
    code: Code,
    /// The span of the error.
    place: Span,
    /// The causes so far, innermost first.
    causes: Vec<Cause>,
}

/// A rule as it is written: its parts in their order, with their positions.
pub(in crate::enhancements) struct WrittenRule {
    pub(in crate::enhancements) matchers: Vec<WrittenMatcher>,
    pub(in crate::enhancements) actions: Vec<(Span, Action)>,
    /// Retired actions, if they are accepted.
    pub(in crate::enhancements) retired: Vec<Span>,
    /// The position of the `#` of a comment after the rule.
    pub(in crate::enhancements) comment: Option<usize>,
}

/// A matcher as it is written.
pub(in crate::enhancements) struct WrittenMatcher {
    pub(in crate::enhancements) matcher: Matcher,
    pub(in crate::enhancements) negated: bool,
    /// The brackets around it, also for a matcher on the exception, for which they have no meaning.
    pub(in crate::enhancements) offset: Offset,
    /// The argument without its quotes, before `\\` is replaced by `\`.
    pub(in crate::enhancements) argument: Span,
}

impl WrittenRule {
    /// Returns the rule without positions.
    pub(in crate::enhancements) fn into_rule(self) -> Rule {
        let matchers = self.matchers.into_iter().map(|m| m.matcher).collect();
        let actions = self.actions.into_iter().map(|(_, action)| action).collect();
        Rule::new(matchers, actions)
    }

    /// Returns the span from the first matcher to the last action.
    pub(in crate::enhancements) fn place(&self) -> Span {
        let actions = self.actions.iter().map(|(place, _)| place);
        let end = actions.chain(&self.retired).map(|place| place.end).max();
        0..end.unwrap_or_default()
    }
}

/// The first letters by which the parser recognises another matcher.
const MATCHER_STARTS: [&str; 11] = [
    "!",
    "a",
    "category:",
    "e",
    "f",
    "me",
    "mo",
    "p",
    "s",
    "t",
    "va",
];

/// Returns whether a line of a rule text has a rule: it is neither a comment nor empty.
pub(in crate::enhancements) fn is_rule(line: &str) -> bool {
    !line.is_empty() && !line.starts_with('#')
}

/// Returns the lines of a rule text that have a rule: `(number from 1, trimmed line)`.
pub(in crate::enhancements) fn rule_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .map(str::trim)
        .zip(1..)
        .filter(|(line, _)| is_rule(line))
        .map(|(line, number)| (number, line))
}

/// Parses one line, already trimmed.
pub(in crate::enhancements) fn parse_rule(
    line: &str,
    line_number: usize,
) -> Result<Rule, Box<SyntaxError>> {
    parse_written(line, line_number, Retired::Fail).map(WrittenRule::into_rule)
}

/// What to do with retired actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::enhancements) enum Retired {
    /// They are errors.
    Fail,
    /// They are dropped.
    Skip,
}

/// Parses one line, already trimmed, and keeps the positions of its parts.
pub(in crate::enhancements) fn parse_written(
    line: &str,
    line_number: usize,
    retired: Retired,
) -> Result<WrittenRule, Box<SyntaxError>> {
    let error = |at, stage, mut failure: Failure| {
        failure.causes.reverse();
        Box::new(SyntaxError {
            line_number,
            line: line.to_owned(),
            at,
            stage,
            code: failure.code,
            place: failure.place,
            causes: failure.causes,
        })
    };
    let mut cursor = Cursor { line, at: 0 };
    let matchers = matchers(&mut cursor).map_err(|failure| error(0, Stage::Matchers, failure))?;
    let actions_at = cursor.at;
    let mut rule = WrittenRule {
        matchers,
        actions: Vec::new(),
        retired: Vec::new(),
        comment: None,
    };
    actions(&mut cursor, retired, &mut rule)
        .map_err(|failure| error(actions_at, Stage::Actions, failure))?;
    rule.comment = (!cursor.rest().is_empty()).then_some(cursor.at);
    Ok(rule)
}

fn matchers(cursor: &mut Cursor<'_>) -> Result<Vec<WrittenMatcher>, Failure> {
    let mut matchers = Vec::new();
    let start = cursor.at;
    if cursor.take("[") {
        let caller = bracketed(cursor, Offset::Caller)
            .and_then(|matcher| cursor.expect("|", Code::Brackets).map(|()| matcher))
            .map_err(|failure| failure.within(start, "failed to parse caller matcher"))?;
        matchers.push(caller);
        cursor.skip_space();
    }

    let plain = matchers.len();
    while MATCHER_STARTS.iter().any(|s| cursor.rest().starts_with(s)) {
        let at = cursor.at;
        let matcher = matcher(cursor, Offset::This)
            .map_err(|failure| failure.within(at, "failed to parse matcher"))?;
        matchers.push(matcher);
        cursor.skip_space();
    }
    if matchers.len() == plain {
        let mut failure = cursor.fail(Code::NoMatcher, "expected at least one matcher");
        // An unknown name whose first letters no matcher has. The message is that of the published
        // package.
        let name = failure.place.clone();
        if cursor.word_len() > 0 && cursor.line[name.end..].starts_with(':') {
            failure.code = Code::UnknownMatcher;
        }
        return Err(failure);
    }

    let start = cursor.at;
    if cursor.take("|") {
        let callee = cursor
            .expect("[", Code::Brackets)
            .and_then(|()| bracketed(cursor, Offset::Callee))
            .map_err(|failure| failure.within(start, "failed to parse callee matcher"))?;
        matchers.push(callee);
    }
    Ok(matchers)
}

/// Parses the text after an opening bracket: a matcher and the closing bracket.
fn bracketed(cursor: &mut Cursor<'_>, offset: Offset) -> Result<WrittenMatcher, Failure> {
    cursor.skip_space();
    let matcher = matcher(cursor, offset)?;
    cursor.expect("]", Code::Brackets)?;
    Ok(matcher)
}

fn matcher(cursor: &mut Cursor<'_>, offset: Offset) -> Result<WrittenMatcher, Failure> {
    let negated = cursor.take("!");
    let name_at = cursor.at;
    let name = cursor
        .word()
        .map_err(|failure| failure.within(name_at, "failed to parse matcher name"))?;
    let name_place = name_at..cursor.at;
    if !cursor.take(":") {
        return Err(cursor.fail(Code::NoColon, "expected `:`"));
    }
    let argument_at = cursor.at;
    let (argument, place) = cursor
        .argument()
        .map_err(|failure| failure.within(argument_at, "failed to parse matcher argument"))?;
    let Some(subject) = Subject::from_name(name) else {
        let message = format!("Unknown matcher `{name}`");
        return Err(unplaced(Code::UnknownMatcher, name_place, message));
    };
    let matcher = Matcher::new(subject, negated, offset, &argument)
        .map_err(|err| unplaced(Code::ExceptionPattern, place.clone(), err.to_string()))?;
    Ok(WrittenMatcher {
        matcher,
        negated,
        offset,
        argument: place,
    })
}

fn actions(
    cursor: &mut Cursor<'_>,
    retired: Retired,
    rule: &mut WrittenRule,
) -> Result<(), Failure> {
    loop {
        cursor.skip_space();
        if cursor.rest().is_empty() || cursor.rest().starts_with('#') {
            break;
        }
        let at = cursor.at;
        let action = if cursor.rest().starts_with(['v', '^', '+', '-']) {
            match flag_action(cursor) {
                Ok(action) => Action::Flag(action),
                Err(failure) if failure.code == Code::Retired && retired == Retired::Skip => {
                    rule.retired.push(failure.place);
                    continue;
                }
                Err(failure) => return Err(failure.within(at, "failed to parse flag action")),
            }
        } else {
            var_action(cursor)
                .map(Action::Var)
                .map_err(|failure| failure.within(at, "failed to parse var action"))?
        };
        rule.actions.push((at..cursor.at, action));
    }
    if rule.actions.is_empty() && rule.retired.is_empty() {
        let message = "expected at least one action".to_owned();
        return Err(unplaced(Code::NoAction, cursor.token(), message));
    }
    Ok(())
}

fn flag_action(cursor: &mut Cursor<'_>) -> Result<FlagAction, Failure> {
    let start = cursor.at;
    let range = if cursor.take("^") {
        Range::Up
    } else if cursor.take("v") {
        Range::Down
    } else {
        Range::This
    };
    let flag = if cursor.take("+") {
        true
    } else if cursor.take("-") {
        false
    } else {
        let place = start..cursor.token().end;
        return Err(placed(
            Code::NoSign,
            start,
            place,
            "expected flag value".to_owned(),
        ));
    };
    let name_at = cursor.at;
    let name = cursor
        .word()
        .map_err(|failure| failure.within(name_at, "expected flag name"))?;
    let kind = match name {
        "app" => FlagKind::App,
        "group" => FlagKind::Group,
        _ => {
            let (code, place_at) = match name {
                "sentinel" | "prefix" => (Code::Retired, start),
                _ => (Code::UnknownFlag, name_at),
            };
            let message = format!("invalid flag name `{name}`");
            return Err(placed(code, name_at, place_at..cursor.at, message));
        }
    };
    Ok(FlagAction { flag, kind, range })
}

fn var_action(cursor: &mut Cursor<'_>) -> Result<VarAction, Failure> {
    let name_at = cursor.at;
    let name = cursor
        .word()
        .map_err(|failure| failure.within(name_at, "expected variable name"))?;
    let name_place = name_at..cursor.at;
    cursor.expect("=", Code::NoEquals).map_err(|failure| {
        // This is probably a matcher, so the error is at the name.
        let is_matcher = cursor.line[failure.place.clone()].starts_with(':');
        let place = if is_matcher {
            name_place.clone()
        } else {
            failure.place
        };
        Failure { place, ..failure }
    })?;
    cursor.skip_space();
    let value_at = cursor.at;
    let value = cursor
        .word()
        .map_err(|failure| failure.within(value_at, "expected value for variable"))?;

    let end = Some(cursor.at);
    let place = value_at..cursor.at;
    let bad_value = |failure: Failure| {
        let mut failure = failure.within(value_at, &format!("failed to parse rhs of `{name}`"));
        for cause in failure.causes.iter_mut().filter(|cause| cause.at.is_some()) {
            cause.end = end;
        }
        failure
    };
    let number = || {
        value
            .parse::<u64>()
            .map_err(|err| bad_value(unplaced(Code::BadValue, place.clone(), err.to_string())))
    };
    Ok(match name {
        "max-frames" => VarAction::MaxFrames(number()?),
        "min-frames" => VarAction::MinFrames(number()?),
        "invert-stacktrace" => {
            let invert = parse_bool(value).ok_or_else(|| {
                let message = "invalid boolean value".to_owned();
                bad_value(placed(Code::BadValue, value_at, place, message))
            })?;
            VarAction::InvertStacktrace(invert)
        }
        "category" => VarAction::Category(value.into()),
        _ => {
            let message = format!("invalid variable name `{name}`");
            return Err(placed(Code::UnknownVariable, name_at, name_place, message));
        }
    })
}

/// Returns a failure whose message does not quote the line.
fn unplaced(code: Code, place: Span, message: String) -> Failure {
    let cause = Cause {
        at: None,
        end: None,
        message,
    };
    Failure {
        code,
        place,
        causes: vec![cause],
    }
}

/// Returns a failure whose message quotes the line from `at` on.
fn placed(code: Code, at: usize, place: Span, message: String) -> Failure {
    let mut failure = unplaced(code, place, message);
    failure.causes[0].at = Some(at);
    failure
}

impl Failure {
    /// Adds the context of the error, from `at` on.
    fn within(mut self, at: usize, message: &str) -> Self {
        self.causes.push(Cause {
            at: Some(at),
            end: None,
            message: message.to_owned(),
        });
        self
    }
}

/// The rest of a line that is not parsed yet.
struct Cursor<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.line[self.at..]
    }

    fn fail(&self, code: Code, message: &str) -> Failure {
        placed(code, self.at, self.token(), message.to_owned())
    }

    /// Returns the span of the name or word here, or else of one character; it is empty at the end
    /// of the line.
    fn token(&self) -> Span {
        let one = self.rest().chars().next().map_or(0, char::len_utf8);
        self.at..self.at + self.word_len().max(one)
    }

    /// Returns the number of bytes at the front of the rest that can be in a name or word.
    fn word_len(&self) -> usize {
        let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        self.rest().bytes().take_while(is_word).count()
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Skips white space and consumes the token.
    fn expect(&mut self, token: &str, code: Code) -> Result<(), Failure> {
        self.skip_space();
        if self.take(token) {
            Ok(())
        } else {
            Err(self.fail(code, &format!("expected `{token}`")))
        }
    }

    /// Consumes a name or word. It may be empty at the end of the line.
    fn word(&mut self) -> Result<&'a str, Failure> {
        let rest = self.rest();
        let len = self.word_len();
        if len == 0 && !rest.is_empty() {
            return Err(self.fail(Code::BadName, "invalid identifier"));
        }
        self.at += len;
        Ok(&rest[..len])
    }

    /// Consumes the argument of a matcher, quoted or not. Returns its text and its span without the
    /// quotes.
    fn argument(&mut self) -> Result<(String, Span), Failure> {
        let rest = self.rest();
        let (quote, len) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let Some(len) = quoted.find('"') else {
                    let place = self.at..self.line.len();
                    let message = "unclosed `\"`".to_owned();
                    return Err(placed(Code::OpenQuote, self.at, place, message));
                };
                (1, len)
            }
            None => {
                let end = rest.find(|c: char| c.is_ascii_whitespace());
                (0, end.unwrap_or(rest.len()))
            }
        };
        let place = self.at + quote..self.at + quote + len;
        self.at = place.end + quote;
        Ok((self.line[place.clone()].replace(r"\\", r"\"), place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(line: &str) -> String {
        match parse_rule(line, 1) {
            Ok(rule) => rule.to_string(),
            Err(err) => err.to_string(),
        }
    }

    #[test]
    fn rules_are_understood() {
        for (line, expected) in [
            ("function:a +app", "function:a +app"),
            ("stack.function:a -group", "function:a -group"),
            (
                "stack.abs_path:a stack.package:b stack.module:c +app",
                "path:a package:b module:c +app",
            ),
            (
                "family:native,x !app:no ^+app",
                "family:native,x !app:no ^+app",
            ),
            ("function:\"a b\"-group", "function:a b -group"),
            ("function:\"a\"module:b v-app", "function:a module:b v-app"),
            ("function:a] +app", "function:a] +app"),
            ("function: +app", "function: +app"),
            ("function:a\\\\b +app", "function:a\\b +app"),
            (
                "[ function:b ]|function:a +app",
                "[function:b] | function:a +app",
            ),
            ("function:a | [ !app:1 ] +app", "function:a | [!app:1] +app"),
            ("function:a error.value:x +app", "value:x function:a +app"),
            ("[type:x ] | function:a +app", "type:x function:a +app"),
            (
                "function:a max-frames = 3 min-frames=007",
                "function:a max-frames=3 min-frames=7",
            ),
            (
                "function:a invert-stacktrace=yes",
                "function:a invert-stacktrace=true",
            ),
            (
                "function:a category=x+group",
                "function:a category=x +group",
            ),
            ("function:a category=", "function:a category="),
            ("function:a +app# why", "function:a +app"),
            ("function:a -group+app", "function:a -group +app"),
            ("function:[ +app", "function:[ +app"),
        ] {
            assert_eq!(printed(line), expected, "{line:?}");
        }
    }

    #[test]
    fn every_name_of_a_matcher_is_read() {
        for subject in Subject::all() {
            for name in subject.names() {
                let expected = format!("{}:1 +app", subject.name());
                assert_eq!(printed(&format!("{name}:1 +app")), expected);
            }
        }
    }

    #[test]
    fn errors_say_where_and_why() {
        for (line, causes) in [
            ("+app", "`+app`: failed to parse matchers:\nat `+app`: expected at least one matcher"),
            ("ab:bar +app", "`ab:bar +app`: failed to parse matchers:\nat `ab:bar +app`: failed to parse matcher\nUnknown matcher `ab`"),
            ("function:foo", "``: failed to parse actions:\nexpected at least one action"),
            ("function:a ^", "`^`: failed to parse actions:\nat `^`: failed to parse flag action\nat `^`: expected flag value"),
            ("function:a +foo", "`+foo`: failed to parse actions:\nat `+foo`: failed to parse flag action\nat `foo`: invalid flag name `foo`"),
            ("[function:a] | function:b +app", "`[function:a] | function:b +app`: failed to parse matchers:\nat `[function:a] | function:b +app`: failed to parse caller matcher\nat `| function:b +app`: expected `]`"),
            ("function:a | +app", "`function:a | +app`: failed to parse matchers:\nat `| +app`: failed to parse callee matcher\nat `+app`: expected `[`"),
            ("function:\"a +app", "`function:\"a +app`: failed to parse matchers:\nat `function:\"a +app`: failed to parse matcher\nat `\"a +app`: failed to parse matcher argument\nat `\"a +app`: unclosed `\"`"),
            ("function:a max-frames=-1", "`max-frames=-1`: failed to parse actions:\nat `max-frames=-1`: failed to parse var action\nat `-1`: failed to parse rhs of `max-frames`\ninvalid digit found in string"),
            ("function:a min-frames=x # few", "`min-frames=x # few`: failed to parse actions:\nat `min-frames=x # few`: failed to parse var action\nat `x`: failed to parse rhs of `min-frames`\ninvalid digit found in string"),
            ("function:a invert-stacktrace=2 +app", "`invert-stacktrace=2 +app`: failed to parse actions:\nat `invert-stacktrace=2 +app`: failed to parse var action\nat `2`: failed to parse rhs of `invert-stacktrace`\nat `2`: invalid boolean value"),
            ("function:a invert-stacktrace=2", "`invert-stacktrace=2`: failed to parse actions:\nat `invert-stacktrace=2`: failed to parse var action\nat `2`: failed to parse rhs of `invert-stacktrace`\nat `2`: invalid boolean value"),
            ("function:a junk", "`junk`: failed to parse actions:\nat `junk`: failed to parse var action\nat ``: expected `=`"),
            ("function:a junk=1", "`junk=1`: failed to parse actions:\nat `junk=1`: failed to parse var action\nat `junk=1`: invalid variable name `junk`"),
        ] {
            assert_eq!(printed(line), format!("Invalid syntax at {causes}"), "{line:?}");
        }
    }

    #[test]
    fn an_exception_pattern_must_be_valid() {
        let err = parse_rule("type:[ +app", 7).unwrap_err();
        assert_eq!(err.line_number, 7);
        assert!(
            err.to_string().contains("failed to parse matcher\n"),
            "{err}"
        );
        assert!(err.causes.last().unwrap().message.contains("'['"), "{err}");
    }

    #[test]
    fn comments_and_empty_lines_are_no_rules() {
        let text = "# a\n\n  function:a +app\r\n\t# b\nfunction:b +app";
        let lines: Vec<_> = rule_lines(text).collect();
        assert_eq!(lines, [(3, "function:a +app"), (5, "function:b +app")]);
    }
}
