//! A rule set: rules in order, and the two questions that are asked of them.
//!
//! The questions can be asked of [`Frame`]s, which hold texts, and of a
//! [`PackedStacktrace`], where the answer for a frame names a category by its
//! number in [`Enhancements::categories`]. Numbers of rules and categories stay
//! what they are when rules are appended.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use once_cell::race::OnceBox;
use smol_str::SmolStr;

use crate::enhancements::action::{Action, VarAction};
use crate::enhancements::binary::config_structure;
use crate::enhancements::cache::Cache;
use crate::enhancements::describe;
use crate::enhancements::engine::{Engine, Judged, DEFAULT_BYTES};
use crate::enhancements::error::{ConfigStructureError, EnhancementsError};
use crate::enhancements::frame::{AssembleResult, Component, ExceptionData, Frame};
use crate::enhancements::parallel;
use crate::enhancements::rule::Rule;
use crate::enhancements::select::{self, Part};
use crate::enhancements::stacktrace::msgpack::{PackedError, PackedStacktrace};
use crate::enhancements::text::diagnostics::{self, Diagnostic};
use crate::enhancements::text::parser::{self, Retired};
use crate::enhancements::text::source::{self, NoTextForm};
use crate::limits::{self, Limit};

/// A list of rules. Immutable but for [`Enhancements::extend_from`]; cloning shares it.
#[derive(Clone, Default)]
pub struct Enhancements(Arc<RuleSet>);

#[derive(Default)]
struct RuleSet {
    rules: Vec<Rule>,
    /// What the rules set with `category=`, each once, in the order of first use.
    categories: Vec<SmolStr>,
    // Made on first use. Threads that race for it make it twice and keep one: nobody waits,
    // so a fork in the middle leaves nothing locked in the child.
    engine: OnceBox<Engine>,
    /// What `set_memo_bytes` asked for, plus 1; 0 if nobody has.
    memo_bytes: AtomicUsize,
}

/// What the rules made of a frame of a [`PackedStacktrace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppliedFrame {
    /// The category as an index into [`Enhancements::categories`], or `None` where
    /// the frame still has the one it came with.
    pub category: Option<u32>,
    /// Whether the frame is the user's code.
    pub in_app: Option<bool>,
}

impl Enhancements {
    /// No rules.
    pub fn empty() -> Self {
        Self::default()
    }

    fn from_rules(rules: Vec<Rule>) -> Self {
        let mut seen = HashSet::new();
        let categories = rules
            .iter()
            .flat_map(Rule::actions)
            .filter_map(|action| match action {
                Action::Var(VarAction::Category(category)) => Some(category),
                _ => None,
            })
            .filter(|category| seen.insert(*category))
            .cloned()
            .collect();
        Self(Arc::new(RuleSet {
            rules,
            categories,
            ..RuleSet::default()
        }))
    }

    /// Parses the text form, one rule a line. Rules that `cache` knows are shared, and the
    /// whole set if it knows that.
    ///
    /// # Errors
    ///
    /// The first line that is not a rule.
    pub fn parse(text: &str, cache: &Cache) -> Result<Self, EnhancementsError> {
        cache.get_or_parse_text(text, || {
            limits::check_rule_text(text)?;
            let rules = parser::rule_lines(text)
                .map(|(number, line)| cache.get_or_parse(line, || parser::parse_rule(line, number)))
                .collect::<Result<_, _>>()?;
            Ok(Self::from_rules(rules))
        })
    }

    /// [`Enhancements::parse`], but actions that were retired (`+sentinel`, `+prefix` and
    /// their like) are left out, and rules that have no other: what is left out is told.
    ///
    /// # Errors
    ///
    /// The first line that is not a rule for another reason.
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

    /// Reads the binary form, a MessagePack structure of version 2 or 3.
    ///
    /// # Errors
    ///
    /// What is malformed, and in which rule.
    pub fn from_config_structure(input: &[u8], _cache: &Cache) -> Result<Self, EnhancementsError> {
        Limit::RuleBytes.check(input.len())?;
        let rules = config_structure::decode(input).map_err(|err| match err {
            ConfigStructureError::Limit(err) => err.into(),
            err => EnhancementsError::from(err),
        })?;
        Limit::Rules.check(rules.len())?;
        Ok(Self::from_rules(rules))
    }

    /// Writes the binary form. `bases` is stored beside the rules and not used.
    ///
    /// # Errors
    ///
    /// If `version` is neither 2 nor 3.
    pub fn to_config_structure(
        &self,
        version: u64,
        bases: &[String],
    ) -> Result<Vec<u8>, ConfigStructureError> {
        config_structure::encode(self.rules(), version, bases)
    }

    /// Writes the text form, one rule a line. Parsed again, it is the same rules.
    ///
    /// # Errors
    ///
    /// The first rule that no text can hold: only the binary form can make such a rule.
    pub fn to_text(&self) -> Result<String, NoTextForm> {
        source::to_text(self.rules())
    }

    /// A part of the rules, by what they do.
    #[must_use]
    pub fn part(&self, part: Part) -> Self {
        Self::from_rules(select::select(self.rules(), part))
    }

    /// Describes each rule as JSON: an array of objects with `canonical` (as hints print it),
    /// `matchers` (`field`, `pattern`, `negated`, and `of`: `caller`, `frame`, `callee` or
    /// `exception`) and `actions` (`text`, `name`, `value`, and `range` for a flag).
    pub fn describe(&self) -> String {
        describe::describe(self.rules())
    }

