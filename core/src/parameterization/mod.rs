//! Parameterized messages: ids, dates and numbers are replaced by what they are.
//!
//! ```text
//! got 3f2b0b9e-... from 10.0.0.7 in 15ms
//! got <uuid> from <ip> in <duration>
//! ```
//!
//! Messages that differ in such values only are one issue. What is replaced is a list of
//! patterns, each a name and a regex of Python's `re` in verbose form. The meaning is that of
//! Python's `re.sub` over the patterns joined by `|`: the leftmost match counts, and of the
//! patterns that match there, the first in the list.
//!
//! No input makes this slow. The time grows in proportion to the text, whatever the text and the
//! patterns are: an `automaton` reads the text from its end, and knows for each position whether
//! a pattern matches there, before the `search` looks for matches from its start. Look-around is
//! part of that. Only a pattern with an atomic group, or with an assertion in a look-behind,
//! needs a matcher that backtracks, and it counts its steps ([`Parameterizer::is_linear`]).
//!
//! ```
//! use ophio::parameterization::{default_patterns, Limits, Parameterizer, Pattern};
//!
//! let defaults = Parameterizer::new(&default_patterns(), None, Limits::default())?;
//! assert_eq!(defaults.parameterize("took 15ms, got 0x1f")?, "took <duration>, got <hex>");
//!
//! let patterns = [Pattern::new("ticket", r"\b[A-Z]{2,5} - \d+")];
//! let tickets = Parameterizer::new(&patterns, None, Limits::default())?;
//! assert_eq!(tickets.parameterize("fixes ABC-12")?, "fixes <ticket>");
//!
//! let fault = Parameterizer::new(&[Pattern::new("x", "a(b")], None, Limits::default());
//! let fault = fault.unwrap_err();
//! assert_eq!((fault.pattern(), fault.position()), (0, Some(1)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alphabet;
mod automaton;
mod backtrack;
mod behind;
mod charset;
mod defaults;
mod examples;
mod packed;
mod program;
mod required;
mod search;
mod syntax;
mod unicode;

use std::borrow::Cow;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use regex_automata::util::pool::Pool;
use thiserror::Error;

use self::alphabet::Alphabet;
use self::automaton::Automaton;
use self::behind::Behind;
use self::program::{BuildError, Builder, Op, Tables};
use self::search::{Engine, Scratch, Search, Slow, Stuck};

/// The maps of this module: with the hasher that the rest of core has.
type HashMap<K, V> = hashbrown::HashMap<K, V, foldhash::fast::RandomState>;

pub use self::defaults::{default_patterns, DEFAULT_PATTERNS};
pub use self::examples::{Examples, EXAMPLES};
pub use self::packed::{PackedPatternsError, PackedTextsError};
pub use crate::msgpack_array::PackedValuesError;

/// A kind of value to replace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// What a match is replaced by, in angle brackets. It is an identifier.
    pub name: Cow<'static, str>,
    /// What matches: a regex of Python's `re`, in verbose form.
    pub regex: Cow<'static, str>,
}

impl Pattern {
    /// Returns a pattern.
    pub fn new(name: impl Into<Cow<'static, str>>, regex: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            regex: regex.into(),
        }
    }
}

/// How much a [`Parameterizer`] may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Patterns in a list.
    pub patterns: usize,
    /// Bytes of one regex.
    pub regex_bytes: usize,
    /// Operations of all patterns of a list after compilation.
    pub operations: usize,
    /// Bytes of states that a thread keeps for a list, before it forgets them. At most 1 GiB.
    pub state_bytes: usize,
    /// Bytes of a text. `None` is without a limit.
    pub text_bytes: Option<usize>,
    /// Steps in one text of patterns that are not linear, plus `steps_per_byte` for each byte.
    pub steps: u64,
    /// See `steps`.
    pub steps_per_byte: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            patterns: 1_000,
            regex_bytes: 16 << 10,
            operations: 50_000,
            state_bytes: 32 << 20,
            text_bytes: None,
            steps: 1_000_000,
            steps_per_byte: 50,
        }
    }
}

