//! Regexes as a graph of operations, shared by all patterns of a list.
//!
//! ```text
//! a(?:bc|dc)*    a ─▸ split ─▸ b ─▸ c ─▸ (split)
//!                       ├────▸ d ─▸ (c)
//!                       └────▸ accept
//! ```
//!
//! The graph is built from the end to the start. Operations that are equal and continue at the
//! same operation are one operation, so the patterns of a list share their ends.
//!
//! Python leaves a loop after an iteration that consumed nothing. So the graph of a body that
//! can match nothing is built twice: for "this iteration has consumed nothing yet", which leaves
//! the loop at its end, and for "it has consumed a character", which continues the loop. That is
//! why no path returns to an operation without consuming a character, and operations can be
//! numbered such that each depends on smaller numbers at the same position.
//!
//! In the same way, a pattern that can match nothing has a second start that rejects the empty
//! match: Python does not find the same empty match twice.

use std::hash::Hash;

use super::HashMap;

use super::charset::CharSet;
use super::syntax::Tree;

/// An operation, by its number.
pub(super) type Id = u32;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Op {
    /// The match ends.
    Accept,
    /// No match.
    Fail,
    /// The text ends here.
    TextEnd,
    /// Consumes a character of the set.
    Char { set: u32, next: Id },
    /// Continues at the first of these that leads to a match.
    Split(Box<[Id]>),
    /// Continues if the condition on what is behind holds.
    Behind { condition: u32, next: Id },
    /// Continues if a match of the body begins here, or if none does.
    Ahead { body: Id, negated: bool, next: Id },
    /// Continues after the first match of the body (only while backtracking).
    Atomic { body: Id, empty: Id, consumed: Id },
    /// Continues if a match of the body begins `width` characters ago (only while backtracking).
    FarBehind {
        body: Id,
        width: u32,
        negated: bool,
        next: Id,
    },
}

/// What an operation asks of the characters behind a position.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Condition {
    TextStart,
    /// The character before is of the set.
    Char {
        set: u32,
        negated: bool,
    },
    /// The characters before are one of these sequences of sets. All are equally long.
    Chars {
        sequences: u32,
        negated: bool,
    },
}

/// Values with numbers. Equal values have the same number.
#[derive(Clone, Debug)]
pub(super) struct Numbered<T> {
    pub(super) values: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    fn new() -> Self {
        Self {
            values: Vec::new(),
            numbers: HashMap::default(),
        }
    }

    fn number(&mut self, value: T) -> u32 {
        let next = self.values.len() as u32;
        *self.numbers.entry(value).or_insert_with_key(|value| {
            self.values.push(value.clone());
            next
        })
    }
}

/// What operations refer to: it is shared by the graphs of a list.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    pub(super) sets: Numbered<CharSet>,
    ranges: usize,
    pub(super) conditions: Numbered<Condition>,
    /// What is behind, as sequences of sets.
    pub(super) sequences: Numbered<Vec<Vec<u32>>>,
}

impl Tables {
    pub(super) fn new() -> Self {
        Self {
            sets: Numbered::new(),
            ranges: 0,
            conditions: Numbered::new(),
            sequences: Numbered::new(),
        }
    }

    fn set(&mut self, set: &CharSet) -> Built<u32> {
        let count = self.sets.values.len();
        let number = self.sets.number(set.clone());
        if self.sets.values.len() > count {
            self.ranges += set.ranges().len();
        }
        if self.ranges > MAX_RANGES {
            return Err(BuildError::TooLarge);
        }
        Ok(number)
    }
}

/// Why a regex has no graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BuildError {
    /// The graph would have more operations than allowed.
    TooLarge,
    /// The regex needs the matcher that backtracks.
    NotLinear,
}

/// The largest number of sequences that a look-behind is expanded to.
const MAX_SEQUENCES: usize = 64;

/// The largest number of look-behinds over more than one character in a list.
pub(super) const MAX_FAR: usize = 6;

