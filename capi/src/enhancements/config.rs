//! `OphioEnhancementsConfig`: the rules of a project with their bases, applied to the frames of an
//! event.

use ophio_core::enhancements::grouping::{ConfigError, EnhancementsConfig};
use ophio_core::enhancements::stacktrace::event::{
    event_frames_packed, match_frames_packed, pack_many_event_frames, EventStacktrace,
};
use ophio_core::enhancements::stacktrace::json::pack_lines;
use ophio_core::enhancements::{Enhancements, OtherFamily};

use super::rules::OphioEnhancements;
use crate::guard::{guard, guard_into, guard_unit};
use crate::handle;
use crate::slice;
use crate::status::{Error, OphioStatus};
use crate::string::{convert, describe, OphioStr};

/// The rules of a project, with the rule sets that come before them.
///
/// It is immutable: threads may share it, and after a fork the child may use it.
pub struct OphioEnhancementsConfig(EnhancementsConfig);

/// A rule set of a config.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OphioEnhancementsConfigPart {
    /// The rules of the project, without the bases.
    Own = 0,
    /// The actions of all rules that change frames.
    Classifier = 1,
    /// The actions of all rules that affect grouping.
    Contributes = 2,
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Text(error) => error.into(),
            ConfigError::Stored(error) => error.into(),
            ConfigError::UnknownBase { .. } => Error::new(OphioStatus::InvalidArgument, error),
        }
    }
}

/// Runs the body of a function that reads the rules of a project, the argument `text`, and writes
/// a config to the argument `config`.
///
/// # Safety
///
/// `text` meets the requirements of [`slice::text`], `names` and `bases` those of [`with_bases`],
/// and `config` those of [`handle::out`].
unsafe fn read_config(
    text: (*const u8, usize),
    names: (*const u8, usize),
    bases: (*const *const OphioEnhancements, usize),
    config: *mut *mut OphioEnhancementsConfig,
    read: impl FnOnce(&str, &[(&str, &Enhancements)]) -> Result<EnhancementsConfig, ConfigError>,
) -> OphioStatus {
    // SAFETY: the caller's promise about `config`.
    let place = unsafe { handle::out(config, "config") };
    guard_into(place, || {
        // SAFETY: the caller's promise about `text`.
        let text = unsafe { slice::text(text.0, text.1, "text") }?;
        // SAFETY: the caller's promise about `names` and `bases`.
        let made = unsafe { with_bases(names, bases, |bases| read(text, bases)) }?;
        Ok(handle::new(OphioEnhancementsConfig(made)))
    })
}

/// Calls `f` with the bases and their names.
///
/// # Safety
///
/// `names` meets the requirements of [`slice::text`], and `bases` those of [`slice::array`], with
/// handles that are not freed yet.
unsafe fn with_bases<R>(
    names: (*const u8, usize),
    bases: (*const *const OphioEnhancements, usize),
    f: impl FnOnce(&[(&str, &Enhancements)]) -> Result<R, ConfigError>,
) -> Result<R, Error> {
    let count = bases.1;
    // SAFETY: the caller's promise about `names`.
    let names = unsafe { slice::text(names.0, names.1, "names") }?;
    // SAFETY: the caller's promise about `bases`.
    let handles = unsafe { slice::array(bases.0, count, "bases") }?;
    let names: Vec<&str> = if count == 0 {
        Vec::new()
    } else {
        names.split('\n').collect()
    };
    if names.len() != count {
        let message = format!("names has {} lines for {count} bases", names.len());
        return Err(Error::new(OphioStatus::InvalidArgument, message));
    }
    let mut sets = Vec::with_capacity(count);
    for handle in handles {
        // SAFETY: the caller's promise about `bases`.
        sets.push(unsafe { handle::borrow(*handle, "bases") }?.current());
    }
    let bases: Vec<_> = names
        .into_iter()
        .zip(sets.iter().map(|set| &**set))
        .collect();
    Ok(f(&bases)?)
}

