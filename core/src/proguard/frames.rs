//! What an obfuscated frame can have been: a list of alternatives, each a list of frames.
//!
//! Usually there is one alternative, and one frame. Methods that were inlined add frames, innermost
//! first. What the line does not tell apart adds alternatives:
//!
//! ```text
//! at a.b.a(SourceFile:5)   ─►  [[Stock.take:7, Cart.add:22]]        inlined
//! at a.b.c(SourceFile)     ─►  [[Cart.first], [Cart.second]]        two methods of one name
//! at a.b.d(SourceFile:1)   ─►  [[Cart.add:42], [Cart.add:43]]       one line for two
//! at a.b.e(SourceFile:1)   ─►  []                                   made by the compiler
//! ```
//!
//! The rules are those of R8's retrace, in four steps: [`select`] the entries of each method for
//! the line, divide them into [`groups`], leave frames out, and sort.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::index::{Class, Entry, Index, Method, Signature};

/// The most alternatives of a frame. An original range may have any number of lines.
pub(super) const MAX_ALTERNATIVES: usize = 256;

/// An obfuscated frame.
pub(super) struct Query<'q> {
    pub(super) method: &'q str,
    pub(super) file: &'q str,
    pub(super) line: Option<u32>,
    /// Methods with the same name and different signatures are different.
    pub(super) verbose: bool,
}

/// What the lines before a frame say about it.
#[derive(Clone, Copy, Default)]
pub(super) struct Context<'q> {
    /// The exception directly above, with its obfuscated name.
    pub(super) thrown: Option<&'q str>,
    /// The line in the outline that the frame called.
    pub(super) outline: Option<u32>,
}

/// An original frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame<'m> {
    pub(super) class: &'m str,
    pub(super) method: &'m str,
    /// The types of result and parameters, if the mapping has the method.
    pub(super) types: Option<(&'m str, &'m str)>,
    pub(super) file: Cow<'m, str>,
    line: Option<u32>,
    pub(super) shown: Shown,
}

/// The line as it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Number(u32),
    /// The original line is not known.
    Nothing,
    /// What the obfuscated frame has.
    AsWritten,
}

/// The alternatives, sorted, and what they say about the next frame.
pub(super) struct Answer<'m, 'q> {
    pub(super) alternatives: Vec<Vec<Frame<'m>>>,
    pub(super) next: Context<'q>,
}

/// Finds the original frames of a frame. Returns None if the mapping has no such method and line.
pub(super) fn alternatives<'m, 'q>(
    index: &'m Index<'_>,
    class: &'m Class<'m>,
    query: &Query<'_>,
    context: Context<'_>,
) -> Option<Answer<'m, 'q>> {
    let (selected, line) = select(class.methods(query.method), query.line, context.outline);
    if selected.is_empty() {
        return None;
    }
    let ambiguous = is_ambiguous(&selected);
    let position = |entry: &Entry<'_>, known: Option<u32>| {
        known.or_else(|| match line {
            Some(line) if entry.obfuscated.is_some_and(|lines| lines.contains(line)) => {
                Some(entry.original_line(line))
            }
            // R8 takes the first line of the range, if there is no line at all to choose by.
            _ if !ambiguous && (entry.obfuscated.is_none() || line.is_none()) => entry
                .original
                .or(entry.obfuscated)
                .map(|lines| lines.first)
                .filter(|&first| first > 0),
            _ => None,
        })
    };
    let one_line = |entry: &Entry<'_>| {
        let original = entry.original.filter(|lines| lines.span() == 0)?;
        Some(original.first)
    };
    let frame = |signature: Signature<'m>, position: Option<u32>| {
        let own = class;
        let class = signature.class.unwrap_or(own.original);
        let line = position.or(query.line);
        Frame {
            class,
            method: signature.name,
            types: Some((signature.returns, signature.parameters)),
            file: file(index, own, class, query.file),
            line,
            shown: match line {
                Some(line) if query.line.is_some() || !ambiguous || query.verbose => {
                    Shown::number(line)
                }
                _ => Shown::AsWritten,
            },
        }
    };

    let mut found = Found::new(query);
    for (method, entries) in &selected {
        let outline = line.filter(|_| method.outline);
        if entries.is_empty() {
            let signature = method.entries.last()?.signature;
            found.add(vec![frame(signature, None)], method, outline);
        }
        for group in groups(entries) {
            let removed: usize = group
                .iter()
                .filter_map(|entry| entry.comments.as_ref())
                .flat_map(|comments| &comments.rewrites)
                .map(|rewrite| rewrite.removed(context.thrown))
                .sum();
            // Only the innermost entry can stand for several lines: the others are calls.
            let first = group[0];
            let expanded = (ambiguous && first.is_ambiguous())
                .then_some(first.original)
                .flatten();
            let lines = expanded.map_or(0..=0, |lines| lines.first..=lines.last);
            for original in lines {
                if found.is_full() {
                    break;
                }
                let known = expanded.map(|_| original);
                let mut frames: Vec<_> = group
                    .iter()
                    .enumerate()
                    .map(|(i, entry)| {
                        let known = known.filter(|_| i == 0).or_else(|| one_line(entry));
                        frame(entry.signature, position(entry, known))
                    })
                    .collect();
                // More than there are is an error of the rule, which R8 ignores.
                if removed <= frames.len() {
                    frames.drain(..removed);
                }
                found.add(frames, method, outline);
            }
        }
    }
    Some(found.finish())
}

