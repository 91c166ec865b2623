//! The lines of a stack trace: which part is a class, a method, a file, a line number.
//!
//! ```text
//! Caused by: a.b: the cart is full          a class: `a.b`
//!     at app//a.b.c(SourceFile:12) ~[app.jar]
//!             ─┬─ ┬ ────┬───── ─┬
//!            class method  file  number
//! ```
//!
//! Everything else of the line stays as it is: indents, log prefixes, modules, class loaders. A
//! line that has none of these parts is text.

use std::ops::Range;

/// The parts of a line, as ranges of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Text,
    /// The class of an exception.
    Class(Range<usize>),
    Frame(Frame),
}

/// The parts of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Where `at` begins.
    pub(super) at: usize,
    pub(super) class: Range<usize>,
    pub(super) method: Range<usize>,
    pub(super) file: Range<usize>,
    /// From the colon to the closing parenthesis; empty without a number.
    pub(super) colon_and_number: Range<usize>,
    /// The number, if it fits into an `int` of Java.
    pub(super) number: Option<u32>,
}

impl Line {
    /// Finds the parts of a line, which has no line break at its end.
    pub(super) fn parse(line: &str) -> Line {
        if let Some(frame) = frame(line) {
            return Line::Frame(frame);
        }
        class(line).map_or(Line::Text, Line::Class)
    }
}

// --- frames -----------------------------------------------------------------------------

/// Parses `... at module/class.method(file:number)`, with an optional `~[jar]` after it.
fn frame(line: &str) -> Option<Frame> {
    let close = closing_parenthesis(line)?;
    line.match_indices("at")
        .filter(|&(at, _)| !line[..at].ends_with(is_word))
        .find_map(|(at, _)| frame_after(line, at + 2, close))
}

/// Parses a frame whose `at` ends at `start`.
fn frame_after(line: &str, start: usize, close: usize) -> Option<Frame> {
    let rest = &line[start..close];
    let name = rest.trim_start();
    if name.len() == rest.len() {
        return None;
    }
    let name_start = close - name.len();
    let open = name.find(|c: char| c == '(' || c.is_whitespace())?;
    let (name, after) = name.split_at(open);
    let before_open = after.len() - after.trim_start().len();
    if !after[before_open..].starts_with('(') {
        return None;
    }
    // What stands before the last slash is a class loader or a module: `app//`, `java.base/`.
    let qualified = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = name.rfind('.').filter(|&dot| dot > qualified)?;
    let (class, method) = (&name[qualified..dot], &name[dot + 1..]);
    if !is_class(class) || !(is_identifier(method) || matches!(method, "<init>" | "<clinit>")) {
        return None;
    }
    let file_start = name_start + open + before_open + 1;
    let file_end = file_start + end_of_file(&line[file_start..close]);
    let colon_and_number = file_end..close;
    Some(Frame {
        at: start - 2,
        class: name_start + qualified..name_start + dot,
        method: name_start + dot + 1..name_start + open,
        file: file_start..file_end,
        number: line[colon_and_number.clone()]
            .get(1..)
            .and_then(|digits| digits.parse().ok())
            .filter(|&number| i32::try_from(number).is_ok()),
        colon_and_number,
    })
}

/// Returns where the parenthesis of a frame closes: at the end of the line, or before `~[...]`.
fn closing_parenthesis(line: &str) -> Option<usize> {
    let closed = |text: &str| text.trim_end().strip_suffix(')').map(str::len);
    closed(line).or_else(|| {
        let line = line.trim_end();
        if !line.ends_with(']') {
            return None;
        }
        line.rmatch_indices("~[")
            .find_map(|(jar, _)| closed(&line[..jar]))
    })
}

/// Returns where the name of the file ends: before a colon that only digits follow. A name may have
/// colons itself.
fn end_of_file(text: &str) -> usize {
    let name = text.trim_end_matches(|c: char| c.is_ascii_digit());
    match name.strip_suffix(':') {
        Some(file) if name.len() < text.len() => file.len(),
        _ => text.len(),
    }
}

