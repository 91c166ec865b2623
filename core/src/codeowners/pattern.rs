//! Compiles a pattern and matches it against a path.
//!
//! A compiled pattern is a sequence of [`Piece`]s, one for each segment, with the position in the
//! path where it begins and the way it ends:
//!
//! ```text
//! /docs/**/*.md      begins at the root, [docs] [**] [*.md], at or below
//! apps/              begins anywhere,    [apps],             inside
//! docs/*             begins at the root, [docs] [*],         exactly
//!
//!   path   docs / api / v1 / get.md
//!          docs   └── ** ──┘ *.md     and here the path ends
//! ```
//!
//! Three dialects compile to this form, each by its own function:
//!
//! | | [`Pattern::published`] | [`Pattern::github`] | [`Pattern::gitlab`] |
//! | --- | --- | --- | --- |
//! | `a/b` without a first slash | at the root of `a/b`, not of `/a/b` | at the root | at any depth |
//! | `a` | itself and all below | itself and all below | itself |
//! | `a/**` | everything inside | everything inside | files directly inside |
//! | `\` | literal; at the start: see below | quotes the next character | quotes the next character |
//! | `[a-z]` | literal | literal | one of these |
//! | `**`, line feeds in the path | not across, but see the code | across | across |
//!
//! A pattern of the published function that starts with a backslash matches every path with a
//! segment that ends with a backslash; the rest of the pattern is ignored.
//!
//! # Time
//!
//! After a failure, the matcher only backtracks to the last `**`, which then matches one more
//! segment. This is enough, because a longer match of an earlier `**` skips segments that the later
//! one can skip as well. The exception is a later `**` that must not match a line feed; then
//! [`Pattern::simulate`] tries all positions at once. There is no recursion, and the time is not
//! exponential.

use super::codes::Code;
use super::piece::{is_line, Piece, Token};
use crate::shortcut::{Shortcut, Test};

/// Where a pattern begins in the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// At the start of the path.
    Root,
    /// At the start of the path, or after a slash there.
    RootOrSlash,
    /// At any segment.
    Anywhere,
}

/// What may follow after the last piece in the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Nothing.
    Exactly,
    /// Nothing, or a slash and anything.
    AtOrBelow,
    /// A slash and anything.
    Inside,
}

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    start: Start,
    pieces: Vec<Piece>,
    end: End,
    /// Whether this is the dialect of the published function: wildcards match UTF-8 only, and
    /// `**` stops at a line feed.
    published: bool,
}

/// The part of the path that is not matched yet: `None` after the last segment.
type Rest<'a> = Option<&'a [u8]>;

/// Returns the next segment and the rest after it.
fn next_segment(rest: &[u8]) -> (&[u8], Rest<'_>) {
    match memchr::memchr(b'/', rest) {
        Some(slash) => (&rest[..slash], Some(&rest[slash + 1..])),
        None => (rest, None),
    }
}

/// An error in a pattern of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unsupported {
    /// The position in the pattern, in bytes.
    pub(super) at: usize,
    /// The length of the error in bytes.
    pub(super) len: usize,
    /// The code of the diagnostic.
    pub(super) code: Code,
    /// What is wrong, and what happens to the line.
    pub(super) reason: &'static str,
    /// A suggested replacement for the error.
    pub(super) suggestion: Option<&'static str>,
}

