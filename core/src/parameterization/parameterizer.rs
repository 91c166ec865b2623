//! The compiled list: it finds and replaces matches in texts.
//!
//! A search needs a `Scratch`: the states that texts have needed so far. Each thread has its own,
//! from a pool, so threads share a list and never wait for each other.

use std::borrow::Cow;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use regex_automata::util::pool::Pool;
use thiserror::Error;

use super::compile::{compile, Compiled, Tuning};
use super::limits::Limits;
use super::matches::{Counts, Match};
use super::pattern::{Pattern, PatternError};
use super::search::{Engine, Scratch, Search, Stuck};

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

/// How many bytes the buffer for new texts may have that a thread keeps.
const MAX_KEPT: usize = 64 << 10;

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
    pub(super) engine: Arc<Engine>,
    pub(super) pool: Pool<Scratch, NewScratch>,
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
        Self::tuned(patterns, only, limits, Tuning::default())
    }

    pub(super) fn tuned(
        patterns: &[Pattern],
        only: Option<&[&str]>,
        limits: Limits,
        tuning: Tuning,
    ) -> Result<Self, PatternError> {
        let Compiled {
            patterns,
            linear,
            engine,
        } = compile(patterns, only, limits, tuning)?;
        let engine = Arc::new(engine);
        let pool: NewScratch = {
            let engine = Arc::clone(&engine);
            Box::new(move || Scratch::new(&engine.automaton))
        };
        Ok(Self {
            replacements: patterns.iter().map(|it| format!("<{}>", it.name)).collect(),
            patterns,
            linear,
            limits,
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
        self.parameterize_with(
            text,
            |_| (),
            |replaced| match replaced {
                Some(replaced) => Cow::Owned(replaced.to_owned()),
                None => Cow::Borrowed(text),
            },
        )
    }

    /// Calls `each` with each match, and then `done` with the new text, which a buffer of the
    /// thread holds; with `None` if there is no match.
    ///
    /// # Errors
    ///
    /// Fails like [`parameterize`](Self::parameterize).
    pub fn parameterize_with<R>(
        &self,
        text: &str,
        mut each: impl FnMut(Match),
        done: impl FnOnce(Option<&str>) -> R,
    ) -> Result<R, ParameterizeError> {
        let mut scratch = self.pool.get();
        let mut replaced = std::mem::take(&mut scratch.replaced);
        let mut end = 0;
        let mut changed = false;
        self.search(text, &mut scratch, |found| {
            each(found);
            replaced.push_str(&text[end..found.start]);
            replaced.push_str(&self.replacements[found.pattern]);
            (end, changed) = (found.end, true);
        })?;
        if !changed {
            scratch.replaced = replaced;
            return Ok(done(None));
        }
        replaced.push_str(&text[end..]);
        let result = done(Some(&replaced));
        if replaced.capacity() <= MAX_KEPT {
            replaced.clear();
            scratch.replaced = replaced;
        }
        Ok(result)
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
    pub fn for_each(&self, text: &str, call: impl FnMut(Match)) -> Result<(), ParameterizeError> {
        self.search(text, &mut self.pool.get(), call)
    }

    fn search(
        &self,
        text: &str,
        scratch: &mut Scratch,
        mut call: impl FnMut(Match),
    ) -> Result<(), ParameterizeError> {
        if let Some(allowed) = self.limits.text_bytes.filter(|&it| text.len() > it) {
            let found = text.len();
            return Err(ParameterizeError::TextTooLong { found, allowed });
        }
        let per_byte = self.limits.steps_per_byte;
        let steps = per_byte.saturating_mul(text.len() as u64);
        let steps = self.limits.steps.saturating_add(steps);
        let mut search = Search::new(&self.engine, text, scratch, steps);
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
}
