//! Writes rules as text, in the form that the parser reads.
//!
//! It differs from the form in hints, which is older and which the parser cannot always read:
//!
//! ```text
//! hints   type:a function:b [function:c d] | +app
//! here    [ function:"c d" ] | type:a function:b  +app
//! ```
//!
//! The binary form can contain rules that cannot be written as text, such as a pattern with a quote
//! and a space, or two callers. So the text is parsed again and must be the same rule.

use std::fmt::Write;

use thiserror::Error;

use crate::enhancements::matcher::{FrameMatcher, Offset};
use crate::enhancements::rule::Rule;
use crate::enhancements::text::parser;

/// A rule that cannot be written as text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("rule {index} ({rule}) cannot be written as text")]
pub struct NoTextForm {
    /// The index of the rule.
    pub index: usize,
    /// The rule in the form that hints have.
    pub rule: String,
}

/// Writes rules, one per line.
pub(in crate::enhancements) fn to_text(rules: &[Rule]) -> Result<String, NoTextForm> {
    let mut text = String::new();
    for (index, rule) in rules.iter().enumerate() {
        let start = text.len();
        write_rule(&mut text, rule);
        let line = &text[start..];
        let same = !line.contains('\n')
            && line.trim() == line
            && parser::is_rule(line)
            && parser::parse_rule(line, 1).is_ok_and(|parsed| parsed == *rule);
        if !same {
            let rule = rule.to_string();
            return Err(NoTextForm { index, rule });
        }
        text.push('\n');
    }
    Ok(text)
}

fn write_rule(text: &mut String, rule: &Rule) {
    let mut separator = "";
    let mut put = |part: &str| {
        let _ = write!(text, "{separator}{part}");
        separator = " ";
    };
    let frames = |offset| {
        let matchers = rule.frame_matchers().iter();
        matchers.filter(move |matcher| matcher.offset == offset)
    };
    let plain = |matcher: &FrameMatcher| {
        let test = &matcher.test;
        written(matcher.negated, test.name(), test.argument())
    };
    for caller in frames(Offset::Caller) {
        put(&format!("[ {} ] |", plain(caller)));
    }
    for matcher in rule.exception_matchers() {
        put(&written(
            matcher.negated,
            matcher.name(),
            matcher.pattern.as_str(),
        ));
    }
    for matcher in frames(Offset::This) {
        put(&plain(matcher));
    }
    for callee in frames(Offset::Callee) {
        put(&format!("| [ {} ]", plain(callee)));
    }
    for action in rule.actions() {
        put(&action.to_string());
    }
}

fn written(negated: bool, name: &str, argument: &str) -> String {
    let bang = if negated { "!" } else { "" };
    // The parser reads two backslashes as one, and one as one.
    let argument = if argument.contains(r"\\") {
        argument.replace('\\', r"\\")
    } else {
        argument.to_owned()
    };
    let special = |c: char| c.is_ascii_whitespace();
    if argument.is_empty() || argument.starts_with('"') || argument.contains(special) {
        format!("{bang}{name}:\"{argument}\"")
    } else {
        format!("{bang}{name}:{argument}")
    }
}
