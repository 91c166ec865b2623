//! Borrowed strings, buffers and arrays, in both directions. Owned ones are in
//! [`crate::string`].
//!
//! A string is two arguments, a pointer and a length, because Python passes these without a copy
//! and without creating an object:
//!
//! ```text
//! ophio_glob_match(value, value_len, pattern, pattern_len)
//! ```
//!
//! [`bytes`] and [`text`] turn such a pair into a Rust slice. Where a struct holds
//! strings, or a function returns one, the pair is an [`OphioSlice`].
//!
//! The empty string may be NULL and 0, as in many C programs. NULL with any other length is an
//! error, and so is a length above `isize::MAX`.

use std::ffi::{c_char, CStr};
use std::mem::MaybeUninit;
use std::ptr;

use crate::status::{Error, OphioStatus};

/// Borrowed bytes: `len` of them at `data`. No NUL byte follows.
///
/// As an argument, it is read only during the call. As a result, it is valid for as long as the
/// function that returns it says. `data` may be NULL if `len` is 0.
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

    /// Makes a slice of `bytes` for C. The exported function documents how long it is valid.
    pub fn borrowed(bytes: &[u8]) -> Self {
        OphioSlice {
            data: bytes.as_ptr(),
            len: bytes.len(),
        }
    }

    /// Returns the bytes, as [`bytes`] does.
    ///
    /// # Safety
    ///
    /// That of [`bytes`].
    pub unsafe fn bytes<'a>(self, name: &str) -> Result<&'a [u8], Error> {
        // SAFETY: the caller's promise.
        unsafe { bytes(self.data, self.len, name) }
    }

    /// Returns the bytes as text, as [`text`] does.
    ///
    /// # Safety
    ///
    /// That of [`bytes`].
    pub unsafe fn text<'a>(self, name: &str) -> Result<&'a str, Error> {
        // SAFETY: the caller's promise.
        unsafe { text(self.data, self.len, name) }
    }
}

/// Returns the `len` bytes at `data`, the argument called `name`.
///
/// Fails with `NullPointer`, or with `InvalidArgument` for a length beyond `isize::MAX`: Rust has
/// no such slice, and in the caller it is probably a negative number.
///
/// # Safety
///
/// If `data` is not NULL, `len` bytes can be read there and do not change while the result is in
/// use. The caller chooses the lifetime `'a` accordingly.
pub unsafe fn bytes<'a>(data: *const u8, len: usize, name: &str) -> Result<&'a [u8], Error> {
    // SAFETY: the caller's promise. Bytes need no alignment.
    unsafe { array(data, len, name) }
}

