//! Limits on untrusted input, which the host can set.
//!
//! Rules, globs and events are untrusted input. Reading them takes time and memory in proportion to
//! their size, so each size has a limit:
//!
//! ```text
//! limit           what it limits                                                default
//! rule_bytes      rules in one text or binary form, after decompression            8 MiB
//! rules           rules in one set, also one that was extended; lines of owners  100,000
//! pattern_bytes   a glob, a pattern in the binary form, a line of rule text       64 KiB
//! patterns        globs in a set                                                 250,000
//! frames          frames in a stack trace                                        100,000
//! mapping_bytes   a mapping file of ProGuard                                       2 GiB
//! glob_steps      steps to match one glob with one value                     100,000,000
//! ```
//!
//! With these, no input makes the library ask for 64 MiB at once, except a mapping file: Rust
//! ends the process if that fails. docs/reliability.md has the figures.
//!
//! Of what a check finds, warnings beyond so many as there may be rules are left out.
//!
//! The limits belong to the process. Set them before threads start. A limit is checked when
//! an object is made, before memory is allocated for it; objects that exist keep working.
//! `glob_steps` is checked when a value is matched, and only by globs with many choices in
//! braces: other globs take time in proportion to the value. A match beyond it
//! [unwinds](LimitExceeded::unwind).
//! A CODEOWNERS file has a limit of bytes of its own, an argument of
//! [`Codeowners::parse`](crate::codeowners::Codeowners::parse).

use std::sync::atomic::{AtomicUsize, Ordering};

use thiserror::Error;

/// A limit.
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
    /// Steps to match one glob with one value: states of the glob times bytes of the value.
    GlobSteps,
}

static LIMITS: [AtomicUsize; 7] = [
    AtomicUsize::new(8 << 20),
    AtomicUsize::new(100_000),
    AtomicUsize::new(64 << 10),
    AtomicUsize::new(250_000),
    AtomicUsize::new(100_000),
    // Smaller if pointers have 32 bits, because a file cannot be larger there.
    AtomicUsize::new(if usize::BITS > 32 {
        2 << 30
    } else {
        usize::MAX >> 1
    }),
    // 4 ns each: 0.4 s.
    AtomicUsize::new(100_000_000),
];

/// An input that exceeds a limit.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{found} {} are too many: the limit `{}` is {allowed}", limit.unit(), limit.name())]
pub struct LimitExceeded {
    /// The limit.
    pub limit: Limit,
    /// The size of the input, or the count when it exceeded the limit.
    pub found: usize,
    /// The value of the limit.
    pub allowed: usize,
}

impl Limit {
    /// All limits, in the order of their numbers.
    pub const ALL: [Limit; 7] = [
        Limit::RuleBytes,
        Limit::Rules,
        Limit::PatternBytes,
        Limit::Patterns,
        Limit::Frames,
        Limit::MappingBytes,
        Limit::GlobSteps,
    ];

    /// Returns the name, such as `rule_bytes`.
    pub fn name(self) -> &'static str {
        match self {
            Limit::RuleBytes => "rule_bytes",
            Limit::Rules => "rules",
            Limit::PatternBytes => "pattern_bytes",
            Limit::Patterns => "patterns",
            Limit::Frames => "frames",
            Limit::MappingBytes => "mapping_bytes",
            Limit::GlobSteps => "glob_steps",
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
            Limit::GlobSteps => "steps to match a glob",
        }
    }

    /// Returns the value of the limit.
    pub fn get(self) -> usize {
        LIMITS[self as usize].load(Ordering::Relaxed)
    }

    /// Sets the value of the limit for the whole process.
    pub fn set(self, allowed: usize) {
        LIMITS[self as usize].store(allowed, Ordering::Relaxed);
    }

    /// Checks that `found` is within the limit.
    ///
    /// # Errors
    ///
    /// Fails if `found` exceeds the limit.
    pub fn check(self, found: usize) -> Result<(), LimitExceeded> {
        let allowed = self.get();
        if found <= allowed {
            return Ok(());
        }
        Err(LimitExceeded {
            limit: self,
            found,
            allowed,
        })
    }
}

impl Limit {
    /// Makes the error for an input that was counted only until it exceeded the limit.
    pub(crate) fn beyond(self) -> LimitExceeded {
        let allowed = self.get();
        LimitExceeded {
            limit: self,
            found: allowed.saturating_add(1),
            allowed,
        }
    }
}

impl LimitExceeded {
    /// Unwinds the stack with this error as payload, as a panic does, but without a message of
    /// the panic hook.
    ///
    /// A match is a yes or no to all that ask for one: rules, sets of globs, fingerprints. None of
    /// them could use an error but to pass it on, and it occurs only for globs that were made to
    /// be slow. A caller catches it with [`std::panic::catch_unwind`]; the C API returns a status.
    pub(crate) fn unwind(self) -> ! {
        std::panic::resume_unwind(Box::new(self))
    }
}

/// Checks the size of a rule text: its bytes, its rules, and the bytes of each line.
///
/// # Errors
///
/// Fails if one of them exceeds its limit.
pub fn check_rule_text(text: &str) -> Result<(), LimitExceeded> {
    Limit::RuleBytes.check(text.len())?;
    // Most texts are shorter than the limit of a line.
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
    fn a_limit_includes_its_value() {
        // Tests share the process, and no other test comes close to this limit.
        let limit = Limit::MappingBytes;
        let before = limit.get();
        assert_eq!(limit.check(before), Ok(()));
        let error = limit.check(before + 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2147483649 bytes of a mapping are too many: the limit `mapping_bytes` is 2147483648"
        );
    }

    #[test]
    fn the_table_is_in_the_order_of_the_numbers() {
        for (number, limit) in Limit::ALL.into_iter().enumerate() {
            assert_eq!(limit as usize, number);
        }
    }

    #[test]
    fn long_lines_of_rules_exceed_a_limit() {
        let long = format!("app:no -app\nfunction:{} -app", "*a".repeat(40_000));
        let error = check_rule_text(&long).unwrap_err();
        assert_eq!((error.limit, error.found), (Limit::PatternBytes, 80_014));
        assert_eq!(check_rule_text(&"app:no -app\n".repeat(10_000)), Ok(()));
    }
}
