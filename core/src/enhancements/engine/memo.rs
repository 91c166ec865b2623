//! The memo: what was found out about a frame, for when the same frame comes again.
//!
//! Most frames of a service have been seen before. The bytes of a frame that no rule can
//! change, its key, lead to the conditions it meets:
//!
//! ```text
//! key (family .. path)  ->  families, conditions that hold
//!
//! table    hash, start, end           one entry a frame
//! arena    ...|key|facts|key|facts    what the entry points at, in one piece
//! ```
//!
//! *Bounded.* A shard keeps two generations. What is used moves into the younger one; when
//! that is full, it becomes the older one, and what was left in there goes. So what was not
//! used for a whole generation leaves, at no cost for each use.
//!
//! *Shared by threads, and never waited for.* There are several shards, each behind a lock
//! that is only ever tried. A thread takes the first one that is free, for the time of a
//! call; with none free it works without. A fork leaves shards that other threads held
//! locked in the child permanently; the child loses these shards, and nothing else.
//!
//! *Never wrong.* A key is found by comparing its bytes, whatever its hash is.
//!
//! A stack trace in columns has its texts in separate buffers. It writes each frame's key into
//! one buffer first, so the same frame has the same entry in every input form.

use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};

use foldhash::fast::SeedableRandomState;
use foldhash::SharedSeed;
use hashbrown::HashTable;

use super::ids::ConditionId;
use crate::enhancements::family::Families;

/// The bytes that a memo may take if no other limit is set.
pub(crate) const DEFAULT_BYTES: usize = 2 << 20;

/// How many threads can use a memo at once.
const SHARDS: usize = 4;

/// What an entry takes beside its key and facts, about: a slot in the table and its share of
/// what is empty there, and what a growing arena has in reserve.
const OVERHEAD: usize = 80;

pub(crate) struct Memo {
    bytes: AtomicUsize,
    shards: [Mutex<Shard>; SHARDS],
}

/// What is known of a frame, encoded: a byte with its families, then the numbers of the
/// conditions it meets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FrameFacts<'f>(&'f [u8]);

impl<'f> FrameFacts<'f> {
    /// Facts that were encoded.
    pub(super) fn of(encoded: &'f [u8]) -> Self {
        Self(encoded)
    }

    pub(super) fn encode(families: Families, conditions: &[ConditionId], encoded: &mut Vec<u8>) {
        encoded.clear();
        encoded.push(families.bits());
        encoded.extend(conditions.iter().flat_map(|id| id.0.to_ne_bytes()));
    }

    /// The families, as [`Families::bits`].
    #[inline]
    pub(super) fn families(self) -> u8 {
        self.0.first().copied().unwrap_or_default()
    }

    #[inline]
    pub(super) fn conditions(self) -> impl Iterator<Item = ConditionId> + 'f {
        let encoded = self.0.get(1..).unwrap_or_default();
        let number = |four: &[u8]| four.try_into().map_or(0, u32::from_ne_bytes);
        encoded
            .chunks_exact(size_of::<u32>())
            .map(move |four| ConditionId(number(four)))
    }
}

/// One thread's share of the memo for the time of a call.
#[derive(Default)]
pub(super) struct Shard {
    young: Generation,
    old: Generation,
}

/// A shard that this thread holds.
pub(super) struct ShardGuard<'m> {
    shard: MutexGuard<'m, Shard>,
    /// How many bytes it may take.
    bytes: usize,
}

/// Where a key and its facts are in the arena of their generation.
#[derive(Clone, Copy)]
struct Entry {
    hash: u64,
    key: u32,
    facts: u32,
    end: u32,
}

/// Entries, all of about the same age.
#[derive(Default)]
struct Generation {
    table: HashTable<Entry>,
    arena: Vec<u8>,
    /// What it takes, about.
    bytes: usize,
}

