//! Recursion: which frames of an event repeat the frame before them.
//!
//! A frame that equals the frame before it does not count for grouping in Sentry, unless a rule with
//! `+group` brings it back. So a recursion of any depth makes one issue:
//!
//! ```text
//! 0  main   shop.py:3
//! 1  total  shop.py:9
//! 2  total  shop.py:9      repeats frame 1
//! 3  total  shop.py:9      repeats frame 2
//! 4  total  shop.py:7      another line, so it counts
//! ```
//!
//! Frames are equal if they have the same [`FIELDS`]. Rules do not read the line and the column, so
//! this module reads the frames as the event has them, after [`event`](super::event) has checked
//! them.

use super::msgpack::Reader;
use super::view::{FieldPath, StacktraceError};

/// The keys of a frame that are compared. A missing key equals null.
const FIELDS: [&[u8]; 7] = [
    b"abs_path",
    b"package",
    b"module",
    b"filename",
    b"function",
    b"lineno",
    b"colno",
];

/// Returns for each frame whether it repeats the frame before it. Null is skipped. The result is
/// empty if the frames cannot be read.
pub(super) fn repeats(frames: &[u8]) -> Vec<bool> {
    read(frames).unwrap_or_default()
}

fn read(frames: &[u8]) -> Result<Vec<bool>, StacktraceError> {
    let mut reader = Reader::new(frames);
    if reader.nil() {
        return Ok(Vec::new());
    }
    let count = reader.array_len("expected an array of frames")?;
    let mut found = Vec::with_capacity(reader.at_most(count));
    let mut before = None;
    for _ in 0..count {
        if reader.nil() {
            continue;
        }
        let mut fields = [&[][..]; FIELDS.len()];
        for _ in 0..reader.map(|| FieldPath::Exception("frame"))? {
            let key = reader.key()?;
            match FIELDS.iter().position(|field| *field == key) {
                // Equal values have equal bytes: the writer of an event writes both the same way.
                Some(field) if !reader.nil() => fields[field] = reader.value()?,
                Some(field) => fields[field] = &[],
                None => reader.skip()?,
            }
        }
        found.push(before == Some(fields));
        before = Some(fields);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_frames_repeat() {
        for (frames, expected) in [
            (r"null", &[][..]),
            (r"[]", &[]),
            (
                r#"[{"function": "f"}, {"function": "f"}, {"function": "f"}]"#,
                &[false, true, true],
            ),
            (
                r#"[{"function": "f", "lineno": 1}, {"function": "f", "lineno": 2}]"#,
                &[false, false],
            ),
            (
                r#"[{"function": "f", "colno": 1}, {"colno": 1, "function": "f"}]"#,
                &[false, true],
            ),
            (
                r#"[{"function": "f", "module": null}, null, {"function": "f"}]"#,
                &[false, true],
            ),
            (
                r#"[{"module": "f"}, {"function": "f"}, {"package": "f"}]"#,
                &[false, false, false],
            ),
            (
                r#"[{"abs_path": "/a", "in_app": true}, {"abs_path": "/a", "vars": {"n": [1]}}]"#,
                &[false, true],
            ),
            (
                r#"[{"filename": "a"}, {"filename": "b"}, {}, {}]"#,
                &[false, false, false, true],
            ),
        ] {
            let value: serde_json::Value = serde_json::from_str(frames).unwrap();
            assert_eq!(
                repeats(&rmp_serde::to_vec(&value).unwrap()),
                expected,
                "{frames}"
            );
        }
        assert!(repeats(&[0x92, 0x81, 0xa1]).is_empty());
    }
}
