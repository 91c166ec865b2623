//! Random rules and frames for the tests of the engine.

use crate::enhancements::fields::{Subject, TextField};
use crate::enhancements::frame::Frame;
use crate::testing::Random;

const GLOBS: [&str; 30] = [
    "a",
    "b",
    "a*",
    "*b",
    "*",
    "foo::*",
    "*o*",
    "**/b",
    "/a/**",
    "**/node_modules/**",
    "*.py",
    "**.py",
    "?",
    "[ab]",
    "[!a]*",
    "{a,b}",
    "{a,foo}*",
    "[",
    "a?",
    "é",
    "[é]*",
    "**",
    "**/*.py",
    "a/**/b",
    "/**",
    "*/b*",
    "FOO*",
    "x",
    "{a",
    "**/{a,b}/*",
];
pub(super) const FAMILIES: [&str; 8] = [
    "native",
    "javascript",
    "other",
    "all",
    "native,javascript",
    "nonsense",
    "",
    "other,x",
];
const ACTIONS: [&str; 18] = [
    "+app",
    "-app",
    "^+app",
    "^-app",
    "v+app",
    "v-app",
    "+group",
    "-group",
    "^+group",
    "^-group",
    "v+group",
    "v-group",
    "category=a",
    "category=b",
    "category=foo",
    "max-frames=2",
    "min-frames=2",
    "invert-stacktrace=1",
];

fn matcher(random: &mut Random) -> String {
    let bang = if random.one_in(4) { "!" } else { "" };
    let often = [
        "function", "function", "module", "path", "path", "package", "category", "category",
        "family", "app",
    ];
    // Every text field occurs, also one that is not in this list.
    let name = if random.one_in(5) {
        Subject::Text(*random.pick(&TextField::ALL)).name()
    } else {
        *random.pick(&often)
    };
    let argument = match name {
        "family" => *random.pick(&FAMILIES),
        "app" => *random.pick(&["1", "no", "maybe"]),
        _ => *random.pick(&GLOBS),
    };
    format!("{bang}{name}:\"{argument}\"")
}

/// Returns a rule. It is valid, except that the pattern of an exception may be invalid.
pub(in crate::enhancements) fn rule(random: &mut Random) -> String {
    let mut parts = Vec::new();
    if random.one_in(5) {
        parts.push(format!("[ {} ] |", matcher(random)));
    }
    for _ in 0..=random.0.usize(..3) {
        parts.push(matcher(random));
    }
    if random.one_in(8) {
        let name = *random.pick(&["type", "value", "mechanism", "!type"]);
        parts.push(format!(
            "{name}:\"{}\"",
            random.pick(&["a*", "b", "*", "<unknown>"])
        ));
    }
    if random.one_in(5) {
        parts.push(format!("| [ {} ]", matcher(random)));
    }
    for _ in 0..=random.0.usize(..3) {
        parts.push((*random.pick(&ACTIONS)).to_owned());
    }
    parts.join(" ")
}

const TEXTS: [&str; 10] = [
    "a",
    "b",
    "ab",
    "foo::bar",
    "foo",
    "/a/b",
    "a/b.py",
    "b/node_modules/a.py",
    "a\nb",
    "é",
];

fn text(random: &mut Random) -> Option<&'static str> {
    (!random.one_in(3)).then(|| *random.pick(&TEXTS))
}

/// Returns a frame.
pub(in crate::enhancements) fn frame(random: &mut Random) -> Frame<'static> {
    Frame {
        category: random
            .one_in(3)
            .then(|| *random.pick(&["a", "b", "own", "é"])),
        family: (!random.one_in(4)).then(|| *random.pick(&FAMILIES)),
        function: text(random),
        module: text(random),
        package: text(random),
        path: text(random),
        in_app: *random.pick(&[None, Some(true), Some(false)]),
        orig_in_app: *random.pick(&[None, None, Some(0), Some(1), Some(-1)]),
    }
}
