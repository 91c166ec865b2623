//! Stack trace rules: which frames are in-app, which category they have, and
//! which of them count for grouping.
//!
//! A rule has matchers on a frame, its caller, its callee and the exception, and actions on the
//! frames that match:
//!
//! ```text
//! family:native function:std::*                 -app
//! [ function:handler ] | path:**/middleware/**  category=middleware -group
//! error.type:OutOfMemory function:malloc        ^-group max-frames=3
//! ```
//!
//! Data flows through the modules in this order:
//!
//! ```text
//! text   -> parser           \                       / interpreter (the definition)
//!                              rule (matcher, action)
//! binary -> config_structure /                       \ results: in_app, category, hints
//! ```
//!
//! [`interpreter`] defines what rules mean, in the simplest code that follows the specification.
//! Tests compare faster code with it.
//!
//! # Example
//!
//! ```
//! use ophio::enhancements::{Cache, Enhancements, ExceptionData, Frame};
//!
//! let cache = Cache::new(1_000);
//! let rules = Enhancements::parse("family:native function:std::* -app", &cache)?;
//! let mut frames = [Frame {
//!     family: Some("native"),
//!     function: Some("std::panicking::begin_panic"),
//!     in_app: Some(true),
//!     ..Frame::default()
//! }];
//! rules.apply_modifications_to_frames(&mut frames, &ExceptionData::default());
//! assert_eq!(frames[0].in_app, Some(false));
//! # Ok::<(), ophio::enhancements::EnhancementsError>(())
//! ```

mod action;
mod binary;
mod cache;
mod codes;
mod describe;
mod engine;
mod error;
pub mod explain;
mod family;
pub mod fields;
mod frame;
pub mod grouping;
pub mod interpreter;
pub mod kept;
mod matcher;
mod pattern;
pub mod preview;
mod result;
mod rule;
mod rule_set;
mod segment;
mod select;
pub mod stacktrace;
#[cfg(test)]
mod testing;
pub mod text;

pub use action::{Action, FlagAction, FlagKind, Range, VarAction};
pub use binary::config_structure::OtherFamily;
pub use binary::stored::{StoredError, StoredRules};
pub use cache::Cache;
pub use error::{Cause, ConfigStructureError, EnhancementsError, Stage, SyntaxError};
pub use family::Families;
pub use fields::{ExceptionField, FrameField, Subject, TextField};
pub use frame::{ExceptionData, Frame};
pub use matcher::{ExceptionMatcher, FrameMatcher, FrameTest, Offset};
pub use pattern::{Dialect, Pattern};
pub use result::{AppliedFrame, AssembleResult, Component, Hint, HintKind, TooFewFrames};
pub use rule::{Rule, RuleNumber};
pub use rule_set::Enhancements;
pub use select::Part;
pub use text::format::format_rules;
pub use text::source::NoTextForm;
