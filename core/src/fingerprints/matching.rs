//! Matching by trying each rule: the definition of what rules mean.
//!
//! ```text
//! rule     type:A value:b !function:c -> x
//!
//! groups   exceptions   type A, value b       an exception that is both
//!          frames       not function c        a frame that is not c
//! ```
//!
//! A matcher looks at one scope, such as the exceptions. The matchers of a rule are grouped by their
//! scopes. A group holds if one entry of its scope satisfies all its matchers. A rule matches if all
//! its groups hold. So a group does not hold if its scope has no entries, even if all its matchers
//! are negated.
//!
//! A caller or callee matcher belongs to the group of frames. A caller matcher holds on a frame if
//! the next frame satisfies it, and a callee matcher if the frame before satisfies it. If there is
//! no such frame, it does not hold, negated or not.
//!
//! If the value is missing, a matcher does not hold, and a negated matcher holds.

use smol_str::SmolStr;

use super::key::{Comparison, Field, Key, Scope};
use super::rule::{Matcher, Neighbor, Rule};
use super::view::{Fields, Found, View};
use crate::glob::{Anchors, Glob, InvalidGlob, Options};

/// A rule whose patterns are compiled.
pub(super) struct Compiled {
    /// The conditions of each scope, in the order of the matchers.
    pub(super) groups: Vec<(Scope, Vec<Condition>)>,
}

/// A matcher whose pattern is compiled.
pub(super) struct Condition {
    pub(super) key: Key,
    pub(super) negated: bool,
    pub(super) neighbor: Neighbor,
    /// The number of the matcher in its rule.
    pub(super) number: usize,
    pub(super) test: Test,
}

/// How a condition compares.
pub(super) enum Test {
    /// `None` if the glob is not valid. It matches nothing.
    Glob(Option<Glob>),
    /// The names of a comma list.
    List(Vec<SmolStr>),
    /// `None` if the pattern is not a boolean. It matches nothing.
    Boolean(Option<bool>),
}

impl Compiled {
    pub(super) fn new(rule: &Rule) -> Self {
        let mut groups: Vec<(Scope, Vec<Condition>)> = Vec::new();
        for (number, matcher) in rule.matchers.iter().enumerate() {
            let condition = Condition::new(matcher, number);
            let scope = condition.scope();
            match groups.iter_mut().find(|(known, _)| *known == scope) {
                Some((_, conditions)) => conditions.push(condition),
                None => groups.push((scope, vec![condition])),
            }
        }
        Self { groups }
    }

    pub(super) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.groups.iter().flat_map(|(_, conditions)| conditions)
    }

    /// Adds the fields that the rule looks at.
    pub(super) fn add_fields(&self, fields: &mut Fields) {
        for condition in self.conditions() {
            fields.insert_key(&condition.key);
            if condition.is_out_of_scope() {
                // It looks at no field of a frame, but needs to know whether there is one.
                fields.insert_key(&Key::Field(Field::App));
            }
        }
    }

    /// Whether the rule matches.
    pub(super) fn is_match(&self, view: &View<'_>) -> bool {
        self.groups.iter().all(|(scope, conditions)| {
            (0..view.entries(*scope)).any(|entry| {
                conditions
                    .iter()
                    .all(|condition| condition.holds(view, entry))
            })
        })
    }
}

impl Condition {
    fn new(matcher: &Matcher, number: usize) -> Self {
        Self {
            key: matcher.key.clone(),
            negated: matcher.negated,
            neighbor: matcher.neighbor,
            number,
            test: Test::new(&matcher.pattern, matcher.key.comparison()),
        }
    }

    /// Texts that every matching value has; `None` if they are not known.
    pub(super) fn anchors(&self) -> Anchors<'_> {
        match &self.test {
            Test::Glob(Some(glob)) => glob.anchors(),
            _ => None,
        }
    }

    /// The scope in whose entries the condition must hold.
    pub(super) fn scope(&self) -> Scope {
        match self.neighbor {
            Neighbor::This => self.key.scope(),
            Neighbor::Caller | Neighbor::Callee => Scope::Frames,
        }
    }

    /// Whether a frame cannot have the value: it is a caller or callee matcher of another scope.
    pub(super) fn is_out_of_scope(&self) -> bool {
        self.scope() != self.key.scope()
    }

    /// The entry that the condition looks at, for an entry of its scope.
    pub(super) fn entry(&self, view: &View<'_>, entry: usize) -> Option<usize> {
        match self.neighbor {
            Neighbor::This => Some(entry),
            Neighbor::Caller => Some(entry + 1).filter(|&next| next < view.entries(Scope::Frames)),
            Neighbor::Callee => entry.checked_sub(1),
        }
    }

    /// Whether the condition holds on an entry of its scope.
    pub(super) fn holds(&self, view: &View<'_>, entry: usize) -> bool {
        let Some(entry) = self.entry(view, entry) else {
            return false;
        };
        let found = !self.is_out_of_scope() && self.test.is_match(&view.find(&self.key, entry));
        found != self.negated
    }
}

