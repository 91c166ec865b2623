//! A problem of one rule, before it has a line and columns.

use crate::enhancements::codes::Code;
use crate::enhancements::text::parser::Span;

/// A problem of a rule, with its span in the trimmed line.
pub(super) struct Finding {
    pub(super) code: Code,
    pub(super) place: Span,
    pub(super) message: String,
    pub(super) fix: Option<Edit>,
}

/// A replacement for a part of the trimmed line.
pub(super) struct Edit {
    pub(super) place: Span,
    pub(super) replacement: String,
    pub(super) is_certain: bool,
}

impl Finding {
    pub(super) fn new(code: Code, place: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            place,
            message: message.into(),
            fix: None,
        }
    }

    /// Extends the spans to whole characters of the line.
    pub(super) fn within(mut self, line: &str) -> Self {
        let whole = |place: &mut Span| {
            while !line.is_char_boundary(place.start) {
                place.start -= 1;
            }
            while !line.is_char_boundary(place.end) {
                place.end += 1;
            }
        };
        whole(&mut self.place);
        if let Some(fix) = &mut self.fix {
            whole(&mut fix.place);
        }
        self
    }

    /// Adds a replacement of the span that may be what was meant.
    pub(super) fn possible(self, replacement: Option<String>) -> Self {
        let place = self.place.clone();
        let fix = replacement.map(|replacement| Edit {
            place,
            replacement,
            is_certain: false,
        });
        Self { fix, ..self }
    }

    /// Adds the removal of the span and of a space before it.
    pub(super) fn removed(self, line: &str) -> Self {
        let Span { start, end } = self.place;
        let space = usize::from(line.as_bytes()[..start].ends_with(b" "));
        let fix = Some(Edit {
            place: start - space..end,
            replacement: String::new(),
            is_certain: true,
        });
        Self { fix, ..self }
    }

    /// Adds a replacement of the span that is what was meant.
    pub(super) fn certain(self, replacement: impl Into<String>) -> Self {
        let fix = Some(Edit {
            place: self.place.clone(),
            replacement: replacement.into(),
            is_certain: true,
        });
        Self { fix, ..self }
    }
}
