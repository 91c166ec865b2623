//! What actions set: a number for each target, and a bit in a set of them.

use crate::enhancements::action::{Action, FlagKind, Range, VarAction};

/// The targets of actions: a bit for each.
pub(super) type Targets = u16;

pub(super) const TARGETS: usize = 10;
/// The flag `app`, on the frame, after it and before it.
pub(super) const APP: Targets = 0b111;
pub(super) const CATEGORY: Targets = 1 << 6;

/// Returns the target of an action, as the number of a bit.
pub(super) fn target(action: &Action) -> usize {
    match action {
        Action::Flag(flag) => {
            let range = match flag.range {
                Range::This => 0,
                Range::Up => 1,
                Range::Down => 2,
            };
            match flag.kind {
                FlagKind::App => range,
                FlagKind::Group => 3 + range,
            }
        }
        Action::Var(VarAction::Category(_)) => 6,
        Action::Var(VarAction::MaxFrames(_)) => 7,
        Action::Var(VarAction::MinFrames(_)) => 8,
        Action::Var(VarAction::InvertStacktrace(_)) => 9,
    }
}
