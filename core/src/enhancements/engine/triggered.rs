//! The set of triggered rules, in two levels of bits.
//!
//! ```text
//! summary   . . x . . . . x          one bit for each word
//! words     [2] ...x..x.  [7] x....   one bit for each rule
//! ```
//!
//! A walk removes the rules in order. It only reads words with set bits, so it takes the same time
//! for 20,000 rules as for 300.
//!
//! *Rules are added during the walk.* A rule that sets a category triggers the rules that test for
//! this category. Only later rules may run: an earlier rule was tried when no frame had the
//! category, and each rule runs once. So a rule is added only if it comes after the last rule that
//! was removed.

use super::ids::RuleId;

/// A set of rules that a walk empties in order.
#[derive(Default)]
pub(super) struct Triggered {
    words: Vec<u64>,
    summary: Vec<u64>,
    /// The current word of the summary in the walk.
    cursor: usize,
    /// The walk has passed the rules with lower numbers.
    passed: u32,
}

impl Triggered {
    /// Makes room for this number of rules.
    pub(super) fn reserve(&mut self, rules: usize) {
        let words = rules.div_ceil(64);
        if self.words.len() < words {
            self.words.resize(words, 0);
            self.summary.resize(words.div_ceil(64), 0);
        }
    }

    /// Adds a rule, unless the walk has passed it.
    #[inline]
    pub(super) fn insert(&mut self, rule: RuleId) {
        let RuleId(rule) = rule;
        if rule < self.passed {
            return;
        }
        let word = rule as usize / 64;
        self.words[word] |= 1 << (rule % 64);
        self.summary[word / 64] |= 1 << (word % 64);
    }

    /// Removes and returns the lowest rule.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<RuleId> {
        while let Some(summary) = self.summary.get_mut(self.cursor) {
            if *summary == 0 {
                self.cursor += 1;
                continue;
            }
            let word = self.cursor * 64 + summary.trailing_zeros() as usize;
            let bits = &mut self.words[word];
            let rule = (word * 64) as u32 + bits.trailing_zeros();
            *bits &= *bits - 1;
            if *bits == 0 {
                *summary &= *summary - 1;
            }
            self.passed = rule + 1;
            return Some(RuleId(rule));
        }
        None
    }

    /// Removes all rules, and restarts the walk.
    pub(super) fn clear(&mut self) {
        for (at, summary) in self.summary.iter_mut().enumerate() {
            let mut rest = std::mem::take(summary);
            while rest != 0 {
                self.words[at * 64 + rest.trailing_zeros() as usize] = 0;
                rest &= rest - 1;
            }
        }
        self.cursor = 0;
        self.passed = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_come_out_in_order_and_once() {
        let mut triggered = Triggered::default();
        triggered.reserve(10_000);
        for rule in [7, 9_999, 64, 63, 7, 4_096] {
            triggered.insert(RuleId(rule));
        }
        let mut seen = Vec::new();
        while let Some(RuleId(rule)) = triggered.pop() {
            seen.push(rule);
            if rule == 64 {
                triggered.insert(RuleId(65));
                triggered.insert(RuleId(8));
                triggered.insert(RuleId(9_000));
            }
        }
        assert_eq!(seen, [7, 63, 64, 65, 4_096, 9_000, 9_999]);
        triggered.clear();
        assert_eq!(triggered.pop(), None);
    }
}
