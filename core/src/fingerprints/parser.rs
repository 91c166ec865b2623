//! The parser of rule texts: one rule a line, unless a quoted text has line breaks.
//!
//! ```text
//! rules   = line*
//! line    = ( "#" comment | rule | nothing ) ( "\n" | "\r" )
//! rule    = [ "[" matcher "]" "|" ] matcher+ [ "|" "[" matcher "]" ] "->" ( value [ "," ] )+
//! matcher = [ "!" ] ( name | '"' name '"' ) ":" ( quoted | up to white space )
//! value   = name "=" quoted | quoted | variable | up to white space, `{` or `,`
//! ```
//!
//! Sentry parses with a grammar of this kind (a PEG): the first alternative that matches is
//! taken, and no other one is tried later. So a quote that is not closed is a part of a word,
//! `a:b->c` is one argument, and a quoted text reaches over line breaks. It decides which texts
//! are valid. Between the parts there can be spaces, and no other white space.
//!
//! The parser is a recursive descent over a cursor: each function takes what it understands
//! off the front, or returns a [`Failure`]. It continues after the line of a failure, so a
//! check reports all of them.

use std::ops::Range;

use memchr::{memchr, memchr2};
use smol_str::SmolStr;

use super::codes::Code;
use super::key::{is_tag_name, known_names, Key, TAGS};
use super::literal;
use super::rule::{Matcher, Neighbor, Rule, TITLE};
use super::variables;
use crate::diagnostics::nearest;
use crate::functions::is_space;

/// A part of the text, in bytes.
pub(super) type Span = Range<usize>;

/// Why the parser stopped.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: Code,
    pub(super) span: Span,
    pub(super) message: String,
    /// What to write in place of the span.
    pub(super) suggestion: Option<String>,
    /// Whether the suggestion is what was meant beyond doubt.
    pub(super) is_certain: bool,
}

/// A rule with the spans of its parts.
pub(super) struct WrittenRule {
    /// From the first matcher to the last value.
    pub(super) span: Span,
    pub(super) matchers: Vec<WrittenMatcher>,
    /// The spans of the parts of the fingerprint.
    pub(super) values: Vec<Span>,
    /// The span of the title, without its quotes.
    pub(super) title: Option<Span>,
    pub(super) rule: Rule,
}

/// The spans of a matcher.
pub(super) struct WrittenMatcher {
    pub(super) name: Span,
    /// With its quotes.
    pub(super) argument: Span,
}

/// Parses a text, and calls `found` with each rule and with each failure, in their order.
/// `found` returns whether to continue.
pub(super) fn parse(text: &str, mut found: impl FnMut(Result<WrittenRule, Failure>) -> bool) {
    let mut cursor = Cursor { text, at: 0 };
    while cursor.at < text.len() {
        cursor.skip_spaces();
        match cursor.peek() {
            None => break,
            Some(b'\n' | b'\r') => cursor.at += 1,
            Some(b'#') => cursor.skip_line(),
            Some(_) => {
                let rule = rule(&mut cursor);
                if rule.is_err() {
                    cursor.skip_line();
                }
                if !found(rule) {
                    return;
                }
            }
        }
    }
}

fn rule(cursor: &mut Cursor<'_>) -> Result<WrittenRule, Failure> {
    let start = cursor.at;
    let mut written = WrittenRule {
        span: start..start,
        matchers: Vec::with_capacity(2),
        values: Vec::with_capacity(2),
        title: None,
        rule: Rule::default(),
    };
    matchers(cursor, &mut written)?;
    cursor.skip_spaces();
    if !cursor.take(b"->") {
        return Err(cursor.no_arrow(written.matchers.last()));
    }
    values(cursor, &mut written)?;
    Ok(written)
}

