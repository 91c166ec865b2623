//! The fields of frames and of exception data: one table, which every reader of fields uses.
//!
//! ```text
//! packed frame   [category, family, function, module, package, path, in_app, orig_in_app]
//! a rule sets it  yes       `---------------- no: the key ---------'  yes     no
//! matcher         category  family  function  module  package  path   app     (none)
//! tested by       a glob    a list  `---------- a glob: TextField --' a bool
//! ```
//!
//! The parser and the binary form find a matcher by the [`Subject`] that it tests. Carriers of
//! stack traces write and read the fields in the order of [`FrameField::ALL`]. The engine keeps
//! an index for each [`TextField`].
//!
//! To add a field, add a row to a table here. Then the code does not compile until every reader
//! handles the field, because readers use an array with an entry for each field or match on all
//! fields.

use crate::enhancements::frame::{ExceptionData, Frame};
use crate::enhancements::pattern::Dialect;

/// A value for each text field of a frame, in their order.
pub(super) type ByText<T> = [T; TextField::COUNT];

/// A value for each field of a frame that no rule changes, in the order of [`FrameField::KEY`].
pub(super) type ByKey<T> = [T; FrameField::KEY.len()];

/// The names of a matcher in rules.
#[derive(Clone, Copy, Debug)]
struct Notation {
    /// The names in the text form. All names are read; the first one is written.
    names: &'static [&'static str],
    /// The letter in the binary form.
    letter: char,
}

macro_rules! frame_fields {
    (
        before { $($Before:ident = $before:literal;)+ }
        text {
            $(
                $(#[$doc:meta])*
                $Text:ident = $text:literal, $names:expr, $letter:literal, $dialect:expr;
            )+
        }
        after { $After:ident = $after:literal; $($More:ident = $more:literal;)* }
    ) => {
        /// A text field of a frame that patterns are tried on and that no rule changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum TextField {
            $($(#[$doc])* $Text,)+
        }

        impl TextField {
            /// All of them, each at the index that is its number.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$Text),+];

            /// Returns how patterns on this field read case and slashes.
            pub const fn dialect(self) -> Dialect {
                match self {
                    $(Self::$Text => $dialect,)+
                }
            }

            const fn notation(self) -> Notation {
                match self {
                    $(Self::$Text => Notation { names: &$names, letter: $letter },)+
                }
            }
        }

        /// A field of a frame.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum FrameField {
            $(#[doc = concat!("`", $before, "`")] $Before,)+
            /// A text that patterns are tried on and that no rule changes.
            Text(TextField),
            #[doc = concat!("`", $after, "`")] $After,
            $(#[doc = concat!("`", $more, "`")] $More,)*
        }

        impl FrameField {
            /// All of them, in the order of the packed form.
            pub const ALL: [Self; Self::COUNT] = [
                $(Self::$Before,)+
                $(Self::Text(TextField::$Text),)+
                Self::$After,
                $(Self::$More,)*
            ];

            /// The number of fields.
            pub const COUNT: usize = [$($before,)+ $($text,)+ $after $(, $more)*].len();

            /// The fields that no rule changes. They are adjacent in the packed form.
            pub const KEY: [Self; 1 + TextField::COUNT] =
                [Self::Family, $(Self::Text(TextField::$Text)),+];

            /// The names of all of them, joined by line feeds.
            pub const NAMES: &'static str = concat!(
                $($before, "\n",)+ $($text, "\n",)+ $after $(, "\n", $more)*
            );

            /// The type of a column of frames, as error messages print it.
            #[cfg(feature = "arrow")]
            pub(super) const COLUMN_TYPE: &'static str = concat!(
                "list<struct<", $($before, ", ",)+ $($text, ", ",)+ $after $(, ", ", $more)*, ">>"
            );

            /// Returns the name that the field has in stack traces.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Before => $before,)+
                    $(Self::Text(TextField::$Text) => $text,)+
                    Self::$After => $after,
                    $(Self::$More => $more,)*
                }
            }

            /// Returns the field path of the column that has the field.
            #[cfg(feature = "arrow")]
            pub(super) const fn column(self) -> &'static str {
                match self {
                    $(Self::$Before => concat!("frames.", $before),)+
                    $(Self::Text(TextField::$Text) => concat!("frames.", $text),)+
                    Self::$After => concat!("frames.", $after),
                    $(Self::$More => concat!("frames.", $more),)*
                }
            }
        }
    };
}

frame_fields! {
    before {
        Category = "category";
        Family = "family";
    }
    text {
        /// The name of the function.
        Function = "function", ["function", "stack.function"], 'f', Dialect::Name;
        /// The module or class.
        Module = "module", ["module", "stack.module"], 'm', Dialect::Name;
        /// The package, or the path of the binary image.
        Package = "package", ["package", "stack.package"], 'P', Dialect::Path;
        /// The path of the source file.
        Path = "path", ["path", "stack.abs_path"], 'p', Dialect::Path;
    }
    after {
        InApp = "in_app";
        OrigInApp = "orig_in_app";
    }
}

impl TextField {
    /// The number of fields.
    pub const COUNT: usize = Self::ALL.len();

    /// Returns the value of this field.
    #[inline]
    pub fn of<'a>(self, frame: &Frame<'a>) -> Option<&'a str> {
        match self {
            Self::Function => frame.function,
            Self::Module => frame.module,
            Self::Package => frame.package,
            Self::Path => frame.path,
        }
    }
}

