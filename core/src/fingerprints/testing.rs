//! Random rules and events for tests.

use crate::testing::Random;

const NAMES: [&str; 26] = [
    "type",
    "error.value",
    "message",
    "logger",
    "level",
    "module",
    "path",
    "package",
    "function",
    "app",
    "family",
    "sdk",
    "release",
    "tags.a",
    "tags.b",
    "thread.id",
    "thread.name",
    "thread.crashed",
    "thread.current",
    "\"tags.a:b\"",
    "module",
    "path",
    "value",
    "type",
    "function",
    "tags.a",
];
const PATTERNS: [&str; 34] = [
    "a",
    "b",
    "ab",
    "*",
    "a*",
    "*b",
    "?",
    "/a/b",
    "**/b",
    "a/**",
    "A",
    "é",
    "É*",
    "[ab]",
    "[",
    "{a,b}",
    "yes",
    "no",
    "native",
    "other,javascript",
    "all",
    "sentry.python",
    "\"a b\"",
    "\"\"",
    "\"\\n*\"",
    "\"a\\\\b\"",
    "*abcdef*",
    "/abcdef/*",
    "*/abcdef",
    "abcdef",
    "\"*x\ny\"",
    "\\",
    "1",
    "<unknown>",
];
const VALUES: [&str; 16] = [
    "a",
    "{{ type }}",
    "{{default}}",
    "\"a b\"",
    "title=\"{{ type }} x\"",
    "title=\"\"",
    "{{ tags.a }}",
    "{{\tnope }}",
    "}}",
    "x:y",
    "\"\\\"\"",
    "a\"b",
    "\"\"",
    "é",
    "{{a}}{{b}}",
    "\"{{ value }}\"",
];

fn matcher(random: &mut Random) -> String {
    let not = if random.one_in(4) { "!" } else { "" };
    format!("{not}{}:{}", random.pick(&NAMES), random.pick(&PATTERNS))
}

/// A valid rule.
pub(super) fn rule(random: &mut Random) -> String {
    let mut rule = String::new();
    if random.one_in(6) {
        rule += &format!("[ {} ] | ", matcher(random));
    }
    for _ in 0..random.0.usize(1..4) {
        rule += &matcher(random);
        rule += " ";
    }
    if random.one_in(6) {
        rule += &format!("| [ {} ] ", matcher(random));
    }
    rule.push_str("-> ");
    for _ in 0..random.0.usize(1..4) {
        rule.push_str(random.pick::<&str>(&VALUES));
        rule.push_str(random.pick::<&str>(&[" ", ", ", " , "]));
    }
    rule
}

/// Some rules, sometimes cut or glued to each other.
pub(super) fn text(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.0.usize(..4) {
        text += &rule(random);
        text.push_str(random.pick::<&str>(&["\n", "\n", "\r\n", "\n# comment\n", "\r", " "]));
    }
    if random.one_in(8) {
        let at = random.0.usize(..=text.len());
        if text.is_char_boundary(at) {
            text.truncate(at);
        }
    }
    text
}

const TEXTS: [&str; 24] = [
    "a",
    "b",
    "ab",
    "A",
    "B",
    "é",
    "É",
    "/a/b",
    "a/b",
    "A\\B",
    "",
    " a ",
    "x\ny",
    "abcdef",
    "xabcdefx",
    "/abcdef/x",
    "x/abcdef",
    "a b",
    "native",
    "sentry.python.x",
    "<unknown>",
    "1",
    "\\",
    "\"",
];

fn text_or_other(random: &mut Random) -> String {
    match random.0.usize(..12) {
        0 => "null".to_owned(),
        1 => "1".to_owned(),
        _ => serde_json::to_string(random.pick(&TEXTS)).unwrap_or_default(),
    }
}

/// Makes a random value.
type Make = fn(&mut Random) -> String;

fn object(random: &mut Random, fields: &[(&str, Make)]) -> String {
    let mut object = String::from("{");
    for (name, value) in fields {
        if !random.one_in(3) {
            let comma = if object.len() > 1 { ", " } else { "" };
            object += &format!("{comma}\"{name}\": {}", value(random));
        }
    }
    object + "}"
}

fn list(random: &mut Random, max: usize, element: fn(&mut Random) -> String) -> String {
    let count = random.0.usize(..=max);
    let elements: Vec<_> = (0..count)
        .map(|_| {
            if random.one_in(10) {
                "null".to_owned()
            } else {
                element(random)
            }
        })
        .collect();
    format!("[{}]", elements.join(", "))
}

fn flag(random: &mut Random) -> String {
    (*random.pick(&["true", "false", "null", "1", "\"x\""])).to_owned()
}

fn frame(random: &mut Random) -> String {
    object(
        random,
        &[
            ("function", text_or_other),
            ("raw_function", flag),
            ("module", text_or_other),
            ("package", text_or_other),
            ("abs_path", text_or_other),
            ("filename", text_or_other),
            ("platform", platform),
            ("in_app", flag),
        ],
    )
}

fn platform(random: &mut Random) -> String {
    (*random.pick(&[
        "\"native\"",
        "\"javascript\"",
        "\"x\"",
        "null",
        "\"csharp\"",
    ]))
    .to_owned()
}

fn stacktrace(random: &mut Random) -> String {
    object(random, &[("frames", |random| list(random, 4, frame))])
}

fn exception(random: &mut Random) -> String {
    object(
        random,
        &[
            ("type", text_or_other),
            ("value", text_or_other),
            ("stacktrace", stacktrace),
        ],
    )
}

fn thread(random: &mut Random) -> String {
    object(
        random,
        &[
            ("id", text_or_other),
            ("name", text_or_other),
            ("crashed", flag),
            ("current", flag),
            ("stacktrace", stacktrace),
        ],
    )
}

fn tag(random: &mut Random) -> String {
    let name = *random.pick(&["a", "b", "a:b", "c"]);
    format!("[\"{name}\", {}]", text_or_other(random))
}

/// An event, as JSON.
pub(super) fn event(random: &mut Random) -> String {
    object(
        random,
        &[
            ("platform", platform),
            ("level", text_or_other),
            ("logger", text_or_other),
            ("release", text_or_other),
            ("transaction", text_or_other),
            ("logentry", |random| {
                object(
                    random,
                    &[("formatted", text_or_other), ("message", text_or_other)],
                )
            }),
            ("sdk", |random| object(random, &[("name", text_or_other)])),
            ("tags", |random| list(random, 4, tag)),
            ("exception", |random| {
                object(random, &[("values", |random| list(random, 3, exception))])
            }),
            ("stacktrace", stacktrace),
            ("threads", |random| {
                object(random, &[("values", |random| list(random, 3, thread))])
            }),
        ],
    )
}
