//! Parameterization: what a call consists of, and texts that need many states.
//!
//! `benches/parameterization.py` runs this and writes the figures into its table.

#![allow(missing_docs)] // criterion's macro makes a function without

use std::hint::black_box;

use criterion::{criterion_group, criterion_main, BatchSize, Criterion};
use ophio::parameterization::{default_patterns, Limits, Parameterizer, Pattern, EXAMPLES};

/// A message with two values.
const MESSAGE: &str = "Connection to 10.0.0.7:5432 timed out";

/// A text of the same length that must be read, because of its `:`, and has no match.
const READ: &str = "Connection to a server: timed out :-(";

/// The size of the texts that need many states.
const BYTES: usize = 1 << 20;

fn compiled(patterns: &[Pattern]) -> Parameterizer {
    Parameterizer::new(patterns, None, Limits::default()).expect("the patterns are valid")
}

/// Joins random pieces of all examples.
fn pieces() -> String {
    let mut random = fastrand::Rng::with_seed(5);
    let examples: Vec<_> = EXAMPLES.iter().flat_map(|each| each.matching).collect();
    let mut text = String::with_capacity(BYTES + 100);
    while text.len() < BYTES {
        let example: Vec<_> = examples[random.usize(..examples.len())].chars().collect();
        let start = random.usize(..example.len());
        let end = random.usize(start..=example.len());
        text.extend(&example[start..end]);
    }
    text
}

fn messages(criterion: &mut Criterion) {
    let parameterizer = compiled(&default_patterns());
    assert_eq!(MESSAGE.len(), READ.len());
    assert_eq!(parameterizer.find(MESSAGE).map(|found| found.len()), Ok(2));
    assert_eq!(parameterizer.find(READ), Ok(Vec::new()));
    let mut group = criterion.benchmark_group("parameterization");
    for (name, text) in [("empty", ""), ("read", READ), ("message", MESSAGE)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                parameterizer
                    .parameterize(black_box(text))
                    .map(|it| it.len())
            });
        });
    }
    group.bench_function("compile", |bencher| {
        bencher.iter(|| compiled(&default_patterns()));
    });
    group.finish();
}

fn states(criterion: &mut Criterion) {
    let mut random = fastrand::Rng::with_seed(7);
    // Each match has an `x`: a text without one is skipped.
    let mut letters = String::from("x");
    letters.extend((0..BYTES).map(|_| if random.bool() { 'a' } else { 'b' }));
    let counted = [Pattern::new("counted", "x[ab]{200}b")];
    let mut group = criterion.benchmark_group("parameterization");
    group.sample_size(10);
    for (name, patterns, text) in [
        ("pieces", &default_patterns()[..], pieces()),
        ("counted", &counted, letters),
    ] {
        group.bench_function(name, |bencher| {
            // A new list each time: it has no states yet.
            bencher.iter_batched(
                || compiled(patterns),
                |fresh| fresh.parameterize(black_box(&text)).map(|it| it.len()),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, messages, states);
criterion_main!(benches);
