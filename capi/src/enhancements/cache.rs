//! `OphioCache`: rules that were parsed before.

use ophio_core::enhancements::Cache;

use crate::handle;
use crate::status::guard_or;

/// Remembers parsed rules, so that parsing the same again is quick.
///
/// Threads may share it, and a process that forks while another thread uses it
/// may go on using it in the child: no call waits for another.
pub struct OphioCache(pub(crate) Cache);

/// Makes a cache for at most `size` rules; 0 keeps nothing.
///
/// Memory is taken as the cache fills, so a huge size is allowed. The result is
/// the caller's: free it with `ophio_cache_free`. Any thread may call this.
/// Returns NULL if an internal error was caught.
#[no_mangle]
pub extern "C" fn ophio_cache_new(size: usize) -> *mut OphioCache {
    guard_or(std::ptr::null_mut(), || {
        Ok(handle::new(OphioCache(Cache::new(size))))
    })
}

/// Frees a cache; NULL does nothing. Rules made with it live on.
///
/// # Safety
///
/// `cache` is NULL or comes from `ophio_cache_new`, is freed for the first time,
/// and no other thread uses it.
#[no_mangle]
pub unsafe extern "C" fn ophio_cache_free(cache: *mut OphioCache) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(cache) }
}
