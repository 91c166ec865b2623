//! A deterministic automaton that reads a text from its end to its start.
//!
//! Let an operation of the graph be *alive* at a position if a match that is at this operation
//! can be completed from there. What is alive at a position depends on the text after it (and on
//! what look-behinds see), so one pass from the end to the start finds it for every position:
//!
//! ```text
//! pattern          \d+ ms
//! text              t   o   o   k       1   5   m   s
//! \d is alive       .   .   .   .   .   x   x   .   .
//! m  is alive       .   .   .   .   .   .   .   x   .
//! s  is alive       .   .   .   .   .   .   .   .   x
//! ```
//!
//! A pattern matches at a position if and only if its start is alive there. No candidate fails
//! later, so no text is read again for another candidate: that is why the search is linear.
//!
//! The set of what is alive is a state. States and transitions are computed when they are first
//! needed, and kept. They have two forms: the *kernel* is what the text after the position makes
//! alive, and the *set* adds what depends on the character before it:
//!
//! ```text
//! kernel at p ──(character before p)──▸ set at p ──▸ kernel before that character
//! ```

use std::hash::BuildHasher;

use super::HashMap;
use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::alphabet::Alphabet;
use super::behind::Behind;
use super::charset::CharSet;
use super::program::{Condition, Graph, Id, Op, Start, Tables};
use super::ways::{self, Ways};

/// No pattern.
pub(super) const NONE: u32 = u32::MAX;

/// The bit that says that a pattern matches at a position.
pub(super) const MATCHES: u32 = 1 << 31;

/// The largest number of symbols, and so of entries in a row of the table.
const MAX_SYMBOLS: usize = 4096;

const UNKNOWN: u32 = u32::MAX;

/// The automaton, without the states that searches add.
#[derive(Debug)]
pub(super) struct Automaton {
    pub(super) graph: Graph,
    /// The patterns, in their order, by their numbers in the list.
    starts: Vec<(u32, Start)>,
    /// Look-behinds over more than one character, by the numbers of their sequences.
    far: Vec<u32>,
    /// What is behind a position: a class or the start of the text, then a bit for each of `far`.
    symbols: usize,
    /// The signature of each symbol: which conditions hold.
    signature: Vec<u16>,
    signatures: Vec<Box<[bool]>>,
    /// Which leaves consume a character of each class.
    consumes: Vec<Box<[u64]>>,
    /// By operation: the characters that are followed by it.
    characters: Lists<Id>,
    /// By operation: the operations that are alive if it is and if a condition holds.
    users: Lists<(Id, u32)>,
    /// The look-aheads.
    aheads: Vec<Id>,
    /// By operation: what follows it if it consumes a character, `NONE` otherwise.
    after: Vec<Id>,
    /// Characters that no pattern consumes.
    pub(super) barriers: [bool; 128],
    kernel_words: usize,
    set_words: usize,
    /// The kernel where nothing is ahead, and that at the end of the text.
    nothing: Box<[u64]>,
    end: Box<[u64]>,
}

/// A list for each operation.
#[derive(Debug)]
struct Lists<T> {
    /// Where each list ends. It begins where that before ends.
    ends: Vec<u32>,
    values: Vec<T>,
}

impl<T> Lists<T> {
    fn new(lists: Vec<Vec<T>>) -> Self {
        let ends = lists.iter().scan(0, |end, list| {
            *end += list.len() as u32;
            Some(*end)
        });
        Self {
            ends: ends.collect(),
            values: lists.into_iter().flatten().collect(),
        }
    }

    fn of(&self, id: usize) -> &[T] {
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        &self.values[start as usize..self.ends[id] as usize]
    }
}

/// No condition.
const ALWAYS: u32 = u32::MAX;

