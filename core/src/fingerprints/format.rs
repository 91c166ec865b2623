//! The formatter: the same rules, aligned in columns.
//!
//! ```text
//! error.type:"A"->"database"             type:A                  -> database
//! message:"timed out" level:error  -> x  message:"timed out" level:error  -> x
//! ```
//!
//! Rules without an empty line or a comment between them are a block, in which the arrows stand
//! below each other. Names get their short form, and only what needs quotes has them. The title
//! goes to the end.

use std::fmt::Write;

use super::check::Lines;
use super::error::FingerprintsError;
use super::parser::{self, WrittenRule};
use super::print::{write_matchers, write_values};
use crate::limits::Limit;

/// Longer matchers do not move the arrows of others to the right.
const WIDEST: usize = 80;

/// Formats rules. Comments, empty lines, the order and the meaning of the rules stay. Lines end
/// in a line feed. Formatting a formatted text changes nothing.
///
/// # Errors
///
/// Fails if the text has something that is not a rule, or is above a limit.
///
/// # Example
///
/// ```
/// let text = "error.type:\"A\"->\"a\"\nmessage:\"b c\" -> b {{ type }}";
/// assert_eq!(
///     ophio::fingerprints::format_rules(text)?,
///     "type:A         -> a\nmessage:\"b c\"  -> b, {{ type }}\n"
/// );
/// # Ok::<(), ophio::fingerprints::FingerprintsError>(())
/// ```
pub fn format_rules(text: &str) -> Result<String, FingerprintsError> {
    Limit::RuleBytes.check(text.len())?;
    let mut formatter = Formatter {
        text,
        end: 0,
        out: String::with_capacity(text.len()),
        block: Vec::new(),
    };
    let mut failed = None;
    parser::parse(text, |found| {
        match found {
            Ok(rule) => formatter.rule(&rule),
            Err(failure) => failed = Some(failure),
        }
        failed.is_none()
    });
    if let Some(failure) = failed {
        let diagnostic = Lines::new(text).diagnostic(failure);
        return Err(FingerprintsError::Syntax(Box::new(diagnostic)));
    }
    formatter.between(text.len());
    formatter.flush();
    Ok(formatter.out)
}

struct Formatter<'t> {
    text: &'t str,
    /// Where the last rule ends.
    end: usize,
    out: String,
    /// The matchers and values of the rules that follow each other.
    block: Vec<(String, String)>,
}

impl Formatter<'_> {
    fn rule(&mut self, rule: &WrittenRule) {
        self.between(rule.span.start);
        self.end = rule.span.end;
        let (mut matchers, mut values) = (String::new(), String::new());
        write_matchers(&mut matchers, &rule.rule);
        write_values(&mut values, &rule.rule);
        self.block.push((matchers, values));
    }

    /// Writes the comments and empty lines between the last rule and `start`.
    fn between(&mut self, start: usize) {
        let gap = self.text[self.end..start].replace("\r\n", "\n");
        let mut lines: Vec<_> = gap.split(['\n', '\r']).collect();
        // What is before the next rule on its line, or after the last line break.
        if start < self.text.len() || lines.last().is_some_and(|line| line.trim().is_empty()) {
            lines.pop();
        }
        // What is behind the last rule on its line: a comma at most.
        let behind = usize::from(self.end > 0).min(lines.len());
        for line in lines.drain(behind..) {
            self.flush();
            self.out.push_str(line.trim_matches(' '));
            self.out.push('\n');
        }
    }

    fn flush(&mut self) {
        let widths = self
            .block
            .iter()
            .map(|(matchers, _)| matchers.chars().count());
        let widest = widths.filter(|&width| width <= WIDEST).max().unwrap_or(0);
        for (matchers, values) in self.block.drain(..) {
            let _ = writeln!(self.out, "{matchers:widest$}  -> {values}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprints::{testing, FingerprintRules};
    use crate::testing::{cases, Random};

    #[test]
    fn rules_become_columns() {
        for (text, expected) in [
            ("", ""),
            ("\n", "\n"),
            ("# a", "# a\n"),
            (" # a \r\n\r\n", "# a\n\n"),
            ("type:a -> b , ", "type:a  -> b\n"),
            ("type:a -> title=\"x\" b,\r", "type:a  -> b title=\"x\"\n"),
            (
                "\n  # é\n\"value\":ab ->c\n[type:\"é\" ]|type:a  -> \"b c\"\r# d\rtype:e -> f\n\n\ntype:g -> h",
                "\n# é\nvalue:ab             -> c\n[ type:é ] | type:a  -> \"b c\"\n# d\ntype:e  -> f\n\n\ntype:g  -> h\n",
            ),
            ("type:\"a\nb\" -> \"\n\"", "type:\"a\\nb\"  -> \"\\n\"\n"),
        ] {
            assert_eq!(format_rules(text).unwrap(), expected, "{text:?}");
        }
        assert!(format_rules("type:a -> b\nx").is_err());
    }

    #[test]
    fn rules_stay_what_they_are_and_twice_is_once() {
        let mut random = Random::new(91);
        let mut seen = 0;
        for _ in 0..cases(3_000) {
            let text = testing::text(&mut random);
            let Ok(rules) = FingerprintRules::parse(&text) else {
                assert!(format_rules(&text).is_err());
                continue;
            };
            let formatted = format_rules(&text).unwrap();
            assert_eq!(
                FingerprintRules::parse(&formatted).unwrap(),
                rules,
                "{text:?}"
            );
            assert_eq!(format_rules(&formatted).unwrap(), formatted, "{text:?}");
            let comments = |text: &str| text.matches("# comment").count();
            assert_eq!(comments(&formatted), comments(&text), "{text:?}");
            seen += 1;
        }
        assert!(seen > 1_000, "{seen}");
    }
}
