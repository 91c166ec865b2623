//! The mapping as retracing needs it: every entry of a method, in the order of the file.
//!
//! The crate's index answers for one frame. A retrace also needs what that leaves out: ranges of
//! original lines, signatures, which entries form one inline group, which comment belongs to which
//! method. So this module reads the file again, but only what a trace asks for:
//!
//! ```text
//! Index::new    org.example.Cart -> a.b:        where the section of each class begins
//! Class::parse      1:4:void add(int):20:23 -> a    the lines of a section, when a frame is in it
//! ```
//!
//! Finding the sections takes a sixtieth of the time that the crate's index takes (42 ms and 2.6 s
//! for 12 MB on a busy machine), and most traces name few of the classes. A class is parsed once, by
//! the first thread that needs it.

use std::collections::HashMap;

use once_cell::race::OnceBox;

use super::comments::{Comment, Rewrite};

/// The classes of a mapping.
pub(super) struct Index<'m> {
    /// By obfuscated name.
    classes: HashMap<&'m str, Section<'m>, foldhash::fast::RandomState>,
    /// Obfuscated names by original names, for the files of inlined methods.
    obfuscated: HashMap<&'m str, &'m str, foldhash::fast::RandomState>,
}

/// A class, and its lines, which are parsed on first use.
struct Section<'m> {
    original: &'m str,
    /// A mapping that was put together from several may have a class more than once.
    lines: Vec<&'m str>,
    class: OnceBox<Class<'m>>,
}

/// The methods of a class, by obfuscated name.
#[derive(Default)]
pub(super) struct Class<'m> {
    pub(super) original: &'m str,
    pub(super) file: Option<String>,
    methods: HashMap<&'m str, Vec<Method<'m>>, foldhash::fast::RandomState>,
}

/// An original method: its entries, with those of the methods that are inlined into it.
#[derive(Default)]
pub(super) struct Method<'m> {
    pub(super) entries: Vec<Entry<'m>>,
    /// The compiler made it: it is not in the sources.
    pub(super) synthesized: bool,
    /// It is code that other methods share.
    pub(super) outline: bool,
}

/// A line of a mapping: `1:4:void add(int):20:23 -> a`.
pub(super) struct Entry<'m> {
    /// The lines in the obfuscated trace.
    pub(super) obfuscated: Option<Lines>,
    pub(super) signature: Signature<'m>,
    /// The lines in the source.
    pub(super) original: Option<Lines>,
    /// One number instead of a range: the line of a call.
    is_call: bool,
    pub(super) comments: Option<Box<Comments>>,
}

/// The comments of an entry that concern its lines.
#[derive(Default)]
pub(super) struct Comments {
    pub(super) rewrites: Vec<Rewrite>,
    pub(super) callsites: Option<HashMap<u32, u32>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Signature<'m> {
    pub(super) returns: &'m str,
    /// The class, if it is not the class of the section.
    pub(super) class: Option<&'m str>,
    pub(super) name: &'m str,
    pub(super) parameters: &'m str,
}

/// A range of lines, both ends inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) first: u32,
    pub(super) last: u32,
}

impl Lines {
    /// R8 reads a range whose ends are swapped.
    fn new(a: u32, b: u32) -> Lines {
        Lines {
            first: a.min(b),
            last: a.max(b),
        }
    }

    pub(super) fn contains(self, line: u32) -> bool {
        self.first <= line && line <= self.last
    }

    /// Returns the number of lines, less one.
    pub(super) fn span(self) -> u32 {
        self.last - self.first
    }
}

impl Entry<'_> {
    /// Returns whether one obfuscated line stands for several original ones.
    pub(super) fn is_ambiguous(&self) -> bool {
        self.original.is_some_and(|original| {
            original.span() > 0
                && self
                    .obfuscated
                    .is_none_or(|lines| lines.span() != original.span())
        })
    }

    /// Returns the original line of an obfuscated line in the entry's range.
    pub(super) fn original_line(&self, line: u32) -> u32 {
        match (self.obfuscated, self.original) {
            (Some(_), Some(original)) if original.span() == 0 => original.first,
            (Some(lines), Some(original)) => original.first.saturating_add(line - lines.first),
            _ => line,
        }
    }

    /// Returns whether `caller` is the method into which this entry is inlined.
    fn is_inlined_into(&self, caller: &Entry<'_>) -> bool {
        caller.is_call && self.obfuscated.is_some() && self.obfuscated == caller.obfuscated
    }
}

