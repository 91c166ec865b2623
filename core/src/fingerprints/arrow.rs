//! Rules over Arrow arrays: a row is an event.
//!
//! ```text
//! utf8: an event as JSON                        \
//!                                                > Event -> match -> rule: int32
//! struct<frames, exception, and optionally      /                   resolved: list<utf8>
//!        platform, level, logger, release,                          title: utf8
//!        transaction, message, sdk, tags>
//! ```
//!
//! The columns `frames` and `exception` are those of stack trace rules, so a row is one stack
//! trace of an event. Its functions are trimmed already, its paths are in lower case, and one
//! column has what an event has as `abs_path` and `filename`. What has no column is missing.
//!
//! No text is copied on the way in. A row that is null has null for an answer, as one that no
//! rule matches.

use std::borrow::Cow;

use arrow_data::ArrayData;
use arrow_schema::DataType;

use super::event::{Event, EventError, Exception, Frame, Text};
use super::rule_set::{FingerprintMatch, FingerprintRules};
use super::variables::UnknownVariable;
use crate::arrow::build::{ints, on_parts, structure, Answers, Lists, Texts as NewTexts};
use crate::arrow::columns::{Bools, Column, Lists as ListColumn, Structs, Texts};
pub use crate::arrow::{ColumnError, RowError};
use crate::limits::Limit;

/// An array that holds no events, or one of them cannot be read.
pub type ArrowError = RowError<EventError>;

impl FingerprintRules {
    /// Finds for each row the first rule that matches its event, on `threads` threads.
    ///
    /// Returns a struct of `rule: int32`, `resolved: list<utf8>` and `title: utf8`.
    ///
    /// # Errors
    ///
    /// Fails if a column is missing or of another type, or with the first event that cannot be
    /// read.
    pub fn match_arrow(
        &self,
        events: &ArrayData,
        unknown: UnknownVariable,
        threads: usize,
    ) -> Result<ArrayData, ArrowError> {
        let rows = Rows::new(events)?;
        let answers = on_parts(events.len(), threads, |range| {
            let mut found = Matched::default();
            for row in range {
                let event = rows.event(row).map_err(|error| match error {
                    Bad::Column(error) => ArrowError::Column(error),
                    Bad::Event(error) => ArrowError::Row { row, error },
                })?;
                found.push(event.and_then(|event| self.match_event(&event, unknown)));
            }
            Ok::<_, ArrowError>(found)
        })?;
        Ok(answers.finish()?)
    }
}

/// What rules find.
#[derive(Default)]
struct Matched {
    rule: Vec<Option<i32>>,
    lists: Lists,
    resolved: NewTexts,
    title: NewTexts,
}

impl Matched {
    fn push(&mut self, found: Option<FingerprintMatch<'_>>) {
        let Some(found) = found else {
            self.rule.push(None);
            self.lists.push(None);
            return self.title.push(None);
        };
        // The text of a rule has more than two bytes, and 32 bits count those of a set.
        self.rule.push(Some(found.index as i32));
        self.lists.push(Some(found.resolved.len()));
        let parts = found.resolved.iter();
        parts.for_each(|part| self.resolved.push(Some(part)));
        self.title.push(found.title.as_deref());
    }

    fn finish(self) -> Result<ArrayData, ColumnError> {
        structure(
            self.rule.len(),
            vec![
                ("rule", ints(&self.rule)?),
                ("resolved", self.lists.finish(self.resolved.finish()?)?),
                ("title", self.title.finish()?),
            ],
        )
    }
}

impl Answers for Matched {
    fn append(&mut self, more: Self) {
        self.rule.extend(more.rule);
        self.lists.append(more.lists);
        self.resolved.append(more.resolved);
        self.title.append(more.title);
    }
}

/// Why a row cannot be read.
enum Bad {
    Column(ColumnError),
    Event(EventError),
}

impl From<ColumnError> for Bad {
    fn from(error: ColumnError) -> Self {
        Self::Column(error)
    }
}

impl From<EventError> for Bad {
    fn from(error: EventError) -> Self {
        Self::Event(error)
    }
}

