//! Random test cases that are the same on each run.

use fastrand::Rng;

/// Returns how many random cases to try: `usual`, or a million if OPHIO_LONG is set.
pub(crate) fn cases(usual: usize) -> usize {
    if std::env::var_os("OPHIO_LONG").is_some() {
        1_000_000
    } else {
        usual
    }
}

/// Returns how many random cases to try in a test that takes seconds: as `cases`, but a tenth of
/// them if OPHIO_QUICK is set, as in `make check`.
pub(crate) fn slow_cases(usual: usize) -> usize {
    quick(usual, cases(usual))
}

/// Returns how often such a test must have found what it looks for, of the `usual` times.
pub(crate) fn at_least(usual: usize) -> usize {
    quick(usual, usual)
}

fn quick(usual: usize, otherwise: usize) -> usize {
    if std::env::var_os("OPHIO_QUICK").is_some() {
        usual / 10
    } else {
        otherwise
    }
}

/// A random source that gives the same values on each run.
pub(crate) struct Random(pub(crate) Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.0.usize(..items.len())]
    }

    /// Returns true once in `n` times.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.0.usize(..n) == 0
    }

    /// Joins up to `max` pieces.
    pub(crate) fn concat(&mut self, pieces: &[&str], max: usize) -> String {
        let count = self.0.usize(..=max);
        (0..count).map(|_| *self.pick(pieces)).collect()
    }
}
