//! The recorded vectors of tests/vectors through the Rust crate: by the engine, and, for
//! rules, by the interpreter as well. tests/vectors/make.py describes where they come from.

mod common;

use std::fs;
use std::path::Path;

use ophio::codeowners::{self, Codeowners, Dialect};
use ophio::enhancements::stacktrace::msgpack::{self, pack};
use ophio::enhancements::{interpreter, Cache, Component, Enhancements};
use ophio::glob::{Glob, Options};
use ophio::proguard::Mapper;
use serde_json::{json, Value};

fn vectors(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors");
    let text = fs::read_to_string(path.join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

#[test]
fn enhancements() {
    let vectors = vectors("enhancements.json");
    let cases = list(&vectors["cases"]);
    assert!(cases.len() > 100);
    for case in cases {
        let name = &case["name"];
        let rules =
            Enhancements::parse(case["rules"].as_str().unwrap(), &Cache::new(0)).expect("valid");
        let frames: Vec<_> = list(&case["frames"]).iter().map(common::frame).collect();
        let exception = common::exception(&case["exception"]);
        let components: Vec<_> = list(&case["components"])
            .iter()
            .map(|value| Component::new(value.as_bool()))
            .collect();
        let assembled = |result: ophio::enhancements::AssembleResult, components: &[Component]| {
            let components: Vec<_> = components
                .iter()
                .map(|each| {
                    json!([
                        each.contributes,
                        each.hint.and_then(|h| h.text(rules.rules()))
                    ])
                })
                .collect();
            json!({
                "contributes": result.contributes,
                "hint": result.hint.and_then(|few| few.text(rules.rules())),
                "invert_stacktrace": result.invert_stacktrace,
                "components": components,
            })
        };

        let packed = pack(&exception, &frames).unwrap();
        let packed = msgpack::decode(&packed).unwrap();
        let mut applied = Vec::new();
        rules.apply_packed(&packed, &mut applied).unwrap();
        let applied: Vec<_> = frames
            .iter()
            .zip(&applied)
            .map(|(frame, applied)| {
                let set = applied.category.map(|n| &*rules.categories()[n as usize]);
                json!([set.or(frame.category), applied.in_app])
            })
            .collect();
        assert_eq!(Value::from(applied), case["applied"], "engine: {name}");
        let mut judged = components.clone();
        let result = rules.assemble_packed(&packed, &mut judged).unwrap();
        assert_eq!(
            assembled(result, &judged),
            case["assembled"],
            "engine: {name}"
        );

        let mut judged = components;
        let result = interpreter::assemble_stacktrace_component(
            rules.rules(),
            &frames,
            &exception,
            &mut judged,
        );
        assert_eq!(
            assembled(result, &judged),
            case["assembled"],
            "interpreter: {name}"
        );
        let mut changed = frames;
        interpreter::apply_modifications_to_frames(rules.rules(), &mut changed, &exception);
        let changed: Vec<_> = changed
            .iter()
            .map(|frame| json!([frame.category, frame.in_app]))
            .collect();
        assert_eq!(Value::from(changed), case["applied"], "interpreter: {name}");
    }
}

#[test]
fn glob() {
    let vectors = vectors("glob.json");
    let cases = list(&vectors["cases"]);
    assert!(cases.len() > 1_000);
    for case in cases {
        let flag = |name: &str| case[name].as_bool().unwrap();
        let options = Options {
            double_star: flag("double_star"),
            case_insensitive: flag("case_insensitive"),
            path_normalize: flag("path_normalize"),
            allow_newline: flag("allow_newline"),
        };
        let glob = Glob::new(case["pattern"].as_str().unwrap(), options).expect("valid");
        let value = case["value"].as_str().unwrap().as_bytes();
        assert_eq!(glob.is_match(value), flag("matches"), "{case}");
    }
}

#[test]
fn codeowners() {
    let vectors = vectors("codeowners.json");
    let matches = list(&vectors["matches"]);
    assert!(matches.len() > 100);
    for case in matches {
        let path = case["path"].as_str().unwrap().as_bytes();
        let found = codeowners::is_path_match(path, case["pattern"].as_str().unwrap());
        assert_eq!(Some(found), case["matches"].as_bool(), "{case}");
    }
    for case in list(&vectors["files"]) {
        let dialect = match case["dialect"].as_str() {
            Some("github") => Dialect::GitHub,
            Some("gitlab") => Dialect::GitLab,
            _ => panic!("{case}"),
        };
        let file = Codeowners::parse(case["text"].as_str().unwrap(), dialect, 10_000).unwrap();
        for (path, owners) in list(&case["paths"]).iter().zip(list(&case["owners"])) {
            let path = path.as_str().unwrap().as_bytes();
            let found: Vec<_> = (0..file.sections().len())
                .filter_map(|section| file.rule_of(path, section))
                .flat_map(|rule| rule.owners.iter().map(|owner| owner.text.as_str()))
                .collect();
            assert_eq!(Value::from(found), *owners, "{case}");
        }
    }
}

#[test]
fn proguard() {
    let vectors = vectors("proguard.json");
    let mapper = Mapper::new(vectors["mapping"].as_str().unwrap().as_bytes().to_vec());
    let uuid: String = mapper.uuid().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(uuid, vectors["uuid"].as_str().unwrap().replace('-', ""));
    assert_eq!(
        Some(mapper.has_line_info()),
        vectors["has_line_info"].as_bool()
    );
    for case in list(&vectors["classes"]) {
        let found = mapper.remap_class(case[0].as_str().unwrap()).unwrap();
        assert_eq!(json!(found), case[1], "{case}");
    }
    let methods = list(&vectors["methods"]);
    assert!(methods.len() > 10);
    for case in methods {
        let found = mapper
            .remap_method(case[0].as_str().unwrap(), case[1].as_str().unwrap())
            .unwrap();
        assert_eq!(json!(found), case[2], "{case}");
    }
}
