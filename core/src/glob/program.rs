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
//! The definition is the regex that `globset` makes of the glob ([`LazyRegex`]). It
//! also takes over for what has no steps here (classes beyond ASCII, braces next to stars) or
//! too many, and where the budget is spent. Braces become one program for each choice. A regex takes tens of
//! microseconds and kilobytes to build, so that happens on first use.
//!
//! Traps, each with a test: a lone `*` never matches a line break, one that stops at
//! slashes does; `**` that is no whole segment is two `*`; `/**` needs its slash; classes
//! match `/` and line breaks.
//!
//! [`LazyRegex`]: super::lazy_regex::LazyRegex

use memchr::{memchr, memmem};

use super::syntax::Syntax;

/// How many steps a match may try before the regex takes over.
const BUDGET: u32 = 2_000;

/// How many steps a program may have. Matching is recursive, and a stack is not endless.
const LONGEST: usize = 64;

/// A valid glob, compiled as far as it can be.
pub(crate) enum Program {
    /// One of these must match.
    Any(Box<[Box<[Step]>]>),
    /// The regex has to be asked.
    Regex,
}

/// One step of a program.
pub(crate) enum Step {
    /// These bytes.
    Text(Box<[u8]>),
    /// One byte.
    One(Bytes),
    /// Any number of bytes (`*`).
    Run(Bytes),
    /// A first `**/`: nothing, a slash, or any number of these and a slash.
    Into(Bytes),
    /// A `/**/`: a slash, or two with any number of these between.
    Within(Bytes),
    /// A last `/**`: a slash and any number of these.
    Below(Bytes),
}

/// A set of bytes.
pub(crate) enum Bytes {
    /// All there are.
    All,
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
            Self::All => true,
            Self::Dot => byte != b'\n',
            Self::NotSlash => byte != b'/',
            Self::Listed(bits) => bits[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1,
        }
    }

    /// How many bytes at the front of `value` are in the set.
    fn span(&self, value: &[u8]) -> usize {
        let end = match self {
            Self::All => None,
            Self::Dot => memchr(b'\n', value),
            Self::NotSlash => memchr(b'/', value),
            Self::Listed(_) => value.iter().position(|&byte| !self.contains(byte)),
        };
        end.unwrap_or(value.len())
    }
}

/// A text that every matching value has, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Anchor<'a> {
    /// At its front.
    Head(&'a [u8]),
    /// At its end.
    Tail(&'a [u8]),
    /// Anywhere.
    Inside(&'a [u8]),
}

impl Program {
    /// Compiles a glob, which is known to be valid.
    pub(crate) fn new(glob: &str, syntax: Syntax) -> Self {
        choices(glob)
            .and_then(|globs| {
                let compiled = globs.iter().map(|glob| compile(glob, syntax));
                compiled.collect::<Option<Box<[_]>>>()
            })
            .map_or(Self::Regex, Self::Any)
    }

    /// The value, if there is only one that matches.
    pub(crate) fn literal(&self) -> Option<&[u8]> {
        match self {
            Self::Any(choices) => match &choices[..] {
                [steps] => match &steps[..] {
                    [] => Some(b""),
                    [Step::Text(text)] => Some(text),
                    _ => None,
                },
                _ => None,
            },
            Self::Regex => None,
        }
    }

    /// Whether the whole value matches, in one of its forms; `None` if that has to be
    /// found out by the regex.
    #[inline]
    pub(crate) fn is_match(&self, value: &Value<'_>) -> Option<bool> {
        let Self::Any(choices) = self else {
            return None;
        };
        let mut budget = BUDGET;
        for steps in choices {
            if run(steps, value.folded, &mut budget)? {
                return Some(true);
            }
            if let Some(rooted) = value.rooted {
                if run(steps, rooted, &mut budget)? {
                    return Some(true);
                }
            }
        }
        Some(false)
    }

    /// For each choice, texts that every value matching it has; `None` if that is not known.
    pub(crate) fn anchors(&self) -> Option<Vec<Vec<Anchor<'_>>>> {
        match self {
            Self::Any(choices) => Some(choices.iter().map(|steps| anchors(steps)).collect()),
            Self::Regex => None,
        }
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

/// A value in the forms that a program is tried on.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    /// In lower case (ASCII) where the syntax folds case; else as it is.
    pub(crate) folded: &'a [u8],
    /// The same with a slash put in front, where that may match as well.
    pub(crate) rooted: Option<&'a [u8]>,
}

impl<'a> Value<'a> {
    /// A value that has but one form.
    pub(crate) fn new(folded: &'a [u8]) -> Self {
        Self {
            folded,
            rooted: None,
        }
    }

    /// The longest form: every text in it that a pattern can ask for is in here.
    pub(crate) fn widest(&self) -> &'a [u8] {
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
            Step::Below(bytes) => {
                let below = value.strip_prefix(b"/");
                return Some(below.is_some_and(|below| bytes.span(below) == below.len()));
            }
            Step::Run(bytes) => return run_after(bytes.span(value), rest, value, budget),
            Step::Into(bytes) => {
                if run(rest, value, budget)? {
                    return Some(true);
                }
                return run_below(bytes, rest, value, budget);
            }
            Step::Within(bytes) => {
                let Some(within) = value.strip_prefix(b"/") else {
                    return Some(false);
                };
                if run(rest, within, budget)? {
                    return Some(true);
                }
                return run_below(bytes, rest, within, budget);
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

/// Runs `rest` behind each slash, as far as there is nothing but `bytes` before it.
fn run_below(bytes: &Bytes, rest: &[Step], value: &[u8], budget: &mut u32) -> Option<bool> {
    let reach = bytes.span(value);
    for slash in memchr::memchr_iter(b'/', &value[..reach]) {
        if run(rest, &value[slash + 1..], budget)? {
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
fn compile(glob: &str, syntax: Syntax) -> Option<Box<[Step]>> {
    let text = if syntax.fold_case {
        glob.to_ascii_lowercase()
    } else {
        glob.to_owned()
    };
    let mut steps = Vec::new();
    let mut literal: Vec<u8> = Vec::new();
    // What the regex crate's dot matches, and what a wildcard does.
    let dot = || {
        if syntax.newlines {
            Bytes::All
        } else {
            Bytes::Dot
        }
    };
    let wild = || {
        if syntax.separators {
            Bytes::NotSlash
        } else {
            dot()
        }
    };
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
                Step::One(wild())
            }
            b'[' => {
                let (set, len) = class(&bytes[at..], syntax.fold_case)?;
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
                    Step::Run(wild())
                } else if stars > 2 {
                    return None;
                } else if first && next.is_none_or(|&b| b == b'/') {
                    at = (at + 3).min(bytes.len());
                    if bytes[at..].starts_with(b"**") {
                        return None; // two in a row: rare, and rules of their own
                    }
                    if at == bytes.len() {
                        Step::Run(dot()) // nothing but stars is anything
                    } else {
                        Step::Into(dot())
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
                        Step::Below(dot())
                    } else {
                        Step::Within(dot())
                    }
                } else {
                    // No whole segment: two stars, which is the same as one.
                    at += 2;
                    Step::Run(wild())
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
