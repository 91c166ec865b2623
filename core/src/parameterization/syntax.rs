//! The regexes of Python's `re`, as trees.
//!
//! The parser reads what `re.compile(regex, re.VERBOSE)` accepts, and fails where it fails. It
//! rejects back-references and what needs them, and names of characters (`\N{...}`).
//!
//! A tree has few kinds of nodes. The parser expresses the others with them:
//!
//! ```text
//! \b      (?<=\w)(?!\w)|(?<!\w)(?=\w)
//! $       (?=\n?\Z)
//! (?m:^)  \A|(?<=\n)
//! (xy)++  (?>(?>xy)+)
//! ```

use std::sync::OnceLock;

use super::charset::CharSet;
use super::unicode::{DIGIT, SPACE, WORD};

/// How deep groups nest. Python's own limit comes from its stack.
const MAX_DEPTH: usize = 100;

/// A regex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tree {
    /// One character of the set.
    Set(CharSet),
    Concat(Vec<Tree>),
    Alternate(Vec<Tree>),
    Repeat {
        body: Box<Tree>,
        min: u32,
        /// `None` is without a limit.
        max: Option<u32>,
        lazy: bool,
    },
    Ahead {
        body: Box<Tree>,
        negated: bool,
    },
    Behind {
        body: Box<Tree>,
        negated: bool,
        /// How many characters the body consumes.
        width: u32,
    },
    /// The body, as it matches first: what follows cannot change how.
    Atomic(Box<Tree>),
    TextStart,
    TextEnd,
}

/// Why a regex is not valid, and at which character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) position: usize,
    pub(super) message: String,
}

impl Tree {
    pub(super) const EMPTY: Tree = Tree::Concat(Vec::new());

    /// Returns whether it can match without consuming a character.
    pub(super) fn is_nullable(&self) -> bool {
        match self {
            Tree::Set(_) => false,
            Tree::Concat(parts) => parts.iter().all(Tree::is_nullable),
            Tree::Alternate(parts) => parts.iter().any(Tree::is_nullable),
            Tree::Repeat { body, min, .. } => *min == 0 || body.is_nullable(),
            Tree::Atomic(body) => body.is_nullable(),
            Tree::Ahead { .. } | Tree::Behind { .. } | Tree::TextStart | Tree::TextEnd => true,
        }
    }

    /// Returns the smallest and the largest number of characters that it consumes.
    fn width(&self) -> (u64, u64) {
        match self {
            Tree::Set(_) => (1, 1),
            Tree::Concat(parts) => parts.iter().map(Tree::width).fold((0, 0), |sum, width| {
                (sum.0.saturating_add(width.0), sum.1.saturating_add(width.1))
            }),
            Tree::Alternate(parts) => parts
                .iter()
                .map(Tree::width)
                .reduce(|sum, width| (sum.0.min(width.0), sum.1.max(width.1)))
                .unwrap_or((0, 0)),
            Tree::Repeat { body, min, max, .. } => {
                let (low, high) = body.width();
                let times = max.map_or(u64::MAX, u64::from);
                (
                    low.saturating_mul(u64::from(*min)),
                    high.saturating_mul(times),
                )
            }
            Tree::Atomic(body) => body.width(),
            Tree::Ahead { .. } | Tree::Behind { .. } | Tree::TextStart | Tree::TextEnd => (0, 0),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Flags {
    ascii: bool,
    ignore_case: bool,
    multi_line: bool,
    dot_all: bool,
    verbose: bool,
}

struct Parser<'r> {
    regex: &'r [char],
    position: usize,
    depth: usize,
    names: Vec<String>,
}

/// What was parsed last: it decides whether a quantifier may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    /// `^`, `$`, `\b`: Python does not repeat them.
    Anchor,
    Repeat,
    Item,
}

type Result<T> = std::result::Result<T, SyntaxError>;

/// Parses a regex, with the flag `x` set.
pub(super) fn parse(regex: &str) -> Result<Tree> {
    let regex: Vec<char> = regex.chars().collect();
    let mut parser = Parser {
        regex: &regex,
        position: 0,
        depth: 0,
        names: Vec::new(),
    };
    let mut flags = Flags {
        ascii: false,
        ignore_case: false,
        multi_line: false,
        dot_all: false,
        verbose: true,
    };
    let tree = parser.alternatives(&mut flags)?;
    match parser.peek() {
        None => Ok(tree),
        Some(_) => parser.error(parser.position, "unbalanced parenthesis"),
    }
}

impl Parser<'_> {
    fn error<T>(&self, position: usize, message: impl Into<String>) -> Result<T> {
        Err(SyntaxError {
            position,
            message: message.into(),
        })
    }

