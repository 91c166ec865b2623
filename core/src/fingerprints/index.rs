//! The engine: finds the first rule that matches without trying all of them.
//!
//! Each rule is found by one of its conditions, the most selective one:
//!
//! ```text
//! rule                                        found by
//! type:DatabaseError message:*gone away*      message has `gone away`
//! family:javascript release:* !app:yes        family is javascript
//! !type:Timeout                               always tried
//!
//! event -> values of fields -> index of each field -> rules -> tried in their order
//! ```
//!
//! The index of globs is that of [`GlobSet`](crate::glob::GlobSet) and of the engine of stack
//! trace rules: it finds the globs of which a value has a text. So the cost for an event
//! depends on the rules that it nearly matches, not on all of them. What is found is tried as
//! the interpreter tries it ([`matching`](super::matching)).

use std::cmp::Reverse;
use std::collections::HashMap;

use smol_str::SmolStr;

use super::event::Event;
use super::key::{Field, Key};
use super::matching::{Compiled, Condition, Test};
use super::rule::Rule;
use super::view::{Fields, Form, Found, View};
use crate::glob::{selectivity, Index, IndexBuilder};

/// A text that is shorter than this is in too many values.
const MIN_SELECTIVE: usize = 4;

/// A pattern of more rules than this finds too many at once.
const MAX_SHARED: usize = 8;

/// More rules that were found than this are looked through for those that are there twice.
const MIN_FOUND: usize = 4_096;

/// Compiled rules with their indexes.
pub(super) struct Engine {
    rules: Box<[Compiled]>,
    /// The rules found by a glob on a field, for each field that finds any.
    fields: Vec<(Field, Index)>,
    /// The rules found by a glob on a tag.
    tags: HashMap<SmolStr, Index>,
    /// The rules found by a name in a comma list.
    families: HashMap<SmolStr, Vec<u32>>,
    sdks: HashMap<SmolStr, Vec<u32>>,
    /// The rules that are always tried.
    always: Box<[u32]>,
    /// The fields that finding needs, and those of the rules that are always tried.
    first: Fields,
    /// The fields of all rules.
    all: Fields,
}

/// How a rule is found.
enum FoundBy<'r> {
    Never,
    Always,
    Glob(&'r Condition),
    Names(&'r Condition, &'r [SmolStr]),
}

impl Engine {
    pub(super) fn new(rules: &[Rule]) -> Self {
        let patterns = rules.iter().flat_map(|rule| &rule.matchers);
        let mut shared: HashMap<(&Key, &str), usize> = HashMap::new();
        for matcher in patterns {
            *shared.entry((&matcher.key, &matcher.pattern)).or_default() += 1;
        }
        let compiled: Box<[_]> = rules.iter().map(Compiled::new).collect();

        let mut fields: HashMap<Field, IndexBuilder<'_, 1>> = HashMap::new();
        let mut tags: HashMap<SmolStr, IndexBuilder<'_, 1>> = HashMap::new();
        let mut names: [HashMap<SmolStr, Vec<u32>>; 2] = Default::default();
        let mut always = Vec::new();
        let (mut first, mut all) = (Fields::default(), Fields::default());
        for (number, (rule, compiled)) in (0..).zip(rules.iter().zip(&compiled)) {
            let share = |condition: &Condition| {
                let matcher = &rule.matchers[condition.number];
                let key = (&matcher.key, &*matcher.pattern);
                shared.get(&key).copied().unwrap_or_default()
            };
            compiled.add_fields(&mut all);
            match found_by(compiled, share) {
                FoundBy::Never => {}
                FoundBy::Always => {
                    always.push(number);
                    compiled.add_fields(&mut first);
                }
                FoundBy::Glob(condition) => {
                    first.insert_key(&condition.key);
                    let builder = match &condition.key {
                        Key::Field(field) => fields.entry(*field).or_default(),
                        Key::Tag(name) => tags.entry(name.clone()).or_default(),
                    };
                    builder.add(condition.anchors(), number, [true]);
                }
                FoundBy::Names(condition, listed) => {
                    first.insert_key(&condition.key);
                    let is_sdk = condition.key == Key::Field(Field::Sdk);
                    for name in listed {
                        let found = names[usize::from(is_sdk)].entry(name.clone());
                        found.or_default().push(number);
                    }
                }
            }
        }
        let fields = fields
            .into_iter()
            .map(|(field, index)| (field, index.build()));
        let mut fields: Vec<_> = fields.collect();
        fields.sort_by_key(|(field, _)| *field as u32);
        let tags = tags.into_iter().map(|(name, index)| (name, index.build()));
        let tags = tags.collect();
        let [families, sdks] = names;
        Self {
            fields,
            tags,
            families,
            sdks,
            always: always.into(),
            first,
            all,
            rules: compiled,
        }
    }

