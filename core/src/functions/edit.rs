//! Replaces parts of a text. The text is only copied if there is a replacement.

use std::borrow::Cow;
use std::ops::Range;

/// Replacements in a text, from the start to the end.
pub(super) struct Edit<'t> {
    text: &'t str,
    /// The text before `kept`, with the replacements so far.
    out: String,
    kept: usize,
}

impl<'t> Edit<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            out: String::new(),
            kept: 0,
        }
    }

    /// Returns where the last replacement ends.
    pub(super) fn end(&self) -> usize {
        self.kept
    }

    /// Returns the text after the last replacement, up to a position.
    pub(super) fn before(&self, at: usize) -> &'t str {
        &self.text[self.kept..at]
    }

    /// Replaces a part that follows the last replacement. The caller appends the replacement to the
    /// result.
    pub(super) fn replace(&mut self, part: Range<usize>) -> &mut String {
        if self.out.capacity() == 0 {
            self.out.reserve(self.text.len() + 16);
        }
        self.out.push_str(&self.text[self.kept..part.start]);
        self.kept = part.end;
        &mut self.out
    }

    pub(super) fn finish(mut self) -> Cow<'t, str> {
        if self.kept == 0 {
            return self.text.into();
        }
        self.out.push_str(&self.text[self.kept..]);
        self.out.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_replaced_in_order() {
        let mut edit = Edit::new("one two three");
        assert_eq!(edit.before(3), "one");
        edit.replace(4..7).push('2');
        assert_eq!(edit.before(9), " t");
        edit.replace(8..13);
        assert_eq!(edit.finish(), "one 2 ");
    }

    #[test]
    fn a_text_without_replacements_is_not_copied() {
        assert!(matches!(Edit::new("one").finish(), Cow::Borrowed("one")));
    }
}
