//! One matcher: its argument never matches, or matches something else than it seems to.

use super::paths;
use crate::characters::{self, Kind};
use crate::enhancements::codes::Code;
use crate::enhancements::family::Families;
use crate::enhancements::fields::ExceptionField;
use crate::enhancements::matcher::{FrameTest, Matcher};
use crate::enhancements::pattern::{Dialect, Pattern};
use crate::enhancements::text::diagnostics::finding::Finding;
use crate::enhancements::text::diagnostics::suggest;
use crate::enhancements::text::parser::{Span, WrittenMatcher};

/// Reports the problems of a matcher.
pub(super) fn lint_matcher(matcher: &WrittenMatcher, line: &str, report: &mut impl FnMut(Finding)) {
    let place = || matcher.argument.clone();
    match &matcher.matcher {
        Matcher::Exception(exception) => {
            // The pattern is valid, otherwise the line is not a rule.
            escapes(matcher, line, report);
            // A message of an exception may have any character.
            if exception.field != ExceptionField::Value {
                characters(matcher, line, report);
            }
        }
        Matcher::Frame(frame) => match &frame.test {
            FrameTest::Category(pattern) | FrameTest::Text(_, pattern) => {
                text(matcher, pattern, line, report);
            }
            FrameTest::App {
                expected: None,
                raw,
            } => {
                let message = format!("`{raw}` is not a boolean: {}", never(matcher));
                let finding = Finding::new(Code::AppNoBoolean, place(), message);
                report(finding.possible(suggest::boolean(raw)));
            }
            FrameTest::App { .. } => {}
            FrameTest::Family { .. } => families(matcher, line, report),
        },
    }
}

/// Describes the effect of a matcher whose test never holds.
pub(super) fn never(matcher: &WrittenMatcher) -> &'static str {
    if matcher.negated {
        "negated, this matches every frame"
    } else {
        "this never matches"
    }
}

fn text(matcher: &WrittenMatcher, pattern: &Pattern, line: &str, report: &mut impl FnMut(Finding)) {
    let is_path = pattern.dialect() == Dialect::Path;
    if let Err(invalid) = pattern.validate() {
        let message = format!("{invalid}: {}", never(matcher));
        let finding = Finding::new(Code::InvalidGlob, matcher.argument.clone(), message);
        let argument = &line[matcher.argument.clone()];
        report(finding.possible(suggest::glob(argument, is_path)));
    } else if is_path {
        paths::lint_path(matcher, line, report);
    } else {
        escapes(matcher, line, report);
        unfinished(matcher, line, report);
    }
    characters(matcher, line, report);
}

/// Ends that names of functions and modules never have: in a pattern, in a name, and in the pattern
/// that is suggested.
const UNFINISHED: [(&str, &str, &str); 5] = [
    (r"\[", "[", "[[]"),
    ("[[]", "[", "[[]"),
    ("(", "(", "("),
    ("::", "::", "::"),
    (".", ".", "."),
];

/// Reports a pattern that ends in the middle of a name: it must match the whole name.
fn unfinished(matcher: &WrittenMatcher, line: &str, report: &mut impl FnMut(Finding)) {
    let Matcher::Frame(frame) = &matcher.matcher else {
        return;
    };
    if !matches!(frame.test, FrameTest::Text(..)) {
        return;
    }
    let argument = &line[matcher.argument.clone()];
    let mut ends = UNFINISHED.iter();
    let Some((end, shown, plain)) = ends.find(|(end, ..)| argument.ends_with(end)) else {
        return;
    };
    let message = format!(
        "the pattern must match the whole {}, and none ends with `{shown}`: write `{plain}*`",
        frame.test.name()
    );
    let place = matcher.argument.end - end.len()..matcher.argument.end;
    let finding = Finding::new(Code::NeverAtEnd, place, message);
    report(finding.possible(Some(format!("{plain}*"))));
}

fn families(matcher: &WrittenMatcher, line: &str, report: &mut impl FnMut(Finding)) {
    let mut start = matcher.argument.start;
    for name in line[matcher.argument.clone()].split(',') {
        let place = start..start + name.len();
        start = place.end + 1;
        if Families::from_names(name) == Families::NONE {
            let message = format!("unknown family `{name}`, which is ignored");
            let finding = Finding::new(Code::UnknownFamily, place, message);
            report(finding.possible(suggest::family(name)));
        }
    }
}

