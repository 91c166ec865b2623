//! A matcher that backtracks, for patterns that the linear search cannot express.
//!
//! These are patterns with atomic groups, and with look-behinds that contain assertions. The
//! matcher tries what a pattern can match in Python's order. That can take long, so it counts its
//! steps, and fails if there are too many.

use super::behind::Behind;
use super::program::{Graph, Id, Op};

/// The matcher took more steps than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooManySteps;

/// A matcher for one text.
pub(super) struct Backtracker<'a> {
    graph: &'a Graph,
    behind: Behind<'a>,
    steps_left: u64,
    /// What to try if the current path fails.
    stack: Vec<(Id, usize)>,
}

impl<'a> Backtracker<'a> {
    pub(super) fn new(graph: &'a Graph, behind: Behind<'a>, steps: u64) -> Self {
        Self {
            graph,
            behind,
            steps_left: steps,
            stack: Vec::new(),
        }
    }

    /// Returns where the match that begins at a position ends.
    ///
    /// It calls itself for look-around and atomic groups, which nest no deeper than groups.
    pub(super) fn run(&mut self, id: Id, position: usize) -> Result<Option<usize>, TooManySteps> {
        let graph = self.graph;
        let text = self.behind.text;
        let base = self.stack.len();
        let (mut id, mut position) = (id, position);
        loop {
            self.steps_left = self.steps_left.checked_sub(1).ok_or(TooManySteps)?;
            let next = match &graph.ops[id as usize] {
                Op::Accept => {
                    self.stack.truncate(base);
                    return Ok(Some(position));
                }
                Op::Fail => None,
                Op::TextEnd => {
                    self.stack.truncate(base);
                    return Ok((position == text.len()).then_some(position));
                }
                Op::Char { set, next } => match text[position..].chars().next() {
                    Some(c) => {
                        let alphabet = self.behind.alphabet;
                        let found = alphabet.contains(*set, alphabet.class(c));
                        found.then_some((*next, position + c.len_utf8()))
                    }
                    None => None,
                },
                Op::Split(ids) => {
                    let later = ids.iter().skip(1).rev();
                    self.stack.extend(later.map(|&id| (id, position)));
                    ids.first().map(|&id| (id, position))
                }
                Op::Behind { condition, next } => {
                    let holds = self.behind.holds(*condition, position);
                    holds.then_some((*next, position))
                }
                Op::Ahead {
                    body,
                    negated,
                    next,
                } => {
                    let found = self.run(*body, position)?.is_some();
                    (found != *negated).then_some((*next, position))
                }
                Op::Atomic {
                    body,
                    empty,
                    consumed,
                } => self.run(*body, position)?.map(|end| {
                    let next = if end == position { *empty } else { *consumed };
                    (next, end)
                }),
                Op::FarBehind {
                    body,
                    width,
                    negated,
                    next,
                } => {
                    let mut before = text[..position].char_indices().rev();
                    let start = before.nth((*width as usize).saturating_sub(1));
                    let found = match start {
                        Some((start, _)) => self.run(*body, start)?.is_some(),
                        None => false,
                    };
                    (found != *negated).then_some((*next, position))
                }
            };
            (id, position) = match next {
                Some(next) => next,
                None if self.stack.len() > base => self.stack.pop().unwrap_or((id, position)),
                None => return Ok(None),
            };
        }
    }
}
