//! Processes many stack traces in one call, on the number of threads that the caller chooses.
//!
//! Threads are started for the call and end before it returns. A thread pool would start faster,
//! but after a fork the child has a pool without threads and waits for it permanently. Starting a
//! thread takes about 20 µs, as much as applying rules to 300 frames.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Calls `f` for every item, and returns the results in the same order, or the first error.
///
/// `threads` is the number of threads, including the calling thread; 0 means 1.
pub(super) fn each<T: Sync, R: Send, E: Send>(
    items: &[T],
    threads: usize,
    f: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    each_costly(items, threads, 16, f)
}

/// Does the same as [`each`], but starts a thread for `fewest` items or more.
pub(super) fn each_costly<T: Sync, R: Send, E: Send>(
    items: &[T],
    threads: usize,
    fewest: usize,
    f: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let ranges = parts(items.len(), threads, fewest);
    let run = |range: Range<usize>| items[range].iter().map(&f).collect::<Result<Vec<_>, _>>();
    let mut results = in_parts(&ranges, run)?;
    if results.len() == 1 {
        return Ok(results.remove(0));
    }
    Ok(results.into_iter().flatten().collect())
}

/// Splits `len` items into a range for each thread, with at least `fewest` items in a range if
/// there are enough.
pub(super) fn parts(len: usize, threads: usize, fewest: usize) -> Vec<Range<usize>> {
    let threads = threads.clamp(1, len.div_ceil(fewest).max(1));
    let size = len.div_ceil(threads).max(1);
    let starts = (0..len).step_by(size);
    starts.map(|start| start..len.min(start + size)).collect()
}

/// Calls `f` for every range, each on its own thread, and returns the results in the same order, or
/// the first error.
pub(super) fn in_parts<R: Send, E: Send>(
    ranges: &[Range<usize>],
    f: impl Fn(Range<usize>) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    // A slot for each result. Only one thread uses its lock, so no thread waits.
    let places: Vec<_> = ranges.iter().map(|_| Mutex::new(None)).collect();
    on_threads(ranges.len(), &|part| {
        let result = f(ranges[part].clone());
        *places[part].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    });
    let results = places
        .into_iter()
        .filter_map(|place| place.into_inner().unwrap_or_else(PoisonError::into_inner));
    results.collect()
}

/// Runs all parts at once, the first one on this thread.
///
/// It is not generic, because the code that starts threads is large and would be compiled for each
/// type of result.
fn on_threads(parts: usize, run: &(dyn Fn(usize) + Sync)) {
    if parts <= 1 {
        (0..parts).for_each(run);
        return;
    }
    thread::scope(|scope| {
        let others: Vec<_> = (1..parts)
            .map(|part| {
                // If a thread cannot be started, this thread does its work.
                let spawned = thread::Builder::new()
                    .name("ophio".to_owned())
                    .spawn_scoped(scope, move || run(part));
                spawned.map_err(|_| part)
            })
            .collect();
        run(0);
        for other in others {
            match other {
                Ok(handle) => {
                    if let Err(panic) = handle.join() {
                        std::panic::resume_unwind(panic);
                    }
                }
                Err(part) => run(part),
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::stacktrace::view::StacktraceError;

    #[test]
    fn results_come_in_order_from_any_number_of_threads() {
        let items: Vec<_> = (0..1_000).collect();
        for threads in [0, 1, 2, 3, 7, 5_000] {
            let doubled = each(&items, threads, |n| Ok::<_, ()>(n * 2)).unwrap();
            assert!(doubled.iter().copied().eq((0..1_000).map(|n| n * 2)));
        }
        assert_eq!(each(&[], 4, |n: &u32| Ok::<_, ()>(*n)), Ok(vec![]));
    }

    #[test]
    fn the_first_error_is_told() {
        let items: Vec<_> = (0..100).collect();
        const ODD: StacktraceError = StacktraceError::Structure("odd");
        for threads in [1, 3] {
            let result = each(&items, threads, |&n| if n == 70 { Err(ODD) } else { Ok(n) });
            assert_eq!(result, Err(ODD));
        }
    }
}