    /// The rules, compiled.
    pub(super) fn rules(&self) -> &[Compiled] {
        &self.rules
    }

    /// Returns the number of the first rule that matches.
    pub(super) fn first_match(&self, event: &Event<'_>) -> Option<usize> {
        let mut view = View::new(event, self.first);
        let mut found = Vec::new();
        self.find(&view, &mut found);
        found.sort_unstable();
        found.dedup();
        if !found.is_empty() {
            view.prepare(self.all);
        }
        let (mut found, mut always) = (&found[..], &self.always[..]);
        // Both are sorted: the smaller number is next.
        loop {
            let next = match (found, always) {
                ([], []) => return None,
                ([number, ..], others) if others.first().is_none_or(|other| number < other) => {
                    &mut found
                }
                _ => &mut always,
            };
            let number = next[0] as usize;
            *next = &next[1..];
            if self.rules[number].is_match(&view) {
                return Some(number);
            }
        }
    }

    /// Appends the numbers of the rules that may match, without those that are always tried.
    fn find(&self, view: &View<'_>, found: &mut Vec<u32>) {
        // Each of many frames can find the same rules.
        let most = MIN_FOUND.max(2 * self.rules.len());
        let mut look = |index: &Index, form: &Form<'_>| {
            let value = form.value();
            index.candidates(&value, found);
            index.candidates_inside(0, &value, found);
            if found.len() > most {
                found.sort_unstable();
                found.dedup();
            }
        };
        for (field, index) in &self.fields {
            let key = Key::Field(*field);
            // Frames that follow each other often have the same package or module.
            let mut last = [None; 2];
            for entry in 0..view.entries(field.scope()) {
                if let Found::Texts(texts) = view.find(&key, entry) {
                    let raw = texts.map(|text| text.map(|text| &*text.raw));
                    if raw != last {
                        texts.iter().flatten().for_each(|text| look(index, text));
                        last = raw;
                    }
                }
            }
        }
        if !self.tags.is_empty() {
            for (name, form) in view.tags() {
                if let Some((index, form)) = self.tags.get(name).zip(form) {
                    look(index, form);
                }
            }
        }
        for (field, names) in [(Field::Family, &self.families), (Field::Sdk, &self.sdks)] {
            if let Found::Name(name) = view.find(&Key::Field(field), 0) {
                found.extend(names.get(name).into_iter().flatten());
            }
        }
    }
}

