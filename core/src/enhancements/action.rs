//! Actions: what a rule does with the frames it matches.
//!
//! ```text
//! flag       [^|v](+|-)(app|group)     ^-group: frames after the match do not count
//! variable   name=value                max-frames=3, category=system
//! ```

use std::fmt;

use smol_str::SmolStr;

/// Which frames a flag action sets, seen from a frame that matched.
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
    /// The indexes that the range covers, of `len` frames, seen from `index`.
    pub fn indexes(self, index: usize, len: usize) -> std::ops::Range<usize> {
        match self {
            Self::This => index..(index + 1).min(len),
            Self::Up => (index + 1).min(len)..len,
            Self::Down => 0..index.min(len),
        }
    }
}

/// Which property a flag action sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlagKind {
    /// `app`: whether the frame is the user's code.
    App,
    /// `group`: whether the frame counts for grouping.
    Group,
}

/// `^-group` and its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlagAction {
    /// The value: `+` is true.
    pub flag: bool,
    /// What is set.
    pub kind: FlagKind,
    /// On which frames.
    pub range: Range,
}

/// `name=value`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum VarAction {
    /// At least so many frames must count for grouping; 0 is off.
    MinFrames(u64),
    /// At most so many frames count for grouping; 0 is off.
    MaxFrames(u64),
    /// Whether the stack trace is looked at in reverse order.
    InvertStacktrace(bool),
    /// The category of the frame.
    Category(SmolStr),
}

/// What a rule does with a frame it matches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Sets a flag on a range of frames.
    Flag(FlagAction),
    /// Sets a variable of the frame or of the stack trace.
    Var(VarAction),
}

impl Action {
    /// Whether the action changes frames: their `in_app` or their category.
    pub fn modifies_frames(&self) -> bool {
        match self {
            Self::Flag(flag) => flag.kind == FlagKind::App,
            Self::Var(var) => matches!(var, VarAction::Category(_)),
        }
    }

    /// Whether the action has a say in grouping: all but `category=`.
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