impl Test {
    fn new(pattern: &str, comparison: Comparison) -> Self {
        match comparison {
            Comparison::Exact | Comparison::Folded | Comparison::Path => {
                Self::Glob(glob(pattern, comparison).ok())
            }
            Comparison::List => Self::List(pattern.split(',').map(SmolStr::from).collect()),
            Comparison::Boolean => Self::Boolean(boolean(pattern)),
        }
    }

    pub(super) fn is_match(&self, found: &Found<'_, '_>) -> bool {
        match (self, found) {
            (Self::Glob(Some(glob)), Found::Texts(texts)) => {
                let mut texts = texts.iter().flatten();
                texts.any(|text| glob.is_match_in_forms(&text.value()))
            }
            (Self::List(names), Found::Name(name)) => {
                names.iter().any(|known| known == "all" || known == name)
            }
            (Self::Boolean(Some(wanted)), Found::Boolean(found)) => *found == Some(*wanted),
            _ => false,
        }
    }
}

/// Compiles a pattern.
pub(super) fn glob(pattern: &str, comparison: Comparison) -> Result<Glob, InvalidGlob> {
    let is_path = comparison == Comparison::Path;
    let options = Options {
        double_star: is_path,
        path_normalize: is_path,
        case_insensitive: comparison != Comparison::Exact,
        allow_newline: true,
    };
    if options.case_insensitive {
        Glob::new(&pattern.to_lowercase(), options)
    } else {
        Glob::new(pattern, options)
    }
}

/// Reads a boolean, in any case.
pub(super) fn boolean(pattern: &str) -> Option<bool> {
    match &*pattern.to_lowercase() {
        "1" | "yes" | "true" => Some(true),
        "0" | "no" | "false" => Some(false),
        _ => None,
    }
}

