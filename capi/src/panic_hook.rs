//! The panic hook, which keeps panics in this library from printing.
//!
//! Rust prints a panic before it can be caught, and standard error belongs to the host. The hook is
//! part of the copy of the standard library that is linked into libophio, so setting it does not
//! affect the rest of the process. Only a Rust program that links the static library shares the
//! hook. Therefore panics outside of our calls and threads are passed to the previous hook:
//!
//! ```text
//! in a call of ours, or on a thread named "ophio"   stored for the error's message
//! anywhere else                                     passed to the previous hook
//! ```

use std::cell::{Cell, RefCell};
use std::panic::{set_hook, take_hook};
use std::sync::atomic::{AtomicBool, Ordering};

/// The name of the threads that `core` starts for batches.
const OUR_THREADS: &str = "ophio";

thread_local! {
    /// The number of our calls that this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// The location of the last panic, for its message.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

static INSTALLED: AtomicBool = AtomicBool::new(false);

/// While it exists, panics of this thread print nothing.
pub(crate) struct Silence(());

impl Silence {
    pub(crate) fn new() -> Self {
        // No thread waits for another here, so a fork in between is safe.
        if !INSTALLED.load(Ordering::Relaxed) && !INSTALLED.swap(true, Ordering::Relaxed) {
            install();
        }
        // When a thread ends, its storage may be freed already: then a panic prints.
        let _ = DEPTH.try_with(|depth| depth.set(depth.get() + 1));
        Silence(())
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = DEPTH.try_with(|depth| depth.set(depth.get() - 1));
    }
}

#[cold]
fn install() {
    let before = take_hook();
    set_hook(Box::new(move |info| {
        let inside = DEPTH.try_with(|depth| depth.get() > 0).unwrap_or(false);
        if !inside && std::thread::current().name() != Some(OUR_THREADS) {
            return before(info);
        }
        if let Some(place) = info.location() {
            let text = format!(" ({}:{})", place.file(), place.line());
            let _ = PLACE.try_with(|place| place.replace(text));
        }
    }));
}

/// Takes the location of the last panic on this thread, ` (file:line)` or an empty text.
pub(crate) fn last_place() -> String {
    PLACE.try_with(RefCell::take).unwrap_or_default()
}