fn matchers(cursor: &mut Cursor<'_>, written: &mut WrittenRule) -> Result<(), Failure> {
    if cursor.take(b"[") {
        bracketed(cursor, Neighbor::Caller, written)?;
        cursor.skip_spaces();
        cursor.expect(b"|", Code::Brackets)?;
        cursor.skip_spaces();
    }
    let others = written.matchers.len();
    loop {
        let start = cursor.at;
        cursor.skip_spaces();
        let is_arrow = cursor.rest().starts_with("->");
        if is_arrow && written.matchers.len() > others {
            break;
        }
        if cursor.peek() == Some(b'|') && written.matchers.len() > others {
            cursor.at += 1;
            cursor.skip_spaces();
            cursor.expect(b"[", Code::Brackets)?;
            bracketed(cursor, Neighbor::Callee, written)?;
            break;
        }
        if is_arrow || !cursor.begins_matcher() {
            if written.matchers.len() == others {
                return Err(cursor.failure(Code::NoMatcher, "expected a matcher"));
            }
            cursor.at = start;
            break;
        }
        matcher(cursor, Neighbor::This, written)?;
    }
    Ok(())
}

/// Reads what follows the opening bracket: a matcher and the closing one.
fn bracketed(
    cursor: &mut Cursor<'_>,
    neighbor: Neighbor,
    written: &mut WrittenRule,
) -> Result<(), Failure> {
    cursor.skip_spaces();
    if !cursor.begins_matcher() {
        return Err(cursor.failure(Code::NoMatcher, "expected a matcher"));
    }
    matcher(cursor, neighbor, written)?;
    cursor.skip_spaces();
    let closed = cursor.expect(b"]", Code::Brackets);
    closed.map_err(|failure| {
        cursor
            .glued_bracket(written.matchers.last())
            .unwrap_or(failure)
    })
}

fn matcher(
    cursor: &mut Cursor<'_>,
    neighbor: Neighbor,
    written: &mut WrittenRule,
) -> Result<(), Failure> {
    let negated = cursor.take(b"!");
    let (name_span, name) = cursor.name()?;
    if !cursor.take(b":") {
        let mut failure = cursor.failure(Code::NoColon, "expected `:`");
        // A rule that has no arrow, or a word between the matchers.
        if !written.matchers.is_empty() {
            failure.message = format!("expected `:` or ` -> ` after `{name}`");
        }
        return Err(failure);
    }
    let argument_at = cursor.at;
    let pattern = match cursor.quoted() {
        Some(span) => cursor.meaning(span)?,
        None => {
            let span = cursor.at..cursor.at + cursor.run();
            if span.is_empty() {
                return Err(cursor.no_argument());
            }
            cursor.at = span.end;
            SmolStr::new(&cursor.text[span])
        }
    };
    let Some(key) = Key::from_text_name(name) else {
        return Err(unknown_matcher(name_span, name));
    };
    written.matchers.push(WrittenMatcher {
        name: name_span,
        argument: argument_at..cursor.at,
    });
    written.rule.matchers.push(Matcher {
        key,
        pattern,
        negated,
        neighbor,
    });
    Ok(())
}

fn unknown_matcher(span: Span, name: &str) -> Failure {
    let mut message = format!("Unknown matcher `{name}`");
    let known = known_names();
    let same = known.iter().find(|known| plain(known) == plain(name));
    let mut suggestion = same.map(|&name| name.to_owned());
    let is_certain = suggestion.is_some();
    if suggestion.is_none() && is_tag_name(name) {
        message += ": in Sentry this is a tag";
        suggestion = Some(format!("{TAGS}{name}"));
    }
    Failure {
        code: Code::UnknownMatcher,
        message,
        suggestion: suggestion.or_else(|| nearest(name, &known).map(str::to_owned)),
        is_certain,
        span,
    }
}

/// Returns a name without what is often written differently: case, `_`, `-`, `.`.
pub(super) fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '-', '.'], "")
}

fn values(cursor: &mut Cursor<'_>, written: &mut WrittenRule) -> Result<(), Failure> {
    loop {
        cursor.skip_spaces();
        let at = cursor.at;
        match cursor.peek() {
            None | Some(b'\n' | b'\r') => {
                if written.span.is_empty() {
                    return Err(cursor.failure(Code::NoValue, "expected a fingerprint"));
                }
                return Ok(());
            }
            Some(b',') => {
                let message = "expected a value before the comma";
                return Err(cursor.failure(Code::BadValue, message));
            }
            Some(b'{') => {
                let Some((len, _)) = variables::variable_at(cursor.rest()) else {
                    let message = "expected `{{ variable }}`: `{` begins a variable";
                    return Err(cursor.failure(Code::BadValue, message));
                };
                cursor.at += len;
                written.values.push(at..cursor.at);
                let value = SmolStr::new(&cursor.text[at..cursor.at]);
                written.rule.fingerprint.push(value);
            }
            Some(_) => value(cursor, written)?,
        }
        written.span.end = cursor.at;
        cursor.skip_spaces();
        cursor.take(b",");
    }
}