/// An array of events, with a reader for each column.
enum Rows<'a> {
    Json(Texts<'a>),
    Columns(Box<Columns<'a>>),
}

const EVENTS: &str = "texts of JSON, or a struct of frames and exception";
const FRAMES: &str = "list<struct<family, function, module, package, path, in_app>>";
const EXCEPTION: &str = "struct<ty, value>";
const TAGS: &str = "map<utf8, utf8>";

impl<'a> Rows<'a> {
    fn new(data: &'a ArrayData) -> Result<Self, ColumnError> {
        let name = "(row)";
        let row = Column { name, data };
        if let DataType::Struct(_) = data.data_type() {
            return Ok(Self::Columns(Box::new(Columns::new(row)?)));
        }
        let texts = Texts::new(row).map_err(|error| match error {
            ColumnError::Type { .. } => row.unexpected(EVENTS),
            error => error,
        });
        texts.map(Self::Json)
    }

    /// The event of a row; `None` if it is null.
    fn event(&self, row: usize) -> Result<Option<Event<'a>>, Bad> {
        match self {
            Self::Json(texts) => match texts.get(row)? {
                Some(json) => Ok(Some(Event::from_json(json)?)),
                None => Ok(None),
            },
            Self::Columns(columns) => columns.event(row),
        }
    }
}

/// The columns of a struct.
struct Columns<'a> {
    rows: Structs<'a>,
    lists: ListColumn<'a>,
    frames: Structs<'a>,
    family: Texts<'a>,
    function: Texts<'a>,
    module: Texts<'a>,
    package: Texts<'a>,
    path: Texts<'a>,
    in_app: Bools<'a>,
    exceptions: Structs<'a>,
    ty: Texts<'a>,
    value: Texts<'a>,
    platform: Option<Texts<'a>>,
    of_event: [Option<Texts<'a>>; OF_EVENT.len()],
    tags: Option<Tags<'a>>,
}

/// The columns that can be missing, in the order of [`texts_of`].
const OF_EVENT: [&str; 6] = [
    "level",
    "logger",
    "release",
    "transaction",
    "message",
    "sdk",
];

/// Where an event has what is in the columns of [`OF_EVENT`].
fn texts_of<'e, 'a>(event: &'e mut Event<'a>) -> [&'e mut Text<'a>; OF_EVENT.len()] {
    [
        &mut event.level,
        &mut event.logger,
        &mut event.release,
        &mut event.transaction,
        &mut event.formatted,
        &mut event.sdk,
    ]
}

/// A column of lists of names and values.
struct Tags<'a> {
    lists: ListColumn<'a>,
    pairs: Structs<'a>,
    names: Texts<'a>,
    values: Texts<'a>,
}

impl<'a> Tags<'a> {
    fn new(column: Column<'a>) -> Result<Self, ColumnError> {
        let (lists, pair) = ListColumn::new(column, TAGS)?;
        let pairs = Structs::new(pair, TAGS)?;
        let [names, values] = pair.data.child_data() else {
            return Err(column.unexpected(TAGS));
        };
        let text = |data| Texts::new(Column { data, ..column });
        let texts = (text(names), text(values));
        let (Ok(names), Ok(values)) = texts else {
            return Err(column.unexpected(TAGS));
        };
        Ok(Self {
            lists,
            pairs,
            names,
            values,
        })
    }

    fn of_row(&self, place: usize) -> Result<Vec<(Cow<'a, str>, Text<'a>)>, Bad> {
        let mut tags = Vec::new();
        for (number, pair) in self.lists.get(place)?.unwrap_or_default().enumerate() {
            let Some(place) = self.pairs.place(pair)? else {
                continue;
            };
            let text = |column| read(column, place, || format!("tags[{number}]"));
            // A tag without a name is none that a rule can name.
            if let Some(name) = text(&self.names)? {
                tags.push((name, text(&self.values)?));
            }
        }
        Ok(tags)
    }
}