/// States that were needed so far.
#[derive(Debug)]
pub(super) struct States {
    kernels: HashTable<u32>,
    kernel_bits: Vec<u64>,
    /// By kernel and symbol: the row of the next kernel, with the bit `MATCHES`.
    table: Vec<u32>,
    /// By kernel and symbol: the number of the set. Only matches need it, and without it in the
    /// table, twice as many rows fit into the cache of a processor.
    set_at: Vec<u32>,
    /// By kernel and signature: the number of the set.
    set_of: Vec<u32>,
    set_bits: Vec<u64>,
    /// By set: the characters that are followed by what is alive.
    characters: Vec<u64>,
    /// The first pattern that matches in each set, and the first with a match that is not empty.
    first: Vec<(u32, u32)>,
    ways: Ways,
    /// The rows of the kernels that blocks end with most often, if known.
    nothing: Option<usize>,
    end: Option<usize>,
    /// A set and a kernel that are being computed.
    alive: Vec<u64>,
    kernel: Vec<u64>,
}

fn bit(bits: &[u64], id: Id) -> bool {
    bits[id as usize / 64] >> (id % 64) & 1 == 1
}

fn set_bit(bits: &mut [u64], id: Id) {
    bits[id as usize / 64] |= 1 << (id % 64);
}

impl Automaton {
    /// Returns `None` if there are too many symbols.
    pub(super) fn new(
        graph: Graph,
        starts: Vec<(u32, Start)>,
        tables: &Tables,
        alphabet: &Alphabet,
    ) -> Option<Self> {
        let mut far = Vec::new();
        for op in &graph.ops {
            if let Op::Behind { condition, .. } = op {
                let condition = &tables.conditions.values[*condition as usize];
                if let Condition::Chars { sequences, .. } = condition {
                    if !far.contains(sequences) {
                        far.push(*sequences);
                    }
                }
            }
        }
        let symbols = (alphabet.len + 1) << far.len();
        if symbols > MAX_SYMBOLS {
            return None;
        }
        let mut signatures: Vec<Box<[bool]>> = Vec::new();
        let mut numbers: HashMap<Box<[bool]>, u16> = HashMap::default();
        let mut signature = Vec::with_capacity(symbols);
        for symbol in 0..symbols {
            let class = symbol >> far.len();
            let holds = tables
                .conditions
                .values
                .iter()
                .map(|condition| match condition {
                    Condition::TextStart => class == alphabet.len,
                    Condition::Char { set, negated } => {
                        *negated != (class < alphabet.len && alphabet.contains(*set, class))
                    }
                    Condition::Chars { sequences, negated } => {
                        let number = far.iter().position(|it| it == sequences);
                        *negated != number.is_some_and(|number| symbol >> number & 1 == 1)
                    }
                });
            let holds: Box<[bool]> = holds.collect();
            signature.push(*numbers.entry(holds).or_insert_with_key(|holds| {
                signatures.push(holds.clone());
                signatures.len() as u16 - 1
            }));
        }
        let kernel_words = graph.leaves.div_ceil(64).max(1);
        let set_words = graph.ops.len().div_ceil(64).max(1);
        let mut consumes = vec![vec![0; kernel_words].into_boxed_slice(); alphabet.len];
        let mut nothing = vec![0; kernel_words].into_boxed_slice();
        let mut text_end = None;
        let mut characters = vec![Vec::new(); graph.ops.len()];
        let mut users = vec![Vec::new(); graph.ops.len()];
        let mut aheads = Vec::new();
        let mut after = vec![NONE; graph.ops.len()];
        for (id, op) in graph.ops[..graph.leaves].iter().enumerate() {
            match op {
                Op::Char { set, next } => {
                    characters[*next as usize].push(id as Id);
                    after[id] = *next;
                    for (class, consumes) in consumes.iter_mut().enumerate() {
                        if alphabet.contains(*set, class) {
                            set_bit(consumes, id as Id);
                        }
                    }
                }
                Op::Accept => set_bit(&mut nothing, id as Id),
                Op::TextEnd => text_end = Some(id as Id),
                _ => {}
            }
        }
        for (id, op) in graph.ops.iter().enumerate().skip(graph.leaves) {
            let id = id as Id;
            match op {
                Op::Split(ids) => {
                    for &used in ids {
                        users[used as usize].push((id, ALWAYS));
                    }
                }
                Op::Behind { condition, next } => users[*next as usize].push((id, *condition)),
                Op::Ahead { .. } => aheads.push(id),
                _ => {}
            }
        }
        let mut end = nothing.clone();
        if let Some(id) = text_end {
            set_bit(&mut end, id);
        }
        let mut barriers = [false; 128];
        for (barrier, &class) in barriers.iter_mut().zip(&alphabet.ascii) {
            *barrier = consumes[usize::from(class)].iter().all(|&word| word == 0);
        }
        Some(Self {
            graph,
            starts,
            far,
            symbols,
            signature,
            signatures,
            consumes,
            characters: Lists::new(characters),
            users: Lists::new(users),
            aheads,
            after,
            barriers,
            kernel_words,
            set_words,
            nothing,
            end,
        })
    }

