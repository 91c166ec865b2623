//! Fingerprint rules: which events become one issue.

pub mod check;
mod codes;
mod error;
mod event;
pub mod explain;
mod index;
mod json;
mod key;
mod lints;
mod literal;
mod matching;
mod parser;
mod print;
mod rule;
mod rule_set;
mod sdk;
mod stored;
#[cfg(test)]
mod testing;
mod variables;
mod view;

pub use error::FingerprintsError;
pub use event::{Event, EventError};
pub use key::{Comparison, Field, Key, Place, StoredName};
pub use literal::LiteralError;
pub use matching::first_match;
pub use print::NoTextForm;
pub use rule::{Matcher, Neighbor, Rule};
pub use rule_set::{FingerprintMatch, FingerprintRules};
pub use stored::StoredError;
pub use variables::{fingerprint_type, FingerprintType, UnknownVariable, Variables};
