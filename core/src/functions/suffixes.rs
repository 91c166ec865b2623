//! What compilers and linkers append to names.
//!
//! ```text
//! app::run::hd691ac2b139ffb3c     Rust's hash
//! memcpy@@GLIBC_2.14              the version of a symbol
//! @sell@12                        the bytes of the arguments, on Windows
//! ```

/// Removes a hash, then a version, then the decoration of Windows.
pub(super) fn without(name: &str) -> &str {
    without_decoration(without_version(without_hash(name)))
}

fn without_hash(name: &str) -> &str {
    const LEN: usize = 16;
    let Some(start) = name.len().checked_sub("::h".len() + LEN) else {
        return name;
    };
    let (bytes, hash) = (name.as_bytes(), start + "::h".len());
    let digits = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'z');
    if bytes[start..].starts_with(b"::h") && bytes[hash..].iter().all(digits) {
        &name[..start]
    } else {
        name
    }
}

fn without_version(name: &str) -> &str {
    let version = |c: char| c.is_ascii_digit() || c == '.';
    let rest = name.trim_end_matches(version);
    if rest.len() == name.len() {
        return name;
    }
    match rest.strip_suffix("@GLIBC_") {
        Some(rest) => rest.strip_suffix('@').unwrap_or(rest),
        None => name,
    }
}

fn without_decoration(name: &str) -> &str {
    let rest = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if rest.len() == name.len() {
        return name;
    }
    match rest.strip_suffix('@') {
        Some(rest) if !rest.contains('\n') => rest.strip_prefix('@').unwrap_or(rest),
        _ => name,
    }
}
