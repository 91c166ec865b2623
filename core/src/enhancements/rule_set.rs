//! A rule set: rules in order, and the two passes over a stack trace.
//!
//! Both passes exist for [`Frame`]s, which hold texts, and for a [`StacktraceView`]. With a view,
//! the result for a frame has the number of the category in [`Enhancements::categories`]. Numbers
//! of rules and categories do not change when rules are appended.

use std::fmt;
use std::sync::Arc;

use once_cell::race::OnceBox;
use smol_str::SmolStr;

use crate::enhancements::binary::config_structure::{self, OtherFamily};
use crate::enhancements::cache::Cache;
use crate::enhancements::describe;
use crate::enhancements::engine::{self, Engine, Matched};
use crate::enhancements::error::{ConfigStructureError, EnhancementsError};
use crate::enhancements::explain::only_in_app;
use crate::enhancements::frame::{ExceptionData, Frame};
use crate::enhancements::result::{AppliedFrame, AssembleResult, Assembled, Component, Evaluation};
use crate::enhancements::rule::{Rule, RuleNumber};
use crate::enhancements::segment::Segment;
use crate::enhancements::select::Part;
use crate::enhancements::stacktrace::view::{
    key_texts, FrameView, StacktraceError, StacktraceView,
};
use crate::enhancements::text::diagnostics::{self, Diagnostic};
use crate::enhancements::text::parser::{self, Retired};
use crate::enhancements::text::source::{self, NoTextForm};
use crate::limits::{self, Limit};
use crate::parallel;

/// A list of rules. Only [`Enhancements::extend_from`] changes it. Cloning shares the segments.
#[derive(Clone)]
pub struct Enhancements(Arc<RuleSet>);

struct RuleSet {
    /// At least one segment. Only a single segment can be empty.
    segments: Box<[Arc<Segment>]>,
    /// The rules of all segments. The list is made on first use if there are several segments.
    rules: OnceBox<Vec<Rule>>,
    /// The categories of all segments, made in the same way.
    categories: OnceBox<Categories>,
    /// The names of the base rule sets; see [`Enhancements::bases`].
    bases: Vec<String>,
}

/// The categories that the segments of a set set with `category=`.
struct Categories {
    /// Each once, in the order of first use.
    texts: Vec<SmolStr>,
    /// For each segment, where in `texts` its categories are.
    numbers: Vec<Vec<u32>>,
}

impl Categories {
    fn new(segments: &[Arc<Segment>]) -> Self {
        let mut texts: Vec<SmolStr> = Vec::new();
        let numbers = segments.iter().map(|segment| {
            let known = texts.len();
            let number = |text: &SmolStr| {
                let found = texts[..known].iter().position(|other| other == text);
                found.unwrap_or_else(|| {
                    texts.push(text.clone());
                    texts.len() - 1
                }) as u32
            };
            segment.categories().iter().map(number).collect()
        });
        let numbers = numbers.collect();
        Self { texts, numbers }
    }
}

/// A set of more segments is merged into one, so that each pass walks over few segments.
const MAX_SEGMENTS: usize = 8;

impl Enhancements {
    /// Makes a rule set without rules.
    pub fn empty() -> Self {
        Self::of_segments([Arc::default()].into())
    }

    fn of_segments(segments: Box<[Arc<Segment>]>) -> Self {
        Self(Arc::new(RuleSet {
            segments,
            rules: OnceBox::new(),
            categories: OnceBox::new(),
            bases: Vec::new(),
        }))
    }

    fn from_rules(rules: Vec<Rule>) -> Self {
        if rules.is_empty() {
            return Self::empty();
        }
        Self::of_segments([Arc::new(Segment::new(rules))].into())
    }

    /// Parses the text form, one rule a line. Rules in `cache` are shared, and so is the whole set
    /// if the cache has it.
    ///
    /// # Errors
    ///
    /// Fails at the first line that is not a rule.
    pub fn parse(text: &str, cache: &Cache) -> Result<Self, EnhancementsError> {
        cache.get_or_make(text.as_bytes(), || {
            limits::check_rule_text(text)?;
            let rules = parser::rule_lines(text)
                .map(|(number, line)| cache.get_or_parse(line, || parser::parse_rule(line, number)))
                .collect::<Result<_, _>>()?;
            Ok(Self::from_rules(rules))
        })
    }

