//! The cache of parsed rules.
//!
//! Rule sets of different projects share most of their lines. So the cache keeps parsed lines, and
//! evicts the least recently used line first. Rules are reference-counted, so a hit shares the
//! rule. The cache also keeps the rule sets of whole texts, because the same text is parsed for
//! every event of a project: a hit does not parse any line, and shares the index and the memo of
//! the engine.
//!
//! No thread waits for the cache: if the lock is held, the caller parses without the cache.
//! So a fork is safe: if another thread held the lock at that moment, it stays locked in the child,
//! and the child parses without the cache.

use std::fmt;
use std::sync::{Mutex, TryLockError};

use lru::LruCache;
use smol_str::SmolStr;

use crate::enhancements::rule::Rule;
use crate::enhancements::rule_set::Enhancements;

/// A cache of rules by their text. Threads may share it.
pub struct Cache {
    size: usize,
    rules: Mutex<LruCache<SmolStr, Rule>>,
    texts: Mutex<Texts>,
}

/// Rule sets by their whole text, or by their binary form, whose first byte cannot begin a text.
/// Together they have at most as many rules as the cache may hold.
struct Texts {
    sets: LruCache<Box<[u8]>, Enhancements>,
    rules: usize,
}

impl Cache {
    /// Makes a cache for at most `size` rules; 0 keeps nothing.
    ///
    /// Memory is allocated as the cache fills, so a large `size` takes no memory by itself.
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

    /// Returns the maximum number of rules.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Returns the number of rules in the cache, or `None` if another thread uses it.
    pub fn len(&self) -> Option<usize> {
        self.with_rules(|rules| rules.len())
    }

    /// Returns whether the cache is empty, or `None` if another thread uses it.
    pub fn is_empty(&self) -> Option<bool> {
        self.len().map(|len| len == 0)
    }

    /// Returns the rule with this text, from the cache or from `parse`.
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

    /// Returns the rule set of a whole text, if it is in the cache. A text in the cache is UTF-8,
    /// so a caller that calls this first need not check that, which would take a fifth of the time
    /// of a repeated parse.
    pub fn known_text(&self, text: &[u8]) -> Option<Enhancements> {
        if self.size == 0 {
            return None;
        }
        try_with(&self.texts, |texts| texts.sets.get(text).cloned()).flatten()
    }

    /// Returns the rule set of a whole text or binary form, from the cache or from `make`.
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

/// Calls `f` with the value of a lock, unless another thread holds the lock.
fn try_with<T, R>(lock: &Mutex<T>, f: impl FnOnce(&mut T) -> R) -> Option<R> {
    match lock.try_lock() {
        Ok(mut guarded) => Some(f(&mut guarded)),
        // Code that runs under the locks leaves the value consistent, even if it panics.
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

/// Drops the value of a lock and replaces it by `nothing`. If the lock is held, the value is
/// leaked.
///
/// The caller has the only reference, so the lock is held by a thread of the parent process of this
/// fork. That thread does not exist in this process, and its change is incomplete: dropping
/// half-linked lists would free invalid pointers.
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