/// The frame of a class of the mapping whose method or line is not there.
pub(super) fn class_only<'m>(
    index: &'m Index<'_>,
    class: &'m Class<'m>,
    query: &Query<'m>,
) -> Frame<'m> {
    Frame {
        class: class.original,
        method: query.method,
        types: None,
        file: file(index, class, class.original, query.file),
        line: query.line,
        shown: query.line.map_or(Shown::AsWritten, Shown::number),
    }
}

impl Shown {
    /// Line 0 is no line.
    fn number(line: u32) -> Shown {
        match line {
            0 => Shown::Nothing,
            _ => Shown::Number(line),
        }
    }
}

// --- step 1: entries for a line ---------------------------------------------------------

type Selected<'m> = Vec<(&'m Method<'m>, Vec<&'m Entry<'m>>)>;

/// Selects the entries of each method for a line, and returns the line, which an outline changes.
///
/// If no method has an entry for the line, those without lines remain. A method without an entry is
/// left out, except that without a line the method itself remains: it has no entries then.
fn select<'m>(
    methods: &'m [Method<'m>],
    line: Option<u32>,
    outline: Option<u32>,
) -> (Selected<'m>, Option<u32>) {
    let all = |choose: &dyn Fn(&'m Method<'m>) -> Vec<&'m Entry<'m>>| -> Selected<'m> {
        methods
            .iter()
            .map(|method| (method, choose(method)))
            .filter(|(_, entries)| !entries.is_empty())
            .collect()
    };
    let bare = |method: &'m Method<'m>| -> Vec<&'m Entry<'m>> {
        let entries = method.entries.iter();
        entries.filter(|entry| entry.obfuscated.is_none()).collect()
    };
    let known = line.filter(|&line| line > 0);
    let selected = match known {
        Some(line) => all(&|method| for_line(method, line)),
        None => all(&|method| {
            let zero = for_line(method, 0);
            if zero.is_empty() {
                bare(method).into_iter().take(1).collect()
            } else {
                zero
            }
        }),
    };
    if let Some(outline) = outline {
        let callsites = selected.iter().find_map(|(_, entries)| {
            let comments = entries.last()?.comments.as_ref()?;
            comments.callsites.as_ref()
        });
        if let Some(callsites) = callsites {
            let line = callsites.get(&outline).copied().unwrap_or(outline);
            let selected = all(&|method| for_line(method, line));
            if !selected.is_empty() {
                return (selected, Some(line));
            }
        }
    }
    if !selected.is_empty() {
        return (selected, line);
    }
    let selected = match known {
        Some(_) => all(&bare),
        None => methods.iter().map(|method| (method, Vec::new())).collect(),
    };
    (selected, line)
}

/// Returns the first entry whose lines contain this one, and those after it with the same lines.
fn for_line<'m>(method: &'m Method<'m>, line: u32) -> Vec<&'m Entry<'m>> {
    let contains = |entry: &Entry<'_>| entry.obfuscated.is_some_and(|lines| lines.contains(line));
    let Some(start) = method.entries.iter().position(contains) else {
        return Vec::new();
    };
    let lines = method.entries[start].obfuscated;
    let entries = method.entries[start..].iter();
    entries
        .take_while(|entry| entry.obfuscated == lines)
        .collect()
}

/// Returns whether the entries do not name one frame and line, or one inline group.
fn is_ambiguous(selected: &Selected<'_>) -> bool {
    let [(_, entries)] = &selected[..] else {
        return true;
    };
    entries.iter().enumerate().any(|(i, entry)| {
        let other =
            i > 0 && (entry.obfuscated.is_none() || entry.obfuscated != entries[0].obfuscated);
        other || entry.is_ambiguous()
    })
}

// --- step 2: inline groups --------------------------------------------------------------

