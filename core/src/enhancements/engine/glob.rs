//! Globs as short programs over bytes, for nearly all patterns a stand-in for a regex.
//!
//! A glob is cut into steps once:
//!
//! ```text
//! **/node_modules/*.js
//!    Into          any number of directories, or none       regex: (?:/?|.*/)
//!    Text "node_modules/"
//!    Run  not '/'  as many as you like                       regex: [^/]*
//!    Text ".js"
//! ```
//!
//! Matching tries the steps from the left and goes back to the last `Run` or
//! `Into` that has another choice. A text that follows such a step is searched
//! for, so the choices are few; where they still get too many, [`BUDGET`] ends it.
//!
//! The definition is the regex that `globset` makes of the glob ([`Pattern`]). It
//! also takes over for what has no steps here (classes beyond ASCII, braces next to stars) or
//! too many, and where the budget is spent. Braces become one program for each choice. A regex takes tens of
//! microseconds and kilobytes to build, so that happens on first use.
//!
//! Traps, each with a test: a lone `*` never matches a line break, one in a path
//! does; `**` that is no whole segment is two `*`; `/**` needs its slash; classes
//! match `/` and line breaks.

use memchr::{memchr, memmem};

use crate::enhancements::pattern::{Dialect, Pattern};

/// How many steps a match may try before the regex takes over.
const BUDGET: u32 = 2_000;

/// How many steps a program may have. Matching is recursive, and a stack is not endless.
const LONGEST: usize = 64;

/// A compiled glob.
pub(super) struct Glob {
    pattern: Pattern,
    program: Program,
}

enum Program {
    /// The glob is not valid.
    Never,
    /// One of these must match.
    Any(Box<[Box<[Step]>]>),
    Regex,
}

/// One step of a program.
enum Step {
    /// These bytes.
    Text(Box<[u8]>),
    /// One byte.
    One(Bytes),
    /// Any number of bytes (`*`).
    Run(Bytes),
    /// A first `**/`: nothing, a slash, or whatever ends in a slash.
    Into,
    /// A `/**/`: a slash, or whatever begins and ends with one.
    Within,
    /// A last `/**`: a slash and whatever follows.
    Below,
}

/// A set of bytes.
enum Bytes {
    /// All but a line feed.
    Dot,
    /// All but a slash.
    NotSlash,
    /// As listed: bit `b % 64` of word `b / 64`.
    Listed(Box<[u64; 4]>),
}