impl<'m> Index<'m> {
    /// Finds the sections of a mapping. Lines that are not UTF-8 are skipped.
    pub(super) fn new(mapping: &'m [u8]) -> Self {
        let mut index = Index {
            classes: HashMap::default(),
            obfuscated: HashMap::default(),
        };
        let mut open: Option<(&'m str, &'m str, usize)> = None;
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', mapping).chain([mapping.len()]) {
            let line = &mapping[start..end];
            if let Some((original, obfuscated)) = class_line(line) {
                if let Some(class) = open.replace((original, obfuscated, end)) {
                    index.add(class, mapping, start);
                }
            }
            start = end + 1;
        }
        if let Some(class) = open {
            index.add(class, mapping, mapping.len());
        }
        index
    }

    fn add(&mut self, class: (&'m str, &'m str, usize), mapping: &'m [u8], end: usize) {
        let (original, obfuscated, start) = class;
        let section = self.classes.entry(obfuscated).or_insert(Section {
            original,
            lines: Vec::with_capacity(1),
            class: OnceBox::new(),
        });
        section.lines.push(utf8_prefix(&mapping[start..end]));
        self.obfuscated.entry(original).or_insert(obfuscated);
    }

    /// Returns the original name of a class.
    pub(super) fn original(&self, obfuscated: &str) -> Option<&'m str> {
        self.classes.get(obfuscated).map(|section| section.original)
    }

    /// Returns a class by its obfuscated name.
    pub(super) fn class(&self, obfuscated: &str) -> Option<&Class<'m>> {
        let section = self.classes.get(obfuscated)?;
        Some(
            section
                .class
                .get_or_init(|| Box::new(Class::parse(section.original, &section.lines))),
        )
    }

    /// Returns the file of a class by its original name, if the mapping names it.
    pub(super) fn file(&self, original: &str) -> Option<&str> {
        let obfuscated = self.obfuscated.get(original)?;
        self.class(obfuscated)?.file.as_deref()
    }
}

/// Reads `org.example.Cart -> a.b:`.
fn class_line(line: &[u8]) -> Option<(&str, &str)> {
    let first = *line.first()?;
    if first.is_ascii_whitespace() || first == b'#' {
        return None;
    }
    let line = line.trim_ascii_end().strip_suffix(b":")?;
    let line = std::str::from_utf8(line).ok()?;
    let line = line.trim_start_matches('\u{feff}');
    line.split_once(" -> ")
}

/// Returns the bytes up to the first that is not UTF-8.
fn utf8_prefix(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

impl<'m> Class<'m> {
    /// Returns the original methods that have an obfuscated name.
    pub(super) fn methods(&self, obfuscated: &str) -> &[Method<'m>] {
        self.methods.get(obfuscated).map_or(&[], Vec::as_slice)
    }

    fn parse(original: &'m str, sections: &[&'m str]) -> Self {
        let mut class = Class {
            original,
            ..Class::default()
        };
        let mut names: HashMap<&'m str, Vec<Read<'m>>, foldhash::fast::RandomState> =
            HashMap::default();
        // The name whose list has the last entry; a field is a member without entries.
        let mut last: Option<&'m str> = None;
        let mut seen_member = false;
        for line in sections
            .iter()
            .flat_map(|lines| lines.lines())
            .map(str::trim)
        {
            if line.starts_with('#') {
                match Comment::parse(line) {
                    Some(Comment::SourceFile(file)) if !seen_member => {
                        class.file.get_or_insert(file);
                    }
                    Some(comment) => {
                        let entry = last
                            .and_then(|name| names.get_mut(name))
                            .and_then(|entries| entries.last_mut());
                        if let Some(entry) = entry {
                            entry.take(comment);
                        }
                    }
                    None => {}
                }
            } else if let Some((name, entry)) = member(line) {
                seen_member = true;
                last = entry.is_some().then_some(name);
                if let Some(entry) = entry {
                    names.entry(name).or_default().push(Read {
                        entry,
                        synthesized: false,
                        outline: false,
                    });
                }
            }
        }
        class.methods = names
            .into_iter()
            .map(|(name, entries)| (name, partition(entries)))
            .collect();
        class
    }
}

