//! Diagnostics: problems of a rule text, each with its line and columns.
//!
//! Stack trace rules and fingerprint rules have different codes, so a [`Diagnostic`] is generic
//! over the code. This module has everything that both share, including [`codes`], which makes an
//! enum from a table of codes.
//!
//! ```text
//! column   1234567890123456
//!          funktion:é  +app
//!          ^^^^^^^^            column 1, end column 9, suggestion `function`
//! ```
//!
//! Lines count from 1. Columns count from 1 in code points. The end column is the first one
//! after the span, so it is at most the length of the line + 1.

use std::fmt;
use std::sync::Arc;

/// The severity of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The line is not a rule, and the text cannot be parsed.
    Error,
    /// The rule is valid, but probably does not do what was intended.
    Warning,
}

impl Severity {
    /// Returns the word in messages: `error` or `warning`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Makes the enum `Code` from a table of codes, divided by their severities. A row has a variant, the
/// code as it is printed, and its meaning. The codes rise, which a test checks.
macro_rules! codes {
    ($($severity:ident { $($(#[$doc:meta])* $name:ident = $code:literal $title:literal,)* })*) => {
        /// The code of a diagnostic.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($($(#[$doc])* $name,)*)*
        }

        impl Code {
            /// All codes, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)*)*];

            /// Returns the code as it is printed, such as `OPH002`.
            pub fn name(self) -> &'static str {
                match self {
                    $($(Self::$name => $code,)*)*
                }
            }

            /// Returns the meaning of the code, in a few words.
            pub fn title(self) -> &'static str {
                match self {
                    $($(Self::$name => $title,)*)*
                }
            }

            /// Returns the severity. A lenient check can report an error as a warning.
            pub fn severity(self) -> $crate::diagnostics::Severity {
                match self {
                    $($(Self::$name)|* => $crate::diagnostics::Severity::$severity,)*
                }
            }
        }

        impl std::fmt::Display for Code {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        #[test]
        fn codes_rise() {
            assert!(Code::ALL.windows(2).all(|two| two[0].name() < two[1].name()));
        }
    };
}
pub(crate) use codes;

/// A problem of a rule text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic<Code> {
    /// The severity.
    pub severity: Severity,
    /// The code.
    pub code: Code,
    /// The number of the line, from 1.
    pub line: usize,
    /// The first column, from 1, in code points.
    pub column: usize,
    /// The column after the last one.
    pub end_column: usize,
    /// What is wrong, in one line unless the glob parser says more.
    pub message: String,
    /// A suggested replacement for the span.
    pub suggestion: Option<String>,
    /// An edit of the line that solves the problem.
    pub fix: Option<Box<Fix>>,
    /// For an error, the message with which parsing the line fails; empty for a warning.
    pub details: Arc<str>,
    /// The line, without its line break.
    pub source: Arc<str>,
}

/// An edit of one line: a program can apply it without knowing the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The first column that is replaced, from 1, in code points.
    pub column: usize,
    /// The column after the last one that is replaced. It may equal `column`: an insertion.
    pub end_column: usize,
    /// The new text, without a line break. It may be empty.
    pub replacement: String,
    /// Whether this is what the author meant beyond doubt. Other fixes are guesses.
    pub is_certain: bool,
}

/// Formats one line, so that a program can find the span: `2:3: error[OPH002]: message`.
impl<Code: fmt::Display> fmt::Display for Diagnostic<Code> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line, column, code, ..
        } = self;
        let severity = self.severity.name();
        write!(f, "{line}:{column}: {severity}[{code}]: {}", self.message)
    }
}

/// Longer words get no suggestion, because computing a distance takes the product of the lengths.
const MAX_WORD_BYTES: usize = 40;

/// Returns the known word that is nearest to an unknown one.
///
/// The distance counts letters that are missing, added, changed or swapped, and is at most a third
/// of the length of the word. Case is ignored, and `_` equals `-`.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    if word.is_empty() || word.len() > MAX_WORD_BYTES {
        return None;
    }
    let word = word.to_ascii_lowercase().replace('_', "-");
    let distance = |name: &str| strsim::damerau_levenshtein(&word, &name.replace('_', "-"));
    let (distance, name) = known.iter().map(|&name| (distance(name), name)).min()?;
    (distance <= word.len().max(name.len()) / 3).then_some(name)
}
