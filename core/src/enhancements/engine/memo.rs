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
//!
//! A key whose texts lie apart, as those of columns do, is hashed and compared text by text,
//! in a table of its own: nothing is copied unless the frame is new.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::enhancements::stacktrace::msgpack::{FrameKey, KeyTexts};

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
    /// Both generations hash texts with it.
    seed: RandomState,
}

/// Start and end of some facts.
type FactsPlace = (u32, u32);

/// A key that was given text by text.
struct TextsEntry {
    hash: u64,
    key: Box<[u8]>,
    place: FactsPlace,
}

/// Entries, all of about the same age.
#[derive(Default)]
struct Generation {
    /// Where the facts of a packed key are in `facts`.
    packed: HashMap<Box<[u8]>, FactsPlace, RandomState>,
    /// The same for keys whose texts lie apart.
    texts: HashTable<TextsEntry>,
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
    /// The facts about a frame, if it is known. `bytes` is how much the lane may take.
    #[inline]
    pub(super) fn get(&mut self, key: FrameKey<'_>, bytes: usize) -> Option<&Facts> {
        let place = match key {
            FrameKey::Packed(key) => match self.young.packed.get(key) {
                Some(&place) => place,
                None => self.rejuvenate(key, bytes)?,
            },
            FrameKey::Texts(texts) => {
                let hash = self.hash(texts);
                let known = |entry: &TextsEntry| entry.hash == hash && same(&entry.key, texts);
                match self.young.texts.find(hash, known) {
                    Some(entry) => entry.place,
                    None => self.rejuvenate_texts(hash, known, bytes)?,
                }
            }
        };
        Some(&self.young.facts[place.0 as usize..place.1 as usize])
    }

    fn hash(&self, texts: &KeyTexts<'_>) -> u64 {
        let mut hasher = self.seed.build_hasher();
        for text in texts {
            // The length keeps two texts apart, and one that is missing from an empty one.
            hasher.write_u32(length(*text));
            hasher.write(text.unwrap_or_default());
        }
        hasher.finish()
    }

    /// Moves an entry from the old generation to the young one.
    #[cold]
    fn rejuvenate(&mut self, key: &[u8], bytes: usize) -> Option<FactsPlace> {
        let (key, place) = self.old.packed.remove_entry(key)?;
        let facts = self.old.facts(place);
        self.make_room(size(key.len(), &facts), bytes);
        let place = self.young.keep(key.len(), &facts);
        self.young.packed.insert(key, place);
        Some(place)
    }

    #[cold]
    fn rejuvenate_texts(
        &mut self,
        hash: u64,
        known: impl FnMut(&TextsEntry) -> bool,
        bytes: usize,
    ) -> Option<FactsPlace> {
        let (mut entry, _) = self.old.texts.find_entry(hash, known).ok()?.remove();
        let facts = self.old.facts(entry.place);
        self.make_room(size(entry.key.len(), &facts), bytes);
        entry.place = self.young.keep(entry.key.len(), &facts);
        Some(self.young.put_texts(entry))
    }

    /// Begins a new generation if the young one has no room for so many bytes more.
    fn make_room(&mut self, size: usize, bytes: usize) {
        if self.young.bytes + size > bytes / 2 {
            self.old = std::mem::take(&mut self.young);
            if self.old.bytes > bytes / 2 {
                // It was made when more was allowed.
                self.old = Generation::default();
            }
        }
    }

    /// Keeps the facts about a frame that was not known, within so many bytes.
    pub(super) fn insert(&mut self, key: FrameKey<'_>, facts: &Facts, bytes: usize) {
        let size = size(key_len(key), facts);
        if size > bytes / 2 {
            return;
        }
        self.make_room(size, bytes);
        let place = self.young.keep(key_len(key), facts);
        match key {
            FrameKey::Packed(key) => {
                self.young.packed.insert(key.into(), place);
            }
            FrameKey::Texts(texts) => {
                let hash = self.hash(texts);
                let key = joined(texts);
                self.young.put_texts(TextsEntry { hash, key, place });
            }
        }
    }
}

impl Generation {
    /// A copy of the facts at a place: what they are copied from may go with its generation.
    fn facts(&self, place: FactsPlace) -> Vec<u32> {
        self.facts[place.0 as usize..place.1 as usize].to_vec()
    }

    /// Keeps facts, and counts the bytes that they and their key take.
    fn keep(&mut self, key_len: usize, facts: &Facts) -> FactsPlace {
        let start = self.facts.len() as u32;
        self.bytes += size(key_len, facts);
        self.facts.extend_from_slice(facts);
        (start, self.facts.len() as u32)
    }

    fn put_texts(&mut self, entry: TextsEntry) -> FactsPlace {
        let place = entry.place;
        self.texts
            .insert_unique(entry.hash, entry, |entry| entry.hash);
        place
    }
}

/// The length of a text, or what no length is where it is missing.
fn length(text: Option<&[u8]>) -> u32 {
    text.map_or(u32::MAX, |text| text.len() as u32)
}