/// An entry, and what its comments say about the method.
struct Read<'m> {
    entry: Entry<'m>,
    synthesized: bool,
    outline: bool,
}

impl Read<'_> {
    fn take(&mut self, comment: Comment) {
        let comments = &mut self.entry.comments;
        match comment {
            Comment::SourceFile(_) => {}
            Comment::Synthesized => self.synthesized = true,
            Comment::Outline => self.outline = true,
            Comment::RewriteFrame(rewrite) => {
                comments.get_or_insert_default().rewrites.push(rewrite);
            }
            Comment::OutlineCallsite(positions) => {
                comments.get_or_insert_default().callsites = Some(positions);
            }
        }
    }
}

/// Divides the entries of an obfuscated name by the original methods.
///
/// Consecutive entries with the same obfuscated lines are an inline group, whose last entry is the
/// method; consecutive groups of the same method belong together.
fn partition(entries: Vec<Read<'_>>) -> Vec<Method<'_>> {
    // Where each group ends.
    let mut ends = Vec::new();
    for (i, read) in entries.iter().enumerate() {
        let inlined = entries
            .get(i + 1)
            .is_some_and(|next| read.entry.is_inlined_into(&next.entry));
        if !inlined {
            ends.push(i + 1);
        }
    }
    // A comment anywhere in a group is about the method.
    let mut flags: HashMap<Signature<'_>, (bool, bool)> = HashMap::new();
    let mut start = 0;
    for &end in &ends {
        let flag = flags.entry(entries[end - 1].entry.signature).or_default();
        for read in &entries[start..end] {
            flag.0 |= read.synthesized;
            flag.1 |= read.outline;
        }
        start = end;
    }
    let signature = |end: &usize| entries[*end - 1].entry.signature;
    // As R8: if the first group is of the same method as the last, all are.
    if ends.first().map(signature) == ends.last().map(signature) {
        ends = ends.last().copied().into_iter().collect();
    } else {
        ends = (0..ends.len())
            .filter(|&i| ends.get(i + 1).map(signature) != Some(signature(&ends[i])))
            .map(|i| ends[i])
            .collect();
    }
    let mut methods = Vec::with_capacity(ends.len());
    let mut reads = entries.into_iter();
    let mut start = 0;
    for end in ends {
        let entries: Vec<_> = reads
            .by_ref()
            .take(end - start)
            .map(|read| read.entry)
            .collect();
        start = end;
        let (synthesized, outline) = entries.last().map_or((false, false), |last| {
            flags.get(&last.signature).copied().unwrap_or_default()
        });
        methods.push(Method {
            entries,
            synthesized,
            outline,
        });
    }
    methods
}

/// Reads a member: its obfuscated name, and the entry if it is a method.
fn member(line: &str) -> Option<(&str, Option<Entry<'_>>)> {
    let (member, name) = line.rsplit_once(" -> ")?;
    let name = name.trim();
    let Some(open) = member.find('(') else {
        return Some((name, None));
    };
    let (before, after) = member.split_at(open);
    let (parameters, after) = after[1..].split_once(')')?;
    let (obfuscated, before) = leading_lines(before.trim_start());
    let (returns, method) = before.trim().rsplit_once(char::is_whitespace)?;
    let (class, method) = match method.rsplit_once('.') {
        Some((class, method)) => (Some(class), method),
        None => (None, method),
    };
    let mut numbers = after.trim().split(':').map(|number| number.trim().parse());
    // The text before the first colon.
    numbers.next();
    let original = numbers.next().and_then(Result::ok);
    let last = numbers.next().and_then(Result::ok);
    Some((
        name,
        Some(Entry {
            obfuscated,
            signature: Signature {
                returns: returns.trim_end(),
                class,
                name: method,
                parameters,
            },
            original: original.map(|first| Lines::new(first, last.unwrap_or(first))),
            is_call: original.is_some() && last.is_none(),
            comments: None,
        }),
    ))
}

/// Reads `1:4:` at the beginning of a member.
fn leading_lines(text: &str) -> (Option<Lines>, &str) {
    let lines = || {
        let (first, rest) = text.split_once(':')?;
        let (last, rest) = rest.split_once(':')?;
        let number = |text: &str| text.trim().parse().ok();
        Some((Lines::new(number(first)?, number(last)?), rest))
    };
    match lines() {
        Some((lines, rest)) => (Some(lines), rest),
        None => (None, text),
    }
}
