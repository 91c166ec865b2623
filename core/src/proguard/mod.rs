//! ProGuard and R8 mappings: restores the names of the sources from those in a released app.
//!
//! A shrinker renames classes and methods, and inlines methods into others. It writes a mapping
//! file:
//!
//! ```text
//! org.example.Cart -> a.b:                          class, obfuscated name
//!     1:4:void add(int):20:23 -> a                  method `a`, lines 1 to 4, were 20 to 23
//!     5:5:int org.example.Stock.take(int):7:7 -> a  line 5 of `a` is line 7 of an
//!     5:5:void add(int):22 -> a                       inlined method, called in line 22
//! ```
//!
//! The crate `proguard` reads lines of such files. This module adds what a long-lived process
//! needs: a [`Mapper`] that owns the file's bytes and finds a class in them when a query names it,
//! and [`remap_packed`](Mapper::remap_packed), which runs any number of queries in one call.
//!
//! # Only what queries need
//!
//! A crash has frames of few of the classes. So opening a mapping finds where each class begins, and
//! a class is read when a query names it, once:
//!
//! ```text
//! Mapper ── records: Sections ─► Table            where each class is
//!    │      lines: Sections      the same, if the two readers of classes differ on the file
//!    │
//!    ├── members (slots) ──────► OwnedMembers     a class as the crate reads it, for frames
//!    └── retraced (slots) ─────► OwnedClass       a class as a retrace reads it, for stack traces
//!                                    │ &str
//!                                    ▼
//!                                Section ───────► Arc<bytes of the file>
//! ```
//!
//! The crate `self_cell` stores a class together with the bytes that it borrows from, without unsafe
//! code of ours. The crate has an index of its own, of the whole file; docs/proguard.md has the
//! figures of both. A [cache] stores the table.

mod cache;
mod comments;
#[cfg(test)]
mod equality_tests;
mod error;
mod frames;
mod index;
mod line;
mod members;
mod names;
mod query;
mod retrace;
#[cfg(test)]
mod retrace_tests;
mod scan;
mod sections;
mod slots;
mod source;
mod table;

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use proguard::ProguardMapping;

use self::index::{Index, OwnedClass};
use self::members::{file_of_section, Members, OwnedMembers};
use self::names::By;
use self::scan::scan;
use self::sections::Sections;
use self::slots::Slots;
use self::source::{read_limited, uuid_of, Facts, Source};
use self::table::Table;

pub use error::ProguardError;
pub use query::{Frame, Query};
pub use retrace::{RetracedFrame, RetracedLine};

/// An indexed mapping file.
///
/// A mapper can be made from any bytes. If they are not a mapping, it finds nothing: see
/// [`is_valid`](Self::is_valid).
///
/// ```
/// use ophio::proguard::{Mapper, Query};
///
/// let mapper = Mapper::new(b"org.example.Cart -> a.b:\n    1:4:void add(int):20:23 -> a\n");
/// assert_eq!(mapper.remap_class("a.b")?, Some("org.example.Cart"));
///
/// let query = Query { class: "a.b", method: "a", line: 2, parameters: None };
/// let frames: Vec<_> = mapper.remap_frame(query)?.collect();
/// assert_eq!((frames[0].method, frames[0].file, frames[0].line), ("add", "Cart.java", 21));
/// # Ok::<(), ophio::proguard::ProguardError>(())
/// ```
///
/// # Errors
///
/// A query fails only if the mapper was [opened from a cache](Self::open_cache) whose file cannot be
/// read any more, or changed.
pub struct Mapper {
    source: Arc<Source>,
    records: Sections,
    /// None if they are the same.
    lines: Option<Sections>,
    /// By the first section of a class.
    members: Slots<OwnedMembers>,
    retraced: Slots<OwnedClass>,
}

impl Mapper {
    /// Indexes the bytes of a mapping file.
    pub fn new(source: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        let (records, lines) = scan(source.as_ref());
        Mapper::with(Source::Memory(Box::new(source)), records, lines)
    }

    fn with(source: Source, records: Table, lines: Option<Table>) -> Self {
        let source = Arc::new(source);
        Mapper {
            members: Slots::new(records.len()),
            retraced: Slots::new(lines.as_ref().unwrap_or(&records).len()),
            records: Sections::new(&source, records),
            lines: lines.map(|table| Sections::new(&source, table)),
            source,
        }
    }