/// Parses the rules of a project: UTF-8, one rule a line. The rules of the bases come before them.
///
/// `names` has the name of each of the `count` bases, joined by line feeds. Any thread may call
/// this.
///
/// Writes the config to `config`, which is the caller's: free it with
/// `ophio_enhancements_config_free`. Fails with `OPHIO_STATUS_SYNTAX`, `OPHIO_STATUS_LIMIT`,
/// `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `text` is readable for `text_len` bytes, `names` for `names_len`, `bases` for `count`
/// handles that are not freed yet; `config` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_config_from_text(
    text: *const u8,
    text_len: usize,
    names: *const u8,
    names_len: usize,
    bases: *const *const OphioEnhancements,
    count: usize,
    config: *mut *mut OphioEnhancementsConfig,
) -> OphioStatus {
    let (text, names, bases) = ((text, text_len), (names, names_len), (bases, count));
    // SAFETY: the caller's promise about `text`, `names`, `bases` and `config`.
    unsafe { read_config(text, names, bases, config, EnhancementsConfig::from_text) }
}

/// Reads the rules of a project in the form in which Sentry stores them: three parts joined
/// by `#`. The bases are those that the text may name.
///
/// With `ignore_other`, the family `other` is ignored, as in the package sentry-ophio 1.2.0.
/// `names` and `bases` are as for `ophio_enhancements_config_from_text`. Any thread may call this.
///
/// Writes the config to `config`, which is the caller's: free it with
/// `ophio_enhancements_config_free`. Fails with `OPHIO_STATUS_SYNTAX`, `OPHIO_STATUS_LIMIT`,
/// `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_INVALID_ARGUMENT` (also for a base that is not
/// given), `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// That of `ophio_enhancements_config_from_text`.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_config_from_base64(
    text: *const u8,
    text_len: usize,
    names: *const u8,
    names_len: usize,
    bases: *const *const OphioEnhancements,
    count: usize,
    ignore_other: bool,
    config: *mut *mut OphioEnhancementsConfig,
) -> OphioStatus {
    let (text, names, bases) = ((text, text_len), (names, names_len), (bases, count));
    let read = |text: &str, bases: &[(&str, &Enhancements)]| {
        EnhancementsConfig::from_base64(text, bases, other_family(ignore_other))
    };
    // SAFETY: the caller's promise about `text`, `names`, `bases` and `config`.
    unsafe { read_config(text, names, bases, config, read) }
}

fn other_family(ignore: bool) -> OtherFamily {
    if ignore {
        OtherFamily::Ignore
    } else {
        OtherFamily::Read
    }
}

/// Frees a config and sets the pointer to it to NULL; NULL, or a pointer to NULL, does nothing.
///
/// # Safety
///
/// `config` is NULL, or may be written and holds NULL or what this library made. Nothing uses the
/// object, and a copy of the pointer is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_config_free(config: *mut *mut OphioEnhancementsConfig) {
    guard_unit(|| {
        // SAFETY: the caller's promise.
        unsafe { handle::free(config) };
    });
}

/// Clears the table of project rules, in which the process keeps rules that it has read. Configs
/// that are in use keep their rules.
///
/// There is no need to call it, since the size of the table is limited. Any thread may call this;
/// if another thread uses the table, the call does nothing.
#[no_mangle]
pub extern "C" fn ophio_enhancements_config_forget_all() {
    guard_unit(EnhancementsConfig::forget_all);
}

/// Writes the form in which Sentry stores the rules of a project.
///
/// Any thread may call this. Writes the text to `text`, which is the caller's: free it with
/// `ophio_str_free`. Fails with `OPHIO_STATUS_SYNTAX` for a pattern that the form cannot hold,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `config` is NULL or comes from this library and is not freed yet; `text` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_config_to_base64(
    config: *const OphioEnhancementsConfig,
    text: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `config` and `text`.
    unsafe {
        describe((config, "config"), (text, "text"), |config| {
            let stored = config.0.to_base64();
            stored.map_err(|error| Error::new(OphioStatus::Syntax, error))
        })
    }
}

/// Writes the names of a config's bases, joined by line feeds.
///
/// Any thread may call this. Writes the text to `names`, which is the caller's: free it with
/// `ophio_str_free`. Fails with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `config` is NULL or comes from this library and is not freed yet; `names` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_config_bases(
    config: *const OphioEnhancementsConfig,
    names: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `config` and `names`.
    unsafe {
        describe((config, "config"), (names, "names"), |config| {
            Ok(config.0.bases().join("\n"))
        })
    }
}