/// Returns the `len` values at `data`, the argument called `name`. Fails as [`bytes`] does.
///
/// # Safety
///
/// As for [`bytes`]; the values are aligned, and every bit pattern is a valid value.
pub unsafe fn array<'a, T>(data: *const T, len: usize, name: &str) -> Result<&'a [T], Error> {
    if len == 0 {
        return Ok(&[]);
    }
    check::<T>(data, len, name)?;
    // SAFETY: not NULL, a possible length, and readable by the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// An array of structs of the caller. Each struct begins `size` bytes after the one before.
///
/// The caller passes the size of its struct, so that a later version can add fields: a program that
/// was compiled with an older header passes a smaller size.
#[derive(Clone, Copy)]
pub struct Structs<T> {
    data: *mut T,
    len: usize,
    size: usize,
}

impl<T> Structs<T> {
    /// Wraps the `len` structs at `data`, the argument called `name`. Fails as [`bytes`] does, and
    /// with `InvalidArgument` if `size` is not the size of such a struct.
    ///
    /// # Safety
    ///
    /// If `data` is not NULL, `len` aligned structs of `size` bytes are there and do not change
    /// while the result is in use.
    pub unsafe fn new(data: *mut T, len: usize, size: usize, name: &str) -> Result<Self, Error> {
        if size < size_of::<T>() || !size.is_multiple_of(align_of::<T>()) {
            return Err(Error::new(
                OphioStatus::InvalidArgument,
                format_args!(
                    "the size of a struct in `{name}` is {size}, expected at least {}",
                    size_of::<T>()
                ),
            ));
        }
        if len != 0 {
            check_size(data, len, size, name)?;
        }
        Ok(Structs { data, len, size })
    }

    /// Returns a pointer to each struct.
    pub fn pointers(self) -> impl Iterator<Item = *mut T> {
        // `wrapping`, because nothing is read here, and the pointer of an empty array may be NULL.
        (0..self.len).map(move |index| self.data.wrapping_byte_add(index * self.size))
    }
}

/// Returns the array for `len` results at `data`, the argument called `name`. Fails as [`bytes`]
/// does.
///
/// # Safety
///
/// If `data` is not NULL, `len` aligned values may be written there, by no other thread
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

/// Fails if this cannot be an array: for NULL, or more bytes than `isize::MAX`.
fn check<T>(data: *const T, len: usize, name: &str) -> Result<(), Error> {
    check_size(data, len, size_of::<T>(), name)
}

fn check_size<T>(data: *const T, len: usize, size: usize, name: &str) -> Result<(), Error> {
    if data.is_null() {
        return Err(Error::null(name));
    }
    let possible = len
        .checked_mul(size)
        .is_some_and(|size| isize::try_from(size).is_ok());
    if possible {
        return Ok(());
    }
    Err(Error::new(
        OphioStatus::InvalidArgument,
        format_args!("the length of `{name}` is {len}, which is larger than the address space"),
    ))
}

/// Returns the `len` bytes at `data` as text, the argument called `name`.
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

/// Returns the bytes of the argument called `name` as text. Fails with `InvalidUtf8`, naming the first
/// bad byte.
pub fn utf8<'a>(bytes: &'a [u8], name: &str) -> Result<&'a str, Error> {
    std::str::from_utf8(bytes).map_err(|error| {
        Error::new(
            OphioStatus::InvalidUtf8,
            format_args!("`{name}` is not valid UTF-8 (byte {})", error.valid_up_to()),
        )
    })
}

/// Returns the bytes before the first NUL at `data`, the argument called `name`. Fails with
/// `NullPointer` for NULL.
///
/// # Safety
///
/// If `data` is not NULL, it can be read up to a NUL and does not change while the result is in
/// use. The caller chooses the lifetime `'a` accordingly.
pub unsafe fn until_nul<'a>(data: *const c_char, name: &str) -> Result<&'a [u8], Error> {
    if data.is_null() {
        return Err(Error::null(name));
    }
    // SAFETY: not NULL, and ends with a NUL by the caller's promise.
    Ok(unsafe { CStr::from_ptr(data) }.to_bytes())
}

/// Writes a text to a place of the caller and returns its length. Fails with `OutOfRange`, naming
/// the text, if the place is too short.
pub fn write_text(text: &str, place: &mut [MaybeUninit<u8>], name: &str) -> Result<i32, Error> {
    let len = place.len();
    let length = i32::try_from(text.len()).ok();
    if let (Some(place), Some(length)) = (place.get_mut(..text.len()), length) {
        for (place, &byte) in place.iter_mut().zip(text.as_bytes()) {
            place.write(byte);
        }
        return Ok(length);
    }
    Err(too_short(name, text.len(), len))
}

/// Returns the error of a text that does not fit in a buffer of `len` bytes.
pub fn too_short(name: &str, needed: usize, len: usize) -> Error {
    Error::new(
        OphioStatus::OutOfRange,
        format_args!("{name} has {needed} bytes, the length of `buffer` is {len}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::guard;
    use crate::last_error::{ophio_last_error_code, ophio_last_error_message};

    /// Runs `bytes` as an export does; returns status and message.
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
}
