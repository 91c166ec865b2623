//! Views: the entries of an event, in the form that patterns are compared with.
//!
//! ```text
//! scope        entries
//! exceptions   one for each exception: type, value
//! messages     one for the log entry, then one for each exception
//! log info     one: logger, level; none if both are empty
//! frames       one for each frame of the exceptions; if there are none, of the stack trace;
//!              if there are none, of the thread that crashed
//! tags         one: each tag
//! family, sdk, release    one
//! threads      one for each thread
//! ```
//!
//! A text is put into lower case once for all rules, and a path gets a `/` in front. Only the
//! keys that rules have are prepared: trimming the names of functions takes microseconds.

use std::borrow::Cow;

use super::event::{present, Event, Frame, Text, Thread};
use super::key::{Comparison, Field, Key, Scope};
use super::sdk;
use crate::enhancements::stacktrace::event::{family, function};
use crate::functions::is_space;
use crate::glob::Value;

/// A set of fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields(u32);

impl Fields {
    pub(super) const ALL: Self = Self(u32::MAX);

    /// The bit for the tags.
    const TAGS: u32 = 1 << 31;

    pub(super) fn insert_key(&mut self, key: &Key) {
        self.0 |= match key {
            Key::Field(field) => 1 << *field as u32,
            Key::Tag(_) => Self::TAGS,
        };
    }

    /// The fields that `other` does not have.
    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn has_tags(self) -> bool {
        self.0 & Self::TAGS != 0
    }

    pub(super) fn has(self, field: Field) -> bool {
        self.0 >> field as u32 & 1 == 1
    }
}

/// A text, as it is and as patterns are compared with it.
#[derive(Debug)]
pub(super) struct Form<'e> {
    pub(super) raw: Cow<'e, str>,
    /// In lower case; for a path with slashes, and with one in front. `None` if it is as `raw`.
    folded: Option<String>,
    /// Whether the slash in front is not in the text.
    is_rooted: bool,
}

impl<'e> Form<'e> {
    pub(super) fn new(raw: Cow<'e, str>, comparison: Comparison) -> Self {
        let changes = |byte: u8| byte.is_ascii_uppercase() || !byte.is_ascii();
        // All bytes at once, without a branch: most texts do not change.
        let any = |test: &dyn Fn(u8) -> bool| raw.bytes().fold(false, |any, byte| any | test(byte));
        let is_rooted = comparison == Comparison::Path && !raw.starts_with('/');
        let folded = match comparison {
            Comparison::Folded if any(&changes) => Some(raw.to_lowercase()),
            Comparison::Path if is_rooted || any(&|b| changes(b) || b == b'\\') => {
                let mut text = String::with_capacity(raw.len() + 1);
                if is_rooted {
                    text.push('/');
                }
                text.push_str(&raw);
                if text.is_ascii() {
                    text.make_ascii_lowercase();
                } else {
                    text = text.to_lowercase();
                }
                if text.contains('\\') {
                    text = text.replace('\\', "/");
                }
                Some(text)
            }
            _ => None,
        };
        Self {
            raw,
            folded,
            is_rooted,
        }
    }

    /// The text as globs are tried on it.
    pub(super) fn value(&self) -> Value<'_> {
        let all = self.folded.as_deref().unwrap_or(&self.raw).as_bytes();
        if self.is_rooted {
            Value {
                folded: &all[1..],
                rooted: Some(all),
            }
        } else {
            Value::new(all)
        }
    }
}

/// What a key has on an entry.
pub(super) enum Found<'v, 'e> {
    /// One text, or two that are equally good.
    Texts([Option<&'v Form<'e>>; 2]),
    /// A name that is compared as it is.
    Name(&'static str),
    /// A boolean, if it is there.
    Boolean(Option<bool>),
}

/// A frame with its texts prepared.
#[derive(Default)]
struct FrameForms<'e> {
    function: Option<Form<'e>>,
    module: Option<Form<'e>>,
    package: Option<Form<'e>>,
    path: Option<Form<'e>>,
    /// Only if it differs from the path.
    filename: Option<Form<'e>>,
    in_app: Option<bool>,
}

#[derive(Default)]
struct ExceptionForms<'e> {
    ty: Option<Form<'e>>,
    value: Option<Form<'e>>,
}

#[derive(Default)]
struct ThreadForms<'e> {
    texts: [Option<Form<'e>>; 3],
    crashed: Option<bool>,
    current: Option<bool>,
}

/// The fields for which the frames are needed.
const FRAME_FIELDS: [Field; 5] = [
    Field::Function,
    Field::Module,
    Field::Package,
    Field::Path,
    Field::App,
];

/// The fields of [`ThreadForms::texts`].
const THREAD_TEXTS: [Field; 3] = [Field::ThreadId, Field::ThreadName, Field::ThreadState];

