//! Diagnostics: problems of a text that people write, each with its line and columns.
//!
//! Stack trace rules and fingerprint rules have different codes, so a [`Diagnostic`] is generic
//! over the code. Everything else is the same for both, and is here: also [`codes`], which makes
//! the enum of a table of codes.
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

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The line is no rule, and the text cannot be used.
    Error,
    /// The rule is understood, but hardly does what is meant.
    Warning,
}

impl Severity {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Makes the enum `Code` of a table of codes. A row is a variant, the code as it is printed, and
/// what it means; the first code that is a warning comes before the rows.
macro_rules! codes {
    (
        warnings from $warnings:literal
        $($(#[$doc:meta])* $name:ident = $code:literal $title:literal,)*
    ) => {
        /// What kind of problem it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// All of them, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it is printed, such as `OPH002`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// What it means, in a few words that fit any case of it.
            pub fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                }
            }

            /// How bad it is. A lenient check can report an error as a warning.
            pub fn severity(self) -> $crate::diagnostics::Severity {
                if self.name() < $warnings {
                    $crate::diagnostics::Severity::Error
                } else {
                    $crate::diagnostics::Severity::Warning
                }
            }
        }

        impl std::fmt::Display for Code {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
pub(crate) use codes;

/// Something to say about a span of a rule text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic<Code> {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of problem it is.
    pub code: Code,
    /// The number of the line, from 1.
    pub line: usize,
    /// The first column, from 1, in code points.
    pub column: usize,
    /// The column after the last one.
    pub end_column: usize,
    /// What is wrong, in one line unless the glob parser says more.
    pub message: String,
    /// A text that should replace the span.
    pub suggestion: Option<String>,
    /// For an error the text with which parsing fails, for a warning nothing.
    pub details: String,
    /// The line, without its line break.
    pub source: Arc<str>,
}

/// One line, so that a program can find the span: `2:3: error[OPH002]: message`.
impl<Code: fmt::Display> fmt::Display for Diagnostic<Code> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line, column, code, ..
        } = self;
        let severity = self.severity.name();
        write!(f, "{line}:{column}: {severity}[{code}]: {}", self.message)
    }
}

/// Longer words are not typing errors, and a distance takes the product of the lengths.
const LONGEST: usize = 40;

/// Returns the known word that is nearest to one that is not known.
///
/// Near is a distance of at most a third of the word: letters left out, added, changed or
/// swapped with their neighbour. Upper and lower case are the same, as are `_` and `-`.
pub(crate) fn nearest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let word = word.to_ascii_lowercase().replace('_', "-");
    let distance = |name: &str| strsim::damerau_levenshtein(&word, &name.replace('_', "-"));
    let (distance, name) = known.iter().map(|&name| (distance(name), name)).min()?;
    (distance <= word.len().max(name.len()) / 3).then_some(name)
}
