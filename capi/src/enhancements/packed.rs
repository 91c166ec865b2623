//! Applies rules to a packed stack trace: the input is one buffer, the output is numbers.
//!
//! `core/src/enhancements/stacktrace/msgpack.rs` describes the buffer. The output has one number
//! for each frame or component. A caller can convert numbers to its own values with a table: there
//! are few different numbers, and each stays valid for as long as the rule set exists.
//!
//! ```text
//! apply     category * 3 + in_app         category  0 none, 1 the frame's own, 2 + n the rules' n-th
//! assemble  hint * 3 + contributes        hint      0 none, n see ophio_enhancements_hint
//!                                         in_app, contributes  0 missing, 1 false, 2 true
//! event     (category * 3 + in_app) * 16 + change    see ophio_enhancements_apply_events
//! ```

use std::mem::MaybeUninit;

use ophio_core::enhancements::grouping::{EventCategory, EventFrame};
use ophio_core::enhancements::stacktrace::event::EventStacktrace;
use ophio_core::enhancements::stacktrace::mappings::KeyBuffer;
use ophio_core::enhancements::stacktrace::view::{FrameView, StacktraceError, StacktraceView};
use ophio_core::enhancements::{
    AppliedFrame, AssembleResult, Component, Enhancements, RuleNumber, TooFewFrames,
};

use super::rules::{hint_number, write_text, OphioEnhancements};
use super::tristate::{read_tristate, tristate};
use crate::guard::guard;
use crate::handle;
use crate::slice;
use crate::status::{Error, OphioStatus};
use crate::string::{convert, OphioStr};

impl From<StacktraceError> for Error {
    fn from(error: StacktraceError) -> Self {
        let status = match error {
            StacktraceError::Structure(_) => OphioStatus::InvalidArgument,
            StacktraceError::Type { .. }
            | StacktraceError::Utf8(_)
            | StacktraceError::Missing(_) => OphioStatus::Frame,
            StacktraceError::Limit(_) => OphioStatus::Limit,
        };
        Error::new(status, error)
    }
}

/// Runs the body of a function that applies rules to a buffer, the argument called `input.2`, and
/// writes numbers to an array, the argument called `output.2`.
///
/// # Safety
///
/// The rules meet the requirements of [`handle::borrow`], the input those of [`slice::bytes`], and
/// the output those of [`slice::out`].
pub(super) unsafe fn ask_packed<T>(
    rules: *const OphioEnhancements,
    input: (*const u8, usize, &str),
    output: (*mut T, usize, &str),
    ask: impl FnOnce(&Enhancements, &[u8], &mut [MaybeUninit<T>]) -> Result<(), Error>,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about the rules.
        let rules = unsafe { handle::borrow(rules, "rules") }?.current();
        // SAFETY: the caller's promise about the input.
        let input = unsafe { slice::bytes(input.0, input.1, input.2) }?;
        // SAFETY: the caller's promise about the output.
        let output = unsafe { slice::out(output.0, output.1, output.2) }?;
        ask(&rules, input, output)
    })
}

/// Sets `in_app` and category of the frames of a packed stack trace.
///
/// `packed` is a MessagePack array of the exception data and of the frames: an
/// array of 3 (type, value, mechanism) and an array of arrays of 8 (category,
/// family, function, module, package, path, in_app, orig_in_app). Texts are
/// binaries of UTF-8 or nil, in_app is a boolean or nil, orig_in_app an integer
/// from -128 to 127 or nil. Exception data and frames may also be mappings with these names as keys
/// (`ty`, `value` and `mechanism` for the exception data), in any order. Other keys are ignored.
///
/// Writes a number for each frame to `codes`: `category * 3 + in_app`, where category is 0 for
/// none, 1 for the one that the frame came with, and 2 + n for the n-th of
/// `ophio_enhancements_category`; in_app is 0 for missing, 1 for false, 2 for true. One more number
/// follows: how many frames kept the category that they came with. `codes_len` must be the number
/// of frames plus one.
///
/// Threads may share `rules`. Fails with `OPHIO_STATUS_FRAME` if a field has the wrong type or is
/// not UTF-8, with `OPHIO_STATUS_LIMIT` if there are too many frames, with
/// `OPHIO_STATUS_INVALID_ARGUMENT` if the buffer is malformed or `codes_len` is wrong, and
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `packed` is
/// readable for `packed_len` bytes; `codes` is NULL or may be written for `codes_len`
/// numbers.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_apply_packed(
    rules: *const OphioEnhancements,
    packed: *const u8,
    packed_len: usize,
    codes: *mut u32,
    codes_len: usize,
) -> OphioStatus {
    let apply = |rules: &Enhancements, packed: &[u8], codes: &mut [MaybeUninit<u32>]| {
        let mut buffer = KeyBuffer::take();
        let stacktrace = buffer.decode(packed)?;
        let frames = stacktrace.frames.len();
        check_room(codes.len(), frames, 1)?;
        let mut applied = Vec::with_capacity(frames);
        rules.apply_packed(&stacktrace, &mut applied)?;

        let own = write_applied(&stacktrace, &applied, codes);
        codes[frames].write(own);
        Ok(())
    };
    let (packed, codes) = ((packed, packed_len, "packed"), (codes, codes_len, "codes"));
    // SAFETY: the caller's promise about `rules`, `packed` and `codes`.
    unsafe { ask_packed(rules, packed, codes, apply) }
}

