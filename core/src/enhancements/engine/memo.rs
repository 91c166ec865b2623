//! The memo: what was found out about a frame, for when the same frame comes again.
//!
//! Most frames of a service have been seen before. The bytes of a frame that no rule can
//! change, its key, lead to the conditions it meets:
//!
//! ```text
//! key (family .. path, as packed)  ->  families, conditions that hold
//! ```
//!
//! *Bounded.* A lane keeps two generations. What is used moves into the younger one; when
//! that is full, it becomes the older one, and what was left in there goes. So what was not
//! used for a whole generation leaves, at no cost for each use.
//!
//! *Shared by threads, and never waited for.* There are several lanes, each behind a lock
//! that is only ever tried. A thread takes the first one that is free, for the time of a
//! call; with none free it works without. A fork leaves lanes that other threads held
//! locked in the child for ever, which costs the child these lanes, and nothing else.
//!
//! *Never wrong.* A key is found by comparing its bytes, whatever its hash is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};

use foldhash::fast::RandomState;

/// The bytes that a memo may take if nobody says otherwise.
pub(crate) const DEFAULT_BYTES: usize = 2 << 20;

/// How many threads can use a memo at once.
const LANES: usize = 4;

/// What an entry takes beside its key and facts, about: a slot in the table and its share of
/// what is empty there, a heap block, and what a growing list has in reserve.
const OVERHEAD: usize = 80;

pub(crate) struct Memo {
    bytes: AtomicUsize,
    lanes: [Mutex<Lane>; LANES],
}

/// What is known of a frame: the families in the first number, then the conditions.
pub(super) type Facts = [u32];

/// One thread's share for the time of a call.
#[derive(Default)]
pub(super) struct Lane {
    young: Generation,
    old: Generation,
}

/// Entries, all of about the same age.
#[derive(Default)]
struct Generation {
    /// Where the facts of a key are in `facts`: start and end.
    places: HashMap<Box<[u8]>, (u32, u32), RandomState>,
    facts: Vec<u32>,
    bytes: usize,
}

impl Memo {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            bytes: AtomicUsize::new(bytes),
            lanes: Default::default(),
        }
    }

    /// Changes how many bytes it may take; 0 turns it off.
    pub(crate) fn set_bytes(&self, bytes: usize) {
        self.bytes.store(bytes, Ordering::Relaxed);
        for lane in &self.lanes {
            // One that is busy shrinks at its next new frame.
            if let Some(mut lane) = try_lock(lane) {
                *lane = Lane::default();
            }
        }
    }

    /// A lane that is free, and how many bytes it may take.
    pub(super) fn lane(&self) -> Option<(MutexGuard<'_, Lane>, usize)> {
        let bytes = self.bytes.load(Ordering::Relaxed) / LANES;
        if bytes == 0 {
            return None;
        }
        let lane = self.lanes.iter().find_map(try_lock)?;
        Some((lane, bytes))
    }

    /// The bytes it takes now, about; lanes in use are left out.
    pub(crate) fn bytes_in_use(&self) -> usize {
        let lanes = self.lanes.iter().filter_map(try_lock);
        lanes.map(|lane| lane.young.bytes + lane.old.bytes).sum()
    }
}

fn try_lock(lane: &Mutex<Lane>) -> Option<MutexGuard<'_, Lane>> {
    match lane.try_lock() {
        Ok(lane) => Some(lane),
        Err(TryLockError::Poisoned(poisoned)) => {
            // A panic may have left the count of bytes wrong: begin anew.
            let mut lane = poisoned.into_inner();
            *lane = Lane::default();
            Some(lane)
        }
        Err(TryLockError::WouldBlock) => None,
    }
}

impl Lane {
    /// The facts about a frame, if it is known.
    #[inline]
    pub(super) fn get(&mut self, key: &[u8]) -> Option<&Facts> {
        let place = match self.young.places.get(key) {
            Some(&place) => place,
            None => self.rejuvenate(key)?,
        };
        Some(&self.young.facts[place.0 as usize..place.1 as usize])
    }

    /// Moves an entry from the old generation to the young one.
    #[cold]
    fn rejuvenate(&mut self, key: &[u8]) -> Option<(u32, u32)> {
        // The facts stay behind until the old generation goes as a whole.
        let (key, (start, end)) = self.old.places.remove_entry(key)?;
        let facts = &self.old.facts[start as usize..end as usize];
        Some(self.young.put(key, facts))
    }

    /// Keeps the facts about a frame that was not known, within so many bytes.
    pub(super) fn insert(&mut self, key: &[u8], facts: &Facts, bytes: usize) {
        let size = size(key, facts);
        if size > bytes / 2 {
            return;
        }
        if self.young.bytes + size > bytes / 2 {
            self.old = std::mem::take(&mut self.young);
            if self.old.bytes > bytes / 2 {
                // It was made when more was allowed.
                self.old = Generation::default();
            }
        }
        self.young.put(key.into(), facts);
    }
}

impl Generation {
    fn put(&mut self, key: Box<[u8]>, facts: &Facts) -> (u32, u32) {
        let start = self.facts.len() as u32;
        self.bytes += size(&key, facts);
        self.facts.extend_from_slice(facts);
        let place = (start, self.facts.len() as u32);
        self.places.insert(key, place);
        place
    }
}

fn size(key: &[u8], facts: &Facts) -> usize {
    OVERHEAD + key.len() + size_of_val(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_what_is_not_leaves() {
        let mut lane = Lane::default();
        let bytes = 20 * (OVERHEAD + 8);
        lane.insert(b"used", &[1], bytes);
        for number in 0..1_000_u32 {
            assert_eq!(lane.get(b"used"), Some(&[1][..]), "{number}");
            lane.insert(&number.to_le_bytes(), &[number], bytes);
            assert!(lane.young.bytes + lane.old.bytes <= bytes + OVERHEAD + 8);
        }
        assert_eq!(lane.get(&0_u32.to_le_bytes()), None);
        assert_eq!(lane.get(&999_u32.to_le_bytes()), Some(&[999][..]));
    }

    #[test]
    fn a_frame_that_is_too_large_is_not_kept() {
        let mut lane = Lane::default();
        lane.insert(&[0; 1_000], &[1], 1_000);
        assert_eq!(lane.get(&[0; 1_000]), None);
    }

    #[test]
    fn lanes_are_not_waited_for_and_zero_turns_it_off() {
        let memo = Memo::new(LANES * 1_000);
        let busy: Vec<_> = (0..LANES).map(|_| memo.lane().unwrap()).collect();
        assert!(memo.lane().is_none());
        drop(busy);
        memo.lane().unwrap().0.insert(b"key", &[1], 1_000);
        assert!(memo.bytes_in_use() > 0);
        memo.set_bytes(0);
        assert!(memo.lane().is_none());
        assert_eq!(memo.bytes_in_use(), 0);
    }
}