/// A text that a segment of every matching path contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key<'a> {
    /// The whole segment.
    Segment(&'a [u8]),
    /// The segment from its last dot on.
    Extension(&'a [u8]),
}

impl Pattern {
    /// Compiles a pattern of GitHub's files.
    pub(super) fn github(pattern: &str) -> Result<Self, Unsupported> {
        let unsupported = |at, len, code, reason| Unsupported {
            at,
            len,
            code,
            reason,
            suggestion: None,
        };
        if pattern.starts_with('!') {
            return Err(unsupported(
                0,
                1,
                Code::Negation,
                "`!` is not supported by GitHub: the line is skipped",
            ));
        }
        if pattern.starts_with(r"\#") {
            return Err(unsupported(
                0,
                2,
                Code::QuotedComment,
                r"`\#` at the start is not supported by GitHub: the line is skipped",
            ));
        }
        if let Some((at, len)) = many_stars(pattern) {
            return Err(Unsupported {
                suggestion: Some("**"),
                ..unsupported(
                    at,
                    len,
                    Code::ManyStars,
                    "more than two `*` in a row are not supported by GitHub: the line is skipped",
                )
            });
        }
        let body = pattern.trim_end_matches('/');
        let anchored = body.contains('/');
        let mut pieces: Vec<_> = body
            .strip_prefix('/')
            .unwrap_or(body)
            .split('/')
            .map(|text| match text {
                "**" => Piece::Globstar,
                _ => Piece::from_tokens(quoted(text, false).0),
            })
            .collect();
        let mut end = match (body.len() < pattern.len(), body.ends_with("/*")) {
            (true, _) => End::Inside,
            (false, true) => End::Exactly,
            (false, false) => End::AtOrBelow,
        };
        if pieces.last() == Some(&Piece::Globstar) {
            pieces.pop();
            if end == End::Inside || pieces.is_empty() {
                pieces.push(Piece::Any);
            } else {
                end = End::Inside;
            }
        }
        Ok(Self {
            // `/` alone is the whole repository.
            start: if anchored {
                Start::Root
            } else {
                Start::Anywhere
            },
            pieces: if body.is_empty() {
                vec![Piece::Any]
            } else {
                pieces
            },
            end: if body.is_empty() { End::AtOrBelow } else { end },
            published: false,
        })
    }

    /// Compiles a pattern of GitLab's files.
    pub(super) fn gitlab(pattern: &str) -> Result<Self, Unsupported> {
        let body = pattern.trim_end_matches('/');
        let mut pieces = Vec::new();
        if !pattern.starts_with('/') {
            pieces.push(Piece::Globstar);
        }
        let segments = body.strip_prefix('/').unwrap_or(body);
        let inside = body.len() < pattern.len();
        let last = segments.split('/').count() - 1;
        let mut at = body.len() - segments.len();
        for (number, text) in segments.split('/').enumerate() {
            match text {
                "" if segments.is_empty() => {}
                "**" if number < last || inside => pieces.push(Piece::Globstar),
                _ => {
                    let (tokens, unclosed) = quoted(text, true);
                    if let Some(bracket) = unclosed {
                        return Err(Unsupported {
                            at: at + bracket,
                            len: 1,
                            code: Code::Unclosed,
                            reason: "`[` is not closed: the line is skipped",
                            suggestion: None,
                        });
                    }
                    pieces.push(Piece::from_tokens(tokens));
                }
            }
            at += text.len() + 1;
        }
        if inside {
            pieces.extend([Piece::Globstar, Piece::Any]);
        }
        Ok(Self {
            start: Start::Root,
            pieces,
            end: End::Exactly,
            published: false,
        })
    }

    /// Returns texts that every matching path has in its segments.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key<'_>> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(text) => Some(Key::Segment(text)),
            Piece::Affixes(_, after) => {
                let dot = memchr::memrchr(b'.', after)?;
                Some(Key::Extension(&after[dot..]))
            }
            _ => None,
        })
    }

    /// Compiles a pattern of `is_codeowners_path_match`.
    pub(super) fn published(pattern: &str) -> Self {
        if pattern.starts_with('\\') {
            return Pattern {
                start: Start::Anywhere,
                pieces: vec![Piece::EndsWith(b"\\")],
                end: End::AtOrBelow,
                published: true,
            };
        }
        let anchored = pattern
            .find('/')
            .is_some_and(|slash| slash + 1 < pattern.len());
        let end = if pattern.ends_with('/') {
            End::Inside
        } else if pattern.ends_with("/*") {
            End::Exactly
        } else {
            End::AtOrBelow
        };
        let body = pattern.trim_end_matches('/');
        let (start, body) = match (anchored, body.strip_prefix('/')) {
            (false, _) => (Start::Anywhere, body),
            (true, None) if !pattern.starts_with('/') => (Start::Root, body),
            (true, stripped) => (Start::RootOrSlash, stripped.unwrap_or(body)),
        };
        let last = body.split('/').count() - 1;
        let piece = |(number, text): (usize, &str)| match text {
            // As in the published function: if the pattern has a character beyond ASCII, a trailing
            // `**` matches as `*`.
            "**" if number == last && body.is_ascii() => Piece::AnyLine,
            "**" if number == last => Piece::Any,
            "**" => Piece::Globstar,
            _ => Piece::from_tokens(wildcards(text)),
        };
        Pattern {
            start,
            pieces: body.split('/').enumerate().map(piece).collect(),
            end,
            published: true,
        }
    }

    /// Returns a substring test for paths that are UTF-8 without a line feed.
    pub(super) fn shortcut(&self) -> Shortcut {
        // The slash after the path marks the end of its last segment.
        let after = match self.end {
            End::Inside => "",
            End::AtOrBelow => "/",
            End::Exactly => return self.needs(),
        };
        let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        let literals = self.pieces.iter().map(|piece| match piece {
            Piece::Literal(literal) => Some(text(literal)),
            _ => None,
        });
        if let Some(literals) = literals.collect::<Option<Vec<_>>>() {
            let literals = literals.join("/");
            return match self.start {
                Start::Root => Shortcut::one("\n", format!("\n{literals}/"), after),
                Start::RootOrSlash => {
                    let (first, second) = (format!("\n{literals}/"), format!("\n/{literals}/"));
                    Shortcut::new("\n", Test::Any(first, second), after)
                }
                Start::Anywhere => Shortcut::one("/", format!("/{literals}/"), after),
            };
        }
        match (&self.pieces[..], self.start) {
            ([Piece::Affixes(head, tail)], Start::Anywhere) if head.is_empty() => {
                Shortcut::one("", format!("{}/", text(tail)), after)
            }
            ([Piece::Affixes(head, tail)], Start::Anywhere)
                if tail.is_empty() && self.end == End::AtOrBelow =>
            {
                Shortcut::one("/", format!("/{}", text(head)), "")
            }
            _ => self.needs(),
        }
    }

    /// Returns the shortcut for which the library decides about paths that contain the longest
    /// text.
    fn needs(&self) -> Shortcut {
        let texts = self.pieces.iter().flat_map(|piece| match piece {
            Piece::Literal(text) => [Some(&**text), None],
            Piece::Affixes(before, after) => [Some(&**before), Some(&**after)],
            _ => [None, None],
        });
        let longest = texts.flatten().max_by_key(|text| text.len());
        let text = longest.map(String::from_utf8_lossy).unwrap_or_default();
        Shortcut::needs(text.into_owned())
    }

    /// Returns whether `path` matches.
    pub(super) fn matches(&self, path: &[u8]) -> bool {
        if self.needs_simulation(path) {
            return self.simulate(path);
        }
        match self.start {
            Start::Root => self.matches_at(path, None),
            Start::RootOrSlash => {
                self.matches_at(path, None)
                    || path
                        .strip_prefix(b"/")
                        .is_some_and(|path| self.matches_at(path, None))
            }
            // The same as a leading `**/` that matches any byte.
            Start::Anywhere => self.matches_at(path, Some(path)),
        }
    }

    /// Returns whether the pieces match from the start of `path`, or from one of the later segments
    /// of `retry`.
    fn matches_at(&self, path: &[u8], retry: Rest<'_>) -> bool {
        // The piece after the last `**`, and the rest of the path there.
        let mut last_globstar = retry.map(|rest| (0, Some(rest)));
        let mut crosses_anything = true;
        let (mut number, mut rest) = (0, Some(path));
        loop {
            match (self.pieces.get(number), rest) {
                (None, _) if self.ends(rest) => return true,
                (Some(Piece::Globstar), _) => {
                    number += 1;
                    last_globstar = Some((number, rest));
                    crosses_anything = !self.published;
                    continue;
                }
                (Some(piece), Some(text)) => {
                    let (segment, after) = next_segment(text);
                    if piece.matches(segment, self.published) {
                        (number, rest) = (number + 1, after);
                        continue;
                    }
                }
                _ => {}
            }
            let Some((after, Some(text))) = last_globstar else {
                return false;
            };
            let (segment, left) = next_segment(text);
            if left.is_none() || !(crosses_anything || is_line(segment)) {
                return false;
            }
            last_globstar = Some((after, left));
            (number, rest) = (after, left);
        }
    }

    fn ends(&self, rest: Rest<'_>) -> bool {
        match self.end {
            End::Exactly => rest.is_none(),
            End::AtOrBelow => true,
            End::Inside => rest.is_some(),
        }
    }

    /// Returns whether backtracking to the last `**` is not enough for this path.
    fn needs_simulation(&self, path: &[u8]) -> bool {
        self.published
            && self.pieces.len() > 2
            && memchr::memchr(b'\n', path).is_some()
            && self
                .pieces
                .iter()
                .filter(|piece| **piece == Piece::Globstar)
                .count()
                > 1
    }

    /// Returns whether `path` matches. Walks the path once and keeps the set of all positions
    /// in the pattern that a match can have reached: slower, but simple.
    fn simulate(&self, path: &[u8]) -> bool {
        let mut reached = vec![false; self.pieces.len() + 1];
        let (mut rest, mut is_first, mut is_second) = (Some(path), true, false);
        loop {
            reached[0] |= match self.start {
                Start::Root => is_first,
                Start::RootOrSlash => is_first || (is_second && path.starts_with(b"/")),
                Start::Anywhere => rest.is_some(),
            };
            for (number, piece) in self.pieces.iter().enumerate() {
                reached[number + 1] |= reached[number] && *piece == Piece::Globstar;
            }
            if reached[self.pieces.len()] && self.ends(rest) {
                return true;
            }
            let Some(text) = rest else {
                return false;
            };
            let (segment, after) = next_segment(text);
            let mut next = vec![false; reached.len()];
            for (number, piece) in self.pieces.iter().enumerate() {
                if *piece == Piece::Globstar {
                    // It ends with a slash, so it cannot match the last segment.
                    let crosses = !self.published || is_line(segment);
                    next[number] |= reached[number] && after.is_some() && crosses;
                } else {
                    next[number + 1] |= reached[number] && piece.matches(segment, self.published);
                }
            }
            (is_second, is_first) = (is_first, false);
            (reached, rest) = (next, after);
        }
    }
}

