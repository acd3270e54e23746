//! Makes the JSON Schema of `[…metadata.repro]` for editors from the table of keys, and tests that it
//! agrees with the parser.

use serde_json::{Map, Value, json};

use crate::check::rules::RULES;
use crate::project::metadata::Defaults;
use crate::project::settings::{ARCHIVE_KEYS, Form, IMAGE_KEYS, KEYS, Key};
use crate::request::BuildRequest;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/repro.metadata-1.schema.json");

fn of(form: &Form) -> Value {
    let texts = json!({"type": "array", "items": {"type": "string"}});
    match form {
        Form::Text => json!({"type": "string"}),
        Form::Texts => texts,
        Form::Switch => json!({"type": "boolean"}),
        Form::OneOf(values) => json!({"enum": values}),
        Form::Base => {
            let one = json!({"type": "string", "pattern": "^(scratch|sha256:[0-9a-f]{64})$"});
            json!({"anyOf": [one, {"type": "array", "items": one}]})
        }
        Form::Labels => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        Form::Rule => json!({"enum": RULES.iter().map(|r| r.id).collect::<Vec<_>>()}),
        Form::Table(keys) => table(keys),
        Form::Tables(keys) => json!({"type": "array", "items": table(keys)}),
    }
}

fn table(keys: &[Key]) -> Value {
    let property = |key: &Key| {
        let mut value = of(&key.form);
        value["description"] = json!(key.about);
        (key.name.to_string(), value)
    };
    let properties: Map<String, Value> = keys.iter().map(property).collect();
    let needed: Vec<&str> = keys.iter().filter(|k| k.needed).map(|k| k.name).collect();
    let mut all =
        json!({"type": "object", "additionalProperties": false, "properties": properties});
    if !needed.is_empty() {
        all["required"] = json!(needed);
    }
    all
}

fn schema() -> Value {
    let below = json!({"properties": {"metadata": {"properties": {"repro": {"$ref": "#/definitions/repro"}}}}});
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "repro.metadata/1",
        "description": "The settings of repro in a Cargo.toml: [package.metadata.repro] and [workspace.metadata.repro].",
        "type": "object",
        "properties": {"package": below, "workspace": below},
        "definitions": {"repro": table(KEYS)},
    })
}

/// `REPRO_UPDATE_DOCS=1` writes it again.
#[test]
fn the_published_schema_is_that_of_the_table() {
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("REPRO_UPDATE_DOCS").is_some() {
        std::fs::write(FILE, &text).unwrap();
    }
    let there = std::fs::read_to_string(FILE).unwrap();
    assert!(there == text, "run `REPRO_UPDATE_DOCS=1 cargo test --lib schema`");
}

/// Whether the parser takes a line in a table, and whether the schema does.
fn both(table: &str, line: &str) -> (bool, bool) {
    let text = format!("[package]\nname = \"a\"\n[package.metadata.repro{table}\n{line}\n");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("Cargo.toml"), &text).unwrap();
    let parsed = Defaults::read(dir.path(), dir.path()).and_then(|d| {
        d.archive()?;
        d.image()?;
        d.exceptions()?;
        d.release_targets()?;
        d.complete(BuildRequest::default()).map(drop)
    });
    let document: toml_edit::DocumentMut = text.parse().unwrap();
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.add_resource("schema.json", schema()).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    (parsed.is_ok(), schemas.validate(&json_of(document.as_item()), index).is_ok())
}

fn json_of(item: &toml_edit::Item) -> Value {
    if let Some(table) = item.as_table_like() {
        return table.iter().map(|(k, v)| (k.to_string(), json_of(v))).collect();
    }
    if let Some(tables) = item.as_array_of_tables() {
        return tables.iter().map(|t| json_of(&toml_edit::Item::Table(t.clone()))).collect();
    }
    let value = |v: &toml_edit::Value| json_of(&toml_edit::Item::Value(v.clone()));
    match (item.as_str(), item.as_bool(), item.as_array()) {
        (Some(text), ..) => json!(text),
        (_, Some(on), _) => json!(on),
        (.., Some(list)) => list.iter().map(value).collect(),
        _ => json!(item.as_integer()),
    }
}

#[test]
fn the_schema_takes_what_the_parser_takes() {
    let digest = format!("\"sha256:{}\"", "ab".repeat(32));
    let values = [
        "\"rustflags\"", "\"-umask\"", "\"allow\"", "\"scratch\"", "true", "7", "[]", "[\"a\"]",
        "[1]", "{ a = \"b\" }", "{ a = 1 }", &digest,
    ];
    let tables = [("]", KEYS), (".archive]", ARCHIVE_KEYS), (".image]", IMAGE_KEYS)];
    for (table, keys) in tables {
        for key in keys.iter().filter(|k| !matches!(k.form, Form::Table(_) | Form::Tables(_))) {
            let mut taken = 0;
            for value in values {
                // What is a variation only the parser knows.
                if key.name == "vary" && !matches!(value, "\"-umask\"" | "7" | "[]") {
                    continue;
                }
                let line = format!("{} = {value}", key.name);
                let (parser, schema) = both(table, &line);
                assert_eq!(parser, schema, "[{table} {line}");
                taken += usize::from(parser);
            }
            assert!(taken > 0, "no value for {}", key.name);
        }
        assert_eq!(both(table, "unknown = 1"), (false, false), "[{table}");
    }
    let entry = "[{ id = \"reads-clock\", level = \"warn\", reason = \"why\" }]";
    for (from, to) in
        [("", ""), ("warn", "forbid"), (", reason = \"why\"", ""), ("id", "it"), ("[{", "{")]
    {
        let entry = entry.replace(from, to).replace("}]", if from == "[{" { "}" } else { "}]" });
        let (parser, schema) = both("]", &format!("check = {entry}"));
        assert_eq!((parser, schema), (from.is_empty(), from.is_empty()), "{entry}");
    }
}
