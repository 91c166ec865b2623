//! Previews: compares the results of two rule sets.
//!
//! ```text
//! stack traces --+-- old rules --> in_app, category, contributes --+-- compared, counted
//!                `-- new rules --> in_app, category, contributes --'
//! ```
//!
//! Sentry groups events by the sequence of frames that count. So a stack trace groups otherwise if
//! that sequence is another one. There is one in each variant of the stack trace, app and system,
//! as [`explain`](crate::enhancements::explain) describes; the app variant decides if it counts.
//!
//! Stack traces are added in batches and not kept, so memory grows only with the number of rules.
//! The engine computes the results of both rule sets. For the first stack traces that change, by
//! default [`EXPLAINED`], the interpreter finds the responsible rules. It runs only the rules that
//! match a frame, which the engine knows: the others change nothing.
//!
//! [`Kept`] stack traces have the results of the old rules already.

use std::ops::Range;

use serde::Serialize;

use crate::enhancements::explain::{explain, Explanation, Field, FrameExplanation, Step};
use crate::enhancements::frame::Frame;
use crate::enhancements::kept::Kept;
use crate::enhancements::result::{AppliedFrame, Assembled, Evaluation};
use crate::enhancements::rule::{distinct, Rule, RuleNumber};
use crate::enhancements::rule_set::Enhancements;
use crate::enhancements::stacktrace::json::{parts_of_lines, read_lines};
use crate::enhancements::stacktrace::msgpack;
use crate::enhancements::stacktrace::view::{StacktraceError, StacktraceView};
use crate::parallel;

/// The maximum number of stack traces that are explained, unless [`Preview::set_max_explained`] sets
/// another. Explaining one takes many times as long as comparing it.
pub const EXPLAINED: u64 = 10_000;

/// The maximum number of stack traces in `examples`.
pub const NAMED: usize = 1_000;

/// The minimum number of bytes of JSON for a thread. Reading them takes about ten times as long as
/// starting a thread.
const FEWEST_BYTES: usize = 64 << 10;

/// The comparison of a stack trace: what changes, and the old and the new rules that match.
struct Compared {
    changes: Changes,
    matched: [Vec<RuleNumber>; 2],
    /// The number of frames whose `in_app` was restored before.
    restored: u64,
}

impl Compared {
    fn new(changes: Changes, matched: [Vec<RuleNumber>; 2]) -> Self {
        let matched = matched.map(distinct);
        Self {
            changes,
            matched,
            restored: 0,
        }
    }
}

/// A stack trace that changes, with the rules that match, and the number of times that it occurs.
struct Changed<'a> {
    stacktrace: &'a StacktraceView<'a>,
    matched: &'a [Vec<RuleNumber>; 2],
    times: u64,
}

/// The results of a thread for lines of JSON.
struct ComparedLines {
    bytes: usize,
    compared: Vec<Compared>,
    /// The first stack traces that change, packed.
    changed: Vec<Vec<u8>>,
}

/// The result of [`Preview::add_json_lines`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddedLines {
    /// The number of bytes of the lines that were read: all, or those before a line that is not an
    /// event.
    pub bytes: usize,
    /// The number of stack traces in these lines.
    pub stacktraces: usize,
}

/// A comparison over stack traces that are added in several calls.
pub struct Preview {
    old: Enhancements,
    new: Enhancements,
    fresh: bool,
    max_explained: u64,
    /// The number of explanations so far. A kept stack trace is explained once, however often it
    /// occurs.
    explanations: u64,
    report: Report,
}