/// The interpreter: tries the rules one after the other, and returns the first that matches.
pub fn first_match(rules: &[Rule], event: &super::Event<'_>) -> Option<usize> {
    let view = View::new(event, Fields::ALL);
    rules
        .iter()
        .position(|rule| Compiled::new(rule).is_match(&view))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprints::{Event, FingerprintRules};

    const FRAMES: &str = r#"{"platform": "native", "exception": {"values": [
        {"type": "A", "value": " x\ny ", "stacktrace": {"frames": [
            {"function": "int main(int)", "module": "m", "abs_path": "C:\\App\\Main.C", "filename": "main.c"},
            null,
            {"function": "run", "raw_function": "run(int)", "module": "n", "package": "lib/LIBX.so", "in_app": true}]}},
        {"type": "B", "value": "z", "stacktrace": {"frames": [{"module": "o", "filename": "o.c", "in_app": 0}]}}]}}"#;
    const EVENT: &str = r#"{"logger": "log", "level": "ERROR", "release": " app/1.2 ", "logentry": {"formatted": " Hé ", "message": "raw"},
        "sdk": {"name": "sentry.python.flask"}, "platform": "node", "tags": [["env", "prod"], null, ["n", 5], ["gone", null], ["env", "dev"]],
        "threads": {"values": [{"id": 1, "name": "Main", "state": "RUNNABLE", "crashed": false, "stacktrace": {"frames": [{"module": "t1"}]}},
                               {"id": "2", "crashed": true, "current": true, "stacktrace": {"frames": [{"module": "t2"}]}}]}}"#;

    fn matches(matchers: &str, event: &str) -> bool {
        let text = format!("{matchers} -> x");
        let rules = FingerprintRules::parse(&text).unwrap_or_else(|error| panic!("{error}"));
        let event = Event::from_json(event.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        first_match(rules.rules(), &event) == Some(0)
    }

    #[test]
    fn matchers_of_one_scope_hold_on_one_entry() {
        for (matchers, expected) in [
            ("type:A", true),
            ("type:a", false),
            ("type:A value:z", false),
            ("type:B value:Z", true),
            ("type:A message:z", true),
            ("!type:A", true),
            ("!type:A !type:B", false),
            ("!type:*", false),
            ("value:x*Y", true),
            ("value:\" x*\"", false),
            ("message:x?y", true),
            ("function:main module:m", true),
            ("function:main module:n", false),
            ("function:run app:yes", true),
            ("app:0 module:o", true),
            ("app:maybe", false),
            ("!app:maybe", true),
            ("function:<unknown> module:o", true),
            ("path:c:/app/*.c", true),
            ("path:**/app/main.c", true),
            ("path:app/main.c", false),
            ("path:main.c module:m", true),
            ("path:/o.c", true),
            ("!path:** module:n", true),
            ("package:**/libx.so", true),
            ("package:/lib/libx.so", true),
            ("module:[", false),
            ("!module:[", true),
            ("family:native", true),
            ("family:x,native", true),
            ("family:all", true),
            ("family:nat*", false),
            ("sdk:other", true),
            ("logger:*", false),
            ("!logger:*", false),
            ("tags.x:*", false),
            ("!tags.x:*", true),
            ("release:*", false),
            ("!release:*", true),
        ] {
            assert_eq!(matches(matchers, FRAMES), expected, "{matchers}");
        }
    }

    #[test]
    fn the_event_itself_is_matched() {
        for (matchers, expected) in [
            ("logger:log level:error", true),
            ("logger:Log", false),
            ("level:Err*", true),
            ("release:APP/1.2", true),
            ("release:app/*", true),
            ("release:app*", false),
            ("message:hÉ", true),
            ("message:raw", false),
            ("sdk:sentry.python", true),
            ("sdk:a,all", true),
            ("family:javascript", true),
            ("tags.env:dev", true),
            ("tags.env:prod", false),
            ("tags.n:5 !tags.gone:*", true),
            ("tags.n:5 tags.env:prod", false),
            ("thread.id:1 thread.name:main thread.state:run*", true),
            ("thread.id:2 thread.name:main", false),
            ("thread.crashed:yes thread.current:TRUE", true),
            ("thread.crashed:no thread.current:yes", false),
            ("!thread.current:yes thread.id:1", true),
            ("module:t2", true),
            ("module:t1", false),
        ] {
            assert_eq!(matches(matchers, EVENT), expected, "{matchers}");
        }
    }

    #[test]
    fn the_caller_is_the_frame_after_and_the_callee_the_one_before() {
        for (matchers, expected) in [
            ("[ module:n ] | module:m", true),
            ("[ module:m ] | module:n", false),
            ("module:n | [ module:m ]", true),
            ("[ module:o ] | module:n | [ module:m ]", true),
            ("[ module:m ] | module:o", false),
            ("[ !module:x ] | module:o", false),
            ("[ !module:x ] | module:n", true),
            ("module:m | [ !module:x ]", false),
            ("[ type:A ] | module:m", false),
            ("[ !type:A ] | module:m", true),
            ("[ module:n ] | type:A", true),
            ("[ module:m ] | type:A", false),
        ] {
            assert_eq!(matches(matchers, FRAMES), expected, "{matchers}");
        }
    }

    #[test]
    fn frames_are_those_of_the_first_scope_that_has_any() {
        let stack = |module: &str| format!(r#"{{"frames": [{{"module": "{module}"}}]}}"#);
        let thread =
            |flags: &str, module| format!(r#"{{{flags} "stacktrace": {}}}"#, stack(module));
        let (one, two) = (stack("one"), stack("two"));
        for (event, expected) in [
            (
                format!(
                    r#"{{"exception": {{"values": [{{"stacktrace": {one}}}]}}, "stacktrace": {two}}}"#
                ),
                "one",
            ),
            (
                format!(r#"{{"exception": {{"values": [{{}}]}}, "stacktrace": {two}}}"#),
                "two",
            ),
            (
                format!(r#"{{"exception": [{{"stacktrace": {one}}}], "stacktrace": {two}}}"#),
                "two",
            ),
            (
                format!(
                    r#"{{"stacktrace": {{"frames": []}}, "threads": {{"values": [null, {}]}}}}"#,
                    thread("", "t")
                ),
                "t",
            ),
            (format!(r#"{{"threads": [{}]}}"#, thread("", "t")), "t"),
            (
                format!(
                    r#"{{"threads": {{"values": [{}, {}]}}}}"#,
                    thread(r#""crashed": true,"#, "t"),
                    thread(r#""current": true,"#, "u")
                ),
                "t",
            ),
            (
                format!(
                    r#"{{"threads": {{"values": [{}, {}]}}}}"#,
                    thread(r#""crashed": true,"#, "t"),
                    thread(r#""crashed": true, "current": true,"#, "u")
                ),
                "u",
            ),
            (
                format!(
                    r#"{{"threads": {{"values": [{}, {}]}}}}"#,
                    thread("", "t"),
                    thread("", "u")
                ),
                "",
            ),
        ] {
            assert_eq!(matches("module:*", &event), !expected.is_empty(), "{event}");
            if !expected.is_empty() {
                assert!(matches(&format!("module:{expected}"), &event), "{event}");
            }
        }
    }
}
