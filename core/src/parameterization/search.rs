//! The search: finds all matches in a text, from left to right.
//!
//! A text is divided into regions at characters that no pattern consumes (mostly line feeds). No
//! match crosses such a border. The automaton reads a region from its end to its start and notes
//! the set of what is alive at each position. Then the search walks forward:
//!
//! 1. to the next position where a pattern starts; the first of those in the list wins;
//! 2. along the operations of that pattern; where they split, it takes the first that is alive.
//!
//! A regex that backtracks takes the first path that does not fail. An operation that is alive does
//! not fail. So the search takes the same path, without trying others.
//!
//! A region longer than a block is read twice. The first time, the search keeps only the kernel at
//! the end of each block. The second time, it reads one block after the other, and keeps the sets of
//! that block. So the memory does not grow with the text, except for one number for each block.

use super::HashMap;

use super::alphabet::Alphabet;
use super::automaton::{Automaton, States, MATCHES, NONE};
use super::backtrack::{Backtracker, TooManySteps};
use super::behind::Behind;
use super::program::{Graph, Id, Start, Tables};
use super::required::Required;
use super::ways;

/// The longest block, in bytes.
const MAX_BLOCK: usize = 16 << 10;

/// The largest limit on the bytes of states: transitions have numbers of 31 bits.
pub(super) const MAX_STATE_BYTES: usize = 1 << 30;

/// How many bytes the states of one block may take.
const MAX_BLOCK_BYTES: usize = 8 << 20;

/// What a thread keeps between searches.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) states: States,
    /// The transition at each position of the block.
    transitions: Vec<u32>,
    /// A buffer for a new text. It is empty.
    pub(super) replaced: String,
}

impl Scratch {
    pub(super) fn new(automaton: &Automaton) -> Self {
        Self {
            states: automaton.new_states(),
            transitions: Vec::new(),
            replaced: String::new(),
        }
    }
}

/// What all searches of a list share.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) automaton: Automaton,
    pub(super) alphabet: Alphabet,
    pub(super) tables: Tables,
    /// The patterns that backtrack, in the order of the list.
    pub(super) slow: Vec<Slow>,
    pub(super) slow_graph: Graph,
    /// The characters that each match has.
    pub(super) required: Option<Required>,
    pub(super) max_state_bytes: usize,
    /// How long a block may be, in bytes.
    pub(super) max_block: usize,
}

/// Returns how long the blocks of an automaton may be.
pub(super) fn block_length(automaton: &Automaton) -> usize {
    (MAX_BLOCK_BYTES / automaton.state_bytes()).clamp(1 << 10, MAX_BLOCK)
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Slow {
    pub(super) pattern: u32,
    pub(super) start: Start,
}

/// A match in a text: the number of the pattern, and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) pattern: u32,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A pattern that backtracks took too many steps at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stuck {
    pub(super) pattern: u32,
    pub(super) position: usize,
}

pub(super) struct Search<'a> {
    engine: &'a Engine,
    behind: Behind<'a>,
    scratch: &'a mut Scratch,
    backtracker: Backtracker<'a>,
    /// Where to search next. Past the end of the text when the search is over.
    position: usize,
    /// Where an empty match was found: there, the next match is not empty.
    empty_at: usize,
    /// The positions whose sets are known: the first, and how many.
    low: usize,
    known: usize,
    /// The blocks that come next, the last one first.
    later: Vec<Block>,
    kernels: Kernels,
    /// How many bytes were read.
    #[cfg(test)]
    pub(super) read: usize,
}

/// Positions to read: from `low` to `high`, where the kernel is known.
struct Block {
    low: usize,
    high: usize,
    kernel: Kernel,
    /// Whether the block includes the position `high`. Otherwise the next one does.
    includes_high: bool,
}

/// The kernel at the end of a block.
#[derive(Clone, Copy)]
enum Kernel {
    /// A character follows that no pattern consumes.
    OfNothing,
    OfTextEnd,
    /// It was read, and has this number.
    Read(usize),
}

/// Kernels that outlive the states.
#[derive(Default)]
struct Kernels {
    numbers: HashMap<Box<[u64]>, usize>,
    values: Vec<Box<[u64]>>,
}

