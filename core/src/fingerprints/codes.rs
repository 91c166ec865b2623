//! The table of codes: what can be said about a text of fingerprint rules.
//!
//! A code is stable: programs filter by it. Those below 300 are errors: a rule cannot be read.
//! The others are warnings: a rule is understood, but probably does not do what was intended. The codes of
//! stack trace rules are below 200.

use crate::diagnostics::codes;
pub use crate::diagnostics::Severity;

codes! {
    Error {
        /// The line does not begin with a matcher.
        NoMatcher = "OPH201" "a rule begins with a matcher",
        /// No matcher has this name.
        UnknownMatcher = "OPH202" "there is no such matcher",
        /// The name of a matcher is not followed by a colon.
        NoColon = "OPH203" "a matcher is `name:argument`",
        /// A matcher without an argument.
        NoArgument = "OPH204" "a matcher needs an argument after the colon",
        /// The brackets of a caller or callee are not complete.
        Brackets = "OPH205" "write `[ matcher ] |` before the rule, or `| [ matcher ]` after it",
        /// There is no arrow after the matchers.
        NoArrow = "OPH206" "` -> ` goes between the matchers and the fingerprint",
        /// There is no value after the arrow.
        NoValue = "OPH207" "a rule ends with a fingerprint",
        /// Something that is not a value.
        BadValue = "OPH208" "a value is a word, a quoted text, `{{ variable }}` or `title=\"text\"`",
        /// An attribute that is not `title`.
        UnknownAttribute = "OPH209" "the only attribute is `title`",
        /// A quoted text that has no meaning.
        BadText = "OPH210" "this quoted text has no meaning",
        /// White space other than spaces.
        BadSpace = "OPH211" "only spaces separate the parts of a rule",
    }
    Warning {
        /// A glob that is not valid, which matches nothing.
        InvalidGlob = "OPH301" "this glob is not valid",
        /// A boolean matcher without a boolean.
        NoBoolean = "OPH302" "this matcher takes `yes` or `no`",
        /// A name in a comma list that no event has.
        UnknownName = "OPH303" "no event has this name",
        /// A variable that is not known, which stays as it is written.
        UnknownVariable = "OPH304" "there is no such variable",
        /// A neighbor matcher on what frames do not have.
        NotOfFrames = "OPH305" "a caller or callee matcher looks at a frame only",
        /// The same matchers as an earlier rule: the first rule always wins.
        NeverReached = "OPH306" "an earlier rule has the same matchers",
    }
}
