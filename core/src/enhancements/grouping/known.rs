//! The rules of projects that were read before, in the whole process.
//!
//! The same project's rules come again with every event of it. What was read of a text is
//! found again by the text, and with it the index and the memo of its segments. The table is
//! bounded: by the number of projects, and by their rules together.
//!
//! No thread waits for the table. If the lock is held, the caller reads the rules without it,
//! also in a child whose parent held the lock at the fork.

use std::sync::{Arc, Mutex, TryLockError};

use lru::LruCache;

use super::OwnRules;

/// How many projects are kept.
const MAX_PROJECTS: usize = 512;

/// How many rules they have together.
const MAX_RULES: usize = 50_000;

/// How a text is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Form {
    /// One rule a line.
    Text,
    /// As it is stored.
    Stored,
    /// As it is stored, without the family `other`.
    StoredWithoutOther,
}

struct Known {
    projects: LruCache<(Form, Box<str>), Arc<OwnRules>>,
    rules: usize,
}

static KNOWN: Mutex<Option<Known>> = Mutex::new(None);

/// Calls `f` with the table, unless another thread has it.
fn with<R>(f: impl FnOnce(&mut Known) -> R) -> Option<R> {
    let mut table = match KNOWN.try_lock() {
        Ok(table) => table,
        // Nothing that runs under the lock leaves anything half changed.
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => return None,
    };
    Some(f(table.get_or_insert_with(|| Known {
        projects: LruCache::unbounded(),
        rules: 0,
    })))
}

/// What a text stands for, from the table or from `make`.
pub(super) fn get_or_make<E>(
    form: Form,
    text: &str,
    make: impl FnOnce() -> Result<OwnRules, E>,
) -> Result<Arc<OwnRules>, E> {
    let key = (form, Box::from(text));
    if let Some(known) = with(|table| table.projects.get(&key).cloned()).flatten() {
        return Ok(known);
    }
    let made = Arc::new(make()?);
    let count = made.stored.rules.len();
    if count <= MAX_RULES {
        with(|table| {
            if let Some(before) = table.projects.put(key, made.clone()) {
                table.rules -= before.stored.rules.len();
            }
            table.rules += count;
            while table.projects.len() > MAX_PROJECTS || table.rules > MAX_RULES {
                let Some((_, oldest)) = table.projects.pop_lru() else {
                    break;
                };
                table.rules -= oldest.stored.rules.len();
            }
        });
    }
    Ok(made)
}

/// Forgets all projects. Configs that are in use keep their rules.
pub(super) fn clear() {
    if let Ok(mut table) = KNOWN.try_lock() {
        *table = None;
    }
}