    /// Parses as [`Enhancements::parse`] does, but drops retired actions (`+sentinel`, `+prefix` and
    /// their negations), and rules that have no others. Returns what was dropped.
    ///
    /// # Errors
    ///
    /// Fails at the first line that is not a rule for another reason.
    pub fn parse_lenient(
        text: &str,
        cache: &Cache,
    ) -> Result<(Self, Vec<Diagnostic>), EnhancementsError> {
        match Self::parse(text, cache) {
            Ok(rules) => return Ok((rules, Vec::new())),
            Err(err @ EnhancementsError::Limit(_)) => return Err(err),
            Err(_) => {}
        }
        let (mut rules, mut left_out) = (Vec::new(), Vec::new());
        for (number, line) in (1..).zip(text.lines()) {
            if !parser::is_rule(line.trim()) {
                continue;
            }
            let rule = parser::parse_written(line.trim(), number, Retired::Skip)?;
            left_out.extend(diagnostics::left_out(number, line, &rule.retired));
            if !rule.actions.is_empty() {
                rules.push(rule.into_rule());
            }
        }
        Ok((Self::from_rules(rules), left_out))
    }

    /// Reads the binary form, a MessagePack structure of version 2 or 3. A structure in `cache` is
    /// not read again.
    ///
    /// # Errors
    ///
    /// Fails if it is malformed. The error has the index of the rule.
    pub fn from_config_structure(input: &[u8], cache: &Cache) -> Result<Self, EnhancementsError> {
        cache.get_or_make(input, || Self::decode(input, OtherFamily::Read))
    }

    /// Does the same as [`Enhancements::from_config_structure`], without a cache, and with an
    /// option for the family `other`.
    ///
    /// # Errors
    ///
    /// Fails if it is malformed. The error has the index of the rule.
    pub fn decode(input: &[u8], other: OtherFamily) -> Result<Self, EnhancementsError> {
        Limit::RuleBytes.check(input.len())?;
        let decoded = config_structure::decode(input, other).map_err(|err| match err {
            ConfigStructureError::Limit(err) => err.into(),
            err => EnhancementsError::from(err),
        })?;
        Limit::Rules.check(decoded.rules.len())?;
        let rules = Self::from_rules(decoded.rules);
        if decoded.bases.is_empty() {
            return Ok(rules);
        }
        Ok(Self(Arc::new(RuleSet {
            segments: rules.0.segments.clone(),
            rules: OnceBox::new(),
            categories: OnceBox::new(),
            bases: decoded.bases,
        })))
    }

    /// Returns the names of the base rule sets in the binary form of these rules. They are not part
    /// of the rules: a set that was extended has no names.
    pub fn bases(&self) -> &[String] {
        &self.0.bases
    }

    /// Writes the binary form. `bases` is stored beside the rules and has no other effect.
    ///
    /// # Errors
    ///
    /// Fails if `version` is neither 2 nor 3.
    pub fn to_config_structure(
        &self,
        version: u64,
        bases: &[String],
    ) -> Result<Vec<u8>, ConfigStructureError> {
        config_structure::encode(self.rules(), version, bases)
    }

    /// Writes the text form, one rule per line. The text parses to the same rules.
    ///
    /// # Errors
    ///
    /// Fails at the first rule that cannot be written as text. Only the binary form can contain
    /// such a rule.
    pub fn to_text(&self) -> Result<String, NoTextForm> {
        source::to_text(self.rules())
    }

    /// Returns a part of the rules, by their actions. It is made once for each segment.
    #[must_use]
    pub fn part(&self, part: Part) -> Self {
        Self::joined(self.0.segments.iter().map(|segment| segment.part(part)))
    }

    /// Makes a set of these segments, without the empty ones.
    fn joined(segments: impl Iterator<Item = Arc<Segment>>) -> Self {
        let segments: Box<[_]> = segments.filter(|each| !each.rules().is_empty()).collect();
        if segments.is_empty() {
            return Self::empty();
        }
        Self::of_segments(segments)
    }

