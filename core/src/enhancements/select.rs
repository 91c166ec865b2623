//! Parts of a rule set, by the actions of the rules.
//!
//! ```text
//! function:a +app -group category=x
//!            `---------- classifier ----- +app category=x
//!                 `----- contributes ---- -group
//! ```
//!
//! Sentry runs the two passes at different times, and stores rules in these two parts.

use crate::enhancements::action::{Action, FlagKind, Range};
use crate::enhancements::fields::{Subject, TextField};
use crate::enhancements::matcher::{FrameMatcher, FrameTest, Offset};
use crate::enhancements::rule::Rule;

/// A part of a rule set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Only actions that change frames: `app` and `category=`.
    Classifier,
    /// Only the other actions: `group`, and the variables of the stack trace.
    Contributes,
    /// Only rules that profiles support: rules whose matchers are `path`, `module`, `function` and
    /// `package` of the frame, none of them negated, and whose only action is `+app` or `-app`. A
    /// pattern with a space is not supported: Sentry splits a rule into words.
    Profiling,
}

impl Part {
    /// The number of parts.
    pub(super) const COUNT: usize = 3;
}

/// Returns the rules of a part. Rules without a remaining action are dropped.
pub(super) fn select(rules: &[Rule], part: Part) -> Vec<Rule> {
    let keep = |keep: fn(&Action) -> bool| {
        let kept = rules.iter().map(|rule| rule.with_actions(keep));
        kept.filter(|rule| !rule.actions().is_empty()).collect()
    };
    match part {
        Part::Classifier => keep(Action::modifies_frames),
        Part::Contributes => keep(|action| !action.modifies_frames()),
        Part::Profiling => rules
            .iter()
            .filter(|rule| is_for_profiling(rule))
            .cloned()
            .collect(),
    }
}

/// Returns whether a word of a rule, divided at white space, is a matcher that profiles support.
/// Sentry looks at the beginning of the word only, so a word inside of quotes can be one.
pub(super) fn is_profiling_matcher(word: &str) -> bool {
    let fields = TextField::ALL.into_iter().map(Subject::Text);
    fields
        .flat_map(Subject::names)
        .any(|name| word.starts_with(name))
}

fn is_for_profiling(rule: &Rule) -> bool {
    let plain = |matcher: &FrameMatcher| {
        let pattern = match &matcher.test {
            FrameTest::Text(field, pattern) => match field {
                TextField::Function | TextField::Module | TextField::Package | TextField::Path => {
                    pattern.as_str()
                }
            },
            FrameTest::Category(_) | FrameTest::Family { .. } | FrameTest::App { .. } => {
                return false;
            }
        };
        // The first part belongs to the word with the name, even if it is empty.
        let mut words = pattern.split(char::is_whitespace).skip(1);
        let is_one_word = words.all(|word| word.is_empty() || is_profiling_matcher(word));
        !matcher.negated && matcher.offset == Offset::This && is_one_word
    };
    let [Action::Flag(action)] = rule.actions() else {
        return false;
    };
    action.kind == FlagKind::App
        && action.range == Range::This
        && rule.exception_matchers().is_empty()
        && rule.frame_matchers().iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::{Cache, Enhancements};

    #[test]
    fn rules_are_split_by_what_they_do() {
        let text = "function:a +app -group category=x\nfunction:b max-frames=3\nfunction:c ^-app\n\
                    path:d -app\n[ path:d ] | path:e -app\ntype:x path:e -app\ncategory:y -app\n\
                    !path:f -app\npath:\"g h\" -app\npath:\"i module\" -app\n";
        let rules = Enhancements::parse(text, &Cache::new(0)).unwrap();
        let part = |part| rules.part(part).to_text().unwrap();
        assert_eq!(
            part(Part::Classifier),
            "function:a +app category=x\nfunction:c ^-app\npath:d -app\n\
             [ path:d ] | path:e -app\ntype:x path:e -app\ncategory:y -app\n\
             !path:f -app\npath:\"g h\" -app\npath:\"i module\" -app\n"
        );
        assert_eq!(
            part(Part::Contributes),
            "function:a -group\nfunction:b max-frames=3\n"
        );
        assert_eq!(
            part(Part::Profiling),
            "path:d -app\npath:\"i module\" -app\n"
        );
    }
}
