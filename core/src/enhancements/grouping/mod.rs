//! Applies the rules of a project to a stack trace of an event, as Sentry does for grouping.
//!
//! The rules of a project run after *bases*, which are named rule sets. Grouping uses them in two
//! parts: the *classifier* rules change frames, and the *contributes* rules decide whether frames
//! count. [`EnhancementsConfig`] holds both parts, of the bases and the project together. All
//! configs with the same rules share their segments.
//!
//! ```text
//!               classifier                          contributes
//!  event --> in_app, category --> written back --> app:    in-app frames count initially
//!                  |                               system: all frames count initially
//!                  `--> hints about in_app             |
//!                              `------ combined ------'  hints about counting
//! ```
//!
//! [`Processed`] has the results for the two *variants* of the stack trace, app and system.
//! [`hints`] combines the hints.

mod changes;
mod hints;
mod known;

use std::collections::HashSet;
use std::sync::Arc;

use once_cell::race::OnceBox;
use thiserror::Error;

pub use self::changes::{AppliedToEvent, EventCategory, EventFrame, FrameChange};
use self::hints::Hints;
pub use self::hints::{FrameOutcome, Variant};
use crate::enhancements::binary::config_structure::OtherFamily;
use crate::enhancements::binary::stored::{StoredError, StoredRules};
use crate::enhancements::cache::Cache;
use crate::enhancements::error::{ConfigStructureError, EnhancementsError};
use crate::enhancements::matcher::Offset;
use crate::enhancements::result::Component;
use crate::enhancements::rule::Rule;
use crate::enhancements::rule_set::Enhancements;
use crate::enhancements::select::Part;
use crate::enhancements::stacktrace::event::EventStacktrace;
use crate::enhancements::stacktrace::view::{FrameView, StacktraceError, StacktraceView};

/// The rules of a project, with its bases. Immutable; cloning shares it.
#[derive(Clone)]
pub struct EnhancementsConfig(Arc<Config>);

struct Config {
    own: Arc<OwnRules>,
    bases: Vec<String>,
    classifier: Enhancements,
    contributes: Enhancements,
}

/// The rules of a project without its bases.
struct OwnRules {
    stored: StoredRules,
    /// The texts in hints of all custom rules and of their parts, except rules with a matcher on a
    /// caller or callee. Sentry compares texts to find out whether a rule is custom. It prints the
    /// brackets of such matchers differently, so it takes these rules for built-in ones.
    texts: OnceBox<HashSet<String>>,
}

impl OwnRules {
    fn new(stored: StoredRules) -> Self {
        Self {
            stored,
            texts: OnceBox::new(),
        }
    }

    fn texts(&self) -> &HashSet<String> {
        self.texts.get_or_init(|| {
            let StoredRules {
                rules,
                classifier,
                contributes,
            } = &self.stored;
            let sets = [rules, classifier, contributes];
            let plain = |rule: &&Rule| {
                let mut matchers = rule.frame_matchers().iter();
                matchers.all(|matcher| matcher.offset == Offset::This)
            };
            let rules = sets.into_iter().flat_map(|set| set.rules());
            let rules = rules.filter(plain);
            Box::new(rules.map(Rule::to_string).collect())
        })
    }
}

/// An error of making a config.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The text is malformed.
    #[error(transparent)]
    Text(#[from] EnhancementsError),
    /// The stored text is malformed.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// The stored text names a base that was not passed.
    #[error("unknown base `{name}`, the known bases are: {}", listed(given))]
    UnknownBase {
        /// The name.
        name: String,
        /// The names of the bases that were passed.
        given: Vec<String>,
    },
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// The results of rules for a stack trace of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processed<'a> {
    /// The changes of each frame.
    pub changes: Vec<FrameChange<'a>>,
    /// The app variant: only in-app frames count initially.
    pub app: Variant,
    /// The system variant: all frames count initially.
    pub system: Variant,
}

impl EnhancementsConfig {
    /// Parses the rules of a project. The rules of `bases` run before them, in their order.
    ///
    /// # Errors
    ///
    /// Fails at the first line that is not a rule.
    pub fn from_text(text: &str, bases: &[(&str, &Enhancements)]) -> Result<Self, ConfigError> {
        let own = known::get_or_make(known::Form::Text, text, || {
            let rules = Enhancements::parse(text, &Cache::new(0))?;
            Ok::<_, ConfigError>(OwnRules::new(StoredRules {
                classifier: rules.part(Part::Classifier),
                contributes: rules.part(Part::Contributes),
                rules,
            }))
        })?;
        let sets = bases.iter().map(|(_, base)| *base);
        let names = bases.iter().map(|(name, _)| (*name).to_owned()).collect();
        Ok(Self::new(own, names, sets))
    }

