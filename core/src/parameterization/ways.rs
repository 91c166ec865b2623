//! A table of the steps that walks have taken.
//!
//! A walk along a pattern looks up at each position which of the next operations is alive. The result
//! depends only on the operation and on the set of what is alive. In real texts, a few such pairs
//! occur again and again: the same one for each digit of a number, or for each character of a path. So
//! the results are kept in a table of a fixed size. A pair has one slot in it, and replaces the pair
//! that was there.

use super::program::Id;

/// The match ends.
pub(super) const END: Id = Id::MAX;

/// How many answers are kept.
const PLACES: usize = 1 << 11;

#[derive(Clone, Copy, Debug)]
struct Way {
    id: Id,
    set: u32,
    next: Id,
}

const UNUSED: Way = Way {
    id: Id::MAX,
    set: 0,
    next: 0,
};

/// Returns the place of a pair.
#[inline]
fn place(id: Id, set: u32) -> usize {
    let mixed = (u64::from(id) << 32 | u64::from(set)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 53) as usize
}

/// The answers, from the first one on.
#[derive(Debug, Default)]
pub(super) struct Ways(Option<Box<[Way; PLACES]>>);

impl Ways {
    /// Returns what follows the character that a walk consumes next if it is at `id`, or
    /// [`END`]. Returns `None` if that is not known.
    #[inline]
    pub(super) fn get(&self, id: Id, set: u32) -> Option<Id> {
        let way = self.0.as_ref()?[place(id, set)];
        ((way.id, way.set) == (id, set)).then_some(way.next)
    }

    /// Keeps an answer.
    #[cold]
    pub(super) fn keep(&mut self, id: Id, set: u32, next: Id) {
        let ways = self.0.get_or_insert_with(|| Box::new([UNUSED; PLACES]));
        ways[place(id, set)] = Way { id, set, next };
    }

    /// Forgets all: sets have other numbers now.
    pub(super) fn clear(&mut self) {
        self.0 = None;
    }
}