/// Sets `in_app` and category of the frames of a packed stack trace, and writes the results as
/// bytes.
///
/// This is the short form of `ophio_enhancements_apply_packed`, with fewer arguments and a result
/// of fixed size, for bindings in languages where each argument takes time. `packed` is as there.
/// Writes to the 256 bytes at `answer`:
///
/// - first 0; or 1 if a frame kept the category that it came with; or 2 if there are more than 254
///   frames or a number is above 255. With 2 the other bytes have no meaning: call
///   `ophio_enhancements_apply_packed` then;
/// - the number of frames;
/// - for each frame the number that `ophio_enhancements_apply_packed` writes.
///
/// Threads may share `rules`. Fails as `ophio_enhancements_apply_packed` does.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `packed` is
/// readable for `packed_len` bytes; `answer` is NULL or may be written for 256 bytes.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_apply_short(
    rules: *const OphioEnhancements,
    packed: *const u8,
    packed_len: usize,
    answer: *mut u8,
) -> OphioStatus {
    let apply = |rules: &Enhancements, packed: &[u8], answer: &mut [MaybeUninit<u8>]| {
        let mut buffer = KeyBuffer::take();
        let stacktrace = buffer.decode(packed)?;
        let mut applied = Vec::with_capacity(stacktrace.frames.len());
        rules.apply_packed(&stacktrace, &mut applied)?;
        let numbers = applied
            .iter()
            .zip(&stacktrace.frames)
            .map(|(applied, frame)| {
                let category = category_number(applied, frame);
                let code = category * 3 + u32::from(tristate(applied.in_app));
                (category == OWN_CATEGORY, code)
            });
        write_short(answer, numbers);
        Ok(())
    };
    let (packed, answer) = (
        (packed, packed_len, "packed"),
        (answer, SHORT_ANSWER, "answer"),
    );
    // SAFETY: the caller's promise about `rules`, `packed` and `answer`.
    unsafe { ask_packed(rules, packed, answer, apply) }
}

/// Sets category and in_app of the frames of an event, and writes the results as numbers.
///
/// This is the short form of `ophio_enhancements_apply_event`, with a result of fixed size, for
/// bindings in languages where each object takes time. `data` is as there. Writes to the 256
/// numbers at `answer`:
///
/// - first 0; or 1 if a frame kept the category that it came with; or 2 if there are more than 254
///   frames or a number is above 65535. With 2 the other numbers have no meaning: call
///   `ophio_enhancements_apply_events` then;
/// - the number of frames;
/// - for each frame the number that `ophio_enhancements_apply_events` writes.
///
/// Threads may share `rules`. Fails as `ophio_enhancements_apply_event` does.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `data` is readable for
/// `data_len` bytes; `answer` is NULL or may be written for 256 numbers.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_apply_event_short(
    rules: *const OphioEnhancements,
    data: *const u8,
    data_len: usize,
    answer: *mut u16,
) -> OphioStatus {
    let apply = |rules: &Enhancements, data: &[u8], answer: &mut [MaybeUninit<u16>]| {
        let event = EventStacktrace::decode(data)?;
        let found = rules.apply_to_event(&event)?;
        let numbers = found.frames().map(|frame| {
            let own = frame.category == EventCategory::Own;
            (own, event_number(&frame))
        });
        write_short(answer, numbers);
        Ok(())
    };
    let (data, answer) = ((data, data_len, "data"), (answer, SHORT_ANSWER, "answer"));
    // SAFETY: the caller's promise about `rules`, `data` and `answer`.
    unsafe { ask_packed(rules, data, answer, apply) }
}