/// A list of patterns that cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("pattern {name:?}: {message}{}", at(*position))]
pub struct PatternError {
    pattern: usize,
    name: String,
    position: Option<usize>,
    message: String,
}

fn at(position: Option<usize>) -> String {
    position.map_or_else(String::new, |position| format!(" at position {position}"))
}

impl PatternError {
    /// Returns the number of the pattern in the list, from 0.
    pub fn pattern(&self) -> usize {
        self.pattern
    }

    /// Returns the name of the pattern.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the character of the regex at which the fault is, from 0, if it is at one.
    pub fn position(&self) -> Option<usize> {
        self.position
    }

    /// Returns what is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// A text that was not searched to its end.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ParameterizeError {
    /// The text is too long.
    #[error("the text has {found} bytes, the limit `text_bytes` is {allowed}")]
    TextTooLong {
        /// Bytes of the text.
        found: usize,
        /// How many are allowed.
        allowed: usize,
    },
    /// A pattern that is not linear took too long.
    #[error("pattern {name:?} took more than {steps} steps, at byte {position}")]
    TooManySteps {
        /// The name of the pattern.
        name: String,
        /// How many steps are allowed for this text.
        steps: u64,
        /// Where the pattern was tried last, in bytes.
        position: usize,
    },
}

/// A place where a pattern matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Match {
    /// The number of the pattern in [`Parameterizer::patterns`].
    pub pattern: usize,
    /// Where the match begins, in bytes.
    pub start: usize,
    /// Where the match ends, in bytes.
    pub end: usize,
}

/// Converts the bytes of matches to characters.
///
/// The matches must be in the order in which [`Parameterizer::find`] returns them.
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

type NewScratch = Box<dyn Fn() -> Scratch + Send + Sync + UnwindSafe + RefUnwindSafe>;

/// A compiled list of patterns.
///
/// It does not change. Threads can share it: each uses states of its own.
pub struct Parameterizer {
    patterns: Vec<Pattern>,
    /// `<name>` for each pattern.
    replacements: Vec<String>,
    linear: Vec<bool>,
    limits: Limits,
    alphabet: Alphabet,
    tables: Tables,
    engine: Arc<Engine>,
    pool: Pool<Scratch, NewScratch>,
}

