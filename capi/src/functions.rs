//! Trimming the names of functions: `ophio_functions_trim`, and many in one call.
//!
//! `ophio_functions_trim_text` is the short form for bindings whose calls are costly: it makes no
//! object.

use std::ffi::c_char;

use ophio_core::functions::{trim_function_name, trim_packed};

use crate::guard::{guard, length};
use crate::handle;
use crate::slice;
use crate::status::OphioStatus;
use crate::string::OphioStr;

/// Trims the name of a function, as Sentry does before it groups events: removes arguments, generic
/// parameters and hashes.
///
/// `name` and `platform` are UTF-8. Names of the platforms `objc`, `cocoa`, `swift`, `native`,
/// `c` and `csharp` are trimmed, other names do not change; `platform` may be NULL. The time is
/// linear in `name_len`. Any thread may call this.
///
/// Writes the trimmed name to `trimmed`, which is the caller's: free it with `ophio_str_free`.
/// Fails with `OPHIO_STATUS_NULL_POINTER`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_INVALID_UTF8`.
///
/// # Safety
///
/// `name` is readable for `name_len` bytes, `platform` for `platform_len`; `trimmed` is NULL
/// or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_functions_trim(
    name: *const u8,
    name_len: usize,
    platform: *const u8,
    platform_len: usize,
    trimmed: *mut OphioStr,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `trimmed`.
        let trimmed = unsafe { handle::out(trimmed, "trimmed") }?;
        // SAFETY: the caller's promise about `name`.
        let name = unsafe { slice::text(name, name_len, "name") }?;
        // SAFETY: the caller's promise about `platform`.
        let platform = unsafe { slice::text(platform, platform_len, "platform") }?;
        let text = trim_function_name(name, Some(platform));
        trimmed.write(text.into_owned().into_bytes().into());
        Ok(())
    })
}

/// Trims the name of a function, and returns the length of the trimmed name.
///
/// On failure it returns the negative of `OPHIO_STATUS_INVALID_UTF8`,
/// `OPHIO_STATUS_INVALID_ARGUMENT` or `OPHIO_STATUS_NULL_POINTER`, and of
/// `OPHIO_STATUS_OUT_OF_RANGE` if `buffer` is too short.
///
/// `ophio_functions_trim` in the form that makes no object, for bindings in languages where an
/// object takes a microsecond. `name` and `platform` are UTF-8, and each ends at its first NUL.
/// The trimmed name is written to `buffer`, without a NUL. Any thread may call this.
///
/// # Safety
///
/// `name` and `platform` are NULL or end with a NUL. `buffer` may be written for `buffer_len`
/// bytes.
#[no_mangle]
pub unsafe extern "C" fn ophio_functions_trim_text(
    name: *const c_char,
    platform: *const c_char,
    buffer: *mut u8,
    buffer_len: usize,
) -> i32 {
    length(|| {
        // SAFETY: the caller's promise about `name`.
        let name = slice::utf8(unsafe { slice::until_nul(name, "name") }?, "name")?;
        // SAFETY: the caller's promise about `platform`.
        let platform = unsafe { slice::until_nul(platform, "platform") }?;
        let platform = slice::utf8(platform, "platform")?;
        // SAFETY: the caller's promise about `buffer`.
        let buffer = unsafe { slice::out(buffer, buffer_len, "buffer") }?;
        let text = trim_function_name(name, Some(platform));
        slice::write_text(&text, buffer, "the trimmed name")
    })
}

/// Trims many names of one platform, as `ophio_functions_trim` does.
///
/// `names` is a MessagePack array of strings. Any thread may call this.
///
/// Writes a MessagePack array of strings to `trimmed`, which is the caller's: free it with
/// `ophio_str_free`. Fails with `OPHIO_STATUS_NULL_POINTER`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_INVALID_UTF8`.
///
/// # Safety
///
/// `names` is readable for `names_len` bytes, `platform` for `platform_len`; `trimmed` is NULL
/// or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_functions_trim_packed(
    names: *const u8,
    names_len: usize,
    platform: *const u8,
    platform_len: usize,
    trimmed: *mut OphioStr,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `trimmed`.
        let trimmed = unsafe { handle::out(trimmed, "trimmed") }?;
        // SAFETY: the caller's promise about `names`.
        let names = unsafe { slice::bytes(names, names_len, "names") }?;
        // SAFETY: the caller's promise about `platform`.
        let platform = unsafe { slice::text(platform, platform_len, "platform") }?;
        trimmed.write(trim_packed(names, Some(platform))?.into());
        Ok(())
    })
}
