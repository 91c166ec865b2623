//! The cache of parsed rules.
//!
//! Rule sets of different projects share most of their lines, so lines that were
//! parsed once are kept, the least recently used one leaving first. Rules are
//! counted pointers, so a hit shares the rule with everybody who has it. Whole texts are
//! kept as well, because the same one comes again with every event of a project: then not
//! even its lines are looked at, and what the engine has found out is shared.
//!
//! No thread waits for the cache: if the lock is held, the caller parses without the cache.
//! That makes a fork safe: if another thread held the lock at that moment, it stays locked in
//! the child, which then parses without the cache.

use std::fmt;
use std::sync::{Mutex, TryLockError};

use lru::LruCache;
use smol_str::SmolStr;

use crate::enhancements::rule::Rule;
use crate::enhancements::rule_set::Enhancements;

/// Remembers rules by their text. Threads may share it.
pub struct Cache {
    size: usize,
    rules: Mutex<LruCache<SmolStr, Rule>>,
    texts: Mutex<Texts>,
}

/// Rule sets by their whole text, or by their binary form, whose first byte begins no text.
/// They have no more rules than the cache may hold.
struct Texts {
    sets: LruCache<Box<[u8]>, Enhancements>,
    rules: usize,
}

impl Cache {
    /// A cache for at most `size` rules; 0 keeps nothing.
    ///
    /// Memory is taken as it fills, so a huge size costs nothing by itself.
    pub fn new(size: usize) -> Self {
        Self {
            size,
            rules: Mutex::new(LruCache::unbounded()),
            texts: Mutex::new(Texts {
                sets: LruCache::unbounded(),
                rules: 0,
            }),
        }
    }

    /// How many rules the cache holds at most.
    pub fn size(&self) -> usize {
        self.size
    }

    /// How many rules it holds now, or `None` while another thread uses it.
    pub fn len(&self) -> Option<usize> {
        self.with_rules(|rules| rules.len())
    }

    /// Whether it holds nothing now, or `None` while another thread uses it.
    pub fn is_empty(&self) -> Option<bool> {
        self.len().map(|len| len == 0)
    }

    /// The rule that `text` stands for, from the cache or from `parse`.
    pub(super) fn get_or_parse<E>(
        &self,
        text: &str,
        parse: impl FnOnce() -> Result<Rule, E>,
    ) -> Result<Rule, E> {
        if self.size == 0 {
            return parse();
        }
        if let Some(rule) = self.with_rules(|rules| rules.get(text).cloned()).flatten() {
            return Ok(rule);
        }
        let rule = parse()?;
        self.with_rules(|rules| {
            rules.put(text.into(), rule.clone());
            while rules.len() > self.size {
                rules.pop_lru();
            }
        });
        Ok(rule)
    }

    /// The rule set that a whole text stands for, if it is known. Bytes that are known are
    /// UTF-8: who asks here first need not look, which takes a fifth of a repeated parse.
    pub fn known_text(&self, text: &[u8]) -> Option<Enhancements> {
        if self.size == 0 {
            return None;
        }
        try_with(&self.texts, |texts| texts.sets.get(text).cloned()).flatten()
    }

    /// The rule set that a whole text or binary form stands for, from the cache or from `make`.
    pub(super) fn get_or_make<E>(
        &self,
        input: &[u8],
        make: impl FnOnce() -> Result<Enhancements, E>,
    ) -> Result<Enhancements, E> {
        if self.size == 0 {
            return make();
        }
        if let Some(rules) = self.known_text(input) {
            return Ok(rules);
        }
        let rules = make()?;
        let count = rules.len();
        if (1..=self.size).contains(&count) {
            try_with(&self.texts, |texts| {
                if let Some(before) = texts.sets.put(input.into(), rules.clone()) {
                    texts.rules -= before.len();
                }
                texts.rules += count;
                while texts.rules > self.size {
                    let Some((_, oldest)) = texts.sets.pop_lru() else {
                        break;
                    };
                    texts.rules -= oldest.len();
                }
            });
        }
        Ok(rules)
    }

    fn with_rules<R>(&self, f: impl FnOnce(&mut LruCache<SmolStr, Rule>) -> R) -> Option<R> {
        try_with(&self.rules, f)
    }
}

