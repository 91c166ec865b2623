//! `OphioEnhancements`: a rule set behind a pointer.
//!
//! The handle has an `Arc` of an immutable rule set. `extend_from` makes a new rule set and swaps
//! it in, so a call that runs in another thread finishes with the old rule set, and no call waits.

use std::sync::Arc;

use arc_swap::ArcSwap;
use ophio_core::enhancements::{
    Cache, Enhancements, EnhancementsError, Hint, HintKind, RuleNumber,
};
use ophio_core::limits::Limit;

use super::cache::OphioEnhancementsCache;
use crate::guard::{guard, guard_into, guard_len};
use crate::handle;
use crate::slice;
use crate::status::{Error, OphioStatus};
use crate::string::{self, OphioStr};

/// Stack trace rules.
///
/// Threads may share it, also while one of them extends it: every call uses the rules from the time
/// when it began. After a fork the child may use it.
pub struct OphioEnhancements(ArcSwap<Enhancements>);

impl OphioEnhancements {
    pub(super) fn new(rules: Enhancements) -> *mut Self {
        handle::new(Self(ArcSwap::from_pointee(rules)))
    }

    /// Returns the current rules. Extending the handle does not change them.
    pub(crate) fn current(&self) -> Arc<Enhancements> {
        self.0.load_full()
    }
}

impl From<EnhancementsError> for Error {
    fn from(error: EnhancementsError) -> Self {
        let status = match error {
            EnhancementsError::Limit(_) => OphioStatus::Limit,
            _ => OphioStatus::Syntax,
        };
        Error::new(status, error)
    }
}

/// Makes a rule set without rules.
///
/// Writes it to `rules`, which is the caller's: free it with `ophio_enhancements_free`. Any
/// thread may call this. Fails with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_new(rules: *mut *mut OphioEnhancements) -> OphioStatus {
    // SAFETY: the caller's promise about `rules`.
    let rules = unsafe { handle::out(rules, "rules") };
    guard_into(rules, || Ok(OphioEnhancements::new(Enhancements::empty())))
}

/// Parses rules in the text form: UTF-8, one rule a line.
///
/// `cache` may be NULL. Any thread may call this, with the same cache as well.
///
/// Writes the rules to `rules`, which are the caller's: free them with
/// `ophio_enhancements_free`. They stay valid after `text` and `cache` are freed. Fails with
/// `OPHIO_STATUS_SYNTAX` and a message about the first bad line, `OPHIO_STATUS_LIMIT`,
/// `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `text` is readable for `text_len` bytes; `cache` is NULL or comes from
/// `ophio_enhancements_cache_new` and is not freed yet; `rules` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_parse(
    text: *const u8,
    text_len: usize,
    cache: *const OphioEnhancementsCache,
    rules: *mut *mut OphioEnhancements,
) -> OphioStatus {
    // SAFETY: the caller's promise about `rules`.
    let rules = unsafe { handle::out(rules, "rules") };
    guard_into(rules, || {
        // SAFETY: the caller's promise about `text`.
        let bytes = unsafe { slice::bytes(text, text_len, "text") }?;
        // SAFETY: the caller's promise about `cache`.
        if let Some(rules) = unsafe { with_cache(cache, |cache| cache.known_text(bytes)) } {
            return Ok(OphioEnhancements::new(rules));
        }
        // SAFETY: the caller's promise about `text`.
        let text = unsafe { slice::text(text, text_len, "text") }?;
        // SAFETY: the caller's promise about `cache`.
        let rules = unsafe { with_cache(cache, |cache| Enhancements::parse(text, cache)) }?;
        Ok(OphioEnhancements::new(rules))
    })
}

/// Reads rules in the binary form, a MessagePack structure of version 2 or 3.
///
/// `cache` may be NULL. Any thread may call this, with the same cache as well.
///
/// Writes the rules to `rules`, which are the caller's: free them with
/// `ophio_enhancements_free`. They stay valid after `data` and `cache` are freed. Fails with
/// `OPHIO_STATUS_SYNTAX` and a message about what is malformed, `OPHIO_STATUS_LIMIT`,
/// `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `data` is readable for `data_len` bytes; `cache` is NULL or comes from
/// `ophio_enhancements_cache_new` and is not freed yet; `rules` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_from_config_structure(
    data: *const u8,
    data_len: usize,
    cache: *const OphioEnhancementsCache,
    rules: *mut *mut OphioEnhancements,
) -> OphioStatus {
    // SAFETY: the caller's promise about `rules`.
    let rules = unsafe { handle::out(rules, "rules") };
    guard_into(rules, || {
        // SAFETY: the caller's promise about `data`.
        let data = unsafe { slice::bytes(data, data_len, "data") }?;
        // SAFETY: the caller's promise about `cache`.
        let rules = unsafe {
            with_cache(cache, |cache| {
                Enhancements::from_config_structure(data, cache)
            })
        }?;
        Ok(OphioEnhancements::new(rules))
    })
}

/// Calls `f` with the cache, or with an empty cache of size 0 if it is NULL.
///
/// # Safety
///
/// `cache` is NULL or comes from `ophio_enhancements_cache_new` and is not freed yet.
pub(super) unsafe fn with_cache<R>(
    cache: *const OphioEnhancementsCache,
    f: impl FnOnce(&Cache) -> R,
) -> R {
    // SAFETY: the caller's promise.
    match unsafe { cache.as_ref() } {
        Some(OphioEnhancementsCache(cache)) => f(cache),
        None => f(&Cache::new(0)),
    }
}