    /// Reads a file into memory and indexes it.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or exceeds the limit `mapping_bytes`.
    pub fn open(path: &Path) -> Result<Self, ProguardError> {
        let failed = |source| ProguardError::Read {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        let len = file.metadata().map_err(failed)?.len();
        Ok(Self::new(read_limited(file, len, path)?))
    }

    /// Opens a file that [`to_cache`](Self::to_cache) made: reads the table of the classes, and a
    /// class when a query names it. The file may be replaced meanwhile by renaming another one over
    /// it. If it is changed in place, queries fail.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, is not such a file, is damaged, or exceeds the limit
    /// `mapping_bytes`.
    pub fn open_cache(path: &Path) -> Result<Self, ProguardError> {
        cache::open(path).map(Self::opened)
    }

    /// Reads the bytes of a file that [`to_cache`](Self::to_cache) made.
    ///
    /// # Errors
    ///
    /// Those of [`open_cache`](Self::open_cache).
    pub fn from_cache(bytes: Vec<u8>) -> Result<Self, ProguardError> {
        let len = bytes.len() as u64;
        cache::read(Box::new(bytes), len, Path::new("bytes")).map(Self::opened)
    }

    fn opened(opened: cache::Opened) -> Self {
        Mapper::with(Source::Cache(opened.text), opened.records, opened.lines)
    }

    /// Returns the bytes of a cache: the table of the classes, and the mapping.
    ///
    /// # Errors
    ///
    /// Fails if this mapper was opened from a cache that cannot be read any more.
    pub fn to_cache(&self) -> Result<Vec<u8>, ProguardError> {
        let mapping = match &*self.source {
            Source::Memory(bytes) => (**bytes).as_ref(),
            Source::Cache(text) => return Mapper::new(text.read_all()?).to_cache(),
        };
        let lines = self.lines.as_ref().map(Sections::table);
        Ok(cache::write(
            mapping,
            self.facts(),
            self.records.table(),
            lines,
        ))
    }

    fn facts(&self) -> Facts {
        Facts {
            uuid: self.uuid(),
            is_valid: self.is_valid(),
            has_line_info: self.has_line_info(),
        }
    }

    /// Returns a fact about the file: what a cache says, or what `of` returns for the bytes.
    fn fact<T>(&self, stored: impl FnOnce(&Facts) -> T, of: impl FnOnce(&[u8]) -> T) -> T {
        match &*self.source {
            Source::Memory(bytes) => of((**bytes).as_ref()),
            Source::Cache(text) => stored(&text.facts),
        }
    }

    /// Returns the identifier of the file: a UUID of version 5 over its bytes.
    pub fn uuid(&self) -> [u8; 16] {
        self.fact(|facts| facts.uuid, uuid_of)
    }

    /// Returns whether any method has line numbers.
    pub fn has_line_info(&self) -> bool {
        self.fact(
            |facts| facts.has_line_info,
            |mapping| ProguardMapping::new(mapping).has_line_info(),
        )
    }

    /// Returns whether this looks like a mapping: a class and a member of it are in the first 50
    /// lines.
    pub fn is_valid(&self) -> bool {
        self.fact(
            |facts| facts.is_valid,
            |mapping| ProguardMapping::new(mapping).is_valid(),
        )
    }

    /// Returns the members of a class.
    fn members(&self, obfuscated: &str) -> Result<Option<&Members<'_>>, ProguardError> {
        let found = self.records.find(By::Obfuscated, obfuscated)?;
        let Some(first) = found.first() else {
            return Ok(None);
        };
        let members = self.members.get_or_make(first, || {
            OwnedMembers::try_new(self.records.owned(&found)?, |sections| {
                Members::parse(sections, |class| self.file(class))
            })
        })?;
        Ok(members.map(OwnedMembers::borrow_dependent))
    }

    /// Returns the file of a class by its original name, if the mapping has it. If there are several
    /// classes of the name, the last decides.
    fn file(&self, original: &str) -> Result<Option<String>, ProguardError> {
        let Some(section) = self.records.find(By::Original, original)?.last() else {
            return Ok(None);
        };
        let text = self.records.text(section)?;
        Ok(file_of_section(text).map(Cow::into_owned))
    }

    /// Returns the original name of a class.
    pub fn remap_class(&self, class: &str) -> Result<Option<&str>, ProguardError> {
        let Some(section) = self.records.find(By::Obfuscated, class)?.last() else {
            return Ok(None);
        };
        Ok(self.records.names(section)?.map(|names| names.original))
    }