/// The largest number of ranges in all sets of a list: a list can have many sets like `[\w-]`,
/// and each has 700 ranges.
const MAX_RANGES: usize = 1 << 20;

/// The longest look-behind that the linear search checks, in characters.
const MAX_FAR_WIDTH: usize = 256;

/// Builds the graph.
pub(super) struct Builder {
    ops: Vec<Op>,
    numbers: HashMap<Op, Id>,
    max_ops: usize,
    /// How much work is left, so that no regex takes long without a new operation.
    work: usize,
    /// Whether operations for the matcher that backtracks may be made.
    backtracks: bool,
}

/// Where to continue: `empty` if nothing was consumed yet, and `consumed` otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Next {
    empty: Id,
    consumed: Id,
}

impl Next {
    fn both(id: Id) -> Self {
        Self {
            empty: id,
            consumed: id,
        }
    }
}

type Built<T> = Result<T, BuildError>;

/// Where a pattern starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) any: Id,
    /// The same without the empty match.
    pub(super) not_empty: Id,
}

impl Builder {
    pub(super) fn new(max_ops: usize, backtracks: bool) -> Self {
        Self {
            ops: Vec::new(),
            numbers: HashMap::default(),
            max_ops,
            work: max_ops.saturating_mul(20),
            backtracks,
        }
    }

    /// Adds a pattern. What a pattern that fails has added before stays, and is removed later.
    pub(super) fn pattern(&mut self, tree: &Tree, tables: &mut Tables) -> Built<Start> {
        let accept = self.op(Op::Accept)?;
        let fail = self.op(Op::Fail)?;
        let any = self.tree(tree, Next::both(accept), tables)?;
        let not_empty = if tree.is_nullable() {
            let next = Next {
                empty: fail,
                consumed: accept,
            };
            self.tree(tree, next, tables)?
        } else {
            any
        };
        Ok(Start { any, not_empty })
    }

    fn op(&mut self, op: Op) -> Built<Id> {
        if let Some(&id) = self.numbers.get(&op) {
            return Ok(id);
        }
        let id = self.unique(op.clone())?;
        self.numbers.insert(op, id);
        Ok(id)
    }

    /// Adds an operation that is not merged with others.
    fn unique(&mut self, op: Op) -> Built<Id> {
        if self.ops.len() >= self.max_ops {
            return Err(BuildError::TooLarge);
        }
        self.ops.push(op);
        Ok(self.ops.len() as Id - 1)
    }

    fn split(&mut self, ids: &[Id]) -> Built<Id> {
        let mut distinct: Vec<Id> = Vec::with_capacity(ids.len());
        for &id in ids {
            let fails = matches!(self.ops[id as usize], Op::Fail);
            if !fails && !distinct.contains(&id) {
                distinct.push(id);
            }
        }
        match distinct[..] {
            [] => self.op(Op::Fail),
            [id] => Ok(id),
            _ => self.op(Op::Split(distinct.into())),
        }
    }

    fn tree(&mut self, tree: &Tree, next: Next, tables: &mut Tables) -> Built<Id> {
        self.work = self.work.checked_sub(1).ok_or(BuildError::TooLarge)?;
        match tree {
            Tree::Set(set) => {
                if set.ranges().is_empty() {
                    return self.op(Op::Fail);
                }
                let set = tables.set(set)?;
                self.op(Op::Char {
                    set,
                    next: next.consumed,
                })
            }
            Tree::Concat(parts) => {
                let mut next = next;
                for part in parts.iter().rev() {
                    next = self.part(part, next, tables)?;
                }
                Ok(next.empty)
            }
            Tree::Alternate(parts) => {
                let mut ids = Vec::with_capacity(parts.len());
                for part in parts {
                    ids.push(self.tree(part, next, tables)?);
                }
                self.split(&ids)
            }
            Tree::Repeat {
                body,
                min,
                max,
                lazy,
            } => {
                let mut next = match max {
                    None => self.endless(body, *lazy, next, tables)?,
                    Some(max) => self.optional(body, max - min, *lazy, next, tables)?,
                };
                for _ in 0..*min {
                    let before = self.part(body, next, tables)?;
                    if before == next {
                        break;
                    }
                    next = before;
                }
                Ok(next.empty)
            }
            Tree::Ahead { body, negated } => {
                let accept = self.op(Op::Accept)?;
                let body = self.tree(body, Next::both(accept), tables)?;
                self.ahead(body, *negated, next.empty)
            }
            Tree::Behind {
                body,
                negated,
                width,
            } => self.behind(body, *negated, *width, next.empty, tables),
            Tree::Atomic(body) => self.atomic(body, next, tables),
            Tree::TextStart => {
                let condition = tables.conditions.number(Condition::TextStart);
                let next = next.empty;
                self.op(Op::Behind { condition, next })
            }
            Tree::TextEnd => {
                let end = self.op(Op::TextEnd)?;
                self.ahead(end, false, next.empty)
            }
        }
    }

