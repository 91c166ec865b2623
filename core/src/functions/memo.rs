//! Names that were trimmed before.
//!
//! The frames of a service have the same names again and again, and trimming a long one takes a
//! microsecond. Each thread keeps the last names in a table of a fixed size: a name has one slot,
//! by its hash, and replaces what was there.
//!
//! ```text
//! slot    hash, platform    name | trimmed name
//! ```
//!
//! A name is found by comparing it, whatever its hash is. A table takes at most 1 MiB, and
//! about 40 kB with names of a usual length.

use std::cell::Cell;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use super::{is_plain, trim_function_name};

/// How many names a thread keeps.
const SLOTS: usize = 256;

/// A longer name is not kept.
const MAX_LEN: usize = 2048;

#[derive(Default)]
struct Memo {
    state: RandomState,
    slots: Vec<Slot>,
}

#[derive(Clone, Default)]
struct Slot {
    hash: u64,
    platform: Box<str>,
    /// The name, and behind it the trimmed name.
    texts: Box<str>,
    name_len: usize,
}

thread_local! {
    static MEMO: Cell<Option<Box<Memo>>> = const { Cell::new(None) };
}

/// Calls `f` with the name as [`trim_function_name`] trims it.
pub(crate) fn with_trimmed<R>(name: &str, platform: &str, f: impl FnOnce(&str) -> R) -> R {
    if name.len() > MAX_LEN || is_plain(name) {
        return f(&trim_function_name(name, Some(platform)));
    }
    // Taken out: `f` may trim another name.
    let taken = MEMO.try_with(Cell::take).ok().flatten();
    let mut memo = taken.unwrap_or_default();
    let result = f(memo.trimmed(name, platform));
    let _ = MEMO.try_with(|kept| kept.set(Some(memo)));
    result
}

impl Memo {
    fn trimmed(&mut self, name: &str, platform: &str) -> &str {
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, Slot::default());
        }
        let hash = self.state.hash_one(name);
        let slot = &mut self.slots[hash as usize % SLOTS];
        let is_known = slot.hash == hash
            && *slot.platform == *platform
            && slot.texts.get(..slot.name_len) == Some(name);
        if !is_known {
            let trimmed = trim_function_name(name, Some(platform));
            *slot = Slot {
                hash,
                platform: platform.into(),
                texts: [name, &trimmed].concat().into(),
                name_len: name.len(),
            };
        }
        &slot.texts[slot.name_len..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_as_without_a_memo() {
        let names: Vec<_> = (0..2 * SLOTS)
            .map(|number| format!("void shop::Cart<{number}>::sell_{number}(int)"))
            .collect();
        let others = ["", " ", "main", "@f@12", "const", "<T as A>::f"].map(str::to_owned);
        let long = "f(int) ".repeat(MAX_LEN);
        for _ in 0..2 {
            for name in names.iter().chain(&others).chain([&long]) {
                for platform in ["native", "swift", "csharp", "python", ""] {
                    let expected = trim_function_name(name, Some(platform));
                    with_trimmed(name, platform, |found| assert_eq!(found, expected));
                    with_trimmed(name, platform, |found| assert_eq!(found, expected));
                }
            }
        }
    }

    #[test]
    fn one_name_is_trimmed_while_another_is_in_use() {
        with_trimmed("f(int)", "c", |outer| {
            with_trimmed("g(int)", "c", |inner| {
                assert_eq!((outer, inner), ("f", "g"))
            });
        });
    }
}
