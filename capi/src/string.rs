//! Owned strings and buffers: made by the library, freed by the caller.

use std::ptr;

use crate::guard::{guard_into, guard_unit};
use crate::handle;
use crate::slice::{self, OphioSlice};
use crate::status::{Error, OphioStatus};

/// An owned UTF-8 string, or a buffer if the function says so: `len` bytes at `data`. No NUL byte
/// follows.
///
/// The library allocates it and the caller owns it: free it with `ophio_str_free`. Any thread may
/// read and free it. `data` is NULL if the string is empty.
#[repr(C)]
#[derive(Debug)]
pub struct OphioStr {
    /// The first byte. Read only.
    pub data: *mut u8,
    /// The number of bytes.
    pub len: usize,
}

impl OphioStr {
    /// The empty string, which owns no memory.
    pub const EMPTY: OphioStr = OphioStr {
        data: ptr::null_mut(),
        len: 0,
    };

    /// Returns a slice of the string, valid until the string is freed.
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
        // A boxed slice has no spare capacity, so freeing it needs only the pointer and the length.
        let bytes = bytes.into_boxed_slice();
        let len = bytes.len();
        OphioStr {
            data: Box::into_raw(bytes).cast(),
            len,
        }
    }
}

/// Frees the bytes of `string` and makes it the empty string, so that freeing it
/// again does nothing. The caller owns the struct itself.
///
/// NULL, or a struct of zeros, does nothing. Any thread may free it, but only one at a time. Cannot
/// fail.
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
            // SAFETY: the pointer and length come from a boxed slice in `from`, and are freed once:
            // the struct no longer has them.
            drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(data, len)) });
        }
    });
}

/// Runs the body of a function that converts a buffer, the argument called `input.2`, to another
/// buffer, the result called `output.1`.
///
/// # Safety
///
/// The input meets the requirements of [`slice::bytes`], the output those of [`handle::out`].
pub(crate) unsafe fn convert<T: Into<OphioStr>>(
    input: (*const u8, usize, &str),
    output: (*mut OphioStr, &str),
    convert: impl FnOnce(&[u8]) -> Result<T, Error>,
) -> OphioStatus {
    // SAFETY: the caller's promise about the output.
    let place = unsafe { handle::out(output.0, output.1) };
    guard_into(place, || {
        // SAFETY: the caller's promise about the input.
        let bytes = unsafe { slice::bytes(input.0, input.1, input.2) }?;
        Ok(convert(bytes)?.into())
    })
}

/// The body of a function that writes a string about an object: the argument called `object.1`,
/// and the result called `output.1`.
///
/// # Safety
///
/// The object is as [`handle::borrow`] demands, the output as [`handle::out`] does.
pub(crate) unsafe fn describe<H, T: Into<OphioStr>>(
    object: (*const H, &str),
    output: (*mut OphioStr, &str),
    write: impl FnOnce(&H) -> Result<T, Error>,
) -> OphioStatus {
    // SAFETY: the caller's promise about the output.
    let place = unsafe { handle::out(output.0, output.1) };
    guard_into(place, || {
        // SAFETY: the caller's promise about the object.
        let object = unsafe { handle::borrow(object.0, object.1) }?;
        Ok(write(object)?.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
