//! The cache of parsed rules.
//!
//! Rule sets of different projects share most of their lines, so lines that were
//! parsed once are kept, the least recently used one leaving first. Rules are
//! counted pointers, so a hit shares the rule with everybody who has it.
//!
//! No thread ever waits for the cache: who finds it busy parses for himself.
//! That is what makes a fork safe: if another thread held the lock in that
//! moment, the child finds it busy for ever, and does without.

use std::fmt;
use std::sync::{Mutex, TryLockError};

use lru::LruCache;
use smol_str::SmolStr;

use super::rule::Rule;

/// Remembers rules by their text. Threads may share it.
pub struct Cache {
    size: usize,
    rules: Mutex<LruCache<SmolStr, Rule>>,
}

impl Cache {
    /// A cache for at most `size` rules; 0 keeps nothing.
    ///
    /// Memory is taken as it fills, so a huge size costs nothing by itself.
    pub fn new(size: usize) -> Self {
        Self {
            size,
            rules: Mutex::new(LruCache::unbounded()),
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

    fn with_rules<R>(&self, f: impl FnOnce(&mut LruCache<SmolStr, Rule>) -> R) -> Option<R> {
        match self.rules.try_lock() {
            Ok(mut rules) => Some(f(&mut rules)),
            // Nothing that runs under the lock leaves the map half changed.
            Err(TryLockError::Poisoned(poisoned)) => Some(f(&mut poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
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
    use crate::enhancements::parser::parse_rule;

    /// Asks for a rule and tells whether it had to be parsed.
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
