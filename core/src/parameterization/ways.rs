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

/// The answers, from the first one on.
#[derive(Debug, Default)]
pub(super) struct Ways(Option<Box<[Way; PLACES]>>);

impl Ways {
    /// Returns what follows the character that a walk consumes next if it is at `id`, or
    /// [`END`]. `find` finds it the first time.
    pub(super) fn next(&mut self, id: Id, set: u32, find: impl FnOnce() -> Id) -> Id {
        let ways = self.0.get_or_insert_with(|| Box::new([UNUSED; PLACES]));
        let mixed = (u64::from(id) << 32 | u64::from(set)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let way = &mut ways[(mixed >> 53) as usize];
        if (way.id, way.set) != (id, set) {
            let next = find();
            *way = Way { id, set, next };
        }
        way.next
    }

    /// Forgets all: sets have other numbers now.
    pub(super) fn clear(&mut self) {
        self.0 = None;
    }
}
