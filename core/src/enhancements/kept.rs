//! Kept stack traces: compares many rule sets with the same old one over the same stack traces.
//!
//! A page on which rules are edited compares the rules with the saved ones at each key. Two things
//! do not change from key to key, and are kept here: the stack traces, and the results of the saved
//! rules for them. And most stack traces of a service occur many times:
//!
//! ```text
//! stack traces   0  1  2  3  4  5  6          packed, as they came
//! groups         0 = 2 = 3     1 = 5   4  6   evaluated once each, by the old rules
//!                          |
//!                new rules, once a group -> compared, counted as often as it occurs
//! ```
//!
//! Rules see of a stack trace its frames and the fields of its exception that a rule tests. Stack
//! traces that are equal in these are a group. So the messages of exceptions, of which most are
//! different, divide groups only if a rule tests messages.
//!
//! Memory grows with the stack traces: their bytes, and about 36 bytes a frame of each group. The
//! results of one old rule set are kept, the last.

use std::collections::hash_map::{Entry, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, TryLockError};

use serde::Serialize;

use crate::enhancements::fields::ExceptionField;
use crate::enhancements::result::Evaluation;
use crate::enhancements::rule::{distinct, RuleNumber};
use crate::enhancements::rule_set::Enhancements;
use crate::enhancements::stacktrace::msgpack;
use crate::enhancements::stacktrace::view::{StacktraceError, StacktraceView};
use crate::parallel;

/// Stack traces to which no rules were applied.
pub struct Kept {
    packed: Vec<u8>,
    /// Where each stack trace is in `packed`.
    ranges: Vec<Range<usize>>,
    /// Not waited for: a thread that finds it in use computes the results without keeping them.
    known: Mutex<Option<Arc<Known>>>,
}

/// The fields of exceptions that rules test, in the order of [`ExceptionField::ALL`].
type Tested = [bool; ExceptionField::COUNT];

/// The results of the old rules.
pub(super) struct Known {
    old: Enhancements,
    tested: Tested,
    /// In the order of the first stack trace of each.
    pub(super) groups: Vec<Group>,
    /// For each stack trace the index of its group.
    pub(super) group_of: Vec<usize>,
}

/// Stack traces that are the same for the rules.
pub(super) struct Group {
    /// The number of the first of them.
    pub(super) first: usize,
    pub(super) count: u64,
    /// The old rules that match a frame.
    pub(super) matched: Vec<RuleNumber>,
    /// The results of the old rules.
    pub(super) found: Evaluation,
}

/// The frames that count in a stack trace, in the order in which grouping uses them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counting {
    /// In the app variant; empty if it does not count.
    pub app: Vec<usize>,
    /// In the system variant.
    pub system: Vec<usize>,
}

impl Counting {
    /// Writes many as MessagePack: an array of `app` and `system` for each.
    pub fn to_msgpack(many: &[Self]) -> Vec<u8> {
        // This cannot fail: the value has only small numbers.
        rmp_serde::to_vec(many).unwrap_or_default()
    }
}

impl Kept {
    /// Keeps the stack traces of an array that [`msgpack::decode_many`] reads.
    ///
    /// # Errors
    ///
    /// Fails as [`msgpack::decode_many`] does.
    pub fn new(packed: &[u8]) -> Result<Self, StacktraceError> {
        Ok(Self {
            ranges: msgpack::ranges(packed)?,
            packed: packed.to_vec(),
            known: Mutex::default(),
        })
    }

    /// Returns the number of stack traces.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Returns whether there are no stack traces.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Returns the frames that count by the rules, for the stack traces with these numbers. A number
    /// that is too large is left out.
    ///
    /// # Errors
    ///
    /// Fails if a text of a frame is not UTF-8.
    pub fn counting(
        &self,
        rules: &Enhancements,
        numbers: &[usize],
        threads: usize,
    ) -> Result<Vec<Counting>, StacktraceError> {
        let numbers: Vec<_> = numbers
            .iter()
            .copied()
            .filter(|&n| n < self.len())
            .collect();
        parallel::each(&numbers, threads, |&number| {
            let found = rules.evaluate(&self.view(number)?, &mut Vec::new())?;
            Ok(Counting {
                app: found.app.sequence(),
                system: found.system.sequence(),
            })
        })
    }

