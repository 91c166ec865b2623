//! How much is taken from strangers: limits, which the host may set.
//!
//! Rules, globs and events come from people whom the host does not know. Everything here
//! takes time and memory in proportion to what it is given, so what is given has a limit:
//!
//! ```text
//! limit           of what                                                       unless set
//! rule_bytes      rules in one text or binary form, after decompression           64 MiB
//! rules           rules in one set, also one that was extended                 1,000,000
//! pattern_bytes   a glob, a pattern in the binary form, a line of rule text       64 KiB
//! patterns        globs in a set                                               1,000,000
//! frames          frames in a stack trace                                        100,000
//! mapping_bytes   a mapping file of ProGuard                                       2 GiB
//! ```
//!
//! They are counters of this process, to be set before threads begin; each is read when
//! something is made, so what exists stays. Beyond one, nothing is allocated or begun.
//! A CODEOWNERS file has a limit of its own, an argument of its function.

use std::sync::atomic::{AtomicUsize, Ordering};

use thiserror::Error;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Bytes of rules, in text or binary form, after decompression.
    RuleBytes,
    /// Rules in a set.
    Rules,
    /// Bytes of a glob, of a pattern in the binary form, or of a line of rule text.
    PatternBytes,
    /// Globs in a set.
    Patterns,
    /// Frames in a stack trace.
    Frames,
    /// Bytes of a mapping file.
    MappingBytes,
}

static LIMITS: [AtomicUsize; 6] = [
    AtomicUsize::new(64 << 20),
    AtomicUsize::new(1_000_000),
    AtomicUsize::new(64 << 10),
    AtomicUsize::new(1_000_000),
    AtomicUsize::new(100_000),
    // Less where a pointer has 32 bits: no file is larger there.
    AtomicUsize::new(if usize::BITS > 32 {
        2 << 30
    } else {
        usize::MAX >> 1
    }),
];

/// More than a limit allows.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{found} {}, and the limit `{}` is {most}", limit.unit(), limit.name())]
pub struct LimitExceeded {
    /// Which limit.
    pub limit: Limit,
    /// How much there is, or as much as was counted.
    pub found: usize,
    /// How much is taken.
    pub most: usize,
}

impl Limit {
    /// All of them, in the order of their numbers.
    pub const ALL: [Limit; 6] = [
        Limit::RuleBytes,
        Limit::Rules,
        Limit::PatternBytes,
        Limit::Patterns,
        Limit::Frames,
        Limit::MappingBytes,
    ];

    /// Its name, such as `rule_bytes`.
    pub fn name(self) -> &'static str {
        match self {
            Limit::RuleBytes => "rule_bytes",
            Limit::Rules => "rules",
            Limit::PatternBytes => "pattern_bytes",
            Limit::Patterns => "patterns",
            Limit::Frames => "frames",
            Limit::MappingBytes => "mapping_bytes",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Limit::RuleBytes => "bytes of rules",
            Limit::Rules => "rules",
            Limit::PatternBytes => "bytes in one pattern or line",
            Limit::Patterns => "patterns",
            Limit::Frames => "frames",
            Limit::MappingBytes => "bytes of a mapping",
        }
    }

    /// How much is taken now.
    pub fn get(self) -> usize {
        LIMITS[self as usize].load(Ordering::Relaxed)
    }

    /// Sets how much is taken from now on, in the whole process.
    pub fn set(self, most: usize) {
        LIMITS[self as usize].store(most, Ordering::Relaxed);
    }

    /// Tells whether so much is taken.
    ///
    /// # Errors
    ///
    /// If it is more.
    pub fn check(self, found: usize) -> Result<(), LimitExceeded> {
        let most = self.get();
        if found <= most {
            return Ok(());
        }
        Err(LimitExceeded {
            limit: self,
            found,
            most,
        })
    }
}

impl Limit {
    /// The error for what was not counted further than to see that it is too much.
    pub(crate) fn beyond(self) -> LimitExceeded {
        let most = self.get();
        LimitExceeded {
            limit: self,
            found: most.saturating_add(1),
            most,
        }
    }
}

/// Tells whether a rule text is taken: its bytes, its lines, and the longest of them.
///
/// # Errors
///
/// If one of them is beyond its limit.
pub fn check_rule_text(text: &str) -> Result<(), LimitExceeded> {
    Limit::RuleBytes.check(text.len())?;
    // Nearly all texts are too short for what follows.
    if text.len() > Limit::PatternBytes.get() || text.len() > Limit::Rules.get() {
        let mut lines = 0;
        for line in text.lines().map(str::trim) {
            Limit::PatternBytes.check(line.len())?;
            lines += usize::from(!line.is_empty() && !line.starts_with('#'));
        }
        Limit::Rules.check(lines)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_the_most_that_is_taken() {
        // One that no other test is near to: tests share the process.
        let limit = Limit::MappingBytes;
        let before = limit.get();
        assert_eq!(limit.check(before), Ok(()));
        let refused = limit.check(before + 1).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "2147483649 bytes of a mapping, and the limit `mapping_bytes` is 2147483648"
        );
    }

    #[test]
    fn the_table_is_in_the_order_of_the_numbers() {
        for (number, limit) in Limit::ALL.into_iter().enumerate() {
            assert_eq!(limit as usize, number);
        }
    }

    #[test]
    fn long_lines_of_rules_are_refused_unparsed() {
        let long = format!("app:no -app\nfunction:{} -app", "*a".repeat(40_000));
        let refused = check_rule_text(&long).unwrap_err();
        assert_eq!(
            (refused.limit, refused.found),
            (Limit::PatternBytes, 80_014)
        );
        assert_eq!(check_rule_text(&"app:no -app\n".repeat(10_000)), Ok(()));
    }
}
