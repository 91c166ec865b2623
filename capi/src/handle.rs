//! Handles (objects behind a pointer) and out parameters.
//!
//! A C program holds an object of the library as an opaque pointer. The pointer is a `Box` that
//! [`new`] gives to the caller, [`borrow`] borrows for each call, and [`free`] drops:
//!
//! ```text
//! ophio_enhancements_cache_new  -> handle::new(OphioEnhancementsCache(...))
//! ophio_enhancements_cache_len  -> handle::borrow(cache, "cache")?
//! ophio_enhancements_cache_free -> handle::free(cache)
//! ```
//!
//! A borrowed object is `&T`, never `&mut T`: two threads may be in calls with the same handle,
//! because cffi releases the GIL. So a field that a call changes is an atomic or behind an `Arc` or
//! a lock, and [`new`] requires that `T` is `Send + Sync`.

use std::mem::MaybeUninit;

use crate::guard::guard_unit;
use crate::status::Error;

/// Moves `value` to the heap and returns its pointer, which the caller owns until it calls
/// [`free`].
pub fn new<T: Send + Sync>(value: T) -> *mut T {
    Box::into_raw(Box::new(value))
}

/// Borrows the object behind the argument called `name`. Fails with `NullPointer`.
///
/// # Safety
///
/// `handle` is NULL or comes from [`new`] and is not freed while the result is in
/// use.
pub unsafe fn borrow<'a, T>(handle: *const T, name: &str) -> Result<&'a T, Error> {
    // SAFETY: NULL or valid, by the caller's promise; never lent as `&mut`.
    unsafe { handle.as_ref() }.ok_or_else(|| Error::null(name))
}

/// Drops the object in `place` and sets the pointer there to NULL, so that freeing it again does
/// nothing. NULL, or a pointer to NULL, does nothing. A panicking destructor is caught.
///
/// # Safety
///
/// `place` is NULL or may be written, and holds NULL or what comes from [`new`]. Nothing uses the
/// object, and a copy of the pointer is not used afterwards.
pub unsafe fn free<T>(place: *mut *mut T) {
    guard_unit(|| {
        // SAFETY: NULL or valid, by the caller's promise.
        let Some(place) = (unsafe { place.as_mut() }) else {
            return;
        };
        let handle = std::mem::replace(place, std::ptr::null_mut());
        if !handle.is_null() {
            // SAFETY: comes from `new` and is dropped once: the place no longer points to it.
            drop(unsafe { Box::from_raw(handle) });
        }
    });
}

/// Returns an out parameter, the argument called `name`. Fails with `NullPointer`.
///
/// Its value need not be initialised. Check it first and write to it last, so that a call that
/// fails writes nothing.
///
/// # Safety
///
/// `place` is NULL, or aligned and may be written, by no other thread meanwhile.
pub unsafe fn out<'a, T>(place: *mut T, name: &str) -> Result<&'a mut MaybeUninit<T>, Error> {
    // SAFETY: NULL or writable, by the caller's promise; a `MaybeUninit` may hold
    // anything.
    unsafe { place.cast::<MaybeUninit<T>>().as_mut() }.ok_or_else(|| Error::null(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::last_error::{ophio_last_error_clear, ophio_last_error_code};
    use crate::status::OphioStatus;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::Arc;

    /// Counts how often it is dropped.
    struct Counted(Arc<AtomicUsize>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn an_object_lives_from_new_to_free() {
        let drops = Arc::new(AtomicUsize::new(0));
        let mut handle = new(Counted(drops.clone()));
        // SAFETY: just made.
        let lent = unsafe { borrow(handle, "counted") }.unwrap();
        assert_eq!(lent.0.load(Ordering::Relaxed), 0);
        // SAFETY: made above; freeing the pointer again is allowed.
        unsafe {
            free(&mut handle);
            assert!(handle.is_null());
            free(&mut handle);
        }
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn null_is_refused_and_freeing_it_does_nothing() {
        // SAFETY: NULL is allowed in all three.
        unsafe {
            let error = borrow::<u8>(std::ptr::null(), "thing").unwrap_err();
            assert_eq!(error, Error::null("thing"));
            let error = out::<u8>(std::ptr::null_mut(), "place").unwrap_err();
            assert_eq!(error, Error::null("place"));
            free::<u8>(std::ptr::null_mut());
        }
    }

    #[test]
    fn a_panicking_destructor_is_caught() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("in drop");
            }
        }
        ophio_last_error_clear();
        // SAFETY: made here, freed once.
        unsafe { free(&mut new(Bomb)) };
        assert_eq!(ophio_last_error_code(), OphioStatus::Panic);
    }

    #[test]
    fn a_result_is_written_to_its_place() {
        let mut place = MaybeUninit::<String>::uninit();
        // SAFETY: a place of ours.
        unsafe { out(place.as_mut_ptr(), "place") }
            .unwrap()
            .write("result".to_owned());
        // SAFETY: written just now.
        assert_eq!(unsafe { place.assume_init() }, "result");
    }
}
