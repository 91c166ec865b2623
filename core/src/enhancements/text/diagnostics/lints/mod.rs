//! Lints: warnings about rules that are valid, but probably do not do what was intended.
//!
//! ```text
//! matchers.rs        one matcher: function:[a
//! paths.rs           one path pattern: path:./src/**
//! one_rule.rs        the matchers and actions of a rule: app:yes app:no +app
//! across.rs          all rules together: duplicates, overridden rules
//! categories.rs      all rules together: category:x that no rule sets
//! editor.rs          what Sentry's own editor rejects
//! profiling.rs       what Sentry's profiling ignores, if the caller wants to know
//! ```
//!
//! All take linear time. A lint never changes whether a text is valid.

mod across;
mod categories;
mod editor;
mod matchers;
mod one_rule;
mod paths;
mod profiling;
mod targets;

use crate::enhancements::text::diagnostics::finding::Finding;
use crate::enhancements::text::parser::WrittenRule;

pub(super) use across::RuleSetLints;
pub(super) use editor::indentation;
pub(super) use profiling::ignored;

/// Reports the problems of a rule. `line` is the trimmed line, which `after` is white space behind.
pub(super) fn lint_rule(
    rule: &WrittenRule,
    line: &str,
    after: &str,
    report: &mut impl FnMut(Finding),
) {
    for matcher in &rule.matchers {
        matchers::lint_matcher(matcher, line, report);
    }
    one_rule::lint_rule(rule, line, report);
    editor::rule(rule, line, after, report);
}

#[cfg(test)]
mod tests {
    use crate::enhancements::text::diagnostics::check;

    /// The findings as `line:column-end code`.
    fn lints(text: &str) -> Vec<String> {
        let found = check(text);
        let show = |d: &crate::enhancements::text::diagnostics::Diagnostic| {
            format!("{}:{}-{} {}", d.line, d.column, d.end_column, d.code)
        };
        found.iter().map(show).collect()
    }

    #[test]
    fn odd_matchers() {
        for (line, expected) in [
            ("function:[a +app", &["1:10-12 OPH101"][..]),
            ("!path:\"{a\" +app", &["1:8-10 OPH101"]),
            ("app:maybe +app", &["1:5-10 OPH102"]),
            (
                "family:native,é,x +app",
                &["1:15-16 OPH103", "1:17-18 OPH103"],
            ),
            ("family: +app", &["1:8-8 OPH103", "1:8-8 OPH111"]),
            ("family:native,all !app:0 -app", &[]),
            ("path:**.py +app", &["1:6-8 OPH104"]),
            ("path:/a/**/b{**/c,d/**} +app", &[]),
            (r"path:**\b\** +app", &[]),
            ("path:[**]x/** +app", &[]),
            ("path:[]**]x +app", &[]),
            ("path:/a/***/b +app", &["1:9-12 OPH104"]),
            ("function:a**b +app", &[]),
            ("package:/Users/** +app", &[]),
            ("package:/É/** +app", &["1:10-11 OPH105"]),
            (r"path:**/\[id\].js +app", &["1:13-14 OPH105"]),
            (r"path:C:\Windows\** +app", &[]),
            ("function:É +app", &[]),
        ] {
            assert_eq!(lints(line), expected, "{line}");
        }
    }

    #[test]
    fn rules_that_are_overridden() {
        for (text, expected) in [
            ("function:a +app\nfunction:a -app", &["1:1-16 OPH106"][..]),
            ("function:a +app\nfunction:a ^-app", &[]),
            ("function:a +app\nfunction:b -app", &[]),
            ("function:a +app\n!function:a -app", &[]),
            ("function:a +app -group\nfunction:a -app", &[]),
            (
                "function:a +app -group\nfunction:a -app\nfunction:a +group",
                &["1:1-23 OPH106"],
            ),
            (
                "function:a module:b +app # x\nmodule:b function:a -app",
                &["1:1-25 OPH106"],
            ),
            ("path:/A/b +app\npath:/a\\B -app", &["1:1-15 OPH106"]),
            // Somebody asks in between, or the rule itself does.
            ("function:a +app\napp:yes -group\nfunction:a -app", &[]),
            (
                "function:a +app\ncategory:ui -group\nfunction:a -app",
                &["1:1-16 OPH106"],
            ),
            ("category:ui category=y\ncategory:ui category=z", &[]),
            (
                "category:ui +app\nfunction:b category=x\ncategory:ui -app",
                &[],
            ),
            (
                "app:yes -group\nfunction:b +app\napp:yes +group",
                &["1:1-15 OPH106"],
            ),
            // The same again.
            (
                "function:a +app\nfunction:b -app\nfunction:a +app",
                &["3:1-16 OPH107"],
            ),
            (
                "function:a max-frames=3\nfunction:a max-frames=03",
                &["2:1-25 OPH107"],
            ),
            // Nothing.
            ("function:a max-frames=0", &["1:12-24 OPH108"]),
            (
                "function:a min-frames=1 invert-stacktrace=no",
                &["1:12-45 OPH108", "1:25-45 OPH111"],
            ),
            ("function:a max-frames=3\nfunction:b max-frames=0", &[]),
            ("function:a max-frames=0 +app", &[]),
        ] {
            assert_eq!(lints(text), expected, "{text}");
        }
    }
}
