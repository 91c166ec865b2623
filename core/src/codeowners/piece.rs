//! Matches one segment of a pattern against one segment of a path: the text between two slashes.
//!
//! ```text
//! *        Any                                main.c, .profile
//! docs     Literal("docs")                    docs
//! *.js     Affixes { "", ".js" }              a.js, .js
//! a?b*c    Tokens [a, One, b, Star, c]        axb-c
//! ```
//!
//! Most segments in real files are of the first three kinds, which take one or two comparisons. For
//! the other kinds, the matcher only backtracks to the last `*`, so the time is at most the product
//! of both lengths.

/// A segment of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// `**`: any number of segments.
    Globstar,
    /// `*`: any one segment.
    Any,
    /// `**` at the end, in the published function: any one segment without a line feed.
    AnyLine,
    /// Text without wildcards.
    Literal(Box<[u8]>),
    /// One `*` between two texts.
    Affixes(Box<[u8]>, Box<[u8]>),
    /// Any other text with wildcards.
    Tokens(Box<[Token]>),
    /// Any segment that ends with these bytes, also one that is not UTF-8.
    EndsWith(&'static [u8]),
}

/// A part of a segment with wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A byte.
    Byte(u8),
    /// `?`: one character.
    One,
    /// `*`: any number of characters.
    Star,
    /// `[a-z]`, `[^a-z]`: one character that is in one of the ranges, or in none.
    Class {
        /// The first and last characters of each range.
        ranges: Vec<(char, char)>,
        /// Whether it matches the characters that are not in any range.
        negated: bool,
    },
}

impl Piece {
    /// Makes the simplest piece that matches what these tokens match.
    pub(super) fn from_tokens(mut tokens: Vec<Token>) -> Self {
        tokens.dedup_by(|a, b| *a == Token::Star && *b == Token::Star);
        let bytes = |tokens: &[Token]| {
            let byte = |token: &Token| match token {
                Token::Byte(byte) => Some(*byte),
                _ => None,
            };
            tokens.iter().map(byte).collect::<Option<Box<[u8]>>>()
        };
        if tokens == [Token::Star] {
            return Piece::Any;
        }
        if let Some(text) = bytes(&tokens) {
            return Piece::Literal(text);
        }
        if let Some(star) = tokens.iter().position(|token| *token == Token::Star) {
            if let (Some(before), Some(after)) =
                (bytes(&tokens[..star]), bytes(&tokens[star + 1..]))
            {
                return Piece::Affixes(before, after);
            }
        }
        Piece::Tokens(tokens.into())
    }

    /// Returns whether a segment matches. With `utf8_only`, wildcards match only valid UTF-8.
    pub(super) fn matches(&self, segment: &[u8], utf8_only: bool) -> bool {
        // Texts are UTF-8, so the bytes between them are UTF-8 exactly if the segment is.
        let readable = || !utf8_only || is_utf8(segment);
        match self {
            Piece::Globstar => false,
            Piece::Any => readable(),
            Piece::AnyLine => is_line(segment),
            Piece::Literal(text) => **text == *segment,
            Piece::Affixes(before, after) => {
                // A comparison with an empty slice takes 150 ns where `memcmp` uses AVX-512: its
                // masked load from a dangling pointer suppresses a fault.
                segment.len() >= before.len() + after.len()
                    && (before.is_empty() || segment.starts_with(before))
                    && (after.is_empty() || segment.ends_with(after))
                    && readable()
            }
            Piece::Tokens(tokens) => matches_tokens(tokens, segment) && readable(),
            Piece::EndsWith(text) => segment.ends_with(text),
        }
    }
}

/// Returns whether dots match a segment: it is UTF-8 and has no line feed.
pub(super) fn is_line(segment: &[u8]) -> bool {
    memchr::memchr(b'\n', segment).is_none() && is_utf8(segment)
}

fn is_utf8(segment: &[u8]) -> bool {
    std::str::from_utf8(segment).is_ok()
}

fn matches_tokens(tokens: &[Token], text: &[u8]) -> bool {
    let (mut token, mut at) = (0, 0);
    // The token after the last star, and the position where that star ends for now.
    let mut last_star = None;
    loop {
        let step = match tokens.get(token) {
            None => (at == text.len()).then_some(0),
            Some(Token::Star) => {
                last_star = Some((token + 1, at));
                Some(0)
            }
            Some(Token::Byte(byte)) => (text.get(at) == Some(byte)).then_some(1),
            Some(Token::One) => first_char(&text[at..]).map(|(_, len)| len),
            Some(Token::Class { ranges, negated }) => {
                first_char(&text[at..]).and_then(|(character, len)| {
                    let is_in = character.is_some_and(|character| {
                        ranges
                            .iter()
                            .any(|(first, last)| (*first..=*last).contains(&character))
                    });
                    (is_in != *negated).then_some(len)
                })
            }
        };
        match (step, &mut last_star) {
            (Some(_), _) if token == tokens.len() => return true,
            (Some(len), _) => (token, at) = (token + 1, at + len),
            (None, Some((after, end))) => {
                let Some((_, len)) = first_char(&text[*end..]) else {
                    return false;
                };
                *end += len;
                (token, at) = (*after, *end);
            }
            (None, None) => return false,
        }
    }
}

/// Returns the first character and its length. A byte that does not begin a character counts
/// as one of its own.
fn first_char(text: &[u8]) -> Option<(Option<char>, usize)> {
    let first = *text.first()?;
    if first.is_ascii() {
        return Some((Some(char::from(first)), 1));
    }
    let head = &text[..text.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(head) => head,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
    };
    Some(match valid.chars().next() {
        Some(character) => (Some(character), character.len_utf8()),
        None => (None, 1),
    })
}
