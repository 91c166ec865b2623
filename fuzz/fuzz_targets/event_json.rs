//! Events as lines of JSON: any bytes, through both readers, and the same events alone.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use ophio::enhancements::preview::Preview;
use ophio::enhancements::stacktrace::json::pack_lines;
use ophio::enhancements::{Cache, Enhancements};
use ophio::fingerprints::{Event, FingerprintRules, UnknownVariable};

static RULES: LazyLock<Enhancements> = LazyLock::new(|| {
    let text = "function:a* -app\npath:**/b +app category=x\ntype:* value:* -group\n";
    Enhancements::parse(text, &Cache::new(0)).unwrap()
});
static FINGERPRINTS: LazyLock<FingerprintRules> = LazyLock::new(|| {
    let text = "type:a* tags.a:b -> {{ message }}, {{ tags.a }}\nmessage:*a* level:error -> x\n\
                stack.function:*a* -> {{ stack.abs_path }} title=\"{{ error.value }}\"\n";
    FingerprintRules::parse(text).unwrap()
});

fuzz_target!(|data: &[u8]| {
    let mut preview = Preview::new(&RULES, &Enhancements::empty());
    let added = preview.add_json_lines(data, 1).expect("packed by us");
    // One reader stops before the first line that is not an event, the other one fails.
    let events = &data[..added.bytes];
    assert_eq!(pack_lines(data).is_ok(), events.len() == data.len());
    let packed = pack_lines(events).expect("read before");
    assert_eq!(array_len(&packed), Some(added.stacktraces));
    let mut one_by_one = Preview::new(&RULES, &Enhancements::empty());
    for line in events.split_inclusive(|&byte| byte == b'\n') {
        let alone = one_by_one.add_json_lines(line, 1).expect("read before");
        assert_eq!(alone.bytes, line.len());
    }
    assert_eq!(preview.report().to_json(), one_by_one.report().to_json());
    let _ = FINGERPRINTS.match_json_lines(data, UnknownVariable::Keep);
    for line in data.split(|&byte| byte == b'\n') {
        if let Ok(event) = Event::from_json(line) {
            let _ = FINGERPRINTS.explain(&event).to_json();
        }
    }
});

/// The length of a MessagePack array.
fn array_len(packed: &[u8]) -> Option<usize> {
    match *packed {
        [len @ 0x90..=0x9f, ..] => Some(usize::from(len - 0x90)),
        [0xdc, a, b, ..] => Some(usize::from(u16::from_be_bytes([a, b]))),
        _ => None,
    }
}