impl Bytes {
    fn contains(&self, byte: u8) -> bool {
        match self {
            Self::Dot => byte != b'\n',
            Self::NotSlash => byte != b'/',
            Self::Listed(bits) => bits[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1,
        }
    }

    /// How many bytes at the front of `value` are in the set.
    fn span(&self, value: &[u8]) -> usize {
        let end = match self {
            Self::Dot => memchr(b'\n', value),
            Self::NotSlash => memchr(b'/', value),
            Self::Listed(_) => value.iter().position(|&byte| !self.contains(byte)),
        };
        end.unwrap_or(value.len())
    }
}

/// A text that every matching value has, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor<'a> {
    /// At its front.
    Head(&'a [u8]),
    /// At its end.
    Tail(&'a [u8]),
    /// Anywhere.
    Inside(&'a [u8]),
}

impl Glob {
    pub(super) fn new(pattern: &Pattern) -> Self {
        let program = if pattern.validate().is_err() {
            Program::Never
        } else {
            choices(&pattern.normalized())
                .and_then(|globs| {
                    let compiled = globs.iter().map(|glob| compile(glob, pattern.dialect()));
                    compiled.collect::<Option<Box<[_]>>>()
                })
                .map_or(Program::Regex, Program::Any)
        };
        Self {
            pattern: pattern.clone(),
            program,
        }
    }

    /// Whether no value matches, because the glob is not valid.
    pub(super) fn is_never(&self) -> bool {
        matches!(self.program, Program::Never)
    }

    /// The value, if there is only one that matches.
    pub(super) fn literal(&self) -> Option<&[u8]> {
        match &self.program {
            Program::Any(choices) => match &choices[..] {
                [steps] => match &steps[..] {
                    [] => Some(b""),
                    [Step::Text(text)] => Some(text),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the whole value matches.
    pub(super) fn is_match(&self, value: &Value<'_>) -> bool {
        match &self.program {
            Program::Never => false,
            Program::Regex => self.pattern.is_match(value.raw),
            Program::Any(choices) => {
                let mut budget = BUDGET;
                for steps in choices {
                    let found = match run(steps, value.folded, &mut budget) {
                        Some(false) => value
                            .rooted
                            .map_or(Some(false), |rooted| run(steps, rooted, &mut budget)),
                        found => found,
                    };
                    match found {
                        Some(false) => {}
                        Some(true) => return true,
                        None => return self.pattern.is_match(value.raw),
                    }
                }
                false
            }
        }
    }

    /// For each choice, texts that every value matching it has; `None` if that is not known.
    pub(super) fn anchors(&self) -> Option<Vec<Vec<Anchor<'_>>>> {
        match &self.program {
            Program::Any(choices) => Some(choices.iter().map(|steps| anchors(steps)).collect()),
            _ => None,
        }
    }

    #[cfg(test)]
    fn has_steps(&self) -> bool {
        matches!(self.program, Program::Any(_))
    }
}

fn anchors(steps: &[Step]) -> Vec<Anchor<'_>> {
    let last = steps.len().saturating_sub(1);
    let anchors = steps
        .iter()
        .enumerate()
        .filter_map(|(at, step)| match step {
            Step::Text(text) if at == 0 => Some(Anchor::Head(text)),
            Step::Text(text) if at == last => Some(Anchor::Tail(text)),
            Step::Text(text) => Some(Anchor::Inside(text)),
            _ => None,
        });
    anchors.collect()
}

/// A value in the forms that patterns of its dialect are tried on.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    /// As it is.
    raw: &'a [u8],
    /// In lower case (ASCII), if it is a path; else as it is.
    pub(super) folded: &'a [u8],
    /// The same with a slash put in front, if it is a path that has none.
    pub(super) rooted: Option<&'a [u8]>,
}

impl<'a> Value<'a> {
    /// A value for patterns of a dialect. `scratch` holds the forms of a path.
    pub(super) fn new(raw: &'a [u8], dialect: Dialect, scratch: &'a mut Vec<u8>) -> Self {
        if dialect == Dialect::Name {
            return Self::name(raw);
        }
        scratch.clear();
        scratch.push(b'/');
        scratch.extend_from_slice(raw);
        scratch.make_ascii_lowercase();
        let scratch: &'a [u8] = scratch;
        Self {
            raw,
            folded: &scratch[1..],
            rooted: (!raw.starts_with(b"/")).then_some(scratch),
        }
    }

    /// A value for patterns of names.
    pub(super) fn name(raw: &'a [u8]) -> Self {
        Self {
            raw,
            folded: raw,
            rooted: None,
        }
    }

    /// The longest form: every text in it that a pattern can ask for is in here.
    pub(super) fn widest(&self) -> &'a [u8] {
        self.rooted.unwrap_or(self.folded)
    }
}

/// Runs a program; `None` if the budget is spent.
fn run(steps: &[Step], mut value: &[u8], budget: &mut u32) -> Option<bool> {
    for (at, step) in steps.iter().enumerate() {
        *budget = budget.checked_sub(1)?;
        let rest = &steps[at + 1..];
        match step {
            Step::Text(text) => match value.strip_prefix(&text[..]) {
                Some(after) => value = after,
                None => return Some(false),
            },
            Step::One(bytes) => match value.split_first() {
                Some((&byte, after)) if bytes.contains(byte) => value = after,
                _ => return Some(false),
            },
            Step::Below => {
                let below = value.strip_prefix(b"/");
                return Some(below.is_some_and(|below| memchr(b'\n', below).is_none()));
            }
            Step::Run(bytes) => return run_after(bytes.span(value), rest, value, budget),
            Step::Into => {
                if run(rest, value, budget)? {
                    return Some(true);
                }
                return run_below(rest, value, 0, budget);
            }
            Step::Within => {
                if !value.starts_with(b"/") {
                    return Some(false);
                }
                if run(rest, &value[1..], budget)? {
                    return Some(true);
                }
                return run_below(rest, value, 1, budget);
            }
        }
    }
    Some(value.is_empty())
}

/// Runs `rest` after each possible length, up to `longest`, of what stands before it.
fn run_after(longest: usize, rest: &[Step], value: &[u8], budget: &mut u32) -> Option<bool> {
    match rest.first() {
        None => Some(longest == value.len()),
        Some(Step::Text(text)) if rest.len() == 1 => Some(
            // The last text stands at the end or nowhere.
            value.len() >= text.len()
                && value.len() - text.len() <= longest
                && value.ends_with(text),
        ),
        Some(Step::Text(text)) => {
            let window = &value[..value.len().min(longest + text.len())];
            let mut from = 0;
            while let Some(found) = memmem::find(&window[from..], text) {
                let start = from + found;
                if run(&rest[1..], &value[start + text.len()..], budget)? {
                    return Some(true);
                }
                from = start + 1; // not behind the text: it can overlap itself
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

/// Runs `rest` behind each slash from `from` on, as far as there is no line feed.
fn run_below(rest: &[Step], value: &[u8], from: usize, budget: &mut u32) -> Option<bool> {
    let reach = memchr(b'\n', &value[from..]).map_or(value.len(), |at| from + at);
    for slash in memchr::memchr_iter(b'/', &value[from..reach]) {
        if run(rest, &value[from + slash + 1..], budget)? {
            return Some(true);
        }
    }
    Some(false)
}

/// Writes out the braces of a valid glob; `None` if that is left to the regex.
fn choices(glob: &str) -> Option<Vec<String>> {
    /// More choices than that are better off in a regex.
    const MOST: usize = 32;
    let mut globs = vec![String::new()];
    let mut rest = glob;
    while let Some(at) = rest.find(['{', '}', '[', '\\']) {
        let (before, from) = rest.split_at(at);
        if let Some(choice) = from.strip_prefix('{') {
            let (inside, after) = choice.split_once('}')?;
            // A star next to it may begin or end a segment, which depends on the choice.
            let next_to_star = before.ends_with('*') || after.starts_with('*');
            let plain = |choice: &&str| {
                let slashes = choice.starts_with('/') || choice.ends_with('/');
                let special = choice.contains(['*', '[', '\\', '{']);
                !(special || next_to_star && slashes)
            };
            let parts: Vec<_> = inside.split(',').filter(|part| !part.is_empty()).collect();
            if parts.is_empty() || !parts.iter().all(plain) || globs.len() * parts.len() > MOST {
                return None;
            }
            let longer = globs
                .iter()
                .flat_map(|glob| parts.iter().map(move |part| [glob, before, part].concat()));
            globs = longer.collect();
            rest = after;
            continue;
        }
        let len = match from.as_bytes()[0] {
            // Classes and what is behind a backslash mean nothing here.
            b'\\' => 1 + from[1..].chars().next()?.len_utf8(),
            b'[' => class(from.as_bytes(), false)?.1,
            _ => return None,
        };
        let (taken, after) = rest.split_at(at + len);
        globs.iter_mut().for_each(|glob| glob.push_str(taken));
        rest = after;
    }
    globs.iter_mut().for_each(|glob| glob.push_str(rest));
    Some(globs)
}

/// Cuts a valid glob into steps; `None` if that is left to the regex.
fn compile(glob: &str, dialect: Dialect) -> Option<Box<[Step]>> {
    let path = dialect == Dialect::Path;
    let text = if path {
        glob.to_ascii_lowercase()
    } else {
        glob.to_owned()
    };
    let mut steps = Vec::new();
    let mut literal: Vec<u8> = Vec::new();
    let star = |path| Step::Run(if path { Bytes::NotSlash } else { Bytes::Dot });
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let step = match bytes[at] {
            b'{' | b'}' => return None,
            // The value of a lone backslash at the end is refused as not valid.
            b'\\' => {
                literal.push(*bytes.get(at + 1)?);
                at += 2;
                continue;
            }
            b'?' => {
                at += 1;
                Step::One(if path { Bytes::NotSlash } else { Bytes::Dot })
            }
            b'[' => {
                let (set, len) = class(&bytes[at..], path)?;
                at += len;
                Step::One(set)
            }
            b'*' => {
                let stars = bytes[at..].iter().take_while(|&&b| b == b'*').count();
                let first = at == 0;
                let after_slash = first || bytes[at - 1] == b'/';
                let next = bytes.get(at + 2);
                if stars < 2 {
                    at += 1;
                    star(path)
                } else if stars > 2 {
                    return None;
                } else if first && next.is_none_or(|&b| b == b'/') {
                    at = (at + 3).min(bytes.len());
                    if bytes[at..].starts_with(b"**") {
                        return None; // two in a row: rare, and rules of their own
                    }
                    if at == bytes.len() {
                        Step::Run(Bytes::Dot) // nothing but stars is anything
                    } else {
                        Step::Into
                    }
                } else if after_slash && !first && next.is_none_or(|&b| b == b'/') {
                    // The slash before belongs to the step.
                    if literal.pop() != Some(b'/') {
                        return None;
                    }
                    let last = next.is_none();
                    at = (at + 3).min(bytes.len());
                    if bytes[at..].starts_with(b"**") {
                        return None;
                    }
                    if last {
                        Step::Below
                    } else {
                        Step::Within
                    }
                } else {
                    // No whole segment: two stars, which is the same as one.
                    at += 2;
                    star(path)
                }
            }
            byte => {
                literal.push(byte);
                at += 1;
                continue;
            }
        };
        if !literal.is_empty() {
            steps.push(Step::Text(std::mem::take(&mut literal).into()));
        }
        steps.push(step);
    }
    if !literal.is_empty() {
        steps.push(Step::Text(literal.into()));
    }
    (steps.len() <= LONGEST).then(|| steps.into())
}

/// Reads a class, `[...]`, and how long it is; `None` if it is not of plain ASCII.
fn class(text: &[u8], fold: bool) -> Option<(Bytes, usize)> {
    let mut at = 1;
    let negated = matches!(text.get(at), Some(b'!' | b'^'));
    at += usize::from(negated);
    let mut bits = [0_u64; 4];
    let mut add = |low: u8, high: u8| {
        for byte in low..=high {
            let mut put = |byte: u8| bits[usize::from(byte >> 6)] |= 1 << (byte & 63);
            put(byte);
            if fold {
                put(byte.to_ascii_lowercase());
                put(byte.to_ascii_uppercase());
            }
        }
    };
    let first = at;
    loop {
        let low = *text.get(at)?;
        if low == b']' && at > first {
            break;
        }
        if !low.is_ascii() {
            return None;
        }
        // A dash between two is a range; elsewhere it is itself.
        match (text.get(at + 1), text.get(at + 2)) {
            (Some(b'-'), Some(&high)) if high != b']' => {
                if !high.is_ascii() || low == b'-' || high == b'-' {
                    return None;
                }
                add(low, high);
                at += 3;
            }
            _ => {
                add(low, low);
                at += 1;
            }
        }
    }
    if negated {
        bits = bits.map(|word| !word);
    }
    Some((Bytes::Listed(Box::new(bits)), at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::engine::testing::{cases, Random};

    fn matches(pattern: &Pattern, value: &str) -> bool {
        let mut scratch = Vec::new();
        let value = Value::new(value.as_bytes(), pattern.dialect(), &mut scratch);
        Glob::new(pattern).is_match(&value)
    }

    #[test]
    fn traps() {
        for (dialect, pattern, value, expected) in [
            (Dialect::Name, "a*", "a\n", false),
            (Dialect::Path, "a*", "a\n", true),
            (Dialect::Name, "a?", "a\n", false),
            (Dialect::Path, "a?", "a\n", true),
            (Dialect::Path, "**.app/x", "/a/b.app/x", false),
            (Dialect::Path, "**.app/x", "b.app/x", true),
            (Dialect::Path, "a/**", "a", false),
            (Dialect::Path, "a/**", "a/", true),
            (Dialect::Path, "a/**", "a/b/c", true),
            (Dialect::Path, "a/**/b", "a/b", true),
            (Dialect::Path, "a/**/b", "a/x/y/b", true),
            (Dialect::Path, "a/**/b", "a/xb", false),
            (Dialect::Path, "**/b", "b", true),
            (Dialect::Path, "**/b", "/a/b", true),
            (Dialect::Path, "/a", "a", true),
            (Dialect::Path, "A/B", "a/b", true),
            (Dialect::Path, "a", "A", true),
            (Dialect::Name, "[!a]", "\n", true),
            (Dialect::Path, "a[!b]c", "a/c", true),
            (Dialect::Name, "*aba*c", "ababac", true),
            (Dialect::Name, "", "", true),
            (Dialect::Name, "", "a", false),
        ] {
            let pattern = Pattern::new(pattern, dialect);
            assert_eq!(pattern.is_match(value.as_bytes()), expected, "the regex");
            assert_eq!(
                matches(&pattern, value),
                expected,
                "{pattern:?} on {value:?}"
            );
        }
    }

    #[test]
    fn the_usual_shapes_need_no_regex() {
        for pattern in [
            "std::*",
            "*::new",
            "**/node_modules/**",
            "/usr/lib/**",
            "*foo*",
            "a?c",
            "[a-c]*",
            "**/lib*.so*",
            "a/**/b",
            r"a\*b",
            "exact",
            "**.js",
            "*.{js,ts}",
        ] {
            for dialect in [Dialect::Name, Dialect::Path] {
                let glob = Glob::new(&Pattern::new(pattern, dialect));
                assert!(glob.has_steps(), "{pattern:?}");
            }
        }
        assert!(Glob::new(&Pattern::new("[", Dialect::Name)).is_never());
    }

    #[test]
    fn a_glob_matches_what_its_regex_matches() {
        const PIECES: [&str; 22] = [
            "*", "**", "/", "a", "b", "ab", "?", "[ab]", "[!a]", "\n", "/**/", "**/", "/**", "A",
            "{a,b}", "\\", "[a-c]", "é", ".", "[^/]", "-", "]",
        ];
        const VALUES: [&str; 9] = ["a", "b", "/", "\n", "A", "é", "ab", ".", "-"];
        let mut random = Random::new(7);
        for _ in 0..cases(20_000) {
            let text = random.concat(&PIECES, 7);
            let dialect = *random.pick(&[Dialect::Name, Dialect::Path]);
            let pattern = Pattern::new(&text, dialect);
            let glob = Glob::new(&pattern);
            for _ in 0..4 {
                let value = random.concat(&VALUES, 8);
                let mut scratch = Vec::new();
                let forms = Value::new(value.as_bytes(), dialect, &mut scratch);
                let expected = pattern.is_match(value.as_bytes());
                assert_eq!(glob.is_match(&forms), expected, "{pattern:?} on {value:?}");
                let choices = glob.anchors().unwrap_or_default();
                if expected && choices.len() == 1 {
                    for &anchor in &choices[0] {
                        let within = |value: &[u8]| match anchor {
                            Anchor::Head(text) => value.starts_with(text),
                            Anchor::Tail(text) => value.ends_with(text),
                            Anchor::Inside(text) => memmem::find(value, text).is_some(),
                        };
                        assert!(
                            within(forms.folded) || forms.rooted.is_some_and(within),
                            "{anchor:?} of {pattern:?} on {value:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_long_pattern_needs_no_deep_stack() {
        let small = std::thread::Builder::new().stack_size(128 << 10);
        let test = small.spawn(|| {
            let pattern = Pattern::new(&"*a".repeat(1_000), Dialect::Name);
            assert!(matches(&pattern, &"a".repeat(1_000)));
            assert!(!matches(&pattern, &"a".repeat(999)));
            let pattern = Pattern::new(&"*a".repeat(LONGEST / 2), Dialect::Name);
            assert!(Glob::new(&pattern).has_steps());
            assert!(matches(&pattern, &"ba".repeat(1_000)));
        });
        test.unwrap().join().unwrap();
    }

    #[test]
    fn the_worst_patterns_end_within_the_budget() {
        let pattern = Pattern::new("*a*a*a*a*a*a*a*a*a*a*b", Dialect::Name);
        assert!(!matches(&pattern, &"a".repeat(5_000)));
        assert!(matches(&pattern, &("a".repeat(5_000) + "b")));
    }
}