/// Frees a rule set and sets the pointer to it to NULL; NULL, or a pointer to NULL, does nothing.
///
/// # Safety
///
/// `rules` is NULL, or may be written and holds NULL or what this library made. Nothing uses the
/// object, and a copy of the pointer is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_free(rules: *mut *mut OphioEnhancements) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(rules) }
}

/// Appends the rules of `other` to `rules`; with `other == rules` the rules are
/// doubled.
///
/// Numbers of rules, categories and hints from earlier results stay valid. Other threads may use
/// both at the same time. Fails with `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// Each of `rules` and `other` is NULL or was made by this library and is not
/// freed yet.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_extend_from(
    rules: *mut OphioEnhancements,
    other: *const OphioEnhancements,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `rules`.
        let rules = unsafe { handle::borrow(rules, "rules") }?;
        // SAFETY: the caller's promise about `other`.
        let other = unsafe { handle::borrow(other, "other") }?.current();
        // If two threads extend at once, the later one extends the result of the earlier one, so no
        // rule is lost.
        let len = rules.current().rules().len();
        Limit::Rules.check(len.saturating_add(other.rules().len()))?;
        rules.0.rcu(|current| current.extended(&other));
        Ok(())
    })
}

/// Returns the number of rules; 0 if `rules` is NULL. Threads may share `rules`.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_len(rules: *const OphioEnhancements) -> usize {
    // SAFETY: the caller's promise about `rules`.
    guard_len(|| unsafe { rules.as_ref() }.map_or(0, |rules| rules.current().rules().len()))
}

/// Writes the rule with this index, from 0, in the form that hints have.
///
/// Writes a string to `text` that is the caller's: free it with `ophio_str_free`.
/// Threads may share `rules`. Fails with `OPHIO_STATUS_OUT_OF_RANGE` if there is
/// no such rule, and with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `text` is
/// NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_rule(
    rules: *const OphioEnhancements,
    index: usize,
    text: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise.
    unsafe {
        write_text(rules, text, "rule", index, |rules| {
            Some(rules.rules().get(index)?.to_string())
        })
    }
}

/// Writes the category with this number in results.
///
/// Writes a string to `text` that is the caller's: free it with `ophio_str_free`.
/// A number stays valid for as long as `rules` exists. Threads may share `rules`.
/// Fails with `OPHIO_STATUS_OUT_OF_RANGE` if there is no such category, and with
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `text` is
/// NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_category(
    rules: *const OphioEnhancements,
    category: u32,
    text: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise.
    unsafe {
        write_text(rules, text, "category", category as usize, |rules| {
            Some(rules.categories().get(category as usize)?.to_string())
        })
    }
}

/// Writes the text of the hint with this number, from 1, in results.
///
/// Writes a string to `text` that is the caller's: free it with `ophio_str_free`.
/// A number stays valid for as long as `rules` exists. Threads may share `rules`.
/// Fails with `OPHIO_STATUS_OUT_OF_RANGE` if there is no such hint, and with
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `text` is
/// NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_hint(
    rules: *const OphioEnhancements,
    hint: u32,
    text: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise.
    unsafe {
        write_text(rules, text, "hint", hint as usize, |rules| {
            hint_from_number(hint)?.text(rules.rules())
        })
    }
}

/// Writes the text that `get` returns, or fails if it returns none.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `text` is
/// NULL or may be written.
pub(super) unsafe fn write_text(
    rules: *const OphioEnhancements,
    text: *mut OphioStr,
    what: &str,
    number: usize,
    get: impl FnOnce(&Enhancements) -> Option<String>,
) -> OphioStatus {
    let write = |rules: &OphioEnhancements| {
        get(&rules.current()).ok_or_else(|| {
            Error::new(
                OphioStatus::OutOfRange,
                format_args!("there is no {what} {number}"),
            )
        })
    };
    // SAFETY: the caller's promise.
    unsafe { string::describe((rules, "rules"), (text, "text"), write) }
}

/// Returns the number of a hint for C: 0 for no hint.
pub(super) fn hint_number(hint: Option<Hint>) -> u32 {
    hint.map_or(0, |hint| {
        let kinds = HintKind::ALL.len() as u32;
        1 + hint.rule.0 * kinds + hint.kind as u32
    })
}

fn hint_from_number(number: u32) -> Option<Hint> {
    let number = number.checked_sub(1)?;
    let kinds = HintKind::ALL.len() as u32;
    Some(Hint {
        kind: HintKind::ALL[(number % kinds) as usize],
        rule: RuleNumber(number / kinds),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_have_numbers_and_back() {
        assert_eq!(hint_number(None), 0);
        assert_eq!(hint_from_number(0), None);
        for (number, kind) in (1..).zip(HintKind::ALL) {
            for rule in [0, 7] {
                let hint = Hint {
                    kind,
                    rule: RuleNumber(rule),
                };
                assert_eq!(hint_number(Some(hint)), number + 5 * rule);
                assert_eq!(hint_from_number(number + 5 * rule), Some(hint));
            }
        }
    }
}
