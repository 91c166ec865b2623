//! The form in which Sentry stores rules: text that goes into a database or a URL.
//!
//! ```text
//! rules -> binary form -> zstandard -> base64 (URL-safe, no padding)
//!
//! KLUv_SAVqQAA...#eJxrYGBg...       up to three of them, joined by #: one after the other
//! ```
//!
//! Older ones are compressed by zlib; both are read, zstandard is written. What comes out of
//! a few kilobytes can be gigabytes, so there is a limit to it.

use std::io::Read;

use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::DecodePaddingMode;
use base64::{alphabet, Engine};
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{compress_to_vec, CompressionLevel};
use thiserror::Error;

use crate::enhancements::binary::config_structure;
use crate::enhancements::cache::Cache;
use crate::enhancements::error::{ConfigStructureError, EnhancementsError};
use crate::enhancements::rule_set::Enhancements;
use crate::limits::Limit;

/// How many rule sets one text may hold.
const MOST: usize = 3;

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

// It is written without padding; who has added some means no harm.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A stored form that is malformed.
#[derive(Debug, Error)]
pub enum StoredError {
    /// More rule sets than a text may hold.
    #[error(
        "Invalid syntax in the stored rules: {0} parts joined by `#`, at most {MOST} are read"
    )]
    TooMany(usize),
    /// Not base64.
    #[error("Invalid syntax in the stored rules: part {part}: not base64: {reason}")]
    Base64 {
        /// Which part, from 0.
        part: usize,
        /// What is wrong.
        reason: String,
    },
    /// Neither zstandard nor zlib, or damaged.
    #[error("Invalid syntax in the stored rules: part {part}: cannot be decompressed: {reason}")]
    Compression {
        /// Which part, from 0.
        part: usize,
        /// What is wrong.
        reason: String,
    },
    /// The binary form in it is malformed.
    #[error(transparent)]
    Rules(#[from] EnhancementsError),
}

impl Enhancements {
    /// Writes the form in which Sentry stores rules.
    ///
    /// # Errors
    ///
    /// If a pattern is larger than the binary form can hold.
    pub fn to_base64(&self) -> Result<String, ConfigStructureError> {
        let binary = config_structure::encode(self.rules(), 3, &[])?;
        let compressed = compress_to_vec(&binary[..], CompressionLevel::Fastest);
        Ok(BASE64.encode(compressed))
    }

    /// Reads the form in which Sentry stores rules.
    ///
    /// # Errors
    ///
    /// What is malformed, and in which part; or more rules than are taken.
    pub fn from_base64(text: &str, cache: &Cache) -> Result<Self, StoredError> {
        let parts: Vec<&str> = text.split('#').collect();
        if parts.len() > MOST {
            return Err(StoredError::TooMany(parts.len()));
        }
        let mut rules = Self::empty();
        for (part, encoded) in parts.into_iter().enumerate() {
            let compressed = BASE64.decode(encoded.trim()).map_err(|err| {
                let reason = err.to_string();
                StoredError::Base64 { part, reason }
            })?;
            let binary = decompress(&compressed)
                .map_err(|reason| StoredError::Compression { part, reason })?
                .ok_or_else(|| EnhancementsError::Limit(Limit::RuleBytes.beyond()))?;
            rules.extend_from(&Self::from_config_structure(&binary, cache)?);
        }
        Ok(rules)
    }
}

/// Decompresses rules; `None` is more of them than is taken.
fn decompress(data: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let most = Limit::RuleBytes.get();
    if !data.starts_with(&ZSTD_MAGIC) {
        return match decompress_to_vec_zlib_with_limit(data, most) {
            Ok(binary) => Ok(Some(binary)),
            Err(err) if err.status == miniz_oxide::inflate::TINFLStatus::HasMoreOutput => Ok(None),
            Err(_) => Err("neither zstandard nor zlib, or damaged".to_owned()),
        };
    }
    let mut binary = Vec::new();
    let decoder = StreamingDecoder::new(data).map_err(|err| err.to_string())?;
    decoder
        .take((most as u64).saturating_add(1))
        .read_to_end(&mut binary)
        .map_err(|err| err.to_string())?;
    Ok(Some(binary).filter(|binary| binary.len() <= most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::testing::rule;
    use crate::testing::{cases, Random};
    use miniz_oxide::deflate::compress_to_vec_zlib;

    fn parse(text: &str) -> Enhancements {
        Enhancements::parse(text, &Cache::new(0)).unwrap()
    }

    #[test]
    fn rules_survive_being_stored() {
        let cache = Cache::new(0);
        let mut random = Random::new(31);
        for _ in 0..cases(500) {
            let text: Vec<_> = (0..random.0.usize(..30))
                .map(|_| rule(&mut random))
                .collect();
            let Ok(rules) = Enhancements::parse(&text.join("\n"), &cache) else {
                continue;
            };
            let stored = rules.to_base64().unwrap();
            assert!(!stored.contains(['+', '/', '=', '#']));
            let again = Enhancements::from_base64(&stored, &cache).unwrap();
            let binary = |rules: &Enhancements| rules.to_config_structure(3, &[]).unwrap();
            assert_eq!(binary(&again), binary(&rules));
        }
    }

    #[test]
    fn older_and_joined_forms_are_read() {
        let rules = parse("function:a +app");
        let binary = rules.to_config_structure(2, &[]).unwrap();
        let zlib = compress_to_vec_zlib(&binary, 6);
        let padded = base64::engine::general_purpose::URL_SAFE.encode(&zlib);
        let stored = rules.to_base64().unwrap();
        let joined = format!("{}#{stored}#{padded}", BASE64.encode(&zlib));
        let read = Enhancements::from_base64(&joined, &Cache::new(0)).unwrap();
        assert_eq!(read.rules().len(), 3);
    }

    #[test]
    fn what_is_malformed_is_told() {
        let cache = Cache::new(0);
        let good = parse("function:a +app").to_base64().unwrap();
        for (text, says) in [
            ("a#b#c#d".to_owned(), "4 parts joined by `#`, at most 3"),
            ("%".to_owned(), "part 0: not base64"),
            (format!("{good}#%"), "part 1: not base64"),
            (String::new(), "part 0: cannot be decompressed"),
            (BASE64.encode(b"nothing"), "neither zstandard nor zlib"),
            (BASE64.encode(ZSTD_MAGIC), "part 0: cannot be decompressed"),
            (
                BASE64.encode(compress_to_vec_zlib(b"nothing", 6)),
                "Invalid syntax in the config structure",
            ),
            (good[..good.len() - 8].to_owned(), "cannot be decompressed"),
        ] {
            let error = Enhancements::from_base64(&text, &cache).err();
            let error = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let cache = Cache::new(0);
        let zeros = vec![0; Limit::RuleBytes.get() + 1];
        for bomb in [
            compress_to_vec(&zeros[..], CompressionLevel::Fastest),
            compress_to_vec_zlib(&zeros, 6),
        ] {
            let error = Enhancements::from_base64(&BASE64.encode(bomb), &cache)
                .err()
                .unwrap();
            assert!(
                error.to_string().contains("67108865 bytes of rules"),
                "{error}"
            );
        }
    }
}
