//! Many stack traces in one call, on as many threads as the caller asks for.
//!
//! Threads are made for the call and gone when it returns. A pool that outlives the call
//! would be quicker to start, but a process that forks has a pool without threads in the
//! child, and waits for it for ever. Making a thread costs about 20 µs, as much as asking
//! rules about 300 frames.

use std::thread;

use super::packed::PackedError;

/// Calls `f` for every item, and gives the results in the same order, or the first error.
///
/// `threads` is how many do that at once, the calling one included; 0 counts as 1.
pub(super) fn each<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    f: impl Fn(&T) -> Result<R, PackedError> + Sync,
) -> Result<Vec<R>, PackedError> {
    each_costly(items, threads, 16, f)
}

/// [`each`] where a thread is worth making for `fewest` items already.
pub(super) fn each_costly<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    fewest: usize,
    f: impl Fn(&T) -> Result<R, PackedError> + Sync,
) -> Result<Vec<R>, PackedError> {
    let threads = threads.clamp(1, items.len().div_ceil(fewest).max(1));
    let f = &f;
    let run = |items: &[T]| items.iter().map(f).collect::<Result<Vec<_>, _>>();
    if threads == 1 {
        return run(items);
    }
    let mut chunks = items.chunks(items.len().div_ceil(threads));
    let first = chunks.next().unwrap_or_default();
    thread::scope(|scope| {
        let others: Vec<_> = chunks
            .map(|chunk| {
                // Where no thread can be had, this one does its work.
                let spawned = thread::Builder::new()
                    .name("ophio".to_owned())
                    .spawn_scoped(scope, move || run(chunk));
                spawned.map_err(|_| chunk)
            })
            .collect();
        let mut results = run(first)?;
        for other in others {
            results.extend(match other {
                Ok(handle) => match handle.join() {
                    Ok(result) => result?,
                    Err(panic) => std::panic::resume_unwind(panic),
                },
                Err(chunk) => run(chunk)?,
            });
        }
        Ok(results)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::packed::PackedError;

    #[test]
    fn results_come_in_order_from_any_number_of_threads() {
        let items: Vec<_> = (0..1_000).collect();
        for threads in [0, 1, 2, 3, 7, 5_000] {
            let doubled = each(&items, threads, |n| Ok(n * 2)).unwrap();
            assert!(doubled.iter().copied().eq((0..1_000).map(|n| n * 2)));
        }
        assert_eq!(each(&[], 4, |n: &u32| Ok(*n)), Ok(vec![]));
    }

    #[test]
    fn the_first_error_is_told() {
        let items: Vec<_> = (0..100).collect();
        const ODD: PackedError = PackedError::Structure("odd");
        for threads in [1, 3] {
            let result = each(&items, threads, |&n| if n == 70 { Err(ODD) } else { Ok(n) });
            assert_eq!(result, Err(ODD));
        }
    }
}