    /// Reads the rules of a project in the form in which Sentry stores them. The text may name any
    /// of `bases`.
    ///
    /// # Errors
    ///
    /// Fails if the text is malformed or names another base.
    pub fn from_base64(
        text: &str,
        bases: &[(&str, &Enhancements)],
        other: OtherFamily,
    ) -> Result<Self, ConfigError> {
        let form = match other {
            OtherFamily::Read => known::Form::Stored,
            OtherFamily::Ignore => known::Form::StoredWithoutOther,
        };
        let own = known::get_or_make(form, text, || {
            Ok::<_, ConfigError>(OwnRules::new(StoredRules::decode(text, other)?))
        })?;
        let names = own.stored.rules.bases().to_vec();
        let mut sets = Vec::with_capacity(names.len());
        for name in &names {
            let found = bases.iter().find(|(given, _)| given == name);
            let (_, base) = found.ok_or_else(|| ConfigError::UnknownBase {
                name: name.clone(),
                given: bases.iter().map(|(given, _)| (*given).to_owned()).collect(),
            })?;
            sets.push(*base);
        }
        Ok(Self::new(own, names, sets.into_iter()))
    }

    fn new<'b>(
        own: Arc<OwnRules>,
        bases: Vec<String>,
        sets: impl Iterator<Item = &'b Enhancements> + Clone,
    ) -> Self {
        let joined = |part: Part, last: &Enhancements| {
            let mut rules = Enhancements::empty();
            for set in sets.clone() {
                rules.extend_from(&set.part(part));
            }
            rules.extend_from(last);
            rules
        };
        Self(Arc::new(Config {
            classifier: joined(Part::Classifier, &own.stored.classifier),
            contributes: joined(Part::Contributes, &own.stored.contributes),
            own,
            bases,
        }))
    }

    /// Writes the form in which Sentry stores the rules: those of the project, and the names of
    /// the bases.
    ///
    /// # Errors
    ///
    /// Fails if a pattern is too long for the binary form.
    pub fn to_base64(&self) -> Result<String, ConfigStructureError> {
        self.0.own.stored.encode(&self.0.bases)
    }

    /// Clears the table of project rules of the process. Configs that are in use keep their rules.
    pub fn forget_all() {
        known::clear();
    }

    /// Returns the names of the bases.
    pub fn bases(&self) -> &[String] {
        &self.0.bases
    }

    /// Returns the rules of the project, without the bases.
    pub fn own(&self) -> &Enhancements {
        &self.0.own.stored.rules
    }

    /// Returns the classifier rules: all rules with the actions that change frames.
    pub fn classifier(&self) -> &Enhancements {
        &self.0.classifier
    }

    /// Returns the contributes rules: all rules with the actions that affect grouping.
    pub fn contributes(&self) -> &Enhancements {
        &self.0.contributes
    }

    /// Runs the rules on a stack trace of an event.
    ///
    /// # Errors
    ///
    /// Fails only for input that [`EventStacktrace::decode`] rejects.
    pub fn process<'c>(
        &'c self,
        event: &'c EventStacktrace<'_>,
    ) -> Result<Processed<'c>, StacktraceError> {
        let mut stacktrace = event.view();
        let (_, changed) = changes::change(self.classifier(), &mut stacktrace)?;

        let assemble = |rules: &Enhancements, stacktrace: &StacktraceView<'_>, start: Start| {
            let start = |frame: &FrameView<'_>| Component::new(start(frame));
            let mut components: Vec<_> = stacktrace.frames.iter().map(start).collect();
            let result = rules.assemble_packed(stacktrace, &mut components)?;
            Ok::<_, StacktraceError>((result, components))
        };
        let (_, marked) = assemble(self.classifier(), &stacktrace, |_| None)?;
        // Only the classifier rules use the original `in_app`.
        for frame in &mut stacktrace.frames {
            frame.orig_in_app = None;
        }
        let in_app = |frame: &FrameView<'_>| Some(frame.in_app == Some(true));
        let app = assemble(self.contributes(), &stacktrace, in_app)?;
        let system = assemble(self.contributes(), &stacktrace, |_| Some(true))?;

        let hints = Hints {
            classifier: self.classifier(),
            contributes: self.contributes(),
            own: self.0.own.texts(),
        };
        let seen = stacktrace.frames.iter().zip(event.client_in_app());
        let seen = seen.zip(&marked);
        let seen = seen.map(|((frame, client_in_app), marked)| hints::Seen {
            in_app: frame.in_app,
            client_in_app,
            marked: marked.hint,
        });
        let seen: Vec<_> = seen.collect();
        Ok(Processed {
            changes: changed,
            app: hints.app(&seen, &app.0, &app.1),
            system: hints.system(&system.0, &system.1),
        })
    }
}

