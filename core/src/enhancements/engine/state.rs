//! State: the values that rules change while they run.
//!
//! ```text
//! frames                      0 1 2 3 4
//! category std (now)          . . x . .
//! in_app true (now)           x . . . x
//! in_app known (now)          x . x x x
//! ```
//!
//! All segments of a rule set use the same state. A category has another number in each segment, so
//! the state stores its text, and the number is looked up when a segment begins to run.

use super::ids::CategoryId;
use super::masks::Mask;
use super::program::Program;

/// A category that some frame has or had.
pub(super) struct Category<'a, M> {
    pub(super) text: &'a str,
    /// Its number in the current segment, if a rule of that segment names it.
    pub(super) number: Option<CategoryId>,
    /// A segment that sets it, and its number there, after a rule has set it.
    pub(super) set_by: Option<(usize, CategoryId)>,
    /// The frames that currently have it.
    pub(super) frames: M,
}

pub(super) struct State<'a, M> {
    frames: usize,
    /// Every category that occurred, in the order of occurrence.
    pub(super) categories: Vec<Category<'a, M>>,
    /// For each frame, the index of its current category; empty if no frame has one.
    category_of: Vec<Option<u32>>,
    /// The same, before any rule ran.
    category_before: Vec<Option<u32>>,
    pub(super) in_app_true: M,
    pub(super) in_app_known: M,
}

impl<'a, M: Mask> State<'a, M> {
    pub(super) fn new(frames: usize) -> Self {
        Self {
            frames,
            categories: Vec::new(),
            category_of: Vec::new(),
            category_before: Vec::new(),
            in_app_true: M::none(frames),
            in_app_known: M::none(frames),
        }
    }

    /// Adds a frame with its initial values.
    pub(super) fn put(&mut self, frame: usize, category: Option<&'a str>, in_app: Option<bool>) {
        if let Some(in_app) = in_app {
            self.in_app_known.insert(frame);
            if in_app {
                self.in_app_true.insert(frame);
            }
        }
        if let Some(text) = category {
            let known = self.categories.iter().position(|known| known.text == text);
            let known = known.unwrap_or_else(|| self.add(text));
            self.give(frame, known);
        }
    }

    /// Ends the adding of frames, before rules run.
    pub(super) fn start(&mut self) {
        self.category_before.clone_from(&self.category_of);
    }

    /// Looks up the numbers of categories in a program.
    pub(super) fn number(&mut self, program: &Program) {
        for category in &mut self.categories {
            category.number = program.category(category.text);
        }
    }

    /// Sets the category of a frame to one that a rule of a segment sets. Returns whether no frame
    /// had it before.
    pub(super) fn set_category(
        &mut self,
        segment: usize,
        program: &'a Program,
        frame: usize,
        category: CategoryId,
    ) -> bool {
        let mut known = self.categories.iter();
        let known = known.position(|known| known.number == Some(category));
        let index = known.unwrap_or_else(|| {
            let index = self.add(program.category_text(category));
            self.categories[index].number = Some(category);
            index
        });
        self.categories[index]
            .set_by
            .get_or_insert((segment, category));
        self.give(frame, index);
        known.is_none()
    }

    /// Returns the category of a frame, if it differs from the one that the frame came with.
    pub(super) fn new_category(&self, frame: usize) -> Option<&Category<'a, M>> {
        let now = self.category_of.get(frame).copied().flatten()?;
        let before = self.category_before.get(frame).copied().flatten();
        (before != Some(now)).then(|| &self.categories[now as usize])
    }

    fn add(&mut self, text: &'a str) -> usize {
        self.categories.push(Category {
            text,
            number: None,
            set_by: None,
            frames: M::none(self.frames),
        });
        self.categories.len() - 1
    }

    fn give(&mut self, frame: usize, category: usize) {
        if self.category_of.is_empty() {
            self.category_of.resize(self.frames, None);
        }
        let before = self.category_of[frame].replace(category as u32);
        if let Some(before) = before {
            self.categories[before as usize].frames.remove(frame);
        }
        self.categories[category].frames.insert(frame);
    }
}
