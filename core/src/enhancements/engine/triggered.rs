//! The rules that something triggered, in two levels of bits.
//!
//! ```text
//! summary   . . x . . . . x          one bit a word
//! words     [2] ...x..x.  [7] x....   one bit a rule
//! ```
//!
//! Walking it touches only what is set, so it costs the same for 20,000 rules as for
//! 300. While it is walked, rules ahead may still be added: a rule that sets a
//! category wakes those that ask for it.

/// A set of rules that is emptied in order.
#[derive(Default)]
pub(super) struct Triggered {
    words: Vec<u64>,
    summary: Vec<u64>,
}

impl Triggered {
    /// Makes room for so many rules.
    pub(super) fn reserve(&mut self, rules: usize) {
        let words = rules.div_ceil(64);
        if self.words.len() < words {
            self.words.resize(words, 0);
            self.summary.resize(words.div_ceil(64), 0);
        }
    }

    #[inline]
    pub(super) fn insert(&mut self, rule: u32) {
        let word = rule as usize / 64;
        self.words[word] |= 1 << (rule % 64);
        self.summary[word / 64] |= 1 << (word % 64);
    }

    /// Takes out the lowest rule from where the walk is on. What is added behind it is
    /// found by chance or not at all.
    #[inline]
    pub(super) fn pop(&mut self, from: &mut Cursor) -> Option<u32> {
        while let Some(summary) = self.summary.get_mut(from.0) {
            if *summary == 0 {
                from.0 += 1;
                continue;
            }
            let word = from.0 * 64 + summary.trailing_zeros() as usize;
            let bits = &mut self.words[word];
            let bit = bits.trailing_zeros();
            *bits &= *bits - 1;
            if *bits == 0 {
                *summary &= *summary - 1;
            }
            return Some((word * 64) as u32 + bit);
        }
        None
    }
}

impl Triggered {
    /// Forgets all rules.
    pub(super) fn clear(&mut self) {
        for (at, summary) in self.summary.iter_mut().enumerate() {
            let mut rest = std::mem::take(summary);
            while rest != 0 {
                self.words[at * 64 + rest.trailing_zeros() as usize] = 0;
                rest &= rest - 1;
            }
        }
    }
}

/// How far a walk has come.
#[derive(Default)]
pub(super) struct Cursor(usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_come_out_in_order_and_once() {
        let mut triggered = Triggered::default();
        triggered.reserve(10_000);
        for rule in [7, 9_999, 64, 63, 7, 4_096] {
            triggered.insert(rule);
        }
        let mut cursor = Cursor::default();
        let mut seen = Vec::new();
        while let Some(rule) = triggered.pop(&mut cursor) {
            seen.push(rule);
            if rule == 64 {
                triggered.insert(65);
                triggered.insert(9_000);
            }
        }
        assert_eq!(seen, [7, 63, 64, 65, 4_096, 9_000, 9_999]);
        assert_eq!(triggered.pop(&mut Cursor::default()), None);
    }
}