/// Writes the short form of results: 0 or 1, the number of frames, and a number for each frame.
/// `numbers` says for each frame whether it kept a category of its own, and its number.
///
/// Writes 2 first, and no other number with a meaning, if there are more frames than places, or if
/// a number does not fit.
fn write_short<T: Copy + From<u8> + TryFrom<u32> + TryFrom<usize>>(
    answer: &mut [MaybeUninit<T>],
    numbers: impl ExactSizeIterator<Item = (bool, u32)>,
) {
    let [kind, count, codes @ ..] = answer else {
        return; // `answer` is longer than two numbers
    };
    kind.write(T::from(2));
    let frames = numbers.len();
    if frames > codes.len() {
        return;
    }
    let Ok(frames) = T::try_from(frames) else {
        return;
    };
    let mut any_own = false;
    for (place, (own, number)) in codes.iter_mut().zip(numbers) {
        any_own |= own;
        let Ok(number) = T::try_from(number) else {
            return;
        };
        place.write(number);
    }
    count.write(frames);
    kind.write(T::from(u8::from(any_own)));
}

/// Sets category and in_app of the frames of many stack traces of events.
///
/// `data` is a MessagePack array of stack traces, each as `ophio_enhancements_apply_event` takes
/// it. Writes to `numbers`, which are the caller's, in numbers of 32 bits of the machine's byte
/// order; free them with `ophio_str_free`:
///
/// - for each stack trace, how many frames kept the category that they came with, and the number of
///   frames;
/// - then for each frame of all of them, in order, `(category * 3 + in_app) * 16 + change`, with
///   category and in_app as `ophio_enhancements_apply_packed` writes them. `change` says what to
///   write into the frame of the event, as a sum: 1 for a new `in_app`; 2, 4 or 6 if
///   `data.orig_in_app` becomes -1, 0 or 1; 8 for a new `data.category`.
///
/// `threads` threads do the work, including the calling thread; 0 means 1. They are started for
/// this call and end before it returns. Threads may share `rules`. Fails as
/// `ophio_enhancements_apply_event` does.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `data` is readable for
/// `data_len` bytes; `numbers` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_apply_events(
    rules: *const OphioEnhancements,
    data: *const u8,
    data_len: usize,
    threads: usize,
    numbers: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `data` and `numbers`.
    unsafe {
        convert((data, data_len, "data"), (numbers, "numbers"), |data| {
            let rules = handle::borrow(rules, "rules")?.current();
            let events = EventStacktrace::decode_many(data)?;
            let found = rules.each_event(&events, threads, |found| {
                let own = |frame: &EventFrame| frame.category == EventCategory::Own;
                let own = found.frames().filter(own).count();
                let numbers = found.frames().map(|frame| event_number(&frame));
                (own as u32, numbers.collect::<Vec<_>>())
            })?;
            let heads = found
                .iter()
                .flat_map(|(own, numbers)| [*own, numbers.len() as u32]);
            let numbers = found
                .iter()
                .flat_map(|(_, numbers)| numbers.iter().copied());
            let frames: usize = found.iter().map(|(_, numbers)| numbers.len()).sum();
            let mut written = Vec::with_capacity(size_of::<u32>() * (2 * found.len() + frames));
            for number in heads.chain(numbers) {
                written.extend_from_slice(&number.to_ne_bytes());
            }
            Ok(written)
        })
    }
}

/// The number that stands for the result of a frame of an event.
fn event_number(frame: &EventFrame) -> u32 {
    let category = match frame.category {
        EventCategory::None => 0,
        EventCategory::Own => OWN_CATEGORY,
        EventCategory::Number(number) => 2 + number,
    };
    let orig_in_app = frame.orig_in_app.map_or(0, |n| (n + 2) as u32);
    let change =
        u32::from(frame.in_app_changes) | orig_in_app << 1 | u32::from(frame.category_changes) << 3;
    (category * 3 + u32::from(tristate(frame.in_app))) << 4 | change
}

/// How many values the short forms may write.
const SHORT_ANSWER: usize = 256;

