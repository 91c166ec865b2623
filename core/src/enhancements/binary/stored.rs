//! The form in which Sentry stores rules: text that goes into a database or a URL.
//!
//! ```text
//! rules -> binary form -> zstandard -> base64 (URL-safe, no padding)
//!
//! KLUv_SAVqQAA...#eJxrYGBg...#...   up to three of them, joined by #
//! ```
//!
//! A text of three parts contains the same rules three times: all rules, then the rules with the
//! actions that change frames, then the rules with the actions that affect grouping ([`Part`]).
//!
//! Older texts are compressed by zlib. Both are read, and zstandard is written. A few kilobytes can
//! decompress to gigabytes, so the size of the result is limited.

use std::io::Read;

use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::DecodePaddingMode;
use base64::{alphabet, Engine};
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{compress_to_vec, CompressionLevel};
use thiserror::Error;

use crate::enhancements::binary::config_structure::{self, OtherFamily};
use crate::enhancements::error::{ConfigStructureError, EnhancementsError};
use crate::enhancements::rule_set::Enhancements;
use crate::enhancements::select::Part;
use crate::limits::Limit;

/// The maximum number of parts of a text.
const MAX_PARTS: usize = 3;

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

// It is written without padding, and read with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A stored form that is malformed.
#[derive(Debug, Error)]
pub enum StoredError {
    /// The text has too many parts.
    #[error(
        "Invalid syntax in the stored rules: {0} parts joined by `#`, expected at most {MAX_PARTS}"
    )]
    TooMany(usize),
    /// Not base64.
    #[error("Invalid syntax in the stored rules: part {part}: not base64: {reason}")]
    Base64 {
        /// The index of the part, from 0.
        part: usize,
        /// What is wrong.
        reason: String,
    },
    /// Neither zstandard nor zlib, or damaged.
    #[error("Invalid syntax in the stored rules: part {part}: cannot be decompressed: {reason}")]
    Compression {
        /// The index of the part, from 0.
        part: usize,
        /// What is wrong.
        reason: String,
    },
    /// The binary form in the text is malformed.
    #[error(transparent)]
    Rules(#[from] EnhancementsError),
}

impl Enhancements {
    /// Writes the form in which Sentry stores rules.
    ///
    /// # Errors
    ///
    /// Fails if a pattern is too long for the binary form.
    pub fn to_base64(&self) -> Result<String, ConfigStructureError> {
        let binary = config_structure::encode(self.rules(), 3, &[])?;
        let compressed = compress_to_vec(&binary[..], CompressionLevel::Fastest);
        Ok(BASE64.encode(compressed))
    }

    /// Reads the form in which Sentry stores rules: its first part, which has all rules.
    ///
    /// # Errors
    ///
    /// Fails if a part is malformed, or if there are more rules than the limit.
    pub fn from_base64(text: &str, other: OtherFamily) -> Result<Self, StoredError> {
        Ok(StoredRules::decode(text, other)?.rules)
    }
}

/// The rule sets of one stored text.
#[derive(Clone, Debug)]
pub struct StoredRules {
    /// All rules.
    pub rules: Enhancements,
    /// The rules with the actions that change frames.
    pub classifier: Enhancements,
    /// The rules with the actions that affect grouping.
    pub contributes: Enhancements,
}

impl StoredRules {
    /// Reads a stored text. Missing parts are made from the first part.
    ///
    /// # Errors
    ///
    /// Fails if a part is malformed, or if there are more rules than the limit.
    pub fn decode(text: &str, other: OtherFamily) -> Result<Self, StoredError> {
        let parts: Vec<&str> = text.split('#').collect();
        if parts.len() > MAX_PARTS {
            return Err(StoredError::TooMany(parts.len()));
        }
        let mut sets = Vec::with_capacity(MAX_PARTS);
        for (part, encoded) in parts.into_iter().enumerate() {
            let compressed = BASE64.decode(encoded.trim()).map_err(|err| {
                let reason = err.to_string();
                StoredError::Base64 { part, reason }
            })?;
            let binary = decompress(&compressed)
                .map_err(|reason| StoredError::Compression { part, reason })?
                .ok_or_else(|| EnhancementsError::Limit(Limit::RuleBytes.beyond()))?;
            sets.push(Enhancements::decode(&binary, other)?);
        }
        let mut sets = sets.into_iter();
        let rules = sets.next().unwrap_or_default();
        let classifier = sets.next();
        let contributes = sets.next();
        Ok(Self {
            classifier: classifier.unwrap_or_else(|| rules.part(Part::Classifier)),
            contributes: contributes.unwrap_or_else(|| rules.part(Part::Contributes)),
            rules,
        })
    }

