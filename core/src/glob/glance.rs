//! What a glob says about most values before it is compiled.
//!
//! Compiling a glob takes a microsecond, and rules that are tried once compare most of their globs
//! with values that have nothing of them. The texts between the wildcards show that:
//!
//! ```text
//! glob            head    inside   tail
//! timeout                                   no wildcard: equal or not
//! app.*.views     app.             .views
//! **/lib*.so                       .so      a `/` at `**` can be missing in a value
//! [ab]*                                     not known: a class, choice or escape
//! ```

use memchr::memmem;

use super::Value;

/// A glob that is not compiled.
pub(crate) enum Glance<'g> {
    /// It matches this text, and no other.
    Text(&'g [u8]),
    /// Every value that matches has these texts.
    Needs {
        head: &'g [u8],
        /// The longest one between two wildcards.
        inside: &'g [u8],
        tail: &'g [u8],
    },
    /// Nothing is known.
    Unknown,
}

impl<'g> Glance<'g> {
    /// Looks at a glob, whose case and slashes are those of the values.
    pub(crate) fn new(glob: &'g str) -> Self {
        let glob = glob.as_bytes();
        if glob
            .iter()
            .any(|byte| matches!(byte, b'[' | b'{' | b'}' | b'\\'))
        {
            return Self::Unknown;
        }
        let mut texts = glob.split(|byte| matches!(byte, b'*' | b'?'));
        let head = texts.next().unwrap_or_default();
        let Some(tail) = texts.next_back() else {
            return Self::Text(head);
        };
        let texts = texts.map(without_slashes);
        Self::Needs {
            head: head.strip_suffix(b"/").unwrap_or(head),
            inside: texts.max_by_key(|text| text.len()).unwrap_or_default(),
            tail: tail.strip_prefix(b"/").unwrap_or(tail),
        }
    }

    /// Whether the glob may match a value: if not, it is certain that it does not.
    pub(crate) fn may_match(&self, value: &Value<'_>) -> bool {
        let forms = || [Some(value.folded), value.rooted].into_iter().flatten();
        match *self {
            Self::Text(text) => forms().any(|form| form == text),
            Self::Needs { head, inside, tail } => {
                forms().any(|form| form.starts_with(head))
                    && value.widest().ends_with(tail)
                    && (inside.is_empty() || memmem::find(value.widest(), inside).is_some())
            }
            Self::Unknown => true,
        }
    }
}

fn without_slashes(text: &[u8]) -> &[u8] {
    let text = text.strip_prefix(b"/").unwrap_or(text);
    text.strip_suffix(b"/").unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glob::{Glob, Options};
    use crate::testing::{cases, Random};

    #[test]
    fn a_glance_never_excludes_what_matches() {
        const GLOBS: [&str; 17] = [
            "*", "**", "/", "a", "b", "ab", "?", "/**/", "**/", "/**", "[a]", "{a,b}", "\\", "é",
            ".", ",", "]",
        ];
        const VALUES: [&str; 9] = ["a", "b", "/", "ab", "é", ".", "\n", ",", "[a]"];
        let mut random = Random::new(41);
        let (mut matched, mut excluded) = (0, 0);
        for _ in 0..cases(60_000) {
            let glob = random.concat(&GLOBS, 6);
            let options = Options {
                double_star: random.one_in(2),
                allow_newline: random.one_in(2),
                ..Options::default()
            };
            let Ok(compiled) = Glob::new(&glob, options) else {
                continue;
            };
            let rooted = format!("/{}", random.concat(&VALUES, 6));
            let mut value = Value::new(&rooted.as_bytes()[1..]);
            if random.one_in(2) {
                value.rooted = Some(rooted.as_bytes());
            }
            let may_match = Glance::new(&glob).may_match(&value);
            if compiled.is_match_in_forms(&value) {
                assert!(may_match, "{glob:?} {rooted:?}");
                matched += 1;
            }
            excluded += usize::from(!may_match);
        }
        assert!(matched > 2_000 && excluded > 20_000, "{matched} {excluded}");
    }

    #[test]
    fn a_glob_without_wildcards_is_known() {
        for (glob, value, expected) in [
            ("ab", "ab", true),
            ("ab", "abc", false),
            ("", "", true),
            ("a*c", "abd", false),
            ("*b*", "abd", true),
            ("*x?", "abd", false),
            ("[a]", "b", true),
        ] {
            let may_match = Glance::new(glob).may_match(&Value::new(value.as_bytes()));
            assert_eq!(may_match, expected, "{glob} {value}");
        }
    }
}
