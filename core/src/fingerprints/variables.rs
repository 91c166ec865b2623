//! Variables: parts of a fingerprint and of a title that the event fills in.
//!
//! ```text
//! fingerprint   "{{ error.type }}"          ValueError
//!               "{{ tags.env }}"            prod, or <no-value-for-tag-env>
//!               "{{ type }}: {{ value }}"   stays: a variable must be the whole value
//!               "{{ default }}"             stays: it means the grouping without a rule
//! title         "{{ type }} in {{ function }}"       ValueError in main
//! ```
//!
//! Variables take the texts of the event unchanged: names of functions are not trimmed. If there are
//! several exceptions, variables look at the last one. If a value is missing or empty, the variable
//! becomes a text such as `<no-type>`. Only an empty tag stays empty, as in Sentry.
//!
//! The *crash frame* is the last in-app frame of a list, or its last frame if none is in-app. The
//! list is the first of these that has frames: the last exception, the event's stack trace, the
//! only thread.

use std::borrow::Cow;

use memchr::memmem;

use super::event::{present, Event, Frame};
use crate::functions::is_space;
use crate::parameterization::Parameterizer;

/// What happens to a variable that is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UnknownVariable {
    /// It stays as it is written.
    #[default]
    Keep,
    /// It becomes `<unrecognized-variable-NAME>`, as in newer versions of Sentry.
    Mark,
}

/// How variables are filled in. By default, as Sentry does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filling<'p> {
    /// What happens to a variable that is not known.
    pub unknown: UnknownVariable,
    /// What replaces ids, dates and numbers in the variable `message`. A message that it cannot
    /// search, because of its limits, stays as it is.
    pub parameterizer: Option<&'p Parameterizer>,
}

impl From<UnknownVariable> for Filling<'_> {
    fn from(unknown: UnknownVariable) -> Self {
        Self {
            unknown,
            parameterizer: None,
        }
    }
}

/// The type of a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FingerprintType {
    /// Only `{{ default }}`: the event is grouped as if no rule matched.
    Default,
    /// `{{ default }}` and other parts: the group is divided.
    Hybrid,
    /// Only other parts.
    Custom,
}

impl FingerprintType {
    /// Returns the name that Sentry gives it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Hybrid => "hybrid",
            Self::Custom => "custom",
        }
    }
}

/// The variable that means the grouping without a rule.
const DEFAULT: &str = "default";

/// What the names of tags begin with.
const TAGS: &str = "tags.";

/// The other variables.
pub(super) const NAMES: [&str; 18] = [
    "default",
    "transaction",
    "message",
    "type",
    "error.type",
    "value",
    "error.value",
    "function",
    "stack.function",
    "path",
    "stack.abs_path",
    "stack.filename",
    "module",
    "stack.module",
    "package",
    "stack.package",
    "level",
    "logger",
];

/// Returns the type of a fingerprint; `None` if it is empty.
pub fn fingerprint_type<T: AsRef<str>>(fingerprint: &[T]) -> Option<FingerprintType> {
    let is_default = |part: &T| whole_variable(part.as_ref()) == Some(DEFAULT);
    Some(match fingerprint {
        [] => return None,
        [part] if is_default(part) => FingerprintType::Default,
        parts if parts.iter().any(is_default) => FingerprintType::Hybrid,
        _ => FingerprintType::Custom,
    })
}

/// Returns the name of the variable that a part of a fingerprint is, if it is one.
pub(super) fn whole_variable(part: &str) -> Option<&str> {
    let (len, name) = variable_at(part)?;
    (len == part.len()).then_some(name)
}

/// Whether a variable is known.
pub(super) fn is_known(name: &str) -> bool {
    NAMES.contains(&name) || name.starts_with(TAGS)
}

/// Finds a variable at the front of a text: its length and its name.
///
/// It is what `\{\{\s*(\S+)\s*\}\}` matches there. The name reaches as far as it can, so
/// `{{a}},{{b}}` is one variable.
pub(super) fn variable_at(text: &str) -> Option<(usize, &str)> {
    let inside = text.strip_prefix("{{")?.trim_start_matches(is_space);
    let run = &inside[..inside.find(is_space).unwrap_or(inside.len())];
    let after = inside[run.len()..].trim_start_matches(is_space);
    let (name, after) = match after.strip_prefix("}}") {
        Some(after) if !run.is_empty() => (run, after),
        _ => {
            let at = run.rfind("}}").filter(|&at| at > 0)?;
            (&run[..at], &inside[at + 2..])
        }
    };
    Some((text.len() - after.len(), name))
}