impl Processed<'_> {
    /// Writes the result as MessagePack: an array of `app`, `system` and the changes of frames.
    pub fn to_msgpack(&self) -> Vec<u8> {
        // This cannot fail: the value has only texts and small numbers.
        rmp_serde::to_vec(&(&self.app, &self.system, &self.changes)).unwrap_or_default()
    }
}

/// The initial `contributes` of a frame.
type Start = fn(&FrameView<'_>) -> Option<bool>;

#[cfg(test)]
mod tests {
    use super::*;

    fn processed(config: &EnhancementsConfig, frames: &str) -> String {
        let json = format!("[\"python\", null, {frames}]");
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let bytes = rmp_serde::to_vec(&value).unwrap();
        let event = EventStacktrace::decode(&bytes).unwrap();
        let processed = config.process(&event).unwrap();
        let variant = |name: &str, variant: &Variant| {
            let frame = |&number: &u32| {
                let outcome = &variant.outcomes[number as usize];
                format!(
                    "  {:?} {}\n",
                    outcome.contributes,
                    outcome.hint.as_deref().unwrap_or("-")
                )
            };
            let frames: String = variant.frames.iter().map(frame).collect();
            format!(
                "{name} {} {}\n{frames}",
                variant.contributes,
                variant.hint.as_deref().unwrap_or("-")
            )
        };
        let change = |change: &FrameChange<'_>| {
            format!(
                "{:?} {:?} {:?}\n",
                change.in_app, change.orig_in_app, change.category
            )
        };
        let changes: String = processed.changes.iter().map(change).collect();
        changes + &variant("app", &processed.app) + &variant("system", &processed.system)
    }

    #[test]
    fn hints_of_both_halves_are_combined() {
        let base = Enhancements::parse(
            "module:lib.* -app category=lib\ncategory:lib -group",
            &Cache::new(0),
        )
        .unwrap();
        let config = EnhancementsConfig::from_text(
            "function:main +app\nfunction:log* -group\nfunction:* min-frames=3",
            &[("base", &base)],
        )
        .unwrap();
        let frames = r#"[{"function": "main"}, {"function": "log_it", "in_app": true},
            {"function": "lib", "module": "lib.x", "in_app": true},
            {"function": "own", "in_app": true, "data": {"client_in_app": true}}]"#;
        assert_eq!(
            processed(&config, frames),
            "Some(true) Some(-1) None\nNone None None\nSome(false) Some(1) Some(\"lib\")\nNone None None\n\
             app false discarded because stacktrace only contains 2 frames which is under the configured threshold by custom stacktrace rule (function:* min-frames=3)\n  \
             Some(true) marked in-app by custom stacktrace rule (function:main +app)\n  \
             Some(false) ignored by custom stacktrace rule (function:log* -group)\n  \
             Some(false) marked out of app by built-in stacktrace rule (module:lib.* -app category=lib)\n  \
             Some(true) marked in-app by the client\n\
             system false discarded because stacktrace only contains 2 frames which is under the configured threshold by custom stacktrace rule (function:* min-frames=3)\n  \
             Some(true) -\n  \
             Some(false) ignored by custom stacktrace rule (function:log* -group)\n  \
             Some(false) ignored by built-in stacktrace rule (category:lib -group)\n  \
             Some(true) -\n"
        );
    }

    #[test]
    fn a_stored_config_is_the_same_config() {
        let base = Enhancements::parse("module:lib.* -app", &Cache::new(0)).unwrap();
        let bases = [("base", &base)];
        let config = EnhancementsConfig::from_text("function:a category=x -group", &bases).unwrap();
        let stored = config.to_base64().unwrap();
        let again = EnhancementsConfig::from_base64(&stored, &bases, OtherFamily::Read).unwrap();
        assert_eq!(again.bases(), ["base"]);
        assert!(again.own() == config.own() && again.classifier() == config.classifier());
        assert!(again.contributes() == config.contributes());
        let error =
            EnhancementsConfig::from_base64(&stored, &[("other", &base)], OtherFamily::Read);
        assert_eq!(
            error.err().unwrap().to_string(),
            "unknown base `base`, the known bases are: `other`"
        );
    }
}