/// The results so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The number of stack traces that were compared.
    pub stacktraces: u64,
    /// The number of their frames.
    pub frames: u64,
    /// The number of stack traces in which a frame changes, or the stack trace as a whole.
    pub changed_stacktraces: u64,
    /// The number of frames with any change.
    pub changed_frames: u64,
    /// The number of frames whose `in_app` changes. Unset and false are equal.
    pub in_app: u64,
    /// The number of frames whose category changes.
    pub category: u64,
    /// The number of frames whose `contributes` changes in the app variant.
    pub contributes: u64,
    /// The number of frames whose `contributes` changes in the system variant.
    pub system: u64,
    /// The number of stack traces with another sequence of frames that count, in the variant that
    /// decides.
    pub grouping: u64,
    /// The number of stack traces with another sequence in the app variant.
    pub grouping_app: u64,
    /// The number of stack traces with another sequence in the system variant.
    pub grouping_system: u64,
    /// The number of stack traces with a frame whose `in_app` was restored before rules ran.
    pub restored_stacktraces: u64,
    /// The number of these frames.
    pub restored_frames: u64,
    /// The number of stack traces that were explained for `responsible`.
    pub explained: u64,
    /// The numbers of the first stack traces that change, from 0.
    pub examples: Vec<u64>,
    /// An entry for each old rule.
    pub old_rules: Vec<RuleReport>,
    /// An entry for each new rule.
    pub new_rules: Vec<RuleReport>,
}

/// The effect of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleReport {
    /// The number of stack traces in which it matches a frame.
    pub matched: u64,
    /// The number of changes of frames for which it is responsible. For each change that is the
    /// last new rule that set the value, or the last old rule if no new rule set it.
    pub responsible: u64,
}

impl Preview {
    /// Starts a comparison of two rule sets.
    pub fn new(old: &Enhancements, new: &Enhancements) -> Self {
        let rules = |rules: &Enhancements| vec![RuleReport::default(); rules.rules().len()];
        Self {
            report: Report {
                old_rules: rules(old),
                new_rules: rules(new),
                ..Report::default()
            },
            old: old.clone(),
            new: new.clone(),
            fresh: false,
            max_explained: EXPLAINED,
            explanations: 0,
        }
    }

    /// Sets whether the frames of events are fresh: no rules were applied to them, so their `in_app`
    /// is not restored.
    pub fn set_fresh(&mut self, fresh: bool) {
        self.fresh = fresh;
    }

    /// Sets the maximum number of stack traces that are explained. The other numbers do not depend
    /// on it.
    pub fn set_max_explained(&mut self, max_explained: u64) {
        self.max_explained = max_explained;
    }

