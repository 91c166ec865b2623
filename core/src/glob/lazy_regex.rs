//! The regex of a glob, made when it is first needed.
//!
//! It takes tens of microseconds and kilobytes to build, and most globs never meet a
//! value that needs it.

use once_cell::race::OnceBox;
use regex::bytes::{Regex, RegexBuilder};

use super::syntax::Syntax;

/// The regex that defines what a glob matches.
#[derive(Default)]
pub(crate) struct LazyRegex {
    // Threads that race for the first use build it twice and keep one. Nobody
    // waits, so a fork in the middle leaves nothing locked in the child.
    regex: OnceBox<Option<Regex>>,
}

impl LazyRegex {
    /// The regex, or `None` if the glob is not valid or its regex would be too large.
    /// `glob` is asked for once.
    pub(crate) fn get<S: AsRef<str>>(
        &self,
        glob: impl FnOnce() -> S,
        syntax: Syntax,
    ) -> Option<&Regex> {
        self.regex
            .get_or_init(|| {
                let source = syntax.regex_source(glob().as_ref()).ok();
                let build = |source: String| {
                    RegexBuilder::new(&source)
                        .dot_matches_new_line(syntax.newlines)
                        .build()
                        .ok()
                };
                Box::new(source.and_then(build))
            })
            .as_ref()
    }
}