impl<'a> Columns<'a> {
    fn new(row: Column<'a>) -> Result<Self, ColumnError> {
        let (lists, frame) = ListColumn::new(row.field("frames", "frames", FRAMES)?, FRAMES)?;
        let exception = row.field("exception", "exception", EXCEPTION)?;
        let text = |column: Column<'a>, field, name| {
            Texts::new(column.field(field, name, Texts::EXPECTED)?)
        };
        let in_app = frame.field("in_app", "frames.in_app", Bools::EXPECTED)?;
        let optional = |name| {
            let found = row.optional_field(name, name)?;
            found.map(Texts::new).transpose()
        };
        let mut of_event = [const { None }; OF_EVENT.len()];
        for (column, name) in of_event.iter_mut().zip(OF_EVENT) {
            *column = optional(name)?;
        }
        Ok(Self {
            rows: Structs::new(row, EVENTS)?,
            lists,
            frames: Structs::new(frame, FRAMES)?,
            family: text(frame, "family", "frames.family")?,
            function: text(frame, "function", "frames.function")?,
            module: text(frame, "module", "frames.module")?,
            package: text(frame, "package", "frames.package")?,
            path: text(frame, "path", "frames.path")?,
            in_app: Bools::new(in_app)?,
            exceptions: Structs::new(exception, EXCEPTION)?,
            ty: text(exception, "ty", "exception.ty")?,
            value: text(exception, "value", "exception.value")?,
            platform: optional("platform")?,
            of_event,
            tags: row
                .optional_field("tags", "tags")?
                .map(Tags::new)
                .transpose()?,
        })
    }

    fn event(&self, row: usize) -> Result<Option<Event<'a>>, Bad> {
        let Some(place) = self.rows.place(row)? else {
            return Ok(None);
        };
        let Some(range) = self.lists.get(place)? else {
            return Ok(None);
        };
        Limit::Frames.check(range.len()).map_err(EventError::from)?;
        let mut event = Event::default();
        if let Some(column) = &self.platform {
            let platform = read(column, place, || "platform".to_owned())?;
            event.platform = platform.unwrap_or_default();
        }
        for ((column, name), text) in self.of_event.iter().zip(OF_EVENT).zip(texts_of(&mut event)) {
            if let Some(column) = column {
                *text = read(column, place, || name.to_owned())?;
            }
        }
        if let Some(tags) = &self.tags {
            event.tags = tags.of_row(place)?;
        }
        let mut frames = Vec::with_capacity(range.len());
        for (number, index) in range.enumerate() {
            let mut frame = Frame::default();
            if let Some(place) = self.frames.place(index)? {
                let text =
                    |column, name| read(column, place, || format!("frames[{number}].{name}"));
                frame = Frame {
                    function: text(&self.function, "function")?,
                    is_trimmed: true,
                    module: text(&self.module, "module")?,
                    package: text(&self.package, "package")?,
                    abs_path: text(&self.path, "path")?,
                    in_app: self.in_app.get(place)?,
                    ..frame
                };
                if event.platform.is_empty() {
                    // The name of a family is that of a platform that belongs to it.
                    event.platform = text(&self.family, "family")?.unwrap_or_default();
                }
            }
            frames.push(frame);
        }
        let mut exception = Exception::default();
        if let Some(place) = self.exceptions.place(place)? {
            exception.ty = read(&self.ty, place, || "exception.ty".to_owned())?;
            exception.value = read(&self.value, place, || "exception.value".to_owned())?;
        }
        if exception.ty.is_some() || exception.value.is_some() {
            exception.frames = frames;
            event.exceptions.push(Some(exception));
        } else {
            event.frames = frames;
        }
        Ok(Some(event))
    }
}

