//! The binary form of rules, and the compressed one: what is read can be written and read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ophio::enhancements::{Cache, Enhancements, OtherFamily};

fuzz_target!(|data: &[u8]| {
    let cache = Cache::new(8);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Enhancements::from_base64(text, OtherFamily::Read);
    }
    let Ok(rules) = Enhancements::from_config_structure(data, &cache) else {
        return;
    };
    let _ = rules.describe();
    if let Ok(text) = rules.to_text() {
        let again = Enhancements::parse(&text, &cache).expect("printed rules parse");
        assert_eq!(again.rules(), rules.rules());
    }
    if let Ok(bytes) = rules.to_config_structure(3, &["x".to_owned()]) {
        let again = Enhancements::from_config_structure(&bytes, &cache).expect("written rules");
        assert_eq!(again.rules(), rules.rules());
    }
    if let Ok(text) = rules.to_base64() {
        let again = Enhancements::from_base64(&text, OtherFamily::Read).expect("stored rules");
        assert_eq!(again.rules(), rules.rules());
    }
});
