//! The C API of `core`: the only crate with unsafe code.
//!
//! Each module here is for one public module of `core`. It converts the arguments from C to Rust,
//! calls `core`, and converts the result back. The other modules have the tools for that:
//!
//! - [`status`]: the status that a function returns, and errors;
//! - [`guard`]: runs the body of each function and catches panics;
//! - [`last_error`]: the message of the last failure of each thread;
//! - [`slice`]: borrowed bytes, in and out; [`string`]: owned bytes, out;
//! - [`handle`]: opaque objects behind a pointer, and out parameters;
//! - [`panic_hook`]: keeps panics from printing;
//! - [`version`]: the version of the library and of its C API.
//!
//! # An example of an exported function
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
//! It follows these rules, which the header explains to C programmers as well:
//!
//! 1. The name is `ophio_<module>_<verb>`, types begin with `Ophio<Module>`.
//! 2. The whole body is inside [`guard::guard`] or a function like it, so that no panic leaves it:
//!    a panic that reaches C aborts the process.
//! 3. All pointers are checked for NULL before any work is done. Results are written as the last
//!    step, so a failed call changes nothing.
//! 4. The status says whether the call succeeded. The status and the message of an error are stored
//!    for the thread, and a caller reads them only after a failure.
//! 5. The documentation states arguments and their units, who owns what, whether
//!    threads may share it, and how it fails. It becomes the header's comment.
//!
//! Only functions with `#[no_mangle]` are exported. Other public items are for use between the
//! modules.

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
