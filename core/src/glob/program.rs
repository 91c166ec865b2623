//! Compiles globs to short programs over bytes, which replace the regex of nearly all globs.
//!
//! A glob is compiled once, in two steps:
//!
//! ```text
//! glob           **/node_modules/*.{js,ts}
//!
//! tokens         LeadingDirs  n o d e _ m o d u l e s /  Star  .  Choice [j s] [t s]
//!
//! instructions   LeadingDirs           any number of directories      regex: (?:/?|.*/)
//!                Text "node_modules/"
//!                Run  not '/'          as many as there are           regex: [^/]*
//!                Text ".js"
//!                                      and another row with ".ts"
//! ```
//!
//! Each choice of a brace becomes a row of instructions. The matcher tries the instructions of a
//! row from the left, and backtracks to the last `Run` or `Dirs` that has another choice. It
//! searches for a text that follows such an instruction, so there are few choices. If they exceed
//! [`BUDGET`], the [`Simulation`] takes over. Its time is at most the product of both lengths
//! divided by 256.
//!
//! The definition of a glob is the regex that `globset` makes from it ([`LazyRegex`]). The regex is
//! used for globs that have no program: those with too many choices in braces, or with choices that
//! begin or end with directories beside a star. A glob without braces always has a program. Building
//! a regex takes tens of microseconds and kilobytes, so it is built on first use.
//!
//! Special cases, each with a test: a `*` does not match a line feed, but a `*` that stops at
//! slashes does; a `**` that is not a whole segment is two `*`; `/**` requires its slash; classes
//! match `/` and line feeds.
//!
//! [`LazyRegex`]: super::lazy_regex::LazyRegex

use memchr::memmem;
use once_cell::race::OnceBox;

use super::instruction::{ByteSet, Instruction};
use super::pairs::Pairs;
use super::simulation::Simulation;
use super::syntax::Syntax;
use super::token::{self, Token};
use crate::shortcut::Shortcut;

/// The number of instructions that a match may try before the simulation takes over. Long values
/// have a larger budget.
const BUDGET: usize = 2_000;

/// The number of bytes that can be searched or compared in the time of an instruction.
const BYTES: usize = 128;

/// The maximum number of instructions of a row for the recursive matcher, which limits the use of
/// the stack.
const MAX_INSTRUCTIONS: usize = 64;

/// The maximum number of rows of a program: with more choices the regex is faster.
const MAX_ROWS: usize = 32;

/// The maximum size in bytes of all rows of a program if there are several rows, which repeat the
/// text around a brace.
const MAX_ROW_BYTES: usize = 256 << 10;

/// A valid glob, compiled if possible.
pub(crate) enum Program {
    /// Rows of instructions. A value matches if it matches one of them.
    Rows(Box<[Row]>),
    /// The glob has no program, and the regex matches it.
    Regex,
}

/// A sequence of instructions.
pub(crate) struct Row {
    instructions: Box<[Instruction]>,
    // If two threads need it at once, both build it and one is kept, without a lock.
    simulation: OnceBox<Simulation>,
}