/// Chooses how a rule is found. `share` counts the rules that have the pattern of a condition.
fn found_by(rule: &Compiled, share: impl Fn(&Condition) -> usize) -> FoundBy<'_> {
    let positive = || rule.conditions().filter(|condition| !condition.negated);
    let is_never = |condition: &Condition| {
        condition.is_out_of_scope()
            || matches!(condition.test, Test::Glob(None) | Test::Boolean(None))
    };
    if positive().any(is_never) {
        return FoundBy::Never;
    }
    let globs = positive().filter(|condition| matches!(condition.test, Test::Glob(_)));
    let selective = globs.map(|condition| (selectivity(&condition.anchors()), condition));
    let selective = selective.filter(|(len, _)| *len > 0);
    let best = selective.min_by_key(|(len, condition)| {
        let shared = share(condition).max(MAX_SHARED);
        (*len < MIN_SELECTIVE, shared, Reverse(*len))
    });
    // A short text finds more than most names do.
    let best = best.map(|(len, condition)| (len < MIN_SELECTIVE, condition));
    let names = positive().find_map(|condition| match &condition.test {
        Test::List(names) if !names.iter().any(|name| name == "all") => Some((condition, names)),
        _ => None,
    });
    match (best, names) {
        (Some((false, condition)), _) | (Some((true, condition)), None) => FoundBy::Glob(condition),
        (_, Some((condition, names))) => FoundBy::Names(condition, names),
        (None, None) => FoundBy::Always,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprints::matching::first_match;
    use crate::fingerprints::{once, testing, FingerprintRules};
    use crate::testing::{cases, Random};

    #[test]
    fn the_engine_finds_what_the_interpreter_finds() {
        let mut random = Random::new(51);
        let mut matched = 0;
        for _ in 0..cases(2_000) {
            let lines: Vec<_> = (0..8).map(|_| testing::rule(&mut random)).collect();
            let rules = FingerprintRules::parse(&lines.join("\n")).unwrap();
            let engine = Engine::new(rules.rules());
            for _ in 0..4 {
                let json = testing::event(&mut random);
                let event = Event::from_json(json.as_bytes()).unwrap();
                let expected = first_match(rules.rules(), &event);
                assert_eq!(engine.first_match(&event), expected, "{lines:#?} {json}");
                let once = once::first_match(rules.rules(), &event);
                assert_eq!(once, expected, "{lines:#?} {json}");
                matched += usize::from(expected.is_some());
            }
        }
        assert!(matched > 1_000, "{matched}");
    }

    #[test]
    fn rules_found_by_many_frames_are_found_once() {
        let lines: Vec<_> = (0..500)
            .map(|n| format!("module:app.* path:{n} -> x"))
            .collect();
        let text = lines.join("\n") + "\nmodule:app.x path:ten -> x";
        let rules = FingerprintRules::parse(&text).unwrap();
        let frames = vec![r#"{"module": "app.x", "filename": "ten"}"#; 2_000].join(",");
        let json = format!(r#"{{"stacktrace": {{"frames": [{frames}]}}}}"#);
        let event = Event::from_json(json.as_bytes()).unwrap();
        let engine = Engine::new(rules.rules());
        let mut found = Vec::new();
        engine.find(&View::new(&event, engine.all), &mut found);
        assert!(found.len() <= 3 * MIN_FOUND, "{}", found.len());
        assert_eq!(rules.first_match(&event), Some(500));
    }

    #[test]
    fn a_rule_is_found_by_its_most_selective_condition() {
        for (matchers, expected) in [
            ("type:Error message:*gone*away*", "type"),
            ("type:Err message:*gone*away*", "message"),
            ("type:a family:native", "family"),
            ("type:ErrorA family:native", "type"),
            ("family:native,all type:a", "type"),
            ("!type:ErrorA", "always"),
            ("app:yes", "always"),
            ("path:* app:yes", "always"),
            ("type:ErrorA app:maybe", "never"),
            ("type:ErrorA value:[", "never"),
            ("[ type:ErrorA ] | function:main", "never"),
            ("[ !type:ErrorA ] | function:main", "function"),
            ("[ function:handler ] | app:yes", "function"),
        ] {
            let rules = FingerprintRules::parse(&format!("{matchers} -> x")).unwrap();
            let compiled = Compiled::new(&rules.rules()[0]);
            let found = match found_by(&compiled, |_| 1) {
                FoundBy::Never => "never".to_owned(),
                FoundBy::Always => "always".to_owned(),
                FoundBy::Glob(condition) | FoundBy::Names(condition, _) => {
                    condition.key.to_string()
                }
            };
            assert_eq!(found, expected, "{matchers}");
        }
    }
}
