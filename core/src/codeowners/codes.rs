//! The table of codes: what can be wrong in a CODEOWNERS file.
//!
//! A code is stable: programs filter by it. With an error the host skips the line. With a warning
//! the line is used, perhaps not as it was intended. The codes of stack trace rules and of
//! fingerprint rules are below 400.

use crate::diagnostics::codes;
pub use crate::diagnostics::Severity;

codes! {
    Error {
        /// A pattern with `!` in a file for GitHub.
        Negation = "OPH401" "GitHub has no `!`",
        /// A pattern that begins with `\#` in a file for GitHub.
        QuotedComment = "OPH402" "a pattern for GitHub cannot begin with `#`",
        /// Three or more `*` in a row in a file for GitHub.
        ManyStars = "OPH403" "GitHub rejects `***`",
        /// A word after the pattern that is not an owner, in a file for GitHub.
        NotAnOwner = "OPH404" "an owner is `@user`, `@organization/team` or an e-mail address",
        /// A bracket without an end in a file for GitLab.
        Unclosed = "OPH405" "`[` is not closed",
    }
    Warning {
        /// Brackets in a file for GitHub.
        Brackets = "OPH501" "GitHub has no character ranges",
        /// A word after the pattern that is not an owner, in a file for GitLab.
        IgnoredOwner = "OPH502" "an owner is `@user`, `@group`, `@@role` or an e-mail address",
        /// A line that begins with a bracket and is not a heading, in a file for GitLab.
        NotAHeading = "OPH503" "a heading is `[name]`, `^[name]` or `[name][approvals]`",
        /// A character directly after an owner that is not a part of it.
        AfterOwner = "OPH504" "a space goes after an owner",
        /// A pattern that matches no file of the repository. Only callers know the files.
        NoFile = "OPH505" "no file matches",
    }
}