/// A text that every matching value contains, and its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Anchor<'a> {
    /// At the front.
    Head(&'a [u8]),
    /// At the end.
    Tail(&'a [u8]),
    /// Anywhere.
    Inside(&'a [u8]),
}

impl Program {
    /// Compiles a valid glob.
    pub(crate) fn new(glob: &str, syntax: Syntax) -> Self {
        let Ok(tokens) = token::parse(glob) else {
            return Self::Regex;
        };
        // A glob that consists only of directories matches everything, with or without a slash.
        let everything = [Token::Star];
        let (tokens, syntax) = match &tokens[..] {
            [Token::LeadingDirs] => (
                &everything[..],
                Syntax {
                    separators: false,
                    ..syntax
                },
            ),
            tokens => (tokens, syntax),
        };
        if !tokens.iter().any(|token| matches!(token, Token::Choice(_))) {
            let row = compile(tokens.iter(), syntax);
            return row.map_or(Self::Regex, |row| Self::Rows([row].into()));
        }
        rows(tokens)
            .filter(|rows| rows.len() == 1 || rows.len() * glob.len() <= MAX_ROW_BYTES)
            .and_then(|rows| {
                let compiled = rows.iter().map(|row| compile(row.iter().copied(), syntax));
                compiled.collect::<Option<Box<[_]>>>()
            })
            .map_or(Self::Regex, Self::Rows)
    }

    /// Returns the value, if only one value matches.
    pub(crate) fn literal(&self) -> Option<&[u8]> {
        match self {
            Self::Rows(rows) => match &rows[..] {
                [row] => match &row.instructions[..] {
                    [] => Some(b""),
                    [Instruction::Text(text)] => Some(text),
                    _ => None,
                },
                _ => None,
            },
            Self::Regex => None,
        }
    }

    /// Returns whether the whole value matches, in one of its forms; `None` if the glob has no
    /// program.
    #[inline]
    pub(crate) fn is_match(&self, value: &Value<'_>) -> Option<bool> {
        let Self::Rows(rows) = self else {
            return None;
        };
        let mut budget = BUDGET + value.folded.len() / 8;
        for row in rows {
            if row.is_match(value.folded, &mut budget) {
                return Some(true);
            }
            if let Some(rooted) = value.rooted {
                if row.is_match(rooted, &mut budget) {
                    return Some(true);
                }
            }
        }
        Some(false)
    }

    /// Returns a substring test for values without a line feed.
    pub(crate) fn shortcut(&self) -> Shortcut {
        use Instruction::{LeadingDirs, MiddleDirs, One, Run, Text};
        let Some([row]) = self.rows() else {
            return Shortcut::needs(String::new());
        };
        // Texts begin and end between characters, since wildcards do.
        let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        match &row.instructions[..] {
            [] => Shortcut::one("\n", "\n\n".to_owned(), "\n"),
            [Text(all)] => Shortcut::one("\n", format!("\n{}\n", text(all)), "\n"),
            [Text(head), Run(bytes)] if bytes.has_slash() => {
                Shortcut::one("\n", format!("\n{}", text(head)), "")
            }
            [Run(bytes), Text(tail)] if bytes.has_slash() => {
                Shortcut::one("", format!("{}\n", text(tail)), "\n")
            }
            [Text(head), Run(bytes), Text(tail)] if bytes.has_slash() => {
                Shortcut::affixes(text(head), text(tail))
            }
            [Run(before), Text(inside), Run(after)] if before.has_slash() && after.has_slash() => {
                Shortcut::one("", text(inside), "")
            }
            // Any number of directories and a part of a name are any text.
            [LeadingDirs(_), Run(_), Text(tail)] => {
                Shortcut::one("", format!("{}\n", text(tail)), "\n")
            }
            [Text(head), MiddleDirs(_), Run(_)] => {
                Shortcut::one("\n", format!("\n{}/", text(head)), "")
            }
            [Text(head), MiddleDirs(_), Run(_), Text(tail)] => {
                Shortcut::affixes(text(head) + "/", text(tail))
            }
            [LeadingDirs(_), Text(tail)] => Shortcut::one("/", format!("/{}\n", text(tail)), "\n"),
            [LeadingDirs(_), Text(inside), Run(bytes)] if bytes.has_slash() => {
                Shortcut::one("/", format!("/{}", text(inside)), "")
            }
            row => {
                let texts = row.iter().filter_map(|instruction| match instruction {
                    Text(text) => Some(text),
                    One(_) | Run(_) | LeadingDirs(_) | MiddleDirs(_) => None,
                });
                let longest = texts.max_by_key(|text| text.len());
                Shortcut::needs(longest.map_or_else(String::new, |longest| text(longest)))
            }
        }
    }

    fn rows(&self) -> Option<&[Row]> {
        match self {
            Self::Rows(rows) => Some(rows),
            Self::Regex => None,
        }
    }

    /// Returns the pairs of bytes that every matching value contains.
    pub(crate) fn pairs(&self) -> Pairs {
        let Some(rows) = self.rows() else {
            return Pairs::NONE;
        };
        let of_row = |row: &Row| {
            let texts = row
                .instructions
                .iter()
                .filter_map(|instruction| match instruction {
                    Instruction::Text(text) => Some(Pairs::of(text)),
                    _ => None,
                });
            texts.fold(Pairs::NONE, Pairs::union)
        };
        let rows = rows.iter().map(of_row);
        rows.reduce(Pairs::intersection).unwrap_or(Pairs::NONE)
    }

    /// Returns for each row the texts that every value matching it contains; `None` if they are not
    /// known.
    pub(crate) fn anchors(&self) -> Option<Vec<Vec<Anchor<'_>>>> {
        match self {
            Self::Rows(rows) => Some(rows.iter().map(|row| anchors(&row.instructions)).collect()),
            Self::Regex => None,
        }
    }
}

impl Row {
    /// Returns whether the whole value matches.
    #[inline]
    fn is_match(&self, value: &[u8], budget: &mut usize) -> bool {
        if self.instructions.len() <= MAX_INSTRUCTIONS {
            if let Some(found) = run(&self.instructions, value, budget) {
                return found;
            }
        }
        self.simulate(value)
    }

    #[cold]
    fn simulate(&self, value: &[u8]) -> bool {
        let simulation = || Box::new(Simulation::new(&self.instructions));
        self.simulation.get_or_init(simulation).is_match(value)
    }
}

fn anchors(row: &[Instruction]) -> Vec<Anchor<'_>> {
    let last = row.len().saturating_sub(1);
    let anchors = row
        .iter()
        .enumerate()
        .filter_map(|(at, instruction)| match instruction {
            Instruction::Text(text) if at == 0 => Some(Anchor::Head(text)),
            Instruction::Text(text) if at == last => Some(Anchor::Tail(text)),
            Instruction::Text(text) => Some(Anchor::Inside(text)),
            _ => None,
        });
    anchors.collect()
}