    /// Returns a stack trace by its number.
    pub(super) fn view(&self, number: usize) -> Result<StacktraceView<'_>, StacktraceError> {
        msgpack::decode(self.bytes(number))
    }

    fn bytes(&self, number: usize) -> &[u8] {
        &self.packed[self.ranges[number].clone()]
    }

    /// Returns the results of the old rules, in groups for a comparison with the new rules. They are
    /// computed unless they are known.
    pub(super) fn known(
        &self,
        old: &Enhancements,
        new: &Enhancements,
        threads: usize,
    ) -> Result<Arc<Known>, StacktraceError> {
        let mut place = match self.known.try_lock() {
            Ok(place) => Some(place),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        let mut tested = tested(&[old, new]);
        if let Some(known) = place.as_deref().and_then(Option::as_ref) {
            if known.old == *old {
                if (0..tested.len()).all(|field| known.tested[field] || !tested[field]) {
                    return Ok(known.clone());
                }
                // An edit that goes back and forth does not divide the groups each time.
                tested = std::array::from_fn(|field| known.tested[field] || tested[field]);
            }
        }
        let found = Arc::new(self.evaluated(old, tested, threads)?);
        if let Some(place) = &mut place {
            **place = Some(found.clone());
        }
        Ok(found)
    }

    fn evaluated(
        &self,
        old: &Enhancements,
        tested: Tested,
        threads: usize,
    ) -> Result<Known, StacktraceError> {
        let mut seen = HashMap::new();
        let mut counts: Vec<(usize, u64)> = Vec::new();
        let mut group_of = Vec::with_capacity(self.len());
        for number in 0..self.len() {
            let (exception, frames) = msgpack::exception_of(self.bytes(number))?;
            let fields = ExceptionField::ALL.iter().zip(tested);
            let fields = fields.map(|(field, tested)| tested.then(|| field.of(&exception)));
            let seen_as: (Vec<_>, _) = (fields.collect(), frames);
            group_of.push(match seen.entry(seen_as) {
                Entry::Occupied(group) => *group.get(),
                Entry::Vacant(new) => {
                    counts.push((number, 0));
                    *new.insert(counts.len() - 1)
                }
            });
            counts[group_of[number]].1 += 1;
        }
        let groups = parallel::each(&counts, threads, |&(first, count)| {
            let mut matched = Vec::new();
            let found = old.evaluate(&self.view(first)?, &mut matched)?;
            Ok::<_, StacktraceError>(Group {
                first,
                count,
                matched: distinct(matched),
                found,
            })
        })?;
        Ok(Known {
            old: old.clone(),
            tested,
            groups,
            group_of,
        })
    }
}

impl Known {
    /// Returns the groups of which the first stack trace is in a range, and the index of the first.
    pub(super) fn starting_in(&self, range: Range<usize>) -> (usize, &[Group]) {
        let start = self
            .groups
            .partition_point(|group| group.first < range.start);
        let end = self.groups.partition_point(|group| group.first < range.end);
        (start, &self.groups[start..end.max(start)])
    }
}

