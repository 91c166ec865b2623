//! State: what rules change while they run.
//!
//! ```text
//! frames                      0 1 2 3 4
//! category std (now)          . . x . .
//! in_app true (now)           x . . . x
//! in_app known (now)          x . x x x
//! ```

use super::ids::CategoryId;
use super::masks::Mask;
use super::program::Program;

/// A category that some frame has or had.
pub(super) struct Category<'a, M> {
    pub(super) text: &'a str,
    /// Its number, if a rule names it.
    pub(super) number: Option<CategoryId>,
    /// The frames that have it now.
    pub(super) frames: M,
}

pub(super) struct State<'a, M> {
    frames: usize,
    /// Every category that came up, in that order.
    pub(super) categories: Vec<Category<'a, M>>,
    /// For each frame, which of them it has now.
    pub(super) category_of: Vec<Option<u32>>,
    pub(super) in_app_true: M,
    pub(super) in_app_known: M,
}

impl<'a, M: Mask> State<'a, M> {
    /// For so many frames, none of which was added yet.
    pub(super) fn new(frames: usize) -> Self {
        Self {
            frames,
            categories: Vec::new(),
            category_of: Vec::with_capacity(frames),
            in_app_true: M::none(frames),
            in_app_known: M::none(frames),
        }
    }

    /// Adds the next frame. Returns its category if no frame before had that.
    pub(super) fn push(
        &mut self,
        program: &Program,
        category: Option<&'a str>,
        in_app: Option<bool>,
    ) -> Option<Option<CategoryId>> {
        let frame = self.category_of.len();
        self.category_of.push(None);
        if let Some(in_app) = in_app {
            self.in_app_known.insert(frame);
            if in_app {
                self.in_app_true.insert(frame);
            }
        }
        let text = category?;
        let known = self.categories.iter().position(|known| known.text == text);
        if let Some(known) = known {
            self.categories[known].frames.insert(frame);
            self.category_of[frame] = Some(known as u32);
            return None;
        }
        let number = program.category(text);
        self.put_new(frame, text, number);
        Some(number)
    }

    /// Gives a frame a category that a rule sets. Returns whether no frame had it before.
    pub(super) fn set_category(
        &mut self,
        program: &'a Program,
        frame: usize,
        category: CategoryId,
    ) -> bool {
        if let Some(before) = self.category_of[frame] {
            let before = &mut self.categories[before as usize];
            if before.number == Some(category) {
                return false;
            }
            before.frames.remove(frame);
        }
        let mut known = self.categories.iter();
        if let Some(known) = known.position(|known| known.number == Some(category)) {
            self.categories[known].frames.insert(frame);
            self.category_of[frame] = Some(known as u32);
            return false;
        }
        self.put_new(frame, program.category_text(category), Some(category));
        true
    }

    fn put_new(&mut self, frame: usize, text: &'a str, number: Option<CategoryId>) {
        let mut frames = M::none(self.frames);
        frames.insert(frame);
        self.category_of[frame] = Some(self.categories.len() as u32);
        self.categories.push(Category {
            text,
            number,
            frames,
        });
    }
}
