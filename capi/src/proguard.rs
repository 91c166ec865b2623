//! The C API of [`ophio_core::proguard`]: original names from ProGuard and R8 mappings.
//!
//! The names of a class and a method are slices borrowed from the mapper, so nothing is copied and
//! the caller frees nothing. Frames consist of many numbers and texts: they are written as
//! MessagePack to a buffer of the caller, so that a query is one call.

use std::fs::File;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use ophio_core::limits::Limit;
use ophio_core::proguard::{Mapper, ProguardError};

use crate::guard::{guard, guard_into};
use crate::handle;
use crate::slice::{self, OphioSlice};
use crate::status::{Error, OphioStatus};
use crate::string::OphioStr;

/// A mapping file, ready for queries.
///
/// It is immutable: threads may share it, and after a fork the child may use it.
pub struct OphioProguard(Mapper);

impl From<ProguardError> for Error {
    fn from(error: ProguardError) -> Self {
        let status = match error {
            ProguardError::Read { .. } | ProguardError::Cache { .. } => OphioStatus::Proguard,
            ProguardError::Limit(_) => OphioStatus::Limit,
            ProguardError::Queries(_) => OphioStatus::InvalidArgument,
        };
        Error::new(status, error)
    }
}

/// Makes a mapper from the bytes of a mapping file, which it copies.
///
/// Bytes that are not a mapping make a mapper without names: see `ophio_proguard_is_valid`.
/// Writes the mapper to `mapper`, which is the caller's: free it with `ophio_proguard_free`. Any
/// thread may call this. Fails with `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `data` is readable for `data_len` bytes; `mapper` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_proguard_new(
    data: *const u8,
    data_len: usize,
    mapper: *mut *mut OphioProguard,
) -> OphioStatus {
    // SAFETY: the caller's promise about `mapper`.
    let mapper = unsafe { handle::out(mapper, "mapper") };
    guard_into(mapper, || {
        // SAFETY: the caller's promise about `data`.
        let data = unsafe { slice::bytes(data, data_len, "data") }?;
        Limit::MappingBytes.check(data.len())?;
        Ok(handle::new(OphioProguard(Mapper::new(data.to_vec()))))
    })
}

/// Makes a mapper from a file.
///
/// `path` is a path of the operating system: bytes on Unix, UTF-8 elsewhere. The file is read into
/// memory. With `mmap` it is mapped instead, which saves a copy. Then the file must not change
/// before the mapper is freed: a change makes results wrong, and if the file becomes shorter,
/// reading beyond its end ends the process with SIGBUS.
///
/// Writes the mapper to `mapper`, which is the caller's: free it with `ophio_proguard_free`. Any
/// thread may call this. Fails with `OPHIO_STATUS_PROGUARD` and the reason of the operating system
/// if the file cannot be read, `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_UTF8`,
/// `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `path` is readable for `path_len` bytes. With `mmap` the file stays as it is until
/// the mapper is freed; `mapper` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_proguard_open(
    path: *const u8,
    path_len: usize,
    mmap: bool,
    mapper: *mut *mut OphioProguard,
) -> OphioStatus {
    // SAFETY: the caller's promise about `mapper`.
    let mapper = unsafe { handle::out(mapper, "mapper") };
    guard_into(mapper, || {
        // SAFETY: the caller's promise about `path`.
        let path = unsafe { path_argument(path, path_len) }?;
        let mapper = if mmap {
            // SAFETY: the caller's promise about the file.
            Mapper::new(unsafe { map(&path) }?)
        } else {
            Mapper::open(&path)?
        };
        Ok(handle::new(OphioProguard(mapper)))
    })
}