/// A value in the forms for which a program is tried.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    /// In lower case (ASCII) if the syntax folds case; else unchanged.
    pub(crate) folded: &'a [u8],
    /// The same with a slash in front, if that form may match as well.
    pub(crate) rooted: Option<&'a [u8]>,
}

impl<'a> Value<'a> {
    /// Makes a value with one form.
    pub(crate) fn new(folded: &'a [u8]) -> Self {
        Self {
            folded,
            rooted: None,
        }
    }

    /// Returns the longest form. It contains every text that a pattern can require.
    pub(crate) fn widest(&self) -> &'a [u8] {
        self.rooted.unwrap_or(self.folded)
    }
}

/// Runs instructions on a value; `None` if the budget is spent.
fn run(row: &[Instruction], mut value: &[u8], budget: &mut usize) -> Option<bool> {
    for (at, instruction) in row.iter().enumerate() {
        *budget = budget.checked_sub(1)?;
        let rest = &row[at + 1..];
        match instruction {
            Instruction::Text(text) => {
                *budget = budget.checked_sub(text.len() / BYTES)?;
                match value.strip_prefix(&text[..]) {
                    Some(after) => value = after,
                    None => return Some(false),
                }
            }
            Instruction::One(bytes) => match value.split_first() {
                Some((&byte, after)) if bytes.contains(byte) => value = after,
                _ => return Some(false),
            },
            Instruction::Run(bytes) => {
                *budget = budget.checked_sub(value.len() / BYTES)?;
                return run_after(bytes.span(value), rest, value, budget);
            }
            Instruction::LeadingDirs(bytes) => {
                if run(rest, value, budget)? {
                    return Some(true);
                }
                return run_in_dirs(bytes, rest, value, budget);
            }
            Instruction::MiddleDirs(bytes) => {
                let Some(inside) = value.strip_prefix(b"/") else {
                    return Some(false);
                };
                if run(rest, inside, budget)? {
                    return Some(true);
                }
                return run_in_dirs(bytes, rest, inside, budget);
            }
        }
    }
    Some(value.is_empty())
}

