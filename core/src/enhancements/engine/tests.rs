//! The engine against the interpreter, on random rules and stack traces.

use crate::enhancements::stacktrace::msgpack::{self, pack};
use crate::enhancements::stacktrace::view::StacktraceView;
use crate::enhancements::testing::{frame, rule};
use crate::enhancements::{
    interpreter, AppliedFrame, AssembleResult, Cache, Component, Enhancements, ExceptionData, Frame,
};
use crate::testing::{cases, slow_cases, Random};

/// Few different words, so that rules match frames.
/// The results of both passes: category and in_app of each frame, and the rest.
type Answers = (
    Vec<(Option<String>, Option<bool>)>,
    AssembleResult,
    Vec<Component>,
);

fn interpreted(
    rules: &Enhancements,
    frames: &[Frame<'_>],
    exception: &ExceptionData<'_>,
    start: &[Component],
) -> Answers {
    let mut after = frames.to_vec();
    interpreter::apply_modifications_to_frames(rules.rules(), &mut after, exception);
    let mut components = start.to_vec();
    let result = interpreter::assemble_stacktrace_component(
        rules.rules(),
        frames,
        exception,
        &mut components,
    );
    let told = |frame: &Frame<'_>| (frame.category.map(str::to_owned), frame.in_app);
    (after.iter().map(told).collect(), result, components)
}

fn by_engine(
    rules: &Enhancements,
    frames: &[Frame<'_>],
    packed: &StacktraceView<'_>,
    start: &[Component],
) -> Answers {
    let mut applied = Vec::new();
    rules.apply_packed(packed, &mut applied).unwrap();
    let mut components = start.to_vec();
    let result = rules.assemble_packed(packed, &mut components).unwrap();
    let told = |(frame, applied): (&Frame<'_>, &AppliedFrame)| {
        let category = match applied.category {
            Some(number) => Some(rules.categories()[number as usize].to_string()),
            None => frame.category.map(str::to_owned),
        };
        (category, applied.in_app)
    };
    (
        frames.iter().zip(&applied).map(told).collect(),
        result,
        components,
    )
}

/// Asserts that all implementations have the same results: twice, so that the memo is used as well.
fn compare(
    rules: &Enhancements,
    text: &str,
    frames: &[Frame<'_>],
    exception: &ExceptionData<'_>,
    start: &[Component],
) {
    let expected = interpreted(rules, frames, exception, start);
    let packed = pack(exception, frames).unwrap();
    let packed = msgpack::decode(&packed).unwrap();
    // Without an index, with one, and with the memo.
    for _ in 0..4 {
        let seen = by_engine(rules, frames, &packed, start);
        assert_eq!(
            seen, expected,
            "{text}\n{frames:#?}\n{exception:?}\n{start:?}"
        );
    }
    let mut after = frames.to_vec();
    let mut components = start.to_vec();
    let result = rules.assemble_stacktrace_component(frames, exception, &mut components);
    let shared = rules.clone();
    shared.apply_modifications_to_frames(&mut after, exception);
    let told = |frame: &Frame<'_>| (frame.category.map(str::to_owned), frame.in_app);
    assert_eq!(
        (after.iter().map(told).collect(), result, components),
        expected,
        "{text}"
    );
}

#[test]
fn the_engine_says_what_the_interpreter_says() {
    let mut random = Random::new(1);
    let mut done = 0;
    while done < slow_cases(20_000) {
        let count = random.0.usize(..12);
        let text: Vec<String> = (0..count).map(|_| rule(&mut random)).collect();
        let text = text.join("\n");
        let Ok(rules) = Enhancements::parse(&text, &Cache::new(0)) else {
            continue; // the pattern of an exception that is not valid
        };
        rules.set_memo_bytes(*random.pick(&[0, 4_000, 1 << 20]));
        for _ in 0..10 {
            let longest = *random.pick(&[3, 8, 8, 8, 66, 130]);
            let frames: Vec<_> = (0..random.0.usize(..=longest))
                .map(|_| frame(&mut random))
                .collect();
            let exception = ExceptionData {
                ty: text_of(&mut random),
                value: text_of(&mut random),
                mechanism: text_of(&mut random),
            };
            let components = if random.one_in(4) {
                random.0.usize(..10)
            } else {
                frames.len()
            };
            let start: Vec<_> = (0..components)
                .map(|_| Component::new(*random.pick(&[None, Some(true), Some(false)])))
                .collect();
            compare(&rules, &text, &frames, &exception, &start);
            done += 1;
        }
    }
}

fn text_of(random: &mut Random) -> Option<&'static str> {
    *random.pick(&[None, Some("a"), Some("ab"), Some("b")])
}

#[test]
fn any_number_of_frames_and_of_candidates() {
    let mut random = Random::new(2);
    // Every rule is a candidate for every frame: more than 16 bits can count.
    let many: Vec<String> = (0..300).map(|_| rule(&mut random)).collect();
    let rules = Enhancements::parse(&many.join("\n"), &Cache::new(0)).unwrap();
    let lens = [0, 1, 63, 64, 65, 127, 128, 129, 1_023, 1_025, 1_500];
    for len in lens.into_iter().filter(|&len| len <= slow_cases(1_500)) {
        let frames: Vec<_> = (0..len).map(|_| frame(&mut random)).collect();
        let start = vec![Component::new(Some(true)); len];
        compare(
            &rules,
            "300 rules",
            &frames,
            &ExceptionData::default(),
            &start,
        );
    }
    let same = "function:a* -app\n".repeat(70_000);
    let rules = Enhancements::parse(&(same + "function:ab +app"), &Cache::new(10)).unwrap();
    let frames = [Frame {
        function: Some("ab"),
        ..Frame::default()
    }];
    compare(
        &rules,
        "70,001 rules",
        &frames,
        &ExceptionData::default(),
        &[Component::default()],
    );
}

#[test]
fn two_threads_with_one_memo_say_the_same() {
    let mut random = Random::new(4);
    let text: Vec<String> = (0..60).map(|_| rule(&mut random)).collect();
    let rules = Enhancements::parse(&text.join("\n"), &Cache::new(0)).unwrap();
    rules.set_memo_bytes(20_000);
    std::thread::scope(|scope| {
        for seed in 0..2 {
            let rules = &rules;
            scope.spawn(move || {
                let mut random = Random::new(seed);
                for _ in 0..slow_cases(1_000) / 2 {
                    let frames: Vec<_> = (0..8).map(|_| frame(&mut random)).collect();
                    let start = vec![Component::default(); 8];
                    compare(rules, "threads", &frames, &ExceptionData::default(), &start);
                }
            });
        }
    });
    assert!(rules.memo_bytes_in_use() <= 21_000);
}

#[test]
fn a_text_that_is_no_utf8_is_the_same_error_with_and_without_memo() {
    let rules = Enhancements::parse("function:a +app", &Cache::new(0)).unwrap();
    let good = pack(
        &ExceptionData::default(),
        &[Frame {
            function: Some("aaaa"),
            ..Frame::default()
        }; 2],
    )
    .unwrap();
    let mut bad = good.clone();
    let at = bad.windows(4).rposition(|w| w == b"aaaa").unwrap();
    bad[at] = 0xff;
    for bytes in [0, 1 << 20] {
        rules.set_memo_bytes(bytes);
        for _ in 0..2 {
            let mut applied = Vec::new();
            rules
                .apply_packed(&msgpack::decode(&good).unwrap(), &mut applied)
                .unwrap();
            let before = applied.clone();
            let error = rules
                .apply_packed(&msgpack::decode(&bad).unwrap(), &mut applied)
                .unwrap_err();
            assert_eq!(
                error.to_string(),
                "frame 1: field `function`: invalid UTF-8"
            );
            assert_eq!(applied, before);
        }
    }
}

/// Any split of a list of rules into segments has the same results as the list, including hints and
/// numbers of rules.
#[test]
fn segments_make_what_one_list_makes() {
    let mut random = Random::new(23);
    let cache = Cache::new(0);
    for _ in 0..cases(400) {
        let text: Vec<_> = (0..random.0.usize(1..8))
            .map(|_| rule(&mut random))
            .collect();
        let Ok(whole) = Enhancements::parse(&text.join("\n"), &cache) else {
            continue; // the pattern of an exception is not valid
        };
        let mut split = Enhancements::empty();
        let mut rest = &text[..];
        while !rest.is_empty() {
            let (part, others) = rest.split_at(random.0.usize(1..=rest.len()));
            split.extend_from(&Enhancements::parse(&part.join("\n"), &cache).unwrap());
            rest = others;
        }
        assert_eq!(split, whole);
        let frames: Vec<_> = (0..random.0.usize(0..70))
            .map(|_| frame(&mut random))
            .collect();
        let exception = ExceptionData::default();
        let packed = pack(&exception, &frames).unwrap();
        let packed = msgpack::decode(&packed).unwrap();
        let len = random.0.usize(0..frames.len() + 2);
        let choice = |random: &mut Random| *random.pick(&[None, Some(false), Some(true)]);
        let start: Vec<_> = (0..len)
            .map(|_| Component::new(choice(&mut random)))
            .collect();
        // Often enough for the engine without and with an index.
        for _ in 0..6 {
            let one = by_engine(&whole, &frames, &packed, &start);
            let many = by_engine(&split, &frames, &packed, &start);
            assert_eq!(one, many, "{text:?}");
        }
        let evaluated = |rules: &Enhancements| {
            let mut matched = Vec::new();
            let evaluation = rules.evaluate(&packed, &mut matched).unwrap();
            matched.sort_unstable();
            (evaluation.app, evaluation.system, matched)
        };
        assert_eq!(evaluated(&whole), evaluated(&split), "{text:?}");
    }
}