/// Makes a mapper from a cache: a file with the bytes that `ophio_proguard_to_cache` wrote.
///
/// `path` is a path of the operating system: bytes on Unix, UTF-8 elsewhere. Reads the table of the
/// classes now, and a class when a query names it, so opening takes about a millisecond for a
/// mapping of 50 MB. The file stays open. It may be replaced by renaming another file over it. If it
/// is changed in place, or becomes shorter, queries fail.
///
/// Writes the mapper to `mapper`, which is the caller's: free it with `ophio_proguard_free`. Any
/// thread may call this. Fails with `OPHIO_STATUS_PROGUARD` if the file cannot be read, is not a
/// cache, is damaged, or was written by another version; `OPHIO_STATUS_LIMIT`,
/// `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `path` is readable for `path_len` bytes; `mapper` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_proguard_open_cache(
    path: *const u8,
    path_len: usize,
    mapper: *mut *mut OphioProguard,
) -> OphioStatus {
    // SAFETY: the caller's promise about `mapper`.
    let mapper = unsafe { handle::out(mapper, "mapper") };
    guard_into(mapper, || {
        // SAFETY: the caller's promise about `path`.
        let path = unsafe { path_argument(path, path_len) }?;
        Ok(handle::new(OphioProguard(Mapper::open_cache(&path)?)))
    })
}

/// Returns the bytes of a cache: the table of the classes, and the mapping itself. Write them to a
/// file for `ophio_proguard_open_cache`.
///
/// Writes a buffer to `cache` that is the caller's: free it with `ophio_str_free`. It is about 5 %
/// larger than the mapping. Threads may share `mapper`. Fails with `OPHIO_STATUS_PROGUARD` if the
/// mapper is from a cache whose file cannot be read or changed, and with
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `mapper` is NULL or was made by this library and is not freed yet; `cache` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_proguard_to_cache(
    mapper: *const OphioProguard,
    cache: *mut OphioStr,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `mapper`.
        let mapper = unsafe { handle::borrow(mapper, "mapper") }?;
        // SAFETY: the caller's promise about `cache`.
        let cache = unsafe { handle::out(cache, "cache") }?;
        cache.write(mapper.0.to_cache()?.into());
        Ok(())
    })
}

/// Maps a file into memory.
///
/// # Safety
///
/// The file stays as it is while the map lives.
unsafe fn map(path: &Path) -> Result<Mmap, ProguardError> {
    // SAFETY: the caller's promise.
    let map = File::open(path).and_then(|file| unsafe { Mmap::map(&file) });
    let map = map.map_err(|source| ProguardError::Read {
        path: path.to_owned(),
        source,
    })?;
    // Mapping a file of any size is cheap; building its index is not.
    Limit::MappingBytes.check(map.len())?;
    Ok(map)
}

/// Converts the argument `path` to a path.
///
/// # Safety
///
/// That of [`slice::bytes`].
unsafe fn path_argument(path: *const u8, len: usize) -> Result<PathBuf, Error> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        // SAFETY: the caller's promise.
        let path = unsafe { slice::bytes(path, len, "path") }?;
        Ok(std::ffi::OsStr::from_bytes(path).into())
    }
    #[cfg(not(unix))]
    {
        // SAFETY: the caller's promise.
        Ok(unsafe { slice::text(path, len, "path") }?.into())
    }
}

/// Frees a mapper and sets the pointer to it to NULL; NULL, or a pointer to NULL, does nothing.
/// Slices borrowed from it must not be read afterwards.
///
/// # Safety
///
/// `mapper` is NULL, or may be written and holds NULL or what this library made. Nothing uses the
/// object, and a copy of the pointer is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn ophio_proguard_free(mapper: *mut *mut OphioProguard) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(mapper) }
}

