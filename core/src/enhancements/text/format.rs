//! The formatter: aligns rules in columns.
//!
//! ```text
//! stack.function:"a"   +app          function:a               +app
//! [path:b ]|function:c -app # x  ->  [ path:b ] | function:c  -app  # x
//! ```
//!
//! Rules without an empty line or a comment line between them are a block. Within a block, the
//! actions are aligned, and so are the comments. Names and values get their usual form, and an
//! argument keeps its quotes only if it needs them. The result differs from the form in hints,
//! which the parser cannot always read: see the brackets.

use std::fmt::Write;

use crate::enhancements::error::EnhancementsError;
use crate::enhancements::matcher::{Matcher, Offset};
use crate::enhancements::text::parser::{self, Retired, WrittenMatcher, WrittenRule};

/// Matchers that are longer than this do not affect the column of the actions.
const WIDEST: usize = 80;

/// Formats rules. Comments, empty lines, the order and the meaning of the rules stay. Lines end in
/// a line feed. Formatting a formatted text changes nothing.
///
/// # Errors
///
/// Fails at the first line that is not a rule.
///
/// # Example
///
/// ```
/// let text = "stack.function:\"a\" +app\npath:**/b/** category = x # why";
/// assert_eq!(
///     ophio::enhancements::format_rules(text)?,
///     "function:a    +app\npath:**/b/**  category=x  # why\n"
/// );
/// # Ok::<(), ophio::enhancements::EnhancementsError>(())
/// ```
pub fn format_rules(text: &str) -> Result<String, EnhancementsError> {
    let mut out = String::with_capacity(text.len());
    let mut block = Vec::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if parser::is_rule(line) {
            let rule = parser::parse_written(line, number, Retired::Fail)?;
            block.push(Columns::new(&rule, line));
        } else {
            write_block(&mut out, &block);
            block.clear();
            out.push_str(line);
            out.push('\n');
        }
    }
    write_block(&mut out, &block);
    Ok(out)
}

struct Columns<'a> {
    matchers: String,
    actions: String,
    comment: &'a str,
}

impl<'a> Columns<'a> {
    fn new(rule: &WrittenRule, line: &'a str) -> Self {
        let join = |parts: Vec<String>| parts.join(" ");
        Self {
            matchers: join(rule.matchers.iter().map(|m| matcher(m, line)).collect()),
            actions: join(rule.actions.iter().map(|(_, a)| a.to_string()).collect()),
            comment: rule.comment.map_or("", |at| &line[at..]),
        }
    }
}

fn matcher(matcher: &WrittenMatcher, line: &str) -> String {
    let bang = if matcher.negated { "!" } else { "" };
    let name = match &matcher.matcher {
        Matcher::Frame(frame) => frame.test.name(),
        Matcher::Exception(exception) => exception.name(),
    };
    let argument = &line[matcher.argument.clone()];
    let needs_quotes = argument.is_empty() || argument.contains(|c: char| c.is_ascii_whitespace());
    let quote = if needs_quotes { "\"" } else { "" };
    let (open, close) = match matcher.offset {
        Offset::Caller => ("[ ", " ] |"),
        Offset::This => ("", ""),
        Offset::Callee => ("| [ ", " ]"),
    };
    format!("{open}{bang}{name}:{quote}{argument}{quote}{close}")
}

fn write_block(out: &mut String, block: &[Columns<'_>]) {
    let widest = |width: &dyn Fn(&Columns<'_>) -> usize| {
        let widths = block.iter().map(width).filter(|&width| width <= WIDEST);
        widths.max().unwrap_or(0)
    };
    let matchers = widest(&|rule| rule.matchers.chars().count());
    let has_comment = |rule: &Columns<'_>| !rule.comment.is_empty();
    let actions = widest(&|rule| {
        let width = rule.actions.chars().count();
        if has_comment(rule) {
            width
        } else {
            0
        }
    });
    for rule in block {
        let _ = write!(out, "{:matchers$}  ", rule.matchers);
        if has_comment(rule) {
            let _ = write!(out, "{:actions$}  {}", rule.actions, rule.comment);
        } else {
            out.push_str(&rule.actions);
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::testing::rule;
    use crate::enhancements::{Cache, Enhancements};
    use crate::testing::{cases, Random};

    #[test]
    fn rules_become_columns() {
        let text = "# what\n\n[path:b ]|function:c -app# x\nfunction:\"a\"+app   \n\n  # in\nfunction:\"\"|[ !error.type:\"x y\" ] ^-group category=";
        assert_eq!(
            format_rules(text).unwrap(),
            "# what\n\n[ path:b ] | function:c  -app  # x\nfunction:a               +app\n\n# in\n\
             function:\"\" | [ !type:\"x y\" ]  ^-group category=\n"
        );
        assert_eq!(format_rules("").unwrap(), "");
        assert!(format_rules("function:a +app\nx").is_err());
    }

    #[test]
    fn rules_stay_what_they_are_and_twice_is_once() {
        let mut random = Random::new(17);
        let cache = Cache::new(0);
        let (mut text, mut seen) = (String::new(), 0);
        for number in 0..cases(2_000) {
            let line = rule(&mut random);
            if Enhancements::parse(&line, &cache).is_ok() {
                text += &line;
                text += ["\n", " # why\r\n", "\n\n", "\n # so\n"][number % 4];
            }
            if number % 10 == 0 {
                seen += 1;
                let formatted = format_rules(&text).unwrap();
                let again = Enhancements::parse(&formatted, &cache).unwrap();
                assert_eq!(again, Enhancements::parse(&text, &cache).unwrap(), "{text}");
                assert_eq!(format_rules(&formatted).unwrap(), formatted);
                text.clear();
            }
        }
        assert!(seen > 100);
    }
}
