//! The tokens of a glob, and the position of its first error.
//!
//! ```text
//! **/lib[0-9]*.{so,dll}
//!
//!   LeadingDirs  l i b  Class 0-9  Star  .  Choice [s o] [d l l]
//! ```
//!
//! Tokens are independent of options: [`Program`](super::Program) decides where a [`Token::Star`]
//! stops. The parser reads a glob as the crate `globset` does, including its special cases:
//!
//! - two stars are directories only as a whole segment or as a whole choice of a brace;
//! - consecutive directories are merged: `a/**/**/b` is `a/**/b`;
//! - in a class `-` stands for itself at the front and at the end, and `[a-c-e]` is `[a-e]`;
//! - a `}` without a `{` is dropped, and so is an empty choice of a brace.

use std::iter::Peekable;
use std::str::CharIndices;

/// One token of a glob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A byte that stands for itself.
    Byte(u8),
    /// `?`: one byte.
    One,
    /// `*`: any number of bytes.
    Star,
    /// A leading `**/`: nothing, or any number of directories with their slashes.
    LeadingDirs,
    /// `/**/`: a slash, or any number of directories between two slashes.
    MiddleDirs,
    /// A trailing `/**`: a slash and anything after it.
    TrailingDirs,
    /// `[...]`: one byte of a class.
    Class(Box<Class>),
    /// `{...}`: one of several rows of tokens, none of them empty.
    Choice(Box<[Vec<Token>]>),
}

/// A class of characters: `[a-z_]`, `[!a]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Class {
    /// Whether it matches the characters that are not listed.
    pub(super) negated: bool,
    /// The first and last character of each range.
    pub(super) ranges: Vec<(char, char)>,
}

/// Reads a glob.
///
/// # Errors
///
/// Returns the position of the first error, in bytes: a class or brace that is not closed, a
/// brace in a brace, a backslash at the end, or the start of a range that runs backwards.
pub(super) fn parse(glob: &str) -> Result<Vec<Token>, usize> {
    let mut parser = Parser {
        chars: glob.char_indices().peekable(),
        previous: None,
        tokens: Vec::with_capacity(glob.len()),
        brace: None,
    };
    parser.parse()?;
    Ok(parser.tokens)
}

struct Parser<'a> {
    chars: Peekable<CharIndices<'a>>,
    /// The character before the current one.
    previous: Option<char>,
    /// The tokens outside of braces.
    tokens: Vec<Token>,
    brace: Option<Brace>,
}

/// A brace that is open.
struct Brace {
    at: usize,
    /// The choices that are complete.
    choices: Vec<Vec<Token>>,
    /// The choice that is being read.
    tokens: Vec<Token>,
}

impl Parser<'_> {
    fn parse(&mut self) -> Result<(), usize> {
        while let Some((at, c)) = self.chars.next() {
            let mut last = c;
            match c {
                '?' => self.row().push(Token::One),
                '*' => last = self.stars(),
                '[' => {
                    let class = self.class(at)?;
                    self.row().push(Token::Class(Box::new(class)));
                    last = ']';
                }
                '\\' => {
                    let (_, escaped) = self.chars.next().ok_or(at)?;
                    self.literal(escaped);
                    last = escaped;
                }
                '{' if self.brace.is_some() => return Err(at),
                '{' => {
                    self.brace = Some(Brace {
                        at,
                        choices: Vec::new(),
                        tokens: Vec::new(),
                    });
                }
                '}' => {
                    let choices = self.brace.take().map(Brace::close).unwrap_or_default();
                    self.tokens.push(Token::Choice(choices.into()));
                }
                ',' => match &mut self.brace {
                    Some(brace) => brace.choices.push(std::mem::take(&mut brace.tokens)),
                    None => self.literal(','),
                },
                c => self.literal(c),
            }
            self.previous = Some(last);
        }
        self.brace.as_ref().map_or(Ok(()), |brace| Err(brace.at))
    }

    /// Returns the row to which tokens are added.
    fn row(&mut self) -> &mut Vec<Token> {
        match &mut self.brace {
            Some(brace) => &mut brace.tokens,
            None => &mut self.tokens,
        }
    }

    fn literal(&mut self, c: char) {
        let mut bytes = [0; 4];
        let bytes = c.encode_utf8(&mut bytes).bytes();
        self.row().extend(bytes.map(Token::Byte));
    }

    /// Reads the token that begins with a star, which was just read. Returns its last character.
    fn stars(&mut self) -> char {
        if self.chars.next_if(|&(_, c)| c == '*').is_none() {
            self.row().push(Token::Star);
            return '*';
        }
        let next = self.chars.peek().map(|&(_, c)| c);
        let in_brace = self.brace.is_some();
        let is_first = self.row().is_empty();
        let begins_segment = match self.previous {
            _ if is_first => true,
            Some('/') => true,
            // globset treats an escaped comma or brace as the beginning of a choice.
            Some(',' | '{') => in_brace,
            _ => false,
        };
        let ends_segment = match next {
            None | Some('/') => true,
            Some(',' | '}') => in_brace && !is_first,
            Some(_) => false,
        };
        if !(begins_segment && ends_segment) {
            // This is not a whole segment, so two stars match the same as one.
            self.row().push(Token::Star);
            return '*';
        }
        let slash = self.chars.next_if(|&(_, c)| c == '/').is_some();
        let dirs = match self.row().pop() {
            None | Some(Token::LeadingDirs) => Token::LeadingDirs,
            Some(Token::TrailingDirs) => Token::TrailingDirs,
            // The slash before it is a part of the token.
            Some(_) if slash => Token::MiddleDirs,
            Some(_) => Token::TrailingDirs,
        };
        self.row().push(dirs);
        if slash {
            '/'
        } else {
            '*'
        }
    }

    /// Reads the class of which the bracket at `open` has just been read.
    fn class(&mut self, open: usize) -> Result<Class, usize> {
        let negated = self
            .chars
            .next_if(|&(_, c)| matches!(c, '!' | '^'))
            .is_some();
        let mut ranges: Vec<(char, char)> = Vec::new();
        // The position of the last range, and whether a dash follows it.
        let (mut start, mut dash) = (open, false);
        loop {
            let (at, c) = self.chars.next().ok_or(open)?;
            match (c, ranges.last_mut()) {
                (']', Some(_)) => break,
                (c, Some((low, high))) if dash => {
                    if c < *low {
                        return Err(start);
                    }
                    *high = c;
                    dash = false;
                }
                ('-', Some(_)) => dash = true,
                (c, _) => {
                    ranges.push((c, c));
                    start = at;
                }
            }
        }
        if dash {
            ranges.push(('-', '-'));
        }
        Ok(Class { negated, ranges })
    }
}

