//! `OphioEnhancementsCache`: a cache of parsed rules.

use ophio_core::enhancements::Cache;

use crate::guard::guard_into;
use crate::handle;
use crate::status::OphioStatus;

/// A cache of parsed rules: parsing the same text again is fast.
///
/// Threads may share it. A process may fork while another thread uses it, and the child may use it:
/// no call waits for a lock.
pub struct OphioEnhancementsCache(pub(crate) Cache);

/// Makes a cache for at most `size` rules; 0 keeps nothing.
///
/// Memory is allocated as the cache fills, so a huge size is allowed. Writes the cache to
/// `cache`, which is the caller's: free it with `ophio_enhancements_cache_free`. Any thread may
/// call this. Fails with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `cache` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_cache_new(
    size: usize,
    cache: *mut *mut OphioEnhancementsCache,
) -> OphioStatus {
    // SAFETY: the caller's promise about `cache`.
    let cache = unsafe { handle::out(cache, "cache") };
    guard_into(cache, || {
        Ok(handle::new(OphioEnhancementsCache(Cache::new(size))))
    })
}

/// Frees a cache and sets the pointer to it to NULL; NULL, or a pointer to NULL, does nothing.
/// Rules that were parsed with it stay valid.
///
/// # Safety
///
/// `cache` is NULL, or may be written and holds NULL or what this library made. Nothing uses the
/// object, and a copy of the pointer is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_cache_free(cache: *mut *mut OphioEnhancementsCache) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(cache) }
}
