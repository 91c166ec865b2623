//! What the fuzz targets share: rules and frames that meet, made of chance.
//!
//! Text that is all chance is refused in its first line. What goes deep is made of the words
//! that rules and frames have in common; the fuzzer chooses among them.

use arbitrary::{Arbitrary, Result, Unstructured};
use ophio::enhancements::{ExceptionData, Frame};

/// Matchers and actions, so that each kind is there.
const MATCHERS: [&str; 24] = [
    "function:main",
    "function:*a*",
    "function:foo::*",
    "module:org.*",
    "path:**/x/**",
    "path:*.py",
    "package:/usr/**",
    "category:c",
    "family:native",
    "family:other,javascript",
    "app:yes",
    "app:no",
    "type:*Error",
    "value:*a*",
    "mechanism:m",
    "!function:main",
    "!app:yes",
    "[ function:main ] |",
    "[ app:no ] |",
    "| [ function:*a* ]",
    "path:b/?/{c,d}",
    "function:\"main\"",
    "package:[a-c]*",
    "function:é*",
];
const ACTIONS: [&str; 14] = [
    "+app",
    "-app",
    "+group",
    "-group",
    "^-app",
    "v+app",
    "^-group",
    "v-group",
    "category=c",
    "category=d",
    "max-frames=2",
    "min-frames=2",
    "invert-stacktrace=1",
    "^+group",
];
const TEXTS: [&str; 14] = [
    "main",
    "a",
    "abc",
    "foo::bar",
    "org.example",
    "/app/x/y.py",
    "b/c/c",
    "/usr/lib/a",
    "c",
    "d",
    "",
    "é",
    "ValueError",
    "m",
];

/// Rules, one a line, that are mostly valid.
#[derive(Debug)]
pub struct Rules(pub String);

impl<'a> Arbitrary<'a> for Rules {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut text = String::new();
        for _ in 0..u.int_in_range(0..=6)? {
            for _ in 0..u.int_in_range(1..=3)? {
                text += u.choose(&MATCHERS)?;
                text.push(' ');
            }
            for _ in 0..u.int_in_range(1..=3)? {
                text += u.choose(&ACTIONS)?;
                text.push(' ');
            }
            text.push('\n');
        }
        Ok(Rules(text))
    }
}

/// A stack trace whose texts rules are likely to match.
#[derive(Debug)]
pub struct Trace<'a> {
    pub exception: ExceptionData<'a>,
    pub frames: Vec<Frame<'a>>,
}

fn text<'a>(u: &mut Unstructured<'a>) -> Result<Option<&'a str>> {
    Ok(match u.int_in_range(0..=9)? {
        0 => None,
        1 => Some(<&str>::arbitrary(u)?),
        _ => Some(*u.choose(&TEXTS)?),
    })
}

impl<'a> Arbitrary<'a> for Trace<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let exception = ExceptionData {
            ty: text(u)?,
            value: text(u)?,
            mechanism: text(u)?,
        };
        let count = u.int_in_range(0..=8)?;
        let mut frames = Vec::new();
        for _ in 0..count {
            frames.push(Frame {
                category: text(u)?,
                family: *u.choose(&[
                    None,
                    Some("native"),
                    Some("javascript"),
                    Some("other,all"),
                ])?,
                function: text(u)?,
                module: text(u)?,
                package: text(u)?,
                path: text(u)?,
                in_app: Option::arbitrary(u)?,
                orig_in_app: *u.choose(&[None, Some(0), Some(1), Some(-1), Some(2)])?,
            });
        }
        Ok(Trace { exception, frames })
    }
}
