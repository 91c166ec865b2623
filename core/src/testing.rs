//! What the tests share: reproducible chance, and how much of it.

use fastrand::Rng;

/// How many random cases to try: `usual`, or a million where OPHIO_LONG is set.
pub(crate) fn cases(usual: usize) -> usize {
    if std::env::var_os("OPHIO_LONG").is_some() {
        1_000_000
    } else {
        usual
    }
}

/// A source of chance that says the same each time.
pub(crate) struct Random(pub(crate) Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.0.usize(..items.len())]
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.0.usize(..n) == 0
    }

    /// Up to `longest` pieces, one after the other.
    pub(crate) fn concat(&mut self, pieces: &[&str], longest: usize) -> String {
        let count = self.0.usize(..=longest);
        (0..count).map(|_| *self.pick(pieces)).collect()
    }
}
