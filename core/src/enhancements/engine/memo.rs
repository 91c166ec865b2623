//! The memo: the facts about frames that were seen before.
//!
//! Most frames of a service were seen before. The memo maps the key of a frame, the bytes that no
//! rule can change, to the conditions that the frame meets:
//!
//! ```text
//! key (family .. path)  ->  families, conditions that hold
//!
//! table    hash, start, end           one entry a frame
//! arena    ...|key|facts|key|facts    the data of the entries, in one buffer
//! ```
//!
//! *Bounded.* A shard keeps two generations. An entry that is used moves to the young generation.
//! When the young generation is full, it becomes the old generation, and the entries of the
//! previous old generation are dropped. So an entry that is not used for a whole generation is
//! evicted, and a use does not update an order.
//!
//! *Shared by threads, without waiting.* There are several shards, each behind a lock that threads
//! only try to take. A thread uses the first free shard during a call; if no shard is free, it
//! works without the memo. After a fork, shards that other threads held stay locked in the child;
//! the child cannot use these shards.
//!
//! *Exact.* The bytes of keys are compared, so a hash collision does not change a result.
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

/// The default limit of a memo, in bytes.
pub(crate) const DEFAULT_BYTES: usize = 2 << 20;

/// The number of shards: as many threads can use a memo at once.
const SHARDS: usize = 4;

/// The approximate size of an entry without its key and facts: a slot in the table, a share of the
/// empty slots, and a share of the spare capacity of the arena.
const OVERHEAD: usize = 80;

pub(crate) struct Memo {
    bytes: AtomicUsize,
    shards: [Mutex<Shard>; SHARDS],
}

/// The encoded facts about a frame: a byte with its families, then the numbers of the conditions
/// that it meets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FrameFacts<'f>(&'f [u8]);

impl<'f> FrameFacts<'f> {
    /// Wraps encoded facts.
    pub(super) fn of(encoded: &'f [u8]) -> Self {
        Self(encoded)
    }

    pub(super) fn encode(families: Families, conditions: &[ConditionId], encoded: &mut Vec<u8>) {
        encoded.clear();
        encoded.push(families.bits());
        encoded.extend(conditions.iter().flat_map(|id| id.0.to_ne_bytes()));
    }

    /// Returns the families, as [`Families::bits`].
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

/// The part of the memo that a thread uses during a call.
#[derive(Default)]
pub(super) struct Shard {
    young: Generation,
    old: Generation,
}

/// A shard that this thread holds.
pub(super) struct ShardGuard<'m> {
    shard: MutexGuard<'m, Shard>,
    /// The limit in bytes.
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

/// Entries of about the same age.
#[derive(Default)]
struct Generation {
    table: HashTable<Entry>,
    arena: Vec<u8>,
    /// The approximate size in bytes.
    bytes: usize,
}

impl Memo {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            bytes: AtomicUsize::new(bytes),
            shards: Default::default(),
        }
    }

    /// Changes the limit in bytes; 0 turns the memo off.
    pub(crate) fn set_bytes(&self, bytes: usize) {
        self.bytes.store(bytes, Ordering::Relaxed);
        for shard in &self.shards {
            // A shard that is in use shrinks at its next new frame.
            if let Some(mut shard) = try_lock(shard) {
                *shard = Shard::default();
            }
        }
    }

    /// Returns a free shard; `None` if there is none or the memo is off.
    pub(super) fn shard(&self) -> Option<ShardGuard<'_>> {
        let bytes = self.bytes.load(Ordering::Relaxed) / SHARDS;
        if bytes == 0 {
            return None;
        }
        let shard = self.shards.iter().find_map(try_lock)?;
        Some(ShardGuard { shard, bytes })
    }

    /// Returns the approximate size in bytes, without the shards that are in use.
    pub(crate) fn bytes_in_use(&self) -> usize {
        let shards = self.shards.iter().filter_map(try_lock);
        shards
            .map(|shard| shard.young.bytes + shard.old.bytes)
            .sum()
    }
}

fn try_lock(lock: &Mutex<Shard>) -> Option<MutexGuard<'_, Shard>> {
    match lock.try_lock() {
        Ok(shard) => Some(shard),
        Err(TryLockError::Poisoned(poisoned)) => {
            // After a panic the size may be wrong: start with an empty shard.
            let mut shard = poisoned.into_inner();
            *shard = Shard::default();
            lock.clear_poison();
            Some(shard)
        }
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Returns the hash of a key. It is the same in every memo of this process, so that it is computed
/// once for all segments of a rule set. It is seeded randomly, so that an attacker cannot construct
/// frames that collide.
#[inline]
pub(super) fn hash(key: &[u8]) -> u64 {
    let state = SeedableRandomState::with_seed(0, SharedSeed::global_random());
    let mut hasher = state.build_hasher();
    hasher.write(key);
    hasher.finish()
}

impl ShardGuard<'_> {
    /// Returns the facts about the frame with this key, if they are in the memo.
    #[inline]
    pub(super) fn get(&mut self, hash: u64, key: &[u8]) -> Option<FrameFacts<'_>> {
        self.shard.get(hash, key, self.bytes)
    }

    /// Adds the facts about a frame.
    pub(super) fn insert(&mut self, hash: u64, key: &[u8], facts: FrameFacts<'_>) {
        self.shard.insert(hash, key, facts, self.bytes);
    }
}

impl Shard {
    /// Returns the facts about a frame, if they are in the shard. `bytes` is the limit of the
    /// shard.
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
        // A copy, because `make_room` may drop the old generation.
        let facts = self.old.facts(entry).0.to_vec();
        let facts = FrameFacts(&facts);
        self.make_room(size(key, facts), bytes);
        Some(self.young.insert(hash, key, facts))
    }

    /// Starts a new generation if the young one has no room for another `bytes` bytes.
    fn make_room(&mut self, size: usize, bytes: usize) {
        if self.young.bytes + size > generation_bytes(bytes) {
            self.old = std::mem::take(&mut self.young);
            if self.old.bytes > generation_bytes(bytes) {
                // It was filled under a higher limit.
                self.old = Generation::default();
            }
        }
    }

    /// Adds the facts about a frame. `bytes` is the limit of the shard.
    fn insert(&mut self, hash: u64, key: &[u8], facts: FrameFacts<'_>, bytes: usize) {
        let size = size(key, facts);
        if size <= generation_bytes(bytes) {
            self.make_room(size, bytes);
            self.young.insert(hash, key, facts);
        }
    }
}

/// Returns the limit of a generation in bytes: half of a shard, and at most what an entry can
/// address.
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
