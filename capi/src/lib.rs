//! The C API of `core`: the only crate with unsafe code.
//!
//! Each module here is for one public module of `core`. It converts C's arguments to Rust's,
//! calls, and converts the result back. The other modules are the tools for that:
//!
//! - [`status`]: what a function returns, and errors;
//! - [`guard`]: what the body of each function runs in; it catches panics;
//! - [`last_error`]: the message of the last failure of each thread;
//! - [`slice`]: borrowed bytes, in and out; [`string`]: owned ones, out;
//! - [`handle`]: opaque objects behind a pointer, and out parameters;
//! - [`panic_hook`]: panics print nothing;
//! - [`version`]: the version of the library and of its C API.
//!
//! # What an export looks like
//!
//! ```text
//! /// Counts the rules of `rules`.
//! ///
//! /// Writes the number of rules to `count`. Threads may share `rules`. Fails with
//! /// `OPHIO_STATUS_NULL_POINTER`.
//! ///
//! /// # Safety
//! ///
//! /// `rules` is NULL or comes from `ophio_rules_new` and is not freed yet; `count` is NULL or
//! /// may be written.
//! #[no_mangle]
//! pub unsafe extern "C" fn ophio_rules_count(
//!     rules: *const OphioRules,
//!     count: *mut usize,
//! ) -> OphioStatus {
//!     // SAFETY: the caller's promise about `count`.
//!     let count = unsafe { handle::out(count, "count") };
//!     guard_into(count, || {
//!         // SAFETY: the caller's promise about `rules`.
//!         let rules = unsafe { handle::borrow(rules, "rules") }?;
//!         Ok(rules.len())
//!     })
//! }
//! ```
//!
//! The rules it follows, which the header explains to C programmers as well:
//!
//! 1. The name is `ophio_<module>_<verb>`, types begin with `Ophio<Module>`.
//! 2. The whole body is inside [`guard::guard`] or a function like it, so that no
//!    panic leaves it: a panic that crosses into C would abort the process.
//! 3. Every pointer is checked for NULL, all of them before any work is done.
//!    Results are written at the very end, so a failed call has changed nothing.
//! 4. The status says whether it worked. Code and message of the error are kept
//!    for the thread and are read after a failure only: a call that works
//!    is one call.
//! 5. The documentation states arguments and their units, who owns what, whether
//!    threads may share it, and how it fails. It becomes the header's comment.
//!
//! Only functions with `#[no_mangle]` are exported. The modules' other items are
//! public for each other, not for C.

#![deny(unsafe_op_in_unsafe_fn)]

pub mod codeowners;
pub mod enhancements;
pub mod fingerprints;
pub mod functions;
pub mod glob;
mod guard;
pub mod handle;
pub mod last_error;
pub mod limits;
mod panic_hook;
pub mod parameterization;
pub mod proguard;
pub mod slice;
pub mod status;
pub mod string;
pub mod version;
