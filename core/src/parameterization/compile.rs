//! Compilation: from a list of patterns to what searches share.
//!
//! ```text
//! regex ──syntax──▸ tree ──program──▸ graph of operations ──automaton──▸ states, during a search
//! ```
//!
//! All patterns of a list share one graph. A pattern that the automaton cannot express goes into
//! a second graph, for the matcher that backtracks.

use std::collections::HashSet;

use super::alphabet::Alphabet;
use super::automaton::Automaton;
use super::limits::Limits;
use super::pattern::{Pattern, PatternError};
use super::program::{BuildError, Builder, Graph, Op, Start, Tables};
use super::required::Required;
use super::search::{self, Engine, Slow};
use super::syntax;

/// What only tests change.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tuning {
    /// How long a block may be, in bytes.
    pub(super) max_block: Option<usize>,
    /// Whether all patterns backtrack.
    pub(super) all_backtrack: bool,
}

/// A list that was compiled.
pub(super) struct Compiled {
    /// The patterns that are used.
    pub(super) patterns: Vec<Pattern>,
    /// Whether each takes time in proportion to the text.
    pub(super) linear: Vec<bool>,
    pub(super) engine: Engine,
}

/// Compiles a list of which the patterns named by `only` are used.
pub(super) fn compile(
    patterns: &[Pattern],
    only: Option<&[&str]>,
    limits: Limits,
    tuning: Tuning,
) -> Result<Compiled, PatternError> {
    let compiler = Compiler {
        patterns,
        limits,
        tuning,
    };
    let chosen = compiler.choose(only)?;
    let (engine, linear) = compiler.engine(&chosen)?;
    Ok(Compiled {
        patterns: chosen.iter().map(|&it| patterns[it].clone()).collect(),
        linear,
        engine,
    })
}

struct Compiler<'p> {
    patterns: &'p [Pattern],
    limits: Limits,
    tuning: Tuning,
}

impl Compiler<'_> {
    fn error<T>(
        &self,
        pattern: usize,
        position: Option<usize>,
        message: impl Into<String>,
    ) -> Result<T, PatternError> {
        let name = &self.patterns[pattern].name;
        Err(PatternError::new(pattern, name, position, message))
    }

    /// Checks the names, and returns the numbers of the patterns that are used.
    fn choose(&self, only: Option<&[&str]>) -> Result<Vec<usize>, PatternError> {
        let count = self.patterns.len();
        let named = |name: &str| self.patterns.iter().any(|it| it.name == name);
        if let Some(unknown) = only.and_then(|only| only.iter().find(|&&name| !named(name))) {
            let message = "`only` has this name, and the list of patterns does not";
            return Err(PatternError::new(count, unknown, None, message));
        }
        let allowed = self.limits.patterns;
        if count > allowed {
            let message = format!("there are {count} patterns, the limit is {allowed}");
            return self.error(allowed, None, message);
        }
        let mut names = HashSet::new();
        for (number, pattern) in self.patterns.iter().enumerate() {
            if !syntax::is_identifier(&pattern.name) {
                return self.error(number, None, "the name is not an identifier");
            }
            if !names.insert(&*pattern.name) {
                return self.error(number, None, "a pattern before has this name");
            }
        }
        let used = |it: &usize| only.is_none_or(|only| only.contains(&&*self.patterns[*it].name));
        Ok((0..count).filter(used).collect())
    }

    /// Returns the engine, and which of the patterns are linear.
    fn engine(&self, chosen: &[usize]) -> Result<(Engine, Vec<bool>), PatternError> {
        let max_ops = self.limits.operations;
        let mut fast = Builder::new(max_ops, false);
        let mut slow = Builder::new(max_ops, true);
        let mut fast_starts = Vec::new();
        let mut slow_starts = Vec::new();
        let mut tables = Tables::new();
        let mut trees = Vec::new();
        let mut linear = Vec::new();
        for (number, &place) in chosen.iter().enumerate() {
            let number = number as u32;
            let regex = &self.patterns[place].regex;
            if regex.len() > self.limits.regex_bytes {
                let allowed = self.limits.regex_bytes;
                let found = regex.len();
                let message = format!("the regex has {found} bytes, the limit is {allowed}");
                return self.error(place, None, message);
            }
            let tree = match syntax::parse(regex) {
                Ok(tree) => tree,
                Err(error) => return self.error(place, Some(error.position), error.message),
            };
            let mut built = Err(BuildError::NotLinear);
            if !self.tuning.all_backtrack {
                built = fast.pattern(&tree, &mut tables);
            }
            linear.push(built.is_ok());
            if built == Err(BuildError::NotLinear) {
                built = slow.pattern(&tree, &mut tables);
                slow_starts.extend(built.map(|start| (number, start)));
            } else {
                fast_starts.extend(built.map(|start| (number, start)));
            }
            if built.is_err() {
                let message = format!("it compiles to more than {max_ops} operations");
                return self.error(place, None, message);
            }
            trees.push(tree);
        }
        let (graph, starts) = finish(fast, &fast_starts);
        let (slow_graph, slow_starts) = finish(slow, &slow_starts);
        let compiled = Alphabet::new(&tables.sets.values).and_then(|alphabet| {
            let mut automaton = Automaton::new(graph, starts, &tables, &alphabet)?;
            for op in &slow_graph.ops {
                if let Op::Char { set, .. } = op {
                    automaton.remove_barriers(&tables.sets.values[*set as usize]);
                }
            }
            Some((alphabet, automaton))
        });
        let Some((alphabet, automaton)) = compiled else {
            let last = chosen.last().copied().unwrap_or(0);
            return self.error(last, None, "the patterns have too many sets of characters");
        };
        let max_block = search::block_length(&automaton);
        let slow = slow_starts
            .into_iter()
            .map(|(pattern, start)| Slow { pattern, start });
        let engine = Engine {
            max_block: self.tuning.max_block.unwrap_or(max_block),
            slow: slow.collect(),
            slow_graph,
            required: Required::new(&trees, &automaton.barriers),
            max_state_bytes: self.limits.state_bytes.min(search::MAX_STATE_BYTES),
            automaton,
            alphabet,
            tables,
        };
        Ok((engine, linear))
    }
}

/// Returns the graph, and where the patterns start in it.
fn finish(builder: Builder, starts: &[(u32, Start)]) -> (Graph, Vec<(u32, Start)>) {
    let (numbers, starts): (Vec<u32>, Vec<Start>) = starts.iter().copied().unzip();
    let (graph, starts) = builder.finish(&starts);
    (graph, numbers.into_iter().zip(starts).collect())
}