    /// Returns the original names of a class and a method, unless several methods match.
    pub fn remap_method(
        &self,
        class: &str,
        method: &str,
    ) -> Result<Option<(&str, &str)>, ProguardError> {
        let members = self.members(class)?;
        Ok(members.and_then(|members| members.method(method)))
    }

    /// Returns the original frames of a frame, innermost first: several if methods were
    /// inlined or are ambiguous, none if the frame is unknown.
    pub fn remap_frame<'a>(
        &'a self,
        query: Query<'a>,
    ) -> Result<impl Iterator<Item = Frame<'a>>, ProguardError> {
        let members = self.members(query.class)?;
        Ok(members
            .into_iter()
            .flat_map(move |members| members.frames(query)))
    }

    /// Runs packed queries: the input and the output are MessagePack values.
    ///
    /// ```text
    /// in   [[class, method, line, parameters or nil], ...]             the last may be absent
    /// out  [[[class, method, file or nil, line], ...], ...]   a list of frames a query
    /// ```
    ///
    /// Line 0 is an unknown line.
    ///
    /// # Errors
    ///
    /// Fails if `queries` does not have this form.
    pub fn remap_packed(&self, queries: &[u8]) -> Result<Vec<u8>, ProguardError> {
        let queries: Vec<Query<'_>> = rmp_serde::from_slice(queries)?;
        // A packed frame is about as long as its names; 96 bytes hold most.
        let mut out = Vec::with_capacity(96 * queries.len());
        pack::array(&mut out, queries.len());
        let mut frames = Vec::new();
        for query in queries {
            frames.extend(self.remap_frame(query)?);
            pack::array(&mut out, frames.len());
            for frame in frames.drain(..) {
                pack::array(&mut out, 4);
                pack::text(&mut out, Some(frame.class));
                pack::text(&mut out, Some(frame.method));
                pack::text(&mut out, Some(frame.file));
                pack::number(&mut out, frame.line);
            }
        }
        Ok(out)
    }

    /// Retraces a stack trace as Java prints it, and any text around it.
    ///
    /// A frame becomes the frames that it was. If it could be several, the others follow, marked
    /// with `<OR>`. `verbose` adds the types of methods. Other lines do not change.
    ///
    /// ```
    /// use ophio::proguard::Mapper;
    ///
    /// let mapper = Mapper::new(b"org.example.Cart -> a.b:\n    1:4:void add(int):20:23 -> a\n");
    /// let text = "a.b: full\n    at a.b.a(SourceFile:2)\n";
    /// assert_eq!(
    ///     mapper.remap_stacktrace(text, false)?,
    ///     "org.example.Cart: full\n    at org.example.Cart.add(Cart.java:21)\n"
    /// );
    /// # Ok::<(), ophio::proguard::ProguardError>(())
    /// ```
    pub fn remap_stacktrace(&self, text: &str, verbose: bool) -> Result<String, ProguardError> {
        let mut remapped = String::with_capacity(text.len() + text.len() / 2);
        self.retrace(text, verbose, |line| line.print(&mut remapped))?;
        Ok(remapped)
    }

    /// Retraces a text, and calls a function with each line in order. See
    /// [`remap_stacktrace`](Self::remap_stacktrace).
    pub fn retrace(
        &self,
        text: &str,
        verbose: bool,
        each: impl FnMut(RetracedLine<'_>),
    ) -> Result<(), ProguardError> {
        let sections = self.lines.as_ref().unwrap_or(&self.records);
        let index = Index::new(sections, &self.retraced);
        retrace::lines(&index, text, verbose, each);
        index.finish()
    }

    /// Retraces a text, as a MessagePack value:
    ///
    /// ```text
    /// [[line, text, [[[class, method, file, line], ...], ...]], ...]
    ///   line            as it was given, with its line break
    ///   text            what `remap_stacktrace` writes for it: several lines, or none
    ///   [...]           the alternatives, each a list of frames, innermost first
    /// ```
    ///
    /// The file of a frame is nil if it is empty, and an unknown line is 0.
    pub fn retrace_packed(&self, text: &str, verbose: bool) -> Result<Vec<u8>, ProguardError> {
        let mut lines = Vec::with_capacity(2 * text.len());
        let (mut len, mut printed) = (0, String::new());
        self.retrace(text, verbose, |line| {
            len += 1;
            pack::array(&mut lines, 3);
            pack::text(&mut lines, Some(line.line()));
            printed.clear();
            line.print(&mut printed);
            pack::text(&mut lines, Some(&printed));
            pack::array(&mut lines, line.len());
            for frames in line.alternatives() {
                pack::array(&mut lines, frames.len());
                for frame in frames {
                    pack::array(&mut lines, 4);
                    pack::text(&mut lines, Some(frame.class));
                    pack::text(&mut lines, Some(frame.method));
                    pack::text(&mut lines, Some(frame.file).filter(|file| !file.is_empty()));
                    pack::number(&mut lines, frame.line as usize);
                }
            }
        })?;
        let mut out = Vec::with_capacity(lines.len() + 5);
        pack::array(&mut out, len);
        out.append(&mut lines);
        Ok(out)
    }
}