/// Computes the identifier of the file: a UUID of version 5 over its bytes.
///
/// Writes 16 bytes to `uuid`, in the order in which they are printed. Reads the whole file each
/// time. Threads may share `mapper`. Fails with `OPHIO_STATUS_NULL_POINTER` only.
///
/// # Safety
///
/// `mapper` is NULL or was made by this library and is not freed yet; `uuid` is NULL or
/// may be written for 16 bytes.
#[no_mangle]
pub unsafe extern "C" fn ophio_proguard_uuid(
    mapper: *const OphioProguard,
    uuid: *mut u8,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `mapper`.
        let mapper = unsafe { handle::borrow(mapper, "mapper") }?;
        // SAFETY: the caller's promise about `uuid`; bytes need no alignment.
        let uuid = unsafe { handle::out(uuid.cast::<[u8; 16]>(), "uuid") }?;
        uuid.write(mapper.0.uuid());
        Ok(())
    })
}

/// Checks whether a mapping has line numbers.
///
/// Writes to `has_lines` whether any method has line numbers. Threads may share `mapper`. Fails
/// with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `mapper` is NULL or was made by this library and is not freed yet; `has_lines` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_proguard_has_line_info(
    mapper: *const OphioProguard,
    has_lines: *mut bool,
) -> OphioStatus {
    // SAFETY: the caller's promise about `has_lines`.
    let has_lines = unsafe { handle::out(has_lines, "has_lines") };
    guard_into(has_lines, || {
        // SAFETY: the caller's promise about `mapper`.
        let mapper = unsafe { handle::borrow(mapper, "mapper") }?;
        Ok(mapper.0.has_line_info())
    })
}

/// Checks whether a file looks like a mapping.
///
/// Writes to `valid` whether there is a class and a member of it in the first 50 lines. Threads
/// may share `mapper`. Fails with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `mapper` is NULL or was made by this library and is not freed yet; `valid` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_proguard_is_valid(
    mapper: *const OphioProguard,
    valid: *mut bool,
) -> OphioStatus {
    // SAFETY: the caller's promise about `valid`.
    let valid = unsafe { handle::out(valid, "valid") };
    guard_into(valid, || {
        // SAFETY: the caller's promise about `mapper`.
        let mapper = unsafe { handle::borrow(mapper, "mapper") }?;
        Ok(mapper.0.is_valid())
    })
}

/// Finds the original name of a class.
///
/// `klass` is the full obfuscated name, UTF-8. Writes its original name to `original`:
/// a slice borrowed from `mapper` and valid until that is freed; NULL and 0 if the class is not in
/// the mapping. Threads may share `mapper`. Fails with `OPHIO_STATUS_INVALID_UTF8`,
/// `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`, and with `OPHIO_STATUS_PROGUARD` if a
/// cache changed.
///
/// # Safety
///
/// `mapper` is NULL or was made by this library and is not freed yet; `klass` is
/// readable for `klass_len` bytes; `original` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_proguard_remap_class(
    mapper: *const OphioProguard,
    klass: *const u8,
    klass_len: usize,
    original: *mut OphioSlice,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `mapper`.
        let mapper = unsafe { handle::borrow(mapper, "mapper") }?;
        // SAFETY: the caller's promise about `original`.
        let original = unsafe { handle::out(original, "original") }?;
        // SAFETY: the caller's promise about `klass`.
        let klass = unsafe { slice::text(klass, klass_len, "klass") }?;
        original.write(lend(mapper.0.remap_class(klass)?));
        Ok(())
    })
}

