//! Stack traces: a mapping, a zero byte, and a text that is retraced with it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ophio::proguard::Mapper;

fuzz_target!(|data: &[u8]| {
    let (mapping, text) = match data.iter().position(|&byte| byte == 0) {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, data),
    };
    let mapper = Mapper::new(mapping.to_vec());
    let text = String::from_utf8_lossy(text);
    for verbose in [false, true] {
        let (mut lines, mut printed) = (String::new(), String::new());
        let done = mapper.retrace(&text, verbose, |line| {
            lines.push_str(line.line());
            line.print(&mut printed);
            assert_eq!(line.alternatives().count(), line.len());
            assert!(line.alternatives().all(|frames| frames.len() > 0));
        });
        done.unwrap();
        assert_eq!(lines, text);
        assert_eq!(printed, mapper.remap_stacktrace(&text, verbose).unwrap());
        mapper.retrace_packed(&text, verbose).unwrap();
    }
});
