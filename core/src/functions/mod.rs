//! Trims function names: removes arguments, generic parameters, hashes and versions.
//!
//! Compilers create long function names, which contain the types of arguments and results, generic
//! parameters, hashes, and numbers for lambdas. In two builds of one program the same function can
//! have different names. Rules and grouping use trimmed names:
//!
//! ```text
//! void std::vector<int, std::allocator<int>>::push_back(int const&)   std::vector<T>::push_back
//! <T as core::convert::Into<U>>::into                                 core::convert::Into<T>::into
//! app::main::{{closure}}::hd691ac2b139ffb3c                           app::main::{{closure}}
//! static Shop.sell(Swift.Int) -> Swift.Bool                           Shop.sell
//! ```
//!
//! The steps are those of Sentry, which trims the names of native and C# functions only:
//!
//! ```text
//! name -> tidy       white space, trailing const and &, compilers' clones
//!      -> marks      operators are replaced by marks
//!      -> lambdas    each kind of compiler's lambda becomes `lambda`
//!      -> enclosed   arguments (...) are removed, generic parameters <...> become <T>
//!      -> tokens     the token with the function is selected
//!      -> marks      marks are replaced by their operators
//!      -> suffixes   hashes and versions are removed
//! ```
//!
//! Every step takes linear time for any name.

mod characters;
mod edit;
mod enclosed;
mod generics;
mod lambdas;
mod marks;
mod memo;
mod suffixes;
mod tokens;

use std::borrow::Cow;

pub(crate) use characters::{is_space, is_word};
pub(crate) use memo::with_trimmed;

use crate::msgpack_array::{self, PackedValuesError};

/// The platforms whose functions are trimmed as native ones.
const NATIVE: [&str; 5] = ["objc", "cocoa", "swift", "native", "c"];

/// Trims the name of a function for a platform.
///
/// For other platforms, and for `None`, the name does not change.
///
/// ```
/// use ophio::functions::trim_function_name;
///
/// assert_eq!(trim_function_name("int main(int, char**)", Some("native")), "main");
/// assert_eq!(trim_function_name("Run (int count)", Some("csharp")), "Run");
/// assert_eq!(trim_function_name("f(x)", Some("python")), "f(x)");
/// ```
pub fn trim_function_name<'n>(name: &'n str, platform: Option<&str>) -> Cow<'n, str> {
    match platform {
        Some("csharp") => name.split_once(" (").map_or(name, |(name, _)| name).into(),
        Some(platform) if NATIVE.contains(&platform) => native(name, platform),
        _ => name.into(),
    }
}

/// Whether names of a platform are trimmed.
pub(crate) fn has_rules(platform: &str) -> bool {
    platform == "csharp" || NATIVE.contains(&platform)
}

/// Trims many names of one platform: a MessagePack array of strings, as the result is.
///
/// # Errors
///
/// Fails if the buffer is malformed, or a name is not UTF-8.
pub fn trim_packed(names: &[u8], platform: Option<&str>) -> Result<Vec<u8>, PackedValuesError> {
    // Of a text in a buffer of others, its end is enough.
    let (mut trimmed, mut ends) = (String::new(), Vec::new());
    let platform = platform.unwrap_or_default();
    msgpack_array::for_each(names, |name| {
        let name = std::str::from_utf8(name).map_err(PackedValuesError::new)?;
        with_trimmed(name, platform, |name| trimmed.push_str(name));
        ends.push(trimmed.len());
        Ok(())
    })?;
    let mut start = 0;
    msgpack_array::of_texts(ends.iter().map(|&end| {
        let name = &trimmed[start..end];
        start = end;
        name
    }))
}

fn native<'n>(name: &'n str, platform: &str) -> Cow<'n, str> {
    if matches!(name, "<redacted>" | "<unknown>") {
        return name.into();
    }
    let stripped = name.trim_matches(is_space);
    // Objective-C: `-[Shop sell:]`.
    if ["[", "+[", "-["]
        .iter()
        .any(|start| stripped.starts_with(start))
    {
        return stripped.into();
    }
    if is_plain(stripped) {
        return stripped.into();
    }
    let text = without_clones(stripped);
    let text = without_qualifiers(&text);
    let text = marks::put_aside(text);
    let text = lambdas::normalized(&text);
    let text = enclosed::without_arguments(&text);
    let text = generics::replaced(&text);
    match tokens::function(&text, platform) {
        Some(function) => {
            let function = marks::put_back(&function);
            let trimmed = suffixes::without(&function);
            if trimmed == name {
                name.into()
            } else {
                trimmed.to_owned().into()
            }
        }
        None => name.into(),
    }
}

/// Returns whether no step changes a name, as for most C functions.
fn is_plain(name: &str) -> bool {
    // Of single words only `const` is removed, and MSVC's lambdas are replaced.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty()
        && name.bytes().all(plain)
        && name != "const"
        && lambdas::len_at(name, 0).is_none()
}