/// The entries of an event.
pub(super) struct View<'e> {
    event: &'e Event<'e>,
    /// The fields that are prepared.
    prepared: Fields,
    exceptions: Vec<ExceptionForms<'e>>,
    message: Option<Form<'e>>,
    logger: Option<Form<'e>>,
    level: Option<Form<'e>>,
    has_log_info: bool,
    frames: Vec<FrameForms<'e>>,
    /// The last value of each name, in the order of the names.
    tags: Vec<(&'e str, Option<Form<'e>>)>,
    family: &'static str,
    sdk: &'static str,
    release: Option<Form<'e>>,
    threads: Vec<ThreadForms<'e>>,
}

impl<'e> View<'e> {
    /// Prepares the fields of an event that are needed.
    pub(super) fn new(event: &'e Event<'_>, needed: Fields) -> Self {
        let exceptions = event.exceptions.iter().flatten();
        let threads = event.threads.iter().map(|thread| ThreadForms {
            crashed: thread.crashed,
            current: thread.current,
            ..ThreadForms::default()
        });
        let (logger, level) = (present(&event.logger), present(&event.level));
        let mut view = Self {
            event,
            prepared: Fields::default(),
            exceptions: exceptions.map(|_| ExceptionForms::default()).collect(),
            message: None,
            logger: None,
            level: None,
            has_log_info: logger.is_some() || level.is_some(),
            frames: Vec::new(),
            tags: Vec::new(),
            family: family(Some(&event.platform)),
            sdk: "",
            release: None,
            threads: threads.collect(),
        };
        view.prepare(needed);
        view
    }

    /// Prepares the fields that are needed, and are not prepared yet.
    pub(super) fn prepare(&mut self, needed: Fields) {
        let event = self.event;
        let missing = needed.without(self.prepared);
        let prepared = self.prepared;
        self.prepared.0 |= needed.0;

        // The messages of exceptions are their values, which are folded alike.
        let has_value = |fields: Fields| fields.has(Field::Value) || fields.has(Field::Message);
        let needs_value = has_value(missing) && !has_value(prepared);
        let exceptions = event.exceptions.iter().flatten();
        for (forms, exception) in self.exceptions.iter_mut().zip(exceptions) {
            if missing.has(Field::Type) {
                forms.ty = form(Field::Type, exception.ty.as_deref());
            }
            if needs_value {
                forms.value = form(Field::Value, trimmed(&exception.value));
            }
        }
        if missing.has(Field::Message) {
            let message = present(&event.formatted).map(|text| text.trim_matches(is_space));
            self.message = form(Field::Message, message);
        }
        if missing.has(Field::Logger) {
            self.logger = form(Field::Logger, present(&event.logger));
        }
        if missing.has(Field::Level) {
            self.level = form(Field::Level, present(&event.level));
        }
        if FRAME_FIELDS.iter().any(|&field| missing.has(field)) {
            let frames = frames(event);
            self.frames.resize_with(frames.len(), FrameForms::default);
            let platform = Some(&*event.platform).filter(|platform| !platform.is_empty());
            for (forms, frame) in self.frames.iter_mut().zip(frames) {
                forms.prepare(frame, platform, missing);
            }
        }
        if missing.has_tags() {
            let tags = event.tags.iter().map(|(name, value)| {
                let form = |value| Form::new(Cow::Borrowed(value), Comparison::Exact);
                (&**name, value.as_deref().map(form))
            });
            self.tags = tags.collect();
            // A stable sort: of a name that is there twice, the last value stays last.
            self.tags.sort_by_key(|(name, _)| *name);
        }
        if missing.has(Field::Sdk) {
            self.sdk = sdk::normalize(event.sdk.as_deref().unwrap_or_default());
        }
        if missing.has(Field::Release) {
            self.release = form(Field::Release, trimmed(&event.release));
        }
        for (forms, thread) in self.threads.iter_mut().zip(&event.threads) {
            let texts = [&thread.id, &thread.name, &thread.state];
            for ((slot, text), field) in forms.texts.iter_mut().zip(texts).zip(THREAD_TEXTS) {
                if missing.has(field) {
                    *slot = form(field, text.as_deref());
                }
            }
        }
    }

    /// How many entries a scope has.
    pub(super) fn entries(&self, scope: Scope) -> usize {
        match scope {
            Scope::Exceptions => self.exceptions.len(),
            Scope::Messages => usize::from(self.message.is_some()) + self.exceptions.len(),
            Scope::LogInfo => usize::from(self.has_log_info),
            Scope::Frames => self.frames.len(),
            Scope::Tags | Scope::Family | Scope::Sdk | Scope::Release => 1,
            Scope::Threads => self.threads.len(),
        }
    }

