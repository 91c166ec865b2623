//! The C API, by a sequence of calls with hostile arguments.
//!
//! Every handle is NULL or alive, every buffer is readable for its length, or has a length
//! that the library must reject before it reads: what no caller may do (a freed handle, a wrong
//! length) is not tried. The exports are called through the crate, so their types are checked. Run
//! with AddressSanitizer, which detects every byte that is read beyond a buffer.
#![no_main]

use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use ophio_capi::codeowners::*;
use ophio_capi::enhancements::cache::*;
use ophio_capi::enhancements::config::*;
use ophio_capi::enhancements::diagnostics::*;
use ophio_capi::enhancements::introspection::*;
use ophio_capi::enhancements::kept::*;
use ophio_capi::enhancements::packed::*;
use ophio_capi::enhancements::preview::*;
use ophio_capi::enhancements::rules::*;
use ophio_capi::enhancements::stacktraces::*;
use ophio_capi::enhancements::structs::*;
use ophio_capi::functions::*;
use ophio_capi::glob::*;
use ophio_capi::last_error::*;
use ophio_capi::parameterization::*;
use ophio_capi::proguard::*;
use ophio_capi::slice::OphioSlice;
use ophio_capi::status::OphioStatus;
use ophio_capi::string::{ophio_str_free, OphioStr};

/// A buffer that a caller might pass.
#[derive(Arbitrary, Debug)]
enum Buffer<'a> {
    Bytes(&'a [u8]),
    Text(&'a str),
    /// One of some that are valid somewhere.
    Known(u8),
    Null,
    NullWithLength(u8),
    Huge,
}

const KNOWN: [&[u8]; 12] = [
    b"function:main -app category=x\n[ app:no ] | path:**/a/** ^-group",
    b"function:a* max-frames=2 invert-stacktrace=1",
    b"*.py @a @b\n[Docs] @c\n/docs/ @d\n",
    b"org.A -> a:\n    1:2:void m():3:4 -> b\n",
    b"**/[ab]*.{py,js}",
    b"\x92\xa4*.py\xa1*",
    b"\x92\x93\xc0\xc0\xc0\x91\x98\xc0\xc0\xc4\x04main\xc0\xc0\xc0\xc3\xc0",
    b"\x91\x92\x93\xc0\xc0\xc0\x91\x98\xc0\xc0\xc4\x04main\xc0\xc0\xc0\xc3\xc0",
    b"\x93\xa6native\x93\xc0\xc0\xc0\x91\x98\xa4main\xc0\xc0\xc0\xc0\xc0\xc3\xc0",
    b"\x91\x94\xa1a\xa1b\x01\xc0",
    b"\x92\x92\xa1a\xa2x+\x92\xa1b\xa9(?>yz|y)z",
    b"\x92\xa1a\xa1b",
];

impl Buffer<'_> {
    fn get(&self) -> OphioSlice {
        let bytes: &[u8] = match self {
            Buffer::Bytes(bytes) => bytes,
            Buffer::Text(text) => text.as_bytes(),
            Buffer::Known(number) => KNOWN[usize::from(*number) % KNOWN.len()],
            Buffer::Null => return OphioSlice::EMPTY,
            Buffer::NullWithLength(len) => {
                let len = usize::from(*len);
                return OphioSlice { data: null(), len };
            }
            Buffer::Huge => {
                let (data, len) = (b"a".as_ptr(), usize::MAX);
                return OphioSlice { data, len };
            }
        };
        OphioSlice::borrowed(bytes)
    }
}

