//! The hosts whose CODEOWNERS files are read. They differ in patterns, in owners and in sections.

/// The host whose rules for CODEOWNERS files apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// One list of rules. The last rule that matches wins.
    GitHub,
    /// Rules in sections. In each section the last rule that matches wins.
    GitLab,
}
