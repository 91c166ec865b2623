//! Strings and buffers across the border: borrowed ones in both directions, and
//! owned ones that leave.
//!
//! A call takes a string as pointer and length, two arguments, because that is
//! what Python passes without a copy and without making an object for it:
//!
//! ```text
//! ophio_glob_match(value, value_len, pattern, pattern_len)
//! ```
//!
//! [`bytes`] and [`text`] turn such a pair into a Rust slice. Where a struct holds
//! strings, or a function returns one, the pair is an [`OphioSlice`]. A string made
//! for the caller leaves as an [`OphioStr`], which the caller frees.
//!
//! The empty string may come as NULL and 0, as many C programs write it. NULL with
//! any other length is refused, and so is a length that no buffer can have.

use std::ffi::{c_char, CStr};
use std::mem::MaybeUninit;
use std::ptr;

use crate::status::{guard_unit, Error, OphioStatus};

/// Borrowed bytes: `len` of them at `data`. No NUL byte follows.
///
/// Going in, it is read during the call only. Coming out, the function that
/// returns it says how long it is valid. `data` may be NULL if `len` is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OphioSlice {
    /// The first byte.
    pub data: *const u8,
    /// The number of bytes.
    pub len: usize,
}

impl OphioSlice {
    /// No bytes.
    pub const EMPTY: OphioSlice = OphioSlice {
        data: ptr::null(),
        len: 0,
    };

    /// Lends `bytes` to C; the caller documents for how long.
    pub fn borrowed(bytes: &[u8]) -> Self {
        OphioSlice {
            data: bytes.as_ptr(),
            len: bytes.len(),
        }
    }

    /// The bytes, see [`bytes`].
    ///
    /// # Safety
    ///
    /// That of [`bytes`].
    pub unsafe fn bytes<'a>(self, name: &str) -> Result<&'a [u8], Error> {
        // SAFETY: the caller's promise.
        unsafe { bytes(self.data, self.len, name) }
    }

    /// The bytes as text, see [`text`].
    ///
    /// # Safety
    ///
    /// That of [`bytes`].
    pub unsafe fn text<'a>(self, name: &str) -> Result<&'a str, Error> {
        // SAFETY: the caller's promise.
        unsafe { text(self.data, self.len, name) }
    }
}

/// The `len` bytes at `data`, the argument called `name`.
///
/// Fails with `NullPointer`, or with `InvalidArgument` for a length beyond
/// `isize::MAX`: Rust has no such slice, and in a caller it is a negative number
/// gone wrong.
///
/// # Safety
///
/// If `data` is not NULL, `len` bytes can be read there and do not change while
/// the result is in use; the lifetime `'a` is the caller's choice and has to
/// respect that.
pub unsafe fn bytes<'a>(data: *const u8, len: usize, name: &str) -> Result<&'a [u8], Error> {
    // SAFETY: the caller's promise. Bytes need no alignment.
    unsafe { array(data, len, name) }
}

/// The `len` values at `data`, the argument called `name`. Fails as [`bytes`] does.
///
/// # Safety
///
/// That of [`bytes`], for aligned values of which every bit pattern is one.
pub unsafe fn array<'a, T>(data: *const T, len: usize, name: &str) -> Result<&'a [T], Error> {
    if len == 0 {
        return Ok(&[]);
    }
    check::<T>(data, len, name)?;
    // SAFETY: not NULL, a possible length, and readable by the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// The place for `len` results at `data`, the argument called `name`. Fails as
/// [`bytes`] does.
///
/// # Safety
///
/// If `data` is not NULL, `len` aligned values may be written there, by nobody else
/// meanwhile.
pub unsafe fn out<'a, T>(
    data: *mut T,
    len: usize,
    name: &str,
) -> Result<&'a mut [MaybeUninit<T>], Error> {
    if len == 0 {
        return Ok(&mut []);
    }
    check::<T>(data, len, name)?;
    // SAFETY: not NULL, a possible length, and writable by the caller's promise; a
    // `MaybeUninit` may hold anything.
    Ok(unsafe { std::slice::from_raw_parts_mut(data.cast(), len) })
}

/// Refuses what no array can be: NULL, or more bytes than `isize::MAX`.
fn check<T>(data: *const T, len: usize, name: &str) -> Result<(), Error> {
    if data.is_null() {
        return Err(Error::null(name));
    }
    let possible = len
        .checked_mul(size_of::<T>())
        .is_some_and(|size| isize::try_from(size).is_ok());
    if possible {
        return Ok(());
    }
    Err(Error::new(
        OphioStatus::InvalidArgument,
        format_args!("the length of `{name}` is {len}, more than memory can hold"),
    ))
}

/// The `len` bytes at `data` as text, the argument called `name`.
///
/// Fails as [`bytes`] does, and with `InvalidUtf8`, naming the first bad byte.
///
/// # Safety
///
/// That of [`bytes`].
pub unsafe fn text<'a>(data: *const u8, len: usize, name: &str) -> Result<&'a str, Error> {
    // SAFETY: the caller's promise.
    utf8(unsafe { bytes(data, len, name) }?, name)
}

/// The bytes of the argument called `name` as text. Fails with `InvalidUtf8`, naming the first
/// bad byte.
pub fn utf8<'a>(bytes: &'a [u8], name: &str) -> Result<&'a str, Error> {
    std::str::from_utf8(bytes).map_err(|error| {
        Error::new(
            OphioStatus::InvalidUtf8,
            format_args!("`{name}` is not valid UTF-8 (byte {})", error.valid_up_to()),
        )
    })
}