impl fmt::Debug for Parameterizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameterizer")
            .field("patterns", &self.patterns)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Parameterizer {
    /// Compiles a list of patterns. With `only`, it uses those of these names, in the order of
    /// the list.
    ///
    /// # Errors
    ///
    /// Fails if a name is not an identifier or occurs twice, if a regex is not valid, or if a
    /// limit is exceeded. Fails if `only` has a name that the list does not have.
    pub fn new(
        patterns: &[Pattern],
        only: Option<&[&str]>,
        limits: Limits,
    ) -> Result<Self, PatternError> {
        Self::compile(patterns, only, limits, Tuning::default())
    }

    fn compile(
        patterns: &[Pattern],
        only: Option<&[&str]>,
        limits: Limits,
        tuning: Tuning,
    ) -> Result<Self, PatternError> {
        if let Some(unknown) = only
            .unwrap_or_default()
            .iter()
            .find(|&&name| patterns.iter().all(|pattern| pattern.name != name))
        {
            return Err(PatternError {
                pattern: patterns.len(),
                name: (*unknown).to_owned(),
                position: None,
                message: "`only` has this name, and the list of patterns does not".to_owned(),
            });
        }
        let mut compiler = Compiler {
            patterns,
            limits,
            tuning,
            tables: Tables::new(),
        };
        compiler.check_names()?;
        let chosen: Vec<usize> = (0..patterns.len())
            .filter(|&it| only.is_none_or(|only| only.contains(&&*patterns[it].name)))
            .collect();
        let (engine, alphabet, linear) = compiler.compile(&chosen)?;
        let engine = Arc::new(engine);
        let pool: NewScratch = {
            let engine = Arc::clone(&engine);
            Box::new(move || Scratch::new(&engine.automaton))
        };
        let patterns: Vec<Pattern> = chosen.iter().map(|&it| patterns[it].clone()).collect();
        Ok(Self {
            replacements: patterns.iter().map(|it| format!("<{}>", it.name)).collect(),
            patterns,
            linear,
            limits,
            alphabet,
            tables: compiler.tables,
            engine,
            pool: Pool::new(pool),
        })
    }

    /// Returns the patterns, without those that `only` leaves out.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Returns the limits that it was compiled with.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Returns whether a pattern takes time in proportion to the text. If not, it is matched by
    /// backtracking, with a limit on the steps.
    pub fn is_linear(&self, pattern: usize) -> bool {
        self.linear.get(pattern).copied().unwrap_or(true)
    }

    /// Replaces each match by the name of its pattern in angle brackets.
    ///
    /// # Errors
    ///
    /// Fails if the text is too long, or if a pattern that is not linear takes too many steps.
    pub fn parameterize<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, ParameterizeError> {
        self.parameterize_with(text, |_| ())
    }

    /// Like [`parameterize`](Self::parameterize), and adds to the counts of the patterns.
    ///
    /// # Errors
    ///
    /// Fails like [`parameterize`](Self::parameterize).
    pub fn parameterize_counted<'t>(
        &self,
        text: &'t str,
        counts: &mut Counts,
    ) -> Result<Cow<'t, str>, ParameterizeError> {
        counts.resize(self.patterns.len().max(counts.len()), 0);
        self.parameterize_with(text, |found| counts[found.pattern] += 1)
    }

    /// Finds the matches, from left to right.
    ///
    /// # Errors
    ///
    /// Fails like [`parameterize`](Self::parameterize).
    pub fn find(&self, text: &str) -> Result<Vec<Match>, ParameterizeError> {
        let mut matches = Vec::new();
        self.for_each(text, |found| matches.push(found))?;
        Ok(matches)
    }

    /// Counts the matches of each pattern.
    ///
    /// # Errors
    ///
    /// Fails like [`parameterize`](Self::parameterize).
    pub fn counts(&self, text: &str) -> Result<Counts, ParameterizeError> {
        let mut counts = vec![0; self.patterns.len()];
        self.for_each(text, |found| counts[found.pattern] += 1)?;
        Ok(counts)
    }

    /// Calls a function with each match, from left to right, without a list of them.
    ///
    /// # Errors
    ///
    /// Fails like [`parameterize`](Self::parameterize), after the matches before.
    pub fn for_each(
        &self,
        text: &str,
        mut call: impl FnMut(Match),
    ) -> Result<(), ParameterizeError> {
        if let Some(allowed) = self.limits.text_bytes.filter(|&it| text.len() > it) {
            let found = text.len();
            return Err(ParameterizeError::TextTooLong { found, allowed });
        }
        let behind = Behind {
            text,
            alphabet: &self.alphabet,
            tables: &self.tables,
        };
        let per_byte = self.limits.steps_per_byte;
        let steps = per_byte.saturating_mul(text.len() as u64);
        let steps = self.limits.steps.saturating_add(steps);
        let mut scratch = self.pool.get();
        let mut search = Search::new(&self.engine, behind, &mut scratch, steps);
        loop {
            match search.next() {
                Ok(None) => return Ok(()),
                Ok(Some(found)) => call(Match {
                    pattern: found.pattern as usize,
                    start: found.start,
                    end: found.end,
                }),
                Err(Stuck { pattern, position }) => {
                    return Err(ParameterizeError::TooManySteps {
                        name: self.patterns[pattern as usize].name.to_string(),
                        steps,
                        position,
                    })
                }
            }
        }
    }

    fn parameterize_with<'t>(
        &self,
        text: &'t str,
        mut call: impl FnMut(Match),
    ) -> Result<Cow<'t, str>, ParameterizeError> {
        let mut replaced = String::new();
        let mut end = 0;
        let mut changed = false;
        self.for_each(text, |found| {
            call(found);
            changed = true;
            replaced.push_str(&text[end..found.start]);
            replaced.push_str(&self.replacements[found.pattern]);
            end = found.end;
        })?;
        if !changed {
            return Ok(Cow::Borrowed(text));
        }
        replaced.push_str(&text[end..]);
        Ok(Cow::Owned(replaced))
    }
}