/// Reads a value that is no variable.
fn value(cursor: &mut Cursor<'_>, written: &mut WrittenRule) -> Result<(), Failure> {
    let at = cursor.at;
    if let Some(span) = cursor.quoted() {
        let value = cursor.meaning(span)?;
        written.values.push(at..cursor.at);
        written.rule.fingerprint.push(value);
        return Ok(());
    }
    let name_len = cursor.name_len();
    if name_len > 0 && cursor.rest()[name_len..].starts_with("=\"") {
        cursor.at = at + name_len + 1;
        if let Some(span) = cursor.quoted() {
            let name = &cursor.text[at..at + name_len];
            if name != TITLE {
                return Err(Failure {
                    code: Code::UnknownAttribute,
                    span: at..at + name_len,
                    message: format!("Unknown attribute `{name}`"),
                    suggestion: Some(TITLE.to_owned()),
                    is_certain: plain(name) == TITLE,
                });
            }
            written.rule.title = Some(cursor.meaning(span.clone())?);
            written.title = Some(span);
            return Ok(());
        }
        cursor.at = at;
    }
    let len = cursor.run_until(|byte| matches!(byte, b'{' | b','));
    if len == 0 {
        let message = "only spaces can separate the parts of a rule";
        return Err(cursor.failure(Code::BadSpace, message));
    }
    cursor.at += len;
    written.values.push(at..cursor.at);
    let value = SmolStr::new(&cursor.text[at..cursor.at]);
    written.rule.fingerprint.push(value);
    Ok(())
}

/// Whether a name can have this byte.
pub(super) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

