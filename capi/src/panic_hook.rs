//! The panic hook: what panics in this library print, which is nothing.
//!
//! Rust prints a panic before anybody can catch it, and standard error belongs to the program
//! that loaded us. The hook that prints belongs to the copy of the standard library that is
//! linked into libophio, so setting it changes nothing for the rest of the process. Only a program in Rust that links
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
pub(crate) struct Silence(());

impl Silence {
    pub(crate) fn new() -> Self {
        // No thread waits for another here, so a fork in between is safe.
        if !INSTALLED.load(Ordering::Relaxed) && !INSTALLED.swap(true, Ordering::Relaxed) {
            install();
        }
        // While a thread ends, its storage may be gone: then a panic prints.
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

/// Where the last panic on this thread was, ` (file:line)`, or nothing; forgets it.
pub(crate) fn last_place() -> String {
    PLACE.try_with(RefCell::take).unwrap_or_default()
}