/// Compiles a list.
struct Compiler<'p> {
    patterns: &'p [Pattern],
    limits: Limits,
    tuning: Tuning,
    tables: Tables,
}

/// What only tests change.
#[derive(Clone, Copy, Debug, Default)]
struct Tuning {
    /// How long a block may be, in bytes.
    max_block: Option<usize>,
    /// Whether all patterns backtrack.
    all_backtrack: bool,
}

impl Compiler<'_> {
    fn error<T>(
        &self,
        pattern: usize,
        position: Option<usize>,
        message: impl Into<String>,
    ) -> Result<T, PatternError> {
        Err(PatternError {
            pattern,
            name: self.patterns[pattern].name.to_string(),
            position,
            message: message.into(),
        })
    }

    fn check_names(&self) -> Result<(), PatternError> {
        let allowed = self.limits.patterns;
        if self.patterns.len() > allowed {
            let found = self.patterns.len();
            let message = format!("there are {found} patterns, the limit is {allowed}");
            return self.error(allowed, None, message);
        }
        let mut names = std::collections::HashSet::new();
        for (number, pattern) in self.patterns.iter().enumerate() {
            if !syntax::is_identifier(&pattern.name) {
                return self.error(number, None, "the name is not an identifier");
            }
            if !names.insert(&*pattern.name) {
                return self.error(number, None, "a pattern before has this name");
            }
        }
        Ok(())
    }

    fn compile(&mut self, chosen: &[usize]) -> Result<(Engine, Alphabet, Vec<bool>), PatternError> {
        let max_ops = self.limits.operations;
        let mut fast = Builder::new(max_ops, false);
        let mut slow = Builder::new(max_ops, true);
        let mut fast_starts = Vec::new();
        let mut slow_starts = Vec::new();
        let mut required = required::Required::default();
        let mut linear = Vec::new();
        for (number, &place) in chosen.iter().enumerate() {
            let number = number as u32;
            let regex = &self.patterns[place].regex;
            if regex.len() > self.limits.regex_bytes {
                let allowed = self.limits.regex_bytes;
                let message = format!(
                    "the regex has {} bytes, the limit is {allowed}",
                    regex.len()
                );
                return self.error(place, None, message);
            }
            let tree = match syntax::parse(regex) {
                Ok(tree) => tree,
                Err(error) => return self.error(place, Some(error.position), error.message),
            };
            required.add(&tree);
            let mut built = Err(BuildError::NotLinear);
            if !self.tuning.all_backtrack {
                built = fast.pattern(&tree, &mut self.tables);
            }
            linear.push(built.is_ok());
            if built == Err(BuildError::NotLinear) {
                built = slow.pattern(&tree, &mut self.tables);
                slow_starts.extend(built.map(|start| (number, start)));
            } else {
                fast_starts.extend(built.map(|start| (number, start)));
            }
            if built.is_err() {
                let message = format!("it compiles to more than {max_ops} operations");
                return self.error(place, None, message);
            }
        }
        let starts: Vec<_> = fast_starts.iter().map(|it| it.1).collect();
        let (graph, starts) = fast.finish(&starts);
        let numbers = fast_starts.iter().map(|it| it.0);
        let fast_starts = numbers.zip(starts).collect();
        let starts: Vec<_> = slow_starts.iter().map(|it| it.1).collect();
        let (slow_graph, starts) = slow.finish(&starts);
        let numbers = slow_starts.iter().map(|it| it.0);
        let slow = numbers
            .zip(starts)
            .map(|(pattern, start)| Slow { pattern, start })
            .collect();
        let compiled = Alphabet::new(&self.tables.sets.values).and_then(|alphabet| {
            let mut automaton = Automaton::new(graph, fast_starts, &self.tables, &alphabet)?;
            for op in &slow_graph.ops {
                if let Op::Char { set, .. } = op {
                    automaton.remove_barriers(&self.tables.sets.values[*set as usize]);
                }
            }
            Some((alphabet, automaton))
        });
        let Some((alphabet, automaton)) = compiled else {
            let last = chosen.last().copied().unwrap_or(0);
            return self.error(last, None, "the patterns have too many sets of characters");
        };
        let max_block = search::block_length(&automaton);
        let engine = Engine {
            max_block: self.tuning.max_block.unwrap_or(max_block),
            automaton,
            slow,
            slow_graph,
            required: required.finish(),
            max_state_bytes: self.limits.state_bytes.min(search::MAX_STATE_BYTES),
        };
        Ok((engine, alphabet, linear))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at_least, slow_cases, Random};

    fn patterns(regexes: &[&str]) -> Vec<Pattern> {
        let numbered = regexes.iter().enumerate();
        numbered
            .map(|(number, regex)| Pattern::new(format!("p{number}"), (*regex).to_owned()))
            .collect()
    }

    fn compile(regexes: &[&str]) -> Parameterizer {
        Parameterizer::new(&patterns(regexes), None, Limits::default()).unwrap()
    }

    fn defaults() -> Parameterizer {
        Parameterizer::new(&default_patterns(), None, Limits::default()).unwrap()
    }

    /// What Python's `re.sub` returned for the patterns joined by `|`.
    #[test]
    fn replacements_are_those_of_python() {
        let rows: &[(&[&str], &str, &str)] = &[
            // The leftmost match, then the first in the list, even if it is shorter.
            (&["b+", "ab"], "abb", "<p1><p0>"),
            (&["a", "ab"], "ab", "<p0>b"),
            (&["ab?", "b"], "abb", "<p0><p1>"),
            // Each regex takes what it tries first.
            (&["a|ab"], "ab", "<p0>b"),
            (&["a+?"], "aaa", "<p0><p0><p0>"),
            (&["(?:a|ab)(?:c|bcd)(?:d*)"], "abcd", "<p0>"),
            // Empty matches.
            (&["x*"], "abxd", "<p0>a<p0>b<p0><p0>d<p0>"),
            (&["|a"], "a", "<p0><p0><p0>"),
            (&["", "a"], "aa", "<p0><p1><p0><p1><p0>"),
            (&["(|a)*"], "aa", "<p0><p0><p0><p0><p0>"),
            (&["(a|b*)*"], "abb", "<p0><p0>"),
            (&["(?:a?){2,3}?"], "aaa", "<p0><p0><p0>"),
            // Look-around.
            (&[r"(?<![0-9])\d{2}(?!\d)"], "12 123 45", "<p0> 123 <p0>"),
            (&["(?<=ab|cd)x"], "abx cdx bdx", "ab<p0> cd<p0> bdx"),
            (&["(?<!ab)x"], "x abx bx", "<p0> abx b<p0>"),
            (&["(?=[a-f]*[0-9])[0-9a-f]+"], "abc ab1", "abc <p0>"),
            (&["a(?=b(?!c))"], "abc abd ab", "abc <p0>bd <p0>b"),
            (&["(?!(?=a)ab).."], "abba", "a<p0>a"),
            (
                &[r"\bfoo\b", r"\Boo"],
                "foo xfoo foox",
                "<p0> xf<p1> f<p1>x",
            ),
            (&[r"\B"], "", ""),
            (&["^a", "a$"], "aba\n", "<p0>b<p1>\n"),
            (&["(?m:^a$)"], "a\na\nab", "<p0>\n<p0>\nab"),
            (&[r"\Aa|a\Z"], "aa\naa", "<p0>a\na<p0>"),
            // Unicode.
            (&[r"\w+", r"\d"], "é٣ a\u{301}", "<p0> <p0>\u{301}"),
            (&[r"\s"], "a\u{1c}b\u{2003}c", "a<p0>b<p0>c"),
            (&["(?i:ki)"], "\u{212a}İ kı KI", "<p0> <p0> <p0>"),
            (&["(?ia:k)"], "\u{212a}kK", "\u{212a}<p0><p0>"),
            // What backtracks, and possessive loops that need not.
            (&["(?>a+b|a)b"], "abb ab", "<p0> ab"),
            (&["a++b", "a{1,2}+a"], "aab aaa aa", "<p0> <p1> aa"),
            (&["(?:ab|a){2}+b"], "ababb aab", "<p0> aab"),
            (&[r"(?<=\bx)y"], "xy axy", "x<p0> axy"),
            (&["b", "(?>a|ab)", "a"], "aab", "<p1><p1><p0>"),
        ];
        for (regexes, text, expected) in rows {
            let found = compile(regexes);
            assert_eq!(found.parameterize(text).unwrap(), *expected, "{regexes:?}");
        }
    }

    #[test]
    fn only_what_needs_it_backtracks() {
        let rows = [
            ("(a*)*b", true),
            (r"(?<![a-z])\b(?=[a-f]*[0-9])x$", true),
            ("(?<=abc|[0-9]{3})x", true),
            ("a++", true),
            ("a{2,5}+", true),
            ("(?>abc)", true),
            ("(?>a|ab)", false),
            ("(?:ab?)++", false),
            (r"(?<=\ba)x", false),
        ];
        for (regex, linear) in rows {
            assert_eq!(compile(&[regex]).is_linear(0), linear, "{regex}");
        }
    }

    #[test]
    fn invalid_lists_are_rejected() {
        let new = |patterns: &[Pattern]| Parameterizer::new(patterns, None, Limits::default());
        let rows = [
            ("a-b", "a", "pattern \"a-b\": the name is not an identifier"),
            ("x", "a", "pattern \"x\": a pattern before has this name"),
            (
                "y",
                "a(",
                "pattern \"y\": missing ), unterminated subpattern at position 1",
            ),
            (
                "y",
                "(?:(?:a{99}){99}){99}",
                "pattern \"y\": it compiles to more than 50000 operations",
            ),
        ];
        for (name, regex, message) in rows {
            let fault = new(&[Pattern::new("x", "a"), Pattern::new(name, regex)]).unwrap_err();
            assert_eq!((fault.pattern(), fault.name()), (1, name));
            assert_eq!(fault.to_string(), message);
        }
        let long = "a".repeat(20_000);
        let fault = new(&[Pattern::new("x", long)]).unwrap_err();
        assert_eq!(
            fault.message(),
            "the regex has 20000 bytes, the limit is 16384"
        );
        let fault = Parameterizer::new(&patterns(&["a"]), Some(&["q"]), Limits::default());
        assert_eq!(fault.unwrap_err().name(), "q");
    }

    #[test]
    fn hostile_regexes_compile_or_are_rejected() {
        let nested = |open: &str, body: &str, close: &str, depth| {
            [open.repeat(depth), body.to_owned(), close.repeat(depth)].concat()
        };
        let rows = [
            nested("(", "a", ")", 99),
            nested("(", "a", ")*", 99),
            nested("(?:", "a?", "){0,9}", 99),
            nested("(?>", "a|b", "|)+", 90),
            nested("(?=", "a", ")", 99),
            nested("(?!", "a", ".)", 99),
            "(?:){4000000000}".to_owned(),
            "(?:(?=a)){4000000000}".to_owned(),
            r"\w\b".repeat(4000),
            "(?i:[^a])".repeat(1000),
            "(?<=ab)".repeat(2000),
            "a?".repeat(5000) + &"a".repeat(5000),
            (0..800)
                .map(|it| format!("[{}-\u{ffff}]", char::from_u32(it * 7 + 200).unwrap()))
                .collect(),
        ];
        for regex in rows {
            let compiled = Parameterizer::new(&patterns(&[&regex]), None, Limits::default());
            if let Ok(compiled) = compiled {
                let _ = compiled.parameterize(&"aab é".repeat(20));
            }
        }
    }

    #[test]
    fn too_many_steps_are_an_error() {
        let stuck = compile(&["(?>(?:a|aa)+)(?:b)", "(?>(?:a*)*c|(?:a|aa)+b)"]);
        let limits = Limits {
            steps: 1000,
            steps_per_byte: 10,
            text_bytes: Some(100),
            ..Limits::default()
        };
        let few = Parameterizer::new(stuck.patterns(), None, limits).unwrap();
        assert_eq!(few.parameterize("xab").unwrap(), "x<p0>");
        let error = few.parameterize(&("a".repeat(58) + "-b")).unwrap_err();
        let message = "pattern \"p1\" took more than 1600 steps, at byte ";
        assert!(error.to_string().starts_with(message), "{error}");
        let error = few.find(&"b".repeat(101)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the text has 101 bytes, the limit `text_bytes` is 100"
        );
    }

    #[test]
    fn only_keeps_the_order_of_the_list() {
        let only = ["int", "hex"];
        let some = Parameterizer::new(&default_patterns(), Some(&only), Limits::default());
        let some = some.unwrap();
        let names: Vec<_> = some.patterns().iter().map(|it| &*it.name).collect();
        assert_eq!(names, ["hex", "int"]);
        assert_eq!(
            some.parameterize("1 0x1 a@b.com").unwrap(),
            "<int> <hex> a@b.com"
        );
        assert_eq!(some.counts("1 2 0x1").unwrap(), [1, 2]);
        let none = Parameterizer::new(&[], None, Limits::default()).unwrap();
        assert_eq!(none.parameterize("1 2").unwrap(), "1 2");
    }

    #[test]
    fn matches_are_in_bytes_or_characters() {
        let numbers = compile(&[r"\d+"]);
        let text = "é 12 ü٣é 4";
        let mut found = numbers.find(text).unwrap();
        let spans = |found: &[Match]| {
            found
                .iter()
                .map(|it| (it.start, it.end))
                .collect::<Vec<_>>()
        };
        assert_eq!(spans(&found), [(3, 5), (8, 10), (13, 14)]);
        to_characters(text, &mut found);
        assert_eq!(spans(&found), [(2, 4), (6, 7), (9, 10)]);
        let mut counts = Vec::new();
        let text = numbers.parameterize_counted(text, &mut counts).unwrap();
        assert_eq!((&*text, &counts[..]), ("é <p0> ü<p0>é <p0>", &[3][..]));
        assert!(matches!(
            numbers.parameterize("none"),
            Ok(Cow::Borrowed("none"))
        ));
    }

    #[test]
    fn threads_share_a_list() {
        let defaults = defaults();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for number in 0..200 {
                        let text = format!("took {number}ms at 0x{number:x}, id={number}");
                        let found = defaults.parameterize(&text).unwrap();
                        assert_eq!(found, "took <duration> at <hex>, id=<int>");
                    }
                });
            }
        });
    }

    /// Regexes with each construct, and texts over their characters.
    struct Source(Random);

    impl Source {
        fn regex(&mut self, depth: usize) -> String {
            let count = 1 + self.0 .0.usize(..3);
            let mut regex = String::new();
            for _ in 0..count {
                regex += &self.part(depth);
                if self.0.one_in(4) {
                    regex += *self
                        .0
                        .pick(&["*", "+", "?", "*?", "{1,2}", "{2}", "++", "?+"]);
                }
                if self.0.one_in(6) {
                    regex.push('|');
                }
            }
            regex
        }

        fn part(&mut self, depth: usize) -> String {
            let leaves = [
                "a", "b", "1", "-", "é", r"\n", ".", r"\d", r"\w", r"\W", "[ab]", "[^a]", r"[\d-]",
            ];
            if depth == 0 || !self.0.one_in(3) {
                return (*self.0.pick(&leaves)).to_owned();
            }
            let groups = [
                "(", "(?:", "(?=", "(?!", "(?i:", "(?>", "(?s:", r"(?:^|", r"(?:\b", r"(?:\B",
                "(?:$|",
            ];
            let behind = [
                "(?<=a)",
                "(?<!1)",
                "(?<=ab)",
                "(?<![ab]1)",
                r"(?<=\Wa)",
                r"(?<=\ba)",
            ];
            if self.0.one_in(4) {
                return format!("(?:{}{})", self.0.pick(&behind), self.part(depth - 1));
            }
            format!("{}{})", self.0.pick(&groups), self.regex(depth - 1))
        }

        fn text(&mut self) -> String {
            let pieces = ["a", "b", "1", "-", "é", "\n", "A", "ab", "a1", "aaa", "😀"];
            self.0.concat(&pieces, 40)
        }
    }

    /// The automaton and the matcher that backtracks have only the graph in common. Small blocks
    /// and few states test what happens at the ends of blocks.
    #[test]
    fn the_search_agrees_with_the_matcher_that_backtracks() {
        let mut source = Source(Random::new(12));
        let mut compared = 0;
        for _ in 0..slow_cases(500) {
            let regexes: Vec<String> = (0..2).map(|_| source.regex(2)).collect();
            let regexes: Vec<&str> = regexes.iter().map(|it| &**it).collect();
            let list = patterns(&regexes);
            let Ok(fast) = Parameterizer::new(&list, None, Limits::default()) else {
                continue;
            };
            let build = |limits, max_block, all_backtrack| {
                let tuning = Tuning {
                    max_block,
                    all_backtrack,
                };
                Parameterizer::compile(&list, None, limits, tuning).unwrap()
            };
            let limits = Limits {
                state_bytes: 1000,
                ..Limits::default()
            };
            let few = Limits {
                steps: 20_000,
                ..Limits::default()
            };
            let slow = build(few, None, true);
            let blocks = build(limits, Some(7), false);
            for _ in 0..5 {
                let text = source.text();
                let expected = slow.find(&text);
                if expected.is_err() {
                    continue;
                }
                assert_eq!(fast.find(&text), expected, "{regexes:?} {text:?}");
                assert_eq!(blocks.find(&text), expected, "{regexes:?} {text:?}");
                compared += 1;
            }
        }
        assert!(compared > at_least(500), "{compared}");
    }

    /// Each byte is read at most twice, whatever the text is.
    #[test]
    fn no_text_is_read_again_and_again() {
        let defaults = defaults();
        let mut texts: Vec<String> = vec!["a.".repeat(50_000), "1".repeat(100_000)];
        for examples in EXAMPLES {
            let example = examples.matching[0];
            let prefixes: String = example.char_indices().map(|it| &example[..it.0]).collect();
            texts.push(prefixes.repeat(100_000 / prefixes.len().max(1)));
        }
        for text in texts {
            let behind = Behind {
                text: &text,
                alphabet: &defaults.alphabet,
                tables: &defaults.tables,
            };
            let mut scratch = defaults.pool.get();
            let mut search = Search::new(&defaults.engine, behind, &mut scratch, 0);
            let mut consumed = 0;
            while let Ok(Some(found)) = search.next() {
                consumed += found.end - found.start;
            }
            assert!(search.read <= 2 * text.len(), "{}", &text[..50]);
            assert!(consumed <= text.len());
        }
    }
}