/// The variables of an event.
pub struct Variables<'e> {
    event: &'e Event<'e>,
    filling: Filling<'e>,
}

impl<'e> Variables<'e> {
    /// Returns the variables of an event.
    pub fn new(event: &'e Event<'e>, filling: impl Into<Filling<'e>>) -> Self {
        let filling = filling.into();
        Self { event, filling }
    }

    /// Fills in a fingerprint: each part that is a variable becomes its value.
    pub fn resolve<'p, T: AsRef<str>>(&self, fingerprint: &'p [T]) -> Vec<Cow<'p, str>>
    where
        'e: 'p,
    {
        let parts = fingerprint.iter().map(AsRef::as_ref);
        parts
            .map(|part| {
                let value = whole_variable(part).and_then(|name| self.get(name));
                value.unwrap_or(Cow::Borrowed(part))
            })
            .collect()
    }

    /// Fills in a title: each variable in it becomes its value.
    pub fn expand_title(&self, title: &str) -> String {
        let mut expanded = String::with_capacity(title.len());
        let mut rest = title;
        // A text with many braces and no variable is looked at twice at most: where none is
        // found, none begins before the next white space.
        while let Some(at) = memmem::find(rest.as_bytes(), b"{{") {
            let (before, variable) = rest.split_at(at);
            expanded.push_str(before);
            if let Some((len, name)) = variable_at(variable) {
                match self.get(name) {
                    Some(value) => expanded.push_str(&value),
                    None => expanded.push_str(&variable[..len]),
                }
                rest = &variable[len..];
            } else {
                let space = variable.find(is_space).unwrap_or(variable.len());
                // The last two braces before white space can begin a variable.
                let mut len = space.saturating_sub(2).max(1);
                while !variable.is_char_boundary(len) {
                    len -= 1;
                }
                expanded.push_str(&variable[..len]);
                rest = &variable[len..];
            }
        }
        expanded.push_str(rest);
        expanded
    }

    /// Returns the value of a variable. `None` if it stays as it is written.
    pub fn get(&self, name: &str) -> Option<Cow<'e, str>> {
        let event = self.event;
        let exception = || event.exceptions.last().and_then(Option::as_ref);
        let frame = || crash_frame(event);
        let (value, missing) = match name {
            "transaction" => (present(&event.transaction), "<no-transaction>"),
            "message" => {
                let of_exception = || exception().and_then(|e| present(&e.value));
                let of_event = present(&event.formatted).or_else(|| present(&event.message));
                let message = of_event.or_else(of_exception);
                if let (Some(message), Some(list)) = (message, self.filling.parameterizer) {
                    return Some(list.parameterize(message).unwrap_or(Cow::Borrowed(message)));
                }
                (message, "<no-message>")
            }
            "type" | "error.type" => (exception().and_then(|e| present(&e.ty)), "<no-type>"),
            "value" | "error.value" => (exception().and_then(|e| present(&e.value)), "<no-value>"),
            "function" | "stack.function" => {
                (frame().and_then(|f| present(&f.function)), "<no-function>")
            }
            "path" | "stack.abs_path" => {
                let path = |f: &'e Frame<'e>| present(&f.abs_path).or(present(&f.filename));
                (frame().and_then(path), "<no-abs-path>")
            }
            "stack.filename" => {
                let path = |f: &'e Frame<'e>| present(&f.filename).or(present(&f.abs_path));
                (frame().and_then(path), "<no-filename>")
            }
            "module" | "stack.module" => (frame().and_then(|f| present(&f.module)), "<no-module>"),
            "package" | "stack.package" => {
                let package = frame().and_then(|f| present(&f.package));
                let last = package.and_then(|package| package.rsplit(['/', '\\']).next());
                (last.filter(|last| !last.is_empty()), "<no-package>")
            }
            "level" => (present(&event.level), "<no-level>"),
            "logger" => (present(&event.logger), "<no-logger>"),
            DEFAULT => return None,
            _ => return self.other(name),
        };
        Some(value.unwrap_or(missing).into())
    }

    fn other(&self, name: &str) -> Option<Cow<'e, str>> {
        let Some(tag) = name.strip_prefix(TAGS) else {
            return match self.filling.unknown {
                UnknownVariable::Keep => None,
                UnknownVariable::Mark => Some(format!("<unrecognized-variable-{name}>").into()),
            };
        };
        let tags = self.event.tags.iter();
        let mut values = tags.filter(|(name, _)| name == tag);
        let value = values.find_map(|(_, value)| value.as_deref());
        Some(match value {
            Some(value) => value.into(),
            None => format!("<no-value-for-tag-{tag}>").into(),
        })
    }
}

