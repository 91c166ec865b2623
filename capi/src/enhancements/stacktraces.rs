//! Prepared stack traces, and functions that process many of them in one call.
//!
//! A prepared stack trace is a buffer with its packed form. A caller can store it, send it to
//! another process, and use it with any rules. One call processes many of them in a MessagePack
//! array:
//!
//! ```text
//! array head | packed | packed | packed       ->  codes of the first, then of the second, ...
//! ```

use std::mem::MaybeUninit;

use ophio_core::enhancements::stacktrace::event::pack_event_frames;
use ophio_core::enhancements::stacktrace::msgpack;
use ophio_core::enhancements::Enhancements;

use super::packed::{ask_packed, check_room, read_components, write_applied, write_assembled};
use super::rules::OphioEnhancements;
use super::structs::{pack_structs, OphioEnhancementsExceptionData, OphioEnhancementsFrame};
use crate::guard::guard;
use crate::handle;
use crate::slice;
use crate::status::OphioStatus;
use crate::string::{convert, OphioStr};

/// Packs a stack trace for several calls.
///
/// `frames` is an array of `frames_len` structs of `frame_size` bytes: pass `sizeof` of the
/// struct. Writes a buffer to `packed` that is the caller's: free it with `ophio_str_free`. Pass it
/// to the functions whose names end in `_packed` or `_batch`. `exception` may be NULL. Any thread
/// may call this. Fails as `ophio_enhancements_apply` does.
///
/// # Safety
///
/// `frames` is readable for `frames_len` entries and the texts in it and in `exception` for
/// their lengths; `packed` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_stacktrace_pack(
    frames: *const OphioEnhancementsFrame,
    frames_len: usize,
    frame_size: usize,
    exception: *const OphioEnhancementsExceptionData,
    packed: *mut OphioStr,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `packed`.
        let packed = unsafe { handle::out(packed, "packed") }?;
        // SAFETY: the caller's promise about `frames` and `exception`.
        let buffer = unsafe { pack_structs(frames, frames_len, frame_size, exception) }?;
        packed.write(buffer.into());
        Ok(())
    })
}

/// Packs a stack trace from frames as Sentry events have them.
///
/// `data` is as for `ophio_enhancements_config_process`: a MessagePack array of the event's
/// platform, the exception (nil, or a map as the event has it) and the frames (an array of maps
/// as the event has them). The platform decides the family. Package and path are converted to
/// lower case and forward slashes.
///
/// Writes a buffer to `packed` that is the caller's: free it with `ophio_str_free`. Any thread
/// may call this. Fails as `ophio_enhancements_apply_packed` does.
///
/// # Safety
///
/// `data` is readable for `data_len` bytes; `packed` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_stacktrace_pack_event_frames(
    data: *const u8,
    data_len: usize,
    packed: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `data` and `packed`.
    unsafe {
        convert((data, data_len, "data"), (packed, "packed"), |data| {
            Ok(pack_event_frames(data)?)
        })
    }
}

/// Checks a packed stack trace: its structure, its types, and that texts are UTF-8.
///
/// There is no need to call it: every function that takes a packed stack trace checks it. Any
/// thread may call this. Fails as `ophio_enhancements_apply_packed` does.
///
/// # Safety
///
/// `packed` is readable for `packed_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_stacktrace_check(
    packed: *const u8,
    packed_len: usize,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `packed`.
        let packed = unsafe { slice::bytes(packed, packed_len, "packed") }?;
        msgpack::decode(packed)?.unpack()?;
        Ok(())
    })
}

/// Limits the memory of the memo, which keeps results by frame, in bytes for each segment; 0 turns
/// the memo off.
///
/// The default is 2 MiB. The call clears the memo; results do not change. Rules that are appended
/// later have the default. Threads may share `rules`. Fails with `OPHIO_STATUS_NULL_POINTER` only.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_set_memo_bytes(
    rules: *mut OphioEnhancements,
    bytes: usize,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `rules`.
        unsafe { handle::borrow(rules, "rules") }?
            .current()
            .set_memo_bytes(bytes);
        Ok(())
    })
}

