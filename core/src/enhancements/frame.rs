//! The input of rules: frames, and the exception that they belong to.
//!
//! Texts are borrowed: a [`Frame`] borrows them from the caller, and a category that a rule sets is
//! borrowed from the rule.

/// One frame of a stack trace, with the fields that rules use.
///
/// `path` and `package` are expected in lower case with forward slashes, the form in which Sentry
/// passes them; rules do not change them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The category of the frame; rules can set it.
    pub category: Option<&'a str>,
    /// The family, a comma-separated list of `native`, `javascript`, `other`, `all`.
    pub family: Option<&'a str>,
    /// The name of the function.
    pub function: Option<&'a str>,
    /// The module or class.
    pub module: Option<&'a str>,
    /// The package, or the path of the binary image.
    pub package: Option<&'a str>,
    /// The path of the source file.
    pub path: Option<&'a str>,
    /// Whether the frame is the user's code; rules can set it.
    pub in_app: Option<bool>,
    /// What `in_app` was before anything changed it: `None` if that is not
    /// known, 0 for false, 1 for true, any other number for "was not set".
    pub orig_in_app: Option<i8>,
}

impl Frame<'_> {
    /// Returns whether `in_app` differs from its original value; `None` if the original value is
    /// not known.
    pub fn in_app_changed(&self) -> Option<bool> {
        Some(original_in_app(self.orig_in_app?) != self.in_app)
    }
}

/// Returns the `in_app` that a number in `orig_in_app` stands for.
pub(super) fn original_in_app(number: i8) -> Option<bool> {
    match number {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

/// The exception that a stack trace belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExceptionData<'a> {
    /// The type, such as `ValueError`.
    pub ty: Option<&'a str>,
    /// The message.
    pub value: Option<&'a str>,
    /// The type of the mechanism that reported it.
    pub mechanism: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_app_changed_reads_the_original_number() {
        for (orig, in_app, expected) in [
            (None, Some(true), None),
            (Some(0), Some(false), Some(false)),
            (Some(0), Some(true), Some(true)),
            (Some(0), None, Some(true)),
            (Some(1), Some(true), Some(false)),
            (Some(-1), None, Some(false)),
            (Some(2), Some(false), Some(true)),
        ] {
            let frame = Frame {
                in_app,
                orig_in_app: orig,
                ..Frame::default()
            };
            assert_eq!(frame.in_app_changed(), expected, "{orig:?} {in_app:?}");
        }
    }
}