// --- classes ----------------------------------------------------------------------------

/// What Java prints before the class of an exception.
const PREFIXES: [&str; 2] = ["Caused by: ", "Suppressed: "];

/// Finds the class of an exception. A class in a message is one only where R8 takes it for one:
/// after the last colon or quote of a line that does not begin with a class.
fn class(line: &str) -> Option<Range<usize>> {
    let trimmed = line.trim_start();
    let indent = line.len() - trimmed.len();
    // R8 tries the last colon first, here too, and misses the class before a message of one word.
    for prefix in PREFIXES {
        if trimmed.starts_with(prefix) {
            return class_at(line, indent + prefix.len());
        }
    }
    if let Some(thread) = trimmed.strip_prefix("Exception in thread \"") {
        if let Some(end) = thread.find("\" ") {
            let start = line.len() - thread.len() + end + 2;
            if let Some(found) = class_at(line, start) {
                return Some(found);
            }
        }
    }
    if let Some(reference) = trimmed.strip_prefix("[CIRCULAR REFERENCE:") {
        let start = line.len() - reference.trim_start().len();
        let end = start + class_len(&line[start..]);
        let closed = matches!(line[end..].trim_end(), "" | "]");
        return (end > start && closed).then_some(start..end);
    }
    let first = class_len(line);
    let begins = first > 0 && (ends_class(&line[first..]) || line[first..].starts_with('"'));
    let last = line
        .rmatch_indices([':', '"'])
        .find_map(|(colon, _)| class_after_space(line, colon + 1));
    match last {
        // `a.b: c.d: message` is an exception `a.b`.
        Some(_) if begins && class_after_space(line, first + 1).is_some() => Some(0..first),
        Some(found) => Some(found),
        None => class_at(line, 0),
    }
}

/// Returns the class that follows a space at `start`, up to a colon or the end of the line.
fn class_after_space(line: &str, start: usize) -> Option<Range<usize>> {
    let rest = &line[start..];
    let spaces = rest.len() - rest.trim_start().len();
    (spaces > 0).then(|| class_at(line, start + spaces))?
}

/// Returns the class at `start`, up to a colon or the end of the line.
fn class_at(line: &str, start: usize) -> Option<Range<usize>> {
    let rest = line.get(start..)?;
    let len = class_len(rest);
    (len > 0 && ends_class(&rest[len..])).then(|| start..start + len)
}

/// Returns whether a class may end here: before a colon, or at the end. `net::ERR_FAILED` has none.
fn ends_class(rest: &str) -> bool {
    rest.is_empty() || (rest.starts_with(':') && !rest.starts_with("::"))
}

/// Returns the length of the class at the beginning of a text: identifiers with dots between them.
fn class_len(text: &str) -> usize {
    let end = text
        .find(|c: char| c != '.' && !is_part(c))
        .unwrap_or(text.len());
    let mut len = 0;
    for segment in text[..end].split('.') {
        if !is_identifier(segment) {
            break;
        }
        len += segment.len() + usize::from(len > 0);
    }
    len
}

fn is_class(text: &str) -> bool {
    text.split('.').all(is_identifier)
}

fn is_identifier(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit()) && !text.is_empty() && text.chars().all(is_part)
}

