//! Shortcuts: substring tests with which a host can match most patterns itself.
//!
//! In Python a call into this library takes 150 to 300 ns, and `text in value` takes 15 ns. For
//! most patterns one or two such tests are enough, on the value between two marks. The library
//! matches values with a line feed, so a line feed can mark both ends:
//!
//! ```text
//! pattern                   look for                      in
//! glob src/*.py             \nsrc/ and .py\n              \n value \n
//! glob **/node_modules/**   /node_modules/                 / value
//! path pattern /docs/       \ndocs/ or \n/docs/           \n value
//! path pattern *.js         .js/                             value /
//! glob [a-z]*_test.py       _test.py; if it is there, call
//! ```
//!
//! A shortcut holds for values that are valid UTF-8 and have no line feed. [`Test::Needs`] has no
//! marks, and holds for values with line feeds, too.

/// A substring test that decides whether values match a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortcut {
    /// The texts to search for.
    pub test: Test,
    /// The mark before the value, `\n` or `/`, or an empty text.
    pub before: &'static str,
    /// The mark after the value, `\n` or `/`, or an empty text.
    pub after: &'static str,
}

/// The texts that a [`Shortcut`] searches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// A value matches if it contains both texts. The second text can be empty.
    All(String, String),
    /// A value matches if it contains one of the texts.
    Any(String, String),
    /// A value can match only if it contains the text. Then the library decides.
    Needs(String),
}

impl Shortcut {
    /// Searches for texts in the value between two marks.
    pub(crate) fn new(before: &'static str, test: Test, after: &'static str) -> Self {
        Self {
            test,
            before,
            after,
        }
    }

    /// Searches for one text in the value between two marks.
    pub(crate) fn one(before: &'static str, text: String, after: &'static str) -> Self {
        Self::new(before, Test::All(text, String::new()), after)
    }

    /// Calls the library for values with this text.
    pub(crate) fn needs(text: String) -> Self {
        Self::new("", Test::Needs(text), "")
    }

    /// Searches for a text at the front and one at the end. They must not overlap in the value, so
    /// the library decides if they could overlap.
    pub(crate) fn affixes(head: String, tail: String) -> Self {
        let overlap = |len: usize| head.as_bytes().ends_with(&tail.as_bytes()[..len]);
        if (1..=head.len().min(tail.len())).any(overlap) {
            return Self::needs(if head.len() < tail.len() { tail } else { head });
        }
        Self::new("\n", Test::All("\n".to_owned() + &head, tail + "\n"), "\n")
    }

    /// Returns the shortcut as a MessagePack array: the number of the test (in the order of
    /// [`Test`]), the marks before and after the value, and two texts.
    pub fn to_packed(&self) -> Vec<u8> {
        let (number, first, second) = match &self.test {
            Test::All(first, second) => (0, first.as_str(), second.as_str()),
            Test::Any(first, second) => (1, first.as_str(), second.as_str()),
            Test::Needs(text) => (2, text.as_str(), ""),
        };
        rmp_serde::to_vec(&(number, self.before, self.after, first, second))
            .expect("writing into memory does not fail")
    }

    /// Tests a value as a host does; `None` if the library has to decide.
    #[cfg(test)]
    pub(crate) fn decides(&self, value: &str) -> Option<bool> {
        let needs = matches!(self.test, Test::Needs(_));
        if value.contains('\n') && !needs {
            return None;
        }
        let value = [self.before, value, self.after].concat();
        match &self.test {
            Test::All(first, second) => Some(value.contains(first) && value.contains(second)),
            Test::Any(first, second) => Some(value.contains(first) || value.contains(second)),
            Test::Needs(text) => (!value.contains(text)).then_some(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affixes_that_can_overlap_are_left_to_the_library() {
        let affixes = |head: &str, tail: &str| Shortcut::affixes(head.to_owned(), tail.to_owned());
        assert_eq!(affixes("a/", "b").decides("a/b"), Some(true));
        assert_eq!(affixes("a/", "b").decides("a/"), Some(false));
        assert_eq!(affixes("aba", "bac"), Shortcut::needs("aba".to_owned()));
        assert_eq!(affixes("a", "ab"), Shortcut::needs("ab".to_owned()));
    }
}