    /// What a key has on an entry of its scope.
    pub(super) fn find(&self, key: &Key, entry: usize) -> Found<'_, 'e> {
        let field = match key {
            Key::Field(field) => *field,
            Key::Tag(name) => return one(self.tag(name)),
        };
        match field {
            Field::Type => one(self.exceptions.get(entry).and_then(|e| e.ty.as_ref())),
            Field::Value => one(self.exceptions.get(entry).and_then(|e| e.value.as_ref())),
            Field::Message => match (&self.message, entry) {
                (Some(message), 0) => one(Some(message)),
                (message, entry) => {
                    let number = entry - usize::from(message.is_some());
                    one(self.exceptions.get(number).and_then(|e| e.value.as_ref()))
                }
            },
            Field::Logger => one(self.logger.as_ref()),
            Field::Level => one(self.level.as_ref()),
            Field::Module => one(self.frame(entry, |frame| &frame.module)),
            Field::Package => one(self.frame(entry, |frame| &frame.package)),
            Field::Function => one(self.frame(entry, |frame| &frame.function)),
            Field::Path => Found::Texts([
                self.frame(entry, |frame| &frame.path),
                self.frame(entry, |frame| &frame.filename),
            ]),
            Field::App => Found::Boolean(self.frames.get(entry).and_then(|frame| frame.in_app)),
            Field::Family => Found::Name(self.family),
            Field::Sdk => Found::Name(self.sdk),
            Field::Release => one(self.release.as_ref()),
            Field::ThreadId => one(self.thread(entry, 0)),
            Field::ThreadName => one(self.thread(entry, 1)),
            Field::ThreadState => one(self.thread(entry, 2)),
            Field::ThreadCrashed => {
                Found::Boolean(self.threads.get(entry).and_then(|thread| thread.crashed))
            }
            Field::ThreadCurrent => {
                Found::Boolean(self.threads.get(entry).and_then(|thread| thread.current))
            }
        }
    }

    fn frame(
        &self,
        entry: usize,
        field: impl for<'f> Fn(&'f FrameForms<'e>) -> &'f Option<Form<'e>>,
    ) -> Option<&Form<'e>> {
        field(self.frames.get(entry)?).as_ref()
    }

    fn thread(&self, entry: usize, text: usize) -> Option<&Form<'e>> {
        self.threads.get(entry)?.texts[text].as_ref()
    }

    pub(super) fn tag(&self, name: &str) -> Option<&Form<'e>> {
        let after = self.tags.partition_point(|(known, _)| *known <= name);
        let (known, value) = &self.tags[after.checked_sub(1)?];
        value.as_ref().filter(|_| *known == name)
    }

    /// The tags. A name that is there twice is found by its last value.
    pub(super) fn tags(&self) -> impl Iterator<Item = (&'e str, Option<&Form<'e>>)> + '_ {
        self.tags.iter().map(|(name, form)| (*name, form.as_ref()))
    }
}

fn one<'v, 'e>(form: Option<&'v Form<'e>>) -> Found<'v, 'e> {
    Found::Texts([form, None])
}

fn trimmed<'t>(text: &'t Text<'_>) -> Option<&'t str> {
    text.as_deref().map(|text| text.trim_matches(is_space))
}

/// The frames that rules look at.
fn frames<'e, 'j>(event: &'e Event<'j>) -> Vec<&'e Frame<'j>> {
    let exceptions = event.exceptions.iter().flatten();
    let found: Vec<_> = exceptions.flat_map(|exception| &exception.frames).collect();
    if !found.is_empty() {
        return found;
    }
    if !event.frames.is_empty() {
        return event.frames.iter().collect();
    }
    let only = |wanted: fn(&Thread<'_>) -> bool| {
        let mut threads = event.threads.iter().filter(|thread| wanted(thread));
        threads.next().filter(|_| threads.next().is_none())
    };
    let crashed = only(|_| true)
        .or_else(|| only(|thread| thread.crashed == Some(true)))
        .or_else(|| only(|thread| thread.current == Some(true)));
    crashed.map_or_else(Vec::new, |thread| thread.frames.iter().collect())
}

fn form(field: Field, text: Option<&str>) -> Option<Form<'_>> {
    text.map(|text| Form::new(text.into(), field.comparison()))
}

impl<'e> FrameForms<'e> {
    /// Prepares the fields that are missing.
    fn prepare(&mut self, frame: &'e Frame<'_>, event_platform: Option<&str>, missing: Fields) {
        self.in_app = frame.in_app;
        if missing.has(Field::Function) {
            let platform = present(&frame.platform).or(event_platform);
            let name = frame.function.as_deref().map(Cow::Borrowed);
            let name = function(name, frame.is_trimmed, platform);
            self.function = Some(Form::new(name, Comparison::Exact));
        }
        if missing.has(Field::Module) {
            self.module = form(Field::Module, frame.module.as_deref());
        }
        if missing.has(Field::Package) {
            self.package = form(Field::Package, frame.package.as_deref());
        }
        if missing.has(Field::Path) {
            let path = frame.path();
            let filename = frame.filename.as_deref();
            self.path = form(Field::Path, path);
            self.filename = form(Field::Path, filename.filter(|&name| Some(name) != path));
        }
    }
}
