//! Characters that are invisible, or that look like a character of the rule language.
//!
//! Rules are often copied from web pages and chats, which replace quotes, dashes and spaces. A rule
//! that looks right then fails, or matches nothing. [`odd`] names such a character and says
//! what to write instead:
//!
//! ```text
//! U+00A0  non-breaking space      a space
//! U+2013  en dash                 -
//! U+201C  left curly quote        "
//! U+200B  zero-width space        nothing
//! ```
//!
//! ASCII has no such characters except control characters.

use std::fmt;

/// What an odd character resembles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A space.
    Space,
    /// Nothing: it takes no room.
    Invisible,
    /// A double quote.
    Quote,
    /// Another character of the rule language.
    Other,
}

/// An odd character.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Odd {
    character: char,
    name: &'static str,
    pub(crate) kind: Kind,
    /// What to write instead. It may be empty.
    pub(crate) instead: &'static str,
}

/// Writes `en dash (U+2013)`.
impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (U+{:04X})", self.name, u32::from(self.character))
    }
}

impl Odd {
    /// Returns what to do about it, as the end of a sentence: "write `-`".
    pub(crate) fn advice(&self) -> String {
        match self.instead {
            "" => "remove it".to_owned(),
            " " => "write a space".to_owned(),
            instead => format!("write `{instead}`"),
        }
    }
}

/// Makes the table of odd characters. A row has a character or a range, its name, and its kind; for
/// the kind `Other`, what to write instead.
macro_rules! odd {
    (@last $first:literal) => { $first };
    (@last $first:literal $last:literal) => { $last };
    (@instead Space) => { " " };
    (@instead Invisible) => { "" };
    (@instead Quote) => { "\"" };
    (@instead Other $instead:literal) => { $instead };
    ($($first:literal $(..= $last:literal)? $name:literal: $kind:ident $($instead:literal)?,)*) => {
        &[$((
            $first,
            odd!(@last $first $($last)?),
            $name,
            Kind::$kind,
            odd!(@instead $kind $($instead)?),
        )),*]
    };
}

/// Ranges of characters, sorted.
const ODD: &[(char, char, &str, Kind, &str)] = odd! {
    '\0'..='\u{8}' "control character": Invisible,
    '\u{e}'..='\u{1f}' "control character": Invisible,
    '\u{7f}'..='\u{84}' "control character": Invisible,
    '\u{85}' "next line": Space,
    '\u{86}'..='\u{9f}' "control character": Invisible,
    '\u{a0}' "non-breaking space": Space,
    '\u{a6}' "broken bar": Other "|",
    '\u{ab}' "left angle quote": Quote,
    '\u{ad}' "soft hyphen": Invisible,
    '\u{b4}' "acute accent": Other "\"",
    '\u{bb}' "right angle quote": Quote,
    '\u{2c6}' "circumflex accent": Other "^",
    '\u{34f}' "grapheme joiner": Invisible,
    '\u{391}' "Greek letter alpha": Other "A",
    '\u{3b1}' "Greek letter alpha": Other "a",
    '\u{3bd}' "Greek letter nu": Other "v",
    '\u{3bf}' "Greek letter omicron": Other "o",
    '\u{3c1}' "Greek letter rho": Other "p",
    '\u{430}' "Cyrillic letter a": Other "a",
    '\u{435}' "Cyrillic letter ie": Other "e",
    '\u{43e}' "Cyrillic letter o": Other "o",
    '\u{440}' "Cyrillic letter er": Other "p",
    '\u{441}' "Cyrillic letter es": Other "c",
    '\u{443}' "Cyrillic letter u": Other "y",
    '\u{445}' "Cyrillic letter ha": Other "x",
    '\u{455}' "Cyrillic letter dze": Other "s",
    '\u{456}' "Cyrillic letter i": Other "i",
    '\u{458}' "Cyrillic letter je": Other "j",
    '\u{61c}' "direction mark": Invisible,
    '\u{1680}' "Ogham space": Space,
    '\u{180e}' "vowel separator": Invisible,
    '\u{2000}'..='\u{2001}' "wide space": Space,
    '\u{2002}' "en space": Space,
    '\u{2003}' "em space": Space,
    '\u{2004}'..='\u{2006}' "narrow space": Space,
    '\u{2007}' "figure space": Space,
    '\u{2008}' "punctuation space": Space,
    '\u{2009}' "thin space": Space,
    '\u{200a}' "hair space": Space,
    '\u{200b}' "zero-width space": Invisible,
    '\u{200c}' "zero-width non-joiner": Invisible,
    '\u{200d}' "zero-width joiner": Invisible,
    '\u{200e}'..='\u{200f}' "direction mark": Invisible,
    '\u{2010}' "hyphen": Other "-",
    '\u{2011}' "non-breaking hyphen": Other "-",
    '\u{2012}' "figure dash": Other "-",
    '\u{2013}' "en dash": Other "-",
    '\u{2014}' "em dash": Other "-",
    '\u{2015}' "horizontal bar": Other "-",
    '\u{2018}'..='\u{201b}' "curly single quote": Quote,
    '\u{201c}' "left curly quote": Quote,
    '\u{201d}' "right curly quote": Quote,
    '\u{201e}'..='\u{201f}' "curly quote": Quote,
    '\u{2026}' "ellipsis": Other "...",
    '\u{2028}' "line separator": Space,
    '\u{2029}' "paragraph separator": Space,
    '\u{202a}'..='\u{202e}' "direction mark": Invisible,
    '\u{202f}' "narrow non-breaking space": Space,
    '\u{2032}'..='\u{2037}' "prime": Quote,
    '\u{2039}'..='\u{203a}' "angle quote": Quote,
    '\u{2044}' "fraction slash": Other "/",
    '\u{204e}' "low asterisk": Other "*",
    '\u{205f}' "mathematical space": Space,
    '\u{2060}' "word joiner": Invisible,
    '\u{2061}'..='\u{2064}' "invisible operator": Invisible,
    '\u{2066}'..='\u{206f}' "direction mark": Invisible,
    '\u{2212}' "minus sign": Other "-",
    '\u{2215}' "division slash": Other "/",
    '\u{2217}' "asterisk operator": Other "*",
    '\u{2223}' "divides sign": Other "|",
    '\u{2236}' "ratio sign": Other ":",
    '\u{3000}' "ideographic space": Space,
    '\u{a789}' "modifier colon": Other ":",
    '\u{fe00}'..='\u{fe0f}' "variation selector": Invisible,
    '\u{fe55}' "small colon": Other ":",
    '\u{fe63}' "small hyphen": Other "-",
    '\u{feff}' "byte order mark": Invisible,
    '\u{fff9}'..='\u{fffb}' "annotation mark": Invisible,
    '\u{e0000}'..='\u{e0fff}' "tag character": Invisible,
};