/// Divides entries where the obfuscated lines change. Each entry without them is a group.
fn groups<'e, 'm>(entries: &'e [&'m Entry<'m>]) -> impl Iterator<Item = &'e [&'m Entry<'m>]> {
    entries.chunk_by(|one, other| one.obfuscated.is_some() && one.obfuscated == other.obfuscated)
}

// --- steps 3 and 4: what remains, in order ----------------------------------------------

struct Found<'m, 'a> {
    query: &'a Query<'a>,
    alternatives: Vec<Vec<Frame<'m>>>,
    contexts: Vec<Option<u32>>,
    last: Option<u32>,
}

impl<'m, 'a> Found<'m, 'a> {
    fn new(query: &'a Query<'a>) -> Self {
        Found {
            query,
            alternatives: Vec::new(),
            contexts: Vec::new(),
            last: None,
        }
    }

    fn is_full(&self) -> bool {
        self.alternatives.len() >= MAX_ALTERNATIVES
    }

    /// Adds an alternative, unless another one looks the same or nothing of it remains.
    fn add(&mut self, mut frames: Vec<Frame<'m>>, method: &Method<'_>, outline: Option<u32>) {
        self.last = outline;
        if method.synthesized || method.outline {
            frames.pop();
        }
        let Some(innermost) = frames.first() else {
            return;
        };
        // There are few alternatives, and never more than `MAX_ALTERNATIVES`.
        let seen = |other: &Vec<Frame<'_>>| self.looks_the_same(innermost, &other[0]);
        if !self.is_full() && !self.alternatives.iter().any(seen) {
            self.alternatives.push(frames);
            self.contexts.push(outline);
        }
    }

    /// Compares the innermost frames of two alternatives. Types count if they are printed, and lines
    /// if the obfuscated frame has one.
    fn looks_the_same(&self, one: &Frame<'_>, other: &Frame<'_>) -> bool {
        let verbose = self.query.verbose;
        let lines = verbose || self.query.line.is_some_and(|line| line > 0);
        one.class == other.class
            && one.method == other.method
            && one.file == other.file
            && (!verbose || one.types == other.types)
            && (!lines || one.line == other.line)
    }

    fn finish<'q>(mut self) -> Answer<'m, 'q> {
        self.alternatives
            .sort_by(|one, other| order(&one[0], &other[0]));
        let outline = match self.contexts[..] {
            [] => self.last,
            [one] => one,
            _ => None,
        };
        Answer {
            alternatives: self.alternatives,
            next: Context {
                thrown: None,
                outline,
            },
        }
    }
}

/// The order of alternatives: class, method, types, file, line.
fn order(one: &Frame<'_>, other: &Frame<'_>) -> Ordering {
    let types = |frame: &Frame<'_>| {
        frame.types.map(|(returns, parameters)| {
            let parameters: Vec<_> = parameter_types(parameters).map(str::to_owned).collect();
            (returns.to_owned(), parameters.len(), parameters)
        })
    };
    let names = |frame: &Frame<'_>| (frame.class.to_owned(), frame.method.to_owned());
    names(one)
        .cmp(&names(other))
        .then_with(|| types(one).cmp(&types(other)))
        .then_with(|| one.file.cmp(&other.file))
        .then_with(|| one.line.cmp(&other.line))
}

/// Returns the types of `int, java.lang.String[]`.
pub(super) fn parameter_types(parameters: &str) -> impl Iterator<Item = &str> {
    let types = parameters.split(',').map(str::trim);
    types.filter(|name| !name.is_empty())
}

// --- files ------------------------------------------------------------------------------

/// Returns the file of an original class, which a section names or inlines. If the mapping does not
/// name it, its name is made from the class: `Cart.java` for `org.example.Cart$Line`; a name with
/// `.kt` keeps that.
fn file<'m>(
    index: &'m Index<'_>,
    section: &'m Class<'m>,
    class: &'m str,
    written: &str,
) -> Cow<'m, str> {
    let named = if class == section.original {
        section.file.as_deref()
    } else {
        index.file(class)
    };
    if let Some(file) = named {
        return Cow::Borrowed(file);
    }
    if written == "Native Method" {
        return Cow::Borrowed("Native Method");
    }
    let name = class.rsplit('.').next().unwrap_or(class);
    let mut parts = name.split('$');
    let outer = parts.next().unwrap_or(name);
    let written = written.rsplit('/').next().unwrap_or(written);
    let extension = written
        .rsplit_once('.')
        .map_or("", |(_, extension)| extension);
    // The compiler of Compose wraps lambdas of `Screen.kt` into `ComposableSingletons$ScreenKt`. R8
    // names a file after the wrapper, which does not exist.
    if let ("ComposableSingletons", Some(inner)) = (outer, parts.next()) {
        if let Some(file) = inner.strip_suffix("Kt") {
            return Cow::Owned(format!("{file}.kt"));
        }
    }
    Cow::Owned(match (outer.strip_suffix("Kt"), extension) {
        (Some(file), "" | "kt") => format!("{file}.kt"),
        (None, "kt") => format!("{outer}.kt"),
        _ => format!("{outer}.java"),
    })
}
