//! Values of sections that are made on first use, without a lock.

use once_cell::race::OnceBox;

/// A place for each section, for a value that is made on first use.
///
/// If two threads make one at once, one is kept. A lock that another thread holds during a fork
/// would stay locked in the child. Places are allocated in chunks on first use, because most
/// sections are never read.
pub(super) struct Slots<T> {
    chunks: Box<[OnceBox<[OnceBox<T>; CHUNK]>]>,
}

const CHUNK: usize = 32;

impl<T> Slots<T> {
    pub(super) fn new(len: usize) -> Self {
        let chunks = (0..len.div_ceil(CHUNK)).map(|_| OnceBox::new());
        Slots {
            chunks: chunks.collect(),
        }
    }

    /// Returns the value of a section, which `make` makes if there is none. Returns None for a
    /// section that does not exist.
    pub(super) fn get_or_make<E>(
        &self,
        section: usize,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Option<&T>, E> {
        let Some(chunk) = self.chunks.get(section / CHUNK) else {
            return Ok(None);
        };
        let places = chunk.get_or_init(|| Box::new(std::array::from_fn(|_| OnceBox::new())));
        let place = &places[section % CHUNK];
        place.get_or_try_init(|| make().map(Box::new)).map(Some)
    }
}