    /// Removes the characters that a pattern outside of the automaton consumes.
    pub(super) fn remove_barriers(&mut self, set: &CharSet) {
        for (code, barrier) in (0..).zip(&mut self.barriers) {
            *barrier &= !set.contains(code);
        }
    }

    /// Returns about how many bytes a state takes.
    pub(super) fn state_bytes(&self) -> usize {
        8 * (self.symbols + self.signatures.len() + 2 * self.set_words + 3 * self.kernel_words) + 64
    }

    pub(super) fn new_states(&self) -> States {
        States {
            kernels: HashTable::new(),
            kernel_bits: Vec::new(),
            table: Vec::new(),
            set_at: Vec::new(),
            set_of: Vec::new(),
            set_bits: Vec::new(),
            characters: Vec::new(),
            first: Vec::new(),
            ways: Ways::default(),
            nothing: None,
            end: None,
            alive: vec![0; self.set_words],
            kernel: vec![0; self.kernel_words],
        }
    }

    /// Returns the row of what is alive before a character that no pattern consumes.
    pub(super) fn row_of_nothing(&self, states: &mut States) -> usize {
        if let Some(row) = states.nothing {
            return row;
        }
        let row = self.row(states, &self.nothing);
        states.nothing = Some(row);
        row
    }

    /// Returns the row of what is alive at the end of the text.
    pub(super) fn row_of_end(&self, states: &mut States) -> usize {
        if let Some(row) = states.end {
            return row;
        }
        let row = self.row(states, &self.end);
        states.end = Some(row);
        row
    }

