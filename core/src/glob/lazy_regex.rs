//! The regex of a glob, built when it is first needed.
//!
//! A regex takes tens of microseconds and kilobytes to build, and most globs never need one.
//!
//! A glob only needs to know whether the regex matches. So this module uses two parts of
//! `regex-automata` instead of the crate `regex`: a lazily built DFA, and an NFA simulation if the
//! DFA would take too much memory. The DFA takes time linear in the value. The simulation takes time
//! linear in the product of the value and the states of the NFA, up to the limit `glob_steps`. This
//! makes the library 0.4 MB smaller; most of that is literal search, which hardly helps with an
//! anchored regex.

use std::panic::{RefUnwindSafe, UnwindSafe};

use once_cell::race::OnceBox;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::{self, WhichCaptures, NFA};
use regex_automata::util::pool::Pool;
use regex_automata::util::syntax;
use regex_automata::Input;

use super::syntax::Syntax;
use crate::limits::Limit;

/// The memory limit of the NFA of a glob: the default of the crate `regex`.
const MAX_NFA_BYTES: usize = 10 << 20;

/// The memory limit of the states of the DFA in one thread: the same default.
const MAX_DFA_BYTES: usize = 2 << 20;

/// How many states of the NFA the DFA may look at for a byte of the value, on average: a state of
/// the DFA is made of as many states of the NFA as there are, at most.
const MAX_NFA_STATES_PER_BYTE: usize = 32;

type NewCache = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

/// A regex that reports only whether it matches.
pub(crate) struct Regex {
    dfa: DFA,
    /// The states of the DFA, for each thread.
    caches: Pool<Cache, NewCache>,
}

impl Regex {
    /// Compiles a regex. Returns `None` if it is not valid or would be too large.
    fn new(source: &str, dot_matches_new_line: bool) -> Option<Self> {
        let syntax = syntax::Config::new()
            .utf8(false)
            .dot_matches_new_line(dot_matches_new_line);
        let config = thompson::Config::new()
            .utf8(false)
            .nfa_size_limit(Some(MAX_NFA_BYTES))
            .which_captures(WhichCaptures::None);
        let nfa = NFA::compiler()
            .syntax(syntax)
            .configure(config)
            .build(source)
            .ok()?;
        let bytes_per_state = nfa.states().len() / MAX_NFA_STATES_PER_BYTE;
        let limits = DFA::config()
            .cache_capacity(MAX_DFA_BYTES)
            .skip_cache_capacity_check(true)
            // Give up if states are hardly used before they are dropped.
            .minimum_cache_clear_count(Some(3))
            .minimum_bytes_per_state(Some(bytes_per_state.max(10)));
        let dfa = DFA::builder().configure(limits).build_from_nfa(nfa).ok()?;
        let new_cache: NewCache = {
            let dfa = dfa.clone();
            Box::new(move || dfa.create_cache())
        };
        Some(Self {
            dfa,
            caches: Pool::new(new_cache),
        })
    }

    /// Returns whether it matches anywhere in the value.
    ///
    /// Unwinds with [`LimitExceeded`](crate::limits::LimitExceeded) if that would take more than
    /// `glob_steps`.
    pub(crate) fn is_match(&self, value: &[u8]) -> bool {
        self.is_match_or(value, || None)
    }

    /// The same, but where the DFA would take too much memory, `other` can match instead.
    pub(crate) fn is_match_or(&self, value: &[u8], other: impl FnOnce() -> Option<bool>) -> bool {
        let input = Input::new(value).earliest(true);
        let mut cache = self.caches.get();
        match self.dfa.try_search_fwd(&mut cache, &input) {
            Ok(found) => found.is_some(),
            Err(_) => {
                // Else the DFA would give up on the next value at once, whatever it is.
                cache.reset(&self.dfa);
                drop(cache);
                other().unwrap_or_else(|| self.is_match_slow(&input))
            }
        }
    }

    #[cold]
    fn is_match_slow(&self, input: &Input<'_>) -> bool {
        let states = self.dfa.get_nfa().states().len();
        let steps = states.saturating_mul(input.haystack().len());
        if let Err(exceeded) = Limit::GlobSteps.check(steps) {
            exceeded.unwind();
        }
        match PikeVM::new_from_nfa(self.dfa.get_nfa().clone()) {
            Ok(nfa) => nfa.is_match(&mut nfa.create_cache(), input.clone()),
            // It only fails if there are too many patterns, and there is one.
            Err(_) => false,
        }
    }
}

/// The regex that defines what a glob matches.
#[derive(Default)]
pub(crate) struct LazyRegex {
    // If two threads need it at once, both build it and one is kept. There is no lock that a fork
    // in the middle could leave locked in the child.
    regex: OnceBox<Option<Regex>>,
}