/// Returns the characters of a pattern that are not quoted, with their positions in bytes.
fn unquoted(pattern: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut quoted = false;
    pattern.char_indices().filter(move |&(_, c)| {
        let is_plain = !quoted && c != '\\';
        quoted = !quoted && c == '\\';
        is_plain
    })
}

/// Returns the position and length of the first three or more `*` in a row.
fn many_stars(pattern: &str) -> Option<(usize, usize)> {
    let mut stars = unquoted(pattern)
        .filter(|&(_, c)| c == '*')
        .map(|(at, _)| at);
    let at = stars.find(|&at| pattern[at..].starts_with("***"))?;
    let rest = pattern[at..].trim_start_matches('*');
    Some((at, pattern.len() - at - rest.len()))
}

/// Returns the first brackets of a pattern that look like a character range: from `[` to the `]`
/// after it, or one bracket if there is no pair.
pub(super) fn brackets(pattern: &str) -> Option<std::ops::Range<usize>> {
    let mut brackets = unquoted(pattern).filter(|&(_, c)| matches!(c, '[' | ']'));
    let (start, first) = brackets.next()?;
    let end = brackets.find(|&(_, c)| first == '[' && c == ']');
    Some(start..end.map_or(start, |(end, _)| end) + 1)
}

/// Reads text with `*` and `?` where a backslash quotes, and with classes if `classes` is set.
/// Also returns the position of a bracket that is not closed, in bytes.
fn quoted(text: &str, classes: bool) -> (Vec<Token>, Option<usize>) {
    let mut tokens = Vec::new();
    let mut chars = text.char_indices();
    let literal = |tokens: &mut Vec<Token>, c: char| {
        let mut bytes = [0; 4];
        tokens.extend(c.encode_utf8(&mut bytes).bytes().map(Token::Byte));
    };
    while let Some((at, c)) = chars.next() {
        match c {
            '*' => tokens.push(Token::Star),
            '?' => tokens.push(Token::One),
            '\\' => literal(&mut tokens, chars.next().map_or('\\', |(_, c)| c)),
            '[' if classes => match class(&text[at..]) {
                Some((token, len)) => {
                    tokens.push(token);
                    while chars
                        .clone()
                        .next()
                        .is_some_and(|(next, _)| next < at + len)
                    {
                        chars.next();
                    }
                }
                None => return (tokens, Some(at)),
            },
            c => literal(&mut tokens, c),
        }
    }
    (tokens, None)
}

