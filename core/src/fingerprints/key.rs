//! Keys: the names of values that matchers look at, and where an event has the values.
//!
//! A key has one *scope*: the kind of entries in which its value is looked up. If matchers of a rule
//! have the same scope, one entry must satisfy all of them:
//!
//! ```text
//! type:A value:b message:*c*
//!
//! scope exceptions   type:A value:b   one exception satisfies both
//! scope messages     message:*c*      the log entry or one exception satisfies it
//! ```
//!
//! [`TABLE`] is the only list of keys. The parser reads names from it, printing and the stored
//! form write names from it, and matching reads its scopes and tests.

use std::fmt;

use smol_str::SmolStr;

/// What a matcher looks at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// One of the keys with a fixed name.
    Field(Field),
    /// `tags.NAME`, with the name.
    Tag(SmolStr),
}

/// A key with a fixed name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The type of an exception.
    Type,
    /// The value of an exception.
    Value,
    /// The message of the log entry, or the value of an exception.
    Message,
    /// The logger of the event.
    Logger,
    /// The level of the event.
    Level,
    /// The module of a frame.
    Module,
    /// The absolute path or the file name of a frame.
    Path,
    /// The package of a frame.
    Package,
    /// The function of a frame.
    Function,
    /// Whether a frame is in-app.
    App,
    /// The family of the event's platform.
    Family,
    /// The normalized name of the SDK.
    Sdk,
    /// The release of the event.
    Release,
    /// The id of a thread.
    ThreadId,
    /// The name of a thread.
    ThreadName,
    /// The state of a thread.
    ThreadState,
    /// Whether a thread crashed.
    ThreadCrashed,
    /// Whether a thread is the current one.
    ThreadCurrent,
}

/// The kind of entries in which a key is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One entry for each exception.
    Exceptions,
    /// One entry for the log entry and one for each exception.
    Messages,
    /// One entry with the logger and the level, unless both are empty.
    LogInfo,
    /// One entry for each frame.
    Frames,
    /// One entry with all tags.
    Tags,
    /// One entry with the family.
    Family,
    /// One entry with the name of the SDK.
    Sdk,
    /// One entry with the release.
    Release,
    /// One entry for each thread.
    Threads,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 9] = [
        Self::Exceptions,
        Self::Messages,
        Self::LogInfo,
        Self::Frames,
        Self::Tags,
        Self::Family,
        Self::Sdk,
        Self::Release,
        Self::Threads,
    ];

    /// Returns the name, as explanations print it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exceptions => "exceptions",
            Self::Messages => "messages",
            Self::LogInfo => "log info",
            Self::Frames => "frames",
            Self::Tags => "tags",
            Self::Family => "family",
            Self::Sdk => "sdk",
            Self::Release => "release",
            Self::Threads => "threads",
        }
    }
}

/// How a pattern is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// A glob.
    Exact,
    /// A glob; case is ignored.
    Folded,
    /// A glob of paths: case is ignored, `\` is `/`, and a `/` in front can be missing.
    Path,
    /// A comma list of names, or `all`.
    List,
    /// A boolean.
    Boolean,
}

/// A row of the table: field, the stored name, other names in texts, scope, comparison.
type Row = (
    Field,
    &'static str,
    &'static [&'static str],
    Scope,
    Comparison,
);

/// All fields, in the order of their numbers.
const TABLE: [Row; 18] = {
    use Comparison::{Boolean, Exact, Folded, List, Path};
    [
        (
            Field::Type,
            "type",
            &["error.type"],
            Scope::Exceptions,
            Exact,
        ),
        (
            Field::Value,
            "value",
            &["error.value"],
            Scope::Exceptions,
            Folded,
        ),
        (Field::Message, "message", &[], Scope::Messages, Folded),
        (Field::Logger, "logger", &[], Scope::LogInfo, Exact),
        (Field::Level, "level", &[], Scope::LogInfo, Folded),
        (
            Field::Module,
            "module",
            &["stack.module"],
            Scope::Frames,
            Exact,
        ),
        (
            Field::Path,
            "path",
            &["stack.abs_path"],
            Scope::Frames,
            Path,
        ),
        (
            Field::Package,
            "package",
            &["stack.package"],
            Scope::Frames,
            Path,
        ),
        (
            Field::Function,
            "function",
            &["stack.function"],
            Scope::Frames,
            Exact,
        ),
        (Field::App, "app", &[], Scope::Frames, Boolean),
        (Field::Family, "family", &[], Scope::Family, List),
        (Field::Sdk, "sdk", &[], Scope::Sdk, List),
        (Field::Release, "release", &[], Scope::Release, Path),
        (
            Field::ThreadId,
            "thread_id",
            &["thread.id"],
            Scope::Threads,
            Folded,
        ),
        (
            Field::ThreadName,
            "thread_name",
            &["thread.name"],
            Scope::Threads,
            Folded,
        ),
        (
            Field::ThreadState,
            "thread_state",
            &["thread.state"],
            Scope::Threads,
            Folded,
        ),
        (
            Field::ThreadCrashed,
            "thread_crashed",
            &["thread.crashed"],
            Scope::Threads,
            Boolean,
        ),
        (
            Field::ThreadCurrent,
            "thread_current",
            &["thread.current"],
            Scope::Threads,
            Boolean,
        ),
    ]
};

