//! Diagnostics: every problem of a rule text, each with its span.
//!
//! ```text
//! text -> lines -> parser --- no rule ---> errors   (meant/)  --\
//!                    |                     suggestion (suggest.rs) > sorted by place
//!                    '------- a rule ----> warnings (lints/)  --/
//! ```
//!
//! A line has errors or warnings, not both. There is an error exactly if
//! [`Enhancements::parse`](super::Enhancements::parse) fails, and the first error has the message
//! with which it fails as its details.
//!
//! Many diagnostics have a [`Fix`]: an edit of the line. [`fix`] applies those that are certain.
//!
//! A span has a line and columns, as editors count them:
//!
//! ```text
//! column   1234567890123456
//!          funktion:é  +app
//!          ^^^^^^^^            column 1, end column 9
//! ```
//!
//! Lines count from 1. Columns count from 1 in code points, including white space at the front of
//! the line. The end column is the first one after the span, so it is at most the length of the
//! line + 1. If something is missing, the span is empty.
//!
//! # Example
//!
//! ```
//! use ophio::enhancements::text::diagnostics::check;
//!
//! let found = check("function:a +app\n  funktion:b +app");
//! assert_eq!(found[0].to_string(), "2:3: error[OPH002]: Unknown matcher `funktion`");
//! assert_eq!(found[0].suggestion.as_deref(), Some("function"));
//! ```

mod finding;
mod fixing;
mod lines;
mod lints;
mod meant;
mod suggest;

pub use crate::diagnostics::Fix;
pub use crate::enhancements::codes::{Code, Severity};
pub use fixing::fix;
pub(in crate::enhancements) use lines::left_out;
pub use lines::{check, check_lenient, check_profiling, Diagnostic};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::testing::rule;
    use crate::enhancements::{Cache, Enhancements};
    use crate::testing::{cases, Random};

    /// Each problem as `column-end code "suggestion"`.
    fn places(text: &str) -> Vec<String> {
        let show = |each: &Diagnostic| {
            let suggestion = each.suggestion.as_deref().unwrap_or("-");
            format!(
                "{}-{} {} {suggestion}",
                each.column, each.end_column, each.code
            )
        };
        check(text).iter().map(show).collect()
    }

    #[test]
    fn errors_have_a_place_a_code_and_what_was_meant() {
        for (line, expected) in [
            ("+app", "1-5 OPH001 -"),
            ("xpath:a +app", "1-6 OPH002 path"),
            ("funktion:b +app", "1-9 OPH002 function"),
            ("  !funktion:b +app", "4-12 OPH002 function"),
            ("[ funktion:é ] | function:b +app", "3-11 OPH002 function"),
            ("function +app", "9-10 OPH003 -"),
            ("! function:a +app", "2-3 OPH004 -"),
            ("function:a +é", "13-14 OPH004 -"),
            ("function:\"é +app", "10-17 OPH005 -"),
            ("[function:a] | function:b +app", "12-12 OPH006  "),
            ("function:a | +app", "14-15 OPH006 -"),
            ("type:\"[\" +app", "7-8 OPH007 [[]"),
            ("function:a", "11-11 OPH008 -"),
            ("function:a  ", "11-11 OPH008 -"),
            ("function:é +ap", "13-15 OPH009 app"),
            ("function:a ^app", "12-16 OPH010 -"),
            ("function:a maxframes=3", "12-21 OPH011 max-frames"),
            ("function:a Module:b +app", "12-18 OPH002 module"),
            ("function:a +app family:native", "17-23 OPH012 -"),
            ("function:a junk", "10-16 OPH018 \"a junk\""),
            ("function:a max-frames=many", "23-27 OPH013 -"),
            ("function:a invert-stacktrace = True", "32-36 OPH013 true"),
            ("function:a -group v-sentinel +app", "19-29 OPH014 -"),
            ("function:a\u{a0}-app", "11-12 OPH015  "),
            ("function:a –app", "12-13 OPH015 -"),
            ("// a", "1-3 OPH016 #"),
            ("type:a -> b", "8-10 OPH017 -"),
            ("path:/a/b c/* +app", "6-14 OPH018 \"/a/b c/*\""),
            ("function: a +app", "10-11 OPH019 -"),
            ("function:a +app,-group", "16-17 OPH020  "),
        ] {
            assert_eq!(places(line), [expected], "{line:?}");
        }
    }

    #[test]
    fn every_line_is_read() {
        let found = check("nonsense\r\n\n# x\n  function:a +app\n\tfunction:é +ap\n+group");
        let places: Vec<_> = found.iter().map(|d| (d.line, d.column)).collect();
        assert_eq!(places, [(1, 1), (5, 14), (6, 1)]);
        assert_eq!(&*found[0].source, "nonsense");
        assert_eq!(&*found[1].source, "\tfunction:é +ap");
    }

    #[test]
    fn a_lenient_check_warns_of_what_was_retired() {
        let text = "function:a v+prefix -group ^-sentinel # old";
        let [first, second] = &check_lenient(text)[..] else {
            panic!("{:?}", check_lenient(text));
        };
        assert_eq!(
            (first.severity, first.code),
            (Severity::Warning, Code::Retired)
        );
        assert_eq!((first.column, first.end_column), (12, 20));
        assert_eq!(second.message, "`^-sentinel` was retired and is left out");
        assert_eq!(check(text)[0].severity, Severity::Error);
    }

    #[test]
    fn errors_are_those_of_the_parser_and_places_are_inside() {
        let mut random = Random::new(11);
        let cache = Cache::new(0);
        for _ in 0..cases(3_000) {
            // Cut off anywhere, and glued to another one.
            let mut text = rule(&mut random);
            text.truncate(
                (0..=text.len())
                    .rev()
                    .filter(|&at| text.is_char_boundary(at))
                    .nth(3)
                    .unwrap_or(0),
            );
            text.push_str(&rule(&mut random));
            text.push('\n');
            text.push_str(&rule(&mut random));
            let found = check(&text);
            let first = found.iter().find(|each| each.severity == Severity::Error);
            let parsed = Enhancements::parse(&text, &cache);
            assert_eq!(
                first.map(|each| each.details.to_string()),
                parsed.err().map(|error| error.to_string()),
                "{text:?}"
            );
            for each in found {
                let line = text.lines().nth(each.line - 1).unwrap();
                assert_eq!(*each.source, *line);
                assert!(
                    1 <= each.column && each.column <= each.end_column,
                    "{each:?}"
                );
                assert!(each.end_column <= line.chars().count() + 1, "{each:?}");
            }
        }
    }
}
