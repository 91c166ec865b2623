//! The table of codes: what can be said about a rule text.
//!
//! A code is stable: programs filter by it, people look it up in docs/diagnostics.md.
//! Those below 100 are errors, what the parser stops at; the others are warnings, about
//! rules that are understood and yet hardly meant.

use crate::diagnostics::codes;
pub use crate::diagnostics::Severity;

codes! {
    warnings from "OPH100"

    /// The line begins with no matcher.
    NoMatcher = "OPH001" "a rule begins with a matcher",
    /// The name of a matcher is none.
    UnknownMatcher = "OPH002" "there is no such matcher",
    /// The name of a matcher is not followed by a colon.
    NoColon = "OPH003" "a matcher is `name:argument`",
    /// There is something else where a name or word must be.
    BadName = "OPH004" "a name has letters, digits, `_`, `.` and `-` only",
    /// A quote is not closed.
    OpenQuote = "OPH005" "this quote is not closed",
    /// The brackets of a caller or callee are not complete.
    Brackets = "OPH006" "write `[ matcher ] |` before the rule, or `| [ matcher ]` after it",
    /// The pattern for an exception is not a valid glob.
    ExceptionPattern = "OPH007" "this glob is not valid",
    /// There is no action.
    NoAction = "OPH008" "a rule ends with an action, such as `+app`",
    /// The name of a flag is none.
    UnknownFlag = "OPH009" "the flags are `app` and `group`",
    /// A range without a sign.
    NoSign = "OPH010" "`+` or `-` goes before the flag",
    /// The name of a variable is none.
    UnknownVariable = "OPH011" "there is no such variable",
    /// What stands where an action must be is neither a flag nor a variable.
    NoEquals = "OPH012" "an action is a flag or `name=value`, and no matcher comes after it",
    /// The value of a variable is not of its kind.
    BadValue = "OPH013" "this value does not fit the variable",
    /// An action of old rule sets.
    Retired = "OPH014" "this action was retired",
    /// A glob that is not valid.
    InvalidGlob = "OPH101" "this glob is not valid",
    /// `app:` with no boolean.
    AppNoBoolean = "OPH102" "`app:` takes `yes` or `no`",
    /// A family that is not known.
    UnknownFamily = "OPH103" "there is no such family",
    /// `**` in a path that is no whole segment.
    PartialStars = "OPH104" "`**` must be a whole path segment",
    /// A pattern for a path asks for what no path has.
    NeverInPath = "OPH105" "no path has this",
    /// A later rule overrides all that the rule does.
    Shadowed = "OPH106" "a later rule overrides this one",
    /// The same rule twice.
    Duplicate = "OPH107" "this rule is there twice",
    /// A rule whose actions change nothing.
    NoEffect = "OPH108" "this rule does nothing",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_rise_and_errors_come_first() {
        assert!(Code::ALL
            .windows(2)
            .all(|two| two[0].name() < two[1].name()));
        let mut errors = Code::ALL.iter().filter(|c| c.severity() == Severity::Error);
        assert_eq!(errors.next_back(), Some(&Code::Retired));
    }
}
