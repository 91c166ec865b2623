//! The parser of the text form: one rule a line.
//!
//! ```text
//! rule    = [ "[" matcher "]" "|" ] matcher+ [ "|" "[" matcher "]" ] action+ [ "#" comment ]
//! matcher = [ "!" ] name ":" ( '"' any but '"' '"' | up to ASCII white space )
//! action  = [ "^" | "v" ] ( "+" | "-" ) ( "app" | "group" ) | name "=" word
//! ```
//!
//! It is a recursive descent over a cursor: every function takes what it
//! understands off the front, or says where and why it stopped. What follows is
//! decided by the first letters only, so `me:x` is an unknown matcher and not an
//! unknown action: rule authors know the messages that come of it.

use super::action::{Action, FlagAction, FlagKind, Range, VarAction};
use super::error::{Cause, Stage, SyntaxError};
use super::matcher::{parse_bool, ExceptionField, FrameField, Matcher, Offset, Subject};
use super::rule::Rule;

/// The causes so far, innermost first.
type Failure = Vec<Cause>;

/// The beginnings by which another matcher is recognised.
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

/// Whether a line of a rule text holds a rule, and not a comment or nothing.
pub(super) fn is_rule(line: &str) -> bool {
    !line.is_empty() && !line.starts_with('#')
}

/// The lines of a rule text that hold a rule: `(number from 1, trimmed line)`.
pub(super) fn rule_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .map(str::trim)
        .zip(1..)
        .filter(|(line, _)| is_rule(line))
        .map(|(line, number)| (number, line))
}

/// Parses one line, already trimmed.
pub(super) fn parse_rule(line: &str, line_number: usize) -> Result<Rule, Box<SyntaxError>> {
    let error = |at, stage, mut causes: Failure| {
        causes.reverse();
        Box::new(SyntaxError {
            line_number,
            line: line.to_owned(),
            at,
            stage,
            causes,
        })
    };
    let mut cursor = Cursor { line, at: 0 };
    let matchers = matchers(&mut cursor).map_err(|causes| error(0, Stage::Matchers, causes))?;
    let actions_at = cursor.at;
    let actions =
        actions(&mut cursor).map_err(|causes| error(actions_at, Stage::Actions, causes))?;
    Ok(Rule::new(matchers, actions))
}

fn matchers(cursor: &mut Cursor<'_>) -> Result<Vec<Matcher>, Failure> {
    let mut matchers = Vec::new();
    let start = cursor.at;
    if cursor.take("[") {
        let caller = bracketed(cursor, Offset::Caller)
            .and_then(|matcher| cursor.expect("|").map(|()| matcher))
            .map_err(|causes| because(causes, start, "failed to parse caller matcher"))?;
        matchers.push(caller);
        cursor.skip_space();
    }

    let plain = matchers.len();
    while MATCHER_STARTS.iter().any(|s| cursor.rest().starts_with(s)) {
        let at = cursor.at;
        let matcher = matcher(cursor, Offset::This)
            .map_err(|causes| because(causes, at, "failed to parse matcher"))?;
        matchers.push(matcher);
        cursor.skip_space();
    }
    if matchers.len() == plain {
        return Err(cursor.fail("expected at least one matcher"));
    }

    let start = cursor.at;
    if cursor.take("|") {
        let callee = cursor
            .expect("[")
            .and_then(|()| bracketed(cursor, Offset::Callee))
            .map_err(|causes| because(causes, start, "failed to parse callee matcher"))?;
        matchers.push(callee);
    }
    Ok(matchers)
}

/// What follows the opening bracket: a matcher and the closing one.
fn bracketed(cursor: &mut Cursor<'_>, offset: Offset) -> Result<Matcher, Failure> {
    cursor.skip_space();
    let matcher = matcher(cursor, offset)?;
    cursor.expect("]")?;
    Ok(matcher)
}

fn matcher(cursor: &mut Cursor<'_>, offset: Offset) -> Result<Matcher, Failure> {
    let negated = cursor.take("!");
    let name_at = cursor.at;
    let name = cursor
        .word()
        .map_err(|causes| because(causes, name_at, "failed to parse matcher name"))?;
    if !cursor.take(":") {
        return Err(cursor.fail("expected `:`"));
    }
    let argument_at = cursor.at;
    let argument = cursor
        .argument()
        .map_err(|causes| because(causes, argument_at, "failed to parse matcher argument"))?;
    let Some(subject) = subject(name) else {
        return Err(unplaced(format!("Unknown matcher `{name}`")));
    };
    Matcher::new(subject, negated, offset, &argument).map_err(|err| unplaced(err.to_string()))
}

