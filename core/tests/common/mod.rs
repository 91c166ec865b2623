//! What the tests over files share: frames and exceptions from JSON.

use ophio::enhancements::{ExceptionData, Frame};
use serde_json::Value;

pub(crate) fn frame(value: &Value) -> Frame<'_> {
    Frame {
        category: value["category"].as_str(),
        family: value["family"].as_str(),
        function: value["function"].as_str(),
        module: value["module"].as_str(),
        package: value["package"].as_str(),
        path: value["path"].as_str(),
        in_app: value["in_app"].as_bool(),
        orig_in_app: value["orig_in_app"]
            .as_i64()
            .map(|n| i8::try_from(n).unwrap()),
    }
}

pub(crate) fn exception(value: &Value) -> ExceptionData<'_> {
    ExceptionData {
        ty: value["ty"].as_str(),
        value: value["value"].as_str(),
        mechanism: value["mechanism"].as_str(),
    }
}
