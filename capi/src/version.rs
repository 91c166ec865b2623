//! The version of the library, and the version of its C API.
//!
//! A program compares `OPHIO_VERSION` of the header that it was compiled with to
//! [`ophio_version`] of the library that it found at run time. They may differ.
//! Only the version of the C ABI must be the same: [`ophio_abi_version`].

use crate::slice::OphioSlice;

/// The version of the C ABI. A change that breaks a compiled program raises it: a removed function,
/// or a changed argument or struct. A new function or status number does not raise it. It is the
/// number in the name of the shared library, `libophio.so.1`.
const ABI_VERSION: u32 = 1;

/// Returns the version of the library, such as `2.0.0`, as ASCII text.
///
/// The slice is borrowed and valid for as long as the library is loaded. Any thread may call this.
/// Cannot fail.
#[no_mangle]
pub extern "C" fn ophio_version() -> OphioSlice {
    OphioSlice::borrowed(env!("CARGO_PKG_VERSION").as_bytes())
}

/// Returns the version of the C ABI. A program works with every library that has the same number
/// and is not older than the library that it was compiled for.
///
/// Any thread may call this. Cannot fail.
#[no_mangle]
pub extern "C" fn ophio_abi_version() -> u32 {
    ABI_VERSION
}

/// Panics, so that tests can check that the host survives. Only in libraries for tests; not in the
/// header.
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