/// Returns whether a character may be in an identifier. Shrinkers use any letter that the virtual
/// machine accepts, and a minus sign.
fn is_part(c: char) -> bool {
    match c {
        '$' | '-' => true,
        _ if c.is_ascii() => is_word(c),
        '\u{2000}'..='\u{206f}' | '\u{feff}' => false,
        _ => !c.is_whitespace() && !c.is_control(),
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Renders the parts of a line: `class.method|file|number`, a class, or nothing.
    fn parts(line: &str) -> String {
        match Line::parse(line) {
            Line::Text => String::new(),
            Line::Class(class) => line[class].to_owned(),
            Line::Frame(frame) => format!(
                "{}.{}|{}|{}|{:?}",
                &line[frame.class],
                &line[frame.method],
                &line[frame.file],
                &line[frame.colon_and_number],
                frame.number,
            ),
        }
    }

    #[test]
    fn lines_have_parts() {
        for (line, expected) in [
            (
                "    at a.b.c(SourceFile:12)",
                "a.b.c|SourceFile|:12|Some(12)",
            ),
            ("at a.b(Unknown Source:1)", "a.b|Unknown Source|:1|Some(1)"),
            ("at a.b(Unknown Source)", "a.b|Unknown Source||None"),
            ("at a.b(:10)", "a.b||:10|Some(10)"),
            ("at a.b()", "a.b|||None"),
            ("at a.b(Native Method)", "a.b|Native Method||None"),
            ("at a.b(:x::y z:7)", "a.b|:x::y z|:7|Some(7)"),
            ("at a.b(x:)", "a.b|x:||None"),
            ("at a.b(12)", "a.b|12||None"),
            ("at a.b(X:99999999999)", "a.b|X|:99999999999|None"),
            ("at a.<init>(X.java:3)", "a.<init>|X.java|:3|Some(3)"),
            ("at a.<clinit>(X.java:3)", "a.<clinit>|X.java|:3|Some(3)"),
            ("at a.<other>(X.java:3)", ""),
            ("at java.base/a.b.c(X:3)", "a.b.c|X|:3|Some(3)"),
            ("at app//a.b(X:3)", "a.b|X|:3|Some(3)"),
            ("at app/m@9.0/a.b(X:3)", "a.b|X|:3|Some(3)"),
            ("at I$-CC.m(I.java:6)", "I$-CC.m|I.java|:6|Some(6)"),
            ("at größe.ä(X:3)", "größe.ä|X|:3|Some(3)"),
            ("E/Runtime: \tat a.b (X:3)  ", "a.b|X|:3|Some(3)"),
            ("at a.b(X:3) ~[x.jar:1 (y)]", "a.b|X|:3|Some(3)"),
            ("at a.b(X:3)\u{a0}", "a.b|X|:3|Some(3)"),
            ("what at a.b(X:3)", "a.b|X|:3|Some(3)"),
            ("that a.b(X:3)", ""),
            ("at a b(X:3)", ""),
            ("at b(X:3)", ""),
            ("at a.b(X:3", ""),
            ("at a..b(X:3)", ""),
            ("at a.1b(X:3)", ""),
            ("a.b.C", "a.b.C"),
            ("a.b.C: full", "a.b.C"),
            ("a.b.C: full of things", "a.b.C"),
            ("Caused by: a.b.C: full", "a.b.C"),
            ("\tSuppressed: a.b.C: full", "a.b.C"),
            ("Caused by: a.b.C", "a.b.C"),
            ("Exception in thread \"main\" a.b.C: full", "a.b.C"),
            ("Exception in thread \"main\" a.b.C", "a.b.C"),
            ("a.b.C: d.e.F: full of things", "a.b.C"),
            ("26 12:00 E tag: a.b.C: full of things", "a.b.C"),
            ("[CIRCULAR REFERENCE: a.B]", "a.B"),
            ("  [CIRCULAR REFERENCE:a.B] ", "a.B"),
            ("[CIRCULAR REFERENCE: a B]", ""),
            ("[CIRCULAR REFERENCE: ]", ""),
            ("    ... 7 more", ""),
            ("two words", ""),
            ("a.b.C: it says net::ERR_FAILED", "a.b.C"),
            (
                "12:01 E tag: a.b.C: on the net: net::ERR_FAILED, 5",
                "a.b.C",
            ),
            ("Caused by: net::ERR_FAILED", ""),
            (" indented.Word", ""),
            ("word.", ""),
            ("", ""),
            (":", ""),
            ("at ", ""),
        ] {
            assert_eq!(parts(line), expected, "{line:?}");
        }
    }
}
