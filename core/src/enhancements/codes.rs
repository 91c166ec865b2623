//! The codes of diagnostics for rule texts.
//!
//! A code never changes its meaning: programs filter diagnostics by code, and users look codes up
//! in docs/diagnostics.md. Codes below OPH100 are errors: the line is not a valid rule. The others
//! are warnings: the rule is valid, but probably does not do what was intended.

use crate::diagnostics::codes;
pub use crate::diagnostics::Severity;

codes! {
    Error {
        /// The line does not begin with a matcher.
        NoMatcher = "OPH001" "a rule begins with a matcher",
        /// No matcher has this name.
        UnknownMatcher = "OPH002" "there is no such matcher",
        /// The colon after the name of a matcher is missing.
        NoColon = "OPH003" "a matcher is `name:argument`",
        /// A name or a word was expected.
        BadName = "OPH004" "a name has letters, digits, `_`, `.` and `-` only",
        /// A quote is not closed.
        OpenQuote = "OPH005" "this quote is not closed",
        /// The brackets of a caller or callee are not complete.
        Brackets = "OPH006" "write `[ matcher ] |` before the rule, or `| [ matcher ]` after it",
        /// The pattern for an exception is not a valid glob.
        ExceptionPattern = "OPH007" "this glob is not valid",
        /// The rule has no action.
        NoAction = "OPH008" "a rule ends with an action, such as `+app`",
        /// No flag has this name.
        UnknownFlag = "OPH009" "the flags are `app` and `group`",
        /// The sign after a range is missing.
        NoSign = "OPH010" "`+` or `-` goes before the flag",
        /// No variable has this name.
        UnknownVariable = "OPH011" "there is no such variable",
        /// An action was expected, but this is neither a flag nor a variable.
        NoEquals = "OPH012" "an action is a flag or `name=value`, and no matcher comes after it",
        /// The value is not valid for the variable.
        BadValue = "OPH013" "this value does not fit the variable",
        /// The action belongs to an older grouping.
        Retired = "OPH014" "this action was retired",
        /// A character that looks like one of the language, or that is invisible.
        OddCharacter = "OPH015" "this character only looks right",
        /// A comment of another language.
        CommentSign = "OPH016" "a comment begins with `#`",
        /// The line has ` -> `.
        FingerprintRule = "OPH017" "this is a fingerprint rule",
        /// An argument with a space and without quotes.
        NeedsQuotes = "OPH018" "a pattern with a space needs double quotes",
        /// A space after the colon of a matcher.
        SpaceAfterColon = "OPH019" "no space goes after the colon",
        /// A character or word between the parts of a rule.
        Stray = "OPH020" "only spaces separate the parts of a rule",
    }
    Warning {
        /// The pattern for a frame is not a valid glob.
        InvalidGlob = "OPH101" "this glob is not valid",
        /// The argument of `app:` is not a boolean.
        AppNoBoolean = "OPH102" "`app:` takes `yes` or `no`",
        /// No family has this name.
        UnknownFamily = "OPH103" "there is no such family",
        /// `**` in a path pattern is not a whole segment.
        PartialStars = "OPH104" "`**` must be a whole path segment",
        /// The pattern requires a character that paths never contain.
        NeverInPath = "OPH105" "no path can contain this",
        /// A later rule overrides all effects of the rule.
        Shadowed = "OPH106" "a later rule overrides this one",
        /// The text has the same rule twice.
        Duplicate = "OPH107" "this rule is a duplicate",
        /// The actions of the rule have no effect.
        NoEffect = "OPH108" "this has no effect",
        /// A pattern has a character that is invisible, or quotes that do not quote.
        OddInPattern = "OPH109" "this character is part of the pattern",
        /// A backslash escapes a character that needs none.
        StrayEscape = "OPH110" "a backslash escapes the next character",
        /// Sentry's own editor rejects the rule.
        RefusedByEditor = "OPH111" "Sentry's own editor rejects this",
        /// No rule sets the category before.
        UnsetCategory = "OPH112" "no rule before this one sets this category",
        /// Two matchers exclude each other.
        Contradiction = "OPH113" "two matchers cannot both hold",
        /// A path pattern begins with the name of a folder.
        NoRoot = "OPH114" "this only matches at the start of a path",
        /// Sentry's profiling ignores the rule.
        NotForProfiling = "OPH115" "Sentry's profiling ignores this rule",
        /// A pattern without a wildcard at its end, where no name ends.
        NeverAtEnd = "OPH116" "no name ends with this",
    }
}