/// Calls `f` with what a lock guards, unless another thread holds it.
fn try_with<T, R>(lock: &Mutex<T>, f: impl FnOnce(&mut T) -> R) -> Option<R> {
    match lock.try_lock() {
        Ok(mut guarded) => Some(f(&mut guarded)),
        // Nothing that runs under the locks leaves anything half changed.
        Err(TryLockError::Poisoned(poisoned)) => Some(f(&mut poisoned.into_inner())),
        Err(TryLockError::WouldBlock) => None,
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        let nothing = Texts {
            sets: LruCache::unbounded(),
            rules: 0,
        };
        drop_unless_held(&mut self.rules, LruCache::unbounded());
        drop_unless_held(&mut self.texts, nothing);
    }
}

/// Drops what a lock guards, and puts `nothing` there; but leaks it if the lock is held.
///
/// The caller has the only reference, so a thread of the process from which this one was forked
/// holds the lock. It was changing the guarded value, and does not exist in this process: a walk
/// over half-linked lists would free invalid pointers.
fn drop_unless_held<T>(lock: &mut Mutex<T>, nothing: T) {
    let lock = std::mem::replace(lock, Mutex::new(nothing));
    let held = matches!(lock.try_lock(), Err(TryLockError::WouldBlock));
    if held {
        std::mem::forget(lock);
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("size", &self.size)
            .field("len", &self.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::text::parser::parse_rule;
    use std::sync::Arc;

    /// Looks a rule up, and returns whether it had to be parsed.
    fn parses(cache: &Cache, text: &str) -> bool {
        let mut parsed = false;
        cache
            .get_or_parse(text, || {
                parsed = true;
                parse_rule(text, 1)
            })
            .unwrap();
        parsed
    }

    #[test]
    fn the_least_recently_used_rule_leaves_first() {
        let cache = Cache::new(2);
        assert!(parses(&cache, "function:a +app"));
        assert!(parses(&cache, "function:b +app"));
        assert!(!parses(&cache, "function:a +app"));
        assert!(parses(&cache, "function:c +app"));
        assert!(!parses(&cache, "function:a +app"));
        assert!(parses(&cache, "function:b +app"));
        assert_eq!(cache.len(), Some(2));
    }

    #[test]
    fn size_zero_keeps_nothing_and_a_huge_size_costs_nothing() {
        let cache = Cache::new(0);
        assert!(parses(&cache, "function:a +app"));
        assert!(parses(&cache, "function:a +app"));
        assert_eq!(cache.is_empty(), Some(true));
        let cache = Cache::new(1 << 40);
        assert!(parses(&cache, "function:a +app"));
        assert!(!parses(&cache, "function:a +app"));
    }

    #[test]
    fn a_whole_text_is_kept_within_the_number_of_rules() {
        let cache = Cache::new(3);
        let parses = |text: &str| {
            let mut parsed = false;
            let rules = cache.get_or_make(text.as_bytes(), || {
                parsed = true;
                Enhancements::parse(text, &Cache::new(0))
            });
            assert_eq!(
                rules.unwrap(),
                Enhancements::parse(text, &Cache::new(0)).unwrap()
            );
            parsed
        };
        let two = "function:a +app\nfunction:b +app";
        assert!(parses(two));
        assert!(!parses(two));
        assert!(parses("function:c +app"));
        assert!(!parses(two));
        assert!(parses("function:d +app"), "now there are four rules");
        assert!(
            parses("function:c +app"),
            "the least recently used one left"
        );
        let four = [two, two].join("\n");
        assert!(parses(&four));
        assert!(parses(&four), "more than may be kept");
        let none = Cache::new(0);
        assert!(none.get_or_make(b"", || Err(())).is_err());
    }

    #[test]
    fn what_a_lost_thread_was_changing_is_not_dropped() {
        for held in [false, true] {
            let kept = Arc::new(());
            let mut lock = Mutex::new(Some(kept.clone()));
            if held {
                // As in the child of a fork: locked, and no thread that could unlock it.
                std::mem::forget(lock.lock().unwrap());
            }
            drop_unless_held(&mut lock, None);
            assert_eq!(Arc::strong_count(&kept), if held { 2 } else { 1 });
        }
    }

    #[test]
    fn errors_are_not_kept_and_a_busy_cache_is_not_waited_for() {
        let cache = Cache::new(2);
        assert!(cache.get_or_parse("x", || parse_rule("x", 1)).is_err());
        assert_eq!(cache.len(), Some(0));
        let busy = cache.rules.lock().unwrap();
        assert!(parses(&cache, "function:a +app"));
        assert_eq!(cache.len(), None);
        drop(busy);
        assert!(parses(&cache, "function:a +app"));
    }
}