    /// Builds a tree for both: what was consumed before it, and what was not.
    fn part(&mut self, tree: &Tree, next: Next, tables: &mut Tables) -> Built<Next> {
        let consumed = self.tree(tree, Next::both(next.consumed), tables)?;
        let empty = if next.empty == next.consumed {
            consumed
        } else {
            self.tree(tree, next, tables)?
        };
        Ok(Next { empty, consumed })
    }

    fn ahead(&mut self, body: Id, negated: bool, next: Id) -> Built<Id> {
        match (&self.ops[body as usize], negated) {
            (Op::Accept, false) | (Op::Fail, true) => Ok(next),
            (Op::Accept, true) | (Op::Fail, false) => self.op(Op::Fail),
            _ => self.op(Op::Ahead {
                body,
                negated,
                next,
            }),
        }
    }

    /// One iteration after the other, or none.
    fn endless(&mut self, body: &Tree, lazy: bool, next: Next, tables: &mut Tables) -> Built<Next> {
        // Set below: the body refers to it.
        let again = self.unique(Op::Split(Box::new([])))?;
        let order = |body, exit| if lazy { [exit, body] } else { [body, exit] };
        let after = Next {
            empty: next.consumed,
            consumed: again,
        };
        let once = self.tree(body, after, tables)?;
        let consumed = next.consumed;
        self.ops[again as usize] = Op::Split(Box::new(order(once, consumed)));
        if next.empty == next.consumed {
            return Ok(Next::both(again));
        }
        let after = Next {
            empty: next.empty,
            consumed: again,
        };
        let once = self.tree(body, after, tables)?;
        let empty = self.split(&order(once, next.empty))?;
        let consumed = again;
        Ok(Next { empty, consumed })
    }

    /// Up to `times` iterations.
    fn optional(
        &mut self,
        body: &Tree,
        times: u32,
        lazy: bool,
        exit: Next,
        tables: &mut Tables,
    ) -> Built<Next> {
        let order = |body, exit| if lazy { [exit, body] } else { [body, exit] };
        let mut next = exit;
        for _ in 0..times {
            let after = Next {
                empty: exit.consumed,
                consumed: next.consumed,
            };
            let once = self.tree(body, after, tables)?;
            let consumed = self.split(&order(once, exit.consumed))?;
            let empty = if exit.empty == exit.consumed {
                consumed
            } else {
                let after = Next {
                    empty: exit.empty,
                    consumed: next.consumed,
                };
                let once = self.tree(body, after, tables)?;
                self.split(&order(once, exit.empty))?
            };
            let before = Next { empty, consumed };
            if before == next {
                break;
            }
            next = before;
        }
        Ok(next)
    }