fn subject(name: &str) -> Option<Subject> {
    Some(match name {
        "category" => Subject::Field(FrameField::Category),
        "function" | "stack.function" => Subject::Field(FrameField::Function),
        "module" | "stack.module" => Subject::Field(FrameField::Module),
        "package" | "stack.package" => Subject::Field(FrameField::Package),
        "path" | "stack.abs_path" => Subject::Field(FrameField::Path),
        "family" => Subject::Family,
        "app" => Subject::App,
        "type" | "error.type" => Subject::Exception(ExceptionField::Type),
        "value" | "error.value" => Subject::Exception(ExceptionField::Value),
        "mechanism" | "error.mechanism" => Subject::Exception(ExceptionField::Mechanism),
        _ => return None,
    })
}

fn actions(cursor: &mut Cursor<'_>) -> Result<Vec<Action>, Failure> {
    let mut actions = Vec::new();
    loop {
        cursor.skip_space();
        if cursor.rest().is_empty() || cursor.rest().starts_with('#') {
            break;
        }
        let at = cursor.at;
        let action = if cursor.rest().starts_with(['v', '^', '+', '-']) {
            flag_action(cursor)
                .map(Action::Flag)
                .map_err(|causes| because(causes, at, "failed to parse flag action"))?
        } else {
            var_action(cursor)
                .map(Action::Var)
                .map_err(|causes| because(causes, at, "failed to parse var action"))?
        };
        actions.push(action);
    }
    if actions.is_empty() {
        return Err(unplaced("expected at least one action".to_owned()));
    }
    Ok(actions)
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
        cursor.at = start;
        return Err(cursor.fail("expected flag value"));
    };
    let name_at = cursor.at;
    let name = cursor
        .word()
        .map_err(|causes| because(causes, name_at, "expected flag name"))?;
    let kind = match name {
        "app" => FlagKind::App,
        "group" => FlagKind::Group,
        _ => return Err(placed(name_at, format!("invalid flag name `{name}`"))),
    };
    Ok(FlagAction { flag, kind, range })
}

fn var_action(cursor: &mut Cursor<'_>) -> Result<VarAction, Failure> {
    let name_at = cursor.at;
    let name = cursor
        .word()
        .map_err(|causes| because(causes, name_at, "expected variable name"))?;
    cursor.expect("=")?;
    cursor.skip_space();
    let value_at = cursor.at;
    let value = cursor
        .word()
        .map_err(|causes| because(causes, value_at, "expected value for variable"))?;

    let end = Some(cursor.at);
    let bad_value = |mut cause: Failure| {
        cause.extend(placed(value_at, format!("failed to parse rhs of `{name}`")));
        for cause in cause.iter_mut().filter(|cause| cause.at.is_some()) {
            cause.end = end;
        }
        cause
    };
    let number = || {
        value
            .parse::<u64>()
            .map_err(|err| bad_value(unplaced(err.to_string())))
    };
    Ok(match name {
        "max-frames" => VarAction::MaxFrames(number()?),
        "min-frames" => VarAction::MinFrames(number()?),
        "invert-stacktrace" => {
            let invert = parse_bool(value)
                .ok_or_else(|| bad_value(placed(value_at, "invalid boolean value".to_owned())))?;
            VarAction::InvertStacktrace(invert)
        }
        "category" => VarAction::Category(value.into()),
        _ => return Err(placed(name_at, format!("invalid variable name `{name}`"))),
    })
}

fn unplaced(message: String) -> Failure {
    vec![Cause {
        at: None,
        end: None,
        message,
    }]
}

fn placed(at: usize, message: String) -> Failure {
    vec![Cause {
        at: Some(at),
        end: None,
        message,
    }]
}

fn because(mut causes: Failure, at: usize, message: &str) -> Failure {
    causes.extend(placed(at, message.to_owned()));
    causes
}

/// The rest of a line that is not understood yet.
struct Cursor<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.line[self.at..]
    }

    fn fail(&self, message: &str) -> Failure {
        placed(self.at, message.to_owned())
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

    /// Skips white space and takes the token.
    fn expect(&mut self, token: &str) -> Result<(), Failure> {
        self.skip_space();
        if self.take(token) {
            Ok(())
        } else {
            Err(self.fail(&format!("expected `{token}`")))
        }
    }

    /// Takes a name or word. At the end of the line it may be empty.
    fn word(&mut self) -> Result<&'a str, Failure> {
        let rest = self.rest();
        let len = rest
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
            .count();
        if len == 0 && !rest.is_empty() {
            return Err(self.fail("invalid identifier"));
        }
        self.at += len;
        Ok(&rest[..len])
    }

    /// Takes the argument of a matcher, quoted or not.
    fn argument(&mut self) -> Result<String, Failure> {
        let rest = self.rest();
        let (raw, taken) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let Some(len) = quoted.find('"') else {
                    return Err(self.fail("unclosed `\"`"));
                };
                (&quoted[..len], len + 2)
            }
            None => {
                let end = rest.find(|c: char| c.is_ascii_whitespace());
                let raw = &rest[..end.unwrap_or(rest.len())];
                (raw, raw.len())
            }
        };
        self.at += taken;
        Ok(raw.replace(r"\\", r"\"))
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