/// Runs `rest` after each possible length, up to `longest`, of the instruction before it.
fn run_after(
    longest: usize,
    rest: &[Instruction],
    value: &[u8],
    budget: &mut usize,
) -> Option<bool> {
    match rest.first() {
        None => Some(longest == value.len()),
        Some(Instruction::Text(text)) if rest.len() == 1 => Some(
            // The last text must be at the end of the value.
            value.len() >= text.len()
                && value.len() - text.len() <= longest
                && value.ends_with(text),
        ),
        Some(Instruction::Text(text)) => {
            let window = &value[..value.len().min(longest + text.len())];
            let mut from = 0;
            while let Some(found) = memmem::find(&window[from..], text) {
                *budget = budget.checked_sub((found + text.len()) / BYTES)?;
                let start = from + found;
                if run(&rest[1..], &value[start + text.len()..], budget)? {
                    return Some(true);
                }
                from = start + 1; // not after the text, because it can overlap itself
            }
            Some(false)
        }
        Some(_) => {
            for start in 0..=longest {
                if run(rest, &value[start..], budget)? {
                    return Some(true);
                }
            }
            Some(false)
        }
    }
}

/// Runs `rest` after each slash that has only `bytes` before it.
fn run_in_dirs(
    bytes: &ByteSet,
    rest: &[Instruction],
    value: &[u8],
    budget: &mut usize,
) -> Option<bool> {
    let reach = bytes.span(value);
    for slash in memchr::memchr_iter(b'/', &value[..reach]) {
        if run(rest, &value[slash + 1..], budget)? {
            return Some(true);
        }
    }
    Some(false)
}

/// Expands the braces of a glob to one row of tokens for each choice; `None` if there are too many.
fn rows(tokens: &[Token]) -> Option<Vec<Vec<&Token>>> {
    let mut rows = vec![Vec::new()];
    for token in tokens {
        match token {
            // A brace without choices is empty.
            Token::Choice(choices) if choices.is_empty() => {}
            Token::Choice(choices) => {
                if rows.len() * choices.len() > MAX_ROWS {
                    return None;
                }
                let mut longer = Vec::with_capacity(rows.len() * choices.len());
                for row in &rows {
                    for choice in choices {
                        longer.push(row.iter().copied().chain(choice).collect());
                    }
                }
                rows = longer;
            }
            token => rows.iter_mut().for_each(|row| row.push(token)),
        }
    }
    Some(rows)
}

