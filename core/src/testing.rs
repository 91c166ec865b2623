//! Random test cases that are the same on each run, and the time that a test takes.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

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

/// Returns how long the processor has worked for this thread: other work on the machine does not
/// count. Where the system does not say it, this is the time that has passed.
pub(crate) fn processor_time() -> Duration {
    let nanoseconds = std::fs::read_to_string("/proc/thread-self/schedstat");
    let nanoseconds = nanoseconds.ok().and_then(|all| {
        let first = all.split_whitespace().next()?;
        first.parse().ok()
    });
    nanoseconds.map_or_else(|| BEGIN.elapsed(), Duration::from_nanos)
}

static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

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
