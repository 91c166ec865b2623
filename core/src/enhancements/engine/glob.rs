//! Compiled globs of rules: the programs of [`crate::glob`], with the special cases of paths.

use crate::enhancements::pattern::{Dialect, Pattern};
use crate::glob::{Anchor, Pairs, Program, Value};

/// A compiled pattern.
pub(super) struct Glob {
    form: Form,
    /// The pairs of bytes that every matching value contains.
    pairs: Pairs,
}

enum Form {
    /// The glob is not valid and matches nothing.
    Never,
    Program(Program),
    /// The glob has no program, and its regex matches it. Few patterns of few rule sets are this.
    Regex(Box<Pattern>),
}

impl Glob {
    pub(super) fn new(pattern: &Pattern) -> Self {
        let mut pairs = Pairs::NONE;
        let form = if pattern.validate().is_err() {
            Form::Never
        } else {
            match Program::new(&pattern.normalized(), pattern.dialect().syntax()) {
                Program::Regex => Form::Regex(Box::new(pattern.clone())),
                program @ Program::Rows(_) => {
                    pairs = program.pairs();
                    Form::Program(program)
                }
            }
        };
        Self { form, pairs }
    }

    fn program(&self) -> Option<&Program> {
        match &self.form {
            Form::Program(program) => Some(program),
            Form::Never | Form::Regex(_) => None,
        }
    }

    /// Returns whether no value matches, because the glob is not valid.
    pub(super) fn is_never(&self) -> bool {
        matches!(self.form, Form::Never)
    }

    /// Returns the value, if only one value matches.
    pub(super) fn literal(&self) -> Option<&[u8]> {
        self.program()?.literal()
    }

    /// Returns whether the whole value matches.
    #[inline]
    pub(super) fn is_match(&self, value: &FieldValue<'_>) -> bool {
        value.pairs.may_have(self.pairs) && self.matches(value)
    }

    fn matches(&self, value: &FieldValue<'_>) -> bool {
        match &self.form {
            Form::Never => false,
            Form::Program(program) => program.is_match(&value.forms).unwrap_or_default(),
            Form::Regex(pattern) => pattern.is_match(value.raw),
        }
    }

    /// Returns for each choice the texts that every value matching it contains; `None` if they are
    /// not known.
    pub(super) fn anchors(&self) -> Option<Vec<Vec<Anchor<'_>>>> {
        self.program()?.anchors()
    }
}

/// The value of a field, unchanged and in the forms for which its patterns are tried.
#[derive(Clone, Copy)]
pub(super) struct FieldValue<'a> {
    raw: &'a [u8],
    pub(super) forms: Value<'a>,
    pairs: Pairs,
}

impl<'a> FieldValue<'a> {
    /// Makes a value for patterns of a dialect. `scratch` holds the forms of a path.
    pub(super) fn new(raw: &'a [u8], dialect: Dialect, scratch: &'a mut Vec<u8>) -> Self {
        if dialect == Dialect::Name {
            return Self::name(raw);
        }
        scratch.clear();
        scratch.push(b'/');
        scratch.extend_from_slice(raw);
        scratch.make_ascii_lowercase();
        let scratch: &'a [u8] = scratch;
        Self {
            raw,
            forms: Value {
                folded: &scratch[1..],
                rooted: (!raw.starts_with(b"/")).then_some(scratch),
            },
            pairs: Pairs::ALL,
        }
    }

    /// Computes the pairs of bytes of the value. This is useful if many globs are tried on it.
    pub(super) fn find_pairs(&mut self) {
        self.pairs = Pairs::of(self.forms.widest());
    }

