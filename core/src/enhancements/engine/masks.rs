//! Sets of frames as bits: bit `i` is frame `i`.
//!
//! The tests of a rule for all frames become a few operations on words:
//!
//! ```text
//! frames                            0 1 2 3 4
//! category a                        . x . x .
//! category b                        . . x . .
//! [category:a] | category:b         . . x . .     = b & (a shifted up by one)
//! ^-group of it                     . . . x x     = above(lowest)
//! ```
//!
//! A set of up to 64 frames is one machine word; longer stack traces use [`Wide`].

/// A set of frames. All sets of a stack trace have the same number of frames.
pub(super) trait Mask: Clone + PartialEq {
    /// Whether a set can have more than 64 frames.
    const WIDE: bool;
    /// Returns the sets of this width.
    fn of(sets: &Sets) -> &[Self];
    fn of_mut(sets: &mut Sets) -> &mut [Self];
    /// Returns whether the set is empty because it was not made yet.
    fn is_blank(&self) -> bool;
    /// Makes an empty set.
    fn none(frames: usize) -> Self;
    /// Makes a set of the frames from `start` to `end`, excluding `end`.
    fn range(start: usize, end: usize, frames: usize) -> Self;
    fn insert(&mut self, frame: usize);
    fn remove(&mut self, frame: usize);
    fn contains(&self, frame: usize) -> bool;
    fn is_empty(&self) -> bool;
    fn and(&mut self, other: &Self);
    fn or(&mut self, other: &Self);
    /// Removes the frames in `other`.
    fn minus(&mut self, other: &Self);
    /// Moves every frame to the next higher index. The highest one disappears when the
    /// result is intersected with a set of existing frames.
    fn up(&mut self);
    /// Moves every frame to the next lower index. The lowest one disappears.
    fn down(&mut self);
    /// Returns the lowest frame.
    fn first(&self) -> Option<usize>;
    /// Returns the highest frame.
    fn last(&self) -> Option<usize>;
    /// Calls `f` for every frame, in ascending order.
    fn for_each(&self, f: impl FnMut(usize));
}

/// Two lists of sets: one for stack traces of up to 64 frames, one for longer ones. A set that was
/// not made yet is [blank](Mask::is_blank).
#[derive(Default)]
pub(super) struct Sets {
    narrow: Vec<u64>,
    wide: Vec<Wide>,
}

impl Sets {
    /// Makes room for `len` sets of one width.
    pub(super) fn reserve(&mut self, len: usize, wide: bool) {
        if wide && self.wide.len() < len {
            self.wide.resize(len, Wide::default());
        }
        if !wide && self.narrow.len() < len {
            self.narrow.resize(len, 0);
        }
    }

    /// Makes a set blank.
    pub(super) fn clear(&mut self, index: usize) {
        if let Some(set) = self.narrow.get_mut(index) {
            *set = 0;
        }
        if let Some(set) = self.wide.get_mut(index) {
            *set = Wide::default();
        }
    }
}

impl Mask for u64 {
    const WIDE: bool = false;

    fn of(sets: &Sets) -> &[Self] {
        &sets.narrow
    }

    fn of_mut(sets: &mut Sets) -> &mut [Self] {
        &mut sets.narrow
    }

    fn is_blank(&self) -> bool {
        *self == 0
    }

    fn none(_frames: usize) -> Self {
        0
    }

    fn range(start: usize, end: usize, _frames: usize) -> Self {
        word(start.min(64), end.min(64))
    }

    fn insert(&mut self, frame: usize) {
        *self |= 1 << frame;
    }

    fn remove(&mut self, frame: usize) {
        *self &= !(1 << frame);
    }

    fn contains(&self, frame: usize) -> bool {
        self >> frame & 1 == 1
    }

    fn is_empty(&self) -> bool {
        *self == 0
    }

    fn and(&mut self, other: &Self) {
        *self &= other;
    }

    fn or(&mut self, other: &Self) {
        *self |= other;
    }

    fn minus(&mut self, other: &Self) {
        *self &= !other;
    }

    fn up(&mut self) {
        *self <<= 1;
    }

    fn down(&mut self) {
        *self >>= 1;
    }

    fn first(&self) -> Option<usize> {
        (*self != 0).then(|| self.trailing_zeros() as usize)
    }

    fn last(&self) -> Option<usize> {
        (*self != 0).then(|| 63 - self.leading_zeros() as usize)
    }

    fn for_each(&self, mut f: impl FnMut(usize)) {
        let mut rest = *self;
        while rest != 0 {
            f(rest.trailing_zeros() as usize);
            rest &= rest - 1;
        }
    }
}

/// A set of any number of frames, 64 a word.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Wide(Box<[u64]>);