/// Finds the original names of a class and of a method of it.
///
/// `klass` and `method` are obfuscated, UTF-8. Writes the original names to
/// `original_class` and `original_method`: slices borrowed from `mapper` and valid until that is
/// freed; both are NULL and 0 if the method is not in the mapping, or if several methods match.
/// Threads may share `mapper`. Fails with `OPHIO_STATUS_INVALID_UTF8`,
/// `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`, and with `OPHIO_STATUS_PROGUARD` if a
/// cache changed.
///
/// # Safety
///
/// `mapper` is NULL or was made by this library and is not freed yet; `klass` and
/// `method` are readable for `klass_len` and `method_len` bytes; `original_class` and
/// `original_method` are NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_proguard_remap_method(
    mapper: *const OphioProguard,
    klass: *const u8,
    klass_len: usize,
    method: *const u8,
    method_len: usize,
    original_class: *mut OphioSlice,
    original_method: *mut OphioSlice,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `mapper`.
        let mapper = unsafe { handle::borrow(mapper, "mapper") }?;
        // SAFETY: the caller's promise about `original_class`.
        let original_class = unsafe { handle::out(original_class, "original_class") }?;
        // SAFETY: the caller's promise about `original_method`.
        let original_method = unsafe { handle::out(original_method, "original_method") }?;
        // SAFETY: the caller's promise about `klass`.
        let klass = unsafe { slice::text(klass, klass_len, "klass") }?;
        // SAFETY: the caller's promise about `method`.
        let method = unsafe { slice::text(method, method_len, "method") }?;
        let names = mapper.0.remap_method(klass, method)?;
        original_class.write(lend(names.map(|(class, _)| class)));
        original_method.write(lend(names.map(|(_, method)| method)));
        Ok(())
    })
}

/// Returns a text of the mapper as a slice, or NULL and 0.
fn lend(text: Option<&str>) -> OphioSlice {
    text.map_or(OphioSlice::EMPTY, |text| {
        OphioSlice::borrowed(text.as_bytes())
    })
}

/// Finds the original frames of any number of obfuscated frames.
///
/// `queries` is a MessagePack array of arrays of 4: class, method, line (an integer, 0
/// if unknown), and the types of the parameters as in `int,java.lang.String[]`, or nil,
/// which may be absent. A query with parameters ignores the line.
///
/// The result is a MessagePack array with an array for each query. That has an array of 4 for each
/// frame: class, method, file (or nil), line (0 if unknown). The result of a query is empty if the
/// mapping has no such frame. It has several frames if methods were inlined (innermost first), or
/// if several methods match.
///
/// Writes the length of the result to `frames_len`, and the result to `frames` if it is not longer
/// than `frames_capacity`. Otherwise it does not write to `frames`; call it again with a buffer of
/// that length. Threads may share `mapper`. Fails with `OPHIO_STATUS_INVALID_ARGUMENT` if `queries`
/// is malformed, with `OPHIO_STATUS_PROGUARD` if a cache changed, and with
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `mapper` is NULL or was made by this library and is not freed yet; `queries` is
/// readable for `queries_len` bytes; `frames` may be written for `frames_capacity` bytes;
/// `frames_len` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_proguard_remap_frames(
    mapper: *const OphioProguard,
    queries: *const u8,
    queries_len: usize,
    frames: *mut u8,
    frames_capacity: usize,
    frames_len: *mut usize,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `mapper`.
        let mapper = unsafe { handle::borrow(mapper, "mapper") }?;
        // SAFETY: the caller's promise about `queries`.
        let queries = unsafe { slice::bytes(queries, queries_len, "queries") }?;
        // SAFETY: the caller's promise about `frames`.
        let frames = unsafe { slice::out(frames, frames_capacity, "frames") }?;
        // SAFETY: the caller's promise about `frames_len`.
        let frames_len = unsafe { handle::out(frames_len, "frames_len") }?;
        let answer = mapper.0.remap_packed(queries)?;
        if let Some(room) = frames.get_mut(..answer.len()) {
            for (place, byte) in room.iter_mut().zip(&answer) {
                *place = MaybeUninit::new(*byte);
            }
        }
        frames_len.write(answer.len());
        Ok(())
    })
}