macro_rules! exception_fields {
    ($($(#[$doc:meta])* $Field:ident = $field:literal, $names:expr, $letter:literal;)+) => {
        /// A field of exception data: a text that patterns are tried on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ExceptionField {
            $($(#[$doc])* $Field,)+
        }

        impl ExceptionField {
            /// All of them, in the order of the packed form.
            pub const ALL: [Self; Self::COUNT] = [$(Self::$Field),+];

            /// The number of fields.
            pub const COUNT: usize = [$($field),+].len();

            /// The names of all of them, joined by line feeds.
            pub const NAMES: &'static str = exception_fields!(@list "\n", $($field)+);

            /// The type of a column of exception data, as error messages print it.
            #[cfg(feature = "arrow")]
            pub(super) const COLUMN_TYPE: &'static str =
                concat!("struct<", exception_fields!(@list ", ", $($field)+), ">");

            /// Returns the name that the field has in stack traces.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Field => $field,)+
                }
            }

            /// Returns the field path of the column that has the field.
            #[cfg(feature = "arrow")]
            pub(super) const fn column(self) -> &'static str {
                match self {
                    $(Self::$Field => concat!("exception.", $field),)+
                }
            }

            const fn notation(self) -> Notation {
                match self {
                    $(Self::$Field => Notation { names: &$names, letter: $letter },)+
                }
            }
        }
    };
    (@list $between:literal, $first:literal $($more:literal)*) => {
        concat!($first $(, $between, $more)*)
    };
}

exception_fields! {
    /// The type.
    Type = "ty", ["type", "error.type"], 't';
    /// The message.
    Value = "value", ["value", "error.value"], 'v';
    /// The type of the mechanism that reported it.
    Mechanism = "mechanism", ["mechanism", "error.mechanism"], 'M';
}

impl ExceptionField {
    /// Returns the value of this field.
    pub fn of<'a>(self, exception: &ExceptionData<'a>) -> Option<&'a str> {
        match self {
            Self::Type => exception.ty,
            Self::Value => exception.value,
            Self::Mechanism => exception.mechanism,
        }
    }
}

impl<'a> ExceptionData<'a> {
    /// Makes exception data from the value of each field, in the order of the packed form.
    pub(super) fn from_fields<E>(
        mut value: impl FnMut(ExceptionField) -> Result<Option<&'a str>, E>,
    ) -> Result<Self, E> {
        Ok(Self {
            ty: value(ExceptionField::Type)?,
            value: value(ExceptionField::Value)?,
            mechanism: value(ExceptionField::Mechanism)?,
        })
    }
}

/// What a matcher tests: its name without its argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A text of the frame that no rule changes.
    Text(TextField),
    /// The families of the frame.
    Family,
    /// Whether the frame is the user's code.
    App,
    /// The category of the frame.
    Category,
    /// A text of the exception.
    Exception(ExceptionField),
}

impl Subject {
    /// The subjects that are neither a text field nor a field of the exception.
    const OTHERS: [Self; 3] = [Self::Family, Self::App, Self::Category];

    /// Returns all subjects, the most frequent ones in rules first.
    pub fn all() -> impl Iterator<Item = Self> {
        let texts = TextField::ALL.map(Self::Text).into_iter();
        let exception = ExceptionField::ALL.map(Self::Exception);
        texts.chain(Self::OTHERS).chain(exception)
    }

    const fn notation(self) -> Notation {
        let (names, letter): (&[_], _) = match self {
            Self::Text(field) => return field.notation(),
            Self::Exception(field) => return field.notation(),
            Self::Family => (&["family"], 'F'),
            Self::App => (&["app"], 'a'),
            Self::Category => (&["category"], 'c'),
        };
        Notation { names, letter }
    }

    /// Returns the names in the text form. The first one is written, all are read.
    pub const fn names(self) -> &'static [&'static str] {
        self.notation().names
    }

    /// Returns the name that is written in the text form.
    pub const fn name(self) -> &'static str {
        self.names()[0]
    }

    /// Returns the letter in the binary form.
    pub const fn letter(self) -> char {
        self.notation().letter
    }

    /// Returns the subject with this name in the text form.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|subject| subject.names().contains(&name))
    }

    /// Returns the subject with this letter in the binary form.
    pub fn from_letter(letter: char) -> Option<Self> {
        Self::all().find(|subject| subject.letter() == letter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_fields_are_their_indexes() {
        for (index, field) in TextField::ALL.into_iter().enumerate() {
            assert_eq!(field as usize, index);
        }
    }

    #[test]
    fn the_key_is_in_one_piece() {
        let start = FrameField::ALL
            .iter()
            .position(|&field| field == FrameField::KEY[0])
            .unwrap();
        assert_eq!(
            FrameField::ALL[start..start + FrameField::KEY.len()],
            FrameField::KEY
        );
    }

    #[test]
    fn a_name_or_letter_stands_for_one_subject() {
        for subject in Subject::all() {
            assert_eq!(Subject::from_letter(subject.letter()), Some(subject));
            for name in subject.names() {
                assert_eq!(Subject::from_name(name), Some(subject), "{name}");
            }
        }
        assert_eq!(Subject::from_name("orig_in_app"), None);
    }
}
