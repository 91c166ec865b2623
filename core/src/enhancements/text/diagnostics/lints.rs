//! Lints: warnings about rules that are valid, but probably do not do what was intended.
//!
//! [`each`] checks one rule, [`Across`] all rules together. Both take linear time: a
//! hash of the matchers finds rules with the same matchers, and running indexes answer what is
//! between two rules.
//!
//! A rule is *shadowed* if later rules with the same matchers set everything that it sets:
//!
//! ```text
//! 1  function:a   +app            sets app
//! 2  category:x   -group          (tests a category: a rule between 1 and 3 must not
//! 3  function:a   -app -group      test what rule 1 sets, here app)
//! ```

use std::collections::hash_map::Entry;
use std::collections::HashMap;

use super::finding::Finding;
use super::suggest;
use crate::enhancements::action::{Action, FlagKind, Range, VarAction};
use crate::enhancements::codes::Code;
use crate::enhancements::family::Families;
use crate::enhancements::matcher::{FrameTest, Matcher};
use crate::enhancements::pattern::Dialect;
use crate::enhancements::text::parser::{Place, WrittenMatcher, WrittenRule};

// --- one rule -----------------------------------------------------------------------

/// Reports problems of the matchers of a rule.
pub(super) fn each(rule: &WrittenRule, line: &str, report: &mut impl FnMut(Finding)) {
    for matcher in &rule.matchers {
        // The pattern of an exception is valid, otherwise the line is not a rule.
        let Matcher::Frame(frame) = &matcher.matcher else {
            continue;
        };
        match &frame.test {
            FrameTest::Category(pattern) | FrameTest::Text(_, pattern) => {
                if let Err(invalid) = pattern.validate() {
                    let fate = never(matcher);
                    report(Finding {
                        code: Code::InvalidGlob,
                        place: matcher.argument.clone(),
                        message: format!("{invalid}: {fate}"),
                        suggestion: None,
                    });
                } else if pattern.dialect() == Dialect::Path {
                    path_pattern(matcher, line, report);
                }
            }
            FrameTest::App {
                expected: None,
                raw,
            } => report(Finding {
                code: Code::AppNoBoolean,
                place: matcher.argument.clone(),
                message: format!("`{raw}` is not a boolean: {}", never(matcher)),
                suggestion: suggest::boolean(raw),
            }),
            FrameTest::App { .. } => {}
            FrameTest::Family { .. } => families(matcher, line, report),
        }
    }
}

/// Describes the effect of a matcher whose test never holds.
fn never(matcher: &WrittenMatcher) -> &'static str {
    if matcher.negated {
        "negated, this matches every frame"
    } else {
        "this never matches"
    }
}

fn families(matcher: &WrittenMatcher, line: &str, report: &mut impl FnMut(Finding)) {
    let mut start = matcher.argument.start;
    for name in line[matcher.argument.clone()].split(',') {
        let place = start..start + name.len();
        start = place.end + 1;
        if Families::from_names(name) == Families::NONE {
            report(Finding {
                code: Code::UnknownFamily,
                place,
                message: format!("unknown family `{name}`, which is ignored"),
                suggestion: suggest::family(name),
            });
        }
    }
}

/// Reports the first `**` that is not a whole segment, and the first character that paths never
/// contain.
fn path_pattern(matcher: &WrittenMatcher, line: &str, report: &mut impl FnMut(Finding)) {
    let argument = &line[matcher.argument.clone()];
    if let Some((place, suggestion)) = partial_stars(argument) {
        report(Finding {
            code: Code::PartialStars,
            place: within(matcher, place),
            message: "`**` is not a whole path segment here, so it acts as `*` and stops at `/`"
                .into(),
            suggestion: suggestion.map(str::to_owned),
        });
    }
    // Values are in lower case. Patterns ignore only the case of A to Z.
    let upper = |c: char| !c.is_ascii() && c.to_lowercase().next() != Some(c);
    if let Some((at, c)) = argument.char_indices().find(|&(_, c)| upper(c)) {
        report(Finding {
            code: Code::NeverInPath,
            place: within(matcher, at..at + c.len_utf8()),
            message: format!("paths are in lower case, and patterns ignore only the case of A to Z: `{c}` never matches"),
            suggestion: Some(c.to_lowercase().collect()),
        });
    }
    // A backslash is a slash in these patterns and cannot escape a bracket.
    if let Some(at) = argument.find(r"\]").or_else(|| argument.find(r"\}")) {
        report(Finding {
            code: Code::NeverInPath,
            place: within(matcher, at..at + 1),
            message: "a backslash is a slash in a path pattern: it does not escape a character"
                .into(),
            suggestion: None,
        });
    }
}