/// Writes MessagePack into memory, which cannot fail.
mod pack {
    /// Writes the header of an array of `len` values.
    pub(super) fn array(out: &mut Vec<u8>, len: usize) {
        match len {
            0..=15 => out.push(0x90 | len as u8),
            _ => prefixed(out, 0xdd, len),
        }
    }

    /// Writes a text, or nil.
    pub(super) fn text(out: &mut Vec<u8>, text: Option<&str>) {
        let Some(text) = text else {
            return out.push(0xc0);
        };
        match text.len() {
            len @ 0..=31 => out.push(0xa0 | len as u8),
            len @ 32..=255 => out.extend([0xd9, len as u8]),
            len => prefixed(out, 0xdb, len),
        }
        out.extend(text.as_bytes());
    }

    /// Writes an unsigned number.
    pub(super) fn number(out: &mut Vec<u8>, number: usize) {
        match number {
            0..=127 => out.push(number as u8),
            128..=65_535 => {
                out.push(0xcd);
                out.extend((number as u16).to_be_bytes());
            }
            _ => {
                out.push(0xcf);
                out.extend((number as u64).to_be_bytes());
            }
        }
    }

    /// Writes a marker and a length of four bytes. A length is that of a part of an indexed
    /// file, far below 4 GiB.
    fn prefixed(out: &mut Vec<u8>, marker: u8, len: usize) {
        let len = u32::try_from(len).expect("a text of a mapping is below 4 GiB");
        out.push(marker);
        out.extend(len.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPPING: &str = "\
org.example.Cart -> a.b:
    1:4:void add(int):20:23 -> a
    5:5:int org.example.Stock.take(int):7:7 -> a
    5:5:void add(int):22 -> a
    void one() -> b
    void two() -> b
org.example.Stock -> a.c:
# {\"id\":\"sourceFile\",\"fileName\":\"Stock.kt\"}
";

    type Frames<'a> = Vec<Vec<(&'a str, &'a str, Option<&'a str>, usize)>>;

    fn query(method: &str, line: usize) -> Query<'_> {
        Query {
            class: "a.b",
            method,
            line,
            parameters: None,
        }
    }

    /// Found by the fuzz target `proguard`: the sum of the line numbers overflows.
    #[test]
    fn line_numbers_may_be_absurd() {
        let max = usize::MAX;
        let mapping = format!("org.A -> a:\n    1:{max}:void m():{max}:{max} -> b\n");
        let mapper = Mapper::new(mapping.into_bytes());
        for line in [0, 1, 2, max - 1, max] {
            let query = Query {
                class: "a",
                method: "b",
                line,
                parameters: None,
            };
            assert!(mapper.remap_frame(query).unwrap().count() <= 1, "{line}");
        }
    }

    #[test]
    fn an_inlined_method_gives_a_frame_for_each() {
        let mapper = Mapper::new(MAPPING);
        let frames: Vec<_> = mapper.remap_frame(query("a", 5)).unwrap().collect();
        let frame = |class, method, file, line| Frame {
            class,
            method,
            file,
            line,
        };
        assert_eq!(
            frames,
            [
                frame("org.example.Stock", "take", "Stock.kt", 7),
                frame("org.example.Cart", "add", "Cart.java", 22)
            ]
        );
    }

    #[test]
    fn the_identifier_is_that_of_the_crate() {
        let mapper = Mapper::new(MAPPING);
        let expected = ProguardMapping::new(MAPPING.as_bytes()).uuid();
        assert_eq!(mapper.uuid(), expected.into_bytes());
    }