impl Field {
    /// Returns all fields.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// Returns the name in the stored form, such as `thread_id`.
    pub fn stored_name(self) -> &'static str {
        self.row().1
    }

    /// Returns the name in rule texts, the shortest one, such as `type` or `thread.id`.
    pub fn text_name(self) -> &'static str {
        match self.row() {
            // Only the names of threads are stored in a form that texts do not have.
            (_, _, [name], Scope::Threads, _) => name,
            row => row.1,
        }
    }

    /// Returns all names in rule texts.
    pub fn text_names(self) -> impl Iterator<Item = &'static str> {
        let (_, stored, others, scope, _) = self.row();
        let short = (*scope != Scope::Threads).then_some(*stored);
        short.into_iter().chain(others.iter().copied())
    }

    /// Returns where an event has the value.
    pub fn scope(self) -> Scope {
        self.row().3
    }

    /// Returns how a pattern is compared with a value.
    pub fn comparison(self) -> Comparison {
        self.row().4
    }
}

/// The beginning of the names of tags.
pub(super) const TAGS: &str = "tags.";

impl Key {
    /// Returns the key with a name in a rule text.
    pub fn from_text_name(name: &str) -> Option<Self> {
        if let Some(tag) = name.strip_prefix(TAGS) {
            return Some(Self::Tag(tag.into()));
        }
        let field = Field::all().find(|field| field.text_names().any(|known| known == name))?;
        Some(Self::Field(field))
    }

    /// Returns the key with a name in the stored form, which can be a name of a text as well.
    pub fn from_stored_name(name: &str) -> Option<Self> {
        let stored = Field::all().find(|field| field.stored_name() == name);
        stored
            .map(Self::Field)
            .or_else(|| Self::from_text_name(name))
    }

    /// Returns the name in the stored form.
    pub fn stored_name(&self) -> StoredName<'_> {
        StoredName(self)
    }

    /// Returns where an event has the value.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Field(field) => field.scope(),
            Self::Tag(_) => Scope::Tags,
        }
    }

    /// Returns how a pattern is compared with a value.
    pub fn comparison(&self) -> Comparison {
        match self {
            Self::Field(field) => field.comparison(),
            Self::Tag(_) => Comparison::Exact,
        }
    }
}

/// The key as rule texts have it.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => f.write_str(field.text_name()),
            Self::Tag(name) => write!(f, "{TAGS}{name}"),
        }
    }
}

/// The name of a key in the stored form, to be printed.
pub struct StoredName<'a>(&'a Key);

impl fmt::Display for StoredName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Key::Field(field) => f.write_str(field.stored_name()),
            Key::Tag(name) => write!(f, "{TAGS}{name}"),
        }
    }
}

/// Names that Sentry gives to tags. In a search they stand alone, in a rule behind `tags.`.
const TAG_NAMES: [&str; 19] = [
    "browser",
    "browser.name",
    "client_os",
    "client_os.name",
    "device",
    "device.family",
    "dist",
    "environment",
    "handled",
    "mechanism",
    "os",
    "os.name",
    "runtime",
    "runtime.name",
    "server_name",
    "site",
    "transaction",
    "url",
    "user",
];

/// Returns whether Sentry has a tag of this name, so that `tags.NAME` may be meant.
pub(crate) fn is_tag_name(name: &str) -> bool {
    TAG_NAMES.contains(&name)
}

/// Returns the names that a misspelled name may stand for.
pub(super) fn known_names() -> Vec<&'static str> {
    Field::all().flat_map(Field::text_names).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_the_order_of_their_numbers() {
        for (number, row) in TABLE.iter().enumerate() {
            assert_eq!(row.0 as usize, number, "{:?}", row.0);
        }
    }

    #[test]
    fn names_are_read() {
        for (name, stored, text) in [
            ("type", "type", "type"),
            ("error.type", "type", "type"),
            ("stack.abs_path", "path", "path"),
            ("thread.id", "thread_id", "thread.id"),
            ("tags.server.name", "tags.server.name", "tags.server.name"),
            ("tags.", "tags.", "tags."),
        ] {
            let key = Key::from_text_name(name).unwrap();
            assert_eq!(key.stored_name().to_string(), stored);
            assert_eq!(key.to_string(), text);
            assert_eq!(Key::from_stored_name(stored), Some(key));
        }
        for name in [
            "",
            "Type",
            "tags",
            "thread_id",
            "stack.app",
            "stack.filename",
        ] {
            assert_eq!(Key::from_text_name(name), None, "{name:?}");
        }
    }
}
