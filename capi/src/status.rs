//! What a call returns, and the last error of each thread.
//!
//! A function of the C face runs its whole body inside [`guard`]:
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
//! An `Err`, or a panic inside, becomes the returned [`OphioStatus`]; the message
//! is put where [`ophio_last_error_message`] finds it. Nothing is cleared when a
//! call succeeds, so success costs nothing: as with C's `errno`, the last error
//! means something only right after a failure.
//!
//! Panics are caught, and print nothing: see [`crate::quiet`].

use std::any::Any;
use std::cell::RefCell;
use std::fmt::Display;
use std::panic::{catch_unwind, AssertUnwindSafe};

use crate::quiet::{self, Quiet};
use crate::slice::OphioSlice;

/// How a call ended.
///
/// A number keeps its meaning for ever; later versions may add numbers, so treat
/// one that you do not know as a failure. 1 to 15 can come from any function,
/// the others belong to one part of the library.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OphioStatus {
    /// It worked, and the results are written.
    Ok = 0,
    /// A fault inside the library was caught. Please report it; the process and
    /// the objects it holds are intact.
    Panic = 1,
    /// A pointer that must not be NULL is NULL.
    NullPointer = 2,
    /// Bytes that must be UTF-8 are not.
    InvalidUtf8 = 3,
    /// An argument has a value that is not allowed.
    InvalidArgument = 4,
    /// A number is too large or too small for what it counts.
    OutOfRange = 5,
    /// There is more than a limit allows: see `OphioLimit`.
    Limit = 6,
    /// The text of stack trace rules, or their binary form, is malformed.
    Syntax = 16,
    /// A stack frame, or the data of an exception, has a field of the wrong type.
    Frame = 17,
    /// An Arrow array has not the columns that stack traces have.
    Schema = 18,
    /// A glob is not valid.
    Glob = 32,
    /// A CODEOWNERS file cannot be read.
    Codeowners = 33,
    /// A mapping file of ProGuard or R8 cannot be read.
    Proguard = 34,
}

/// Why a call failed: the status that it returns and a message for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    status: OphioStatus,
    message: String,
}

impl Error {
    /// An error with a status that is not [`OphioStatus::Ok`].
    pub fn new(status: OphioStatus, message: impl Display) -> Self {
        debug_assert_ne!(status, OphioStatus::Ok, "an error needs a failure's status");
        Error {
            status,
            message: message.to_string(),
        }
    }

    /// The same error, with the place where it happened before its message.
    #[cfg(feature = "arrow")]
    pub fn within(mut self, place: impl Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// The argument called `name` is NULL and must not be.
    #[cold]
    pub fn null(name: &str) -> Self {
        Error::new(
            OphioStatus::NullPointer,
            format_args!("`{name}` must not be NULL"),
        )
    }

    /// Describes a caught panic, and disposes of what it carried.
    #[cold]
    fn from_panic(payload: Box<dyn Any + Send>) -> Self {
        // What `panic!` carries: a literal, or a formatted text.
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let error = Error::new(
            OphioStatus::Panic,
            format_args!("internal error (panic): {text}{}", quiet::last_place()),
        );
        // `panic_any` can carry a value whose destructor panics as well. What
        // that second panic carries is leaked: this has to end somewhere.
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(second);
        }
        error
    }
}

thread_local! {
    /// The last failure on this thread.
    static LAST_ERROR: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// Keeps `error` as the last one of this thread.
///
/// While a thread ends, its storage may be gone before the host's last
/// destructor calls us: then the status has to be enough, and the message is lost.
#[cold]
fn record(error: Error) {
    let _ = LAST_ERROR.try_with(|last| last.replace(Some(error)));
}

/// Runs `body`, catches its panic, and records what went wrong.
///
/// `AssertUnwindSafe` is sound here: what a panic may leave half done is either
/// dropped with the closure, or an object shared between calls, and those must
/// be changed by a single swap at the end (see the crate's rules).
fn run<T>(body: impl FnOnce() -> Result<T, Error>) -> Result<T, OphioStatus> {
    let _quiet = Quiet::new();
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(fail(error)),
        Err(payload) => Err(fail(Error::from_panic(payload))),
    }
}

#[cold]
fn fail(error: Error) -> OphioStatus {
    let status = error.status;
    record(error);
    status
}

/// The body of a function that returns a status.
pub fn guard(body: impl FnOnce() -> Result<(), Error>) -> OphioStatus {
    match run(body) {
        Ok(()) => OphioStatus::Ok,
        Err(status) => status,
    }
}

/// The body of a function that returns a value, or `failure` when there is none:
/// NULL for a pointer, −1 for a yes-or-no answer.
pub fn guard_or<T>(failure: T, body: impl FnOnce() -> Result<T, Error>) -> T {
    run(body).unwrap_or(failure)
}

/// The body of a function that returns a yes or no, or a negative status, without an out
/// parameter.
pub fn answer(body: impl FnOnce() -> Result<bool, Error>) -> i32 {
    match run(body) {
        Ok(answer) => answer.into(),
        Err(status) => -(status as i32),
    }
}

/// The body of a function that returns nothing and cannot fail, such as a
/// `_free`. A panic (in a destructor) is caught and recorded all the same.
pub fn guard_unit(body: impl FnOnce()) {
    let _ = run(|| {
        body();
        Ok(())
    });
}

/// Tells the status of the last failure on the calling thread,
/// `OPHIO_STATUS_OK` if there is none.
///
/// Successful calls do not reset it. A function that returns a status has told
/// the same number already; this is for those that return a pointer. Any thread
/// may call it, and gets its own. Cannot fail.
#[no_mangle]
pub extern "C" fn ophio_last_error_code() -> OphioStatus {
    LAST_ERROR
        .try_with(|last| last.borrow().as_ref().map(|error| error.status))
        .ok()
        .flatten()
        .unwrap_or(OphioStatus::Ok)
}

/// Tells the message of the last failure on the calling thread: UTF-8, without a
/// final newline; empty if there is none.
///
/// The slice is borrowed. It is valid on this thread only, until the next call
/// that fails on this thread, `ophio_last_error_clear`, or the thread's end: copy
/// it at once. Any thread may call it, and gets its own. Cannot fail.
#[no_mangle]
pub extern "C" fn ophio_last_error_message() -> OphioSlice {
    LAST_ERROR
        .try_with(|last| {
            last.borrow()
                .as_ref()
                .map(|error| OphioSlice::borrowed(error.message.as_bytes()))
        })
        .ok()
        .flatten()
        .unwrap_or(OphioSlice::EMPTY)
}

/// Forgets the last failure of the calling thread and frees its message.
///
/// There is no need to call it: the next failure replaces the last one. Any
/// thread may call it. Cannot fail.
#[no_mangle]
pub extern "C" fn ophio_last_error_clear() {
    let _ = LAST_ERROR.try_with(|last| last.take());
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(place.starts_with("capi/src/status.rs:"), "{place}");
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
    fn values_come_through_or_the_failure_value_does() {
        assert_eq!(guard_or(-1, || Ok(1)), 1);
        assert_eq!(guard_or(-1, || Err(Error::null("x"))), -1);
        assert_eq!(ophio_last_error_code(), OphioStatus::NullPointer);
        assert_eq!(guard_or(-1, || panic!("value")), -1);
        assert_eq!(ophio_last_error_code(), OphioStatus::Panic);
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
        // Destructors run in an order nobody promises: one variable is set
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