    /// Returns how many more stack traces may be explained.
    fn left(&self) -> usize {
        let left = self.max_explained.saturating_sub(self.explanations);
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    /// Returns the results so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Restores earlier results.
    #[cfg(feature = "arrow")]
    pub(super) fn restore(&mut self, report: Report) {
        self.report = report;
    }

    /// Compares many more stack traces, on `threads` threads. No rules were applied to the frames.
    ///
    /// # Errors
    ///
    /// Fails if a text of a frame is not UTF-8. Then nothing is counted.
    pub fn add(
        &mut self,
        stacktraces: &[StacktraceView<'_>],
        threads: usize,
    ) -> Result<(), StacktraceError> {
        let compared = parallel::each(stacktraces, threads, |stacktrace| self.compare(stacktrace))?;
        self.explain(changed(&compared, stacktraces, |_| 1), threads)?;
        self.count_all(&compared);
        Ok(())
    }

    /// Does the same as [`Preview::add`] for kept stack traces. Equal ones are compared once: those
    /// of which the first is in `range`. `mark` receives the number of each of them, that of the
    /// first one equal to it, and what changes. `examples` of the report stays as it is, because
    /// they come in another order.
    ///
    /// # Errors
    ///
    /// Fails as [`Preview::add`] does. Then nothing is counted.
    pub fn add_kept(
        &mut self,
        kept: &Kept,
        range: Range<usize>,
        threads: usize,
        mut mark: impl FnMut(usize, usize, Mark),
    ) -> Result<(), StacktraceError> {
        let known = kept.known(&self.old, &self.new, threads)?;
        let (first, groups) = known.starting_in(range);
        let views = parallel::each(groups, threads, |group| kept.view(group.first))?;
        let pairs: Vec<_> = groups.iter().zip(&views).collect();
        // An edit of a comment, or of white space.
        let is_same = self.old == self.new;
        let compared = parallel::each(&pairs, threads, |(group, stacktrace)| {
            if is_same {
                let changes = Changes {
                    frames: stacktrace.frames.len() as u64,
                    ..Changes::default()
                };
                return Ok(Compared::new(
                    changes,
                    [(); 2].map(|()| group.matched.clone()),
                ));
            }
            let mut of_new = Vec::new();
            let new = self.new.evaluate(stacktrace, &mut of_new)?;
            let changes = differences([&self.old, &self.new], [&group.found, &new], stacktrace);
            let matched = [group.matched.clone(), of_new];
            Ok::<_, StacktraceError>(Compared::new(changes, matched))
        })?;
        let times = |index: usize| groups[index].count;
        self.explain(changed(&compared, &views, times), threads)?;
        for (group, compared) in groups.iter().zip(&compared) {
            self.count(compared, group.count);
        }
        for (number, group) in known.group_of.iter().enumerate() {
            let found = group.checked_sub(first);
            if let Some(compared) = found.and_then(|index| compared.get(index)) {
                let changes = &compared.changes;
                let found = Mark {
                    changes: changes.any(),
                    counting: changes.counting,
                };
                mark(number, known.groups[*group].first, found);
            }
        }
        Ok(())
    }

    /// Compares one stack trace.
    fn compare(&self, stacktrace: &StacktraceView<'_>) -> Result<Compared, StacktraceError> {
        let mut matched = [Vec::new(), Vec::new()];
        let changes = changes(&self.old, &self.new, stacktrace, &mut matched)?;
        Ok(Compared::new(changes, matched))
    }

    /// Finds the rules that are responsible for the changes of stack traces, up to the maximum.
    fn explain<'a>(
        &mut self,
        changed: impl Iterator<Item = Changed<'a>>,
        threads: usize,
    ) -> Result<(), StacktraceError> {
        let changed: Vec<_> = changed.take(self.left()).collect();
        let explained = parallel::each_costly(&changed, threads, 1, |changed| {
            let frames = changed.stacktrace.unpack()?;
            Ok::<_, StacktraceError>(self.responsible(&frames, changed))
        })?;
        for (responsible, changed) in explained.into_iter().zip(&changed) {
            self.explanations += 1;
            self.report.explained += changed.times;
            for (is_new, rule) in responsible {
                let rules = if is_new {
                    &mut self.report.new_rules
                } else {
                    &mut self.report.old_rules
                };
                rules[rule.index()].responsible += changed.times;
            }
        }
        Ok(())
    }

    /// Adds what was compared to the report, and the examples.
    fn count_all(&mut self, compared: &[Compared]) {
        for compared in compared {
            if compared.changes.any() && self.report.examples.len() < NAMED {
                self.report.examples.push(self.report.stacktraces);
            }
            self.count(compared, 1);
        }
    }

    /// Adds a comparison of a stack trace to the report, which occurs so many times.
    fn count(&mut self, compared: &Compared, times: u64) {
        let changes = &compared.changes;
        let report = &mut self.report;
        for (sum, number) in [
            (&mut report.stacktraces, 1),
            (&mut report.changed_stacktraces, changes.any().into()),
            (&mut report.frames, changes.frames),
            (&mut report.changed_frames, changes.changed_frames),
            (&mut report.in_app, changes.in_app),
            (&mut report.category, changes.category),
            (&mut report.contributes, changes.contributes),
            (&mut report.system, changes.system),
            (&mut report.grouping, changes.grouping.into()),
            (&mut report.grouping_app, changes.grouping_app.into()),
            (&mut report.grouping_system, changes.grouping_system.into()),
            (
                &mut report.restored_stacktraces,
                (compared.restored > 0).into(),
            ),
            (&mut report.restored_frames, compared.restored),
        ] {
            *sum += number * times;
        }
        let rules = [&mut report.old_rules, &mut report.new_rules];
        for (rules, matched) in rules.into_iter().zip(&compared.matched) {
            for &rule in matched {
                rules[rule.index()].matched += times;
            }
        }
    }

    /// Does the same as [`Preview::add`] for the stack traces of events, one event per line of
    /// JSON. `in_app` of their frames is restored, unless they are [fresh](Preview::set_fresh). Empty
    /// lines are skipped. It stops before the first line that is not an event;
    /// [`pack_lines`](crate::enhancements::stacktrace::json::pack_lines) reports what is wrong with
    /// that line.
    ///
    /// # Errors
    ///
    /// Fails as [`Preview::add`] does.
    pub fn add_json_lines(
        &mut self,
        json: &[u8],
        threads: usize,
    ) -> Result<AddedLines, StacktraceError> {
        let parts = parts_of_lines(json, threads.min(json.len() / FEWEST_BYTES + 1));
        let read = parallel::each_costly(&parts, threads, 1, |part| self.compare_lines(part))?;
        let mut added = AddedLines::default();
        let (mut compared, mut packed) = (Vec::new(), Vec::new());
        for (part, mut read) in parts.into_iter().zip(read) {
            compared.append(&mut read.compared);
            packed.append(&mut read.changed);
            added.bytes += read.bytes;
            if read.bytes < part.len() {
                break;
            }
        }
        added.stacktraces = compared.len();
        let views: Result<Vec<_>, _> = packed.iter().map(|each| msgpack::decode(each)).collect();
        let views = views?;
        // Each part has its first changes only, but these are enough for all that are explained.
        let of_changed = compared.iter().filter(|compared| compared.changes.any());
        let changed = of_changed
            .zip(&views)
            .map(|(compared, stacktrace)| Changed {
                stacktrace,
                matched: &compared.matched,
                times: 1,
            });
        self.explain(changed, threads)?;
        self.count_all(&compared);
        Ok(added)
    }

    fn compare_lines(&self, lines: &[u8]) -> Result<ComparedLines, StacktraceError> {
        let (mut compared, mut changed) = (Vec::new(), Vec::new());
        let left = self.left();
        let bytes = read_lines(lines, self.fresh, |stacktrace, restored| {
            let found = Compared {
                restored,
                ..self.compare(stacktrace)?
            };
            if found.changes.any() && changed.len() < left {
                let mut packed = Vec::new();
                msgpack::pack_into(&mut packed, stacktrace)?;
                changed.push(packed);
            }
            compared.push(found);
            Ok::<_, StacktraceError>(())
        })?;
        Ok(ComparedLines {
            bytes,
            compared,
            changed,
        })
    }

    /// Finds the responsible rule for each change: whether it is a new rule, and its index.
    fn responsible(&self, frames: &[Frame<'_>], changed: &Changed<'_>) -> Vec<(bool, RuleNumber)> {
        let stacktrace = changed.stacktrace;
        let (repeats, exception) = (&stacktrace.repeats, &stacktrace.exception);
        let [of_old, of_new] = changed.matched;
        let [old, new] = [(&self.old, of_old), (&self.new, of_new)].map(|(rules, matched)| {
            let all = rules.rules();
            let rules: Vec<Rule> = matched.iter().map(|&n| all[n.index()].clone()).collect();
            explain(&rules, frames, repeats, exception, None, None)
        });
        let mut found = Vec::new();
        for (index, (before, after)) in old.frames.iter().zip(&new.frames).enumerate() {
            let last = |explanation: &Explanation, field: Field, changes: fn(&Step) -> bool| {
                let steps = explanation.frames[index].steps.iter().rev();
                let mut of_field = steps.filter(|step| step.field == field);
                of_field.find(|step| changes(step)).map(|step| step.rule)
            };
            let of = |field, changes| {
                let rule = last(&new, field, changes).map(|rule| (true, of_new[rule.index()]));
                let of_old = |rule: RuleNumber| (false, of_old[rule.index()]);
                rule.or_else(|| last(&old, field, changes).map(of_old))
            };
            let is_in_app = |frame: &FrameExplanation| frame.in_app == Some(true);
            let changes: fn(&Step) -> bool = Step::changes;
            for (field, changes, changed) in [
                (Field::InApp, changes, is_in_app(before) != is_in_app(after)),
                (Field::Category, changes, before.category != after.category),
                (
                    Field::Contributes,
                    changes,
                    before.contributes != after.contributes,
                ),
                (
                    Field::Contributes,
                    Step::changes_system,
                    before.system != after.system,
                ),
            ] {
                if changed {
                    // The initial `contributes` is `in_app`: find the rule that changed it.
                    let rule = of(field, changes).or_else(|| of(Field::InApp, Step::changes));
                    found.extend(rule);
                }
            }
        }
        found
    }
}

/// Runs two rule sets on a stack trace, and returns where the results differ. `matched` receives
/// the numbers of the old and the new rules that match any frame, possibly twice.
pub(super) fn changes(
    old_rules: &Enhancements,
    new_rules: &Enhancements,
    stacktrace: &StacktraceView<'_>,
    matched: &mut [Vec<RuleNumber>; 2],
) -> Result<Changes, StacktraceError> {
    let [of_old, of_new] = matched;
    of_old.clear();
    of_new.clear();
    let old = old_rules.evaluate(stacktrace, of_old)?;
    let new = new_rules.evaluate(stacktrace, of_new)?;
    Ok(differences(
        [old_rules, new_rules],
        [&old, &new],
        stacktrace,
    ))
}

/// Returns where the results of two rule sets differ.
fn differences(
    [old_rules, new_rules]: [&Enhancements; 2],
    [old, new]: [&Evaluation; 2],
    stacktrace: &StacktraceView<'_>,
) -> Changes {
    let differ = |old: &Assembled, new: &Assembled| {
        let (old, new) = (old.sequence(), new.sequence());
        // Two frames with the same texts are the same for grouping.
        let same = |(old, new): (&usize, &usize)| {
            old == new || stacktrace.frames[*old].key == stacktrace.frames[*new].key
        };
        old.len() != new.len() || !old.iter().zip(&new).all(same)
    };
    let variants = [(&old.app, &new.app), (&old.system, &new.system)];
    let mut changes = Changes {
        frames: stacktrace.frames.len() as u64,
        grouping: differ(old.decides(), new.decides()),
        grouping_app: differ(&old.app, &new.app),
        grouping_system: differ(&old.system, &new.system),
        counting: variants
            .iter()
            .any(|(old, new)| old.sequence() != new.sequence()),
        ..Changes::default()
    };
    let frames = old.applied.iter().zip(&new.applied);
    let contributes = |old: &Assembled, new: &Assembled, index: usize| {
        old.components[index].contributes != new.components[index].contributes
    };
    for (index, (old, new)) in frames.enumerate() {
        let in_app = (old.in_app == Some(true)) != (new.in_app == Some(true));
        let category = category(old_rules, stacktrace, index, old)
            != category(new_rules, stacktrace, index, new);
        let [app, system] = variants.map(|(old, new)| contributes(old, new, index));
        changes.in_app += u64::from(in_app);
        changes.category += u64::from(category);
        changes.contributes += u64::from(app);
        changes.system += u64::from(system);
        changes.changed_frames += u64::from(in_app || category || app || system);
    }
    changes
}

/// Returns the stack traces that change. `times` returns how often the one with an index occurs.
fn changed<'a>(
    compared: &'a [Compared],
    stacktraces: &'a [StacktraceView<'a>],
    times: impl Fn(usize) -> u64 + 'a,
) -> impl Iterator<Item = Changed<'a>> {
    let pairs = compared.iter().zip(stacktraces).enumerate();
    let pairs = pairs.filter(|(_, (compared, _))| compared.changes.any());
    pairs.map(move |(index, (compared, stacktrace))| Changed {
        stacktrace,
        matched: &compared.matched,
        times: times(index),
    })
}