/// What to call; a `u8` chooses among the handles that are alive, or NULL.
#[derive(Arbitrary, Debug)]
enum Call<'a> {
    Cache(usize),
    Parse(Buffer<'a>, u8, u8),
    Check(Buffer<'a>, bool),
    Ask(u8, Vec<(Buffer<'a>, Buffer<'a>, u8, i8)>, u8),
    AskPacked(u8, Buffer<'a>, Vec<u8>, u8),
    AskRules(u8, u32, u8),
    Extend(u8, u8),
    Free(u8),
    Preview(u8, u8, Buffer<'a>),
    Glob(Buffer<'a>, u32, Buffer<'a>),
    GlobSet(Buffer<'a>, u32, Buffer<'a>),
    Parameterization(Buffer<'a>, Buffer<'a>, Buffer<'a>, u8),
    Codeowners(Buffer<'a>, u32, usize, Buffer<'a>),
    Proguard(Buffer<'a>, Buffer<'a>),
    Config(Buffer<'a>, bool, Buffer<'a>),
    Event(Buffer<'a>),
    Function(Buffer<'a>, Buffer<'a>),
}

/// Reads every byte of a text that the library made, and frees it twice, as is allowed.
unsafe fn read(mut string: OphioStr) {
    if string.len > 0 {
        let bytes = std::slice::from_raw_parts(string.data, string.len);
        std::hint::black_box(bytes.iter().fold(0_u8, |sum, byte| sum ^ byte));
    }
    ophio_str_free(&mut string);
    assert!(string.data.is_null());
    ophio_str_free(&mut string);
}

/// Returns whether a call succeeded. A failure has a message, and a status other than `Panic`.
fn good(status: OphioStatus) -> bool {
    if status == OphioStatus::Ok {
        return true;
    }
    assert_eq!(status, ophio_last_error_code());
    // SAFETY: the message is valid until the next failure on this thread.
    let text = unsafe { ophio_last_error_message().text("message") }.expect("UTF-8");
    assert!(
        status != OphioStatus::Panic && !text.is_empty(),
        "{status:?} {text}"
    );
    false
}

/// Makes a call that writes a text to a place; a failure writes none.
macro_rules! text_of {
    ($out:ident => $call:expr) => {{
        let mut string = OphioStr::EMPTY;
        let $out = &mut string;
        if !good($call) {
            assert!(string.data.is_null());
        }
        read(string);
    }};
}

/// Makes a call that writes a handle to a place; returns it, NULL after a failure.
macro_rules! made_by {
    ($out:ident => $call:expr) => {{
        let mut handle = null_mut();
        let $out = &mut handle;
        assert_eq!(good($call), !handle.is_null());
        handle
    }};
}

/// What is alive.
#[derive(Default)]
struct Alive {
    caches: Vec<*mut OphioEnhancementsCache>,
    rules: Vec<*mut OphioEnhancements>,
}

fn choose<T>(handles: &[*mut T], number: u8) -> *mut T {
    let index = usize::from(number) % (handles.len() + 1);
    handles.get(index).copied().unwrap_or(null_mut())
}

unsafe fn run(alive: &mut Alive, call: &Call<'_>) {
    match call {
        Call::Cache(size) => {
            let cache = made_by!(out => ophio_enhancements_cache_new(*size, out));
            alive.caches.push(cache);
        }
        Call::Parse(text, cache, how) => {
            let (text, cache) = (text.get(), choose(&alive.caches, *cache));
            let (data, len) = (text.data, text.len);
            let made = made_by!(out => match how % 3 {
                0 => ophio_enhancements_parse(data, len, cache, out),
                1 => ophio_enhancements_from_config_structure(data, len, cache, out),
                _ => ophio_enhancements_from_base64(data, len, *how > 127, out),
            });
            if !made.is_null() {
                alive.rules.push(made);
            }
        }
        Call::Check(text, lenient) => {
            let text = text.get();
            let mut list =
                made_by!(out => ophio_enhancements_check(text.data, text.len, *lenient, out));
            let len = ophio_enhancements_diagnostics_len(list);
            for index in 0..=len.min(20) {
                let mut entry = MaybeUninit::uninit();
                let status = ophio_enhancements_diagnostics_get(list, index, entry.as_mut_ptr());
                assert_eq!(good(status), index < len);
                let mut fix = std::mem::MaybeUninit::uninit();
                let status = ophio_enhancements_diagnostics_fix(list, index, fix.as_mut_ptr());
                assert_eq!(good(status), index < len);
            }
            ophio_enhancements_diagnostics_free(&mut list);
            let mut list =
                made_by!(out => ophio_enhancements_check_profiling(text.data, text.len, out));
            ophio_enhancements_diagnostics_free(&mut list);
        }
        Call::Ask(rules, frames, odd) => {
            ask(choose(&alive.rules, *rules), frames, *odd);
        }
        Call::AskPacked(rules, packed, contributes, room) => {
            let (rules, packed) = (choose(&alive.rules, *rules), packed.get());
            ask_packed(rules, packed, contributes, *room);
        }
        Call::AskRules(rules, number, how) => {
            let rules = choose(&alive.rules, *rules);
            let index = *number as usize;
            match how % 7 {
                0 => text_of!(out => ophio_enhancements_rule(rules, index, out)),
                1 => text_of!(out => ophio_enhancements_describe(rules, out)),
                2 => text_of!(out => ophio_enhancements_to_base64(rules, out)),
                3 => text_of!(out => ophio_enhancements_to_text(rules, out)),
                4 => text_of!(out => ophio_enhancements_bases(rules, out)),
                5 => _ = good(ophio_enhancements_set_memo_bytes(rules, index)),
                _ => {
                    let part = made_by!(out => ophio_enhancements_part(rules, *number % 4, out));
                    if !part.is_null() {
                        alive.rules.push(part);
                    }
                }
            }
        }
        Call::Extend(rules, other) => {
            let (rules, other) = (choose(&alive.rules, *rules), choose(&alive.rules, *other));
            // Doubling again and again takes a while until it reaches the limit.
            if ophio_enhancements_len(rules) < 1_000 {
                good(ophio_enhancements_extend_from(rules, other));
            }
        }
        Call::Free(number) => {
            if !alive.rules.is_empty() {
                let index = usize::from(*number) % alive.rules.len();
                ophio_enhancements_free(&mut alive.rules.swap_remove(index));
            } else if let Some(mut cache) = alive.caches.pop() {
                ophio_enhancements_cache_free(&mut cache);
            }
        }
        Call::Preview(old, new, packed) => {
            let (packed, rules) = (packed.get(), &alive.rules);
            let mut preview = made_by!(out => ophio_enhancements_preview_new(
                choose(rules, *old), choose(rules, *new), out
            ));
            good(ophio_enhancements_preview_add(
                preview,
                packed.data,
                packed.len,
                2,
            ));
            let (mut bytes, mut stacktraces) = (0, 0);
            good(ophio_enhancements_preview_set_fresh(preview, packed.len % 2 == 0));
            good(ophio_enhancements_preview_set_max_explained(preview, packed.len % 3));
            good(ophio_enhancements_preview_add_json_lines(
                preview,
                packed.data,
                packed.len,
                2,
                &mut bytes,
                &mut stacktraces,
            ));
            let mut kept = made_by!(out => ophio_enhancements_kept_new(
                packed.data, packed.len, out
            ));
            let (mut mark, numbers) = (0, [0, 1]);
            good(ophio_enhancements_preview_add_kept(
                preview,
                kept,
                packed.len % 2,
                1,
                2,
                &mut mark,
                1,
            ));
            let chosen = choose(rules, *old);
            text_of!(out => ophio_enhancements_kept_counting(
                kept, chosen, numbers.as_ptr(), 1 + packed.len % 2, 2, out
            ));
            text_of!(out => ophio_enhancements_preview_report(preview, out));
            ophio_enhancements_kept_free(&mut kept);
            ophio_enhancements_preview_free(&mut preview);
        }
        Call::Config(text, stored, event) => {
            let (text, event) = (text.get(), event.get());
            let (data, len) = (text.data, text.len);
            let mut config = made_by!(out => if *stored {
                ophio_enhancements_config_from_base64(data, len, null(), 0, null(), 0, false, out)
            } else {
                ophio_enhancements_config_from_text(data, len, null(), 0, null(), 0, out)
            });
            text_of!(out => ophio_enhancements_config_process(
                config, event.data, event.len, out
            ));
            text_of!(out => ophio_enhancements_config_to_base64(config, out));
            ophio_enhancements_config_free(&mut config);
        }
        Call::Event(data) => {
            let (data, len) = (data.get().data, data.get().len);
            text_of!(out => ophio_events_match_frames(data, len, out));
            text_of!(out => ophio_events_frames(data, len, false, out));
            text_of!(out => ophio_events_pack_stacktraces(data, len, out));
            text_of!(out => ophio_events_pack_json_lines(data, len, out));
            text_of!(out => ophio_enhancements_stacktrace_pack_event_frames(data, len, out));
            let mut rules = made_by!(out => ophio_enhancements_new(out));
            let mut answer = [0; 256];
            good(ophio_enhancements_apply_event_short(
                rules,
                data,
                len,
                answer.as_mut_ptr(),
            ));
            text_of!(out => ophio_enhancements_apply_events(rules, data, len, 2, out));
            ophio_enhancements_free(&mut rules);
        }
        Call::Function(name, platform) => {
            let (name, platform) = (name.get(), platform.get());
            text_of!(out => ophio_functions_trim(
                name.data, name.len, platform.data, platform.len, out
            ));
            text_of!(out => ophio_functions_trim_packed(
                name.data, name.len, platform.data, platform.len, out
            ));
        }
        Call::Glob(pattern, options, value) => {
            let (pattern, value) = (pattern.get(), value.get());
            let mut glob = made_by!(out => ophio_glob_new(
                pattern.data, pattern.len, options % 32, null_mut(), out
            ));
            let mut matched = false;
            good(ophio_glob_is_match(
                glob,
                value.data,
                value.len,
                &mut matched,
            ));
            let mut many = [0; 2];
            let place = many.as_mut_ptr();
            good(ophio_glob_match_packed(
                glob, value.data, value.len, place, 2,
            ));
            text_of!(out => ophio_glob_escape(pattern.data, pattern.len, out));
            text_of!(out => ophio_glob_shortcut(glob, out));
            ophio_glob_free(&mut glob);
        }
        Call::GlobSet(patterns, options, value) => {
            let (patterns, value) = (patterns.get(), value.get());
            let mut set = made_by!(out => ophio_glob_set_new(
                patterns.data, patterns.len, options % 32, out
            ));
            let (mut numbers, mut count, mut matched) = ([0; 2], 0, false);
            let place = numbers.as_mut_ptr();
            good(ophio_glob_set_matches(
                set, value.data, value.len, place, 2, &mut count,
            ));
            good(ophio_glob_set_is_match(
                set,
                value.data,
                value.len,
                &mut matched,
            ));
            assert_eq!(count > 0, matched);
            ophio_glob_set_free(&mut set);
        }
        Call::Parameterization(patterns, only, text, limit) => {
            let (patterns, only, text) = (patterns.get(), only.get(), text.get());
            let limits = OphioParameterizationLimits {
                patterns: 0,
                regex_bytes: 0,
                operations: 1_000,
                state_bytes: 0,
                text_bytes: usize::from(*limit),
                steps: 1_000,
                steps_per_byte: 1,
            };
            let (mut number, mut position) = (0, 0);
            let mut list = made_by!(out => ophio_parameterization_new(
                patterns.data, patterns.len, only.data, only.len,
                &limits, size_of::<OphioParameterizationLimits>(),
                &mut number, &mut position, out
            ));
            let mut pattern = OphioParameterizationPattern {
                name: OphioSlice::EMPTY,
                regex: OphioSlice::EMPTY,
                is_linear: false,
            };
            let count = ophio_parameterization_len(list);
            assert_eq!(
                good(ophio_parameterization_pattern(list, 0, &mut pattern)),
                count > 0
            );
            text_of!(out => ophio_parameterization_parameterize(list, text.data, text.len, out));
            text_of!(out => ophio_parameterization_find(list, text.data, text.len, true, out));
            let mut counts = [0; 2];
            let place = counts.as_mut_ptr();
            text_of!(out => ophio_parameterization_parameterize_packed(
                list, text.data, text.len, place, 2, out
            ));
            good(ophio_parameterization_counts(
                list, text.data, text.len, place, 2,
            ));
            let mut bytes = [0; 16];
            let buffer = OphioParameterizationBuffer {
                parameterization: list,
                data: bytes.as_mut_ptr(),
                len: usize::from(*limit).min(bytes.len()),
            };
            ophio_parameterization_parameterize_text(&buffer, c"xyz 10.0.0.7 zyx".as_ptr());
            text_of!(out => ophio_parameterization_find_packed(
                list, text.data, text.len, true, out
            ));
            ophio_last_error_clear();
            ophio_parameterization_free(&mut list);
        }
        Call::Codeowners(text, dialect, most, paths) => {
            let (text, paths) = (text.get(), paths.get());
            let mut file = made_by!(out => ophio_codeowners_parse(
                text.data, text.len, dialect % 3, *most, out
            ));
            let (mut winners, mut matched) = ([0; 4], false);
            let place = winners.as_mut_ptr();
            good(ophio_codeowners_find_packed(
                file, paths.data, paths.len, place, 4,
            ));
            let mut used = [false; 4];
            good(ophio_codeowners_matched_packed(
                file, paths.data, paths.len, used.as_mut_ptr(), 4,
            ));
            for number in 0..2 {
                let mut kind = 0;
                good(ophio_codeowners_owner_kind(file, 0, number, &mut kind));
                let mut details = MaybeUninit::uninit();
                if good(ophio_codeowners_diagnostic_details(
                    file, number, details.as_mut_ptr(),
                )) {
                    // SAFETY: it was written, and the file is alive.
                    let code = unsafe { details.assume_init().code.text("code") };
                    assert_eq!(code.expect("UTF-8").len(), 6);
                }
            }
            good(ophio_codeowners_is_path_match(
                paths.data,
                paths.len,
                text.data,
                text.len,
                &mut matched,
            ));
            ophio_codeowners_free(&mut file);
        }
        Call::Proguard(mapping, name) => {
            let (mapping, name) = (mapping.get(), name.get());
            let mut mapper = made_by!(out => ophio_proguard_new(mapping.data, mapping.len, out));
            let mut borrowed = OphioSlice::EMPTY;
            good(ophio_proguard_remap_class(
                mapper,
                name.data,
                name.len,
                &mut borrowed,
            ));
            let (mut frames, mut len) = ([0; 64], 0);
            let place = frames.as_mut_ptr();
            good(ophio_proguard_remap_frames(
                mapper, name.data, name.len, place, 64, &mut len,
            ));
            let (data, len) = (name.data, name.len);
            text_of!(out => ophio_proguard_remap_stacktrace(mapper, data, len, out));
            text_of!(out => ophio_proguard_remap_stacktrace_verbose(mapper, data, len, out));
            text_of!(out => ophio_proguard_retrace(mapper, data, len, false, out));
            text_of!(out => ophio_proguard_to_cache(mapper, out));
            ophio_proguard_free(&mut mapper);
            // A path of the fuzzer: a file that is there is no cache.
            mapper = made_by!(out => ophio_proguard_open_cache(data, len, out));
            ophio_proguard_free(&mut mapper);
        }
    }
}

/// Applies rules to frames in structs.
unsafe fn ask(rules: *mut OphioEnhancements, frames: &[(Buffer<'_>, Buffer<'_>, u8, i8)], odd: u8) {
    let frame = |(function, path, in_app, orig): &(Buffer<'_>, Buffer<'_>, u8, i8)| {
        OphioEnhancementsFrame {
            category: OphioSlice::EMPTY,
            family: OphioSlice::EMPTY,
            function: function.get(),
            module: OphioSlice::EMPTY,
            package: OphioSlice::EMPTY,
            path: path.get(),
            in_app: *in_app % 4,
            has_orig_in_app: *in_app / 128,
            orig_in_app: *orig,
        }
    };
    let frames: Vec<_> = frames.iter().map(frame).collect();
    let (data, len) = (frames.as_ptr(), frames.len());
    // A size that does not fit is an error before anything is read.
    let size = size_of::<OphioEnhancementsFrame>() - usize::from(odd == 255);

    let nothing = OphioEnhancementsAppliedFrame {
        category: -1,
        in_app: 0,
    };
    let mut applied = vec![nothing; len];
    let (place, room) = (applied.as_mut_ptr(), size_of_val(&nothing));
    good(ophio_enhancements_apply(
        rules,
        data,
        len,
        size,
        null(),
        place,
        room,
    ));
    for each in applied.iter().filter(|each| each.category >= 0) {
        text_of!(out => ophio_enhancements_category(rules, each.category as u32, out));
    }

    let component = OphioEnhancementsComponent {
        hint: 0,
        contributes: odd % 4,
    };
    let mut components = vec![component; len + usize::from(odd % 3)];
    let (place, count) = (components.as_mut_ptr(), components.len());
    let mut result = MaybeUninit::uninit();
    let status = ophio_enhancements_assemble(
        rules,
        data,
        len,
        size,
        null(),
        place,
        count,
        size_of_val(&component),
        result.as_mut_ptr(),
    );
    if good(status) {
        read(result.assume_init().hint);
        for each in components.iter().filter(|each| each.hint != 0) {
            text_of!(out => ophio_enhancements_hint(rules, each.hint, out));
        }
    }
    text_of!(out => ophio_enhancements_stacktrace_pack(data, len, size, null(), out));
}

/// Applies rules to a packed stack trace, or to many.
unsafe fn ask_packed(
    rules: *mut OphioEnhancements,
    packed: OphioSlice,
    contributes: &[u8],
    room: u8,
) {
    let (data, len) = (packed.data, packed.len);
    let mut codes = vec![0; usize::from(room)];
    let (place, count) = (codes.as_mut_ptr(), codes.len());
    let (given, components) = (contributes.as_ptr(), contributes.len());
    let mut answer = [0; 256];
    good(ophio_enhancements_stacktrace_check(data, len));
    good(ophio_enhancements_apply_packed(
        rules, data, len, place, count,
    ));
    good(ophio_enhancements_apply_short(
        rules,
        data,
        len,
        answer.as_mut_ptr(),
    ));
    let threads = usize::from(room % 3);
    good(ophio_enhancements_apply_batch(
        rules, data, len, threads, place, count,
    ));
    good(ophio_enhancements_assemble_packed(
        rules, data, len, given, components, place, count,
    ));
    good(ophio_enhancements_assemble_batch(
        rules,
        data,
        len,
        &components,
        1,
        given,
        threads,
        place,
        count,
    ));
    text_of!(out => ophio_enhancements_explain(
        rules, data, len, given, components, 0, usize::from(room), out
    ));
}

fuzz_target!(|calls: Vec<Call<'_>>| {
    let mut alive = Alive::default();
    // SAFETY: handles are NULL or alive, buffers as long as is said or refused unread.
    unsafe {
        for call in calls.iter().take(30) {
            run(&mut alive, call);
        }
        for mut rules in alive.rules {
            ophio_enhancements_free(&mut rules);
        }
        for mut cache in alive.caches {
            ophio_enhancements_cache_free(&mut cache);
        }
    }
});
