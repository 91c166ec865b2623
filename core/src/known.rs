//! Tables of what was read before, in the whole process.
//!
//! The same rules come again with every event of a project. What was made of a text is found
//! again by the text, and with it the index of the rules. A table is bounded by its number of
//! entries and by their weight together: the oldest ones make room.
//!
//! No thread waits for a table. If the lock is held, the caller reads the text without it, also
//! in a child whose parent held the lock at the fork.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, TryLockError};

use foldhash::fast::RandomState;
use lru::LruCache;

/// A table.
pub(crate) struct Known<K, V> {
    entries: Mutex<Option<Entries<K, V>>>,
    max_entries: usize,
    max_weight: usize,
}

struct Entries<K, V> {
    /// Each value with its weight.
    values: LruCache<K, (V, usize), RandomState>,
    weight: usize,
}

impl<K: Hash + Eq, V: Clone> Known<K, V> {
    pub(crate) const fn new(max_entries: usize, max_weight: usize) -> Self {
        Self {
            entries: Mutex::new(None),
            max_entries,
            max_weight,
        }
    }

    /// Returns the entries, unless another thread has them.
    fn lock(&self) -> Option<MutexGuard<'_, Option<Entries<K, V>>>> {
        match self.entries.try_lock() {
            Ok(entries) => Some(entries),
            Err(TryLockError::Poisoned(poisoned)) => {
                // A panic may have left the entries and their weight half changed.
                let mut entries = poisoned.into_inner();
                *entries = None;
                self.entries.clear_poison();
                Some(entries)
            }
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Calls `f` with the entries, unless another thread has them.
    fn with<R>(&self, f: impl FnOnce(&mut Entries<K, V>) -> R) -> Option<R> {
        let mut entries = self.lock()?;
        Some(f(entries.get_or_insert_with(|| Entries {
            values: LruCache::unbounded_with_hasher(RandomState::default()),
            weight: 0,
        })))
    }

    /// Returns what is known.
    pub(crate) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let found = self.with(|entries| entries.values.get(key).map(|(value, _)| value.clone()));
        found.flatten()
    }

    /// Keeps a value, unless it alone is above the limit.
    pub(crate) fn put(&self, key: K, value: V, weight: usize) {
        if weight > self.max_weight {
            return;
        }
        self.with(|entries| {
            if let Some((_, before)) = entries.values.put(key, (value, weight)) {
                entries.weight -= before;
            }
            entries.weight += weight;
            while entries.values.len() > self.max_entries || entries.weight > self.max_weight {
                let Some((_, (_, oldest))) = entries.values.pop_lru() else {
                    break;
                };
                entries.weight -= oldest;
            }
        });
    }

    /// Forgets all of it. What is in use stays.
    pub(crate) fn clear(&self) {
        if let Some(mut entries) = self.lock() {
            *entries = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_bounded() {
        let known: Known<String, usize> = Known::new(3, 10);
        for number in 0..5 {
            known.put(number.to_string(), number, 1);
            // In use, so it is not the oldest.
            assert_eq!(known.get("0"), Some(0));
        }
        let found: Vec<_> = (0..5)
            .filter_map(|number| known.get(&*number.to_string()))
            .collect();
        assert_eq!(found, [0, 3, 4]);
        known.put("5".into(), 5, 9);
        assert_eq!((known.get("5"), known.get("4")), (Some(5), Some(4)));
        assert_eq!((known.get("0"), known.get("3")), (None, None));
        known.put("5".into(), 6, 1);
        known.put("6".into(), 7, 11);
        assert_eq!((known.get("5"), known.get("6")), (Some(6), None));
        known.put("7".into(), 8, 8);
        assert_eq!(known.get("4"), Some(4));
        known.clear();
        assert_eq!(known.get("5"), None);
    }

    #[test]
    fn a_table_in_use_is_passed_by() {
        let known: Known<String, usize> = Known::new(3, 10);
        known.put("a".into(), 1, 1);
        let held = known.entries.lock().unwrap();
        assert_eq!(known.get("a"), None);
        known.put("b".into(), 1, 1);
        drop(held);
        assert_eq!((known.get("a"), known.get("b")), (Some(1), None));
    }

    #[test]
    fn a_panic_under_the_lock_clears_a_table() {
        let known: Known<String, usize> = Known::new(3, 10);
        known.put("a".into(), 1, 4);
        let panicked = std::thread::scope(|scope| {
            let thread = scope.spawn(|| known.with(|_| panic!("under the lock")));
            thread.join().is_err()
        });
        assert!(panicked && known.entries.is_poisoned());
        assert_eq!(known.get("a"), None);
        assert!(!known.entries.is_poisoned());
        known.put("b".into(), 2, 10);
        assert_eq!(known.get("b"), Some(2));
    }
}