/// Reports a backslash before a character that has no meaning to escape: it disappears.
fn escapes(matcher: &WrittenMatcher, line: &str, report: &mut impl FnMut(Finding)) {
    let argument = &line[matcher.argument.clone()];
    let Some(start) = stray_escape(argument) else {
        return;
    };
    let run = argument[start..].bytes().take_while(|&byte| byte == b'\\');
    let after = start + run.count();
    let next = argument[after..].chars().next().map_or(0, char::len_utf8);
    let escaped = &argument[start..after + next];
    let message = format!(
        "a backslash escapes the next character, so `{escaped}` matches `{}`: \
         write four backslashes for one, or `?`",
        &argument[after..after + next]
    );
    // The author thinks that a backslash is a character, so the others are meant so, too.
    let end = argument.rfind('\\').map_or(after, |last| last + 1);
    let place = matcher.argument.start + start..matcher.argument.start + end;
    let meant = with_backslashes(&argument[start..end]);
    report(Finding::new(Code::StrayEscape, place, message).possible(Some(meant)));
}

/// Writes each backslash that escapes a character so that it is a character.
fn with_backslashes(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(start) = rest.find('\\') {
        let run = rest[start..].len() - rest[start..].trim_start_matches('\\').len();
        let end = start + run;
        written.push_str(&rest[..end]);
        // Four in the text are two in the glob, which are one character.
        written.push_str(&r"\\\\"[..(4 - run % 4) % 4]);
        rest = &rest[end..];
    }
    written + rest
}

/// Returns the first run of backslashes that escapes a letter, digit or similar.
fn stray_escape(argument: &str) -> Option<usize> {
    let bytes = argument.as_bytes();
    let mut at = 0;
    while let Some(len) = bytes.get(at..)?.iter().position(|&byte| byte == b'\\') {
        let start = at + len;
        let run = bytes[start..]
            .iter()
            .take_while(|&&byte| byte == b'\\')
            .count();
        at = start + run;
        // Two in the text are one in the glob, and an odd one there escapes the next character.
        let in_glob = run.div_ceil(2);
        let next = bytes.get(at).copied();
        let has_meaning = next.is_none_or(|next| br"*?[]{}!^-,\".contains(&next));
        if in_glob % 2 == 1 && !has_meaning {
            return Some(start);
        }
    }
    None
}

/// Reports a character in an argument that is invisible, and quotes that do not quote.
fn characters(matcher: &WrittenMatcher, line: &str, report: &mut impl FnMut(Finding)) {
    let argument = &line[matcher.argument.clone()];
    let is_quoted = line[..matcher.argument.start].ends_with('"');
    let within = |place: Span| {
        let start = matcher.argument.start;
        start + place.start..start + place.end
    };
    if !argument.is_ascii() || argument.bytes().any(|byte| byte < b' ') {
        for (at, character) in argument.char_indices() {
            let Some(odd) = characters::odd(character) else {
                continue;
            };
            let place = within(at..at + character.len_utf8());
            if odd.kind == Kind::Invisible || odd.kind == Kind::Space {
                let message = format!(
                    "this is the {odd}, as part of the pattern: {}",
                    odd.advice()
                );
                let finding = Finding::new(Code::OddInPattern, place, message);
                report(match odd.kind {
                    // A space would end the argument.
                    Kind::Space if !is_quoted => finding,
                    _ => finding.certain(odd.instead),
                });
                return;
            }
        }
    }
    if is_quoted || argument.len() < 2 {
        return;
    }
    if let Some(rest) = argument.strip_suffix(',') {
        let message = "this comma is part of the pattern: only spaces separate matchers";
        let place = within(rest.len()..argument.len());
        report(Finding::new(Code::OddInPattern, place, message).possible(Some(String::new())));
    }
    let mut ends = argument.chars();
    let (first, last) = (ends.next(), ends.next_back());
    let quotes = |c: Option<char>| {
        c.is_some_and(|c| {
            c == '\'' || c == '`' || characters::odd(c).is_some_and(|odd| odd.kind == Kind::Quote)
        })
    };
    let inner = ends.as_str();
    if quotes(first) && quotes(last) && !inner.contains(['"', '\'']) {
        let message = "only `\"` quotes: these are part of the pattern";
        let finding = Finding::new(Code::OddInPattern, matcher.argument.clone(), message);
        report(finding.possible(Some(format!("\"{inner}\""))));
    }
}
