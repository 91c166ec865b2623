//! Guards: each exported function runs its body in one of these functions.
//!
//! ```text
//! pub extern "C" fn ophio_thing_do(...) -> OphioStatus {
//!     guard(|| {
//!         let text = unsafe { slice::text(data, len, "text") }?;
//!         ...
//!         Ok(())
//!     })
//! }
//! ```
//!
//! An `Err`, or a panic inside, becomes the returned [`OphioStatus`]; `ophio_last_error_message`
//! returns the message. A guard catches panics, and [`crate::panic_hook`] keeps them from printing.
//! A [`LimitExceeded`] that unwinds is an ordinary error.

use std::any::Any;
use std::mem::MaybeUninit;
use std::panic::{catch_unwind, AssertUnwindSafe};

use ophio_core::limits::LimitExceeded;

use crate::last_error::record;
use crate::panic_hook::{self, Silence};
use crate::status::{Error, OphioStatus};

/// Runs `body`, catches a panic in it, and records the error.
///
/// `AssertUnwindSafe` is sound here. A value that a panic leaves half changed is either dropped
/// with the closure or shared between calls, and shared objects must be changed by a single swap at
/// the end (see the rules of the crate).
fn run<T>(body: impl FnOnce() -> Result<T, Error>) -> Result<T, OphioStatus> {
    let _silence = Silence::new();
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(fail(error)),
        Err(payload) => Err(fail(match payload.downcast::<LimitExceeded>() {
            Ok(exceeded) => (*exceeded).into(),
            Err(payload) => from_panic(payload),
        })),
    }
}

#[cold]
fn fail(error: Error) -> OphioStatus {
    let status = error.status();
    record(error);
    status
}

/// Runs the body of a function that returns a status.
pub(crate) fn guard(body: impl FnOnce() -> Result<(), Error>) -> OphioStatus {
    match run(body) {
        Ok(()) => OphioStatus::Ok,
        Err(status) => status,
    }
}

/// Runs the body of a function that writes one result to `place`, which [`crate::handle::out`] has
/// checked.
pub(crate) fn guard_into<T>(
    place: Result<&mut MaybeUninit<T>, Error>,
    body: impl FnOnce() -> Result<T, Error>,
) -> OphioStatus {
    guard(|| {
        let place = place?;
        place.write(body()?);
        Ok(())
    })
}

/// Runs the body of a function that returns a number and cannot fail. Returns 0 if a panic was
/// caught.
pub(crate) fn guard_len(body: impl FnOnce() -> usize) -> usize {
    run(|| Ok(body())).unwrap_or(0)
}

/// Runs the body of a function that returns 1 or 0, or a negative status: the short form of
/// functions that hosts call millions of times.
pub(crate) fn answer(body: impl FnOnce() -> Result<bool, Error>) -> i32 {
    match run(body) {
        Ok(answer) => answer.into(),
        Err(status) => -(status as i32),
    }
}

/// Runs the body of a function that returns a length of at most `i32::MAX`, or a negative status:
/// the short form of functions that hosts call millions of times.
pub(crate) fn length(body: impl FnOnce() -> Result<i32, Error>) -> i32 {
    match run(body) {
        Ok(length) => length,
        Err(status) => -(status as i32),
    }
}

/// Runs the body of a function that returns nothing and cannot fail, such as a `_free`. A panic (in
/// a destructor) is caught and recorded as well.
pub(crate) fn guard_unit(body: impl FnOnce()) {
    let _ = run(|| {
        body();
        Ok(())
    });
}