impl Memo {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            bytes: AtomicUsize::new(bytes),
            shards: Default::default(),
        }
    }

    /// Changes how many bytes it may take; 0 turns it off.
    pub(crate) fn set_bytes(&self, bytes: usize) {
        self.bytes.store(bytes, Ordering::Relaxed);
        for shard in &self.shards {
            // One that is in use shrinks at its next new frame.
            if let Some(mut shard) = try_lock(shard) {
                *shard = Shard::default();
            }
        }
    }

    /// A shard that is free; `None` if there is none or the memo is off.
    pub(super) fn shard(&self) -> Option<ShardGuard<'_>> {
        let bytes = self.bytes.load(Ordering::Relaxed) / SHARDS;
        if bytes == 0 {
            return None;
        }
        let shard = self.shards.iter().find_map(try_lock)?;
        Some(ShardGuard { shard, bytes })
    }

    /// The bytes it takes now, about; shards in use are left out.
    pub(crate) fn bytes_in_use(&self) -> usize {
        let shards = self.shards.iter().filter_map(try_lock);
        shards
            .map(|shard| shard.young.bytes + shard.old.bytes)
            .sum()
    }
}

fn try_lock(shard: &Mutex<Shard>) -> Option<MutexGuard<'_, Shard>> {
    match shard.try_lock() {
        Ok(shard) => Some(shard),
        Err(TryLockError::Poisoned(poisoned)) => {
            // A panic may have left the count of bytes wrong: start with an empty one.
            let mut shard = poisoned.into_inner();
            *shard = Shard::default();
            Some(shard)
        }
        Err(TryLockError::WouldBlock) => None,
    }
}

/// The hash of a key: the same in every memo of this process, so that it is made once for
/// all segments of a rule set. It is random, so that frames cannot be made to collide.
#[inline]
pub(super) fn hash(key: &[u8]) -> u64 {
    let state = SeedableRandomState::with_seed(0, SharedSeed::global_random());
    let mut hasher = state.build_hasher();
    hasher.write(key);
    hasher.finish()
}

impl ShardGuard<'_> {
    /// The facts about the frame with this key, if it is known.
    #[inline]
    pub(super) fn get(&mut self, hash: u64, key: &[u8]) -> Option<FrameFacts<'_>> {
        self.shard.get(hash, key, self.bytes)
    }

    /// Keeps the facts about a frame that was not known.
    pub(super) fn insert(&mut self, hash: u64, key: &[u8], facts: FrameFacts<'_>) {
        self.shard.insert(hash, key, facts, self.bytes);
    }
}

impl Shard {
    /// The facts about a frame, if it is known. `bytes` is how much the shard may take.
    #[inline]
    fn get(&mut self, hash: u64, key: &[u8], bytes: usize) -> Option<FrameFacts<'_>> {
        let entry = match self.young.find(hash, key) {
            Some(entry) => entry,
            None => self.promote(hash, key, bytes)?,
        };
        Some(self.young.facts(entry))
    }

    /// Moves an entry from the old generation to the young one.
    #[cold]
    fn promote(&mut self, hash: u64, key: &[u8], bytes: usize) -> Option<Entry> {
        let entry = self.old.find(hash, key)?;
        // A copy: the old generation may go when room is made.
        let facts = self.old.facts(entry).0.to_vec();
        let facts = FrameFacts(&facts);
        self.make_room(size(key, facts), bytes);
        Some(self.young.insert(hash, key, facts))
    }

    /// Starts a new generation if the young one has no room for so many bytes more.
    fn make_room(&mut self, size: usize, bytes: usize) {
        if self.young.bytes + size > generation_bytes(bytes) {
            self.old = std::mem::take(&mut self.young);
            if self.old.bytes > generation_bytes(bytes) {
                // It was made when more was allowed.
                self.old = Generation::default();
            }
        }
    }

    /// Keeps the facts about a frame that was not known, within so many bytes.
    fn insert(&mut self, hash: u64, key: &[u8], facts: FrameFacts<'_>, bytes: usize) {
        let size = size(key, facts);
        if size <= generation_bytes(bytes) {
            self.make_room(size, bytes);
            self.young.insert(hash, key, facts);
        }
    }
}

/// The bytes that a generation may take: half of a shard, and no more than an entry can
/// point at.
fn generation_bytes(bytes: usize) -> usize {
    (bytes / 2).min(u32::MAX as usize)
}

impl Generation {
    #[inline]
    fn find(&self, hash: u64, key: &[u8]) -> Option<Entry> {
        let known = |entry: &Entry| {
            entry.hash == hash && self.arena[entry.key as usize..entry.facts as usize] == *key
        };
        self.table.find(hash, known).copied()
    }