/// Makes a rule set of a part of a config. It shares the index and the memo of the config's rules.
///
/// `part` is an `OphioEnhancementsConfigPart`. Any thread may call this. Writes the rules to `rules`, which
/// are the caller's: free them with `ophio_enhancements_free`. Fails with
/// `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `config` is NULL or comes from this library and is not freed yet; `rules` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_config_part(
    config: *const OphioEnhancementsConfig,
    part: u32,
    rules: *mut *mut OphioEnhancements,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `config`.
        let config = unsafe { handle::borrow(config, "config") }?;
        // SAFETY: the caller's promise about `rules`.
        let rules = unsafe { handle::out(rules, "rules") }?;
        let found = match part {
            0 => config.0.own(),
            1 => config.0.classifier(),
            2 => config.0.contributes(),
            _ => {
                let message = format!("{part} is not a valid OphioEnhancementsConfigPart");
                return Err(Error::new(OphioStatus::InvalidArgument, message));
            }
        };
        rules.write(OphioEnhancements::new(found.clone()));
        Ok(())
    })
}

/// Runs the rules of a config on the frames of a stack trace of an event.
///
/// `data` is a MessagePack array of the event's platform, the exception (nil, or a map as the
/// event has it) and the frames (an array of maps as the event has them). Any thread may call
/// this.
///
/// Writes a MessagePack value to `result`, which is the caller's: free it with
/// `ophio_str_free`. It is an array of `app`, `system` and `changes`. A variant is an array of
/// `contributes`, `hint` (a string or nil), `outcomes` (arrays of `contributes` and `hint`) and,
/// for each frame, the index of its outcome. A change is nil or an array of the new `in_app`,
/// `data.orig_in_app` and `data.category` of the frame, each nil where it stays. Fails with
/// `OPHIO_STATUS_FRAME`, `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `config` is NULL or comes from this library and is not freed yet; `data` is readable for
/// `data_len` bytes; `result` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_config_process(
    config: *const OphioEnhancementsConfig,
    data: *const u8,
    data_len: usize,
    result: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `data` and `result`.
    unsafe {
        convert((data, data_len, "data"), (result, "result"), |data| {
            let config = handle::borrow(config, "config")?;
            let event = EventStacktrace::decode(data)?;
            Ok(config.0.process(&event)?.to_msgpack())
        })
    }
}

/// Applies rules to the frames of an event, and returns category and in_app of each.
///
/// `data` is as for `ophio_enhancements_config_process`. Any thread may call this.
///
/// Writes a MessagePack value to `result`, which is the caller's: free it with
/// `ophio_str_free`. It is an array of `frames` and `changes`: for each frame, category and
/// in_app after the rules; and the changes as those of `ophio_enhancements_config_process`.
/// Fails with `OPHIO_STATUS_FRAME`, `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or comes from this library and is not freed yet; `data` is readable for
/// `data_len` bytes; `result` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_apply_event(
    rules: *const OphioEnhancements,
    data: *const u8,
    data_len: usize,
    result: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `data` and `result`.
    unsafe {
        convert((data, data_len, "data"), (result, "result"), |data| {
            let rules = handle::borrow(rules, "rules")?.current();
            let event = EventStacktrace::decode(data)?;
            Ok(rules.apply_to_event(&event)?.to_msgpack()?)
        })
    }
}

/// Converts the frames of an event that rules are about to be run on, as Sentry does.
///
/// In Sentry, `in_app` of a frame becomes its original value in `data.orig_in_app` first (1 true, 0
/// false, -1 null), unless the frame has none. `fresh` turns that off. `data` is as for
/// `ophio_enhancements_config_process`. Any thread may call this.
///
/// Writes a MessagePack array of two values to `frames`, which is the caller's: free it with
/// `ophio_str_free`. The first value is as in `ophio_events_match_frames`, the second an array with
/// a boolean for each frame, whether it repeats the frame before it. Fails with
/// `OPHIO_STATUS_FRAME`, `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `data` is readable for `data_len` bytes; `frames` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_events_frames(
    data: *const u8,
    data_len: usize,
    fresh: bool,
    frames: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `data` and `frames`.
    unsafe {
        convert((data, data_len, "data"), (frames, "frames"), |data| {
            Ok(event_frames_packed(data, fresh)?)
        })
    }
}