    fn peek(&self) -> Option<char> {
        self.regex.get(self.position).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.position += usize::from(next.is_some());
        next
    }

    fn eat(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        self.position += usize::from(found);
        found
    }

    /// Reads while characters are of a kind, and at most `max` of them.
    fn take_while(&mut self, max: usize, is: impl Fn(char) -> bool) -> String {
        let rest = &self.regex[self.position..];
        let taken: String = rest.iter().take(max).take_while(|&&c| is(c)).collect();
        self.position += taken.chars().count();
        taken
    }

    fn alternatives(&mut self, flags: &mut Flags) -> Result<Tree> {
        let mut parts = Vec::new();
        loop {
            let first = self.depth == 0 && parts.is_empty();
            let part = self.sequence(flags, first)?;
            parts.push(part);
            if !self.eat('|') {
                break;
            }
        }
        Ok(match parts.len() {
            1 => parts.remove(0),
            _ => Tree::Alternate(parts),
        })
    }

    /// Parses up to `|`, `)` or the end. `first`: flags for the whole regex may come here.
    fn sequence(&mut self, flags: &mut Flags, first: bool) -> Result<Tree> {
        let mut parts = Vec::new();
        let mut last = Last::Nothing;
        while let Some(c) = self.peek() {
            let start = self.position;
            if c == '|' || c == ')' {
                break;
            }
            self.position += 1;
            if flags.verbose && matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c') {
                continue;
            }
            if flags.verbose && c == '#' {
                self.comment()?;
                continue;
            }
            let part = match c {
                '\\' => {
                    let (part, kind) = self.escape(*flags)?;
                    last = kind;
                    part
                }
                '[' => {
                    last = Last::Item;
                    self.class(*flags)?
                }
                '.' => {
                    last = Last::Item;
                    Tree::Set(if flags.dot_all {
                        CharSet::default().negate()
                    } else {
                        CharSet::of(0x0a).negate()
                    })
                }
                '^' => {
                    last = Last::Anchor;
                    if flags.multi_line {
                        Tree::Alternate(vec![Tree::TextStart, behind(line_feed(), false)])
                    } else {
                        Tree::TextStart
                    }
                }
                '$' => {
                    last = Last::Anchor;
                    let end = if flags.multi_line {
                        Tree::Alternate(vec![Tree::Set(line_feed()), Tree::TextEnd])
                    } else {
                        let end = Tree::Concat(vec![Tree::Set(line_feed()), Tree::TextEnd]);
                        Tree::Alternate(vec![end, Tree::TextEnd])
                    };
                    Tree::Ahead {
                        body: Box::new(end),
                        negated: false,
                    }
                }
                '*' | '+' | '?' | '{' => match self.quantifier(c, start)? {
                    None => {
                        last = Last::Item;
                        self.literal(c, *flags)
                    }
                    Some((min, max)) => {
                        let body = match last {
                            Last::Nothing | Last::Anchor => {
                                return self.error(start, "nothing to repeat")
                            }
                            Last::Repeat => return self.error(start, "multiple repeat"),
                            Last::Item => Box::new(parts.pop().unwrap_or(Tree::EMPTY)),
                        };
                        last = Last::Repeat;
                        let lazy = self.eat('?');
                        let atomic = !lazy && self.eat('+');
                        // In Python, each iteration is atomic then, not only the loop.
                        let body = match *body {
                            Tree::Set(_) => body,
                            other if atomic => Box::new(Tree::Atomic(Box::new(other))),
                            other => Box::new(other),
                        };
                        let repeat = Tree::Repeat {
                            body,
                            min,
                            max,
                            lazy,
                        };
                        if atomic {
                            Tree::Atomic(Box::new(repeat))
                        } else {
                            repeat
                        }
                    }
                },
                '(' => match self.group(flags, first && parts.is_empty(), start)? {
                    None => continue,
                    Some(part) => {
                        last = Last::Item;
                        part
                    }
                },
                _ => {
                    last = Last::Item;
                    self.literal(c, *flags)
                }
            };
            parts.push(part);
        }
        Ok(match parts.len() {
            1 => parts.remove(0),
            _ => Tree::Concat(parts),
        })
    }

    /// Skips a comment. As in Python, a backslash before the line feed continues it.
    fn comment(&mut self) -> Result<()> {
        while let Some(c) = self.next() {
            match c {
                '\n' => break,
                '\\' if self.next().is_none() => {
                    return self.error(self.position - 1, "bad escape (end of pattern)")
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn literal(&self, c: char, flags: Flags) -> Tree {
        Tree::Set(fold(CharSet::of(u32::from(c)), flags))
    }

    /// Parses the rest of a quantifier. Returns `None` for a `{` that is a literal.
    fn quantifier(&mut self, c: char, start: usize) -> Result<Option<(u32, Option<u32>)>> {
        match c {
            '*' => return Ok(Some((0, None))),
            '+' => return Ok(Some((1, None))),
            '?' => return Ok(Some((0, Some(1)))),
            _ => {}
        }
        let after = self.position;
        if self.peek() == Some('}') {
            return Ok(None);
        }
        let low = self.take_while(usize::MAX, |c| c.is_ascii_digit());
        let high = if self.eat(',') {
            self.take_while(usize::MAX, |c| c.is_ascii_digit())
        } else {
            low.clone()
        };
        if !self.eat('}') {
            self.position = after;
            return Ok(None);
        }
        let number = |digits: &str| match digits.parse::<u32>() {
            Ok(number) if number < u32::MAX => Ok(number),
            _ => self.error(after, "the repetition number is too large"),
        };
        let min = if low.is_empty() { 0 } else { number(&low)? };
        let max = if high.is_empty() {
            None
        } else {
            Some(number(&high)?)
        };
        if max.is_some_and(|max| max < min) {
            return self.error(start, "min repeat greater than max repeat");
        }
        Ok(Some((min, max)))
    }

    /// Parses the rest of a group. Returns `None` for a comment and for flags.
    fn group(&mut self, flags: &mut Flags, first: bool, start: usize) -> Result<Option<Tree>> {
        if !self.eat('?') {
            return self.body(*flags, start).map(Some);
        }
        let Some(c) = self.next() else {
            return self.error(start, "unexpected end of pattern");
        };
        match c {
            ':' => self.body(*flags, start).map(Some),
            'P' => match self.next() {
                Some('<') => {
                    self.group_name()?;
                    self.body(*flags, start).map(Some)
                }
                Some('=') => self.error(start, "back-references are not supported"),
                _ => self.error(start, "unknown extension after (?P"),
            },
            '#' => loop {
                match self.next() {
                    None => return self.error(start, "missing ), unterminated comment"),
                    Some(')') => return Ok(None),
                    // Python reads a backslash and what follows as one.
                    Some('\\') if self.next().is_none() => {
                        return self.error(self.position - 1, "bad escape (end of pattern)")
                    }
                    Some(_) => {}
                }
            },
            '=' | '!' => {
                let body = Box::new(self.body(*flags, start)?);
                let negated = c == '!';
                Ok(Some(Tree::Ahead { body, negated }))
            }
            '<' => {
                let negated = match self.next() {
                    Some('=') => false,
                    Some('!') => true,
                    None => return self.error(start, "unexpected end of pattern"),
                    Some(c) => return self.error(start, format!("unknown extension ?<{c}")),
                };
                let body = Box::new(self.body(*flags, start)?);
                match body.width() {
                    // Of no width: what is behind is what is ahead.
                    (0, 0) => Ok(Some(Tree::Ahead { body, negated })),
                    (low, high) if low == high && low < u64::from(u32::MAX) => {
                        let width = low as u32;
                        Ok(Some(Tree::Behind {
                            body,
                            negated,
                            width,
                        }))
                    }
                    _ => self.error(start, "look-behind requires fixed-width pattern"),
                }
            }
            '>' => {
                let body = self.body(*flags, start)?;
                Ok(Some(Tree::Atomic(Box::new(body))))
            }
            '(' => self.error(start, "conditional groups are not supported"),
            '-' => self.flags(flags, c, first, start),
            c if c.is_ascii_alphabetic() => self.flags(flags, c, first, start),
            c => self.error(start, format!("unknown extension ?{c}")),
        }
    }

    fn group_name(&mut self) -> Result<()> {
        let start = self.position;
        let name = self.take_while(usize::MAX, |c| c != '>');
        if !self.eat('>') {
            return self.error(start, "missing >, unterminated name");
        }
        if name.is_empty() {
            return self.error(start, "missing group name");
        }
        if !is_identifier(&name) {
            return self.error(start, format!("bad character in group name {name:?}"));
        }
        if self.names.contains(&name) {
            return self.error(start, format!("redefinition of group name {name:?}"));
        }
        self.names.push(name);
        Ok(())
    }

    /// Parses alternatives and the parenthesis that closes them.
    fn body(&mut self, mut flags: Flags, start: usize) -> Result<Tree> {
        if self.depth == MAX_DEPTH {
            let message = format!("groups nest deeper than {MAX_DEPTH}");
            return self.error(start, message);
        }
        self.depth += 1;
        let body = self.alternatives(&mut flags)?;
        self.depth -= 1;
        if !self.eat(')') {
            return self.error(start, "missing ), unterminated subpattern");
        }
        Ok(body)
    }

    fn flags(
        &mut self,
        flags: &mut Flags,
        first_flag: char,
        first: bool,
        start: usize,
    ) -> Result<Option<Tree>> {
        let mut changed = *flags;
        let mut types = 0;
        let mut on = true;
        let mut some = false;
        let mut added = [false; 4];
        let mut c = first_flag;
        loop {
            match c {
                'i' | 'm' | 's' | 'x' => {
                    let (flag, number) = match c {
                        'i' => (&mut changed.ignore_case, 0),
                        'm' => (&mut changed.multi_line, 1),
                        's' => (&mut changed.dot_all, 2),
                        _ => (&mut changed.verbose, 3),
                    };
                    *flag = on;
                    if !on && added[number] {
                        return self.error(start, "bad inline flags: flag turned on and off");
                    }
                    added[number] |= on;
                    some = true;
                }
                'a' | 'u' if on => {
                    let ascii = c == 'a';
                    if types > 0 && changed.ascii != ascii {
                        let message = "bad inline flags: flags 'a' and 'u' are incompatible";
                        return self.error(start, message);
                    }
                    changed.ascii = ascii;
                    types += 1;
                    some = true;
                }
                'a' | 'u' => {
                    let message = "bad inline flags: cannot turn off flags 'a' and 'u'";
                    return self.error(start, message);
                }
                '-' if on => {
                    on = false;
                    some = false;
                }
                ':' if some => return self.body(changed, start).map(Some),
                ')' if on => {
                    if !first {
                        let message = "global flags not at the start of the expression";
                        return self.error(start, message);
                    }
                    *flags = changed;
                    return Ok(None);
                }
                ':' | ')' => return self.error(start, "missing flag"),
                c => return self.error(start, format!("unknown flag {c:?}")),
            }
            c = match self.next() {
                Some(c) => c,
                None => return self.error(start, "missing -, : or )"),
            };
        }
    }

    /// Parses what follows a backslash outside of a class.
    fn escape(&mut self, flags: Flags) -> Result<(Tree, Last)> {
        let start = self.position - 1;
        let Some(c) = self.next() else {
            return self.error(start, "bad escape (end of pattern)");
        };
        let tree = match c {
            'A' => return Ok((Tree::TextStart, Last::Anchor)),
            'Z' => return Ok((Tree::TextEnd, Last::Anchor)),
            'b' => return Ok((boundary(flags), Last::Anchor)),
            'B' => return Ok((no_boundary(flags), Last::Anchor)),
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => Tree::Set(category(c, flags)),
            '0' => {
                let digits = self.take_while(2, |c| c.is_digit(8));
                self.code(u32::from_str_radix(&digits, 8).unwrap_or(0), flags)
            }
            '1'..='9' => {
                let second = self.peek().filter(|c| c.is_digit(8));
                let third = self.regex.get(self.position + 1).copied();
                match (c.to_digit(8), second, third.and_then(|c| c.to_digit(8))) {
                    (Some(first), Some(second), Some(third)) => {
                        self.position += 2;
                        let second = second.to_digit(8).unwrap_or(0);
                        let code = first * 64 + second * 8 + third;
                        if code > 0o377 {
                            return self
                                .error(start, "octal escape value outside of range 0-0o377");
                        }
                        self.code(code, flags)
                    }
                    _ => return self.error(start, "back-references are not supported"),
                }
            }
            c => {
                let code = self.escaped_code(c, start)?;
                self.code(code, flags)
            }
        };
        Ok((tree, Last::Item))
    }

    fn code(&self, code: u32, flags: Flags) -> Tree {
        Tree::Set(fold(CharSet::of(code), flags))
    }

    /// Returns the code of an escape that is the same in classes and outside of them.
    fn escaped_code(&mut self, c: char, start: usize) -> Result<u32> {
        let code = match c {
            'a' => 0x07,
            'f' => 0x0c,
            'n' => 0x0a,
            'r' => 0x0d,
            't' => 0x09,
            'v' => 0x0b,
            'x' | 'u' | 'U' => {
                let length = match c {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let digits = self.take_while(length, |c| c.is_ascii_hexdigit());
                if digits.len() != length {
                    return self.error(start, format!("incomplete escape \\{c}{digits}"));
                }
                match u32::from_str_radix(&digits, 16) {
                    Ok(code) if code <= u32::from(char::MAX) => code,
                    _ => return self.error(start, format!("bad escape \\{c}{digits}")),
                }
            }
            'N' => return self.error(start, "names of characters are not supported"),
            c if c.is_ascii_alphanumeric() => {
                return self.error(start, format!("bad escape \\{c}"))
            }
            c => u32::from(c),
        };
        Ok(code)
    }

    /// Parses the rest of a class.
    fn class(&mut self, flags: Flags) -> Result<Tree> {
        let start = self.position - 1;
        let negated = self.eat('^');
        let mut ranges = Vec::new();
        let mut first = true;
        loop {
            let at = self.position;
            let Some(c) = self.next() else {
                return self.error(start, "unterminated character set");
            };
            if c == ']' && !first {
                break;
            }
            first = false;
            let low = self.class_item(c, at, flags)?;
            if !self.eat('-') {
                ranges.extend(low.ranges());
                continue;
            }
            let high_at = self.position;
            let high = match self.next() {
                None => return self.error(start, "unterminated character set"),
                Some(']') => {
                    ranges.extend(low.ranges());
                    ranges.push((0x2d, 0x2d));
                    break;
                }
                Some(c) => self.class_item(c, high_at, flags)?,
            };
            match (low, high) {
                (Item::Code(low), Item::Code(high)) if low <= high => ranges.push((low, high)),
                _ => {
                    let range: String = self.regex[at..self.position].iter().collect();
                    return self.error(at, format!("bad character range {range}"));
                }
            }
        }
        let set = fold(CharSet::from_ranges(&ranges), flags);
        Ok(Tree::Set(if negated { set.negate() } else { set }))
    }

    fn class_item(&mut self, c: char, at: usize, flags: Flags) -> Result<Item> {
        if c != '\\' {
            return Ok(Item::Code(u32::from(c)));
        }
        let Some(c) = self.next() else {
            return self.error(at, "bad escape (end of pattern)");
        };
        Ok(match c {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => Item::Category(category(c, flags)),
            'b' => Item::Code(0x08),
            '0'..='7' => {
                let digits = self.take_while(2, |c| c.is_digit(8));
                let code = u32::from_str_radix(&format!("{c}{digits}"), 8).unwrap_or(0);
                if code > 0o377 {
                    return self.error(at, "octal escape value outside of range 0-0o377");
                }
                Item::Code(code)
            }
            c => Item::Code(self.escaped_code(c, at)?),
        })
    }
}

/// A member of a class.
enum Item {
    Code(u32),
    Category(CharSet),
}

impl Item {
    fn ranges(&self) -> Vec<(u32, u32)> {
        match self {
            Item::Code(code) => vec![(*code, *code)],
            Item::Category(set) => set.ranges().to_vec(),
        }
    }
}

/// Returns whether Python takes the text for the name of a group.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic())
        && chars.all(|c| c == '_' || c.is_alphanumeric())
}

fn line_feed() -> CharSet {
    CharSet::of(0x0a)
}

fn fold(set: CharSet, flags: Flags) -> CharSet {
    if flags.ignore_case {
        set.fold_case(flags.ascii)
    } else {
        set
    }
}

/// Returns the set of `\d`, `\w`, `\s` or their complements.
fn category(c: char, flags: Flags) -> CharSet {
    static SETS: OnceLock<[CharSet; 12]> = OnceLock::new();
    let sets = SETS.get_or_init(|| {
        let ascii_space = CharSet::from_ranges(&[(0x09, 0x0d), (0x20, 0x20)]);
        let ascii = |table: &[(u32, u32)]| {
            let ranges = table.iter().filter(|range| range.1 < 0x80);
            CharSet::from_ranges(&ranges.copied().collect::<Vec<_>>())
        };
        // The separators 0x1c to 0x1f are white space in Unicode only.
        let (digit, word, space) = (ascii(DIGIT), ascii(WORD), ascii_space);
        let not = [&digit, &word, &space].map(CharSet::negate);
        let ascii = [digit, word, space].into_iter().chain(not);
        let (digit, word, space) = (DIGIT, WORD, SPACE);
        let sets = [digit, word, space].map(CharSet::from_ranges);
        let not = sets.each_ref().map(CharSet::negate);
        let mut all = sets.into_iter().chain(not).chain(ascii);
        std::array::from_fn(|_| all.next().unwrap_or_default())
    });
    let place = match c.to_ascii_lowercase() {
        'd' => 0,
        'w' => 1,
        _ => 2,
    };
    let negated = usize::from(c.is_ascii_uppercase());
    sets[place + 3 * negated + 6 * usize::from(flags.ascii)].clone()
}

fn ahead(set: CharSet, negated: bool) -> Tree {
    Tree::Ahead {
        body: Box::new(Tree::Set(set)),
        negated,
    }
}

fn behind(set: CharSet, negated: bool) -> Tree {
    Tree::Behind {
        body: Box::new(Tree::Set(set)),
        negated,
        width: 1,
    }
}

fn boundary(flags: Flags) -> Tree {
    let word = category('w', flags);
    Tree::Alternate(vec![
        Tree::Concat(vec![behind(word.clone(), false), ahead(word.clone(), true)]),
        Tree::Concat(vec![behind(word.clone(), true), ahead(word, false)]),
    ])
}

/// `\B`: as in Python before 3.14, it does not match in an empty text.
fn no_boundary(flags: Flags) -> Tree {
    let word = category('w', flags);
    let other = category('W', flags);
    Tree::Alternate(vec![
        Tree::Concat(vec![
            behind(word.clone(), false),
            ahead(word.clone(), false),
        ]),
        Tree::Concat(vec![behind(other.clone(), false), ahead(word, true)]),
        Tree::Concat(vec![Tree::TextStart, ahead(other, false)]),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(regex: &str) -> (usize, String) {
        let error = parse(regex).unwrap_err();
        (error.position, error.message)
    }

    #[test]
    fn faults_have_a_position() {
        let rows: &[(&str, usize, &str)] = &[
            ("a(b", 1, "missing ), unterminated subpattern"),
            ("a)b", 1, "unbalanced parenthesis"),
            ("*a", 0, "nothing to repeat"),
            ("a|*", 2, "nothing to repeat"),
            (r"\b+", 2, "nothing to repeat"),
            ("a**", 2, "multiple repeat"),
            ("a+ ?", 3, "multiple repeat"),
            ("a{3,2}", 1, "min repeat greater than max repeat"),
            ("a{99999999999}", 2, "the repetition number is too large"),
            ("é[a", 1, "unterminated character set"),
            ("[b-a]", 1, "bad character range b-a"),
            (r"[\d-z]", 1, r"bad character range \d-z"),
            (r"a\", 1, "bad escape (end of pattern)"),
            (r"\q", 0, r"bad escape \q"),
            (r"\x1", 0, r"incomplete escape \x1"),
            (r"\U00110000", 0, r"bad escape \U00110000"),
            (r"\777", 0, "octal escape value outside of range 0-0o377"),
            (r"(a)\1", 3, "back-references are not supported"),
            ("(?P=a)", 0, "back-references are not supported"),
            ("(?(1)a)", 0, "conditional groups are not supported"),
            (r"\N{DIGIT ONE}", 0, "names of characters are not supported"),
            ("(?P<1>a)", 4, "bad character in group name \"1\""),
            ("(?P<a>.)(?P<a>.)", 12, "redefinition of group name \"a\""),
            ("(?<=a*)", 0, "look-behind requires fixed-width pattern"),
            (
                "a(?i)",
                1,
                "global flags not at the start of the expression",
            ),
            ("(?q)", 0, "unknown flag 'q'"),
            ("(?i-i:a)", 0, "bad inline flags: flag turned on and off"),
            (
                "(?au:a)",
                0,
                "bad inline flags: flags 'a' and 'u' are incompatible",
            ),
            ("(?-:a)", 0, "missing flag"),
            ("(?<a", 0, "unknown extension ?<a"),
            ("(?", 0, "unexpected end of pattern"),
            ("(?#", 0, "missing ), unterminated comment"),
        ];
        for (regex, position, message) in rows {
            assert_eq!(error(regex), (*position, (*message).to_owned()), "{regex}");
        }
        let deep = "(".repeat(1000);
        assert_eq!(error(&deep).1, "groups nest deeper than 100");
    }

    #[test]
    fn equal_regexes_have_equal_trees() {
        let rows: &[(&str, &str)] = &[
            (" a b # comment\n c", "abc"),
            ("a # \\\n b\n c", "ac"),
            (r"a\ b", "a[ ]b"),
            ("a +", "a+"),
            ("a{,3}", "a{0,3}"),
            ("a{,}", "a*"),
            ("a{}", r"a\{\}"),
            ("a{x}", r"a\{x\}"),
            ("(?P<n>a)", "(?:a)"),
            ("(?#c)a", "a"),
            ("(?-x: a)", "[ ]a"),
            ("(?i:a)", "[aA]"),
            ("(?i:[^a])", "[^aA]"),
            ("(?i)a|b", "[aA]|[bB]"),
            ("(?s:.)", r"[\s\S]"),
            (r"(?a:\w)", "[a-zA-Z0-9_]"),
            (r"(?a:\s)", r"[ \t-\r]"),
            (r"[]a]", r"[a\]]"),
            (r"[a-]", r"[\-a]"),
            (r"[\b]", r"\x08"),
            (r"\101\x41\u0041\U00000041\0", r"AAAA\x00"),
            ("(?<=)a", "(?=)a"),
        ];
        for (left, right) in rows {
            assert_eq!(parse(left), parse(right), "{left} and {right}");
        }
    }
}
