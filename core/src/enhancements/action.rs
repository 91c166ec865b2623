//! Actions: what a rule does to the frames that it matches.
//!
//! ```text
//! flag       [^|v](+|-)(app|group)     ^-group: frames after the match do not count
//! variable   name=value                max-frames=3, category=system
//! ```

use std::fmt;

use smol_str::SmolStr;

/// The frames that a flag action changes, relative to a frame that matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Range {
    /// The frame itself (no sign).
    This,
    /// Every frame with a higher index (`^`).
    Up,
    /// Every frame with a lower index (`v`).
    Down,
}

impl Range {
    /// Returns the indexes of the frames in the range, out of `len` frames, relative to `index`.
    pub fn indexes(self, index: usize, len: usize) -> std::ops::Range<usize> {
        match self {
            Self::This => index..(index + 1).min(len),
            Self::Up => (index + 1).min(len)..len,
            Self::Down => 0..index.min(len),
        }
    }
}

/// The property that a flag action sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlagKind {
    /// `app`: whether the frame is the user's code.
    App,
    /// `group`: whether the frame counts for grouping.
    Group,
}

/// An action such as `^-group`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlagAction {
    /// The value: `+` is true.
    pub flag: bool,
    /// The property.
    pub kind: FlagKind,
    /// The frames that change.
    pub range: Range,
}

/// `name=value`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum VarAction {
    /// The minimum number of frames that must count for grouping; 0 turns the limit off.
    MinFrames(u64),
    /// The maximum number of frames that count for grouping; 0 turns the limit off.
    MaxFrames(u64),
    /// Whether grouping uses the frames in reverse order.
    InvertStacktrace(bool),
    /// The category of the frame.
    Category(SmolStr),
}

/// An action of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Sets a flag on a range of frames.
    Flag(FlagAction),
    /// Sets a variable of the frame or of the stack trace.
    Var(VarAction),
}

impl Action {
    /// Returns whether the action changes frames: their `in_app` or their category.
    pub fn modifies_frames(&self) -> bool {
        match self {
            Self::Flag(flag) => flag.kind == FlagKind::App,
            Self::Var(var) => matches!(var, VarAction::Category(_)),
        }
    }

    /// Returns whether the action affects grouping: all actions except `category=` do.
    pub fn affects_grouping(&self) -> bool {
        !matches!(self, Self::Var(VarAction::Category(_)))
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::This => "",
            Self::Up => "^",
            Self::Down => "v",
        })
    }
}

impl fmt::Display for FlagKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::App => "app",
            Self::Group => "group",
        })
    }
}

impl fmt::Display for FlagAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.flag { '+' } else { '-' };
        write!(f, "{}{sign}{}", self.range, self.kind)
    }
}

impl fmt::Display for VarAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MinFrames(n) => write!(f, "min-frames={n}"),
            Self::MaxFrames(n) => write!(f, "max-frames={n}"),
            Self::InvertStacktrace(invert) => write!(f, "invert-stacktrace={invert}"),
            Self::Category(category) => write!(f, "category={category}"),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => flag.fmt(f),
            Self::Var(var) => var.fmt(f),
        }
    }
}
