//! Packed frames: any bytes, through everything that reads them.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use ophio::enhancements::preview::Preview;
use ophio::enhancements::stacktrace::event::pack_event_frames;
use ophio::enhancements::stacktrace::msgpack::{self, pack};
use ophio::enhancements::stacktrace::view::StacktraceView;
use ophio::enhancements::{Cache, Component, Enhancements};

static RULES: LazyLock<Enhancements> = LazyLock::new(|| {
    let text = "function:a* -app\npath:**/b +app category=x\n[ app:no ] | family:native -group\n\
                category:x ^-group\ntype:* value:* max-frames=3 min-frames=1\n";
    Enhancements::parse(text, &Cache::new(0)).unwrap()
});

fn ask(stacktrace: &StacktraceView<'_>) {
    let mut applied = Vec::new();
    if RULES.apply_packed(stacktrace, &mut applied).is_ok() {
        assert_eq!(applied.len(), stacktrace.frames.len());
        let mut components = vec![Component::new(None); applied.len()];
        RULES
            .assemble_packed(stacktrace, &mut components)
            .expect("frames were good");
        let frames = stacktrace.unpack().expect("frames were good");
        let again = pack(&stacktrace.exception, &frames).unwrap();
        let again = msgpack::decode(&again).expect("packed by us");
        assert_eq!(again.unpack().unwrap(), frames);
    }
}

fuzz_target!(|data: &[u8]| {
    if let Ok(packed) = pack_event_frames(data) {
        ask(&msgpack::decode(&packed).expect("packed by us"));
    }
    if let Ok(stacktrace) = msgpack::decode(data) {
        ask(&stacktrace);
    }
    if let Ok(stacktraces) = msgpack::decode_many(data) {
        stacktraces.iter().for_each(ask);
        let _ = RULES.apply_batch(&stacktraces, 1);
        let _ = Preview::new(&RULES, &Enhancements::empty()).add(&stacktraces, 1);
    }
});