    /// Makes a value for patterns of names.
    pub(super) fn name(raw: &'a [u8]) -> Self {
        Self {
            raw,
            forms: Value::new(raw),
            pairs: Pairs::ALL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{slow_cases, Random};
    use memchr::memmem;

    fn matches(pattern: &Pattern, value: &str) -> bool {
        let mut scratch = Vec::new();
        let value = FieldValue::new(value.as_bytes(), pattern.dialect(), &mut scratch);
        Glob::new(pattern).is_match(&value)
    }

    #[test]
    fn traps() {
        for (dialect, pattern, value, expected) in [
            (Dialect::Name, "a*", "a\n", false),
            (Dialect::Path, "a*", "a\n", true),
            (Dialect::Name, "a?", "a\n", false),
            (Dialect::Path, "a?", "a\n", true),
            (Dialect::Path, "**.app/x", "/a/b.app/x", false),
            (Dialect::Path, "**.app/x", "b.app/x", true),
            (Dialect::Path, "a/**", "a", false),
            (Dialect::Path, "a/**", "a/", true),
            (Dialect::Path, "a/**", "a/b/c", true),
            (Dialect::Path, "a/**/b", "a/b", true),
            (Dialect::Path, "a/**/b", "a/x/y/b", true),
            (Dialect::Path, "a/**/b", "a/xb", false),
            (Dialect::Path, "**/b", "b", true),
            (Dialect::Path, "**/b", "/a/b", true),
            (Dialect::Path, "/a", "a", true),
            (Dialect::Path, "A/B", "a/b", true),
            (Dialect::Path, "a", "A", true),
            (Dialect::Name, "[!a]", "\n", true),
            (Dialect::Path, "a[!b]c", "a/c", true),
            (Dialect::Name, "*aba*c", "ababac", true),
            (Dialect::Name, "", "", true),
            (Dialect::Name, "", "a", false),
        ] {
            let pattern = Pattern::new(pattern, dialect);
            assert_eq!(pattern.is_match(value.as_bytes()), expected, "the regex");
            assert_eq!(
                matches(&pattern, value),
                expected,
                "{pattern:?} on {value:?}"
            );
        }
    }

    #[test]
    fn the_usual_shapes_need_no_regex() {
        for pattern in [
            "std::*",
            "*::new",
            "**/node_modules/**",
            "/usr/lib/**",
            "*foo*",
            "a?c",
            "[a-c]*",
            "**/lib*.so*",
            "a/**/b",
            r"a\*b",
            "exact",
            "**.js",
            "*.{js,ts}",
        ] {
            for dialect in [Dialect::Name, Dialect::Path] {
                let glob = Glob::new(&Pattern::new(pattern, dialect));
                assert!(matches!(glob.form, Form::Program(_)), "{pattern:?}");
            }
        }
        assert!(Glob::new(&Pattern::new("[", Dialect::Name)).is_never());
    }

    #[test]
    fn a_glob_matches_what_its_regex_matches() {
        const PIECES: [&str; 22] = [
            "*", "**", "/", "a", "b", "ab", "?", "[ab]", "[!a]", "\n", "/**/", "**/", "/**", "A",
            "{a,b}", "\\", "[a-c]", "é", ".", "[^/]", "-", "]",
        ];
        const VALUES: [&str; 9] = ["a", "b", "/", "\n", "A", "é", "ab", ".", "-"];
        let mut random = Random::new(7);
        for _ in 0..slow_cases(20_000) {
            let text = random.concat(&PIECES, 7);
            let dialect = *random.pick(&[Dialect::Name, Dialect::Path]);
            let pattern = Pattern::new(&text, dialect);
            let glob = Glob::new(&pattern);
            for _ in 0..4 {
                let value = random.concat(&VALUES, 8);
                let mut scratch = Vec::new();
                let mut forms = FieldValue::new(value.as_bytes(), dialect, &mut scratch);
                let expected = pattern.is_match(value.as_bytes());
                assert_eq!(glob.is_match(&forms), expected, "{pattern:?} on {value:?}");
                forms.find_pairs();
                assert_eq!(glob.is_match(&forms), expected, "{pattern:?} on {value:?}");
                let choices = glob.anchors().unwrap_or_default();
                if expected && choices.len() == 1 {
                    for &anchor in &choices[0] {
                        let within = |value: &[u8]| match anchor {
                            Anchor::Head(text) => value.starts_with(text),
                            Anchor::Tail(text) => value.ends_with(text),
                            Anchor::Inside(text) => memmem::find(value, text).is_some(),
                        };
                        assert!(
                            within(forms.forms.folded) || forms.forms.rooted.is_some_and(within),
                            "{anchor:?} of {pattern:?} on {value:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_long_pattern_needs_no_deep_stack() {
        let small = std::thread::Builder::new().stack_size(128 << 10);
        let test = small.spawn(|| {
            let pattern = Pattern::new(&"*a".repeat(1_000), Dialect::Name);
            assert!(matches(&pattern, &"a".repeat(1_000)));
            assert!(!matches(&pattern, &"a".repeat(999)));
            let pattern = Pattern::new(&"*a".repeat(32), Dialect::Name);
            assert!(matches!(Glob::new(&pattern).form, Form::Program(_)));
            assert!(matches(&pattern, &"ba".repeat(1_000)));
        });
        test.unwrap().join().unwrap();
    }

    #[test]
    fn the_worst_patterns_end_within_the_budget() {
        let pattern = Pattern::new("*a*a*a*a*a*a*a*a*a*a*b", Dialect::Name);
        assert!(!matches(&pattern, &"a".repeat(5_000)));
        assert!(matches(&pattern, &("a".repeat(5_000) + "b")));
    }
}