/// Retraces a stack trace as Java prints it, and any text around it, UTF-8. Lines that are neither
/// a frame nor an exception of the mapping do not change.
///
/// A frame becomes the frames that it was. If it could be several, the others follow, marked with
/// `<OR>`.
///
/// Writes a string to `remapped` that is the caller's: free it with `ophio_str_free`.
/// Threads may share `mapper`. Fails with `OPHIO_STATUS_INVALID_UTF8`,
/// `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`, and with `OPHIO_STATUS_PROGUARD` if a
/// cache changed.
///
/// # Safety
///
/// `mapper` is NULL or was made by this library and is not freed yet; `text` is readable
/// for `text_len` bytes; `remapped` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_proguard_remap_stacktrace(
    mapper: *const OphioProguard,
    text: *const u8,
    text_len: usize,
    remapped: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `remapped`.
    let remapped = unsafe { handle::out(remapped, "remapped") };
    // SAFETY: the caller's promises about `mapper` and `text`.
    unsafe {
        write_retraced(mapper, text, text_len, remapped, |mapper, text| {
            mapper.remap_stacktrace(text, false)
        })
    }
}

/// Retraces a stack trace as `ophio_proguard_remap_stacktrace` does, with the types of methods.
///
/// Writes a string to `remapped` that is the caller's: free it with `ophio_str_free`.
/// Threads may share `mapper`. Fails with `OPHIO_STATUS_INVALID_UTF8`,
/// `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`, and with `OPHIO_STATUS_PROGUARD` if a
/// cache changed.
///
/// # Safety
///
/// `mapper` is NULL or was made by this library and is not freed yet; `text` is readable
/// for `text_len` bytes; `remapped` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_proguard_remap_stacktrace_verbose(
    mapper: *const OphioProguard,
    text: *const u8,
    text_len: usize,
    remapped: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `remapped`.
    let remapped = unsafe { handle::out(remapped, "remapped") };
    // SAFETY: the caller's promises about `mapper` and `text`.
    unsafe {
        write_retraced(mapper, text, text_len, remapped, |mapper, text| {
            mapper.remap_stacktrace(text, true)
        })
    }
}

/// Retraces a stack trace, with the alternatives of each frame as lists.
///
/// The result is a MessagePack array with an array of 3 for each line of the text: the line as it
/// is, with its line break; the lines that `ophio_proguard_remap_stacktrace` writes for it; and an
/// array with an array of frames for each alternative, innermost first. A frame is an array of 4:
/// class, method, file (or nil), line (0 if unknown).
///
/// Writes a buffer to `lines` that is the caller's: free it with `ophio_str_free`.
/// Threads may share `mapper`. Fails with `OPHIO_STATUS_INVALID_UTF8`,
/// `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`, and with `OPHIO_STATUS_PROGUARD` if a
/// cache changed.
///
/// # Safety
///
/// `mapper` is NULL or was made by this library and is not freed yet; `text` is readable
/// for `text_len` bytes; `lines` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_proguard_retrace(
    mapper: *const OphioProguard,
    text: *const u8,
    text_len: usize,
    verbose: bool,
    lines: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `lines`.
    let lines = unsafe { handle::out(lines, "lines") };
    // SAFETY: the caller's promises about `mapper` and `text`.
    unsafe {
        write_retraced(mapper, text, text_len, lines, |mapper, text| {
            mapper.retrace_packed(text, verbose)
        })
    }
}

/// Writes what `retrace` returns for a text: the body of all functions that retrace.
///
/// # Safety
///
/// `mapper` is NULL or was made by this library and is not freed yet; `text` is readable for
/// `text_len` bytes.
unsafe fn write_retraced<T: Into<OphioStr>>(
    mapper: *const OphioProguard,
    text: *const u8,
    text_len: usize,
    written: Result<&mut MaybeUninit<OphioStr>, Error>,
    retrace: impl FnOnce(&Mapper, &str) -> Result<T, ProguardError>,
) -> OphioStatus {
    guard_into(written, || {
        // SAFETY: the caller's promise about `mapper`.
        let mapper = unsafe { handle::borrow(mapper, "mapper") }?;
        // SAFETY: the caller's promise about `text`.
        let text = unsafe { slice::text(text, text_len, "text") }?;
        Ok(retrace(&mapper.0, text)?.into())
    })
}
