//! The methods of a class as the crate `proguard` reads them, and the frames of a query.
//!
//! ```text
//! org.example.Cart -> a.b:
//!     1:4:void add(int):20:23 -> a                  line 2 of `a`:  Cart.add, 21
//!     5:5:int org.example.Stock.take(int):7:7 -> a  line 5 of `a`:  Stock.take, 7
//!     5:5:void add(int):22 -> a                                     Cart.add, 22
//! ```
//!
//! The crate has an index, too, but only one of the whole file, which takes 13 times its size. This
//! one is of one class, and gives the same frames: `equality_tests` compares them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use proguard::{LineMapping, ProguardMapping, ProguardRecord};
use self_cell::self_cell;
use serde::Deserialize;

use super::error::ProguardError;
use super::names::{after_names, Reader};
use super::query::{Frame, Query};
use super::source::Section;

self_cell!(
    /// The methods of a class, and the sections that they borrow from.
    pub(super) struct OwnedMembers {
        owner: Vec<Section>,
        #[covariant]
        dependent: Members,
    }
);

/// The methods of a class, by obfuscated name.
#[derive(Default)]
pub(super) struct Members<'m> {
    original: &'m str,
    methods: HashMap<&'m str, Vec<Member<'m>>, RandomState>,
    receivers: Vec<Receiver<'m>>,
}

/// A line of the mapping: `1:4:void add(int):20:23 -> a`.
struct Member<'m> {
    name: &'m str,
    parameters: &'m str,
    /// The number of the class that has the method.
    receiver: usize,
    /// The lines in the obfuscated trace; the last is 0 if there are none.
    first: usize,
    last: usize,
    /// The lines in the source.
    original_first: Option<usize>,
    original_last: Option<usize>,
    /// Whether a query by parameters finds it: the first of its kind, and not inlined.
    has_own_frame: bool,
}

/// A class that has methods, and the name of its file.
struct Receiver<'m> {
    class: &'m str,
    /// As the mapping has it; otherwise made from the class.
    file: String,
    /// Made from the class.
    made_file: String,
}

impl<'m> Members<'m> {
    /// Reads the sections of a class. `file_of` returns the file that the mapping has for a class,
    /// by its original name.
    pub(super) fn parse(
        sections: &'m [Section],
        file_of: impl Fn(&str) -> Result<Option<String>, ProguardError>,
    ) -> Result<Self, ProguardError> {
        let names = sections
            .last()
            .and_then(|section| Reader::Records.names(section.as_ref()));
        let mut class = Members {
            original: names.map_or("", |names| names.original),
            ..Members::default()
        };
        let own_file = file_of(class.original)?;
        // By the class that a line names, and the class of its section.
        let mut numbers: HashMap<(Option<&str>, &str), usize> = HashMap::new();
        for section in sections {
            let records = ProguardMapping::new(section.as_ref()).iter();
            let mut records = records.filter_map(Result::ok).peekable();
            let Some(ProguardRecord::Class { original: own, .. }) = records.next() else {
                continue;
            };
            let mut seen = HashSet::new();
            while let Some(record) = records.next() {
                let ProguardRecord::Method {
                    original: name,
                    obfuscated,
                    arguments: parameters,
                    original_class,
                    line_mapping,
                    ..
                } = record
                else {
                    continue;
                };
                while let Some(ProguardRecord::R8Header(_)) = records.peek() {
                    records.next();
                }
                let inlined = match (line_mapping, records.peek()) {
                    (
                        Some(lines),
                        Some(ProguardRecord::Method {
                            line_mapping: Some(next),
                            ..
                        }),
                    ) => (lines.startline, lines.endline) == (next.startline, next.endline),
                    _ => false,
                };
                let receiver = match numbers.get(&(original_class, own)) {
                    Some(&number) => number,
                    None => {
                        let name = original_class.unwrap_or(class.original);
                        let file = file_of(original_class.unwrap_or(own))?;
                        let number = class.receivers.len();
                        class
                            .receivers
                            .push(Receiver::new(name, file, own_file.as_deref()));
                        numbers.insert((original_class, own), number);
                        number
                    }
                };
                let members = class.methods.entry(obfuscated).or_default();
                members.push(Member {
                    name,
                    parameters,
                    receiver,
                    has_own_frame: !inlined && seen.insert((obfuscated, parameters, name)),
                    ..Member::lines(line_mapping)
                });
            }
        }
        Ok(class)
    }

    /// Returns the original names of the class and of a method, unless there are several.
    pub(super) fn method(&self, obfuscated: &str) -> Option<(&'m str, &'m str)> {
        let members = self.methods.get(obfuscated)?;
        let name = members.first()?.name;
        let one = members.iter().all(|member| member.name == name);
        one.then_some((self.original, name))
    }