/// The printable characters of ASCII, whose wide forms are at U+FF01 and after.
const ASCII: &str = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`\
                     abcdefghijklmnopqrstuvwxyz{|}~";

/// Describes a character that is invisible or looks like another one.
pub(crate) fn odd(character: char) -> Option<Odd> {
    if (' '..='~').contains(&character) {
        return None;
    }
    let wide = u32::from(character).wrapping_sub(0xff01) as usize;
    if let Some(instead) = ASCII.get(wide..=wide) {
        let kind = if instead == "\"" {
            Kind::Quote
        } else {
            Kind::Other
        };
        return Some(Odd {
            character,
            name: "full-width character",
            kind,
            instead,
        });
    }
    let at = ODD.partition_point(|&(_, last, ..)| last < character);
    let &(first, _, name, kind, instead) = ODD.get(at)?;
    (first <= character).then_some(Odd {
        character,
        name,
        kind,
        instead,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_sorted_and_have_names() {
        for two in ODD.windows(2) {
            assert!(two[0].1 < two[1].0, "{two:?}");
        }
        for &(first, last, name, ..) in ODD {
            assert!(first <= last && !name.is_empty(), "{name}");
        }
    }

    #[test]
    fn odd_characters_have_a_name_and_a_replacement() {
        for (character, expected) in [
            ('\u{a0}', "non-breaking space (U+00A0): write a space"),
            ('–', "en dash (U+2013): write `-`"),
            ('“', "left curly quote (U+201C): write `\"`"),
            ('\u{200b}', "zero-width space (U+200B): remove it"),
            ('：', "full-width character (U+FF1A): write `:`"),
            ('с', "Cyrillic letter es (U+0441): write `c`"),
            ('\u{1b}', "control character (U+001B): remove it"),
        ] {
            let odd = odd(character).unwrap();
            assert_eq!(format!("{odd}: {}", odd.advice()), expected);
        }
        for character in "aé日~ \t\n".chars() {
            assert!(odd(character).is_none(), "{character:?}");
        }
    }

    #[test]
    fn every_invisible_space_is_odd() {
        let spaces = ('\u{80}'..=char::MAX).filter(|c| c.is_whitespace() || c.is_control());
        assert!(spaces.clone().all(|c| odd(c).is_some()));
        assert!(spaces.count() > 40);
    }
}
