//! Panics say nothing on standard error.
//!
//! Rust prints a panic before anybody can catch it, and standard error belongs to the program
//! that loaded us. What prints is a hook of the copy of the standard library that is linked
//! into libophio, so that setting it touches nobody else's. Only a program in Rust that links
//! the static library shares it; therefore panics outside of our calls and threads go on to
//! the hook that was there:
//!
//! ```text
//! in a call of ours, or on a thread named "ophio"   kept for the error's message
//! anywhere else                                     the hook from before
//! ```

use std::cell::{Cell, RefCell};
use std::panic::{set_hook, take_hook};
use std::sync::atomic::{AtomicBool, Ordering};

/// The name of the threads that core makes for batches.
const OUR_THREADS: &str = "ophio";

thread_local! {
    /// How many calls of ours this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Where the last panic was, for its message.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

static INSTALLED: AtomicBool = AtomicBool::new(false);

/// As long as it lives, panics of this thread print nothing.
pub(crate) struct Quiet(());

impl Quiet {
    pub(crate) fn new() -> Self {
        // Who comes second does not wait for the first: a fork in between does no harm.
        if !INSTALLED.load(Ordering::Relaxed) && !INSTALLED.swap(true, Ordering::Relaxed) {
            install();
        }
        // While a thread ends, its storage may be gone: then a panic prints.
        let _ = DEPTH.try_with(|depth| depth.set(depth.get() + 1));
        Quiet(())
    }
}

impl Drop for Quiet {
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

/// Where the last panic on this thread was, ` (file:line)`, or nothing; forgets it.
pub(crate) fn last_place() -> String {
    PLACE.try_with(RefCell::take).unwrap_or_default()
}