impl LazyRegex {
    /// Returns the regex, or `None` if the glob is not valid or its regex would be too large.
    /// Calls `glob` at most once.
    pub(crate) fn get<S: AsRef<str>>(
        &self,
        glob: impl FnOnce() -> S,
        syntax: Syntax,
    ) -> Option<&Regex> {
        self.regex
            .get_or_init(|| {
                let source = syntax.regex_source(glob().as_ref()).ok();
                Box::new(source.and_then(|source| Regex::new(&source, syntax.newlines)))
            })
            .as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::LimitExceeded;
    use crate::testing::{cases, Random};

    const PIECES: [&str; 20] = [
        "*", "**", "/", "a", "b", "?", "[ab]", "[!a]", "\n", "/**/", "**/", "A", "{a,b}", "\\?",
        "[a-c]", "é", ".", "{a/,b*}", "[A-z]", "x",
    ];
    const VALUES: [&str; 10] = ["a", "b", "/", "\n", "A", "é", "ab", ".", "x", "?"];

    fn syntaxes() -> Vec<Syntax> {
        let mut found = Vec::new();
        for bits in 0..16_u32 {
            let options = crate::glob::Options {
                double_star: bits & 1 != 0,
                case_insensitive: bits & 2 != 0,
                path_normalize: bits & 4 != 0,
                allow_newline: bits & 8 != 0,
            };
            found.push(options.syntax());
        }
        found
    }

    #[test]
    fn it_matches_what_the_crate_regex_matches() {
        let mut random = Random::new(17);
        let syntaxes = syntaxes();
        let mut matched = 0;
        for _ in 0..cases(3_000) {
            let glob: String = (0..random.0.usize(..6))
                .map(|_| PIECES[random.0.usize(..PIECES.len())])
                .collect();
            let syntax = syntaxes[random.0.usize(..syntaxes.len())];
            let Ok(source) = syntax.regex_source(&glob) else {
                continue;
            };
            let theirs = regex::bytes::RegexBuilder::new(&source)
                .dot_matches_new_line(syntax.newlines)
                .build()
                .unwrap();
            let ours = Regex::new(&source, syntax.newlines).unwrap();
            for _ in 0..8 {
                let mut value: Vec<u8> = (0..random.0.usize(..5))
                    .flat_map(|_| VALUES[random.0.usize(..VALUES.len())].bytes())
                    .collect();
                if random.one_in(9) {
                    value.push(0xff);
                }
                let expected = theirs.is_match(&value);
                assert_eq!(ours.is_match(&value), expected, "{glob:?} {value:?}");
                assert_eq!(
                    ours.is_match_slow(&Input::new(&value)),
                    expected,
                    "{glob:?}"
                );
                matched += u64::from(expected);
            }
        }
        assert!(matched > 1_000, "{matched}");
    }

    #[test]
    fn both_reject_what_is_too_large() {
        let wide = "[\u{0}-\u{10ffff}]".repeat(40_000);
        let theirs = regex::bytes::RegexBuilder::new(&wide).build();
        assert!(theirs.is_err());
        assert!(Regex::new(&wide, false).is_none());
    }

    #[test]
    fn more_steps_than_the_limit_unwind_before_they_are_taken() {
        let regex = Regex::new("(?-u)^(?:[ab]*a[ab]{14}|x)$", false).unwrap();
        let states = regex.dfa.get_nfa().states().len();
        let mut random = Random::new(5);
        let len = Limit::GlobSteps.get() / states + 1;
        let value: Vec<u8> = (0..len).map(|_| b"ab"[random.0.usize(..2)]).collect();
        let caught = std::panic::catch_unwind(|| regex.is_match(&value)).unwrap_err();
        let exceeded = caught.downcast_ref::<LimitExceeded>().unwrap();
        assert_eq!(exceeded.limit, Limit::GlobSteps);
        assert_eq!(exceeded.found, states * len);
        // The regex can be used as before, and another way is taken if there is one.
        assert!(!regex.is_match(b"b"));
        assert!(regex.is_match_or(&value, || Some(true)));
        // A DFA takes no steps.
        assert!(!regex.is_match(&vec![b'b'; len]));
    }

    #[test]
    fn the_nfa_matches_where_the_dfa_gives_up() {
        // Each value needs other states, so they are dropped as soon as they are built.
        let source = "(?-u)^(?:[ab]*a[ab]{14}|x)$";
        let regex = Regex::new(source, false).unwrap();
        let theirs = regex::bytes::Regex::new(source).unwrap();
        let mut random = Random::new(3);
        for len in [0, 1, 15, 16, 100_000, 400_000] {
            let value: Vec<u8> = (0..len).map(|_| b"ab"[random.0.usize(..2)]).collect();
            assert_eq!(regex.is_match(&value), theirs.is_match(&value), "{len}");
        }
    }
}