    /// These rules, and after them the rules of another set.
    #[must_use]
    pub fn extended(&self, other: &Self) -> Self {
        if self.rules().is_empty() {
            // With all that was found out about them.
            return other.clone();
        }
        Self::from_rules([self.rules(), other.rules()].concat())
    }

    /// Appends the rules of another set.
    pub fn extend_from(&mut self, other: &Self) {
        *self = self.extended(other);
    }

    /// The rules in order.
    pub fn rules(&self) -> &[Rule] {
        &self.0.rules
    }

    /// What the rules set with `category=`, each once.
    pub fn categories(&self) -> &[SmolStr] {
        &self.0.categories
    }

    fn engine(&self) -> &Engine {
        self.0.engine.get_or_init(|| {
            let bytes = self.0.memo_bytes.load(Ordering::Relaxed);
            let bytes = bytes.checked_sub(1).unwrap_or(DEFAULT_BYTES);
            Box::new(Engine::new(&self.0.rules, &self.0.categories, bytes))
        })
    }

    /// Limits the memory for what is remembered of frames seen before, in bytes; 0 turns
    /// that off. It is 2 MiB if nobody says otherwise. What is remembered now is forgotten.
    ///
    /// Clones of a rule set have the same memo.
    pub fn set_memo_bytes(&self, bytes: usize) {
        let stored = bytes.saturating_add(1);
        self.0.memo_bytes.store(stored, Ordering::Relaxed);
        if let Some(engine) = self.0.engine.get() {
            engine.memo().set_bytes(bytes);
        }
    }

    /// How many bytes are taken by what is remembered of frames, about.
    pub fn memo_bytes_in_use(&self) -> usize {
        let engine = self.0.engine.get();
        engine.map_or(0, |engine| engine.memo().bytes_in_use())
    }

    /// Sets `in_app` and `category` of frames as the rules say.
    pub fn apply_modifications_to_frames<'a>(
        &'a self,
        frames: &mut [Frame<'a>],
        exception: &ExceptionData<'_>,
    ) {
        let applied = self.engine().apply_frames(frames, exception);
        for (frame, applied) in frames.iter_mut().zip(applied) {
            frame.in_app = applied.in_app;
            if let Some(category) = applied.category {
                frame.category = self.categories().get(category as usize).map(|text| &**text);
            }
        }
    }

    /// Decides which components count for grouping, and says why.
    ///
    /// Components and frames are paired from the start.
    pub fn assemble_stacktrace_component(
        &self,
        frames: &[Frame<'_>],
        exception: &ExceptionData<'_>,
        components: &mut [Component],
    ) -> AssembleResult {
        self.engine().assemble_frames(frames, exception, components)
    }

    /// [`Enhancements::apply_modifications_to_frames`] on packed frames. What the
    /// rules made of them is appended to `applied`, one entry a frame.
    ///
    /// # Errors
    ///
    /// If a text of a frame is not UTF-8; nothing is appended then.
    pub fn apply_packed(
        &self,
        stacktrace: &PackedStacktrace<'_>,
        applied: &mut Vec<AppliedFrame>,
    ) -> Result<(), PackedError> {
        self.engine().apply_packed(stacktrace, applied)
    }

    /// [`Enhancements::assemble_stacktrace_component`] on packed frames.
    ///
    /// # Errors
    ///
    /// If a text of a frame is not UTF-8; no component is changed then.
    pub fn assemble_packed(
        &self,
        stacktrace: &PackedStacktrace<'_>,
        components: &mut [Component],
    ) -> Result<AssembleResult, PackedError> {
        self.engine().assemble_packed(stacktrace, components)
    }

    /// What [`Engine::judge`] says.
    pub(super) fn judge(
        &self,
        stacktrace: &PackedStacktrace<'_>,
        matched: &mut Vec<u32>,
    ) -> Result<Judged, PackedError> {
        self.engine()
            .judge(stacktrace, self.categories(), &mut Some(matched))
    }

    /// [`Enhancements::apply_packed`] on many stack traces, on so many threads.
    ///
    /// # Errors
    ///
    /// If a text of a frame is not UTF-8: that of the first such stack trace.
    pub fn apply_batch(
        &self,
        stacktraces: &[PackedStacktrace<'_>],
        threads: usize,
    ) -> Result<Vec<Vec<AppliedFrame>>, PackedError> {
        let engine = self.engine();
        parallel::each(stacktraces, threads, |stacktrace| {
            let mut applied = Vec::with_capacity(stacktrace.frames.len());
            engine.apply_packed(stacktrace, &mut applied)?;
            Ok(applied)
        })
    }

    /// [`Enhancements::assemble_packed`] on many stack traces, each with what its components
    /// are to begin with, on so many threads.
    ///
    /// # Errors
    ///
    /// If a text of a frame is not UTF-8: that of the first such stack trace.
    pub fn assemble_batch(
        &self,
        stacktraces: &[(PackedStacktrace<'_>, Vec<Component>)],
        threads: usize,
    ) -> Result<Vec<(AssembleResult, Vec<Component>)>, PackedError> {
        let engine = self.engine();
        parallel::each(stacktraces, threads, |(stacktrace, components)| {
            let mut components = components.clone();
            let result = engine.assemble_packed(stacktrace, &mut components)?;
            Ok((result, components))
        })
    }
}

/// Rule sets are equal when their rules are.
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
    use crate::enhancements::stacktrace::msgpack::pack;
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
        let stacktrace = PackedStacktrace::decode(&packed).unwrap();
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