    fn behind(
        &mut self,
        body: &Tree,
        negated: bool,
        width: u32,
        next: Id,
        tables: &mut Tables,
    ) -> Built<Id> {
        let Some(sequences) = sequences(body) else {
            if !self.backtracks {
                return Err(BuildError::NotLinear);
            }
            let accept = self.op(Op::Accept)?;
            let body = self.tree(body, Next::both(accept), tables)?;
            return self.op(Op::FarBehind {
                body,
                width,
                negated,
                next,
            });
        };
        let condition = if width == 1 {
            let sets = sequences.iter().flatten();
            let set = sets.fold(CharSet::default(), |sum, set| sum.union(set));
            let set = tables.set(&set)?;
            Condition::Char { set, negated }
        } else {
            let mut numbers = Vec::with_capacity(sequences.len());
            for sequence in &sequences {
                let sets: Built<Vec<u32>> = sequence.iter().map(|it| tables.set(it)).collect();
                numbers.push(sets?);
            }
            let sequences = tables.sequences.number(numbers);
            if sequences as usize >= MAX_FAR && !self.backtracks {
                return Err(BuildError::NotLinear);
            }
            Condition::Chars { sequences, negated }
        };
        let condition = tables.conditions.number(condition);
        self.op(Op::Behind { condition, next })
    }

    fn atomic(&mut self, body: &Tree, next: Next, tables: &mut Tables) -> Built<Id> {
        if let Some(equal) = without_atomic(body) {
            return self.tree(&equal, next, tables);
        }
        if !self.backtracks {
            return Err(BuildError::NotLinear);
        }
        let accept = self.op(Op::Accept)?;
        let body = self.tree(body, Next::both(accept), tables)?;
        self.op(Op::Atomic {
            body,
            empty: next.empty,
            consumed: next.consumed,
        })
    }

    /// Numbers the operations that the starts reach in the order in which they depend on each
    /// other at a position.
    pub(super) fn finish(&self, starts: &[Start]) -> (Graph, Vec<Start>) {
        let mut order = Order {
            ops: &self.ops,
            state: vec![State::New; self.ops.len()],
            leaves: Vec::new(),
            others: Vec::new(),
        };
        for start in starts {
            order.visit(start.any);
            order.visit(start.not_empty);
        }
        let Order { leaves, others, .. } = order;
        let mut numbers = vec![0; self.ops.len()];
        for (number, &id) in leaves.iter().chain(&others).enumerate() {
            numbers[id as usize] = number as Id;
        }
        let ops = leaves.iter().chain(&others).map(|&id| {
            let mut op = self.ops[id as usize].clone();
            for id in op.references_mut() {
                *id = numbers[*id as usize];
            }
            op
        });
        let graph = Graph {
            ops: ops.collect(),
            leaves: leaves.len(),
        };
        let starts = starts.iter().map(|start| Start {
            any: numbers[start.any as usize],
            not_empty: numbers[start.not_empty as usize],
        });
        (graph, starts.collect())
    }
}

/// The operations of a list of patterns.
///
/// The first `leaves` of them do not depend on others at the same position: they are characters,
/// ends of the text, acceptance and failure. The others depend on smaller numbers.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    pub(super) ops: Vec<Op>,
    pub(super) leaves: usize,
}

impl Op {
    fn is_leaf(&self) -> bool {
        matches!(self, Op::Accept | Op::Fail | Op::TextEnd | Op::Char { .. })
    }

    fn references_mut(&mut self) -> Vec<&mut Id> {
        match self {
            Op::Accept | Op::Fail | Op::TextEnd => Vec::new(),
            Op::Char { next, .. } | Op::Behind { next, .. } => vec![next],
            Op::Split(ids) => ids.iter_mut().collect(),
            Op::Ahead { body, next, .. } | Op::FarBehind { body, next, .. } => vec![body, next],
            Op::Atomic {
                body,
                empty,
                consumed,
            } => vec![body, empty, consumed],
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Seen,
    Done,
}

/// Orders operations, without recursion: chains can be long.
struct Order<'b> {
    ops: &'b [Op],
    state: Vec<State>,
    leaves: Vec<Id>,
    others: Vec<Id>,
}

impl Order<'_> {
    fn visit(&mut self, start: Id) {
        // Leaves whose successors are still to visit. They come later, because a leaf does not
        // depend on what follows it.
        let mut later = vec![start];
        let mut stack = Vec::new();
        while let Some(start) = later.pop() {
            stack.push(start);
            while let Some(&id) = stack.last() {
                let op = &self.ops[id as usize];
                match self.state[id as usize] {
                    State::New => {
                        self.state[id as usize] = State::Seen;
                        let mut copy = op.clone();
                        let references = copy.references_mut().into_iter().map(|id| *id);
                        if op.is_leaf() {
                            later.extend(references);
                        } else {
                            stack.extend(references);
                        }
                    }
                    State::Seen => {
                        stack.pop();
                        self.state[id as usize] = State::Done;
                        if op.is_leaf() {
                            self.leaves.push(id);
                        } else {
                            self.others.push(id);
                        }
                    }
                    State::Done => {
                        stack.pop();
                    }
                }
            }
        }
    }
}

