//! The line of a class in a mapping, `org.example.Cart -> a.b:`, and its two readers.
//!
//! Frames are read by the crate `proguard`, stack traces by [`index`](super::index). The readers
//! agree on the lines that ProGuard and R8 write. They differ on some other lines, such as one that
//! begins with a byte order mark.

/// The two names of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Names<'m> {
    pub(super) original: &'m str,
    pub(super) obfuscated: &'m str,
}

/// By which name a class is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Obfuscated,
    Original,
}

impl<'m> Names<'m> {
    pub(super) fn get(self, by: By) -> &'m str {
        match by {
            By::Obfuscated => self.obfuscated,
            By::Original => self.original,
        }
    }
}

/// Who reads the line of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// The crate: up to the first colon.
    Records,
    /// The retrace: a whole line.
    Lines,
}

impl Reader {
    /// Reads the names at the beginning of a section.
    pub(super) fn names(self, section: &[u8]) -> Option<Names<'_>> {
        match self {
            Reader::Records => record(section).map(|(names, _)| names),
            Reader::Lines => line(first_line(section)),
        }
    }
}

/// Returns what follows the names of a class, as the crate reads them.
pub(super) fn after_names(section: &[u8]) -> Option<&[u8]> {
    record(section).map(|(_, rest)| rest)
}

/// Returns the first line, without its line break.
pub(super) fn first_line(section: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', section).unwrap_or(section.len());
    &section[..end]
}

/// Reads `org.example.Cart -> a.b:` as the crate does, and returns what follows the colon.
pub(super) fn record(section: &[u8]) -> Option<(Names<'_>, &[u8])> {
    let until = |text: &'_ [u8], end: u8| {
        let at = memchr::memchr3(end, b'\n', b'\r', text)?;
        (text[at] == end).then_some(at)
    };
    let space = until(section, b' ')?;
    let rest = section[space..].strip_prefix(b" -> ")?;
    let colon = until(rest, b':')?;
    let names = Names {
        original: std::str::from_utf8(&section[..space]).ok()?,
        obfuscated: std::str::from_utf8(&rest[..colon]).ok()?,
    };
    Some((names, &rest[colon + 1..]))
}

/// Reads `org.example.Cart -> a.b:` as the retrace does.
pub(super) fn line(line: &[u8]) -> Option<Names<'_>> {
    let first = *line.first()?;
    if first.is_ascii_whitespace() || first == b'#' {
        return None;
    }
    let line = line.trim_ascii_end().strip_suffix(b":")?;
    let line = std::str::from_utf8(line).ok()?;
    let (original, obfuscated) = line
        .trim_start_matches(BYTE_ORDER_MARK)
        .split_once(" -> ")?;
    Some(Names {
        original,
        obfuscated,
    })
}

pub(super) const BYTE_ORDER_MARK: char = '\u{feff}';
