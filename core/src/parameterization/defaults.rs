//! The patterns that come with the package.
//!
//! They follow the standards of the formats, and prefer to leave a value in place over replacing
//! a word: `os.path` is not a hostname, and `SomeClass::add` has no address. No pattern consumes
//! a line feed, so each line of a log is searched on its own.
//!
//! The order matters where two kinds match at the same place: 32 hexadecimal digits are an `md5`
//! before they are `hex`. `examples` shows for each kind what it matches and what it does not.

use super::Pattern;

/// The names and the regexes of the default patterns, in their order.
pub const DEFAULT_PATTERNS: &[(&str, &str)] = &[
    (
        "email",
        r"
        [\w.%+-]+ @
        (?: [A-Za-z0-9] (?: [A-Za-z0-9-]{0,61} [A-Za-z0-9] )? \. )+
        [A-Za-z]{2,63} \b
        ",
    ),
    (
        "url",
        // Punctuation at the end belongs to the sentence.
        r#"
        \b (?ia: wss? | https? | ftp ) ://
        [^\s<>"'`]* [^\s<>"'`.,;:!?()\[\]{}]
        "#,
    ),
    (
        "hostname",
        // The most used top-level domains, without those that are more often the end of a file
        // name or of an expression: `cc`, `id`, `py`, `rs`, `sh`.
        r"
        (?<! [\w.@-] )
        (?:
            (?: [a-z0-9] (?: [a-z0-9-]{0,61} [a-z0-9] )? \. )+
            (?:
                ae | ai | app | ar | asia | at | au | be | bg | biz | br | by | ca | cat | ch | cl
                | cloud | club | cn | co | com | cz | de | dev | dk | edu | ee | es | eu | fi | fr
                | fun | gov | gr | group | hk | hr | hu | icu | ie | il | in | info | int | io | ir
                | is | it | jp | kr | kz | life | link | live | lt | lv | me | mil | mobi | mx | my
                | net | ng | nl | no | nu | nz | online | org | pe | ph | pk | pl | pro | pt | ro
                | ru | se | sg | shop | si | site | sk | space | store | su | tech | th | top | tr
                | tv | tw | ua | uk | us | vip | vn | website | work | xyz | za
            )
            |
            (?: [A-Z0-9] (?: [A-Z0-9-]{0,61} [A-Z0-9] )? \. )+
            (?:
                AE | AI | APP | AR | ASIA | AT | AU | BE | BG | BIZ | BR | BY | CA | CAT | CH | CL
                | CLOUD | CLUB | CN | CO | COM | CZ | DE | DEV | DK | EDU | EE | ES | EU | FI | FR
                | FUN | GOV | GR | GROUP | HK | HR | HU | ICU | IE | IL | IN | INFO | INT | IO | IR
                | IS | IT | JP | KR | KZ | LIFE | LINK | LIVE | LT | LV | ME | MIL | MOBI | MX | MY
                | NET | NG | NL | NO | NU | NZ | ONLINE | ORG | PE | PH | PK | PL | PRO | PT | RO
                | RU | SE | SG | SHOP | SI | SITE | SK | SPACE | STORE | SU | TECH | TH | TOP | TR
                | TV | TW | UA | UK | US | VIP | VN | WEBSITE | WORK | XYZ | ZA
            )
        )
        (?! [\w-] | \.[A-Za-z0-9] )
        ",
    ),
    (
        "ip",
        r"
        (?<! [\w.] )
        (?: (?: 25[0-5] | 2[0-4][0-9] | 1[0-9]{2} | [1-9]?[0-9] ) \. ){3}
        (?: 25[0-5] | 2[0-4][0-9] | 1[0-9]{2} | [1-9]?[0-9] )
        (?! \w | \.[0-9] )
        |
        # IPv6: eight groups, or fewer with :: for the missing ones
        (?<! [\w:.] )
        (?:
            (?: [0-9A-Fa-f]{1,4} : ){7} [0-9A-Fa-f]{1,4}
            | (?: [0-9A-Fa-f]{1,4} : ){1,6} (?: : [0-9A-Fa-f]{1,4} ){1}
            | (?: [0-9A-Fa-f]{1,4} : ){1,5} (?: : [0-9A-Fa-f]{1,4} ){2}
            | (?: [0-9A-Fa-f]{1,4} : ){1,4} (?: : [0-9A-Fa-f]{1,4} ){3}
            | (?: [0-9A-Fa-f]{1,4} : ){1,3} (?: : [0-9A-Fa-f]{1,4} ){4}
            | (?: [0-9A-Fa-f]{1,4} : ){1,2} (?: : [0-9A-Fa-f]{1,4} ){5}
            | (?: [0-9A-Fa-f]{1,4} : ){1} (?: : [0-9A-Fa-f]{1,4} ){6}
            | (?: [0-9A-Fa-f]{1,4} : ){1,7} :
            | : (?: : [0-9A-Fa-f]{1,4} ){1,7}
            # The last two groups as an IPv4 address
            | (?:
                (?: [0-9A-Fa-f]{1,4} : ){6}
                | (?: [0-9A-Fa-f]{1,4} : ){1,5} :
                | (?: [0-9A-Fa-f]{1,4} : ){1,4} (?: : [0-9A-Fa-f]{1,4} ){1} :
                | (?: [0-9A-Fa-f]{1,4} : ){1,3} (?: : [0-9A-Fa-f]{1,4} ){2} :
                | (?: [0-9A-Fa-f]{1,4} : ){1,2} (?: : [0-9A-Fa-f]{1,4} ){3} :
                | (?: [0-9A-Fa-f]{1,4} : ){1} (?: : [0-9A-Fa-f]{1,4} ){4} :
                | : (?: : [0-9A-Fa-f]{1,4} ){0,5} :
            )
            (?: (?: 25[0-5] | 2[0-4][0-9] | 1[0-9]{2} | [1-9]?[0-9] ) \. ){3}
            (?: 25[0-5] | 2[0-4][0-9] | 1[0-9]{2} | [1-9]?[0-9] )
        )
        (?: % [0-9A-Za-z]+ )?
        (?! [\w:] | \.[0-9] )
        |
        # Alone, :: is an operator more often than an address
        (?<= \[ ) :: (?= \] )
        ",
    ),
    (
        "traceparent",
        r"
        # W3C: version, trace, parent, flags
        \b 00 - [0-9a-f]{32} - [0-9a-f]{16} - 0[0-9a-f] \b
        |
        # AWS X-Ray: version, time, trace
        \b 1 - [0-9a-f]{8} - [0-9a-f]{24} \b
        ",
    ),
    (
        "uuid",
        r"\b [0-9A-Fa-f]{8} - (?: [0-9A-Fa-f]{4} - ){3} [0-9A-Fa-f]{12} \b",
    ),
    ("sha1", r"\b [0-9A-Fa-f]{40} \b"),
    ("md5", r"\b [0-9A-Fa-f]{32} \b"),
    (
        "date",
        r"
        (?<! [\w.:] )
        (?:
            # RFC 822, 1123, 850 and 9110: Sun, 06 Nov 1994 08:49:37 GMT
            (?:
                (?: Mon | Tue | Wed | Thu | Fri | Sat | Sun
                    | Monday | Tuesday | Wednesday | Thursday | Friday | Saturday | Sunday
                ) ,\  [\ ]?
            )?
            [0-9]{1,2} [\ -]
            (?: Jan | Feb | Mar | Apr | May | Jun | Jul | Aug | Sep | Oct | Nov | Dec ) [\ -]
            (?: [0-9]{4} | [0-9]{2} ) [ ]
            [0-9]{2} : [0-9]{2} (?: : [0-9]{2} )?
            (?: \  (?: UTC? | GMT | [ECMP][SD]T | [+-][0-9]{4} | [A-IK-Z] ) )?
            |
            # ISO 8601 and RFC 3339: 2020-01-02T03:04:05.678+09:00, 2020/01/02 03:04:05
            [0-9]{4} (?: - (?: 0[1-9] | 1[0-2] ) - | / (?: 0[1-9] | 1[0-2] ) / )
            (?: 0[1-9] | [12][0-9] | 3[01] )
            (?:
                [Tt\ ] (?: [01][0-9] | 2[0-4] ) : [0-5][0-9]
                (?: : [0-6][0-9] (?: [.,] [0-9]{1,9} )? )?
                (?: \ ? (?: [Zz] | UTC | GMT | [+-][0-9]{2} (?: :? [0-9]{2} )? ) )?
            )?
            |
            # ISO 8601 without separators: 20200102T030405Z, 20200102
            (?: 19 | 20 ) [0-9]{2} (?: 0[1-9] | 1[0-2] ) (?: 0[1-9] | [12][0-9] | 3[01] )
            (?:
                T? (?: [01][0-9] | 2[0-4] ) [0-5][0-9] (?: [0-6][0-9] (?: [.,] [0-9]{1,9} )? )?
                (?: Z | [+-][0-9]{2} (?: :? [0-9]{2} )? )?
            )?
            |
            # Weeks of ISO 8601: 2020-W01-3
            [0-9]{4} -? W (?: 0[1-9] | [1-4][0-9] | 5[0-3] ) (?: -? [1-7] )?
            |
            # JavaScript and ctime: Wed Jan 01 2020 00:00:00 GMT+0100 (CET)
            (?: Mon | Tue | Wed | Thu | Fri | Sat | Sun ) [ ]
            (?: Jan | Feb | Mar | Apr | May | Jun | Jul | Aug | Sep | Oct | Nov | Dec ) [ ]
            [\ 0-3]?[0-9] [ ]
            (?:
                [0-9]{4}
                (?:
                    \  [0-9]{2} : [0-9]{2} : [0-9]{2}
                    (?: \  (?: GMT | UTC ) (?: [+-][0-9]{4} )? )?
                    (?: \  \( [A-Za-z0-9+:\ -]{1,60} \) )?
                )?
                |
                [0-9]{2} : [0-9]{2} : [0-9]{2} (?: \  [A-Z]{3,4} )? \  [0-9]{4}
            )
            |
            # Jan 02, 1999 3:04 PM
            (?:
                Jan(?:uary)? | Feb(?:ruary)? | Mar(?:ch)? | Apr(?:il)? | May | June? | July?
                | Aug(?:ust)? | Sep(?:t(?:ember)?)? | Oct(?:ober)? | Nov(?:ember)? | Dec(?:ember)?
            )
            \.? \  [0-9]{1,2} (?: st | nd | rd | th )? ,? \  [0-9]{4}
            (?: ,? \  (?: at \  )? [0-9]{1,2} : [0-9]{2} (?: : [0-9]{2} )? (?: \ ?[AaPp][Mm] )? )?
            |
            # 2 January 1999
            [0-9]{1,2} [ ]
            (?:
                Jan(?:uary)? | Feb(?:ruary)? | Mar(?:ch)? | Apr(?:il)? | May | June? | July?
                | Aug(?:ust)? | Sep(?:t(?:ember)?)? | Oct(?:ober)? | Nov(?:ember)? | Dec(?:ember)?
            )
            \  [0-9]{4}
            |
            # syslog: Jan  2 03:04:05
            (?: Jan | Feb | Mar | Apr | May | Jun | Jul | Aug | Sep | Oct | Nov | Dec ) [ ]
            [\ 0-3]?[0-9] \  [0-9]{2} : [0-9]{2} : [0-9]{2}
            |
            # Common Log Format: 02/Jan/1999:03:04:05 +0000
            [0-9]{2} / (?: Jan | Feb | Mar | Apr | May | Jun | Jul | Aug | Sep | Oct | Nov | Dec ) /
            [0-9]{4} : [0-9]{2} : [0-9]{2} : [0-9]{2} (?: \  [+-][0-9]{4} )?
            |
            # Times: 3:04 PM, 15:04, 15:04:05.678Z
            (?: 0?[1-9] | 1[0-2] ) : [0-5][0-9] (?: : [0-5][0-9] (?: [.,] [0-9]{1,9} )? )?
            \ ? [AaPp] (?: [Mm] | \.[Mm]\. )
            |
            (?: [01][0-9] | 2[0-3] ) : [0-5][0-9]
            (?: : [0-6][0-9] (?: [.,] [0-9]{1,9} )? )?
            (?: Z | [+-][0-9]{2} :? [0-9]{2} )?
            |
            datetime\.datetime\(
                [0-9]{1,4} (?: ,\ ?[0-9]{1,6} ){2,6}
                (?: ,\ ?(?: fold=1 | tzinfo=
                    [\w.]+ (?: \( [^()\n]* (?: \( [^()\n]* \) [^()\n]* )* \) )?
                    | tzinfo=< [^<>\n]* >
                ) ){0,2}
            \)
        )
        (?! \w | :[0-9] | \.[0-9] )
        ",
    ),
    (
        "duration",
        r"
        (?<! [\w.] )
        (?:
            (?: [0-9]+h )? (?: [0-9]+m )?
            [0-9]+ (?: \.[0-9]+ )? (?: ns | [uµμ]s | ms | s | secs? | mins? | hrs? )
            |
            [0-9]+ (?: h | h[0-9]+m )
        )
        \b
        ",
    ),
    (
        "hex",
        r"
        \b 0[xX][0-9A-Fa-f]+ \b
        |
        \b (?= [a-f]* [0-9] ) [0-9a-f]{8,128} \b
        |
        \b (?= [A-F]* [0-9] ) [0-9A-F]{8,128} \b
        ",
    ),
    (
        "git_sha",
        r"\b (?= [a-f]* [0-9] ) (?= [0-9]* [a-f] ) [0-9a-f]{7} \b",
    ),
    (
        "random_id",
        r"
        \b (?:
            [A-Za-z]+ [0-9]+ [A-Za-z]+ [0-9]
            |
            [0-9]+ [A-Za-z]+ [0-9]+ [A-Za-z]
        ) [A-Za-z0-9]* \b
        ",
    ),
    (
        "float",
        r"
        (?: (?<! [\w.)\]-] ) - )?
        (?<! [\w.] )
        (?: [0-9]+ \.[0-9]+ (?: [eE][+-]?[0-9]+ )? | [0-9]+ [eE][+-]?[0-9]+ | \.[0-9]+ )
        (?! \w | \.[0-9] )
        ",
    ),
    ("int", r"(?: (?<! [\w.)\]-] ) - )? \b [0-9]+ \b"),
    (
        "quoted_str",
        r#"
        (?<= = )
        (?: ' (?: [^'\\\n] | \\. )* ' | " (?: [^"\\\n] | \\. )* " )
        "#,
    ),
    (
        "bool",
        r"(?<= = ) (?: True | true | TRUE | False | false | FALSE ) \b",
    ),
];

/// Returns the default patterns.
pub fn default_patterns() -> Vec<Pattern> {
    let patterns = DEFAULT_PATTERNS.iter();
    patterns
        .map(|&(name, regex)| Pattern::new(name, regex))
        .collect()
}