/// Removes `[clone .part.3]` and similar suffixes. Other brackets are kept.
fn without_clones(name: &str) -> Cow<'_, str> {
    let kept = enclosed::replaced(name, b'[', b']', |inner, _, out| {
        if !inner.starts_with("clone .") {
            out.push('[');
            out.push_str(inner);
            out.push(']');
        }
    });
    match kept {
        Cow::Borrowed(name) => name.trim_end_matches(is_space).into(),
        Cow::Owned(mut name) => {
            name.truncate(name.trim_end_matches(is_space).len());
            name.into()
        }
    }
}

/// Removes a trailing `const` or `&`, as long as there is one.
fn without_qualifiers(mut name: &str) -> &str {
    loop {
        let rest = match name.strip_suffix('&') {
            Some(rest) => rest,
            None => match name.strip_suffix("const") {
                Some(rest) if !rest.ends_with(is_word) => rest,
                _ => return name,
            },
        };
        name = rest.trim_end_matches(is_space);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (platform, name, expected) in [
            ("native", "main", "main"),
            ("native", " main ", "main"),
            ("native", "", ""),
            ("native", "  ", "  "),
            ("native", "const", "const"),
            ("native", "<unknown>", "<unknown>"),
            ("native", "<redacted>", "<redacted>"),
            ("native", "int main(int, char**)", "main"),
            ("native", "Shop::sell(int) const &", "Shop::sell"),
            (
                "native",
                "Shop::sell(int) [clone .part.3] [clone .cold]",
                "Shop::sell",
            ),
            (
                "native",
                "std::vector<int>::push_back(int const&)",
                "std::vector<T>::push_back",
            ),
            (
                "native",
                "std::ostream& std::operator<< <char>(std::ostream&)",
                "std::operator<< <T>",
            ),
            ("native", "Shop::operator()(int) const", "Shop::operator()"),
            ("native", "Ptr<Shop>::operator->()", "Ptr<T>::operator->"),
            (
                "native",
                "(anonymous namespace)::sell(int)",
                "(anonymous namespace)::sell",
            ),
            (
                "native",
                "?A0xdeadbeef::sell",
                "`anonymous namespace'::sell",
            ),
            (
                "native",
                "main::{lambda(int)#2}::operator()(int)",
                "main::lambda::operator()",
            ),
            ("native", "main::$_3::run()", "main::lambda::run"),
            ("native", "$_\u{663}", "lambda"),
            ("native", "$_\u{b2}", "$_\u{b2}"),
            ("native", "$_1\u{93e}", "lambda\u{93e}"),
            ("native", "a\u{93e}const", "a\u{93e}"),
            ("native", "a\u{e9}const", "a\u{e9}const"),
            ("native", "{lambda(a\nb)#1}", "{lambda#1}"),
            (
                "native",
                "lambda_0123456789abcdef0123456789abcdef",
                "lambda",
            ),
            (
                "native",
                "xlambda_0123456789abcdef0123456789abcdef",
                "xlambda_0123456789abcdef0123456789abcdef",
            ),
            (
                "native",
                "<lambda_0123456789abcdef0123456789abcdef>::run",
                "<lambda>::run",
            ),
            ("native", "<Foo as shop::Sell>::sell", "Foo::sell"),
            (
                "native",
                "<T as shop::Sell<Vec<u8>>>::sell",
                "shop::Sell<T>::sell",
            ),
            ("native", "app::run::hd691ac2b139ffb3c", "app::run"),
            ("native", "memcpy@@GLIBC_2.14", "memcpy"),
            ("native", "@sell@12", "sell"),
            ("native", "-[Shop sell:(int)x]", "-[Shop sell:(int)x]"),
            (
                "swift",
                "static Shop.sell(Swift.Int) throws -> Swift.Bool",
                "Shop.sell",
            ),
            ("swift", "closure #1 in Shop.sell()", "closure in Shop.sell"),
            (
                "cocoa",
                "thunk for @escaping @callee () -> ()",
                "thunk for closure",
            ),
            ("csharp", "Shop.Sell (int x) (y)", "Shop.Sell"),
            ("csharp", "Shop.Sell(int x)", "Shop.Sell(int x)"),
            ("rust", "a::b(c)", "a::b(c)"),
        ] {
            assert_eq!(
                trim_function_name(name, Some(platform)),
                expected,
                "{name:?}"
            );
        }
        assert_eq!(trim_function_name("f(x)", None), "f(x)");
    }

    #[test]
    fn no_name_takes_more_than_linear_time() {
        // With a step of quadratic time these would take minutes.
        for piece in [
            "<",
            "(",
            "[",
            ")",
            "operator<",
            "const",
            "&",
            "{lambda(",
            "[clone .",
            "<a as ",
            " ->",
            "$_1",
            "of ",
        ] {
            let _ =
                trim_function_name(&piece.repeat(1 << 20 >> piece.len().ilog2()), Some("swift"));
        }
        for (open, close) in [
            ("<", ">"),
            ("(", ")"),
            ("<T as ", ">"),
            ("<", " as x>"),
            ("{[", "]}"),
        ] {
            let deep = open.repeat(100_000) + &close.repeat(100_000) + "::f";
            let _ = trim_function_name(&deep, Some("native"));
        }
    }
}