/// Reads the class that `text` begins with. Returns it and its length, or `None` if it is not
/// closed.
fn class(text: &str) -> Option<(Token, usize)> {
    let mut chars = text.char_indices().skip(1).peekable();
    let negated = chars.next_if(|&(_, c)| matches!(c, '!' | '^')).is_some();
    let mut ranges = Vec::new();
    loop {
        let (at, c) = chars.next()?;
        let low = match c {
            ']' => return Some((Token::Class { ranges, negated }, at + 1)),
            '\\' => chars.next()?.1,
            c => c,
        };
        let mut high = low;
        if chars.next_if(|&(_, c)| c == '-').is_some() {
            match chars.next()?.1 {
                // A dash at the end stands for itself.
                ']' => {
                    ranges.extend([(low, low), ('-', '-')]);
                    let len = chars.peek().map_or(text.len(), |&(at, _)| at);
                    return Some((Token::Class { ranges, negated }, len));
                }
                '\\' => high = chars.next()?.1,
                c => high = c,
            }
        }
        ranges.push((low, high));
    }
}

/// Reads text in which only `*` and `?` are special.
fn wildcards(text: &str) -> Vec<Token> {
    let token = |byte| match byte {
        b'*' => Token::Star,
        b'?' => Token::One,
        _ => Token::Byte(byte),
    };
    text.bytes().map(token).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cases, Random};

    #[test]
    fn going_back_to_the_last_globstar_is_enough() {
        const PIECES: [&str; 10] = ["/", "/", "a", "b", "*", "**", "/**/", "?", "a*", "**/"];
        const PATHS: [&str; 5] = ["a", "b", "/", "/", "ab"];
        let mut random = Random::new(9);
        for _ in 0..cases(20_000) {
            let text = random.concat(&PIECES, 7);
            let compiled = [
                Some(Pattern::published(&text)),
                Pattern::github(&text).ok(),
                Pattern::gitlab(&text).ok(),
            ];
            let path = random.concat(&PATHS, 9);
            for pattern in compiled.into_iter().flatten() {
                let expected = pattern.simulate(path.as_bytes());
                assert_eq!(
                    pattern.matches(path.as_bytes()),
                    expected,
                    "{text:?} {path:?}"
                );
            }
        }
    }

    #[test]
    fn a_shortcut_decides_as_the_pattern_does() {
        const PIECES: [&str; 12] = [
            "/", "/", "a", "b", "*", "**", "/**/", "?", "*.a", "b*", "é", "\\",
        ];
        const PATHS: [&str; 7] = ["a", "b", "/", "/", ".a", "é", "\\"];
        let mut random = Random::new(10);
        let mut decided = 0;
        for _ in 0..cases(20_000) {
            let text = random.concat(&PIECES, 5);
            let pattern = Pattern::published(&text);
            let shortcut = pattern.shortcut();
            for _ in 0..6 {
                let path = random.concat(&PATHS, 7);
                if let Some(found) = shortcut.decides(&path) {
                    let expected = pattern.matches(path.as_bytes());
                    assert_eq!(found, expected, "{text:?} on {path:?}");
                    decided += usize::from(found);
                }
            }
        }
        assert!(decided > 500, "{decided}");
    }

    #[test]
    fn classes_are_read() {
        for (pattern, name, expected) in [
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[^a-c]x", "zx", true),
            ("[a-]x", "-x", true),
            (r"[\]]x", "]x", true),
            ("[é-ü]x", "öx", true),
            ("[]x", "x", false),
            (r"\[a]", "[a]", true),
        ] {
            let matched = Pattern::gitlab(pattern).unwrap().matches(name.as_bytes());
            assert_eq!(matched, expected, "{pattern} {name}");
        }
        assert_eq!(Pattern::gitlab("/é/a[b").unwrap_err().at, 5);
        assert!(Pattern::gitlab("[a-").is_err());
    }
}