/// Reads a text. `path` says where it is.
fn read<'a>(
    column: &Texts<'a>,
    place: usize,
    path: impl FnOnce() -> String,
) -> Result<Text<'a>, Bad> {
    let Some(bytes) = column.get(place)? else {
        return Ok(None);
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Some(Cow::Borrowed(text))),
        Err(_) => Err(EventError::new("not UTF-8").within(path()).into()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::cast::AsArray;
    use arrow_array::types::Int32Type;
    use arrow_array::{Array, ArrayRef, BooleanArray, ListArray, MapArray, StructArray};
    use arrow_buffer::{NullBuffer, OffsetBuffer};
    use arrow_schema::Field;

    use super::*;
    use crate::arrow::testing::{structure, texts, LAYOUTS};
    use crate::fingerprints::testing;
    use crate::testing::{cases, Random};

    type Row = Option<(i32, Vec<String>, Option<String>)>;

    fn asked(rules: &FingerprintRules, events: &dyn Array, threads: usize) -> Vec<Row> {
        let found = rules
            .match_arrow(&events.to_data(), UnknownVariable::Keep, threads)
            .unwrap();
        found.validate_full().unwrap();
        let found = StructArray::from(found);
        let resolved = found.column(1).as_list::<i32>();
        let title = found.column(2).as_string::<i32>();
        let rule = found.column(0).as_primitive::<Int32Type>();
        (0..found.len())
            .map(|row| {
                assert_eq!(rule.is_null(row), resolved.is_null(row));
                let parts = resolved.value(row);
                let parts = parts.as_string::<i32>();
                let title = title.is_valid(row).then(|| title.value(row).to_owned());
                rule.is_valid(row).then(|| {
                    let parts = parts.iter().flatten().map(str::to_owned);
                    (rule.value(row), parts.collect(), title)
                })
            })
            .collect()
    }

    #[test]
    fn events_of_json_are_matched_in_every_layout() {
        let mut random = Random::new(71);
        for layout in LAYOUTS.iter().cycle().take(cases(60)) {
            let lines: Vec<_> = (0..6).map(|_| testing::rule(&mut random)).collect();
            let rules = FingerprintRules::parse(&lines.join("\n")).unwrap();
            let events: Vec<_> = (0..200)
                .map(|_| (!random.one_in(9)).then(|| testing::event(&mut random)))
                .collect();
            let expected: Vec<Row> = events
                .iter()
                .map(|event| {
                    let event = Event::from_json(event.as_ref()?.as_bytes()).unwrap();
                    let found = rules.match_event(&event, UnknownVariable::Keep)?;
                    Some((found.index as i32, found.resolved, found.title))
                })
                .collect();
            let column: Vec<_> = events.iter().map(Option::as_deref).collect();
            let column = texts(layout, &column);
            for threads in [1, 3] {
                assert_eq!(asked(&rules, &column, threads), expected, "{layout}");
            }
            let part = column.slice(100, 50);
            assert_eq!(asked(&rules, &part, 1), expected[100..150], "{layout}");
        }
    }

    fn list(lengths: &[usize], values: StructArray, nulls: Option<NullBuffer>) -> ArrayRef {
        let item = Arc::new(Field::new("item", values.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
        Arc::new(ListArray::new(item, offsets, Arc::new(values), nulls))
    }

    /// Three rows: an exception of two frames, a stack trace of one, and null.
    fn columns(layout: &str, more: Vec<(&str, ArrayRef)>) -> StructArray {
        let text = |values: &[Option<&str>]| texts(layout, values);
        let frames = structure(
            vec![
                ("family", text(&[None, Some("native"), Some("javascript")])),
                ("function", text(&[Some("main(int)"), None, Some("f(int)")])),
                ("module", text(&[Some("app.Main"), None, Some("m")])),
                ("package", text(&[None, Some("/lib/x.so"), None])),
                ("path", text(&[Some("c:/app/a.py"), None, None])),
                (
                    "in_app",
                    Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
                ),
                ("other", text(&[None, None, None])),
            ],
            None,
        );
        let lists = list(
            &[2, 1, 0],
            frames,
            Some(NullBuffer::from(vec![true, true, false])),
        );
        let exception = structure(
            vec![
                ("ty", text(&[Some("Error"), None, Some("Error")])),
                ("value", text(&[Some(" it failed "), None, None])),
            ],
            None,
        );
        let mut fields = vec![("frames", lists), ("exception", Arc::new(exception))];
        fields.extend(more);
        structure(fields, None)
    }

    fn which(matchers: &str, events: &dyn Array) -> Vec<usize> {
        let rules = FingerprintRules::parse(&format!("{matchers} -> x")).unwrap();
        let found = asked(&rules, events, 1).into_iter().enumerate();
        found
            .filter_map(|(row, found)| found.map(|_| row))
            .collect()
    }

    #[test]
    fn a_row_of_columns_is_an_event() {
        for layout in LAYOUTS {
            let events = columns(layout, Vec::new());
            for (matchers, expected) in [
                ("type:Error value:\"it failed\"", &[0][..]),
                ("!type:Error", &[]),
                ("message:*FAILED", &[0]),
                ("module:app.Main path:C:/APP/*.py app:yes", &[0]),
                ("function:<unknown> package:**/x.so", &[0]),
                ("function:f(int) app:no", &[1]),
                ("family:native", &[0]),
                ("family:javascript", &[1]),
                ("[ package:** ] | module:app.*", &[0]),
                ("tags.env:*", &[]),
                ("!tags.env:*", &[0, 1]),
            ] {
                assert_eq!(which(matchers, &events), expected, "{layout} {matchers}");
            }
            let rules = "family:all -> {{ type }}, {{ function }}, {{ stack.filename }} title=\"{{ value }}\"";
            let rules = FingerprintRules::parse(rules).unwrap();
            let texts = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
            assert_eq!(
                asked(&rules, &events, 1),
                [
                    Some((
                        0,
                        texts(["Error", "main(int)", "c:/app/a.py"]),
                        Some(" it failed ".into())
                    )),
                    Some((
                        0,
                        texts(["<no-type>", "f(int)", "<no-filename>"]),
                        Some("<no-value>".into())
                    )),
                    None
                ]
            );
        }
    }

    #[test]
    fn columns_of_the_event_are_used_where_they_are() {
        let column = |one| texts("utf8", &[Some(one), None, None]);
        let pair = structure(
            vec![
                ("key", texts("utf8", &[Some("env"), Some("n")])),
                ("value", texts("large", &[Some("prod"), None])),
            ],
            None,
        );
        let (_, arrays, _) = pair.clone().into_parts();
        let fields = [("key", false), ("value", true)].iter().zip(&arrays);
        let fields = fields.map(|((name, nullable), array)| {
            Field::new(*name, array.data_type().clone(), *nullable)
        });
        let entries = StructArray::new(fields.collect(), arrays.clone(), None);
        let entry = Arc::new(Field::new("entries", entries.data_type().clone(), false));
        let offsets = OffsetBuffer::from_lengths([2, 0, 0]);
        let map = MapArray::new(entry, offsets, entries, None, false);
        for tags in [Arc::new(map) as ArrayRef, list(&[2, 0, 0], pair, None)] {
            let events = columns(
                "utf8",
                vec![
                    ("platform", column("node")),
                    ("level", column("error")),
                    ("logger", column("app")),
                    ("release", column("a/1")),
                    ("message", column("told")),
                    ("sdk", column("sentry.python")),
                    ("transaction", column("/cart")),
                    ("tags", tags),
                ],
            );
            for (matchers, expected) in [
                ("family:javascript", &[0, 1][..]),
                ("level:error logger:app", &[0]),
                ("release:a/1", &[0]),
                ("message:told", &[0]),
                ("sdk:sentry.python", &[0]),
                ("tags.env:prod !tags.n:*", &[0]),
            ] {
                assert_eq!(which(matchers, &events), expected, "{matchers}");
            }
            let rules = FingerprintRules::parse("family:all -> {{ transaction }}").unwrap();
            assert_eq!(asked(&rules, &events, 1)[0].as_ref().unwrap().1, ["/cart"]);
        }
    }

    #[test]
    fn errors_name_row_and_field() {
        let rules = FingerprintRules::parse("type:a -> b").unwrap();
        let error = |events: &dyn Array| {
            let found = rules.match_arrow(&events.to_data(), UnknownVariable::Keep, 1);
            found.unwrap_err().to_string()
        };
        let json = |json| texts("utf8", &[Some("{}"), None, Some(json)]);
        let bad = |at: usize| {
            let bytes: [&[u8]; 3] = [b"", b"", b""];
            let mut bytes = bytes;
            bytes[at] = b"\xff";
            Arc::new(arrow_array::BinaryArray::from(bytes.to_vec())) as ArrayRef
        };
        let pair = structure(
            vec![
                ("key", bad(2)),
                ("value", texts("utf8", &[None, None, None])),
            ],
            None,
        );
        for (found, expected) in [
            (
                error(&json(r#"{"level": []}"#)),
                "row 2: level: expected a text, a number or null, not a list",
            ),
            (error(&json("[")), "row 2: expected an event, which is an object, not a list"),
            (error(&bad(1)), "row 0: not JSON: expected a value at line 1 column 1"),
            (
                error(&BooleanArray::from(vec![true])),
                "column `(row)`: expected texts of JSON, or a struct of frames and exception, not Boolean",
            ),
            (
                error(&structure(vec![("other", json("{}"))], None)),
                "column `frames` is missing: expected list<struct<family, function, module, package, path, in_app>>",
            ),
            (
                error(&columns("utf8", vec![("level", Arc::new(BooleanArray::from(vec![true; 3])))])),
                "column `level`: expected utf8 or binary, not Boolean",
            ),
            (
                error(&columns("utf8", vec![("tags", json("{}"))])),
                "column `tags`: expected map<utf8, utf8>, not Utf8",
            ),
            (error(&columns("utf8", vec![("level", bad(1))])), "row 1: level: not UTF-8"),
            (
                error(&columns("utf8", vec![("tags", list(&[1, 2, 0], pair, None))])),
                "row 1: tags[1]: not UTF-8",
            ),
            (
                error(&columns("utf8", vec![("sdk", json("x")), ("sdk", json("x"))])),
                "column `sdk` is corrupt: there are several of that name",
            ),
        ] {
            assert_eq!(found, expected);
        }
    }
}
