//! Mapping files: any bytes, and questions with the names that stand in them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ophio::proguard::{Mapper, Query};

fuzz_target!(|case: (&[u8], &[u8], usize)| {
    let (mapping, queries, line) = case;
    let mapper = Mapper::new(mapping.to_vec());
    mapper.uuid();
    mapper.has_line_info();
    mapper.is_valid();
    let _ = mapper.remap_packed(queries);
    let text = String::from_utf8_lossy(mapping);
    let words: Vec<_> = text
        .split(|c: char| c.is_whitespace() || "():,->".contains(c))
        .filter(|word| !word.is_empty())
        .take(8)
        .collect();
    for class in &words {
        mapper.remap_class(class).unwrap();
        for method in &words {
            mapper.remap_method(class, method).unwrap();
            for parameters in [None, Some("int"), Some("")] {
                let query = Query {
                    class,
                    method,
                    line,
                    parameters,
                };
                assert!(mapper.remap_frame(query).unwrap().count() <= mapping.len());
            }
        }
    }
    mapper.remap_stacktrace(&text, false).unwrap();
    mapper.retrace_packed(&text, true).unwrap();
    if let [class, method, ..] = words[..] {
        let frame = format!("    at {class}.{method}(X.java:{line})\n");
        mapper.remap_stacktrace(&frame, true).unwrap();
    }
});
