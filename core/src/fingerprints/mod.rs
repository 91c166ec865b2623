//! Fingerprint rules: which events become one issue.

pub mod check;
mod codes;
mod error;
mod key;
mod literal;
mod parser;
mod rule;
mod rule_set;
mod stored;
mod variables;

pub use error::FingerprintsError;
pub use key::{Comparison, Field, Key, Place, StoredName};
pub use literal::LiteralError;
pub use rule::{Matcher, Neighbor, Rule};
pub use rule_set::FingerprintRules;
pub use stored::StoredError;