impl Kernels {
    fn number(&mut self, kernel: &[u64]) -> usize {
        if let Some(&number) = self.numbers.get(kernel) {
            return number;
        }
        self.numbers.insert(kernel.into(), self.values.len());
        self.values.push(kernel.into());
        self.values.len() - 1
    }
}

/// Returns the first position at which a pattern matches. It looks at eight at once.
fn first_match(transitions: &[u32]) -> Option<usize> {
    let chunks = transitions.chunks(8);
    let none = chunks
        .take_while(|chunk| chunk.iter().fold(0, |sum, it| sum | it) & MATCHES == 0)
        .count();
    let rest = transitions.get(none * 8..)?;
    let place = rest.iter().position(|it| it & MATCHES != 0)?;
    Some(none * 8 + place)
}

impl<'a> Search<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        text: &'a str,
        scratch: &'a mut Scratch,
        steps: u64,
    ) -> Self {
        let behind = Behind {
            text,
            alphabet: &engine.alphabet,
            tables: &engine.tables,
        };
        Self {
            engine,
            behind,
            scratch,
            backtracker: Backtracker::new(&engine.slow_graph, behind, steps),
            position: 0,
            empty_at: usize::MAX,
            low: 0,
            known: 0,
            later: Vec::new(),
            kernels: Kernels::default(),
            #[cfg(test)]
            read: 0,
        }
    }

    /// Returns the next match.
    pub(super) fn next(&mut self) -> Result<Option<Found>, Stuck> {
        let length = self.behind.text.len();
        while self.position <= length {
            if self.position >= self.low + self.known {
                self.load();
                continue;
            }
            let Some((pattern, start, end)) = self.first_in_block()? else {
                self.position = self.low + self.known;
                continue;
            };
            if end == start {
                self.empty_at = start;
            }
            self.position = end;
            return Ok(Some(Found {
                pattern,
                start,
                end,
            }));
        }
        Ok(None)
    }

    /// Returns the first match in the block, if one begins there: the pattern, start and end.
    fn first_in_block(&mut self) -> Result<Option<(u32, usize, usize)>, Stuck> {
        let text = self.behind.text;
        let slow = self.engine.slow.first().map_or(NONE, |slow| slow.pattern);
        let mut place = self.position - self.low;
        while place < self.known {
            if slow == NONE {
                let rest = &self.scratch.transitions[place..self.known];
                match first_match(rest) {
                    None => return Ok(None),
                    Some(distance) => place += distance,
                }
            }
            let transition = self.scratch.transitions[place];
            let position = self.low + place;
            let not_empty = position == self.empty_at;
            let mut pattern = NONE;
            if transition & MATCHES != 0 {
                let (any, not) = self.scratch.states.first(transition);
                pattern = if not_empty { not } else { any };
            }
            if slow < pattern && text.is_char_boundary(position) {
                if let Some((pattern, end)) = self.backtrack(position, not_empty, pattern)? {
                    return Ok(Some((pattern, position, end)));
                }
            }
            if pattern != NONE {
                let start = self.engine.automaton.start(pattern);
                let id = if not_empty {
                    start.not_empty
                } else {
                    start.any
                };
                let end = self.walk(id, position);
                return Ok(Some((pattern, position, end)));
            }
            place += 1;
        }
        Ok(None)
    }

    /// Tries the patterns that backtrack and come before `before`.
    fn backtrack(
        &mut self,
        position: usize,
        not_empty: bool,
        before: u32,
    ) -> Result<Option<(u32, usize)>, Stuck> {
        for slow in &self.engine.slow {
            let pattern = slow.pattern;
            if pattern > before {
                break;
            }
            let id = if not_empty {
                slow.start.not_empty
            } else {
                slow.start.any
            };
            let end = self
                .backtracker
                .run(id, position)
                .map_err(|TooManySteps| Stuck { pattern, position })?;
            if let Some(end) = end {
                return Ok(Some((pattern, end)));
            }
        }
        Ok(None)
    }

    /// Follows the operations of a pattern that matches, and returns where the match ends.
    fn walk(&mut self, mut id: Id, mut position: usize) -> usize {
        let automaton = &self.engine.automaton;
        let bytes = self.behind.text.as_bytes();
        loop {
            let Scratch {
                states,
                transitions,
                ..
            } = &mut *self.scratch;
            let block = &transitions[..self.known];
            // A walk within a block touches nothing else.
            loop {
                let next = match automaton.after(id) {
                    Some(next) => Some(next),
                    None => {
                        let place = position.checked_sub(self.low);
                        let transition = place.and_then(|place| block.get(place));
                        transition.map(|&transition| automaton.next(states, transition, id))
                    }
                };
                let Some(next) = next else {
                    break;
                };
                id = next;
                position += match bytes.get(position) {
                    _ if id == ways::END => return position,
                    Some(0..0x80) => 1,
                    Some(0..0xe0) => 2,
                    Some(0..0xf0) => 3,
                    Some(_) => 4,
                    // What is alive can be followed.
                    None => return position,
                };
            }
            if self.low > bytes.len() {
                return position;
            }
            self.load();
        }
    }

    /// Reads the next block.
    fn load(&mut self) {
        match self.later.pop() {
            Some(block) => self.enter(&block),
            None => self.region(self.low + self.known),
        }
    }

    fn enter(&mut self, block: &Block) {
        self.read(block);
        self.known = block.high - block.low + usize::from(block.includes_high);
    }

    /// Reads the region that begins at `start`, or only the kernels of its blocks if it is long.
    fn region(&mut self, start: usize) {
        let barriers = &self.engine.automaton.barriers;
        let bytes = self.behind.text.as_bytes();
        let start = match &self.engine.required {
            Some(required) => required.skip(bytes, start, barriers[usize::from(b'\n')]),
            None => start,
        };
        self.position = self.position.max(start);
        let length = bytes.len();
        if start > length {
            (self.low, self.known) = (start, 0);
            return;
        }
        let is_barrier = |byte: &u8| barriers.get(usize::from(*byte)) == Some(&true);
        let rest = &bytes[start..];
        let barrier = match rest.get(..self.engine.max_block) {
            None => None,
            Some(near) => near.iter().rposition(is_barrier).or_else(|| {
                let far = rest[self.engine.max_block..].iter().position(is_barrier);
                far.map(|place| place + self.engine.max_block)
            }),
        };
        let automaton = &self.engine.automaton;
        // A barrier that ends the text is read with it: there is one more position after it.
        let (top, kernel) = match barrier {
            Some(place) if place + 1 < rest.len() => (start + place, Kernel::OfNothing),
            _ => (length, Kernel::OfTextEnd),
        };
        let mut block = Block {
            low: start,
            high: top,
            kernel,
            includes_high: true,
        };
        while block.high - start > self.engine.max_block {
            let mut low = block.high - self.engine.max_block;
            while !self.behind.text.is_char_boundary(low) {
                low -= 1;
            }
            block.low = low;
            let row = self.read(&block);
            let kernel = automaton.kernel_bits(&self.scratch.states, row);
            let kernel = Kernel::Read(self.kernels.number(kernel));
            self.later.push(block);
            block = Block {
                low: start,
                high: low,
                kernel,
                includes_high: false,
            };
        }
        self.enter(&block);
    }

    /// Reads a block, and returns the row of the kernel at its start.
    fn read(&mut self, block: &Block) -> usize {
        let Scratch {
            states,
            transitions,
            ..
        } = &mut *self.scratch;
        let automaton = &self.engine.automaton;
        if states.bytes() > self.engine.max_state_bytes {
            states.clear();
        }
        let row = match block.kernel {
            Kernel::OfNothing => automaton.row_of_nothing(states),
            Kernel::OfTextEnd => automaton.row_of_end(states),
            Kernel::Read(number) => automaton.row(states, &self.kernels.values[number]),
        };
        #[cfg(test)]
        {
            self.read += block.high - block.low;
        }
        self.low = block.low;
        automaton.read(
            states,
            self.behind,
            (block.low, block.high),
            row,
            transitions,
        )
    }
}
