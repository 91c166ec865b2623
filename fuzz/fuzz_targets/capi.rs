//! The C interface, by a sequence of calls with hostile arguments.
//!
//! Every handle is NULL or alive, every buffer is readable for its length, or has a length
//! that must be refused before it is read: what no caller may do (a freed handle, a wrong
//! length) is not tried. Run with AddressSanitizer, which sees every byte that is read beyond.
#![no_main]

extern crate ophio_capi;

use std::ptr;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;

/// A handle of any type.
type Handle = *mut u8;

#[repr(C)]
#[derive(Clone, Copy)]
struct Slice {
    data: *const u8,
    len: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Frame {
    texts: [Slice; 6],
    in_app: u8,
    has_orig_in_app: u8,
    orig_in_app: i8,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Applied {
    category: i32,
    in_app: u8,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Component {
    hint: u32,
    contributes: u8,
}

extern "C" {
    fn ophio_cache_new(size: usize) -> Handle;
    fn ophio_cache_free(cache: Handle);
    fn ophio_codeowners_find_packed(
        file: Handle,
        p: *const u8,
        n: usize,
        w: *mut u32,
        m: usize,
    ) -> i32;
    fn ophio_codeowners_free(file: Handle);
    fn ophio_codeowners_is_path_match(p: *const u8, n: usize, g: *const u8, m: usize) -> i32;
    fn ophio_codeowners_parse(p: *const u8, n: usize, dialect: u32, max: usize) -> Handle;
    fn ophio_diagnostics_free(list: Handle);
    fn ophio_diagnostics_get(list: Handle, index: usize, place: *mut [u64; 32]) -> i32;
    fn ophio_diagnostics_len(list: Handle) -> usize;
    fn ophio_enhancements_apply(
        r: Handle,
        f: *const Frame,
        n: usize,
        e: *const Slice,
        a: *mut Applied,
    ) -> i32;
    fn ophio_enhancements_apply_batch(
        r: Handle,
        p: *const u8,
        n: usize,
        threads: usize,
        c: *mut u32,
        m: usize,
    ) -> i32;
    fn ophio_enhancements_apply_packed(
        r: Handle,
        p: *const u8,
        n: usize,
        c: *mut u32,
        m: usize,
    ) -> i32;
    fn ophio_enhancements_assemble(
        r: Handle,
        f: *const Frame,
        n: usize,
        e: *const Slice,
        c: *mut Component,
        m: usize,
        out: *mut [u64; 8],
    ) -> i32;
    fn ophio_enhancements_assemble_packed(
        r: Handle,
        p: *const u8,
        n: usize,
        i: *const u8,
        k: usize,
        c: *mut u32,
        m: usize,
    ) -> i32;
    fn ophio_enhancements_category(r: Handle, number: u32, out: *mut Slice) -> i32;
    fn ophio_enhancements_check(p: *const u8, n: usize, lenient: bool, out: *mut Handle) -> i32;
    fn ophio_enhancements_describe(r: Handle, out: *mut Slice) -> i32;
    fn ophio_enhancements_explain(
        r: Handle,
        p: *const u8,
        n: usize,
        i: *const u8,
        k: usize,
        rule: usize,
        frame: usize,
        out: *mut Slice,
    ) -> i32;
    fn ophio_enhancements_extend_from(r: Handle, other: Handle) -> i32;
    fn ophio_enhancements_free(r: Handle);
    fn ophio_enhancements_from_base64(p: *const u8, n: usize, cache: Handle) -> Handle;
    fn ophio_enhancements_from_config_structure(p: *const u8, n: usize, cache: Handle) -> Handle;
    fn ophio_enhancements_hint(r: Handle, number: u32, out: *mut Slice) -> i32;
    fn ophio_enhancements_len(r: Handle) -> usize;
    fn ophio_enhancements_parse(p: *const u8, n: usize, cache: Handle) -> Handle;
    fn ophio_enhancements_part(r: Handle, part: u32) -> Handle;
    fn ophio_enhancements_rule(r: Handle, index: usize, out: *mut Slice) -> i32;
    fn ophio_enhancements_set_memo_bytes(r: Handle, bytes: usize) -> i32;
    fn ophio_enhancements_to_base64(r: Handle, out: *mut Slice) -> i32;
    fn ophio_enhancements_to_text(r: Handle, out: *mut Slice) -> i32;
    fn ophio_glob_escape(p: *const u8, n: usize, out: *mut Slice) -> i32;
    fn ophio_glob_free(glob: Handle);
    fn ophio_glob_is_match(glob: Handle, p: *const u8, n: usize) -> i32;
    fn ophio_glob_match_packed(glob: Handle, p: *const u8, n: usize, m: *mut u8, k: usize) -> i32;
    fn ophio_glob_new(p: *const u8, n: usize, options: u32, position: *mut usize) -> Handle;
    fn ophio_glob_set_free(set: Handle);
    fn ophio_glob_set_matches(set: Handle, p: *const u8, n: usize, k: *mut u32, m: usize) -> i64;
    fn ophio_glob_set_new(p: *const u8, n: usize, options: u32) -> Handle;
    fn ophio_last_error_code() -> i32;
    fn ophio_last_error_message() -> Slice;
    fn ophio_preview_add(preview: Handle, p: *const u8, n: usize, threads: usize) -> i32;
    fn ophio_preview_free(preview: Handle);
    fn ophio_preview_new(old: Handle, new: Handle) -> Handle;
    fn ophio_preview_report(preview: Handle, out: *mut Slice) -> i32;
    fn ophio_proguard_free(mapper: Handle);
    fn ophio_proguard_new(p: *const u8, n: usize) -> Handle;
    fn ophio_proguard_remap_class(m: Handle, p: *const u8, n: usize, out: *mut Slice) -> i32;
    fn ophio_proguard_remap_frames(
        m: Handle,
        p: *const u8,
        n: usize,
        out: *mut u8,
        room: usize,
        len: *mut usize,
    ) -> i32;
    fn ophio_proguard_remap_stacktrace(m: Handle, p: *const u8, n: usize, out: *mut Slice) -> i32;
    fn ophio_stacktrace_check(p: *const u8, n: usize) -> i32;
    fn ophio_stacktrace_pack(f: *const Frame, n: usize, e: *const Slice, out: *mut Slice) -> i32;
    fn ophio_stacktrace_pack_event_frames(p: *const u8, n: usize, out: *mut Slice) -> i32;
    fn ophio_str_free(string: *mut Slice);
}

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

const KNOWN: [&[u8]; 10] = [
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
];

impl Buffer<'_> {
    fn get(&self) -> Slice {
        let bytes: &[u8] = match self {
            Buffer::Bytes(bytes) => bytes,
            Buffer::Text(text) => text.as_bytes(),
            Buffer::Known(number) => KNOWN[usize::from(*number) % KNOWN.len()],
            Buffer::Null => {
                return Slice {
                    data: ptr::null(),
                    len: 0,
                }
            }
            Buffer::NullWithLength(len) => {
                return Slice {
                    data: ptr::null(),
                    len: usize::from(*len),
                }
            }
            Buffer::Huge => {
                return Slice {
                    data: b"a".as_ptr(),
                    len: usize::MAX,
                }
            }
        };
        Slice {
            data: bytes.as_ptr(),
            len: bytes.len(),
        }
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
    Codeowners(Buffer<'a>, u32, usize, Buffer<'a>),
    Proguard(Buffer<'a>, Buffer<'a>),
    Pack(Buffer<'a>),
}

/// Reads every byte of a text that the library made, and frees it twice, as it may be.
unsafe fn read(status: i32, mut string: Slice) {
    if status == 0 && string.len > 0 {
        let bytes = std::slice::from_raw_parts(string.data, string.len);
        std::hint::black_box(bytes.iter().fold(0_u8, |sum, byte| sum ^ byte));
    }
    ophio_str_free(&mut string);
    assert!(string.data.is_null());
    ophio_str_free(&mut string);
}

/// A failure has a message, and a status other than PANIC.
unsafe fn check(status: i32) {
    if status != 0 {
        let message = ophio_last_error_message();
        assert_eq!(status, ophio_last_error_code());
        let text = std::slice::from_raw_parts(message.data, message.len);
        let text = std::str::from_utf8(text).expect("messages are UTF-8");
        assert!(status > 1 && !text.is_empty(), "{status} {text}");
    }
}

const EMPTY: Slice = Slice {
    data: ptr::null(),
    len: 0,
};

macro_rules! text_of {
    ($out:ident => $call:expr) => {{
        let mut string = EMPTY;
        let $out = &mut string;
        let status = $call;
        check(status);
        read(status, string);
    }};
}

/// What is alive.
#[derive(Default)]
struct Alive {
    caches: Vec<Handle>,
    rules: Vec<Handle>,
}

fn choose(handles: &[Handle], number: u8) -> Handle {
    match handles.len() {
        0 => ptr::null_mut(),
        len => handles
            .get(usize::from(number) % (len + 1))
            .copied()
            .unwrap_or(ptr::null_mut()),
    }
}

unsafe fn run(alive: &mut Alive, call: &Call<'_>) {
    match call {
        Call::Cache(size) => alive.caches.push(ophio_cache_new(*size)),
        Call::Parse(text, cache, how) => {
            let (text, cache) = (text.get(), choose(&alive.caches, *cache));
            let made = match how % 3 {
                0 => ophio_enhancements_parse(text.data, text.len, cache),
                1 => ophio_enhancements_from_config_structure(text.data, text.len, cache),
                _ => ophio_enhancements_from_base64(text.data, text.len, cache),
            };
            if made.is_null() {
                check(ophio_last_error_code());
            } else {
                alive.rules.push(made);
            }
        }
        Call::Check(text, lenient) => {
            let text = text.get();
            let mut list = ptr::null_mut();
            check(ophio_enhancements_check(
                text.data, text.len, *lenient, &mut list,
            ));
            let len = ophio_diagnostics_len(list);
            for index in 0..=len.min(20) {
                let mut place = [0; 32];
                assert_eq!(
                    ophio_diagnostics_get(list, index, &mut place) == 0,
                    index < len
                );
            }
            ophio_diagnostics_free(list);
        }
        Call::Ask(rules, frames, odd) => {
            let rules = choose(&alive.rules, *rules);
            let frames: Vec<_> = frames
                .iter()
                .map(|(function, path, in_app, orig)| Frame {
                    texts: [EMPTY, EMPTY, function.get(), EMPTY, EMPTY, path.get()],
                    in_app: *in_app % 4,
                    has_orig_in_app: *in_app / 128,
                    orig_in_app: *orig,
                })
                .collect();
            let mut applied = vec![Applied::default(); frames.len()];
            let (data, len) = (frames.as_ptr(), frames.len());
            let status =
                ophio_enhancements_apply(rules, data, len, ptr::null(), applied.as_mut_ptr());
            check(status);
            for each in &applied {
                if status == 0 && each.category >= 0 {
                    text_of!(out => ophio_enhancements_category(rules, each.category as u32, out));
                }
            }
            let mut components = vec![
                Component {
                    hint: 0,
                    contributes: odd % 4
                };
                len + usize::from(odd % 3)
            ];
            let mut result = [0_u64; 8];
            let status = ophio_enhancements_assemble(
                rules,
                data,
                len,
                ptr::null(),
                components.as_mut_ptr(),
                components.len(),
                &mut result,
            );
            check(status);
            if status == 0 {
                let hint = Slice {
                    data: result[1] as *const u8,
                    len: result[2] as usize,
                };
                read(0, hint);
                for each in components.iter().filter(|each| each.hint != 0) {
                    text_of!(out => ophio_enhancements_hint(rules, each.hint, out));
                }
            }
            text_of!(out => ophio_stacktrace_pack(data, len, ptr::null(), out));
        }
        Call::AskPacked(rules, packed, contributes, room) => {
            let (rules, packed) = (choose(&alive.rules, *rules), packed.get());
            let mut codes = vec![0; usize::from(*room)];
            let (place, len) = (codes.as_mut_ptr(), codes.len());
            check(ophio_stacktrace_check(packed.data, packed.len));
            check(ophio_enhancements_apply_packed(
                rules,
                packed.data,
                packed.len,
                place,
                len,
            ));
            let threads = usize::from(*room % 3);
            check(ophio_enhancements_apply_batch(
                rules,
                packed.data,
                packed.len,
                threads,
                place,
                len,
            ));
            let (given, count) = (contributes.as_ptr(), contributes.len());
            check(ophio_enhancements_assemble_packed(
                rules,
                packed.data,
                packed.len,
                given,
                count,
                place,
                len,
            ));
            text_of!(out => ophio_enhancements_explain(
                rules, packed.data, packed.len, given, count, 0, usize::from(*room), out
            ));
        }
        Call::AskRules(rules, number, how) => {
            let rules = choose(&alive.rules, *rules);
            match how % 6 {
                0 => text_of!(out => ophio_enhancements_rule(rules, *number as usize, out)),
                1 => text_of!(out => ophio_enhancements_describe(rules, out)),
                2 => text_of!(out => ophio_enhancements_to_base64(rules, out)),
                3 => text_of!(out => ophio_enhancements_to_text(rules, out)),
                4 => check(ophio_enhancements_set_memo_bytes(rules, *number as usize)),
                _ => {
                    let part = ophio_enhancements_part(rules, *number % 4);
                    if part.is_null() {
                        check(ophio_last_error_code());
                    } else {
                        alive.rules.push(part);
                    }
                }
            }
        }
        Call::Extend(rules, other) => {
            let (rules, other) = (choose(&alive.rules, *rules), choose(&alive.rules, *other));
            // Doubling again and again is what limits are for, and takes a while until there.
            if rules.is_null() || ophio_enhancements_len(rules) < 1_000 {
                check(ophio_enhancements_extend_from(rules, other));
            }
        }
        Call::Free(number) => {
            if !alive.rules.is_empty() {
                let index = usize::from(*number) % alive.rules.len();
                ophio_enhancements_free(alive.rules.swap_remove(index));
            } else if let Some(cache) = alive.caches.pop() {
                ophio_cache_free(cache);
            }
        }
        Call::Preview(old, new, packed) => {
            let packed = packed.get();
            let preview = ophio_preview_new(choose(&alive.rules, *old), choose(&alive.rules, *new));
            check(ophio_preview_add(preview, packed.data, packed.len, 2));
            text_of!(out => ophio_preview_report(preview, out));
            ophio_preview_free(preview);
        }
        Call::Glob(pattern, options, value) => {
            let (pattern, value) = (pattern.get(), value.get());
            let glob = ophio_glob_new(pattern.data, pattern.len, options % 32, ptr::null_mut());
            if ophio_glob_is_match(glob, value.data, value.len) < 0 {
                check(ophio_last_error_code());
            }
            let mut matched = [0; 2];
            check(ophio_glob_match_packed(
                glob,
                value.data,
                value.len,
                matched.as_mut_ptr(),
                2,
            ));
            text_of!(out => ophio_glob_escape(pattern.data, pattern.len, out));
            ophio_glob_free(glob);
        }
        Call::GlobSet(patterns, options, value) => {
            let (patterns, value) = (patterns.get(), value.get());
            let set = ophio_glob_set_new(patterns.data, patterns.len, options % 32);
            let mut numbers = [0; 2];
            let found = ophio_glob_set_matches(set, value.data, value.len, numbers.as_mut_ptr(), 2);
            if found < 0 {
                check(ophio_last_error_code());
            }
            ophio_glob_set_free(set);
        }
        Call::Codeowners(text, dialect, most, paths) => {
            let (text, paths) = (text.get(), paths.get());
            let file = ophio_codeowners_parse(text.data, text.len, dialect % 3, *most);
            let mut winners = [0; 4];
            check(ophio_codeowners_find_packed(
                file,
                paths.data,
                paths.len,
                winners.as_mut_ptr(),
                4,
            ));
            if ophio_codeowners_is_path_match(paths.data, paths.len, text.data, text.len) < 0 {
                check(ophio_last_error_code());
            }
            ophio_codeowners_free(file);
        }
        Call::Proguard(mapping, name) => {
            let (mapping, name) = (mapping.get(), name.get());
            let mapper = ophio_proguard_new(mapping.data, mapping.len);
            let mut borrowed = EMPTY;
            check(ophio_proguard_remap_class(
                mapper,
                name.data,
                name.len,
                &mut borrowed,
            ));
            let mut frames = [0; 64];
            let mut len = 0;
            check(ophio_proguard_remap_frames(
                mapper,
                name.data,
                name.len,
                frames.as_mut_ptr(),
                64,
                &mut len,
            ));
            text_of!(out => ophio_proguard_remap_stacktrace(mapper, name.data, name.len, out));
            ophio_proguard_free(mapper);
        }
        Call::Pack(data) => {
            let data = data.get();
            text_of!(out => ophio_stacktrace_pack_event_frames(data.data, data.len, out));
        }
    }
}

fuzz_target!(|calls: Vec<Call<'_>>| {
    let mut alive = Alive::default();
    // SAFETY: handles are NULL or alive, buffers as long as is said or refused unread.
    unsafe {
        for call in calls.iter().take(30) {
            run(&mut alive, call);
        }
        for rules in alive.rules {
            ophio_enhancements_free(rules);
        }
        for cache in alive.caches {
            ophio_cache_free(cache);
        }
    }
});
