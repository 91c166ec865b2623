//! Numbers of rules, conditions, categories and globs, as separate types.
//!
//! Each counts from 0 within one program. They are 32 bits wide: the memo keeps many of them.

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(super) struct $name(pub(super) u32);

        impl $name {
            /// Returns the number of the item with this index in a list.
            pub(super) fn at(index: usize) -> Self {
                Self(index as u32)
            }

            /// Returns the index of the item in its list.
            #[inline]
            pub(super) fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

numbers! {
    /// A rule of a program.
    RuleId
    /// A condition of a program: a question about the static part of one frame.
    ConditionId
    /// A category that a program sets or tests for.
    CategoryId
    /// A test of a category.
    CategoryTestId
    /// A compiled glob.
    GlobId
}