/// Returns the sequences of sets that a body of fixed width matches, if they are few.
fn sequences(tree: &Tree) -> Option<Vec<Vec<CharSet>>> {
    let fits = |found: &[Vec<CharSet>]| {
        found.len() <= MAX_SEQUENCES && found.iter().all(|it| it.len() <= MAX_FAR_WIDTH)
    };
    let product = |left: &[Vec<CharSet>], right: &[Vec<CharSet>]| {
        if left.len() * right.len() > MAX_SEQUENCES {
            return None;
        }
        let pairs = left.iter().flat_map(|left| {
            let join = |right: &Vec<CharSet>| [&left[..], &right[..]].concat();
            right.iter().map(join)
        });
        Some(pairs.collect::<Vec<_>>()).filter(|found| fits(found))
    };
    match tree {
        Tree::Set(set) => Some(vec![vec![set.clone()]]),
        Tree::Concat(parts) => parts.iter().try_fold(vec![Vec::new()], |sum, part| {
            product(&sum, &sequences(part)?)
        }),
        Tree::Alternate(parts) => {
            let parts: Option<Vec<_>> = parts.iter().map(sequences).collect();
            Some(parts?.concat()).filter(|found| fits(found))
        }
        Tree::Repeat { body, min, max, .. }
            if Some(*min) == *max && *min as usize <= MAX_FAR_WIDTH =>
        {
            let body = sequences(body)?;
            (0..*min).try_fold(vec![Vec::new()], |sum, _| product(&sum, &body))
        }
        _ => None,
    }
}

/// Returns the tree for `(?>body)` without the atomic group, if there is a simple one.
///
/// A possessive loop over one set ends where no character of the set follows:
///
/// ```text
/// x*+        x*(?!x)
/// x{2,5}+    x{5}|x{2,4}(?!x)
/// ```
fn without_atomic(body: &Tree) -> Option<Tree> {
    if has_one_path(body) {
        return Some(body.clone());
    }
    let Tree::Repeat {
        body: set,
        min,
        max,
        lazy: false,
    } = body
    else {
        return None;
    };
    if !matches!(**set, Tree::Set(_)) {
        return None;
    }
    let repeat = |min, max| Tree::Repeat {
        body: set.clone(),
        min,
        max,
        lazy: false,
    };
    let ahead = Tree::Ahead {
        body: set.clone(),
        negated: true,
    };
    Some(match *max {
        None => Tree::Concat(vec![repeat(*min, None), ahead]),
        Some(max) => Tree::Alternate(vec![
            repeat(max, Some(max)),
            Tree::Concat(vec![repeat(*min, Some(max - 1)), ahead]),
        ]),
    })
}

/// Returns whether the tree matches in at most one way.
fn has_one_path(tree: &Tree) -> bool {
    match tree {
        Tree::Set(_)
        | Tree::Ahead { .. }
        | Tree::Behind { .. }
        | Tree::TextStart
        | Tree::TextEnd => true,
        Tree::Atomic(body) => has_one_path(body),
        Tree::Concat(parts) => parts.iter().all(has_one_path),
        Tree::Alternate(parts) => parts.len() == 1 && has_one_path(&parts[0]),
        Tree::Repeat { body, min, max, .. } => Some(*min) == *max && has_one_path(body),
    }
}
