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
//!                                        platform, in_app, data], ...]]
//!
//! data = nil or [category, orig_in_app]
//! ```

use crate::enhancements::fields::ExceptionField;
use crate::enhancements::frame::{ExceptionData, Frame};
use crate::enhancements::stacktrace::msgpack::{Reader, Writer};
use crate::enhancements::stacktrace::view::{FieldPath, StacktraceError};
use crate::limits::Limit;

/// The names of an event frame's fields, in the order in which they come.
pub const EVENT_FRAME_FIELDS: [&str; 8] = [
    "function", "module", "package", "abs_path", "filename", "platform", "in_app", "data",
];

/// Makes the packed form of a stack trace of an event.
///
/// # Errors
///
/// If the buffer is not as described above, a field has the wrong type, or a text is not
/// UTF-8.
pub fn pack_event_frames(bytes: &[u8]) -> Result<Vec<u8>, StacktraceError> {
    let mut reader = Reader::new(bytes);
    reader.array(3, "expected an array of platform, exception and frames")?;
    let platform = reader.text(FieldPath::Exception("platform"))?;
    reader.array(3, "expected an exception of 3 fields")?;
    let mut exception = [None; 3];
    for (value, field) in exception.iter_mut().zip(ExceptionField::ALL) {
        *value = reader.text(FieldPath::Exception(field.name()))?;
    }
    let [ty, value, mechanism] = exception;
    let exception = ExceptionData {
        ty,
        value,
        mechanism,
    };

    let count = reader.array_len("expected an array of frames")?;
    Limit::Frames.check(reader.at_most(count))?;
    // The count is a claim, and makes room in the result.
    let mut writer = Writer::new(&exception, reader.checked(count)?)?;
    let (mut package, mut path) = (String::new(), String::new());
    for index in 0..count {
        let mut frame = read(&mut reader, index, platform)?;
        frame.package = frame.package.map(|text| normalized(text, &mut package));
        frame.path = frame.path.map(|text| normalized(text, &mut path));
        writer.frame(&frame)?;
    }
    reader.end("bytes follow the frames")?;
    Ok(writer.0)
}

/// Reads a frame; its paths are as in the event.
fn read<'a>(
    reader: &mut Reader<'a>,
    index: usize,
    platform: Option<&'a str>,
) -> Result<Frame<'a>, StacktraceError> {
    reader.array(8, "expected a frame of 8 fields")?;
    let place = |field: usize| FieldPath::Frame(index, EVENT_FRAME_FIELDS[field]);
    let mut texts = [None; 6];
    for (field, text) in texts.iter_mut().enumerate() {
        *text = reader.text(place(field))?;
    }
    let [function, module, package, abs_path, filename, own_platform] = texts;
    let in_app = reader.bool(place(6))?;
    let (mut category, mut orig_in_app) = (None, None);
    if !reader.nil() {
        reader.array(2, "expected nil or an array of category and orig_in_app")?;
        category = reader.text(FieldPath::Frame(index, "data.category"))?;
        orig_in_app = reader.small_int(FieldPath::Frame(index, "data.orig_in_app"))?;
    }
    let told = |text: Option<&'a str>| text.filter(|text| !text.is_empty());
    Ok(Frame {
        category,
        family: Some(family(told(own_platform).or(platform))),
        function,
        module,
        package,
        path: told(abs_path).or(filename),
        in_app,
        orig_in_app,
    })
}

/// The family that a platform belongs to.
fn family(platform: Option<&str>) -> &'static str {
    match platform {
        Some("cocoa" | "native" | "objc" | "swift" | "c" | "cpp" | "rust") => "native",
        Some("javascript" | "node") => "javascript",
        _ => "other",
    }
}

/// A path in lower case, with slashes. `scratch` holds it if it is not already so.
fn normalized<'s>(path: &'s str, scratch: &'s mut String) -> &'s str {
    let changes = |byte: u8| byte >= 0x80 || byte.is_ascii_uppercase() || byte == b'\\';
    if !path.bytes().any(changes) {
        return path;
    }
    if path.is_ascii() {
        scratch.clear();
        scratch.push_str(path);
        scratch.make_ascii_lowercase();
    } else {
        *scratch = path.to_lowercase();
    }
    if scratch.contains('\\') {
        *scratch = scratch.replace('\\', "/");
    }
    scratch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::stacktrace::msgpack;

    /// What a frame becomes, given its fields as JSON.
    fn read(platform: &str, fields: &str) -> Result<String, StacktraceError> {
        let json = format!("[{platform}, [\"E\", null, \"m\"], [{fields}]]");
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let packed = pack_event_frames(&rmp_serde::to_vec(&value).unwrap())?;
        let stacktrace = msgpack::decode(&packed)?;
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
                r#"["f", "m", "A\\B.DLL", "/X/Y", "y", null, true, ["c", -1]]"#,
                r#"Some("c") Some("native") Some("f") Some("m") Some("a/b.dll") Some("/x/y") Some(true) Some(-1)"#,
            ),
            (
                "null",
                r#"[null, null, null, "", "Éa", "node", null, null]"#,
                r#"None Some("javascript") None None None Some("éa") None None"#,
            ),
            (
                r#""python""#,
                r#"[null, null, null, null, null, "", false, [null, 1]]"#,
                r#"None Some("other") None None None None Some(false) Some(1)"#,
            ),
        ] {
            assert_eq!(read(platform, fields).unwrap(), expected);
        }
    }

    #[test]
    fn errors_name_frame_and_field() {
        let error = read("null", r#"[7, null, null, null, null, null, null, null]"#);
        assert_eq!(
            error.unwrap_err().to_string(),
            "frame 0: field `function`: expected a text or None, not an int"
        );
        let error = read("null", r#"[null, null, null, null, null, null, 1, null]"#);
        assert_eq!(
            error.unwrap_err().to_string(),
            "frame 0: field `in_app`: expected a bool or None, not an int"
        );
        assert!(read("null", "[]").is_err());
        assert!(pack_event_frames(&[0x93, 0xc0]).is_err());
    }
}