impl Brace {
    fn close(mut self) -> Vec<Vec<Token>> {
        self.choices.push(self.tokens);
        self.choices.retain(|choice| !choice.is_empty());
        self.choices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens in short: bytes as they are, `?` `*`, `<` `/` `>` for leading, middle and
    /// trailing directories, `[...]`, `{...}`.
    fn shown(tokens: &[Token]) -> String {
        let token = |token: &Token| match token {
            Token::Byte(byte) => char::from(*byte).to_string(),
            Token::One => "?".to_owned(),
            Token::Star => "*".to_owned(),
            Token::LeadingDirs => "<dirs/>".to_owned(),
            Token::MiddleDirs => "</dirs/>".to_owned(),
            Token::TrailingDirs => "</dirs>".to_owned(),
            Token::Class(class) => {
                let ranges = class
                    .ranges
                    .iter()
                    .map(|(low, high)| format!("{low}-{high}"));
                let not = if class.negated { "!" } else { "" };
                format!("[{not}{}]", ranges.collect::<Vec<_>>().join(" "))
            }
            Token::Choice(choices) => {
                let choices: Vec<_> = choices.iter().map(|choice| shown(choice)).collect();
                format!("{{{}}}", choices.join("|"))
            }
        };
        tokens.iter().map(token).collect()
    }

    #[test]
    fn a_glob_has_these_tokens() {
        for (glob, expected) in [
            ("", ""),
            ("a?*", "a?*"),
            (r"\*\?", "*?"),
            ("a,b", "a,b"),
            // directories
            ("**", "<dirs/>"),
            ("**/", "<dirs/>"),
            ("**/a", "<dirs/>a"),
            ("**a", "*a"),
            ("a**", "a*"),
            ("***", "**"),
            ("a/***", "a/**"),
            ("/**", "</dirs>"),
            ("a/**", "a</dirs>"),
            ("a/**/b", "a</dirs/>b"),
            ("a/**b", "a/*b"),
            (r"a\/**/b", "a</dirs/>b"),
            ("**/**/a", "<dirs/>a"),
            ("a/**/**/b", "a</dirs/>b"),
            ("a/**/**", "a</dirs>"),
            ("a/b**/c", "a/b*/c"),
            // classes
            ("[a]", "[a-a]"),
            ("[!a-c_]", "[!a-c _-_]"),
            ("[^a]", "[!a-a]"),
            ("[]a]", "[]-] a-a]"),
            ("[!]a]", "[!]-] a-a]"),
            ("[-a]", "[--- a-a]"),
            ("[a-]", "[a-a ---]"),
            ("[+--]", "[+--]"),
            ("[a-c-e]", "[a-e]"),
            ("[é]", "[é-é]"),
            ("[/]**", "[/-/]*"),
            // braces
            ("{a,b}c", "{a|b}c"),
            ("{a,,b}", "{a|b}"),
            ("{,}a", "{}a"),
            ("a}b", "a{}b"),
            ("{a}**", "{a}*"),
            ("a/{**/b,c}", "a/{<dirs/>b|c}"),
            ("{a/**,b}", "{a</dirs>|b}"),
            ("{**}", "{*}"),
            (r"{a\,**/b}", "{a</dirs/>b}"),
        ] {
            assert_eq!(shown(&parse(glob).unwrap()), expected, "{glob}");
        }
    }

    #[test]
    fn a_fault_has_a_position() {
        for (glob, position) in [
            ("a[", 1),
            ("[]a][", 4),
            (r"\[é[b", 4),
            ("a{b,c", 1),
            ("{a}{b", 3),
            ("a{b,{c}}", 4),
            ("a{b,[c", 4),
            (r"é\", 2),
            ("x[az-ab]", 3),
            ("[b-c-a]", 1),
        ] {
            assert_eq!(parse(glob), Err(position), "{glob}");
        }
    }
}