fn within(matcher: &WrittenMatcher, place: Place) -> Place {
    let start = matcher.argument.start;
    start + place.start..start + place.end
}

/// Returns the first run of two or more stars that is not a whole segment, and what was probably
/// meant. A segment ends at a slash, and inside braces also at a comma or a brace.
fn partial_stars(argument: &str) -> Option<(Place, Option<&'static str>)> {
    let bytes = argument.as_bytes();
    let (mut at, mut braces) = (0, 0_u32);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'{' => braces += 1,
            b'}' => braces = braces.saturating_sub(1),
            // A class: the first character does not close it, nor does the first one after `!` or
            // `^`.
            b'[' => {
                at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'!' | b'^')));
                let rest = bytes.get(at + 1..).unwrap_or_default();
                at += 1 + rest.iter().position(|&b| b == b']').unwrap_or(rest.len());
            }
            b'*' => {
                let len = bytes[at..].iter().take_while(|&&b| b == b'*').count();
                let before = at.checked_sub(1).map(|before| bytes[before]);
                let after = bytes.get(at + len).copied();
                let border = |b, brace| match b {
                    None | Some(b'/' | b'\\') => true,
                    Some(b) => braces > 0 && (b == b',' || b == brace),
                };
                let (opens, closes) = (border(before, b'{'), border(after, b'}'));
                if len > 1 && !(len == 2 && opens && closes) {
                    let meant = match (len, opens, closes) {
                        (2, true, false) => Some("**/*"),
                        (2, false, true) => Some("*/**"),
                        _ => None,
                    };
                    return Some((at..at + len, meant));
                }
                at += len - 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

// --- all rules ----------------------------------------------------------------------

/// The targets of actions: a bit for each.
type Targets = u16;

const TARGETS: usize = 10;
/// The flag `app`, on the frame, after it and before it.
const APP: Targets = 0b111;
const CATEGORY: Targets = 1 << 6;

/// Returns the target of an action, as the number of a bit.
fn target(action: &Action) -> usize {
    match action {
        Action::Flag(flag) => {
            let range = match flag.range {
                Range::This => 0,
                Range::Up => 1,
                Range::Down => 2,
            };
            match flag.kind {
                FlagKind::App => range,
                FlagKind::Group => 3 + range,
            }
        }
        Action::Var(VarAction::Category(_)) => 6,
        Action::Var(VarAction::MaxFrames(_)) => 7,
        Action::Var(VarAction::MinFrames(_)) => 8,
        Action::Var(VarAction::InvertStacktrace(_)) => 9,
    }
}

/// Returns whether the value of a variable has the same effect as leaving it unset.
fn is_default(action: &Action) -> bool {
    match action {
        Action::Var(VarAction::MaxFrames(n)) => *n == 0,
        // `min-frames` only applies to stack traces with at least one contributing frame.
        Action::Var(VarAction::MinFrames(n)) => *n <= 1,
        Action::Var(VarAction::InvertStacktrace(invert)) => !invert,
        _ => false,
    }
}

/// The facts about a rule.
struct Seen {
    line: usize,
    place: Place,
    /// The number of its matchers. Rules with the same matchers have the same number.
    matchers: usize,
    actions: Vec<Action>,
    sets: Targets,
    /// Which of `APP` and `CATEGORY` its matchers test.
    asks: Targets,
    is_duplicate: bool,
}

/// All rules of a text.
#[derive(Default)]
pub(super) struct Across {
    rules: Vec<Seen>,
    matchers: HashMap<Vec<String>, usize>,
    /// The first and the latest rule with these matchers and actions.
    latest: HashMap<(usize, Vec<Action>), usize>,
    findings: Vec<(usize, Finding)>,
    /// The variables that an earlier rule has set to a value other than the default.
    in_use: Targets,
}

impl Across {
    /// Adds the next rule, which is in this line.
    pub(super) fn add(&mut self, rule: &WrittenRule, line: usize) {
        let index = self.rules.len();
        let fresh = self.matchers.len();
        let matchers = *self.matchers.entry(canonical(rule)).or_insert(fresh);
        let actions: Vec<_> = rule
            .actions
            .iter()
            .map(|(_, action)| action.clone())
            .collect();
        let bits = |keep: fn(&Action) -> bool| {
            let kept = actions.iter().filter(|action| keep(action));
            kept.fold(0, |bits: Targets, action| bits | 1 << target(action))
        };
        let place = rule.place();

        let needless = bits(is_default) & !self.in_use;
        let sets = bits(|_| true);
        self.in_use |= bits(|action| !is_default(action));
        if !actions.is_empty() && sets == needless & !self.in_use {
            self.findings.push((
                index,
                Finding {
                    code: Code::NoEffect,
                    place: rule.actions[0].0.start..place.end,
                    message: "this sets the default value, and no earlier rule sets another one"
                        .into(),
                    suggestion: None,
                },
            ));
        }

        let mut is_duplicate = false;
        match self.latest.entry((matchers, actions.clone())) {
            Entry::Vacant(vacant) => {
                vacant.insert(index);
            }
            Entry::Occupied(mut latest) if !actions.is_empty() => {
                is_duplicate = true;
                let earlier = latest.insert(index);
                self.findings.push((
                    index,
                    Finding {
                        code: Code::Duplicate,
                        place: place.clone(),
                        message: format!("line {} has the same rule", self.rules[earlier].line),
                        suggestion: None,
                    },
                ));
            }
            Entry::Occupied(_) => {}
        }
        self.rules.push(Seen {
            line,
            place,
            matchers,
            actions,
            sets,
            asks: asks(rule),
            is_duplicate,
        });
    }

    /// Reports all findings, each with the index of its rule.
    pub(super) fn finish(mut self, report: &mut impl FnMut(usize, Finding)) {
        for (index, finding) in self.shadowed() {
            report(index, finding);
        }
        for (index, finding) in self.findings.drain(..) {
            report(index, finding);
        }
    }

    /// Finds shadowed rules, from the last rule to the first.
    fn shadowed(&self) -> Vec<(usize, Finding)> {
        const NONE: usize = usize::MAX;
        let mut found = Vec::new();
        // The nearest later rule that tests app or category, and the nearest one that sets it.
        let (mut asks_app, mut asks_category) = (NONE, NONE);
        let (mut sets_app, mut sets_category) = (NONE, NONE);
        // The nearest later rule with the same matchers that sets a target.
        let mut setters: HashMap<usize, [usize; TARGETS]> = HashMap::new();
        for (index, rule) in self.rules.iter().enumerate().rev() {
            let setters = setters.entry(rule.matchers).or_insert([NONE; TARGETS]);
            let nearest = |bits: Targets, at: &mut usize| {
                if bits != 0 {
                    *at = index;
                }
            };
            nearest(rule.sets & APP, &mut sets_app);
            nearest(rule.sets & CATEGORY, &mut sets_category);
            // No rule may test the value before it is overridden, and the later rule must match the
            // same frames as this one.
            let is_overridden = |bit: usize| {
                let by = setters[bit];
                let (seen, moves) = match 1 << bit {
                    bit if bit & APP != 0 => (asks_app, true),
                    CATEGORY => (asks_category, true),
                    // Frames do not change in the pass that decides about grouping.
                    _ => (NONE, false),
                };
                let moved = (rule.asks & APP != 0 && sets_app < by)
                    || (rule.asks & CATEGORY != 0 && sets_category < by);
                by != NONE && seen > by && !(moves && moved)
            };
            let bits = || (0..TARGETS).filter(|bit| rule.sets >> bit & 1 == 1);
            // If the later rule is identical, the later one gets the diagnostic.
            let last = bits().map(|bit| setters[bit]).max().unwrap_or(NONE);
            if rule.sets != 0
                && bits().all(is_overridden)
                && !bits().any(|bit| self.is_same(index, setters[bit]))
            {
                found.push((
                    index,
                    Finding {
                        code: Code::Shadowed,
                        place: rule.place.clone(),
                        message: format!(
                            "line {} has the same matchers and overrides all that this rule sets",
                            self.rules[last].line
                        ),
                        suggestion: None,
                    },
                ));
            }
            for bit in bits() {
                setters[bit] = index;
            }
            nearest(rule.asks & APP, &mut asks_app);
            nearest(rule.asks & CATEGORY, &mut asks_category);
        }
        found
    }

    fn is_same(&self, index: usize, later: usize) -> bool {
        let (rule, later) = (&self.rules[index], &self.rules[later]);
        later.is_duplicate && rule.actions == later.actions
    }
}

/// Returns which of `APP` and `CATEGORY` the matchers test.
fn asks(rule: &WrittenRule) -> Targets {
    let asked = rule.matchers.iter().map(|matcher| match &matcher.matcher {
        Matcher::Frame(frame) => match frame.test {
            FrameTest::App { .. } => APP,
            FrameTest::Category(_) => CATEGORY,
            FrameTest::Text(..) | FrameTest::Family { .. } => 0,
        },
        Matcher::Exception(_) => 0,
    });
    asked.fold(0, |all, bits| all | bits)
}

/// Returns the matchers in a form that is equal for rules with the same meaning: sorted, each once,
/// in the form that hints have, without details that have no effect.
fn canonical(rule: &WrittenRule) -> Vec<String> {
    let print = |matcher: &WrittenMatcher| match &matcher.matcher {
        Matcher::Exception(exception) => exception.to_string(),
        Matcher::Frame(frame) => match frame.test.pattern() {
            Some(pattern) if pattern.dialect() == Dialect::Path => {
                frame.to_string().to_ascii_lowercase().replace('\\', "/")
            }
            _ => frame.to_string(),
        },
    };
    let mut matchers: Vec<_> = rule.matchers.iter().map(print).collect();
    matchers.sort_unstable();
    matchers.dedup();
    matchers
}

#[cfg(test)]
mod tests {
    use crate::enhancements::text::diagnostics::check;

    /// The findings as `line:column-end code`.
    fn lints(text: &str) -> Vec<String> {
        let found = check(text);
        let show = |d: &crate::enhancements::text::diagnostics::Diagnostic| {
            format!("{}:{}-{} {}", d.line, d.column, d.end_column, d.code)
        };
        found.iter().map(show).collect()
    }

    #[test]
    fn odd_matchers() {
        for (line, expected) in [
            ("function:[a +app", &["1:10-12 OPH101"][..]),
            ("!path:\"{a\" +app", &["1:8-10 OPH101"]),
            ("app:maybe +app", &["1:5-10 OPH102"]),
            (
                "family:native,é,x +app",
                &["1:15-16 OPH103", "1:17-18 OPH103"],
            ),
            ("family: +app", &["1:8-8 OPH103"]),
            ("family:native,all !app:0 +app", &[]),
            ("path:**.py +app", &["1:6-8 OPH104"]),
            ("path:a/**/b{**/c,d/**} +app", &[]),
            (r"path:**\b\** +app", &[]),
            ("path:[**]x/** +app", &[]),
            ("path:[]**]x +app", &[]),
            ("path:a/***/b +app", &["1:8-11 OPH104"]),
            ("function:a**b +app", &[]),
            ("package:/Users/** +app", &[]),
            ("package:/É/** +app", &["1:10-11 OPH105"]),
            (r"path:**/\[id\].js +app", &["1:13-14 OPH105"]),
            (r"path:C:\Windows\** +app", &[]),
            ("function:É +app", &[]),
        ] {
            assert_eq!(lints(line), expected, "{line}");
        }
    }

    #[test]
    fn rules_that_are_overridden() {
        for (text, expected) in [
            ("function:a +app\nfunction:a -app", &["1:1-16 OPH106"][..]),
            ("function:a +app\nfunction:a ^-app", &[]),
            ("function:a +app\nfunction:b -app", &[]),
            ("function:a +app\n!function:a -app", &[]),
            ("function:a +app -group\nfunction:a -app", &[]),
            (
                "function:a +app -group\nfunction:a -app\nfunction:a +group",
                &["1:1-23 OPH106"],
            ),
            (
                "function:a module:b +app # x\nmodule:b function:a -app",
                &["1:1-25 OPH106"],
            ),
            ("path:A/b +app\npath:a\\B -app", &["1:1-14 OPH106"]),
            // Somebody asks in between, or the rule itself does.
            ("function:a +app\napp:yes -group\nfunction:a -app", &[]),
            (
                "function:a +app\ncategory:x -group\nfunction:a -app",
                &["1:1-16 OPH106"],
            ),
            ("category:x category=y\ncategory:x category=z", &[]),
            (
                "category:x +app\nfunction:b category=x\ncategory:x -app",
                &[],
            ),
            (
                "app:yes -group\nfunction:b +app\napp:yes +group",
                &["1:1-15 OPH106"],
            ),
            // The same again.
            (
                "function:a +app\nfunction:b -app\nfunction:a +app",
                &["3:1-16 OPH107"],
            ),
            (
                "function:a max-frames=3\nfunction:a max-frames=03",
                &["2:1-25 OPH107"],
            ),
            // Nothing.
            ("function:a max-frames=0", &["1:12-24 OPH108"]),
            (
                "function:a min-frames=1 invert-stacktrace=no",
                &["1:12-45 OPH108"],
            ),
            ("function:a max-frames=3\nfunction:b max-frames=0", &[]),
            ("function:a max-frames=0 +app", &[]),
        ] {
            assert_eq!(lints(text), expected, "{text}");
        }
    }
}