/// The rest of the text that is not read yet.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    fn skip_line(&mut self) {
        let rest = self.rest();
        self.at += memchr2(b'\n', b'\r', rest.as_bytes()).unwrap_or(rest.len());
    }

    fn take(&mut self, token: &[u8]) -> bool {
        let found = self.rest().as_bytes().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &[u8], code: Code) -> Result<(), Failure> {
        if self.take(token) {
            return Ok(());
        }
        let token = String::from_utf8_lossy(token);
        Err(self.failure(code, &format!("expected `{token}`")))
    }

    /// How many bytes there are up to white space.
    fn run(&self) -> usize {
        self.run_until(|_| false)
    }

    /// How many bytes there are up to white space or to a byte that `ends` it.
    fn run_until(&self, ends: impl Fn(u8) -> bool) -> usize {
        let rest = self.rest();
        // Nearly all texts are ASCII: whole characters are looked at only from the first other.
        let ascii = rest
            .bytes()
            .position(|byte| !byte.is_ascii() || ends(byte) || is_space(char::from(byte)));
        match ascii {
            None => rest.len(),
            Some(at) if rest.as_bytes()[at].is_ascii() => at,
            Some(at) => {
                let end = |c: char| is_space(c) || u8::try_from(c).is_ok_and(&ends);
                rest[at..].find(end).map_or(rest.len(), |len| at + len)
            }
        }
    }

    /// Takes a quoted text and returns the span without its quotes; `None` if there is none
    /// that is closed.
    fn quoted(&mut self) -> Option<Span> {
        let start = self.at + 1;
        let inside = self.rest().strip_prefix('"')?.as_bytes();
        let mut at = 0;
        loop {
            at += memchr2(b'"', b'\\', &inside[at..])?;
            if inside[at] == b'"' {
                self.at = start + at + 1;
                return Some(start..start + at);
            }
            // A backslash escapes any character but a line feed.
            if *inside.get(at + 1)? == b'\n' {
                return None;
            }
            at += 2;
        }
    }

    /// What a quoted text means.
    fn meaning(&self, span: Span) -> Result<SmolStr, Failure> {
        match literal::unescape(&self.text[span.clone()]) {
            Ok(text) => Ok(SmolStr::new(text)),
            Err(error) => Err(Failure {
                code: Code::BadText,
                message: error.to_string(),
                suggestion: None,
                is_certain: false,
                span,
            }),
        }
    }

    fn name_len(&self) -> usize {
        self.rest()
            .bytes()
            .take_while(|&byte| is_name(byte))
            .count()
    }

    /// Whether there is a name or something like it, and not the end of the matchers.
    fn begins_matcher(&self) -> bool {
        let first = |byte| is_name(byte) || matches!(byte, b'!' | b'"');
        self.peek().is_some_and(first)
    }

    /// Takes the name of a matcher.
    fn name(&mut self) -> Result<(Span, &'t str), Failure> {
        let mut span = self.at..self.at + self.name_len();
        let mut end = span.end;
        if span.is_empty() {
            if let Some(quoted) = self.rest().strip_prefix('"') {
                let is_name = |&byte: &u8| is_name(byte) || byte == b':';
                let len = quoted.bytes().take_while(is_name).count();
                if quoted.as_bytes().get(len) == Some(&b'"') && len > 0 {
                    span = self.at + 1..self.at + 1 + len;
                    end = span.end + 1;
                }
            }
        }
        if span.is_empty() {
            return Err(self.failure(Code::NoMatcher, "expected the name of a matcher"));
        }
        self.at = end;
        Ok((span.clone(), &self.text[span]))
    }

    /// The word here, or else one character; nothing at the end of a line.
    fn token(&self) -> Span {
        let len = self.name_len();
        let one = || match self.rest().chars().next() {
            None | Some('\n' | '\r') => 0,
            Some(c) => c.len_utf8(),
        };
        self.at..self.at + if len > 0 { len } else { one() }
    }

    fn failure(&self, code: Code, message: &str) -> Failure {
        let next = self.rest().chars().next();
        if let Some(c) = next.filter(|&c| is_space(c) && !matches!(c, ' ' | '\n' | '\r')) {
            // It looks like a space, and is none.
            return Failure {
                code: Code::BadSpace,
                span: self.token(),
                message: format!("{message}, found U+{:04X}", u32::from(c)),
                suggestion: Some(" ".to_owned()),
                is_certain: true,
            };
        }
        Failure {
            code,
            span: self.token(),
            message: message.to_owned(),
            suggestion: None,
            is_certain: false,
        }
    }

    /// The failure of a matcher without an argument: nothing, or a space, follows the colon.
    fn no_argument(&self) -> Failure {
        let failure = self.failure(Code::NoArgument, "expected an argument");
        let line = self.rest().split(['\n', '\r']).next().unwrap_or_default();
        let spaces = line.len() - line.trim_start_matches(' ').len();
        let next = line[spaces..].split(' ').next().unwrap_or_default();
        if spaces == 0 || ["", "->", "|", "]"].contains(&next) {
            return failure;
        }
        // `type: value:b` has two matchers, so the argument is missing.
        Failure {
            span: self.at..self.at + spaces,
            message: "a space after the colon ends the matcher: remove it".to_owned(),
            suggestion: Some(String::new()),
            is_certain: next.starts_with('"') || !next.contains(':'),
            ..failure
        }
    }

    /// The failure of a rule without an arrow.
    fn no_arrow(&self, last: Option<&WrittenMatcher>) -> Failure {
        // `function:a->b`: the arrow is a part of the argument.
        let last = last
            .map(|matcher| matcher.argument.clone())
            .unwrap_or_default();
        let argument = &self.text[last.clone()];
        let glued = argument.find("->").filter(|_| !argument.starts_with('"'));
        if let Some(at) = glued {
            return Failure {
                code: Code::NoArrow,
                span: last.start + at..last.start + at + 2,
                message: "expected ` -> `: the argument includes this one".to_owned(),
                suggestion: Some(" -> ".to_owned()),
                is_certain: false,
            };
        }
        let mut failure = self.failure(Code::NoArrow, "expected ` -> `");
        if let Some(token) = ["=>", "→", "-->", ">"]
            .iter()
            .find(|t| self.rest().starts_with(**t))
        {
            failure.span.end = self.at + token.len();
            failure.suggestion = Some("->".to_owned());
            failure.is_certain = true;
        }
        failure
    }

    /// The failure of a bracket that is a part of the argument before it: `[ function:a] |`.
    fn glued_bracket(&self, last: Option<&WrittenMatcher>) -> Option<Failure> {
        let argument = last?.argument.clone();
        let bracket = memchr(b']', self.text[argument.clone()].as_bytes())?;
        let at = argument.start + bracket;
        Some(Failure {
            code: Code::Brackets,
            span: at..at + 1,
            message: "expected ` ]`: the argument includes this one".to_owned(),
            suggestion: Some(" ]".to_owned()),
            is_certain: at + 1 == argument.end && !self.text[argument].contains('['),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprints::check::check;
    use crate::fingerprints::FingerprintRules;

    /// Each rule as `matchers -> fingerprint`, all texts in quotes.
    fn shown(text: &str) -> Vec<String> {
        let rules =
            FingerprintRules::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let matcher = |matcher: &Matcher| {
            let not = if matcher.negated { "!" } else { "" };
            let neighbor = match matcher.neighbor {
                Neighbor::This => "",
                Neighbor::Caller => "caller ",
                Neighbor::Callee => "callee ",
            };
            format!("{neighbor}{not}{} {:?}", matcher.key, matcher.pattern)
        };
        let rule = |rule: &Rule| {
            let matchers: Vec<_> = rule.matchers.iter().map(matcher).collect();
            let mut values: Vec<_> = rule.fingerprint.iter().map(|v| format!("{v:?}")).collect();
            values.extend(rule.title.iter().map(|title| format!("title={title:?}")));
            format!("{} -> {}", matchers.join(", "), values.join(" "))
        };
        rules.rules().iter().map(rule).collect()
    }

    #[test]
    fn rules_are_understood() {
        for (text, expected) in [
            ("type:a -> b", r#"type "a" -> "b""#),
            ("  error.type:a  ->b  ", r#"type "a" -> "b""#),
            (
                r#"type:"a b"!value:"c"-> d"#,
                r#"type "a b", !value "c" -> "d""#,
            ),
            (r#"!"tags.a:b":c -> d"#, r#"!tags.a:b "c" -> "d""#),
            (r#"type:"a -> b"#, r#"type "\"a" -> "b""#),
            (r#"type:a"b" -> c"#, r#"type "a\"b\"" -> "c""#),
            ("type:a->b -> c", r#"type "a->b" -> "c""#),
            (r#"type:"a"->b"#, r#"type "a" -> "b""#),
            ("type:a -> b, c d,e", r#"type "a" -> "b" "c" "d" "e""#),
            (r#"type:a -> "b c" "d""e""#, r#"type "a" -> "b c" "d" "e""#),
            (r#"type:a -> b"c" "d"#, r#"type "a" -> "b\"c\"" "\"d""#),
            (
                r#"type:a -> title="x" b title="y z","#,
                r#"type "a" -> "b" title="y z""#,
            ),
            (r#"type:a -> title="x"#, r#"type "a" -> "title=\"x""#),
            ("type:a -> title=x", r#"type "a" -> "title=x""#),
            (
                "type:a -> {{ type }}{{value}}",
                r#"type "a" -> "{{ type }}" "{{value}}""#,
            ),
            (
                "type:a -> {{default}},{{value}} b",
                r#"type "a" -> "{{default}},{{value}}" "b""#,
            ),
            (
                "type:a -> {{\n type\t}} b",
                r#"type "a" -> "{{\n type\t}}" "b""#,
            ),
            ("type:a -> {{ a }}}} b", r#"type "a" -> "{{ a }}" "}}" "b""#),
            (
                "type:a -> -> # [x] |",
                r##"type "a" -> "->" "#" "[x]" "|""##,
            ),
            ("type:\"a\r\nb\" -> \"c\nd\"", r#"type "a\nb" -> "c\nd""#),
            (
                r#"type:"C:\Windows\temp" -> a\tb"#,
                r#"type "C:\\Windows\temp" -> "a\\tb""#,
            ),
            (
                "[ type:a ]|function:b -> c",
                r#"caller type "a", function "b" -> "c""#,
            ),
            (
                r#" [!function:"a"] | !path:b | [ module:c ]-> d"#,
                r#"caller !function "a", !path "b", callee module "c" -> "d""#,
            ),
            (
                "thread.id:1 thread.crashed:yes -> a",
                r#"thread.id "1", thread.crashed "yes" -> "a""#,
            ),
            ("type:é\u{a0} -> b", ""),
            ("type:é -> é{{ü}}", r#"type "é" -> "é" "{{ü}}""#),
        ] {
            if expected.is_empty() {
                assert!(FingerprintRules::parse(text).is_err(), "{text:?}");
            } else {
                assert_eq!(shown(text), [expected], "{text:?}");
            }
        }
    }

    #[test]
    fn lines_end_at_line_feeds_and_carriage_returns() {
        assert!(shown("").is_empty());
        assert!(shown(" \n\r\r\n# type:a -> b\r  # x").is_empty());
        let rules = shown("# a\rtype:a -> b\r\n type:c -> d\n\ntype:e -> f # g");
        assert_eq!(
            rules,
            [
                r#"type "a" -> "b""#,
                r#"type "c" -> "d""#,
                r##"type "e" -> "f" "#" "g""##
            ]
        );
    }

    #[test]
    fn failures_have_a_span_a_code_and_what_was_meant() {
        for (text, expected) in [
            ("-> a", "1:1-2 OPH201 -"),
            ("+a", "1:1-2 OPH201 -"),
            ("\ttype:a -> b", "1:1-2 OPH211  "),
            ("typ:a -> b", "1:1-4 OPH202 type"),
            (
                "\n\r\n  !\"stack.functoin\":a -> b",
                "3:5-19 OPH202 stack.function",
            ),
            ("stack.filename:a -> b", "1:1-15 OPH202 -"),
            ("type -> b", "1:5-6 OPH203 -"),
            ("type: a -> b", "1:6-7 OPH204 "),
            ("type:  -> b", "1:6-7 OPH204 -"),
            ("type:", "1:6-6 OPH204 -"),
            ("os.name:iOS -> b", "1:1-8 OPH202 tags.os.name"),
            ("Error_Type:a -> b", "1:1-11 OPH202 error.type"),
            ("type:a b -> c", "1:9-10 OPH203 -"),
            ("type:a", "1:7-7 OPH206 -"),
            ("type:a->b", "1:7-9 OPH206  -> "),
            ("type:é => b", "1:8-10 OPH206 ->"),
            ("type:a ->", "1:10-10 OPH207 -"),
            ("type:a -> , b", "1:11-12 OPH208 -"),
            ("type:a -> b,, c", "1:13-14 OPH208 -"),
            ("type:a -> b{c", "1:12-13 OPH208 -"),
            ("type:a -> {{ two words }}", "1:11-12 OPH208 -"),
            ("type:a -> foo=\"x\"", "1:11-14 OPH209 title"),
            ("type:\"a\0\" -> b", "1:7-9 OPH210 -"),
            (r#"type:a -> "\ud800""#, "1:12-18 OPH210 -"),
            ("type:a -> b\tc", "1:12-13 OPH211  "),
            ("[ type:a] | type:b -> c", "1:9-10 OPH205  ]"),
            ("[ type:a ] type:b -> c", "1:12-16 OPH205 -"),
            ("type:b | type:a -> c", "1:10-14 OPH205 -"),
            ("[ type:a ] | -> c", "1:14-15 OPH201 -"),
            ("[ ] | type:a -> c", "1:3-4 OPH201 -"),
        ] {
            let found: Vec<_> = check(text)
                .iter()
                .map(|each| {
                    let suggestion = each.suggestion.as_deref().unwrap_or("-");
                    let code = each.code;
                    let (line, column, end) = (each.line, each.column, each.end_column);
                    format!("{line}:{column}-{end} {code} {suggestion}")
                })
                .collect();
            assert_eq!(found, [expected], "{text:?}");
            let error = FingerprintRules::parse(text).unwrap_err().to_string();
            assert_eq!(error, *check(text)[0].details);
        }
    }

    #[test]
    fn every_line_is_checked() {
        let found = check("nope\ntype:a -> b\rtype:a\r\ntyp:a -> b");
        let lines: Vec<_> = found
            .iter()
            .map(|each| (each.line, &*each.source))
            .collect();
        assert_eq!(lines, [(1, "nope"), (3, "type:a"), (4, "typ:a -> b")]);
    }
}
