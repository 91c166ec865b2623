//! The mapping as retracing needs it: every entry of a method, in the order of the file.
//!
//! A query for one frame needs less: see [`members`](super::members). A retrace also needs ranges of
//! original lines, signatures, which entries form one inline group, which comment belongs to which
//! method. So this module reads the lines of a class by itself:
//!
//! ```text
//! org.example.Cart -> a.b:                       a section: the table says where
//!     1:4:void add(int):20:23 -> a               its lines, which Class::parse reads
//! ```
//!
//! A class is parsed once, when a trace has a frame of it.

use std::cell::RefCell;
use std::collections::HashMap;

use self_cell::self_cell;

use super::comments::{Comment, Rewrite};
use super::error::ProguardError;
use super::names::{first_line, By, Reader};
use super::sections::Sections;
use super::slots::Slots;
use super::source::Section;

/// The classes of a mapping, for one retrace. A class that cannot be read is missing; then the
/// retrace fails at its end.
pub(super) struct Index<'m> {
    sections: &'m Sections,
    classes: &'m Slots<OwnedClass>,
    failure: RefCell<Option<ProguardError>>,
}

self_cell!(
    /// A class, and the sections that it borrows from.
    pub(super) struct OwnedClass {
        owner: Vec<Section>,
        #[covariant]
        dependent: Class,
    }
);

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
    pub(super) fn new(sections: &'m Sections, classes: &'m Slots<OwnedClass>) -> Self {
        Index {
            sections,
            classes,
            failure: RefCell::new(None),
        }
    }

    /// Fails with the first error of reading a class.
    pub(super) fn finish(self) -> Result<(), ProguardError> {
        self.failure.into_inner().map_or(Ok(()), Err)
    }

    fn read<T>(&self, read: impl FnOnce() -> Result<Option<T>, ProguardError>) -> Option<T> {
        let mut failure = self.failure.borrow_mut();
        if failure.is_some() {
            return None;
        }
        read().unwrap_or_else(|error| {
            *failure = Some(error);
            None
        })
    }

    /// Returns the original name of a class.
    pub(super) fn original(&self, obfuscated: &str) -> Option<&'m str> {
        let sections = self.sections;
        self.read(|| {
            let Some(section) = sections.find(By::Obfuscated, obfuscated)?.first() else {
                return Ok(None);
            };
            Ok(sections.names(section)?.map(|names| names.original))
        })
    }

    /// Returns a class by its obfuscated name.
    pub(super) fn class(&self, obfuscated: &str) -> Option<&'m Class<'m>> {
        self.read(|| self.parsed(obfuscated))
    }

    fn parsed(&self, obfuscated: &str) -> Result<Option<&'m Class<'m>>, ProguardError> {
        let sections = self.sections;
        let found = sections.find(By::Obfuscated, obfuscated)?;
        let Some(first) = found.first() else {
            return Ok(None);
        };
        let class = self.classes.get_or_make(first, || {
            let reader = sections.table().reader();
            let owned = sections.owned(&found)?;
            Ok::<_, ProguardError>(OwnedClass::new(owned, |owned| Class::parse(owned, reader)))
        })?;
        Ok(class.map(OwnedClass::borrow_dependent))
    }

    /// Returns the file of a class by its original name, if the mapping names it.
    pub(super) fn file(&self, original: &str) -> Option<&'m str> {
        let sections = self.sections;
        self.read(|| {
            let Some(section) = sections.find(By::Original, original)?.first() else {
                return Ok(None);
            };
            let Some(names) = sections.names(section)? else {
                return Ok(None);
            };
            let class = self.parsed(names.obfuscated)?;
            Ok(class.and_then(|class| class.file.as_deref()))
        })
    }
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

    /// Parses the sections of a class. The first has its name.
    pub(super) fn parse(sections: &'m [Section], reader: Reader) -> Self {
        let first = sections.first();
        let names = first.and_then(|section| reader.names(section.as_ref()));
        let original = names.map_or("", |names| names.original);
        let texts = sections.iter().map(|section| {
            let text = section.as_ref();
            utf8_prefix(&text[first_line(text).len()..])
        });
        let mut class = Class {
            original,
            ..Class::default()
        };
        let mut names: HashMap<&'m str, Vec<Read<'m>>, foldhash::fast::RandomState> =
            HashMap::default();
        // The name whose list has the last entry; a field is a member without entries.
        let mut last: Option<&'m str> = None;
        let mut seen_member = false;
        for line in texts.flat_map(str::lines).map(str::trim) {
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
