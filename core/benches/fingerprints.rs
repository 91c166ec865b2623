//! Fingerprint rules: parsing, and an event that no rule matches.

#![allow(missing_docs)] // criterion's macro makes a function without

use std::fmt::Write;
use std::hint::black_box;

use criterion::{criterion_group, criterion_main, BatchSize, Criterion, Throughput};
use ophio::fingerprints::{Event, FingerprintRules};

/// Rules of each kind, none of which matches [`event`].
fn rules(count: usize) -> String {
    let mut text = String::new();
    for n in 0..count {
        let _ = match n % 8 {
            0 => writeln!(
                text,
                "error.type:Error{n} error.value:\"*id {n} *\" -> db, {{{{ type }}}}"
            ),
            1 => writeln!(
                text,
                "message:\"*service-{n}*\" level:error -> s{n} title=\"{{{{ type }}}}\""
            ),
            2 => writeln!(
                text,
                "module:app.module{n}.* function:handle_* -> module{n}"
            ),
            3 => writeln!(
                text,
                "path:**/plugin{n}/*.js app:yes -> plugin{n}, {{{{ default }}}}"
            ),
            4 => writeln!(text, "family:native package:**/lib{n}.so -> lib{n}"),
            5 => writeln!(
                text,
                "sdk:sentry.php logger:app.logger{n} !level:warning -> l{n}"
            ),
            6 => writeln!(
                text,
                "tags.customer:c-{n} release:app@{n}.* -> {{{{ tags.customer }}}}"
            ),
            _ => writeln!(
                text,
                "!type:Known* value:\"*code {n}\" -> {{{{ function }}}} c{n}"
            ),
        };
    }
    text
}

/// An event of 5 kB.
fn event() -> String {
    let frame = |n| {
        format!(
            r#"{{"function": "handle_{n}", "module": "shop.views.cart{n}", "filename": "shop/views/cart{n}.py",
            "abs_path": "/srv/app/shop/views/cart{n}.py", "lineno": {n}, "in_app": true,
            "context_line": "    return cart.total(\"{n}\")"}}"#
        )
    };
    let frames: Vec<_> = (0..20).map(frame).collect();
    format!(
        r#"{{"platform": "python", "level": "error", "logger": "shop", "release": "shop@1.2",
        "sdk": {{"name": "sentry.python.django"}}, "tags": [["customer", "acme"], ["env", "prod"]],
        "exception": {{"values": [{{"type": "KeyError", "value": "no such article: 17",
        "stacktrace": {{"frames": [{}]}}}}]}}}}"#,
        frames.join(",")
    )
}

fn fingerprints(criterion: &mut Criterion) {
    let json = event();
    for count in [300, 10_000] {
        let text = rules(count);
        let rules = FingerprintRules::parse(&text).expect("the rules are valid");
        let mut group = criterion.benchmark_group(format!("fingerprints_{count}"));
        group.throughput(Throughput::Elements(count as u64));
        // Rules that were read before are found again by their text: each of these is new.
        let mut number = 0;
        let mut new = |text: &str| {
            number += 1;
            text.replacen("Error0", &format!("Error0x{number}"), 1)
        };
        group.bench_function("parse", |bencher| {
            let parse = |text: String| FingerprintRules::parse(black_box(&text));
            bencher.iter_batched(|| new(&text), parse, BatchSize::LargeInput);
        });
        let stored = rules.to_json();
        let event = Event::from_json(json.as_bytes()).expect("an event");
        let read = |stored: &str| {
            let rules = FingerprintRules::from_json(stored.as_bytes()).expect("stored rules");
            assert_eq!(rules.first_match(&event), None);
        };
        group.bench_function("never_seen", |bencher| {
            let read = |stored: String| read(black_box(&stored));
            bencher.iter_batched(|| new(&stored), read, BatchSize::LargeInput);
        });
        group.bench_function("seen_before", |bencher| {
            bencher.iter(|| read(black_box(&stored)));
        });
        group.throughput(Throughput::Bytes(json.len() as u64));
        group.bench_function("no_match", |bencher| {
            bencher.iter(|| {
                let event = Event::from_json(black_box(json.as_bytes())).expect("an event");
                let found = rules.first_match(&event);
                assert_eq!(found, None);
            });
        });
        group.finish();
    }
}

criterion_group!(benches, fingerprints);
criterion_main!(benches);
