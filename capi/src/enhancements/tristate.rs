//! Values that may be missing, false or true, as numbers for C.

use crate::status::{Error, OphioStatus};

/// A value that may be missing, false or true. In structs it is a `uint8_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OphioTristate {
    /// There is no value.
    Missing = 0,
    /// False.
    False = 1,
    /// True.
    True = 2,
}

/// Returns the number of a value.
pub(super) fn tristate(value: Option<bool>) -> u8 {
    (match value {
        None => OphioTristate::Missing,
        Some(false) => OphioTristate::False,
        Some(true) => OphioTristate::True,
    }) as u8
}

/// Returns the value of a number, the argument called `name`.
pub(super) fn read_tristate(byte: u8, name: &str) -> Result<Option<bool>, Error> {
    match byte {
        0 => Ok(None),
        1 => Ok(Some(false)),
        2 => Ok(Some(true)),
        _ => Err(Error::new(
            OphioStatus::InvalidArgument,
            format_args!("`{name}` is {byte}, expected an OphioTristate"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_number_and_other_numbers_are_refused() {
        for value in [None, Some(false), Some(true)] {
            assert_eq!(read_tristate(tristate(value), "in_app"), Ok(value));
        }
        assert!(read_tristate(3, "in_app").is_err());
    }
}