fn crash_frame<'e>(event: &'e Event<'e>) -> Option<&'e Frame<'e>> {
    let exception = event.exceptions.last().and_then(Option::as_ref);
    let mut frames: &[Frame<'_>] = exception.map_or(&[], |exception| &exception.frames);
    if frames.is_empty() {
        frames = &event.frames;
    }
    if frames.is_empty() && event.has_one_thread {
        frames = event.threads.first().map_or(&[], |thread| &thread.frames);
    }
    let in_app = frames.iter().rev().find(|frame| frame.in_app == Some(true));
    in_app.or(frames.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_can_be_parameterized() {
        let patterns = [crate::parameterization::Pattern::new("int", "[0-9]+")];
        let limits = crate::parameterization::Limits {
            text_bytes: Some(10),
            ..Default::default()
        };
        let list = Parameterizer::new(&patterns, None, limits).unwrap();
        let filling = Filling {
            parameterizer: Some(&list),
            ..Filling::default()
        };
        let rows = [
            (r#"{"logentry": {"formatted": "user 7"}}"#, "user <int>"),
            (
                r#"{"exception": {"values": [{"value": "7 of 9"}]}}"#,
                "<int> of <int>",
            ),
            (r#"{"logentry": {"formatted": "none"}}"#, "none"),
            (
                r#"{"logentry": {"formatted": "more than 10"}}"#,
                "more than 10",
            ),
            ("{}", "<no-message>"),
        ];
        for (event, expected) in rows {
            let event = Event::from_json(event.as_bytes()).unwrap();
            let filled = Variables::new(&event, filling).expand_title("{{ message }} {{ value }}");
            assert!(filled.starts_with(expected), "{filled}");
            let plain = Variables::new(&event, UnknownVariable::Keep).get("message");
            assert!(!plain.unwrap().contains("<int>"));
        }
    }

    #[test]
    fn a_variable_reaches_as_far_as_it_can() {
        for (text, expected) in [
            ("{{a}}", Some((5, "a"))),
            ("{{ a.b }} c", Some((9, "a.b"))),
            ("{{\n\u{a0}a\t}}", Some((9, "a"))),
            ("{{a}},{{b}} c", Some((11, "a}},{{b"))),
            ("{{a}}b c", Some((5, "a"))),
            ("{{a}}b }}", Some((9, "a}}b"))),
            ("{{}}}}", Some((6, "}}"))),
            ("{{ü}}", Some((6, "ü"))),
            ("{{}}", None),
            ("{{ }}", None),
            ("{{ a b }}", None),
            ("{{a}", None),
            ("{a}}", None),
            ("{{", None),
            (" {{a}}", None),
        ] {
            assert_eq!(variable_at(text), expected, "{text:?}");
        }
    }

    const EVENT: &str = r#"{"transaction": "", "level": "error", "logger": "log", "tags": [["env", null], ["env", "prod"], ["n", 5], ["empty", ""]],
        "logentry": {"message": "raw"}, "exception": {"values": [{"type": "A", "value": "a"}, {"type": "B", "value": "",
        "stacktrace": {"frames": [{"function": "f(int)", "filename": "f.c", "package": "/lib\\x.so", "in_app": true},
                                  {"function": "g", "abs_path": "/g.c", "filename": "", "module": "g"}]}}]}}"#;

    #[test]
    fn variables_are_filled_in() {
        let event = Event::from_json(EVENT.as_bytes()).unwrap();
        let keep = Variables::new(&event, UnknownVariable::Keep);
        let mark = Variables::new(&event, UnknownVariable::Mark);
        for (part, expected) in [
            ("plain", "plain"),
            ("{{ type }}", "B"),
            ("{{ type }} x", "{{ type }} x"),
            ("{{error.value}}", "<no-value>"),
            ("{{ message }}", "raw"),
            ("{{ transaction }}", "<no-transaction>"),
            ("{{ function }}", "f(int)"),
            ("{{ path }}", "f.c"),
            ("{{ stack.filename }}", "f.c"),
            ("{{ module }}", "<no-module>"),
            ("{{ package }}", "x.so"),
            ("{{ level }}", "error"),
            ("{{ logger }}", "log"),
            ("{{ tags.env }}", "prod"),
            ("{{ tags.n }}", "5"),
            ("{{ tags.x }}", "<no-value-for-tag-x>"),
            ("{{ tags.empty }}", ""),
            ("{{default}}", "{{default}}"),
            ("{{ nope }}", "{{ nope }}"),
        ] {
            assert_eq!(keep.resolve(&[part]), [expected], "{part}");
        }
        assert_eq!(
            mark.resolve(&["{{ nope }}"]),
            ["<unrecognized-variable-nope>"]
        );
        assert_eq!(mark.resolve(&["{{default}}"]), ["{{default}}"]);
        for (title, expected) in [
            (
                "{{ type }} in {{function}}: {{ nope }}!",
                "B in f(int): {{ nope }}!",
            ),
            ("{ {{{type}} {{", "{ {{{type}} {{"),
            ("é{{é {{ü{{ type }} {{x", "é{{é {{üB {{x"),
            ("{{ a b }} {{ type }}", "{{ a b }} B"),
        ] {
            assert_eq!(keep.expand_title(title), expected, "{title}");
        }
    }

    #[test]
    fn the_crash_frame_is_that_of_the_last_exception_or_stack_trace_or_only_thread() {
        let stack = |frames: &str| format!(r#"{{"stacktrace": {{"frames": [{frames}]}}}}"#);
        let (a, b) = (r#"{"module": "a"}"#, r#"{"module": "b", "in_app": false}"#);
        let ours = r#"{"module": "c", "in_app": true}"#;
        for (event, expected) in [
            (stack(&format!("{a}, {ours}, {b}, null")), "c"),
            (stack(&format!("{a}, {b}")), "b"),
            (stack(""), "<no-module>"),
            (
                format!(
                    r#"{{"exception": {{"values": [{}, {}]}}, "stacktrace": {{"frames": [{b}]}}}}"#,
                    stack(ours),
                    stack(a)
                ),
                "a",
            ),
            (
                format!(
                    r#"{{"exception": {{"values": [{}, null]}}, "stacktrace": {{"frames": [{b}]}}}}"#,
                    stack(ours)
                ),
                "b",
            ),
            (
                format!(r#"{{"threads": {{"values": [{}]}}}}"#, stack(a)),
                "a",
            ),
            (
                format!(r#"{{"threads": {{"values": [{}, null]}}}}"#, stack(a)),
                "<no-module>",
            ),
            (format!(r#"{{"threads": [{}]}}"#, stack(a)), "<no-module>"),
        ] {
            let read = Event::from_json(event.as_bytes()).unwrap();
            let variables = Variables::new(&read, UnknownVariable::Keep);
            assert_eq!(variables.resolve(&["{{ module }}"]), [expected], "{event}");
        }
    }

    #[test]
    fn no_title_takes_more_than_linear_time() {
        let event = Event::default();
        let variables = Variables::new(&event, UnknownVariable::Keep);
        for piece in ["{", "{{a ", "{{ ", "{{{{ a}} ", "{{é", "{{\n"] {
            let title = piece.repeat((1 << 18) / piece.len());
            assert_eq!(variables.expand_title(&title), title);
        }
    }

    #[test]
    fn a_fingerprint_has_a_type() {
        for (fingerprint, expected) in [
            (&[][..], None),
            (&["{{ default }}"], Some(FingerprintType::Default)),
            (&["{{default}}"], Some(FingerprintType::Default)),
            (&["{{ default }}", "a"], Some(FingerprintType::Hybrid)),
            (&["a", "{{ default }} b"], Some(FingerprintType::Custom)),
        ] {
            assert_eq!(fingerprint_type(fingerprint), expected, "{fingerprint:?}");
        }
    }
}