    #[inline]
    fn facts(&self, entry: Entry) -> FrameFacts<'_> {
        FrameFacts(&self.arena[entry.facts as usize..entry.end as usize])
    }

    fn insert(&mut self, hash: u64, key: &[u8], facts: FrameFacts<'_>) -> Entry {
        self.bytes += size(key, facts);
        let start = self.arena.len() as u32;
        self.arena.extend_from_slice(key);
        let middle = self.arena.len() as u32;
        self.arena.extend_from_slice(facts.0);
        let entry = Entry {
            hash,
            key: start,
            facts: middle,
            end: self.arena.len() as u32,
        };
        self.table.insert_unique(hash, entry, |entry| entry.hash);
        entry
    }
}

fn size(key: &[u8], facts: FrameFacts<'_>) -> usize {
    OVERHEAD + key.len() + facts.0.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Shard {
        fn put(&mut self, key: &[u8], facts: &[u8], bytes: usize) {
            self.insert(hash(key), key, FrameFacts(facts), bytes);
        }

        fn look_up(&mut self, key: &[u8], bytes: usize) -> Option<Vec<u8>> {
            let facts = self.get(hash(key), key, bytes);
            facts.map(|facts| facts.0.to_vec())
        }
    }

    #[test]
    fn facts_are_read_as_they_were_written() {
        let mut encoded = Vec::new();
        for ids in [
            &[][..],
            &[ConditionId(0)],
            &[ConditionId(7), ConditionId(70_000)],
        ] {
            FrameFacts::encode(Families::NATIVE, ids, &mut encoded);
            let facts = FrameFacts::of(&encoded);
            assert_eq!(facts.families(), Families::NATIVE.bits());
            assert_eq!(facts.conditions().collect::<Vec<_>>(), ids);
        }
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_leaves() {
        let mut shard = Shard::default();
        let bytes = 20 * (OVERHEAD + 8);
        shard.put(b"used", &[1], bytes);
        for number in 0..1_000_u32 {
            assert_eq!(shard.look_up(b"used", bytes), Some(vec![1]), "{number}");
            let key = number.to_le_bytes();
            shard.put(&key, &key, bytes);
            assert!(shard.young.bytes + shard.old.bytes <= bytes + OVERHEAD + 8);
        }
        assert_eq!(shard.look_up(&0_u32.to_le_bytes(), bytes), None);
        let last = 999_u32.to_le_bytes();
        assert_eq!(shard.look_up(&last, bytes), Some(last.to_vec()));
    }

    #[test]
    fn what_was_just_used_outlives_what_was_not() {
        let mut shard = Shard::default();
        let bytes = 20 * (OVERHEAD + 8);
        let key = |number: u32| number.to_le_bytes();
        for number in 0..11 {
            shard.put(&key(number), &key(number), bytes);
        }
        for number in 0..11 {
            shard.look_up(&key(number), bytes);
            assert!(shard.young.bytes <= bytes / 2);
        }
        shard.put(&key(99), &key(99), bytes);
        let left = (0..11).filter(|&n| shard.look_up(&key(n), bytes).is_some());
        assert!(left.count() >= 9);
    }

    #[test]
    fn a_frame_that_is_too_large_is_not_kept() {
        let mut shard = Shard::default();
        let bytes = 1_000;
        shard.put(&[0; 1_000], &[1], 1_000);
        assert_eq!(shard.look_up(&[0; 1_000], bytes), None);
    }

    #[test]
    fn shards_are_not_waited_for_and_zero_turns_it_off() {
        let memo = Memo::new(SHARDS * 1_000);
        let busy: Vec<_> = (0..SHARDS).map(|_| memo.shard().unwrap()).collect();
        assert!(memo.shard().is_none());
        drop(busy);
        let mut shard = memo.shard().unwrap();
        shard.insert(hash(b"key"), b"key", FrameFacts(&[1]));
        drop(shard);
        assert!(memo.bytes_in_use() > 0);
        memo.set_bytes(0);
        assert!(memo.shard().is_none());
        assert_eq!(memo.bytes_in_use(), 0);
    }
}
