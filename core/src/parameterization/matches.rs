//! Matches: where patterns match, in bytes or in characters, and how often.

/// A place where a pattern matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Match {
    /// The number of the pattern in [`Parameterizer::patterns`](super::Parameterizer::patterns).
    pub pattern: usize,
    /// Where the match begins, in bytes.
    pub start: usize,
    /// Where the match ends, in bytes.
    pub end: usize,
}

/// Converts the bytes of matches to characters.
///
/// The matches must be in the order in which [`Parameterizer::find`](super::Parameterizer::find) returns them.
pub fn to_characters(text: &str, matches: &mut [Match]) {
    let mut bytes = 0;
    let mut characters = 0;
    let mut convert = |position: usize| {
        let more = text.get(bytes..position).unwrap_or("");
        characters += if more.is_ascii() {
            more.len()
        } else {
            more.chars().count()
        };
        bytes = position;
        characters
    };
    for found in matches {
        found.start = convert(found.start);
        found.end = convert(found.end);
    }
}

/// How often each pattern matches: the number at a place is that of the pattern at that place.
pub type Counts = Vec<u64>;