/// Sets `in_app` and category of the frames of many packed stack traces.
///
/// `packed` is a MessagePack array of packed stack traces. Writes the numbers of
/// `ophio_enhancements_apply_packed` to `codes`: first a number for each frame of all stack traces,
/// in order, then for each stack trace how many frames kept the category that they came with.
/// `codes_len` must be the number of all frames plus the number of stack traces.
///
/// `threads` threads do the work, including the calling thread; 0 means 1. They are started for
/// this call and end before it returns. Threads may share `rules`. Fails as
/// `ophio_enhancements_apply_packed` does.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `packed` is readable
/// for `packed_len` bytes; `codes` is NULL or may be written for `codes_len` numbers.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_apply_batch(
    rules: *const OphioEnhancements,
    packed: *const u8,
    packed_len: usize,
    threads: usize,
    codes: *mut u32,
    codes_len: usize,
) -> OphioStatus {
    let apply = |rules: &Enhancements, packed: &[u8], codes: &mut [MaybeUninit<u32>]| {
        let stacktraces = msgpack::decode_many(packed)?;
        let frames = stacktraces.iter().map(|each| each.frames.len()).sum();
        check_room(codes.len(), frames, stacktraces.len())?;
        let applied = rules.apply_batch(&stacktraces, threads)?;
        let (mut codes, owns) = codes.split_at_mut(frames);
        for ((stacktrace, applied), own) in stacktraces.iter().zip(&applied).zip(owns) {
            let (place, rest) = codes.split_at_mut(applied.len());
            own.write(write_applied(stacktrace, applied, place));
            codes = rest;
        }
        Ok(())
    };
    let (packed, codes) = ((packed, packed_len, "packed"), (codes, codes_len, "codes"));
    // SAFETY: the caller's promise about `rules`, `packed` and `codes`.
    unsafe { ask_packed(rules, packed, codes, apply) }
}

/// Decides which components of many packed stack traces count for grouping.
///
/// `packed` is a MessagePack array of `stacktraces_len` packed stack traces.
/// `components_lens` has the number of components of each stack trace, and `contributes` a byte for
/// each component, in order. Writes to `codes`, for each stack trace, the numbers of
/// `ophio_enhancements_assemble_packed`: one for each component and four more. `codes_len` must be
/// the number of all components plus four times the number of stack traces.
///
/// Threads are as in `ophio_enhancements_apply_batch`. Fails as
/// `ophio_enhancements_assemble_packed` does.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `packed` is readable
/// for `packed_len` bytes, `components_lens` for `stacktraces_len` numbers, and `contributes` for
/// as many bytes as these numbers add up to; `codes` is NULL or may be written for `codes_len`
/// numbers.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_assemble_batch(
    rules: *const OphioEnhancements,
    packed: *const u8,
    packed_len: usize,
    components_lens: *const usize,
    stacktraces_len: usize,
    contributes: *const u8,
    threads: usize,
    codes: *mut u32,
    codes_len: usize,
) -> OphioStatus {
    let assemble = |rules: &Enhancements, packed: &[u8], codes: &mut [MaybeUninit<u32>]| {
        // SAFETY: the caller's promise about `components_lens`.
        let lens = unsafe { slice::array(components_lens, stacktraces_len, "components_lens") }?;
        let total = lens
            .iter()
            .fold(0_usize, |sum, &len| sum.saturating_add(len));
        // SAFETY: the caller's promise about `contributes`.
        let mut contributes = unsafe { slice::bytes(contributes, total, "contributes") }?;
        let stacktraces = msgpack::decode_many(packed)?;
        check_room(stacktraces_len, stacktraces.len(), 0)?;
        check_room(codes.len(), total, stacktraces_len.saturating_mul(4))?;
        let mut items = Vec::with_capacity(stacktraces.len());
        for (stacktrace, &len) in stacktraces.into_iter().zip(lens) {
            let (own, rest) = contributes.split_at(len);
            items.push((stacktrace, read_components(own)?));
            contributes = rest;
        }
        let mut codes = codes;
        for (result, components) in rules.assemble_batch(&items, threads)? {
            let (place, rest) = codes.split_at_mut(components.len() + 4);
            write_assembled(&result, &components, place);
            codes = rest;
        }
        Ok(())
    };
    let (packed, codes) = ((packed, packed_len, "packed"), (codes, codes_len, "codes"));
    // SAFETY: the caller's promise about `rules`, `packed` and `codes`.
    unsafe { ask_packed(rules, packed, codes, assemble) }
}
