//! What this library is: its version, and the version of its C interface.
//!
//! A program compares `OPHIO_VERSION` of the header that it was compiled with to
//! [`ophio_version`] of the library that it found at run time. They may differ.
//! What must not differ is the interface: [`ophio_abi_version`].

use crate::slice::OphioSlice;

/// Raised by each change that breaks a compiled program: a function removed, an
/// argument or a struct changed. Functions and status numbers may be added freely.
/// It is the number in the name of the shared library, `libophio.so.1`.
const ABI_VERSION: u32 = 1;

/// Returns the version of the library, such as `2.0.0`, as ASCII text.
///
/// The slice is borrowed and valid for as long as the library is loaded. Any
/// thread may call it. Cannot fail.
#[no_mangle]
pub extern "C" fn ophio_version() -> OphioSlice {
    OphioSlice::borrowed(env!("CARGO_PKG_VERSION").as_bytes())
}

/// Returns the version of the C API: two libraries with the same number can
/// stand in for each other, the one with the higher version has more functions.
///
/// Any thread may call it. Cannot fail.
#[no_mangle]
pub extern "C" fn ophio_abi_version() -> u32 {
    ABI_VERSION
}

/// Panics, to see that a host survives it. Not in the header, nor in any library but a test's.
#[cfg(feature = "test-panic")]
#[no_mangle]
pub extern "C" fn test_panic(on_a_thread: bool) -> crate::status::OphioStatus {
    crate::guard::guard(|| {
        if on_a_thread {
            let thread = std::thread::Builder::new().name("ophio".to_owned());
            let panicking = thread.spawn(|| panic!("on purpose")).expect("a thread");
            if let Err(payload) = panicking.join() {
                std::panic::resume_unwind(payload);
            }
        }
        panic!("on purpose")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_three_numbers_and_perhaps_a_suffix() {
        // SAFETY: static text.
        let version = unsafe { ophio_version().text("version") }.unwrap();
        let release = version.split(['-', '+']).next().unwrap();
        let numbers: Result<Vec<u32>, _> = release.split('.').map(str::parse).collect();
        assert_eq!(numbers.map(|n| n.len()), Ok(3), "{version}");
    }
}