/// Describes a caught panic, and drops its payload.
#[cold]
fn from_panic(payload: Box<dyn Any + Send>) -> Error {
    // The payload of `panic!` is a literal or a formatted text.
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let error = Error::new(
        OphioStatus::Panic,
        format_args!("internal error (panic): {text}{}", panic_hook::last_place()),
    );
    // The payload of `panic_any` can be a value whose destructor panics as well. The payload of
    // that second panic is leaked, because its destructor could panic again.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
    error
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use ophio_core::limits::Limit;

    use super::*;
    use crate::last_error::{
        ophio_last_error_clear, ophio_last_error_code, ophio_last_error_message,
    };

    fn message() -> String {
        let slice = ophio_last_error_message();
        // SAFETY: borrowed from this thread's last error, copied at once.
        let bytes = unsafe { slice.bytes("message") }.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    /// The last message without the place of the panic, which has to be in this file.
    fn panic_message() -> String {
        let message = message();
        let (text, place) = message.rsplit_once(" (").expect("a place");
        assert!(place.starts_with("capi/src/guard.rs:"), "{place}");
        text.to_owned()
    }

    #[test]
    fn success_returns_ok_and_leaves_the_last_error_alone() {
        guard(|| Err(Error::new(OphioStatus::Syntax, "line 1")));
        assert_eq!(guard(|| Ok(())), OphioStatus::Ok);
        assert_eq!(ophio_last_error_code(), OphioStatus::Syntax);
        assert_eq!(message(), "line 1");
    }

    #[test]
    fn the_later_failure_replaces_the_earlier() {
        guard(|| Err(Error::new(OphioStatus::Syntax, "first")));
        let status = guard(|| Err(Error::null("rules")));
        assert_eq!(status, OphioStatus::NullPointer);
        assert_eq!(ophio_last_error_code(), OphioStatus::NullPointer);
        assert_eq!(message(), "`rules` must not be NULL");
    }

    #[test]
    fn no_failure_is_ok_and_empty() {
        // Each test has a thread of its own, but say so rather than rely on it.
        ophio_last_error_clear();
        assert_eq!(ophio_last_error_code(), OphioStatus::Ok);
        assert_eq!(message(), "");
    }

    #[test]
    fn clear_forgets() {
        guard(|| Err(Error::null("x")));
        ophio_last_error_clear();
        assert_eq!(ophio_last_error_code(), OphioStatus::Ok);
        assert_eq!(message(), "");
    }

    #[test]
    fn a_panic_with_a_literal_is_reported() {
        assert_eq!(guard(|| panic!("a literal")), OphioStatus::Panic);
        assert_eq!(ophio_last_error_code(), OphioStatus::Panic);
        assert_eq!(panic_message(), "internal error (panic): a literal");
    }

    #[test]
    fn a_panic_with_a_formatted_text_is_reported() {
        let number = 7;
        assert_eq!(guard(|| panic!("number {number}")), OphioStatus::Panic);
        assert_eq!(panic_message(), "internal error (panic): number 7");
    }

    #[test]
    fn a_panic_with_another_payload_is_reported() {
        assert_eq!(
            guard(|| std::panic::panic_any(7_u32)),
            OphioStatus::Panic,
            "any payload is caught"
        );
        assert_eq!(panic_message(), "internal error (panic): no message");
    }

    #[test]
    fn a_limit_that_unwinds_is_an_error_as_others() {
        let exceeded = LimitExceeded {
            limit: Limit::GlobSteps,
            found: 8,
            allowed: 7,
        };
        let status = guard(|| std::panic::resume_unwind(Box::new(exceeded)));
        assert_eq!(status, OphioStatus::Limit);
        assert_eq!(
            message(),
            "8 steps to match a glob are too many: the limit `glob_steps` is 7"
        );
    }

    #[test]
    fn a_payload_that_panics_when_dropped_does_not_escape() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("in drop");
            }
        }
        assert_eq!(guard(|| std::panic::panic_any(Bomb)), OphioStatus::Panic);
    }

    #[test]
    fn a_result_is_written_by_success_only() {
        let mut place = MaybeUninit::new(1);
        assert_eq!(guard_into(Ok(&mut place), || Ok(2)), OphioStatus::Ok);
        let status = guard_into(Ok(&mut place), || Err(Error::null("x")));
        assert_eq!(status, OphioStatus::NullPointer);
        let status = guard_into(Ok(&mut place), || panic!("value"));
        assert_eq!(status, OphioStatus::Panic);
        // SAFETY: written when it was made.
        assert_eq!(unsafe { place.assume_init() }, 2);
        let status = guard_into(Err(Error::null("place")), || Ok(3));
        assert_eq!(status, OphioStatus::NullPointer);
    }

    #[test]
    fn a_yes_or_no_is_its_number_and_a_failure_is_negative() {
        assert_eq!(answer(|| Ok(true)), 1);
        assert_eq!(answer(|| Ok(false)), 0);
        assert_eq!(answer(|| Err(Error::null("x"))), -2);
    }

    #[test]
    fn a_destructor_may_panic() {
        guard_unit(|| panic!("free"));
        assert_eq!(panic_message(), "internal error (panic): free");
    }

    #[test]
    fn each_thread_has_its_own_error() {
        guard(|| Err(Error::null("mine")));
        std::thread::spawn(|| {
            assert_eq!(ophio_last_error_code(), OphioStatus::Ok);
            guard(|| Err(Error::new(OphioStatus::Frame, "theirs")));
            assert_eq!(message(), "theirs");
        })
        .join()
        .unwrap();
        assert_eq!(message(), "`mine` must not be NULL");
    }

    #[test]
    fn calls_while_the_thread_ends_are_safe() {
        /// Calls the library from the destructor of a thread's variable.
        struct AtExit;
        impl Drop for AtExit {
            fn drop(&mut self) {
                let status = guard(|| Err(Error::new(OphioStatus::Frame, "late")));
                assert_eq!(status, OphioStatus::Frame);
                ophio_last_error_code();
                ophio_last_error_message();
                ophio_last_error_clear();
            }
        }
        thread_local! {
            static BEFORE: RefCell<Option<AtExit>> = const { RefCell::new(None) };
            static AFTER: RefCell<Option<AtExit>> = const { RefCell::new(None) };
        }
        // Destructors run in no promised order: one variable is set
        // before the error's storage is first used and one after it.
        std::thread::spawn(|| {
            BEFORE.set(Some(AtExit));
            guard(|| Err(Error::null("x")));
            AFTER.set(Some(AtExit));
        })
        .join()
        .unwrap();
    }
}