    /// Writes a stored text of three parts, which Sentry can read. Each part contains `bases`.
    ///
    /// The decompressed bytes of each part equal those that Sentry stores. The compressed bytes
    /// depend on the compressor.
    ///
    /// # Errors
    ///
    /// Fails if a pattern is too long for the binary form.
    pub fn encode(&self, bases: &[String]) -> Result<String, ConfigStructureError> {
        let encoded = |rules: &Enhancements| {
            let binary = config_structure::encode(rules.rules(), 3, bases)?;
            let compressed = compress_to_vec(&binary[..], CompressionLevel::Fastest);
            Ok::<_, ConfigStructureError>(BASE64.encode(compressed))
        };
        let sets = [&self.rules, &self.classifier, &self.contributes];
        let parts: Result<Vec<_>, _> = sets.map(encoded).into_iter().collect();
        Ok(parts?.join("#"))
    }
}

/// Decompresses rules. Returns `None` if the result exceeds the limit.
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
    use crate::enhancements::Cache;
    use crate::testing::{cases, Random};
    use miniz_oxide::deflate::compress_to_vec_zlib;

    fn parse(text: &str) -> Enhancements {
        Enhancements::parse(text, &Cache::new(0)).unwrap()
    }

    #[test]
    fn rules_survive_being_stored() {
        let mut random = Random::new(31);
        for _ in 0..cases(500) {
            let text: Vec<_> = (0..random.0.usize(..30))
                .map(|_| rule(&mut random))
                .collect();
            let Ok(rules) = Enhancements::parse(&text.join("\n"), &Cache::new(0)) else {
                continue;
            };
            let stored = rules.to_base64().unwrap();
            assert!(!stored.contains(['+', '/', '=', '#']));
            let again = Enhancements::from_base64(&stored, OtherFamily::Read).unwrap();
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
        let read = Enhancements::from_base64(&joined, OtherFamily::Read).unwrap();
        assert_eq!(read.rules().len(), 1);
    }

    #[test]
    fn each_part_holds_the_bytes_that_sentry_stores() {
        let text = "app:yes function:a +app -group\n[ app:false ] | family:native,other -app\n\
                    value:x max-frames=3";
        let bases = ["base:2".to_owned()];
        let (plus, minus_app) = (1, 0x301);
        let second = (["[a0]|", "FNO"], [minus_app]);
        let third = (["vx"], [("max-frames", 3)]);
        let expected = [
            rmp_serde::to_vec(&(3, &bases, ((["a1", "fa"], [plus, 0x300]), &second, &third))),
            rmp_serde::to_vec(&(3, &bases, ((["a1", "fa"], [plus]), &second))),
            rmp_serde::to_vec(&(3, &bases, ((["a1", "fa"], [0x300]), &third))),
        ];
        let rules = parse(text);
        let stored = StoredRules {
            classifier: rules.part(Part::Classifier),
            contributes: rules.part(Part::Contributes),
            rules,
        };
        let written = stored.encode(&bases).unwrap();
        let again = StoredRules::decode(&written, OtherFamily::Read).unwrap();
        for text in [written, again.encode(&bases).unwrap()] {
            let parts: Vec<_> = text.split('#').collect();
            assert_eq!(parts.len(), expected.len());
            for (part, expected) in parts.into_iter().zip(&expected) {
                let binary = decompress(&BASE64.decode(part).unwrap()).unwrap();
                assert_eq!(binary.as_ref(), expected.as_ref().ok());
            }
        }
    }

    #[test]
    fn what_is_malformed_is_told() {
        let good = parse("function:a +app").to_base64().unwrap();
        for (text, says) in [
            (
                "a#b#c#d".to_owned(),
                "4 parts joined by `#`, expected at most 3",
            ),
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
            let error = Enhancements::from_base64(&text, OtherFamily::Read).err();
            let error = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let size = Limit::RuleBytes.get() + 1;
        let zeros = vec![0; size];
        for bomb in [
            compress_to_vec(&zeros[..], CompressionLevel::Fastest),
            compress_to_vec_zlib(&zeros, 6),
        ] {
            let error = Enhancements::from_base64(&BASE64.encode(bomb), OtherFamily::Read)
                .err()
                .unwrap();
            let expected = format!("{size} bytes of rules");
            assert!(error.to_string().contains(&expected), "{error}");
        }
    }
}
