//! Two texts one after the other, the second read with what is remembered of the first: it means what it means by itself.

#![no_main]

use libfuzzer_sys::fuzz_target;
use reloadspec_proxy::config::{Format, Memory, Text, parse};

/// A short text is not taken apart.
const PADDING: &str = "# so that it is worth the while ...............................\n";

fuzz_target!(|texts: (&str, &str)| {
    let mut memory = Memory::default();
    let padding = PADDING.repeat(5);
    for text in [texts.0, texts.1] {
        let content = format!("{padding}{text}");
        let Ok(text) = Text::new("proxy.yaml", Format::Yaml, content.as_bytes()) else {
            return;
        };
        memory.turn();
        assert_eq!(memory.parse(text).ok(), parse(text).ok());
    }
});
