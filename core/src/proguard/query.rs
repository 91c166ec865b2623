//! A query for one frame, and what it returns.

use serde::de::{Deserializer, Visitor};
use serde::Deserialize;

/// A frame of an obfuscated stack trace: class, method, line (0 if unknown), and the
/// types of the parameters if they are known, as in `int,java.lang.String[]`.
///
/// A query with parameters ignores the line.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct Query<'a> {
    /// The full name of the class.
    #[serde(deserialize_with = "text")]
    pub class: &'a str,
    /// The name of the method.
    #[serde(deserialize_with = "text")]
    pub method: &'a str,
    /// The line, from 1.
    pub line: usize,
    /// The types of the parameters, separated by commas.
    #[serde(default)]
    pub parameters: Option<&'a str>,
}

/// Reads a MessagePack `str` and fails for a `bin` value, which serde would accept as well.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'de str, D::Error> {
    struct Text;
    impl<'de> Visitor<'de> for Text {
        type Value = &'de str;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a str value")
        }
        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<&'de str, E> {
            Ok(text)
        }
    }
    deserializer.deserialize_str(Text)
}

/// A frame with the names of the sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The full name of the class.
    pub class: &'a str,
    /// The name of the method.
    pub method: &'a str,
    /// The file, which is made from the class if the mapping has none.
    pub file: &'a str,
    /// The line, from 1; 0 if it is unknown.
    pub line: usize,
}