/// A key in one piece: the lengths of its texts, then the texts.
fn joined(texts: &KeyTexts<'_>) -> Box<[u8]> {
    let mut key = Vec::with_capacity(key_len(FrameKey::Texts(texts)));
    for text in texts {
        key.extend(length(*text).to_ne_bytes());
    }
    for text in texts.iter().flatten() {
        key.extend_from_slice(text);
    }
    key.into()
}

/// Whether a key that was joined has these texts.
fn same(key: &[u8], texts: &KeyTexts<'_>) -> bool {
    let (lengths, mut rest) = key.split_at(size_of::<[u32; 5]>());
    for (known, text) in lengths.chunks_exact(size_of::<u32>()).zip(texts) {
        if known != length(*text).to_ne_bytes() {
            return false;
        }
    }
    let mut present = texts.iter().flatten();
    // Checked, because a length of 32 bits is not the whole of a length.
    present.all(|text| match rest.split_at_checked(text.len()) {
        Some((known, after)) => {
            rest = after;
            known == *text
        }
        None => false,
    }) && rest.is_empty()
}

fn key_len(key: FrameKey<'_>) -> usize {
    match key {
        FrameKey::Packed(key) => key.len(),
        FrameKey::Texts(texts) => {
            let texts = texts.iter().flatten().map(|text| text.len());
            size_of::<[u32; 5]>() + texts.sum::<usize>()
        }
    }
}

fn size(key_len: usize, facts: &Facts) -> usize {
    OVERHEAD + key_len + size_of_val(facts)
}

#[cfg(test)]
mod tests {
    use super::FrameKey::{Packed, Texts};
    use super::*;

    #[test]
    fn what_is_used_stays_and_what_is_not_leaves() {
        let mut lane = Lane::default();
        let bytes = 20 * (OVERHEAD + 8);
        lane.insert(Packed(b"used"), &[1], bytes);
        for number in 0..1_000_u32 {
            assert_eq!(lane.get(Packed(b"used"), bytes), Some(&[1][..]), "{number}");
            lane.insert(Packed(&number.to_le_bytes()), &[number], bytes);
            assert!(lane.young.bytes + lane.old.bytes <= bytes + OVERHEAD + 8);
        }
        assert_eq!(lane.get(Packed(&0_u32.to_le_bytes()), bytes), None);
        assert_eq!(
            lane.get(Packed(&999_u32.to_le_bytes()), bytes),
            Some(&[999][..])
        );
    }

    #[test]
    fn texts_that_lie_apart_are_known_by_each_of_them() {
        let mut lane = Lane::default();
        let bytes = 40 * (OVERHEAD + 40);
        let texts = |a: Option<&'static str>, b: Option<&'static str>| {
            [a.map(str::as_bytes), None, b.map(str::as_bytes), None, None]
        };
        let different = [
            texts(Some("ab"), Some("c")),
            texts(Some("a"), Some("bc")),
            texts(Some(""), Some("abc")),
            texts(None, Some("abc")),
            texts(Some("abc"), None),
        ];
        for (number, texts) in (0..).zip(&different) {
            assert_eq!(lane.get(Texts(texts), bytes), None);
            lane.insert(Texts(texts), &[number], bytes);
        }
        for round in 0..100_u32 {
            for (number, texts) in (0..).zip(&different) {
                assert_eq!(
                    lane.get(Texts(texts), bytes),
                    Some(&[number][..]),
                    "{round}"
                );
            }
            let other = round.to_le_bytes();
            lane.insert(Texts(&[None, Some(&other), None, None, None]), &[0], bytes);
        }
        assert_eq!(
            lane.get(Texts(&[None, Some(&[0; 4]), None, None, None]), bytes),
            None
        );
    }

    #[test]
    fn what_was_just_used_outlives_what_was_not() {
        let mut lane = Lane::default();
        let bytes = 20 * (OVERHEAD + 8);
        let key = |number: u32| number.to_le_bytes();
        for number in 0..11 {
            lane.insert(Packed(&key(number)), &[number], bytes);
        }
        for number in 0..11 {
            lane.get(Packed(&key(number)), bytes);
            assert!(lane.young.bytes <= bytes / 2);
        }
        lane.insert(Packed(&key(99)), &[99], bytes);
        let left = (0..11).filter(|&n| lane.get(Packed(&key(n)), bytes).is_some());
        assert!(left.count() >= 9);
    }

    #[test]
    fn a_frame_that_is_too_large_is_not_kept() {
        let mut lane = Lane::default();
        let bytes = 1_000;
        lane.insert(Packed(&[0; 1_000]), &[1], 1_000);
        assert_eq!(lane.get(Packed(&[0; 1_000]), bytes), None);
    }

    #[test]
    fn lanes_are_not_waited_for_and_zero_turns_it_off() {
        let memo = Memo::new(LANES * 1_000);
        let busy: Vec<_> = (0..LANES).map(|_| memo.lane().unwrap()).collect();
        assert!(memo.lane().is_none());
        drop(busy);
        memo.lane().unwrap().0.insert(Packed(b"key"), &[1], 1_000);
        assert!(memo.bytes_in_use() > 0);
        memo.set_bytes(0);
        assert!(memo.lane().is_none());
        assert_eq!(memo.bytes_in_use(), 0);
    }
}