/// Compiles a row of tokens without braces; `None` if only the regex can match it.
fn compile<'t>(tokens: impl ExactSizeIterator<Item = &'t Token>, syntax: Syntax) -> Option<Row> {
    // The bytes that a dot of the regex matches, and those that a wildcard matches.
    let dot = || {
        if syntax.newlines {
            ByteSet::All
        } else {
            ByteSet::Dot
        }
    };
    let wild = || {
        if syntax.separators {
            ByteSet::NotSlash
        } else {
            dot()
        }
    };
    let mut row = Vec::new();
    let mut text: Vec<u8> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let instruction = match token {
            Token::Byte(byte) => {
                text.push(if syntax.fold_case {
                    byte.to_ascii_lowercase()
                } else {
                    *byte
                });
                continue;
            }
            Token::Class(class) => {
                let bytes = ByteSet::from_class(class, syntax.fold_case);
                // Others are parts of characters, and texts are whole ones.
                if let Some(byte) = bytes.single().filter(u8::is_ascii) {
                    text.push(byte);
                    continue;
                }
                Instruction::One(bytes)
            }
            Token::One => Instruction::One(wild()),
            Token::Star => Instruction::Run(wild()),
            Token::LeadingDirs => Instruction::LeadingDirs(dot()),
            Token::MiddleDirs => Instruction::MiddleDirs(dot()),
            Token::TrailingDirs => {
                text.push(b'/');
                Instruction::Run(dot())
            }
            Token::Choice(_) => return None,
        };
        if !text.is_empty() {
            row.push(Instruction::Text(text.as_slice().into()));
            text.clear();
        }
        match (row.last(), &instruction) {
            // Consecutive stars match the same as one star.
            (Some(Instruction::Run(one)), Instruction::Run(other)) => {
                if one != other {
                    return None;
                }
            }
            // A choice of a brace can begin with directories.
            (Some(_), Instruction::LeadingDirs(_)) => return None,
            _ => row.push(instruction),
        }
    }
    if !text.is_empty() {
        row.push(Instruction::Text(text.as_slice().into()));
    }
    Some(Row {
        instructions: row.into(),
        simulation: OnceBox::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glob::LazyRegex;
    use crate::testing::{at_least, cases, processor_time, slow_cases, Random};

    /// The rows of a glob, one a line: texts in quotes, `.` any byte, `!n` no line feed, `!/`
    /// no slash, `[ab]` one of a class; `?` one of these and `*` any number.
    fn shown(glob: &str, syntax: Syntax) -> String {
        let set = |bytes: &ByteSet| match bytes {
            ByteSet::All => ".".to_owned(),
            ByteSet::Dot => "!n".to_owned(),
            ByteSet::NotSlash => "!/".to_owned(),
            ByteSet::Listed(_) => {
                let listed = (b' '..=b'~').filter(|&byte| bytes.contains(byte));
                format!("[{}]", listed.map(char::from).collect::<String>())
            }
        };
        let instruction = |instruction: &Instruction| match instruction {
            Instruction::Text(text) => format!("{:?}", String::from_utf8_lossy(text)),
            Instruction::One(bytes) => format!("{}?", set(bytes)),
            Instruction::Run(bytes) => format!("{}*", set(bytes)),
            Instruction::LeadingDirs(bytes) => format!("leading({})", set(bytes)),
            Instruction::MiddleDirs(bytes) => format!("middle({})", set(bytes)),
        };
        let row = |row: &Row| {
            row.instructions
                .iter()
                .map(instruction)
                .collect::<Vec<_>>()
                .join(" ")
        };
        match Program::new(glob, syntax) {
            Program::Rows(rows) => rows.iter().map(row).collect::<Vec<_>>().join("\n"),
            Program::Regex => "regex".to_owned(),
        }
    }

    const NAME: Syntax = Syntax {
        separators: false,
        fold_case: false,
        newlines: false,
    };
    const PATH: Syntax = Syntax {
        separators: true,
        fold_case: true,
        newlines: false,
    };
    const TEXT: Syntax = Syntax {
        newlines: true,
        ..NAME
    };

    #[test]
    fn a_glob_has_these_instructions() {
        for (glob, syntax, expected) in [
            ("", NAME, ""),
            ("a?b*", NAME, r#""a" !n? "b" !n*"#),
            ("a?b*", PATH, r#""a" !/? "b" !/*"#),
            ("a?b*", TEXT, r#""a" .? "b" .*"#),
            ("aB[C]", NAME, r#""aBC""#),
            ("aB[C]", PATH, r#""abc""#),
            ("[aB]", PATH, "[ab]?"),
            ("[Y-b]", PATH, "[[\\]^_`abyz]?"),
            ("**", PATH, "!n*"),
            ("**", TEXT, ".*"),
            ("**/a", PATH, r#"leading(!n) "a""#),
            ("a/**/b", PATH, r#""a" middle(!n) "b""#),
            ("a/**", PATH, r#""a/" !n*"#),
            ("a/{**,b/**}", PATH, "\"a/\" !/*\n\"a/b/\" !n*"),
            ("{a,b}{c,d}", NAME, "\"ac\"\n\"ad\"\n\"bc\"\n\"bd\""),
            ("{,}a}", NAME, r#""a""#),
            ("*{a,/b}*", PATH, "!/* \"a\" !/*\n!/* \"/b\" !/*"),
            ("[é!-#]", NAME, "[!\"#]?"),
        ] {
            assert_eq!(shown(glob, syntax), expected, "{glob}");
        }
        assert_eq!(shown(&"{a,b}".repeat(6), NAME), "regex");
        assert_eq!(shown("a{b,**/c}", PATH), "regex");
        assert_eq!(shown("{/**,a}*", PATH), "regex");
    }

    /// Positions of many words, where low ones and high ones are left behind.
    #[test]
    fn long_rows_match_what_their_regex_matches() {
        const PIECES: [&str; 12] = [
            "*", "?", "a", "b", "/", "[ab]", "[!a]", "/**/", "\n", "aaaa", "????", "*a*",
        ];
        const VALUES: [&str; 9] = ["a", "a", "b", "b", "/", "\n", "aaaa", "ab", "ba"];
        let mut random = Random::new(22);
        let mut matched = 0;
        for _ in 0..cases(1_000) / 3 {
            let syntax = Syntax {
                separators: random.one_in(2),
                ..NAME
            };
            // A pattern made of a value, so that it matches now and then.
            let len = 60 + random.0.usize(..200);
            let mut glob = String::new();
            let mut value = String::new();
            for _ in 0..len {
                let text = *random.pick(&VALUES);
                value += text;
                glob += match random.0.usize(..12) {
                    0 if !matches!(text, "/" | "\n") => "*",
                    1 if text.len() == 1 => "?",
                    2 if text == "a" => "[ab]",
                    3 if text == "b" => "[!a]",
                    4 if text == "/" => "/**/",
                    5 if random.one_in(99) => *random.pick(&PIECES),
                    _ => text,
                };
            }
            let program = Program::new(&glob, syntax);
            let regex = LazyRegex::default();
            let regex = regex.get(|| &glob, syntax).unwrap();
            for cut in [0, 1, value.len() / 2] {
                let value = &value.as_bytes()[cut..];
                let expected = regex.is_match(value);
                matched += usize::from(expected);
                for row in program.rows().unwrap() {
                    assert_eq!(row.simulate(value), expected, "{glob:?} on {value:?}");
                }
                assert_eq!(program.is_match(&Value::new(value)), Some(expected));
            }
        }
        assert!(matched > 50, "{matched}");
    }

    /// A position goes from word to word and leaves nothing behind.
    #[test]
    fn the_words_beside_the_reached_ones_are_clear() {
        for count in [1, 63, 64, 65, 130, 200] {
            let glob = "?".repeat(count);
            let program = Program::new(&glob, NAME);
            for len in 0..count + 8 {
                let found = program.rows().unwrap()[0].simulate("a".repeat(len).as_bytes());
                assert_eq!(found, len == count, "{count} on {len}");
            }
        }
    }

    #[test]
    fn no_pattern_takes_the_product_of_the_lengths() {
        let len = 16_384;
        for (glob, value) in [
            ("?*".repeat(len / 2), "a".repeat(len)),
            ("*a".repeat(len / 2), "a".repeat(len)),
            ("*a".repeat(len / 2) + "b", "a".repeat(len)),
            (format!("*{}b*", "a?".repeat(len / 4)), "a".repeat(len)),
            (
                format!("*{}b*", "[ab][!b]".repeat(len / 20)),
                "a".repeat(len),
            ),
            (format!("{}b", "*a*".repeat(20)), "a".repeat(len)),
            ("*[é]".repeat(len / 5), "é".repeat(len / 2)),
            (
                format!("{}b", "**/a*".repeat(len / 8)),
                "a/".repeat(len / 2),
            ),
        ] {
            for syntax in [NAME, PATH] {
                let program = Program::new(&glob, syntax);
                let start = processor_time();
                assert!(program.is_match(&Value::new(value.as_bytes())).is_some());
                // 2 ms where it is optimised, and seconds if it were the product.
                let taken = processor_time() - start;
                assert!(taken.as_millis() < 1_000, "{}: {taken:?}", &glob[..9]);
            }
        }
    }

    #[test]
    fn only_braces_need_a_regex() {
        const PIECES: [&str; 18] = [
            "*", "**", "/", "/**/", "**/", "/**", "?", "a", "[ab]", "[!a]", "[é]", "[!_-é]",
            "[¢-é]", "é", "\\*", "\n", "[^/]", "[*]",
        ];
        let mut random = Random::new(23);
        for _ in 0..cases(20_000) {
            let glob = random.concat(&PIECES, 7);
            for syntax in [NAME, PATH, TEXT] {
                if syntax.regex_source(&glob).is_ok() {
                    let program = Program::new(&glob, syntax);
                    assert!(matches!(program, Program::Rows(_)), "{glob:?} {syntax:?}");
                }
            }
        }
    }

    #[test]
    fn only_what_has_one_value_is_literal() {
        let literal = |glob, syntax| Program::new(glob, syntax).literal().map(<[u8]>::to_vec);
        assert_eq!(literal("", NAME), Some(b"".to_vec()));
        assert_eq!(literal("a[*]b", NAME), Some(b"a*b".to_vec()));
        assert_eq!(literal("a{b}", NAME), Some(b"ab".to_vec()));
        assert_eq!(literal("a{b,c}", NAME), None);
        assert_eq!(literal("a?", NAME), None);
    }

    /// The syntax of rules folds case, and their patterns come as they were written.
    #[test]
    fn a_program_matches_what_its_regex_matches() {
        const PIECES: [&str; 16] = [
            "*", "**/", "/**", "/**/", "?", "a", "B", "/", "[A-_]", "[Y-b]", "[!A]", "\n", "_",
            "{A,b/}", "{**/,B}", "[",
        ];
        const VALUES: [&str; 6] = ["a", "b", "/", "_", "\n", "["];
        let mut random = Random::new(21);
        let mut decided = 0;
        for _ in 0..slow_cases(20_000) {
            let glob = random.concat(&PIECES, 6);
            let syntax = Syntax {
                separators: random.one_in(2),
                fold_case: random.one_in(2),
                newlines: random.one_in(2),
            };
            let program = Program::new(&glob, syntax);
            if syntax.regex_source(&glob).is_err() {
                assert!(matches!(program, Program::Regex), "{glob:?}");
                continue;
            }
            let regex = LazyRegex::default();
            let regex = regex.get(|| &glob, syntax).unwrap();
            for _ in 0..4 {
                let value = random.concat(&VALUES, 7);
                let value = value.as_bytes();
                let found = program.is_match(&Value::new(value));
                assert!(found != Some(true) || Pairs::of(value).may_have(program.pairs()));
                decided += usize::from(found.is_some());
                let expected = regex.is_match(value);
                assert_eq!(
                    found.unwrap_or(expected),
                    expected,
                    "{glob:?} {syntax:?} on {value:?}"
                );
                if let Some(rows) = program.rows() {
                    let simulated = rows.iter().any(|row| row.simulate(value));
                    assert_eq!(
                        simulated, expected,
                        "simulated {glob:?} {syntax:?} on {value:?}"
                    );
                }
            }
        }
        assert!(decided > at_least(30_000), "{decided}");
    }
}
