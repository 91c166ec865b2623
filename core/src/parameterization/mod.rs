//! Parameterized messages: ids, dates and numbers are replaced by what they are.
//!
//! ```text
//! got 3f2b0b9e-... from 10.0.0.7 in 15ms
//! got <uuid> from <ip> in <duration>
//! ```
//!
//! Messages that differ in such values only are one issue. What is replaced is a list of
//! patterns, each a name and a regex of Python's `re` in verbose form. The meaning is that of
//! Python's `re.sub` over the patterns joined by `|`: the leftmost match counts, and of the
//! patterns that match there, the first in the list.
//!
//! No input makes this slow. The time grows in proportion to the text, whatever the text and the
//! patterns are: an `automaton` reads the text from its end, and knows for each position whether
//! a pattern matches there, before the `search` looks for matches from its start. Look-around is
//! part of that. Only a pattern with an atomic group, or with an assertion in a look-behind,
//! needs a matcher that backtracks, and it counts its steps ([`Parameterizer::is_linear`]).
//!
//! ```
//! use ophio::parameterization::{default_patterns, Limits, Parameterizer, Pattern};
//!
//! let defaults = Parameterizer::new(&default_patterns(), None, Limits::default())?;
//! assert_eq!(defaults.parameterize("took 15ms, got 0x1f")?, "took <duration>, got <hex>");
//!
//! let patterns = [Pattern::new("ticket", r"\b[A-Z]{2,5} - \d+")];
//! let tickets = Parameterizer::new(&patterns, None, Limits::default())?;
//! assert_eq!(tickets.parameterize("fixes ABC-12")?, "fixes <ticket>");
//!
//! let fault = Parameterizer::new(&[Pattern::new("x", "a(b")], None, Limits::default());
//! let fault = fault.unwrap_err();
//! assert_eq!((fault.pattern(), fault.position()), (0, Some(1)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alphabet;
mod automaton;
mod backtrack;
mod behind;
mod charset;
mod compile;
mod defaults;
mod examples;
mod limits;
mod matches;
mod packed;
mod parameterizer;
mod pattern;
mod program;
mod required;
mod search;
mod syntax;
#[cfg(test)]
mod tests;
mod unicode;
mod ways;

/// The maps of this module: with the hasher that the rest of core has.
type HashMap<K, V> = hashbrown::HashMap<K, V, foldhash::fast::RandomState>;

pub use self::defaults::{default_patterns, DEFAULT_PATTERNS};
pub use self::examples::{Examples, EXAMPLES};
pub use self::limits::Limits;
pub use self::matches::{to_characters, Counts, Match};
pub use self::packed::{PackedPatternsError, PackedTextsError};
pub use self::parameterizer::{ParameterizeError, Parameterizer};
pub use self::pattern::{Pattern, PatternError};
pub use crate::msgpack_array::PackedValuesError;