    #[test]
    fn parameters_choose_between_methods() {
        let mapper = Mapper::new(MAPPING);
        let with = |parameters| {
            let query = Query {
                parameters: Some(parameters),
                ..query("a", 0)
            };
            let frames = mapper.remap_frame(query).unwrap();
            frames
                .map(|frame| (frame.class, frame.method))
                .collect::<Vec<_>>()
        };
        // Once, although it has two entries, and without the method that is inlined into it.
        assert_eq!(with("int"), [("org.example.Cart", "add")]);
        assert_eq!(with("long"), []);
    }

    #[test]
    fn an_ambiguous_method_is_not_remapped() {
        let mapper = Mapper::new(MAPPING);
        assert_eq!(mapper.remap_method("a.b", "b").unwrap(), None);
        let plain = Mapper::new("org.example.Cart -> a.b:\n    void one() -> b\n");
        let names = Some(("org.example.Cart", "one"));
        assert_eq!(plain.remap_method("a.b", "b").unwrap(), names);
    }

    #[test]
    fn packed_answers_are_those_of_remap_frame() {
        let mapper = Mapper::new(MAPPING);
        let queries = rmp_serde::to_vec(&[
            ("a.b", "a", 5, None),
            ("a.b", "none", 5, None),
            ("a.b", "a", 0, Some("int")),
        ]);
        let packed = mapper.remap_packed(&queries.unwrap()).unwrap();
        let answers: Frames<'_> = rmp_serde::from_slice(&packed).unwrap();
        assert_eq!(
            answers[0],
            [
                ("org.example.Stock", "take", Some("Stock.kt"), 7),
                ("org.example.Cart", "add", Some("Cart.java"), 22)
            ]
        );
        assert_eq!(answers[1], []);
        assert_eq!(
            answers[2],
            [("org.example.Cart", "add", Some("Cart.java"), 20)]
        );
    }

    #[test]
    fn long_names_and_large_numbers_are_packed() {
        for len in [31, 32, 255, 256, 70_000] {
            let class = "C".repeat(len);
            for line in [127, 128, 65_535, 65_536, 5_000_000_000] {
                let text = format!("{class} -> a.b:\n    1:1:void m():{line}:{line} -> a\n");
                let mapper = Mapper::new(text);
                let queries = rmp_serde::to_vec(&vec![("a.b", "a", 1, None::<&str>); 20]).unwrap();
                let packed = mapper.remap_packed(&queries).unwrap();
                let answers: Frames<'_> = rmp_serde::from_slice(&packed).unwrap();
                assert_eq!(answers.len(), 20);
                assert_eq!(answers[0][0].0, class);
                assert_eq!(answers[0][0].3, line);
            }
        }
    }

    #[test]
    fn malformed_queries_are_an_error() {
        let mapper = Mapper::new(MAPPING);
        for bad in [
            &b""[..],
            b"\x91",
            b"\x91\x91\xa1a",
            b"\xc0",
            b"\xdd\xff\xff\xff\xff",
        ] {
            let error = mapper.remap_packed(bad).unwrap_err();
            assert!(error.to_string().starts_with("malformed queries: "));
        }
    }

    #[test]
    fn bytes_that_are_not_a_mapping_find_nothing() {
        let mapper = Mapper::new(b"\xff\x00 -> no\nmapping");
        assert!(!mapper.is_valid());
        assert!(!mapper.has_line_info());
        assert_eq!(mapper.remap_class("no").unwrap(), None);
        assert_eq!(
            mapper.remap_stacktrace("no: text", false).unwrap(),
            "no: text"
        );
    }

    #[test]
    fn a_stack_trace_keeps_its_last_line_open_or_closed() {
        let mapper = Mapper::new(MAPPING);
        let text = "a.b: full\n    at a.b.a(SourceFile:2)";
        let original = "org.example.Cart: full\n    at org.example.Cart.add(Cart.java:21)";
        assert_eq!(mapper.remap_stacktrace(text, false).unwrap(), original);
        assert_eq!(
            mapper
                .remap_stacktrace(&format!("{text}\n"), false)
                .unwrap(),
            format!("{original}\n")
        );
        assert_eq!(mapper.remap_stacktrace("", false).unwrap(), "");
    }

    #[test]
    fn the_error_for_a_missing_file_names_it() {
        let error = Mapper::open(Path::new("no/such/mapping.txt"))
            .err()
            .unwrap();
        assert!(error
            .to_string()
            .starts_with("cannot read no/such/mapping.txt: "));
    }
}