/// The bytes before the first NUL at `data`, the argument called `name`. Fails with
/// `NullPointer` for NULL.
///
/// # Safety
///
/// If `data` is not NULL, it can be read up to a NUL and does not change while the result is in
/// use; the lifetime `'a` is the caller's choice and has to respect that.
pub unsafe fn until_nul<'a>(data: *const c_char, name: &str) -> Result<&'a [u8], Error> {
    if data.is_null() {
        return Err(Error::null(name));
    }
    // SAFETY: not NULL, and ends with a NUL by the caller's promise.
    Ok(unsafe { CStr::from_ptr(data) }.to_bytes())
}

/// An owned UTF-8 string, or buffer where a function says so: `len` bytes at `data`. No
/// NUL byte follows.
///
/// The library made it and the caller owns it: give it to `ophio_str_free` once
/// it is read. It belongs to no thread. `data` is NULL if the string is empty.
#[repr(C)]
#[derive(Debug)]
pub struct OphioStr {
    /// The first byte, not to be written to.
    pub data: *mut u8,
    /// The number of bytes.
    pub len: usize,
}

impl OphioStr {
    /// The empty string, which owns nothing.
    pub const EMPTY: OphioStr = OphioStr {
        data: ptr::null_mut(),
        len: 0,
    };

    /// Lends the string, for as long as it is not freed.
    pub fn as_slice(&self) -> OphioSlice {
        OphioSlice {
            data: self.data,
            len: self.len,
        }
    }
}

impl From<String> for OphioStr {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<Vec<u8>> for OphioStr {
    fn from(bytes: Vec<u8>) -> Self {
        if bytes.is_empty() {
            return OphioStr::EMPTY;
        }
        // A boxed slice is as long as its bytes: freeing needs no third number.
        let bytes = bytes.into_boxed_slice();
        let len = bytes.len();
        OphioStr {
            data: Box::into_raw(bytes).cast(),
            len,
        }
    }
}

/// Frees the bytes of `string` and makes it the empty string, so that freeing it
/// again does nothing. The struct itself stays the caller's.
///
/// NULL, or a string of zeros, does nothing. Any thread may free it, one at a
/// time. Cannot fail.
///
/// # Safety
///
/// `string` is NULL, or may be written and holds a string that this library made
/// (or zeros). A copy of the struct must not be used any more.
#[no_mangle]
pub unsafe extern "C" fn ophio_str_free(string: *mut OphioStr) {
    guard_unit(|| {
        // SAFETY: NULL or valid, by the caller's promise.
        let Some(string) = (unsafe { string.as_mut() }) else {
            return;
        };
        let OphioStr { data, len } = std::mem::replace(string, OphioStr::EMPTY);
        if !data.is_null() {
            // SAFETY: the pointer and length of a boxed slice that `from` let go,
            // taken back once: the struct no longer names it.
            drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(data, len)) });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::{guard, ophio_last_error_code, ophio_last_error_message};

    /// Runs `bytes` as an export would and tells status and message.
    fn refused(data: *const u8, len: usize) -> (OphioStatus, String) {
        // SAFETY: the callers pass what must be refused before it is read.
        let status = guard(|| unsafe { text(data, len, "value") }.map(drop));
        assert_eq!(ophio_last_error_code(), status);
        // SAFETY: the last error of this thread, copied at once.
        let message = unsafe { ophio_last_error_message().text("message") };
        (status, message.unwrap().to_owned())
    }

    #[test]
    fn null_and_zero_is_empty() {
        // SAFETY: nothing is read.
        let empty = unsafe { bytes(ptr::null(), 0, "value") };
        assert_eq!(empty.unwrap(), b"");
    }

    #[test]
    fn null_with_a_length_is_refused() {
        assert_eq!(
            refused(ptr::null(), 1),
            (
                OphioStatus::NullPointer,
                "`value` must not be NULL".to_owned()
            )
        );
    }

    #[test]
    fn a_negative_length_is_refused() {
        let (status, message) = refused(b"x".as_ptr(), -1_isize as usize);
        assert_eq!(status, OphioStatus::InvalidArgument);
        assert!(
            message.starts_with("the length of `value` is "),
            "{message}"
        );
    }

    #[test]
    fn bad_utf8_is_refused_with_its_place() {
        let bad = b"ab\xff";
        assert_eq!(
            refused(bad.as_ptr(), bad.len()),
            (
                OphioStatus::InvalidUtf8,
                "`value` is not valid UTF-8 (byte 2)".to_owned()
            )
        );
    }

    #[test]
    fn bytes_come_through() {
        let source = "grün".as_bytes();
        let slice = OphioSlice::borrowed(source);
        // SAFETY: `source` outlives both.
        assert_eq!(unsafe { slice.bytes("value") }.unwrap(), source);
        // SAFETY: as above.
        assert_eq!(unsafe { slice.text("value") }.unwrap(), "grün");
    }

    #[test]
    fn an_owned_string_is_read_and_freed_once() {
        let mut spare = String::with_capacity(64);
        spare.push_str("owned");
        let mut string = OphioStr::from(spare);
        // SAFETY: not freed yet.
        assert_eq!(unsafe { string.as_slice().text("s") }.unwrap(), "owned");
        // SAFETY: made above; freeing the emptied string again is allowed.
        unsafe {
            ophio_str_free(&mut string);
            assert!(string.data.is_null());
            assert_eq!(string.len, 0);
            ophio_str_free(&mut string);
        }
    }

    #[test]
    fn freeing_null_or_the_empty_string_does_nothing() {
        let mut empty = OphioStr::from(String::new());
        assert!(empty.data.is_null());
        // SAFETY: both are allowed.
        unsafe {
            ophio_str_free(ptr::null_mut());
            ophio_str_free(&mut empty);
        }
    }
}
