//! The engine beside the interpreter, on the same stack traces, in one run.
//!
//! Real stack traces and rules are taken from ../shared/data where that is, else the
//! fixtures of this project. `make bench` puts the numbers into benches/results.md.

#![allow(missing_docs)] // criterion's macro makes a function without

use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use criterion::{criterion_group, criterion_main, BatchSize, Criterion, Throughput};
use ophio::enhancements::stacktrace::msgpack::{self, pack};
use ophio::enhancements::{interpreter, Cache, Component, Enhancements, ExceptionData, Frame};

/// A stack trace in all the forms that are measured.
struct Trace {
    exception: ExceptionData<'static>,
    frames: Vec<Frame<'static>>,
    packed: Vec<u8>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The rules' text and the stack traces. Their texts live as long as the process.
fn load() -> (String, Vec<Trace>) {
    let shared = root().join("../shared/data");
    let ours = root().join("tests/fixtures/stacktraces.jsonl");
    let lines = fs::read_to_string(shared.join("stacktraces.jsonl"))
        .unwrap_or_else(|_| fs::read_to_string(ours).expect("the fixtures are there"));
    let rules = fs::read_to_string(shared.join("newstyle@2023-01-11.txt")).unwrap_or_else(|_| {
        let default = root().join("python/sentry_ophio/data/default.rules");
        fs::read_to_string(default).expect("the default rules are there")
    });
    (rules, lines.lines().map(trace).collect())
}

fn trace(line: &str) -> Trace {
    let value: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
    let value: &'static serde_json::Value = Box::leak(Box::new(value));
    let exception = &value["exception"];
    let exception = ExceptionData {
        ty: exception["ty"].as_str(),
        value: exception["value"].as_str(),
        mechanism: exception["mechanism"].as_str(),
    };
    let frames: Vec<_> = value["frames"]
        .as_array()
        .expect("frames are a list")
        .iter()
        .map(|frame| Frame {
            category: frame["category"].as_str(),
            family: frame["family"].as_str(),
            function: frame["function"].as_str(),
            module: frame["module"].as_str(),
            package: frame["package"].as_str(),
            path: frame["path"].as_str(),
            in_app: frame["in_app"].as_bool(),
            orig_in_app: frame["orig_in_app"].as_i64().map(|n| n as i8),
        })
        .collect();
    let packed = pack(&exception, &frames).expect("it can be packed");
    Trace {
        exception,
        frames,
        packed,
    }
}

fn parse(text: &str) -> Enhancements {
    Enhancements::parse(text, &Cache::new(0)).expect("the rules are good")
}

/// Returns rules that match none of the frames, like the rules of other projects.
fn more_rules(count: usize) -> String {
    let rule = |n: usize| match n % 4 {
        0 => format!("path:**/project{n}/lib{}/** -app\n", n % 97),
        1 => format!("function:company{n}::* +app\n"),
        2 => format!("module:com.company{n}.* -group\n"),
        _ => format!("package:**/lib{n}*.so category=c{}\n", n % 30),
    };
    (0..count).map(rule).collect()
}

fn apply_all(rules: &Enhancements, traces: &[Trace]) {
    let mut applied = Vec::new();
    for trace in traces {
        applied.clear();
        let stacktrace = msgpack::decode(&trace.packed).expect("it was packed");
        rules
            .apply_packed(&stacktrace, &mut applied)
            .expect("it is UTF-8");
        black_box(&applied);
    }
}

fn interpret_all(rules: &Enhancements, traces: &[Trace]) {
    for trace in traces {
        let mut frames = trace.frames.clone();
        interpreter::apply_modifications_to_frames(rules.rules(), &mut frames, &trace.exception);
        black_box(&frames);
    }
}

fn assemble_all(traces: &[Trace], assemble: impl Fn(&Trace, &mut [Component])) {
    let mut components = Vec::new();
    for trace in traces {
        components.clear();
        components.resize(trace.frames.len(), Component::new(Some(true)));
        assemble(trace, &mut components);
        black_box(&components);
    }
}

fn frames(criterion: &mut Criterion) {
    let (text, traces) = load();
    let count: usize = traces.iter().map(|trace| trace.frames.len()).sum();
    let mut group = criterion.benchmark_group("frames");
    group.throughput(Throughput::Elements(count as u64));

    let rules = parse(&text);
    interpret_all(&rules, &traces); // compiles its regexes
    group.sample_size(10);
    group.bench_function("apply interpreter", |b| {
        b.iter(|| interpret_all(&rules, &traces))
    });
    group.bench_function("assemble interpreter", |b| {
        b.iter(|| {
            assemble_all(&traces, |trace, components| {
                interpreter::assemble_stacktrace_component(
                    rules.rules(),
                    &trace.frames,
                    &trace.exception,
                    components,
                );
            });
        });
    });

    group.sample_size(50);
    let assemble_packed = |rules: &Enhancements| {
        assemble_all(&traces, |trace, components| {
            let stacktrace = msgpack::decode(&trace.packed).expect("it was packed");
            rules
                .assemble_packed(&stacktrace, components)
                .expect("it is UTF-8");
        });
    };
    group.bench_function("apply warm", |b| b.iter(|| apply_all(&rules, &traces)));
    group.bench_function("assemble warm", |b| b.iter(|| assemble_packed(&rules)));
    group.bench_function("decode", |b| {
        b.iter(|| {
            for trace in &traces {
                black_box(msgpack::decode(&trace.packed).expect("it was packed"));
            }
        });
    });
    group.bench_function("apply cold", |b| {
        b.iter_custom(|times| {
            let mut spent = Duration::ZERO;
            for _ in 0..times {
                rules.set_memo_bytes(2 << 20);
                let start = Instant::now();
                apply_all(&rules, &traces);
                spent += start.elapsed();
            }
            spent
        });
    });
    rules.set_memo_bytes(0);
    group.bench_function("apply no memo", |b| b.iter(|| apply_all(&rules, &traces)));
    for total in [5_000, 20_000] {
        let rules = parse(&(text.clone() + "\n" + &more_rules(total)));
        apply_all(&rules, &traces);
        group.bench_function(format!("apply warm, {total} rules more"), |b| {
            b.iter(|| apply_all(&rules, &traces));
        });
        rules.set_memo_bytes(0);
        group.bench_function(format!("apply no memo, {total} rules more"), |b| {
            b.iter(|| apply_all(&rules, &traces));
        });
    }
}

fn rules(criterion: &mut Criterion) {
    let (text, traces) = load();
    let mut group = criterion.benchmark_group("rules");
    group.bench_function("parse cold", |b| b.iter(|| parse(&text)));
    let cache = Cache::new(1_000);
    group.bench_function("parse repeat", |b| {
        b.iter(|| Enhancements::parse(&text, &cache).expect("the rules are good"));
    });
    group.bench_function("compile", |b| {
        b.iter(|| {
            let rules = parse(&text);
            apply_all(&rules, &traces[..1]);
            rules
        });
    });
}

/// The binary form of rules that a project could have; another seed makes other rules.
fn project(rules: usize, seed: usize) -> Vec<u8> {
    let rule = |n: usize| match n % 3 {
        0 => format!("path:**/app{seed}x{n}/** -app\n"),
        1 => format!("function:handle_{seed}x{n}* -group\n"),
        _ => format!("module:com.shop{seed}x{n}.* +app\n"),
    };
    let text: String = (0..rules).map(rule).collect();
    let structure = parse(&text).to_config_structure(2, &[]);
    structure.expect("version 2 can be written")
}

/// What a service does for each event: rule sets are made, asked once or twice, and dropped.
fn events(criterion: &mut Criterion) {
    let (_, traces) = load();
    let shared = root().join("../shared/data/all-platforms@2026-01-20.txt");
    let text = fs::read_to_string(shared).unwrap_or_else(|_| load().0);
    let all = traces.iter().flat_map(|trace| trace.frames.iter());
    let frames: Vec<_> = all.copied().cycle().take(20).collect();
    let packed = pack(&ExceptionData::default(), &frames).expect("it can be packed");
    let stacktrace = msgpack::decode(&packed).expect("it was packed");
    let cache = Cache::new(1_000);
    let base = Enhancements::parse(&text, &cache).expect("the rules are good");
    let read = |bytes: &[u8]| {
        Enhancements::from_config_structure(bytes, &cache).expect("the structure is good")
    };
    let own = read(&project(23, 0));
    let fifty = read(&project(51, 0));
    let merged = |sets: &[&Enhancements]| {
        let mut merged = Enhancements::empty();
        sets.iter().for_each(|rules| merged.extend_from(rules));
        merged
    };
    let apply = |rules: &Enhancements| {
        let mut applied = Vec::new();
        let result = rules.apply_packed(&stacktrace, &mut applied);
        result.expect("it is UTF-8");
        applied
    };
    let assemble = |rules: &Enhancements| {
        let mut components = vec![Component::new(Some(true)); frames.len()];
        let result = rules.assemble_packed(&stacktrace, &mut components);
        (result.expect("it is UTF-8"), components)
    };

    let mut group = criterion.benchmark_group("events");
    group.bench_function("merge built-in and own rules", |b| {
        b.iter(|| merged(&[&base, &own]));
    });
    group.bench_function("merge built-in and own rules, apply", |b| {
        b.iter(|| apply(&merged(&[&base, &own])));
    });
    group.bench_function("merge 51 rules, assemble", |b| {
        b.iter(|| assemble(&merged(&[&fifty])));
    });
    let known = project(100, 0);
    group.bench_function("read 100 rules seen before", |b| b.iter(|| read(&known)));
    let mut seed = 0;
    let mut unseen = || {
        seed += 1;
        project(100, seed)
    };
    group.bench_function("read 100 rules never seen", |b| {
        b.iter_batched(&mut unseen, |bytes| read(&bytes), BatchSize::SmallInput);
    });
    group.bench_function("read 100 rules never seen, apply", |b| {
        b.iter_batched(
            &mut unseen,
            |bytes| apply(&read(&bytes)),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("read 100 rules never seen, apply 10 times", |b| {
        b.iter_batched(
            &mut unseen,
            |bytes| {
                let rules = read(&bytes);
                (0..10).for_each(|_| drop(apply(&rules)));
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, frames, rules, events);
criterion_main!(benches);