/// Decides which components of a packed stack trace count for grouping.
///
/// `packed` is as in `ophio_enhancements_apply_packed`. `contributes` has a byte for each
/// component: 0 for undecided, 1 for false, 2 for true. Components and frames are paired from the
/// start.
///
/// Writes a number for each component to `codes`: `hint * 3 + contributes`, where hint is 0 for
/// none, else a number for `ophio_enhancements_hint`. Four more numbers follow: whether the stack
/// trace contributes (0 or 1), whether it is inverted (0 or 1), and why it was discarded: the index
/// of the rule plus 1 (0 if it was not discarded) and the number of contributing frames, for
/// `ophio_enhancements_too_few_frames_hint`. `codes_len` must be the number of components plus
/// four.
///
/// Threads may share `rules`. Fails as `ophio_enhancements_apply_packed` does, and with
/// `OPHIO_STATUS_INVALID_ARGUMENT` if a byte of `contributes` is above 2.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `packed` is
/// readable for `packed_len` bytes and `contributes` for `components_len`; `codes` is
/// NULL or may be written for `codes_len` numbers.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_assemble_packed(
    rules: *const OphioEnhancements,
    packed: *const u8,
    packed_len: usize,
    contributes: *const u8,
    components_len: usize,
    codes: *mut u32,
    codes_len: usize,
) -> OphioStatus {
    let assemble = |rules: &Enhancements, packed: &[u8], codes: &mut [MaybeUninit<u32>]| {
        // SAFETY: the caller's promise about `contributes`.
        let contributes = unsafe { slice::bytes(contributes, components_len, "contributes") }?;
        let mut buffer = KeyBuffer::take();
        let stacktrace = buffer.decode(packed)?;
        check_room(codes.len(), components_len, 4)?;
        let mut components = read_components(contributes)?;
        let result = rules.assemble_packed(&stacktrace, &mut components)?;

        write_assembled(&result, &components, codes);
        Ok(())
    };
    let (packed, codes) = ((packed, packed_len, "packed"), (codes, codes_len, "codes"));
    // SAFETY: the caller's promise about `rules`, `packed` and `codes`.
    unsafe { ask_packed(rules, packed, codes, assemble) }
}

/// Writes why a stack trace was discarded, from the last two numbers that
/// `ophio_enhancements_assemble_packed` wrote.
///
/// Writes a string to `text` that is the caller's: free it with `ophio_str_free`.
/// Threads may share `rules`. Fails with `OPHIO_STATUS_OUT_OF_RANGE` if there is no
/// such rule, and with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `text` is
/// NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_too_few_frames_hint(
    rules: *const OphioEnhancements,
    rule_plus_one: u32,
    contributing: u32,
    text: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise.
    unsafe {
        write_text(rules, text, "rule + 1 =", rule_plus_one as usize, |rules| {
            let too_few = TooFewFrames {
                contributing: contributing as usize,
                rule: RuleNumber(rule_plus_one.checked_sub(1)?),
            };
            too_few.text(rules.rules())
        })
    }
}

/// Writes a number for each frame. Returns how many frames kept the category that they came with.
pub(super) fn write_applied(
    stacktrace: &StacktraceView<'_>,
    applied: &[AppliedFrame],
    codes: &mut [MaybeUninit<u32>],
) -> u32 {
    let mut own = 0;
    for ((code, applied), frame) in codes.iter_mut().zip(applied).zip(&stacktrace.frames) {
        let category = category_number(applied, frame);
        own += u32::from(category == OWN_CATEGORY);
        code.write(category * 3 + u32::from(tristate(applied.in_app)));
    }
    own
}

/// The number of a category that the frame came with.
const OWN_CATEGORY: u32 = 1;

fn category_number(applied: &AppliedFrame, frame: &FrameView<'_>) -> u32 {
    match applied.category {
        Some(index) => 2 + index,
        None if frame.category.is_some() => OWN_CATEGORY,
        None => 0,
    }
}

/// Writes a number for each component, and the four numbers about the stack trace.
pub(super) fn write_assembled(
    result: &AssembleResult,
    components: &[Component],
    codes: &mut [MaybeUninit<u32>],
) {
    for (code, component) in codes.iter_mut().zip(components) {
        code.write(hint_number(component.hint) * 3 + u32::from(tristate(component.contributes)));
    }
    for (code, number) in codes[components.len()..].iter_mut().zip(summary(result)) {
        code.write(number);
    }
}

/// Fails if an array for results has the wrong length.
pub(super) fn check_room(len: usize, items: usize, more: usize) -> Result<(), Error> {
    if items.checked_add(more) == Some(len) {
        return Ok(());
    }
    Err(Error::new(
        OphioStatus::InvalidArgument,
        format_args!("the length of an array is {len}, expected {items} + {more}"),
    ))
}

pub(super) fn read_components(contributes: &[u8]) -> Result<Vec<Component>, Error> {
    let read = |&byte: &u8| read_tristate(byte, "contributes").map(Component::new);
    contributes.iter().map(read).collect()
}

/// Returns the numbers that follow those of the components.
fn summary(result: &AssembleResult) -> [u32; 4] {
    let (rule, contributing) = result.hint.map_or((0, 0), |few| {
        let contributing = u32::try_from(few.contributing).unwrap_or(u32::MAX);
        (few.rule.0 + 1, contributing)
    });
    [
        u32::from(result.contributes),
        u32::from(result.invert_stacktrace),
        rule,
        contributing,
    ]
}