fn category<'s>(
    rules: &'s Enhancements,
    stacktrace: &StacktraceView<'s>,
    index: usize,
    applied: &AppliedFrame,
) -> Option<&'s str> {
    match applied.category {
        Some(number) => rules.categories().get(number as usize).map(|text| &**text),
        // It was read before, so it is UTF-8.
        None => stacktrace.frames[index].category(index).ok().flatten(),
    }
}

impl Report {
    /// Returns the report as a JSON object, with the names of these fields.
    pub fn to_json(&self) -> String {
        // This cannot fail: the value has no floats, and the keys of its maps are texts.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The changes in a stack trace: numbers as in [`Report`].
#[derive(Default)]
pub(super) struct Changes {
    pub(super) frames: u64,
    pub(super) changed_frames: u64,
    pub(super) in_app: u64,
    pub(super) category: u64,
    pub(super) contributes: u64,
    pub(super) system: u64,
    pub(super) grouping: bool,
    pub(super) grouping_app: bool,
    pub(super) grouping_system: bool,
    /// Whether other frames count in a variant, even if they have the same texts.
    counting: bool,
}

/// What changes in a kept stack trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Whether anything changes.
    pub changes: bool,
    /// Whether other frames count in one of the variants, or in another order.
    pub counting: bool,
}

impl Changes {
    /// Returns whether anything changes.
    pub(super) fn any(&self) -> bool {
        self.grouping_app || self.grouping_system || self.changed_frames > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::explain::Variant;
    use crate::enhancements::stacktrace::msgpack::pack;
    use crate::enhancements::testing::{frame, rule};
    use crate::enhancements::{Cache, ExceptionData};
    use crate::testing::{cases, Random};

    #[test]
    fn a_preview_counts_what_explanations_say() {
        let mut random = Random::new(41);
        let cache = Cache::new(0);
        let mut changes = 0;
        for _ in 0..cases(200) {
            let rules = |random: &mut Random| {
                let text: Vec<_> = (0..5).map(|_| rule(random)).collect();
                Enhancements::parse(&text.join("\n"), &cache)
            };
            let (Ok(old), Ok(new)) = (rules(&mut random), rules(&mut random)) else {
                continue;
            };
            let traces: Vec<Vec<_>> = (0..20)
                .map(|_| {
                    (0..random.0.usize(..5))
                        .map(|_| frame(&mut random))
                        .collect()
                })
                .collect();
            let exception = ExceptionData::default();
            let packed: Vec<_> = traces
                .iter()
                .map(|t| pack(&exception, t).unwrap())
                .collect();
            let decoded: Vec<_> = packed.iter().map(|p| msgpack::decode(p).unwrap()).collect();
            let mut preview = Preview::new(&old, &new);
            preview.add(&decoded[..7], 1).unwrap();
            preview.add(&decoded[7..], 2).unwrap();

            let mut expected = Report::default();
            for (number, frames) in (0..).zip(&traces) {
                // As the engine reads a frame whose original `in_app` is unknown.
                let mut frames = frames.clone();
                for frame in &mut frames {
                    let as_it_came = frame.in_app.map_or(-1, i8::from);
                    frame.orig_in_app = Some(frame.orig_in_app.unwrap_or(as_it_came));
                }
                let [a, b] = [&old, &new]
                    .map(|rules| explain(rules.rules(), &frames, &[], &exception, None, None));
                let before = expected.clone();
                for (a, b) in a.frames.iter().zip(&b.frames) {
                    let differ = [
                        (a.in_app == Some(true)) != (b.in_app == Some(true)),
                        a.category != b.category,
                        a.contributes != b.contributes,
                        a.system != b.system,
                    ];
                    expected.in_app += u64::from(differ[0]);
                    expected.category += u64::from(differ[1]);
                    expected.contributes += u64::from(differ[2]);
                    expected.system += u64::from(differ[3]);
                    expected.changed_frames += u64::from(differ.contains(&true));
                    expected.frames += 1;
                }
                let differ = |of: fn(&Explanation, &FrameExplanation) -> bool| {
                    let sequence = |of_rules: &Explanation| {
                        let counting = frames.iter().zip(&of_rules.frames);
                        let counting = counting.filter(|(_, frame)| of(of_rules, frame));
                        let mut sequence: Vec<_> = counting
                            .map(|(frame, _)| Frame {
                                category: None,
                                in_app: None,
                                orig_in_app: None,
                                ..*frame
                            })
                            .collect();
                        if of_rules.invert_stacktrace {
                            sequence.reverse();
                        }
                        sequence
                    };
                    sequence(&a) != sequence(&b)
                };
                let app = differ(|of, frame| of.contributes && frame.contributes == Some(true));
                let system =
                    differ(|of, frame| of.system == Some(true) && frame.system == Some(true));
                let decides = differ(|of, frame| match of.decides {
                    Some(Variant::App) => frame.contributes == Some(true),
                    Some(Variant::System) => frame.system == Some(true),
                    None => false,
                });
                expected.grouping += u64::from(decides);
                expected.grouping_app += u64::from(app);
                expected.grouping_system += u64::from(system);
                if app || system || expected.changed_frames > before.changed_frames {
                    expected.changed_stacktraces += 1;
                    expected.examples.push(number);
                }
                expected.stacktraces += 1;
            }
            let mut found = preview.report().clone();
            let responsible: u64 = found
                .new_rules
                .iter()
                .chain(&found.old_rules)
                .map(|r| r.responsible)
                .sum();
            assert_eq!(
                responsible,
                found.in_app + found.category + found.contributes + found.system
            );
            assert_eq!(found.explained, found.changed_stacktraces);
            changes += responsible;
            found.explained = 0;
            found.old_rules.clear();
            found.new_rules.clear();
            assert_eq!(found, expected);
        }
        assert!(changes > 1_000, "{changes}");
    }

    /// The counts of a preview of one event.
    fn counted(event: &str, old: &str, new: &str) -> Report {
        let rules = |text| Enhancements::parse(text, &Cache::new(0)).unwrap();
        let mut preview = Preview::new(&rules(old), &rules(new));
        let added = preview.add_json_lines(event.as_bytes(), 1).unwrap();
        assert_eq!(added.bytes, event.len(), "{event}");
        preview.report().clone()
    }

    #[test]
    fn a_maximum_of_explained_stack_traces_leaves_the_counts_exact() {
        let rules = |text| Enhancements::parse(text, &Cache::new(0)).unwrap();
        let (old, new) = (rules(""), rules("function:a +app"));
        let event = r#"{"stacktrace": {"frames": [{"function": "a", "in_app": false}]}}"#;
        let lines = [event; 4].join("\n");
        let report = |max_explained| {
            let mut preview = Preview::new(&old, &new);
            preview.set_max_explained(max_explained);
            for _ in 0..2 {
                preview.add_json_lines(lines.as_bytes(), 1).unwrap();
            }
            preview.report().clone()
        };
        let all = report(u64::MAX);
        assert_eq!((all.changed_stacktraces, all.explained), (8, 8));
        for max_explained in [0, 3, 5] {
            let mut some = report(max_explained);
            assert_eq!(some.explained, max_explained);
            // In app, and counting in the app variant.
            assert_eq!(some.new_rules[0].responsible, 2 * max_explained);
            some.explained = all.explained;
            some.new_rules.clone_from(&all.new_rules);
            assert_eq!(some, all);
        }
        // A maximum that is below what was explained before explains no more.
        let mut preview = Preview::new(&old, &new);
        preview.add_json_lines(lines.as_bytes(), 1).unwrap();
        preview.set_max_explained(1);
        preview.add_json_lines(lines.as_bytes(), 1).unwrap();
        assert_eq!(preview.report().explained, 4);
    }

    #[test]
    fn grouping_is_the_sequence_of_frames_that_count() {
        let mine = r#"{"function": "a", "in_app": true}"#;
        let other = r#"{"function": "b", "in_app": false}"#;
        let none = r#"{"function": "c"}"#;
        for (frames, old, new, [in_app, app, system, grouping, of_app, of_system]) in [
            // Unset to false is no change.
            (none, "", "function:c -app", [0, 0, 0, 0, 0, 0]),
            // The frame counts in the system variant already, which decides.
            (none, "", "function:c +app", [1, 1, 0, 0, 1, 0]),
            // `+group` of a frame that is not in-app has no effect in the app variant.
            (other, "", "function:b +group", [0, 0, 0, 0, 0, 0]),
            // The app variant decides.
            (
                &format!("{mine}, {other}"),
                "",
                "function:b -group",
                [0, 0, 1, 0, 0, 1],
            ),
            (
                &format!("{mine}, {other}"),
                "",
                "function:a -group",
                [0, 1, 1, 1, 1, 1],
            ),
            // Another frame of the same texts counts, so the sequence is the same.
            (
                &format!("{mine}, {mine}"),
                "function:a max-frames=1",
                "function:a | [ function:a ] +group\nfunction:a max-frames=1",
                [0, 0, 0, 0, 0, 0],
            ),
            // One frame in another order.
            (
                mine,
                "",
                "function:a invert-stacktrace=1",
                [0, 0, 0, 0, 0, 0],
            ),
            (
                &format!(r#"{mine}, {{"function": "d", "in_app": true}}"#),
                "",
                "function:a invert-stacktrace=1",
                [0, 0, 0, 1, 1, 1],
            ),
            // `+group` brings a repeated frame back.
            (
                &format!("{mine}, {mine}"),
                "",
                "function:a +group",
                [0, 1, 1, 1, 1, 1],
            ),
            // `in_app` is restored: it was true.
            (
                r#"{"function": "a", "in_app": false, "data": {"orig_in_app": 1}}"#,
                "",
                "function:a -app",
                [1, 1, 0, 0, 1, 0],
            ),
        ] {
            let event = format!(r#"{{"stacktrace": {{"frames": [{frames}]}}}}"#);
            let report = counted(&event, old, new);
            let found = [
                report.in_app,
                report.contributes,
                report.system,
                report.grouping,
                report.grouping_app,
                report.grouping_system,
            ];
            assert_eq!(
                found,
                [in_app, app, system, grouping, of_app, of_system],
                "{frames}: {old} -> {new}"
            );
        }
    }

    #[test]
    fn frames_that_are_fresh_are_not_restored() {
        let event =
            r#"{"stacktrace": {"frames": [{"in_app": false, "data": {"orig_in_app": 1}}]}}"#;
        for (fresh, restored) in [(false, 1), (true, 0)] {
            let new = Enhancements::parse("function:* -app", &Cache::new(0)).unwrap();
            let mut preview = Preview::new(&Enhancements::empty(), &new);
            preview.set_fresh(fresh);
            preview.add_json_lines(event.as_bytes(), 1).unwrap();
            let report = preview.report();
            assert_eq!(report.in_app, restored);
            assert_eq!(report.restored_stacktraces, restored);
            assert_eq!(report.restored_frames, restored);
        }
    }

    #[test]
    fn lines_of_json_are_compared_as_stack_traces_are() {
        let cache = Cache::new(0);
        let new = Enhancements::parse("function:f7* +app", &cache).unwrap();
        let event = |n| format!(r#"{{"stacktrace": {{"frames": [{{"function": "f{n}"}}]}}}}"#);
        let good: Vec<_> = (0..3_000).map(event).collect();
        let text = format!("{}\n[]\n{}", good.join("\n"), event(7));
        let mut reports = Vec::new();
        for threads in [0, 1, 2, 3] {
            let mut preview = Preview::new(&Enhancements::empty(), &new);
            let added = preview.add_json_lines(text.as_bytes(), threads).unwrap();
            assert_eq!(added.stacktraces, 3_000);
            assert!(text[added.bytes..].starts_with("[]\n"));
            let rest = &text.as_bytes()[added.bytes + 3..];
            let added = preview.add_json_lines(rest, threads).unwrap();
            assert_eq!((added.bytes, added.stacktraces), (rest.len(), 1));
            assert_eq!(preview.report().examples[0], 7);
            assert_eq!(preview.report().examples.last(), Some(&3_000));
            reports.push(preview.report().clone());
        }
        assert!(reports.iter().all(|report| *report == reports[0]));
    }

    #[test]
    fn rules_that_match_are_counted() {
        let cache = Cache::new(0);
        let rules = Enhancements::parse(
            "function:a +app\nfunction:b -group\nfunction:c +app",
            &cache,
        );
        let (old, new) = (Enhancements::empty(), rules.unwrap());
        let frame = |function| Frame {
            function: Some(function),
            ..Default::default()
        };
        let packed = pack(
            &ExceptionData::default(),
            &[frame("a"), frame("b"), frame("a")],
        )
        .unwrap();
        let stacktrace = msgpack::decode(&packed).unwrap();
        let mut preview = Preview::new(&old, &new);
        preview.add(&[stacktrace], 1).unwrap();
        let matched: Vec<_> = preview
            .report()
            .new_rules
            .iter()
            .map(|r| (r.matched, r.responsible))
            .collect();
        // Two frames are in-app now, and count in the app variant because of that. The third does
        // not count in the system variant.
        assert_eq!(matched, [(1, 4), (1, 1), (0, 0)]);
    }
}