    /// Returns the frames of a query for this class.
    pub(super) fn frames<'a>(&'a self, query: Query<'a>) -> impl Iterator<Item = Frame<'a>> {
        let members = self
            .methods
            .get(query.method)
            .map_or(&[][..], Vec::as_slice);
        // With a line, methods without lines are only found if there are no others.
        let needs_lines = query.line > 0 && members.iter().any(|member| member.last > 0);
        members.iter().filter_map(move |member| {
            let receiver = &self.receivers[member.receiver];
            let (file, line) = match query.parameters {
                Some(parameters) => {
                    if !member.has_own_frame || member.parameters != parameters {
                        return None;
                    }
                    (&receiver.made_file, member.original_first.unwrap_or(0))
                }
                None if member.last == 0 => {
                    if needs_lines {
                        return None;
                    }
                    let line = member.original_first.unwrap_or(query.line);
                    (&receiver.made_file, line)
                }
                None => {
                    if query.line < member.first || query.line > member.last {
                        return None;
                    }
                    (&receiver.file, member.original_line(query.line))
                }
            };
            Some(Frame {
                class: receiver.class,
                method: member.name,
                file,
                line,
            })
        })
    }
}

impl Member<'_> {
    /// Makes a member of which only the lines are known. Ranges whose ends are swapped are read.
    fn lines(lines: Option<LineMapping>) -> Self {
        let swap = |(first, last)| match (first, last) {
            (Some(a), Some(b)) if a > b => (last, first),
            _ => (first, last),
        };
        let obfuscated = lines.map_or((None, None), |lines| (lines.startline, lines.endline));
        let original = match lines {
            Some(LineMapping {
                original_startline: Some(first),
                original_endline,
                ..
            }) => (Some(first), original_endline),
            // Without original lines, they are the same.
            _ => obfuscated,
        };
        let ((first, last), original) = (swap(obfuscated), swap(original));
        Member {
            name: "",
            parameters: "",
            receiver: 0,
            first: first.unwrap_or(0),
            last: last.unwrap_or(0),
            original_first: original.0,
            original_last: original.1,
            has_own_frame: false,
        }
    }

    /// Returns the original line of a line in the range. A mapping may have any numbers: what is
    /// too large wraps around.
    fn original_line(&self, line: usize) -> usize {
        let first = self.original_first.unwrap_or(0);
        if self.original_last.is_none() || self.original_last == self.original_first {
            return first;
        }
        first.wrapping_add(line).wrapping_sub(self.first)
    }
}

// --- files ------------------------------------------------------------------------------

impl<'m> Receiver<'m> {
    fn new(class: &'m str, file: Option<String>, own_file: Option<&str>) -> Self {
        let made_file = made_file(class, own_file);
        Receiver {
            class,
            file: match file {
                // R8 made the class itself.
                Some(file) if file == "R8$$SyntheticClass" => outer_class(class).to_owned(),
                Some(file) => file,
                None => made_file.clone(),
            },
            made_file,
        }
    }
}

/// Returns `Cart` for `org.example.Cart$Line`.
fn outer_class(class: &str) -> &str {
    let name = class.rsplit('.').next().unwrap_or(class);
    name.split('$').next().unwrap_or(name)
}

/// Makes the name of a file from that of a class. A class of a Kotlin file is named `CartKt`, and
/// the extension is otherwise that of the file of the class whose method ran.
fn made_file(class: &str, own_file: Option<&str>) -> String {
    let name = class.rsplit('.').next().unwrap_or(class);
    let kotlin = |part: &'_ str| part.len() > 2 && part.ends_with("Kt");
    if let Some(part) = name.split('$').find(|part| kotlin(part)) {
        return format!("{}.kt", &part[..part.len() - 2]);
    }
    let extension = own_file.and_then(|file| Some(&file[file.rfind('.')?..]));
    format!("{}{}", outer_class(class), extension.unwrap_or(".java"))
}

/// Returns the file of the class that a section begins with, if the mapping has it: in a comment
/// directly after the line of the class.
pub(super) fn file_of_section(section: &[u8]) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Comment<'m> {
        #[serde(borrow)]
        id: Cow<'m, str>,
        #[serde(borrow)]
        file_name: Option<Cow<'m, str>>,
    }

    let mut file = None;
    let mut rest = after_names(section)?;
    loop {
        match ProguardMapping::new(rest).iter().next() {
            Some(Ok(ProguardRecord::R8Header(_))) => {
                // The crate does not export what it has read.
                let start = memchr::memchr(b'{', rest).unwrap_or(0);
                let (json, after) = next_line(&rest[start..]);
                if let Ok(comment) = serde_json::from_slice::<Comment<'_>>(json) {
                    if comment.id == "sourceFile" {
                        file = comment.file_name.or(file);
                    }
                }
                rest = after;
            }
            // The crate skips lines that it cannot read.
            Some(Err(_)) => rest = next_line(rest).1,
            _ => return file,
        }
    }
}

/// Divides a text after its first line, in front of which there may be line breaks.
fn next_line(text: &[u8]) -> (&[u8], &[u8]) {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let start = text.iter().position(|byte| !is_break(byte));
    let text = &text[start.unwrap_or(text.len())..];
    let end = text.iter().position(is_break);
    text.split_at(end.unwrap_or(text.len()))
}
