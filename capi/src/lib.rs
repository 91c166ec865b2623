//! The C face of `core`: the only crate with unsafe code.
//!
//! One module here stands for one public module of `core`, and does no more than
//! turn C's arguments into Rust's, call, and turn the result back. Four small
//! modules are the tools for that:
//!
//! - [`status`]: what a function returns, and the last error of a thread;
//! - [`slice`]: borrowed bytes going in and out, and owned strings;
//! - [`handle`]: opaque objects behind a pointer, and out-parameters;
//! - [`version`]: what this library is.
//!
//! # What an export looks like
//!
//! ```text
//! /// Counts the rules of `rules`.
//! ///
//! /// `rules` is only read; threads may share it. Writes the number of rules to
//! /// `count`. Fails with `NullPointer` only.
//! ///
//! /// # Safety
//! ///
//! /// `rules` is NULL or comes from `ophio_rules_new` and is not freed yet;
//! /// `count` is NULL or may be written.
//! #[no_mangle]
//! pub unsafe extern "C" fn ophio_rules_len(
//!     rules: *const OphioRules,
//!     count: *mut usize,
//! ) -> OphioStatus {
//!     guard(|| {
//!         // SAFETY: the caller's promise about `rules`.
//!         let rules = unsafe { handle::borrow(rules, "rules") }?;
//!         // SAFETY: the caller's promise about `count`.
//!         let count = unsafe { handle::out(count, "count") }?;
//!         count.write(rules.len());
//!         Ok(())
//!     })
//! }
//! ```
//!
//! The rules it follows, which the header tells C programmers as well:
//!
//! 1. The name is `ophio_<type>_<verb>`, types begin with `Ophio`.
//! 2. The whole body is inside [`status::guard`] or one of its kin, so that no
//!    panic leaves it: a panic that crosses into C would abort the process.
//! 3. Every pointer is checked for NULL, all of them before any work is done.
//!    Results are written at the very end, so a failed call has changed nothing.
//! 4. The status says whether it worked. Code and message of the error are kept
//!    for the thread and are asked for after a failure only: a call that works
//!    is one call.
//! 5. The documentation tells arguments and their units, who owns what, whether
//!    threads may share it, and how it fails. It becomes the header's comment.
//!
//! Only functions with `#[no_mangle]` are exported. The modules' other items are
//! public for each other, not for C.

#![deny(unsafe_op_in_unsafe_fn)]

pub mod codeowners;
pub mod enhancements;
pub mod functions;
pub mod glob;
pub mod handle;
pub mod limits;
pub mod proguard;
mod quiet;
pub mod slice;
pub mod status;
pub mod version;