impl Wide {
    fn zip(&mut self, other: &Self, f: impl Fn(&mut u64, u64)) {
        for (word, &other) in self.0.iter_mut().zip(&other.0) {
            f(word, other);
        }
    }
}

impl Mask for Wide {
    const WIDE: bool = true;

    fn of(sets: &Sets) -> &[Self] {
        &sets.wide
    }

    fn of_mut(sets: &mut Sets) -> &mut [Self] {
        &mut sets.wide
    }

    fn is_blank(&self) -> bool {
        self.0.is_empty()
    }

    fn none(frames: usize) -> Self {
        Self(vec![0; frames.div_ceil(64)].into())
    }

    fn range(start: usize, end: usize, frames: usize) -> Self {
        let words = (0..frames.div_ceil(64)).map(|index| {
            let low = index * 64;
            let within = |frame: usize| frame.saturating_sub(low).min(64);
            word(within(start), within(end))
        });
        Self(words.collect())
    }

    fn insert(&mut self, frame: usize) {
        self.0[frame / 64] |= 1 << (frame % 64);
    }

    fn remove(&mut self, frame: usize) {
        self.0[frame / 64] &= !(1 << (frame % 64));
    }

    fn contains(&self, frame: usize) -> bool {
        self.0[frame / 64] >> (frame % 64) & 1 == 1
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    fn and(&mut self, other: &Self) {
        self.zip(other, |word, other| *word &= other);
    }

    fn or(&mut self, other: &Self) {
        self.zip(other, |word, other| *word |= other);
    }

    fn minus(&mut self, other: &Self) {
        self.zip(other, |word, other| *word &= !other);
    }

    fn up(&mut self) {
        let mut carry = 0;
        for word in &mut self.0 {
            let next = *word >> 63;
            *word = *word << 1 | carry;
            carry = next;
        }
    }

    fn down(&mut self) {
        let mut carry = 0;
        for word in self.0.iter_mut().rev() {
            let next = *word << 63;
            *word = *word >> 1 | carry;
            carry = next;
        }
    }

    fn first(&self) -> Option<usize> {
        let at = self.0.iter().position(|&word| word != 0)?;
        Some(at * 64 + self.0[at].first()?)
    }

    fn last(&self) -> Option<usize> {
        let at = self.0.iter().rposition(|&word| word != 0)?;
        Some(at * 64 + self.0[at].last()?)
    }

    fn for_each(&self, mut f: impl FnMut(usize)) {
        for (at, word) in self.0.iter().enumerate() {
            word.for_each(|frame| f(at * 64 + frame));
        }
    }
}

/// Returns the bits from `start` to `end`, excluding `end`. Both are at most 64.
fn word(start: usize, end: usize) -> u64 {
    let below = |bit: usize| if bit == 64 { u64::MAX } else { (1 << bit) - 1 };
    below(end) & !below(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members<M: Mask>(mask: &M) -> Vec<usize> {
        let mut found = Vec::new();
        mask.for_each(|frame| found.push(frame));
        found
    }

    fn check<M: Mask>(frames: usize) {
        let all = M::range(0, frames, frames);
        assert_eq!(members(&all), (0..frames).collect::<Vec<_>>());
        assert_eq!((all.first(), all.last()), (Some(0), Some(frames - 1)));
        let mut one = M::none(frames);
        assert!(one.is_empty() && one.first().is_none() && one.last().is_none());
        for frame in 0..frames {
            one.insert(frame);
            assert!(one.contains(frame) && !one.is_empty());
            assert_eq!((one.first(), one.last()), (Some(frame), Some(frame)));
            let mut moved = one.clone();
            moved.up();
            moved.and(&all);
            assert_eq!(
                members(&moved),
                if frame + 1 < frames {
                    vec![frame + 1]
                } else {
                    vec![]
                }
            );
            let mut moved = one.clone();
            moved.down();
            assert_eq!(
                members(&moved),
                if frame > 0 { vec![frame - 1] } else { vec![] }
            );
            let mut others = all.clone();
            others.minus(&one);
            assert!(!others.contains(frame));
            others.or(&one);
            assert!(others == all);
            assert_eq!(
                members(&M::range(0, frame, frames)),
                (0..frame).collect::<Vec<_>>()
            );
            assert_eq!(
                members(&M::range(frame, frames, frames)),
                (frame..frames).collect::<Vec<_>>()
            );
            one.remove(frame);
            assert!(one.is_empty());
        }
    }

    #[test]
    fn one_word() {
        for frames in [1, 2, 63, 64] {
            check::<u64>(frames);
        }
    }

    #[test]
    fn many_words() {
        for frames in [1, 63, 64, 65, 128, 200] {
            check::<Wide>(frames);
        }
    }
}
