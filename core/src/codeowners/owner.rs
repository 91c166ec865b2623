//! What an owner is: the words after a pattern that name people.
//!
//! ```text
//!                      GitHub                   GitLab
//! @name                a user                   a user, or a group without a parent
//! @organization/team   a team                   a group in a group
//! @a/b/c               not an owner             a group in a group in a group
//! @@maintainer         not an owner             everybody with this role
//! me@example.org       a user, by e-mail        the same
//! ```
//!
//! The form of a word decides, because the names of the host's users are not known here.

use super::dialect::Dialect;

/// The kind of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OwnerKind {
    /// `@name`: a user. For GitLab perhaps a group without a parent: both look the same.
    User,
    /// `@organization/team`, or for GitLab a group in other groups.
    Team,
    /// `@@maintainer`: all members of a GitLab project who have this role.
    Role,
    /// An e-mail address.
    Email,
}

/// An owner of files.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The owner as it is written: `@organization/team`.
    pub text: String,
    /// The kind.
    pub kind: OwnerKind,
}

impl Owner {
    /// Reads a word. Returns `None` if it is not an owner for this host.
    pub fn read(text: &str, dialect: Dialect) -> Option<Self> {
        let text = text.to_owned();
        kind(&text, dialect).map(|kind| Self { text, kind })
    }

    /// Returns the owner without the `@` before it.
    pub fn name(&self) -> &str {
        self.text.trim_start_matches('@')
    }
}

fn kind(text: &str, dialect: Dialect) -> Option<OwnerKind> {
    let Some(name) = text.strip_prefix('@') else {
        let (local, host) = text.split_once('@')?;
        let is_host = is_name(host) && !host.starts_with('.') && !host.ends_with('.');
        return (!local.is_empty() && is_host).then_some(OwnerKind::Email);
    };
    if let Some(role) = name.strip_prefix('@') {
        return (dialect == Dialect::GitLab && is_role(role)).then_some(OwnerKind::Role);
    }
    let parts = name.split('/').count();
    let is_short = dialect == Dialect::GitLab || parts <= 2;
    let kind = if parts == 1 {
        OwnerKind::User
    } else {
        OwnerKind::Team
    };
    (is_short && name.split('/').all(is_name)).then_some(kind)
}

fn is_name(text: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.chars().all(inside)
}

fn is_role(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let one = text.strip_suffix('s').unwrap_or(&text);
    matches!(one, "developer" | "maintainer" | "owner")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_word_decides() {
        use OwnerKind::{Email, Role, Team, User};
        for (text, github, gitlab) in [
            ("@user", Some(User), Some(User)),
            ("@some-user_1.x", Some(User), Some(User)),
            ("@org/team", Some(Team), Some(Team)),
            ("@a/b/c", None, Some(Team)),
            ("@a/b/c/d-e", None, Some(Team)),
            ("@@maintainer", None, Some(Role)),
            ("@@Developers", None, Some(Role)),
            ("@@owner", None, Some(Role)),
            ("@@guest", None, None),
            ("@@", None, None),
            ("me@example.org", Some(Email), Some(Email)),
            ("me+x%y@example.org", Some(Email), Some(Email)),
            ("me@", None, None),
            ("@", None, None),
            ("@/team", None, None),
            ("@org/", None, None),
            ("@a//b", None, None),
            ("me@.org", None, None),
            ("me@example.", None, None),
            ("user", None, None),
            ("", None, None),
            ("@a,", None, None),
        ] {
            let kind = |dialect| Owner::read(text, dialect).map(|owner| owner.kind);
            assert_eq!(kind(Dialect::GitHub), github, "{text}");
            assert_eq!(kind(Dialect::GitLab), gitlab, "{text}");
        }
        let name = |text| {
            Owner::read(text, Dialect::GitLab)
                .unwrap()
                .name()
                .to_owned()
        };
        assert_eq!(name("@a/b/c"), "a/b/c");
        assert_eq!(name("@@owners"), "owners");
        assert_eq!(name("me@example.org"), "me@example.org");
    }
}
