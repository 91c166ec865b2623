//! Frames as Sentry events have them, made into a packed stack trace.
//!
//! An event's frame says more than rules ask for, and says it in other words. Bringing it
//! into shape is a loop over all frames, which is cheaper here than in Python:
//!
//! ```text
//! event                                       packed
//! platform of the frame, or of the event  ->  family    native, javascript, other
//! abs_path, or filename if it has none    ->  path      lower case, with slashes
//! package                                 ->  package   the same
//! data.category, data.orig_in_app         ->  category, orig_in_app
//! function, module, in_app                ->  as they are
//! ```
//!
//! They come as one MessagePack value, texts as strings or binaries:
//!
//! ```text
//! [platform, [type, value, mechanism], [[function, module, package, abs_path, filename,
//!                                        platform, in_app, category, orig_in_app], ...]]
//! ```

use std::borrow::Cow;

use super::frame::{ExceptionData, Frame};
use super::packed::{pack, PackedError, Place, Reader, EXCEPTION_FIELDS};

/// The names of an event frame's fields, in the order in which they come.
pub const EVENT_FRAME_FIELDS: [&str; 9] = [
    "function",
    "module",
    "package",
    "abs_path",
    "filename",
    "platform",
    "in_app",
    "data.category",
    "data.orig_in_app",
];

/// Makes the packed form of a stack trace of an event.
///
/// # Errors
///
/// If the buffer is not as described above, a field has the wrong type, or a text is not
/// UTF-8.
pub fn pack_event_frames(bytes: &[u8]) -> Result<Vec<u8>, PackedError> {
    let mut reader = Reader::new(bytes);
    reader.array(3, "expected an array of platform, exception and frames")?;
    let platform = reader.text(Place::Exception("platform"))?;
    reader.array(3, "expected an exception of 3 fields")?;
    let mut exception = [None; 3];
    for (value, &name) in exception.iter_mut().zip(&EXCEPTION_FIELDS) {
        *value = reader.text(Place::Exception(name))?;
    }
    let [ty, value, mechanism] = exception;

    let count = reader.array_len("expected an array of frames")?;
    let mut owned = Vec::with_capacity(reader.at_most(count));
    for index in 0..count {
        owned.push(EventFrame::read(&mut reader, index, platform)?);
    }
    reader.end("bytes follow the frames")?;
    let frames: Vec<_> = owned.iter().map(EventFrame::frame).collect();
    let exception = ExceptionData {
        ty,
        value,
        mechanism,
    };
    pack(&exception, &frames)
}

/// A frame whose paths have the form that rules expect.
struct EventFrame<'a> {
    plain: Frame<'a>,
    package: Option<Cow<'a, str>>,
    path: Option<Cow<'a, str>>,
}

impl<'a> EventFrame<'a> {
    fn read(
        reader: &mut Reader<'a>,
        index: usize,
        platform: Option<&'a str>,
    ) -> Result<Self, PackedError> {
        reader.array(9, "expected a frame of 9 fields")?;
        let place = |field: usize| Place::Frame(index, EVENT_FRAME_FIELDS[field]);
        let mut texts = [None; 6];
        for (field, text) in texts.iter_mut().enumerate() {
            *text = reader.text(place(field))?;
        }
        let [function, module, package, abs_path, filename, own_platform] = texts;
        let in_app = reader.bool(place(6))?;
        let category = reader.text(place(7))?;
        let orig_in_app = reader.small_int(place(8))?;
        let told = |text: Option<&'a str>| text.filter(|text| !text.is_empty());
        Ok(Self {
            plain: Frame {
                category,
                family: Some(family(told(own_platform).or(platform))),
                function,
                module,
                in_app,
                orig_in_app,
                ..Frame::default()
            },
            package: package.map(normalized),
            path: told(abs_path).or(filename).map(normalized),
        })
    }

    fn frame(&self) -> Frame<'_> {
        Frame {
            package: self.package.as_deref(),
            path: self.path.as_deref(),
            ..self.plain
        }
    }
}

/// The family that a platform belongs to.
fn family(platform: Option<&str>) -> &'static str {
    match platform {
        Some("cocoa" | "native" | "objc" | "swift" | "c" | "cpp" | "rust") => "native",
        Some("javascript" | "node") => "javascript",
        _ => "other",
    }
}

/// A path in lower case, with slashes.
fn normalized(path: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase() && byte != b'\\';
    if path.bytes().all(plain) {
        return Cow::Borrowed(path);
    }
    let mut lower = if path.is_ascii() {
        path.to_ascii_lowercase()
    } else {
        path.to_lowercase()
    };
    if lower.contains('\\') {
        lower = lower.replace('\\', "/");
    }
    Cow::Owned(lower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::packed::PackedStacktrace;

    /// What a frame becomes, given its nine fields as JSON.
    fn read(platform: &str, fields: &str) -> Result<String, PackedError> {
        let json = format!("[{platform}, [\"E\", null, \"m\"], [{fields}]]");
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let packed = pack_event_frames(&rmp_serde::to_vec(&value).unwrap())?;
        let stacktrace = PackedStacktrace::decode(&packed)?;
        assert_eq!(stacktrace.exception.mechanism, Some("m"));
        let frame = stacktrace.unpack()?[0];
        Ok(format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            frame.category,
            frame.family,
            frame.function,
            frame.module,
            frame.package,
            frame.path,
            frame.in_app,
            frame.orig_in_app
        ))
    }

    #[test]
    fn fields_take_the_form_that_rules_expect() {
        for (platform, fields, expected) in [
            (
                r#""rust""#,
                r#"["f", "m", "A\\B.DLL", "/X/Y", "y", null, true, "c", -1]"#,
                r#"Some("c") Some("native") Some("f") Some("m") Some("a/b.dll") Some("/x/y") Some(true) Some(-1)"#,
            ),
            (
                "null",
                r#"[null, null, null, "", "Éa", "node", null, null, null]"#,
                r#"None Some("javascript") None None None Some("éa") None None"#,
            ),
            (
                r#""python""#,
                r#"[null, null, null, null, null, "", false, null, 1]"#,
                r#"None Some("other") None None None None Some(false) Some(1)"#,
            ),
        ] {
            assert_eq!(read(platform, fields).unwrap(), expected);
        }
    }

    #[test]
    fn errors_name_frame_and_field() {
        let error = read(
            "null",
            r#"[7, null, null, null, null, null, null, null, null]"#,
        );
        assert_eq!(
            error.unwrap_err().to_string(),
            "frame 0: field `function`: expected a text or None, not an int"
        );
        let error = read(
            "null",
            r#"[null, null, null, null, null, null, 1, null, null]"#,
        );
        assert_eq!(
            error.unwrap_err().to_string(),
            "frame 0: field `in_app`: expected a bool or None, not an int"
        );
        assert!(read("null", "[]").is_err());
        assert!(pack_event_frames(&[0x93, 0xc0]).is_err());
    }
}
