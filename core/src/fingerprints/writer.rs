//! A writer of JSON, for what rules are and find.
//!
//! Values follow each other without commas in the code: one is written where it is needed. What
//! serde derives for the same is three times as large.

use std::fmt::Write;

/// JSON that is written.
#[derive(Default)]
pub(super) struct Json(String);

impl Json {
    /// Returns what was written.
    pub(super) fn finish(self) -> String {
        self.0
    }

    /// Writes a comma if a value precedes.
    fn begin(&mut self) {
        // No value ends with one of these: a text ends with a quote.
        if !matches!(self.0.as_bytes().last(), None | Some(b'[' | b'{' | b':')) {
            self.0.push(',');
        }
    }

    fn raw(&mut self, value: &str) {
        self.begin();
        self.0.push_str(value);
    }

    /// Writes a key, whose value follows. It has nothing to escape.
    pub(super) fn key(&mut self, key: &str) -> &mut Self {
        self.begin();
        for part in ["\"", key, "\":"] {
            self.0.push_str(part);
        }
        self
    }

    /// Writes a text.
    pub(super) fn text(&mut self, text: &str) {
        self.begin();
        write_text(&mut self.0, text);
    }

    /// Writes a text or null.
    pub(super) fn maybe_text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    /// Writes a number.
    pub(super) fn number(&mut self, number: usize) {
        self.raw(&number.to_string());
    }

    /// Writes a number or null.
    pub(super) fn maybe_number(&mut self, number: Option<usize>) {
        match number {
            Some(number) => self.number(number),
            None => self.null(),
        }
    }

    /// Writes a boolean.
    pub(super) fn boolean(&mut self, value: bool) {
        self.raw(if value { "true" } else { "false" });
    }

    /// Writes null.
    pub(super) fn null(&mut self) {
        self.raw("null");
    }

    /// Writes a list with an element for each item.
    pub(super) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.raw("[");
        for item in items {
            write(self, item);
        }
        self.0.push(']');
    }

    /// Writes a list of texts.
    pub(super) fn texts<T: AsRef<str>>(&mut self, texts: &[T]) {
        self.list(texts, |json, text| json.text(text.as_ref()));
    }

    /// Writes an object.
    pub(super) fn object(&mut self, write: impl FnOnce(&mut Self)) {
        self.raw("{");
        write(self);
        self.0.push('}');
    }
}

/// Writes a text of JSON.
pub(super) fn write_text(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            }
            c => json.push(c),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_are_where_they_belong() {
        let mut json = Json::default();
        json.list([1, 2], |json, number| {
            json.object(|json| {
                json.key("a").texts(&["[", "{:", "\"\n"]);
                json.key("b").number(number);
                json.key("c").list([0; 0], |_, _| {});
                json.key("d").object(|_| {});
                json.key("e").maybe_text(None);
                json.key("f").boolean(true);
            });
            json.maybe_number(None);
        });
        let one = r#"{"a":["[","{:","\"\n"],"b":1,"c":[],"d":{},"e":null,"f":true},null"#;
        let expected = format!("[{one},{}]", one.replace("\"b\":1", "\"b\":2"));
        assert_eq!(json.finish(), expected);
    }
}
