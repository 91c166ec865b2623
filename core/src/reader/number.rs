//! Numbers as Python prints them.
//!
//! Sentry is written in Python: where rules read a text and an event has a number, Sentry matches
//! `str` of the number. JSON `1e-5` is `1e-05` there, and `1.50` is `1.5`. All readers of events
//! print numbers here, so that a number is the same text in JSON and in MessagePack.

use std::borrow::Cow;

/// Returns what Python's `str` returns for a float: the shortest digits that have this value.
pub(crate) fn python_float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return number.to_string();
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let plain = number.to_string();
    if plain.contains('.') {
        plain
    } else {
        plain + ".0"
    }
}

/// Returns what Python's `str` returns for a number of JSON. Returns `None` if a float is too
/// large to be finite.
///
/// A number without a fraction and an exponent is an integer, which has any number of digits.
pub(super) fn python_number(json: &str) -> Option<Cow<'_, str>> {
    if !is_float(json) {
        return Some(Cow::Borrowed(if json == "-0" { "0" } else { json }));
    }
    let number: f64 = json.parse().ok()?;
    number.is_finite().then(|| python_float(number).into())
}

/// Reads a number as a boolean, if it equals 0 or 1.
pub(super) fn flag(number: f64) -> Option<bool> {
    match number {
        0.0 => Some(false),
        1.0 => Some(true),
        _ => None,
    }
}

/// Whether a number of JSON has a fraction or an exponent.
pub(super) fn is_float(json: &str) -> bool {
    json.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_printed_as_in_python() {
        for (number, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (1.5, "1.5"),
            (-2.25, "-2.25"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (5e-324, "5e-324"),
            (f64::NAN, "nan"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(python_float(number), expected);
        }
    }

    #[test]
    fn numbers_of_json_are_printed_as_in_python() {
        for (json, expected) in [
            ("0", Some("0")),
            ("-0", Some("0")),
            ("-7", Some("-7")),
            (
                "123456789012345678901234567890",
                Some("123456789012345678901234567890"),
            ),
            ("1.0", Some("1.0")),
            ("1.50", Some("1.5")),
            ("1e-5", Some("1e-05")),
            ("1E16", Some("1e+16")),
            ("1e2", Some("100.0")),
            ("-0.0", Some("-0.0")),
            ("1e-400", Some("0.0")),
            ("1e400", None),
        ] {
            assert_eq!(python_number(json).as_deref(), expected, "{json}");
        }
    }
}
