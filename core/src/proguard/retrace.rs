//! A stack trace, line by line: each line with what it was before it was obfuscated.
//!
//! ```text
//! a.b: full                       org.example.Cart: full
//!     at a.b.a(SourceFile:5)          at org.example.Stock.take(Stock.kt:7)
//!                                     at org.example.Cart.add(Cart.java:22)
//!     at a.b.c(SourceFile)            at org.example.Cart.first(Cart.java)
//!                                     <OR> at org.example.Cart.second(Cart.java)
//!     ... 7 more                      ... 7 more
//! ```
//!
//! A line may say something about the next one, so lines are read in order: an exception about the
//! frame below it, and an outline about its caller.

use std::collections::HashSet;
use std::fmt::Write;

use super::frames::{
    alternatives, class_only, parameter_types, Context, Frame as Original, Query, Shown,
};
use super::index::Index;
use super::line::{Frame, Line};

/// A line of a stack trace, retraced.
pub struct RetracedLine<'a> {
    line: &'a str,
    /// Without the line break.
    content: &'a str,
    ending: &'a str,
    answer: Answer<'a>,
    verbose: bool,
}

enum Answer<'a> {
    Unchanged,
    /// A part of the line, and what it was.
    Replaced {
        at: std::ops::Range<usize>,
        original: &'a str,
    },
    Frames {
        parts: Frame,
        alternatives: Vec<Vec<Original<'a>>>,
    },
}

/// Retraces the lines of a text in order.
pub(super) fn lines(
    index: &Index<'_>,
    text: &str,
    verbose: bool,
    mut each: impl FnMut(RetracedLine<'_>),
) {
    let mut context = Context::default();
    for line in text.split_inclusive('\n') {
        let content = line.strip_suffix('\n').unwrap_or(line);
        let content = content.strip_suffix('\r').unwrap_or(content);
        each(RetracedLine {
            line,
            content,
            ending: &line[content.len()..],
            answer: answer(index, content, verbose, &mut context),
            verbose,
        });
    }
}

fn answer<'a>(
    index: &'a Index<'_>,
    line: &'a str,
    verbose: bool,
    context: &mut Context<'a>,
) -> Answer<'a> {
    match Line::parse(line) {
        // A message may have several lines, and a log has other lines between those of a trace.
        Line::Text => Answer::Unchanged,
        Line::Class(at) => {
            let class = &line[at.clone()];
            *context = Context {
                thrown: Some(class),
                outline: None,
            };
            index
                .original(class)
                .map_or(Answer::Unchanged, |original| Answer::Replaced {
                    at,
                    original,
                })
        }
        Line::Frame(parts) => {
            let before = std::mem::take(context);
            let query = Query {
                method: &line[parts.method.clone()],
                file: &line[parts.file.clone()],
                line: parts.number,
                verbose,
            };
            let Some(class) = index.class(&line[parts.class.clone()]) else {
                return match parts.number {
                    // Line 0 is no line.
                    Some(0) => Answer::Replaced {
                        at: parts.colon_and_number,
                        original: "",
                    },
                    _ => Answer::Unchanged,
                };
            };
            let found = alternatives(index, class, &query, before);
            let alternatives = match found {
                Some(found) => {
                    *context = found.next;
                    found.alternatives
                }
                None => vec![vec![class_only(index, class, &query)]],
            };
            Answer::Frames {
                parts,
                alternatives,
            }
        }
    }
}

/// A frame with the names of the sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetracedFrame<'a> {
    /// The full name of the class.
    pub class: &'a str,
    /// The name of the method.
    pub method: &'a str,
    /// The file, which may be empty.
    pub file: &'a str,
    /// The line, from 1; 0 if it is unknown.
    pub line: u32,
}

impl<'a> RetracedLine<'a> {
    /// Returns the line as it was given, with its line break.
    pub fn line(&self) -> &'a str {
        self.line
    }

    /// Returns the number of alternatives: 0 for a line that is not a frame of the mapping, and for
    /// a frame that the compiler made.
    pub fn len(&self) -> usize {
        match &self.answer {
            Answer::Frames { alternatives, .. } => alternatives.len(),
            _ => 0,
        }
    }

    /// Returns whether there is no alternative.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the frames of each alternative, innermost first.
    pub fn alternatives(
        &self,
    ) -> impl Iterator<Item = impl ExactSizeIterator<Item = RetracedFrame<'_>>> {
        let alternatives = match &self.answer {
            Answer::Frames { alternatives, .. } => &alternatives[..],
            _ => &[],
        };
        alternatives.iter().map(|frames| {
            frames.iter().map(|frame| RetracedFrame {
                class: frame.class,
                method: frame.method,
                file: &frame.file,
                line: match frame.shown {
                    Shown::Number(line) => line,
                    Shown::Nothing | Shown::AsWritten => 0,
                },
            })
        })
    }

    /// Appends the original lines, each with the line break of this one. The lines of several
    /// frames have one between them at least.
    pub fn print(&self, out: &mut String) {
        let (parts, alternatives) = match &self.answer {
            Answer::Unchanged => {
                out.push_str(self.content);
                out.push_str(self.ending);
                return;
            }
            Answer::Replaced { at, original } => {
                out.push_str(&self.content[..at.start]);
                out.push_str(original);
                out.push_str(&self.content[at.end..]);
                out.push_str(self.ending);
                return;
            }
            Answer::Frames {
                parts,
                alternatives,
            } => (parts, alternatives),
        };
        let between = if self.ending.is_empty() {
            "\n"
        } else {
            self.ending
        };
        let start = out.len();
        let mut printed = 0;
        let most = alternatives.iter().map(Vec::len).max().unwrap_or(0);
        for row in 0..most {
            // The frames at the same depth, each once.
            let mut seen = HashSet::new();
            for (i, frames) in alternatives.iter().enumerate() {
                let Some(frame) = frames.get(row) else {
                    continue;
                };
                let before = out.len();
                if printed > 0 {
                    out.push_str(between);
                }
                let begin = out.len();
                self.print_frame(parts, frame, i > 0, out);
                // `<OR>` is no difference.
                let text = if alternatives.len() == 1 {
                    None
                } else {
                    Some(out[begin..].replacen("<OR> ", "", usize::from(i > 0)))
                };
                if text.is_some_and(|text| !seen.insert(text)) {
                    out.truncate(before);
                } else {
                    printed += 1;
                }
            }
        }
        if out.len() > start {
            out.push_str(self.ending);
        }
    }

    fn print_frame(&self, parts: &Frame, frame: &Original<'_>, other: bool, out: &mut String) {
        let line = self.content;
        out.push_str(&line[..parts.at]);
        if other {
            out.push_str("<OR> ");
        }
        out.push_str(&line[parts.at..parts.class.start]);
        out.push_str(frame.class);
        out.push('.');
        match frame.types.filter(|_| self.verbose) {
            Some((returns, parameters)) => {
                out.push_str(returns);
                out.push(' ');
                out.push_str(frame.method);
                out.push('(');
                for (i, parameter) in parameter_types(parameters).enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    out.push_str(parameter);
                }
                out.push(')');
            }
            None => out.push_str(frame.method),
        }
        out.push_str(&line[parts.method.end..parts.file.start]);
        out.push_str(&frame.file);
        match frame.shown {
            Shown::Number(number) => {
                let _ = write!(out, ":{number}");
            }
            Shown::Nothing => {}
            Shown::AsWritten => out.push_str(&line[parts.colon_and_number.clone()]),
        }
        out.push_str(&line[parts.colon_and_number.end..]);
    }
}