/// Returns the fields of exceptions that rules test.
fn tested(sets: &[&Enhancements]) -> Tested {
    let rules = sets.iter().flat_map(|rules| rules.rules());
    let matchers: Vec<_> = rules.flat_map(|rule| rule.exception_matchers()).collect();
    ExceptionField::ALL.map(|field| matchers.iter().any(|matcher| matcher.field == field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::preview::{Mark, Preview};
    use crate::enhancements::testing::{frame, rule};
    use crate::enhancements::{Cache, ExceptionData};
    use crate::testing::{cases, Random};

    /// Packs stack traces as an array.
    fn array(packed: &[Vec<u8>]) -> Vec<u8> {
        let mut array = vec![0xdc];
        array.extend((packed.len() as u16).to_be_bytes());
        array.extend(packed.concat());
        array
    }

    #[test]
    fn a_preview_of_kept_stack_traces_counts_the_same() {
        let mut random = Random::new(41);
        let cache = Cache::new(0);
        let mut fewer = 0;
        for _ in 0..cases(300) {
            let mut rules = |count: usize| loop {
                let text: Vec<_> = (0..count).map(|_| rule(&mut random)).collect();
                if let Ok(rules) = Enhancements::parse(&text.join("\n"), &cache) {
                    return rules;
                }
            };
            let (old, sets) = (rules(4), [rules(4), rules(5), rules(3)]);
            let shapes: Vec<Vec<_>> = (0..3)
                .map(|_| {
                    (0..random.0.usize(..5))
                        .map(|_| frame(&mut random))
                        .collect()
                })
                .collect();
            let packed: Vec<_> = (0..12)
                .map(|number| {
                    let text = format!("value {number}");
                    let exception = ExceptionData {
                        ty: Some(["ValueError", "KeyError"][random.0.usize(..2)]),
                        value: Some(&text),
                        mechanism: None,
                    };
                    msgpack::pack(&exception, &shapes[random.0.usize(..3)]).unwrap()
                })
                .collect();
            let bytes = array(&packed);
            let views = msgpack::decode_many(&bytes).unwrap();
            let kept = Kept::new(&bytes).unwrap();
            assert_eq!((kept.len(), kept.is_empty()), (12, false));
            for new in &sets {
                let mut expected = Preview::new(&old, new);
                expected.add(&views, 1).unwrap();
                let mut expected = expected.report().clone();
                let mut preview = Preview::new(&old, new);
                let mut marks = [(usize::MAX, Mark::default()); 12];
                for start in (0..12).step_by(5) {
                    let put = |number: usize, same, mark| marks[number] = (same, mark);
                    preview.add_kept(&kept, start..start + 5, 2, put).unwrap();
                }
                let changed = (0..).zip(&marks).filter(|(_, (_, mark))| mark.changes);
                assert_eq!(
                    changed.map(|(n, _)| n).collect::<Vec<u64>>(),
                    expected.examples
                );
                expected.examples.clear();
                assert_eq!(*preview.report(), expected);
                let numbers: Vec<_> = (0..12).collect();
                let [before, after] =
                    [&old, new].map(|rules| kept.counting(rules, &numbers, 1).unwrap());
                for (number, (same, mark)) in marks.iter().enumerate() {
                    assert!(*same <= number && marks[*same] == (*same, *mark));
                    assert_eq!(mark.counting, before[number] != after[number]);
                    fewer += usize::from(same < &number);
                }
            }
        }
        assert!(fewer > 100, "{fewer}");
    }

    #[test]
    fn messages_divide_groups_if_a_rule_tests_them() {
        let rules = |text| Enhancements::parse(text, &Cache::new(0)).unwrap();
        let packed: Vec<_> = ["a", "b", "a"]
            .map(|value| {
                let exception = ExceptionData {
                    value: Some(value),
                    ..ExceptionData::default()
                };
                msgpack::pack(&exception, &[]).unwrap()
            })
            .into();
        let kept = Kept::new(&array(&packed)).unwrap();
        let old = rules("function:f -app");
        for (text, groups) in [
            ("function:g -app", 1),
            ("value:a -app", 2),
            // The results of before serve: they are in smaller groups than needed.
            ("function:g -app", 2),
            ("type:a -app", 2),
        ] {
            let known = kept.known(&old, &rules(text), 1).unwrap();
            assert_eq!(known.groups.len(), groups, "{text}");
            assert_eq!(known.groups.iter().map(|group| group.count).sum::<u64>(), 3);
        }
        let known = kept.known(&rules("function:h -app"), &old, 1).unwrap();
        assert_eq!(known.groups.len(), 1);
    }

    #[test]
    fn other_bytes_are_rejected() {
        for bytes in [&[][..], &[0x91], &[0x91, 0x90], &[0x90, 0x90]] {
            assert!(Kept::new(bytes).is_err(), "{bytes:?}");
        }
        let kept = Kept::new(&[0x90]).unwrap();
        assert!(kept.is_empty());
        assert_eq!(
            kept.counting(&Enhancements::empty(), &[0], 1),
            Ok(Vec::new())
        );
    }
}