    pub(super) fn kernel_bits<'s>(&self, states: &'s States, row: usize) -> &'s [u64] {
        let start = row / self.symbols * self.kernel_words;
        &states.kernel_bits[start..start + self.kernel_words]
    }

    /// Returns the row of a kernel in the table.
    pub(super) fn row(&self, states: &mut States, kernel: &[u64]) -> usize {
        let words = self.kernel_words;
        let hash = |kernel: &[u64]| FixedState::default().hash_one(kernel);
        let bits = &states.kernel_bits;
        let of = |number: u32| &bits[number as usize * words..(number as usize + 1) * words];
        let equal = |&number: &u32| of(number) == kernel;
        if let Some(&number) = states.kernels.find(hash(kernel), equal) {
            return number as usize * self.symbols;
        }
        let number = bits.len() / words;
        states
            .kernels
            .insert_unique(hash(kernel), number as u32, |&number| hash(of(number)));
        states.kernel_bits.extend_from_slice(kernel);
        let rows = states.table.len() + self.symbols;
        states.table.resize(rows, UNKNOWN);
        states.set_at.resize(rows, 0);
        let sets = states.set_of.len() + self.signatures.len();
        states.set_of.resize(sets, NONE);
        number * self.symbols
    }

    /// Reads from `high` to `low`, and writes the transition at each position to `found`.
    /// Returns the row of the kernel at `low`.
    pub(super) fn read(
        &self,
        states: &mut States,
        behind: Behind<'_>,
        (low, high): (usize, usize),
        mut row: usize,
        found: &mut Vec<u32>,
    ) -> usize {
        if found.len() < high - low + 1 {
            found.resize(high - low + 1, 0);
        }
        let bytes = behind.text.as_bytes();
        let mut position = high;
        loop {
            if self.far.is_empty() {
                let slots = found[1..=position - low].iter_mut().rev();
                for (slot, &byte) in slots.zip(bytes[low..position].iter().rev()) {
                    let Some(&class) = behind.alphabet.ascii.get(usize::from(byte)) else {
                        break;
                    };
                    let place = row + usize::from(class);
                    let mut entry = states.table[place];
                    if entry == UNKNOWN {
                        entry = self.transition(states, row, usize::from(class));
                    }
                    *slot = place as u32 | entry & MATCHES;
                    row = (entry & !MATCHES) as usize;
                    position -= 1;
                }
            }
            let (symbol, length) = self.symbol(behind, position);
            let place = row + symbol;
            let mut entry = states.table[place];
            if entry == UNKNOWN {
                entry = self.transition(states, row, symbol);
            }
            found[position - low] = place as u32 | entry & MATCHES;
            if position == low {
                return row;
            }
            row = (entry & !MATCHES) as usize;
            // No match begins inside of a character.
            found[position - length + 1 - low..position - low].fill(0);
            position -= length;
        }
    }

    /// Returns the symbol for what is behind a position, and the length of that character.
    fn symbol(&self, behind: Behind<'_>, position: usize) -> (usize, usize) {
        let (class, length) = match behind.char(position) {
            None => (behind.alphabet.len, 0),
            Some(c) => (behind.alphabet.class(c), c.len_utf8()),
        };
        let mut symbol = class << self.far.len();
        for (number, &sequences) in self.far.iter().enumerate() {
            symbol |= usize::from(behind.has(sequences, position)) << number;
        }
        (symbol, length)
    }

    /// Computes an entry of the table.
    #[cold]
    fn transition(&self, states: &mut States, row: usize, symbol: usize) -> u32 {
        let kernel = row / self.symbols;
        let set = self.set(states, kernel, usize::from(self.signature[symbol]));
        let class = symbol >> self.far.len();
        // At the start of the text there is no kernel before.
        let mut next = 0;
        if let Some(consumes) = self.consumes.get(class) {
            let mut kernel = std::mem::take(&mut states.kernel);
            let start = set as usize * self.kernel_words;
            let characters = &states.characters[start..start + self.kernel_words];
            let words = characters.iter().zip(consumes).zip(&self.nothing);
            for (word, ((&followed, &consumed), &nothing)) in kernel.iter_mut().zip(words) {
                *word = followed & consumed | nothing;
            }
            next = self.row(states, &kernel);
            states.kernel = kernel;
        }
        let matches = states.first[set as usize].0 != NONE;
        let entry = next as u32 | if matches { MATCHES } else { 0 };
        states.table[row + symbol] = entry;
        states.set_at[row + symbol] = set;
        entry
    }

    /// Returns the number of the set of a kernel if some conditions hold.
    fn set(&self, states: &mut States, kernel: usize, signature: usize) -> u32 {
        let place = kernel * self.signatures.len() + signature;
        if states.set_of[place] != NONE {
            return states.set_of[place];
        }
        let holds = &self.signatures[signature];
        let alive = &mut states.alive;
        alive.fill(0);
        let start = kernel * self.kernel_words;
        alive[..self.kernel_words]
            .copy_from_slice(&states.kernel_bits[start..start + self.kernel_words]);
        let characters = states.characters.len();
        states.characters.resize(characters + self.kernel_words, 0);
        let characters = &mut states.characters[characters..];
        // From what is alive to what is alive because of that. Numbers grow on the way. A
        // look-ahead is decided when all smaller numbers are.
        let end = self.graph.ops.len();
        let mut id = 0;
        for stop in self.aheads.iter().map(|&id| id as usize).chain([end]) {
            while id < stop {
                let left = alive[id / 64] >> (id % 64);
                if left == 0 {
                    id = (id / 64 + 1) * 64;
                    continue;
                }
                id += left.trailing_zeros() as usize;
                if id >= stop {
                    break;
                }
                for &(user, condition) in self.users.of(id) {
                    if condition == ALWAYS || holds[condition as usize] {
                        set_bit(alive, user);
                    }
                }
                for &leaf in self.characters.of(id) {
                    set_bit(characters, leaf);
                }
                id += 1;
            }
            id = stop;
            if let Some(Op::Ahead {
                body,
                negated,
                next,
            }) = self.graph.ops.get(stop)
            {
                if bit(alive, *body) != *negated && bit(alive, *next) {
                    set_bit(alive, stop as Id);
                }
            }
        }
        let first = |start: fn(&Start) -> Id| {
            let found = self.starts.iter().find(|(_, it)| bit(alive, start(it)));
            found.map_or(NONE, |(pattern, _)| *pattern)
        };
        let first = (first(|it| it.any), first(|it| it.not_empty));
        let set = states.first.len() as u32;
        states.first.push(first);
        states.set_bits.extend_from_slice(&alive[..self.set_words]);
        states.set_of[place] = set;
        set
    }

    /// Returns what is alive in a set, as bits.
    fn alive<'s>(&self, states: &'s States, set: u32) -> &'s [u64] {
        let start = set as usize * self.set_words;
        &states.set_bits[start..start + self.set_words]
    }

    /// Returns what follows the next character of a walk that is at an operation, or
    /// [`ways::END`]. The operation is alive at the transition.
    #[inline]
    pub(super) fn next(&self, states: &mut States, transition: u32, id: Id) -> Id {
        let set = states.set(transition);
        if let Some(next) = states.ways.get(id, set) {
            return next;
        }
        let next = self.way(self.alive(states, set), id);
        states.ways.keep(id, set, next);
        next
    }

    /// Follows the operations that consume nothing, and at a split the first that is alive.
    fn way(&self, alive: &[u64], mut id: Id) -> Id {
        loop {
            id = match &self.graph.ops[id as usize] {
                Op::Char { next, .. } => return *next,
                Op::Split(ids) => match ids.iter().find(|&&id| bit(alive, id)) {
                    Some(&next) => next,
                    // What is alive can be followed.
                    None => return ways::END,
                },
                Op::Behind { next, .. } | Op::Ahead { next, .. } => *next,
                _ => return ways::END,
            }
        }
    }

    /// Returns what follows an operation if it consumes a character.
    pub(super) fn after(&self, id: Id) -> Option<Id> {
        Some(self.after[id as usize]).filter(|&next| next != NONE)
    }

    /// Returns where a pattern starts.
    pub(super) fn start(&self, pattern: u32) -> Start {
        let place = self.starts.partition_point(|it| it.0 < pattern);
        self.starts[place].1
    }
}

impl States {
    fn set(&self, transition: u32) -> u32 {
        self.set_at[(transition & !MATCHES) as usize]
    }

    /// Returns the first pattern that matches at a transition, and the first with a match that
    /// is not empty.
    pub(super) fn first(&self, transition: u32) -> (u32, u32) {
        self.first[self.set(transition) as usize]
    }

    /// Returns how many bytes the states take.
    pub(super) fn bytes(&self) -> usize {
        8 * (self.kernel_bits.len()
            + self.table.len()
            + self.set_bits.len()
            + self.characters.len()
            + self.first.len())
            + 4 * (self.set_of.len() + self.kernels.capacity())
    }

    /// Forgets all states.
    pub(super) fn clear(&mut self) {
        self.kernels.clear();
        self.kernel_bits.clear();
        self.table.clear();
        self.set_at.clear();
        self.set_of.clear();
        self.set_bits.clear();
        self.characters.clear();
        self.first.clear();
        self.ways.clear();
        (self.nothing, self.end) = (None, None);
    }
}
