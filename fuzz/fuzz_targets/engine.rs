//! The engine says what the interpreter says: rules and frames that meet, with a memo of any
//! size, asked twice, and in a batch.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ophio::enhancements::stacktrace::msgpack::{self, pack};
use ophio::enhancements::{interpreter, Cache, Component, Enhancements};
use ophio_fuzz::{Rules, Trace};

fuzz_target!(|case: (Rules, Vec<Trace<'_>>, u16, Option<bool>)| {
    let (Rules(text), traces, memo_bytes, start) = case;
    let Ok(rules) = Enhancements::parse(&text, &Cache::new(0)) else {
        return;
    };
    rules.set_memo_bytes(usize::from(memo_bytes));
    for Trace { exception, frames } in &traces {
        let packed = pack(exception, frames).unwrap();
        let packed = msgpack::decode(&packed).unwrap();
        let mut changed = frames.clone();
        interpreter::apply_modifications_to_frames(rules.rules(), &mut changed, exception);
        for _ in 0..2 {
            let mut applied = Vec::new();
            rules.apply_packed(&packed, &mut applied).unwrap();
            for ((before, after), applied) in frames.iter().zip(&changed).zip(&applied) {
                let category = applied.category.map(|n| &*rules.categories()[n as usize]);
                let seen = (category.or(before.category), applied.in_app);
                assert_eq!(seen, (after.category, after.in_app), "{before:?} {text}");
            }
            let mut components = vec![Component::new(start); frames.len()];
            let mut wanted = components.clone();
            let result = rules.assemble_packed(&packed, &mut components).unwrap();
            let told = interpreter::assemble_stacktrace_component(
                rules.rules(),
                frames,
                exception,
                &mut wanted,
            );
            assert_eq!((components, result), (wanted, told), "{text}");
        }
    }
});
