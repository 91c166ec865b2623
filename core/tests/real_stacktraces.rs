//! The engine says what the interpreter says, on real stack traces: those of this project,
//! and those of ../shared/data where that is.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use ophio::enhancements::stacktrace::msgpack::{self, pack};
use ophio::enhancements::{interpreter, Cache, Component, Enhancements};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Compares the two on every stack trace; returns the number of frames.
fn compare(rules: &Enhancements, lines: &str) -> usize {
    let mut count = 0;
    for line in lines.lines() {
        let trace: Value = serde_json::from_str(line).unwrap();
        let frames: Vec<_> = trace["frames"]
            .as_array()
            .unwrap()
            .iter()
            .map(common::frame)
            .collect();
        let exception = common::exception(&trace["exception"]);
        count += frames.len();
        let mut expected = frames.clone();
        interpreter::apply_modifications_to_frames(rules.rules(), &mut expected, &exception);
        let packed = pack(&exception, &frames).unwrap();
        let packed = msgpack::decode(&packed).unwrap();
        let mut applied = Vec::new();
        rules.apply_packed(&packed, &mut applied).unwrap();
        for ((before, after), applied) in frames.iter().zip(&expected).zip(&applied) {
            let category = applied.category.map(|n| &*rules.categories()[n as usize]);
            let seen = (category.or(before.category), applied.in_app);
            assert_eq!(seen, (after.category, after.in_app), "{before:?}");
        }
        // The second question is about the frames as the first one left them.
        let packed = pack(&exception, &expected).unwrap();
        let packed = msgpack::decode(&packed).unwrap();
        for start in [None, Some(true), Some(false)] {
            let mut components = vec![Component::new(start); frames.len()];
            let mut wanted = components.clone();
            let result = rules.assemble_packed(&packed, &mut components).unwrap();
            let told = interpreter::assemble_stacktrace_component(
                rules.rules(),
                &expected,
                &exception,
                &mut wanted,
            );
            assert_eq!((components, result), (wanted, told), "{line}");
        }
    }
    count
}

#[test]
fn engine_and_interpreter_agree() {
    let shared = root().join("../shared/data");
    let default = fs::read_to_string(root().join("python/sentry_ophio/data/default.rules"));
    let mut rule_sets = vec![default.unwrap()];
    let ours = fs::read_to_string(root().join("tests/fixtures/stacktraces.jsonl"));
    let mut traces = vec![ours.unwrap()];
    rule_sets.extend(fs::read_to_string(shared.join("newstyle@2023-01-11.txt")));
    traces.extend(fs::read_to_string(shared.join("stacktraces.jsonl")));

    for text in &rule_sets {
        let rules = Enhancements::parse(text, &Cache::new(0)).unwrap();
        for memo_bytes in [0, 20_000, 2 << 20] {
            rules.set_memo_bytes(memo_bytes);
            for lines in &traces {
                assert!(compare(&rules, lines) > 200);
            }
        }
    }
}