    /// Describes each rule as JSON: an array of objects with `canonical` (in the form that hints
    /// have), `matchers` (`field`, `pattern`, `negated`, and `of`: `caller`, `frame`, `callee` or
    /// `exception`) and `actions` (`text`, `name`, `value`, and `range` for a flag).
    pub fn describe(&self) -> String {
        describe::describe(self.rules())
    }

    /// Returns a set of these rules followed by the rules of another set. No rule is copied, unless
    /// the set would have more than [`MAX_SEGMENTS`] segments: these are merged into one.
    #[must_use]
    pub fn extended(&self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self.clone();
        }
        let (own, others) = (&self.0.segments, &other.0.segments);
        if own.len() + others.len() > MAX_SEGMENTS {
            return Self::from_rules([self.rules(), other.rules()].concat());
        }
        Self::of_segments(own.iter().chain(others.iter()).cloned().collect())
    }

    /// Appends the rules of another set.
    pub fn extend_from(&mut self, other: &Self) {
        *self = self.extended(other);
    }

    /// Returns the rules in order.
    pub fn rules(&self) -> &[Rule] {
        match &*self.0.segments {
            [one] => one.rules(),
            many => self.0.rules.get_or_init(|| {
                let rules = many.iter().flat_map(|segment| segment.rules());
                Box::new(rules.cloned().collect())
            }),
        }
    }

    /// Returns the number of rules.
    pub fn len(&self) -> usize {
        self.0.segments.iter().map(|each| each.rules().len()).sum()
    }

    /// Returns whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the categories that the rules set with `category=`, each once.
    pub fn categories(&self) -> &[SmolStr] {
        match &*self.0.segments {
            [one] => one.categories(),
            _ => &self.all_categories().texts,
        }
    }

    fn all_categories(&self) -> &Categories {
        let make = || Box::new(Categories::new(&self.0.segments));
        self.0.categories.get_or_init(make)
    }

    /// Returns the text of a category, by its number in [`Enhancements::categories`].
    fn category(&self, number: u32) -> Option<&SmolStr> {
        self.categories().get(number as usize)
    }

    /// Limits the memory of the memo, in bytes for each segment; 0 turns the memo off. The default
    /// is 2 MiB. The call clears the memo.
    ///
    /// All rule sets that share a segment share its memo.
    pub fn set_memo_bytes(&self, bytes: usize) {
        for segment in &self.0.segments {
            segment.set_memo_bytes(bytes);
        }
    }

    /// Returns the approximate number of bytes that the memo takes.
    pub fn memo_bytes_in_use(&self) -> usize {
        self.0
            .segments
            .iter()
            .map(|each| each.memo_bytes_in_use())
            .sum()
    }

    /// Applies the rules to frames: sets their `in_app` and `category`.
    pub fn apply_modifications_to_frames<'a>(
        &'a self,
        frames: &mut [Frame<'a>],
        exception: &ExceptionData<'_>,
    ) {
        let keys = key_texts(frames);
        let stacktrace = StacktraceView::of_frames(exception, frames, &keys);
        let mut applied = Vec::with_capacity(frames.len());
        // Texts of Rust are UTF-8.
        let _ = self.apply_packed(&stacktrace, &mut applied);
        for (frame, applied) in frames.iter_mut().zip(applied) {
            frame.in_app = applied.in_app;
            if let Some(category) = applied.category {
                frame.category = self.category(category).map(|text| &**text);
            }
        }
    }

    /// Decides which components count for grouping, and sets their hints.
    ///
    /// Components and frames are paired from the start.
    pub fn assemble_stacktrace_component(
        &self,
        frames: &[Frame<'_>],
        exception: &ExceptionData<'_>,
        components: &mut [Component],
    ) -> AssembleResult {
        let keys = key_texts(frames);
        let stacktrace = StacktraceView::of_frames(exception, frames, &keys);
        self.assemble_packed(&stacktrace, components)
            .unwrap_or_default()
    }

    /// Does the same as [`Enhancements::apply_modifications_to_frames`] for packed frames. Appends
    /// an entry for each frame to `applied`.
    ///
    /// # Errors
    ///
    /// Fails if a text of a frame is not UTF-8. Then nothing is appended.
    pub fn apply_packed(
        &self,
        stacktrace: &StacktraceView<'_>,
        applied: &mut Vec<AppliedFrame>,
    ) -> Result<(), StacktraceError> {
        self.apply(stacktrace, applied, &mut None)
    }

    /// Does the same as [`Enhancements::assemble_stacktrace_component`] for packed frames.
    ///
    /// # Errors
    ///
    /// Fails if a text of a frame is not UTF-8. Then no component changes.
    pub fn assemble_packed(
        &self,
        stacktrace: &StacktraceView<'_>,
        components: &mut [Component],
    ) -> Result<AssembleResult, StacktraceError> {
        self.assemble(stacktrace, components, &mut None)
    }

    fn apply(
        &self,
        stacktrace: &StacktraceView<'_>,
        applied: &mut Vec<AppliedFrame>,
        matched: &mut Matched<'_>,
    ) -> Result<(), StacktraceError> {
        engine::apply(self.engines(), stacktrace, matched, |frame| {
            applied.push(AppliedFrame {
                category: frame.category.map(|set_by| self.category_number(set_by)),
                in_app: frame.in_app,
            });
        })
    }

    fn assemble(
        &self,
        stacktrace: &StacktraceView<'_>,
        components: &mut [Component],
        matched: &mut Matched<'_>,
    ) -> Result<AssembleResult, StacktraceError> {
        engine::assemble(self.engines(), stacktrace, components, matched)
    }

    fn engines(&self) -> impl Iterator<Item = &Engine> {
        self.0.segments.iter().map(|segment| segment.engine())
    }

    /// Returns the number of a category in this set, by its number in a segment.
    fn category_number(&self, (segment, number): (usize, u32)) -> u32 {
        match &*self.0.segments {
            [_] => number,
            _ => self.all_categories().numbers[segment][number as usize],
        }
    }

    /// Writes the result of the rules into a frame.
    fn carry<'f>(&'f self, frame: &mut FrameView<'f>, applied: &AppliedFrame) {
        frame.in_app = applied.in_app;
        if let Some(text) = applied.category.and_then(|number| self.category(number)) {
            frame.category = Some(text.as_bytes());
        }
    }

    /// Runs both passes. The second pass uses the frames that the first pass changed, and runs for
    /// both variants of the stack trace, as [`explain`](super::explain) describes. `matched`
    /// receives the rules that match any frame, possibly twice.
    ///
    /// # Errors
    ///
    /// If a text of a frame is not UTF-8.
    pub(super) fn evaluate(
        &self,
        stacktrace: &StacktraceView<'_>,
        matched: &mut Vec<RuleNumber>,
    ) -> Result<Evaluation, StacktraceError> {
        let matched = &mut Some(matched);
        let mut applied = Vec::with_capacity(stacktrace.frames.len());
        self.apply(stacktrace, &mut applied, matched)?;
        let mut changed = StacktraceView {
            exception: stacktrace.exception,
            frames: stacktrace.frames.clone(),
            repeats: Vec::new(),
        };
        for (frame, applied) in changed.frames.iter_mut().zip(&applied) {
            let as_it_came = frame.in_app.map_or(-1, i8::from);
            frame.orig_in_app = Some(frame.orig_in_app.unwrap_or(as_it_came));
            self.carry(frame, applied);
        }
        let start = |may_count: fn(&AppliedFrame) -> bool| -> Vec<_> {
            let frames = applied.iter().enumerate();
            frames
                .map(|(index, frame)| {
                    let counts = may_count(frame) && !stacktrace.is_repeat(index);
                    Component::new(Some(counts))
                })
                .collect()
        };
        let mut components = start(|frame| frame.in_app == Some(true));
        let mut result = self.assemble(&changed, &mut components, matched)?;
        let in_app = applied.iter().map(|frame| frame.in_app);
        result.contributes &= only_in_app(in_app, &mut components);
        let app = Assembled { components, result };
        let mut components = start(|_| true);
        let result = self.assemble(&changed, &mut components, &mut None)?;
        Ok(Evaluation {
            applied,
            app,
            system: Assembled { components, result },
        })
    }

    /// Does the same as [`Enhancements::apply_packed`] for many stack traces, on `threads` threads.
    ///
    /// # Errors
    ///
    /// Fails if a text of a frame is not UTF-8, with the error of the first such stack trace.
    pub fn apply_batch(
        &self,
        stacktraces: &[StacktraceView<'_>],
        threads: usize,
    ) -> Result<Vec<Vec<AppliedFrame>>, StacktraceError> {
        parallel::each(stacktraces, threads, |stacktrace| {
            let mut applied = Vec::with_capacity(stacktrace.frames.len());
            self.apply_packed(stacktrace, &mut applied)?;
            Ok(applied)
        })
    }

    /// Does the same as [`Enhancements::assemble_packed`] for many stack traces, each with the
    /// initial `contributes` of its components, on `threads` threads.
    ///
    /// # Errors
    ///
    /// Fails if a text of a frame is not UTF-8, with the error of the first such stack trace.
    pub fn assemble_batch(
        &self,
        stacktraces: &[(StacktraceView<'_>, Vec<Component>)],
        threads: usize,
    ) -> Result<Vec<(AssembleResult, Vec<Component>)>, StacktraceError> {
        parallel::each(stacktraces, threads, |(stacktrace, components)| {
            let mut components = components.clone();
            let result = self.assemble_packed(stacktrace, &mut components)?;
            Ok((result, components))
        })
    }
}

impl Default for Enhancements {
    fn default() -> Self {
        Self::empty()
    }
}

/// Rule sets are equal if their rules are equal.
impl PartialEq for Enhancements {
    fn eq(&self, other: &Self) -> bool {
        self.rules() == other.rules()
    }
}

impl Eq for Enhancements {}

impl fmt::Debug for Enhancements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Enhancements({} rules)", self.rules().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::stacktrace::msgpack::{self, pack};
    use crate::enhancements::testing::rule;
    use crate::enhancements::Offset;
    use crate::testing::{cases, Random};

    #[test]
    fn a_packed_answer_says_what_an_unpacked_one_says() {
        let text = "function:a category=x +app\nfunction:b category=y\ncategory:x ^-app";
        let rules = Enhancements::parse(text, &Cache::new(0)).unwrap();
        let frame = |function, category| Frame {
            function: Some(function),
            category,
            ..Frame::default()
        };
        let frames = [
            frame("a", None),
            frame("b", Some("y")),
            frame("c", Some("own")),
        ];
        let packed = pack(&ExceptionData::default(), &frames).unwrap();
        let stacktrace = msgpack::decode(&packed).unwrap();
        let mut applied = Vec::new();
        rules.apply_packed(&stacktrace, &mut applied).unwrap();
        let category =
            |frame: &AppliedFrame| frame.category.map(|c| &*rules.categories()[c as usize]);
        let seen: Vec<_> = applied.iter().map(|f| (category(f), f.in_app)).collect();
        assert_eq!(
            seen,
            [
                (Some("x"), Some(true)),
                (None, Some(false)),
                (None, Some(false))
            ]
        );
    }

    /// A rule as hints print it, but with the caller first and a space before brackets, as
    /// the parser needs it.
    fn readable(rule: &Rule) -> String {
        let frames = |offset| {
            let matchers = rule
                .frame_matchers()
                .iter()
                .filter(move |m| m.offset == offset);
            matchers.map(move |matcher| match offset {
                Offset::Caller => {
                    let printed = matcher.to_string();
                    printed[..printed.len() - "] |".len()].to_owned() + " ] |"
                }
                Offset::This => matcher.to_string(),
                Offset::Callee => {
                    let printed = matcher.to_string();
                    printed[..printed.len() - 1].to_owned() + " ]"
                }
            })
        };
        let parts = frames(Offset::Caller)
            .chain(rule.exception_matchers().iter().map(ToString::to_string))
            .chain(frames(Offset::This))
            .chain(frames(Offset::Callee))
            .chain(rule.actions().iter().map(ToString::to_string));
        parts.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn rules_survive_printing_and_the_binary_form() {
        let mut random = Random::new(5);
        let cache = Cache::new(0);
        let mut seen = 0;
        for _ in 0..cases(2_000) {
            let Ok(rules) = Enhancements::parse(&rule(&mut random), &cache) else {
                continue; // the pattern of an exception is not valid
            };
            seen += 1;
            let printed = readable(&rules.rules()[0]);
            assert_eq!(
                Enhancements::parse(&printed, &cache).unwrap(),
                rules,
                "{printed}"
            );
            for version in [2, 3] {
                let binary = rules.to_config_structure(version, &[]).unwrap();
                let decoded = Enhancements::from_config_structure(&binary, &cache).unwrap();
                assert_eq!(decoded, rules, "{printed}");
                let again = decoded.to_config_structure(version, &[]).unwrap();
                assert_eq!(again, binary, "{printed}");
                assert_eq!(decoded.rules()[0].actions(), rules.rules()[0].actions());
            }
        }
        assert!(seen > 1_000);
    }

    #[test]
    fn a_lenient_parse_leaves_out_what_was_retired() {
        let cache = Cache::new(10);
        let text = "function:a +app\nfunction:b ^+prefix -group\n function:c -sentinel\n";
        assert!(Enhancements::parse(text, &cache).is_err());
        let (rules, left_out) = Enhancements::parse_lenient(text, &cache).unwrap();
        let same = Enhancements::parse("function:a +app\nfunction:b -group", &cache).unwrap();
        assert_eq!(rules, same);
        let places: Vec<_> = left_out.iter().map(|d| (d.line, d.column)).collect();
        assert_eq!(places, [(2, 12), (3, 13)]);
        assert!(
            Enhancements::parse(text, &cache).is_err(),
            "the cache keeps strict parses only"
        );
        let other = Enhancements::parse_lenient("function:a +prefix\nx", &cache).unwrap_err();
        assert!(other.to_string().contains("Invalid syntax at `x`"));
    }

    #[test]
    fn rules_survive_being_written_as_text() {
        let mut random = Random::new(15);
        let cache = Cache::new(0);
        for _ in 0..cases(2_000) {
            let text: Vec<_> = (0..4).map(|_| rule(&mut random)).collect();
            if let Ok(rules) = Enhancements::parse(&text.join("\n"), &cache) {
                let again = Enhancements::parse(&rules.to_text().unwrap(), &cache);
                assert_eq!(again.unwrap(), rules, "{text:?}");
            }
        }
        for line in [
            r"function:a\\\\b +app",
            r"function:a\b +app",
            "function:\"\" +app",
            "function:\"a b\" category=",
        ] {
            let rules = Enhancements::parse(line, &cache).unwrap();
            assert_eq!(
                Enhancements::parse(&rules.to_text().unwrap(), &cache).unwrap(),
                rules
            );
        }
        // Only the binary form can have a quote and a space in one pattern.
        let rules = Enhancements::parse("function:_X_ +app", &cache).unwrap();
        let mut odd = rules.to_config_structure(3, &[]).unwrap();
        let at = odd.windows(3).position(|three| three == b"_X_").unwrap();
        odd[at..at + 3].copy_from_slice(b"\" _");
        let rules = Enhancements::from_config_structure(&odd, &cache).unwrap();
        assert_eq!(rules.to_text().unwrap_err().index, 0);
    }

    #[test]
    fn extending_keeps_the_numbers_of_categories_and_doubles_itself() {
        let cache = Cache::new(10);
        let mut rules = Enhancements::parse("function:a category=x", &cache).unwrap();
        let other = Enhancements::parse("function:b category=y category=x", &cache).unwrap();
        rules.extend_from(&other);
        assert_eq!(rules.categories(), ["x", "y"]);
        rules.extend_from(&rules.clone());
        assert_eq!(rules.rules().len(), 4);
        assert_eq!(rules.categories(), ["x", "y"]);
    }
}
