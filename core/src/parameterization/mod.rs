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
use self::program::{BuildError, Builder, Tables};
use self::search::{Engine, Scratch, Search, Slow, Stuck};

pub use self::defaults::{default_patterns, DEFAULT_PATTERNS};
pub use self::examples::{Examples, EXAMPLES};

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
    /// Operations of all patterns of a list after compilation. One takes less than 100 bytes.
    pub operations: usize,
    /// Bytes of states that a thread keeps for a list, before it forgets them.
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
            state_bytes: 16 << 20,
            text_bytes: None,
            steps: 1_000_000,
            steps_per_byte: 200,
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
    tables: Tables,
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
            let mut built = fast.pattern(&tree, &mut self.tables);
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
            let automaton = Automaton::new(graph, fast_starts, &self.tables, &alphabet)?;
            Some((alphabet, automaton))
        });
        let Some((alphabet, automaton)) = compiled else {
            let last = chosen.last().copied().unwrap_or(0);
            return self.error(last, None, "the patterns have too many sets of characters");
        };
        let engine = Engine {
            automaton,
            slow,
            slow_graph,
            required: required.finish(),
            max_state_bytes: self.limits.state_bytes,
        };
        Ok((engine, alphabet, linear))
    }
}

#[doc(hidden)]
impl Parameterizer {
    #[allow(missing_docs)]
    pub fn describe(&self) -> String {
        let scratch = self.pool.get();
        let (a, b) = scratch.states.counts();
        format!(
            "kernels {a} sets {b} bytes {} | {}",
            scratch.states.bytes(),
            self.engine.automaton.describe()
        )
    }
}