/// Converts the frames of an event to match frames, the frames that rules match.
///
/// `data` is as for `ophio_enhancements_config_process`. Any thread may call this.
///
/// Writes a MessagePack array of maps to `frames`, which is the caller's: free it with
/// `ophio_str_free`. Texts in it are binaries. Fails with `OPHIO_STATUS_FRAME`,
/// `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `data` is readable for `data_len` bytes; `frames` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_events_match_frames(
    data: *const u8,
    data_len: usize,
    frames: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `data` and `frames`.
    unsafe {
        convert((data, data_len, "data"), (frames, "frames"), |data| {
            Ok(match_frames_packed(data)?)
        })
    }
}

/// Reads rules in the form in which Sentry stores them: the first of up to three parts joined by
/// `#`, which contains all rules. The other parts must be well-formed.
///
/// With `ignore_other`, the family `other` is ignored, as in the package sentry-ophio 1.2.0. `text`
/// is UTF-8. Any thread may call this.
///
/// Writes the rules to `rules`, which are the caller's: free them with
/// `ophio_enhancements_free`. Fails with `OPHIO_STATUS_SYNTAX`, `OPHIO_STATUS_LIMIT`,
/// `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `text` is readable for `text_len` bytes; `rules` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_from_base64(
    text: *const u8,
    text_len: usize,
    ignore_other: bool,
    rules: *mut *mut OphioEnhancements,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `rules`.
        let rules = unsafe { handle::out(rules, "rules") }?;
        // SAFETY: the caller's promise about `text`.
        let text = unsafe { slice::text(text, text_len, "text") }?;
        let read = Enhancements::from_base64(text, other_family(ignore_other))?;
        rules.write(OphioEnhancements::new(read));
        Ok(())
    })
}

/// Writes the names of the base rule sets in the binary form of these rules, joined by line feeds.
///
/// Any thread may call this. Writes the text to `names`, which is the caller's: free it with
/// `ophio_str_free`. Fails with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or comes from this library and is not freed yet; `names` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_bases(
    rules: *const OphioEnhancements,
    names: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `rules` and `names`.
    unsafe {
        describe((rules, "rules"), (names, "names"), |rules| {
            Ok(rules.current().bases().join("\n"))
        })
    }
}

/// Packs many stack traces from frames as Sentry events have them.
///
/// `data` is a MessagePack array with an element for each stack trace, as
/// `ophio_enhancements_config_process` takes one. Any thread may call this.
///
/// Writes a MessagePack array to `packed`, which is the caller's: free it with
/// `ophio_str_free`. It has an array for each stack trace: the packed form, and the number of
/// frames. Fails with `OPHIO_STATUS_FRAME`, `OPHIO_STATUS_LIMIT`,
/// `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `data` is readable for `data_len` bytes; `packed` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_events_pack_stacktraces(
    data: *const u8,
    data_len: usize,
    packed: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `data` and `packed`.
    unsafe {
        convert((data, data_len, "data"), (packed, "packed"), |data| {
            Ok(pack_many_event_frames(data)?)
        })
    }
}

/// Packs the stack traces of events, one event a line of JSON. Empty lines are skipped.
///
/// Events may have the form of Sentry's web API. `in_app` of a frame is restored from
/// `data.orig_in_app`, as in `ophio_events_frames`.
///
/// Any thread may call this.
///
/// Writes a MessagePack array to `packed`, which is the caller's: free it with
/// `ophio_str_free`. It has an array for each stack trace: the line counted from 1, where in the
/// event it was (such as `exception.values[0]`), the packed form, and the number of frames. Fails
/// with `OPHIO_STATUS_FRAME` for a line that is not an event, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `json` is readable for `json_len` bytes; `packed` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_events_pack_json_lines(
    json: *const u8,
    json_len: usize,
    packed: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `json` and `packed`.
    unsafe {
        convert((json, json_len, "json"), (packed, "packed"), |json| {
            pack_lines(json).map_err(|error| Error::new(OphioStatus::Frame, error))
        })
    }
}
