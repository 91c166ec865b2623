//! Limits: what an untrusted list of patterns, or a text, can take.

/// How much a [`Parameterizer`](super::Parameterizer) may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Patterns in a list.
    pub patterns: usize,
    /// Bytes of one regex.
    pub regex_bytes: usize,
    /// Operations of all patterns of a list after compilation.
    pub operations: usize,
    /// Bytes of states that a thread keeps for a list, before it forgets them. At most 1 GiB.
    pub state_bytes: usize,
    /// Bytes of a text. `None` is without a limit.
    pub text_bytes: Option<usize>,
    /// Steps in one text of patterns that are not linear, plus `steps_per_byte` for each byte.
    pub steps: u64,
    /// See `steps`.
    pub steps_per_byte: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            patterns: 1_000,
            regex_bytes: 16 << 10,
            operations: 50_000,
            state_bytes: 32 << 20,
            text_bytes: None,
            steps: 1_000_000,
            steps_per_byte: 50,
        }
    }
}
