//! Limits for untrusted input.

use ophio_core::limits::{Limit, LimitExceeded};

use crate::guard::guard;
use crate::handle;
use crate::status::{Error, OphioStatus};

/// Limits on input. Input above a limit fails with `OPHIO_STATUS_LIMIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub enum OphioLimit {
    /// Bytes of rules, in text or binary form, after decompression: 8 MiB unless set.
    RuleBytes = 0,
    /// Rules in a set, also one that was extended, and lines of a CODEOWNERS file: 100,000 unless set.
    Rules = 1,
    /// Bytes of a glob, of a pattern in the binary form of rules, or of a line of their
    /// text: 64 KiB unless set.
    PatternBytes = 2,
    /// Globs in a set: 250,000 unless set.
    Patterns = 3,
    /// Frames in a stack trace: 100,000 unless set.
    Frames = 4,
    /// Bytes of a mapping file of ProGuard: 2 GiB unless set.
    MappingBytes = 5,
    /// Steps to match one glob with one value: states of the glob times bytes of the value.
    /// 100,000,000 unless set, which take about 0.4 s; `SIZE_MAX` is no limit. Only globs with
    /// many choices in braces take steps. It is checked when a value is matched, so every
    /// function that matches globs can fail, also as a part of rules.
    GlobSteps = 6,
}

impl From<LimitExceeded> for Error {
    fn from(error: LimitExceeded) -> Self {
        Error::new(OphioStatus::Limit, error)
    }
}

fn limit(number: u32) -> Result<Limit, Error> {
    let known = usize::try_from(number)
        .ok()
        .and_then(|number| Limit::ALL.get(number));
    known.copied().ok_or_else(|| {
        Error::new(
            OphioStatus::InvalidArgument,
            format_args!("{number} is not a valid OphioLimit"),
        )
    })
}

/// Reads a limit.
///
/// `limit` is one of `OphioLimit`. Writes its value to `max_value`. Any thread may call
/// this. Fails with `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `max_value` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_limits_get(limit: u32, max_value: *mut usize) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `max_value`.
        let max_value = unsafe { handle::out(max_value, "max_value") }?;
        max_value.write(self::limit(limit)?.get());
        Ok(())
    })
}

/// Sets a limit, for the whole process.
///
/// `limit` is one of `OphioLimit`, `max_value` its new value. Existing objects do not change. Any thread
/// may call this; calls that run at the same time use the old or the new value. Fails with
/// `OPHIO_STATUS_INVALID_ARGUMENT` only.
#[no_mangle]
pub extern "C" fn ophio_limits_set(limit: u32, max_value: usize) -> OphioStatus {
    guard(|| {
        self::limit(limit)?.set(max_value);
        Ok(())
    })
}
