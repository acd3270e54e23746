//! `repro verify --against`: who built a file is what the user says; copies of one file are one
//! builder. Nothing is built here.

use serde_json::{Value, json};

use crate::support::{Project, Run, assert_verdict};
use crate::verify::fails;

struct Builders {
    project: Project,
}

impl Builders {
    fn new() -> Builders {
        Builders { project: Project::plain("sound-features") }
    }

    fn manifest() -> Value {
        let mut manifest: Value =
            serde_json::from_str(include_str!("../fixtures/manifest.json")).unwrap();
        manifest.as_object_mut().unwrap().remove("archives");
        manifest
    }

    /// A file with this text; its name.
    fn file<'n>(&self, name: &'n str, text: &str) -> &'n str {
        self.project.write(name, text);
        name
    }

    /// A manifest that was changed.
    fn altered<'n>(&self, name: &'n str, change: impl FnOnce(&mut Value)) -> &'n str {
        let mut manifest = Builders::manifest();
        change(&mut manifest);
        self.file(name, &manifest.to_string())
    }

    fn against(&self, files: &[&str]) -> Run {
        self.project.repro(&[&["verify", "--against"], files].concat())
    }
}

#[test]
fn one_build_does_not_count_as_two_whatever_is_done_to_a_copy() {
    let it = Builders::new();
    it.altered("a.json", |_| {});
    let pretty = serde_json::to_string_pretty(&Builders::manifest()).unwrap();
    let copies = [
        it.file("spaced.json", &pretty),
        // Keys in the order of their names.
        it.file("sorted.json", &Builders::manifest().to_string()),
        it.altered("builder.json", |m| {
            m["builder"] = json!({"os": "Another Linux", "tools": [], "linker_inputs": [],
                "linker_inputs_unknown": null});
        }),
        it.altered("single.json", |m| {
            m["verdict"] = json!("single");
            m["artifacts"][0]["status"] = json!("single");
        }),
        it.altered("remote.json", |m| m["source"]["remote"] = json!("https://mirror.example/x")),
        it.altered("rows.json", |m| m["recipe"]["rows"] = json!([])),
        it.altered("cargo.json", |m| m["toolchain"]["cargo"] = json!("cargo 1.2.3")),
        it.altered("env.json", |m| m["environment"] = json!([{"name": "X", "value": "y"}])),
        it.altered("path.json", |m| {
            let path = format!("elsewhere/{}", m["artifacts"][0]["name"].as_str().unwrap());
            m["artifacts"][0]["path"] = json!(path);
        }),
    ];
    for copy in copies {
        let run = it.against(&["a.json", copy]);
        assert_verdict(&run, 1, "NOT ENOUGH BUILDERS: 1 of 1 agree, 2 have to");
        let run = it.against(&["alice=a.json", copy, "--format", "json"]);
        assert_eq!((run.code, &run.json()["verdict"]), (Some(1), &json!("not-enough-builders")));
        // The twin: the user answers for both names.
        let run = it.against(&["alice=a.json", &format!("bob={copy}")]);
        assert_verdict(&run, 0, "AGREED: 2 of 2 agree, 2 have to");
        assert!(run.stdout.contains("alice: `a.json`"), "{}", run.all());
    }
    // A whole crowd of copies is still one, and does not outvote anybody.
    let mut crowd = copies.to_vec();
    crowd.extend(["alice=a.json", "--threshold", "2"]);
    let run = it.against(&crowd);
    assert_verdict(&run, 1, "NOT ENOUGH BUILDERS: 1 of 1 agree, 2 have to");
}

#[test]
fn a_build_from_a_ledger_speaks_for_itself_only_where_the_user_accepts_it() {
    let it = Builders::new();
    it.altered("a.json", |_| {});
    it.altered("b.json", |m| {
        m["verdict"] = json!("reproducible-from-ledger");
        m["ledger"] = json!({"reused": 3, "foreign": 0, "built_twice": 1});
    });
    let run = it.against(&["alice=a.json", "bob=b.json"]);
    assert_verdict(&run, 1, "DISAGREED: 1 of 2 agree, 2 have to");
    assert!(run.stdout.contains("left out    bob: it took units from a ledger"), "{}", run.all());
    let run = it.against(&["alice=a.json", "bob=b.json", "--ledger-ok"]);
    assert_verdict(&run, 0, "AGREED: 2 of 2 agree, 2 have to");
}

#[test]
fn a_name_is_given_once_and_never_by_the_file() {
    let it = Builders::new();
    it.altered("a.json", |_| {});
    it.altered("b.json", |_| {});
    fails(&it.against(&["alice=a.json", "alice=b.json"]), 2, &["`alice` is given twice"]);
    fails(&it.against(&["alice=a.json", "bob=a.json"]), 2, &["given twice"]);
    fails(&it.against(&["alice=a.json", "bob=./x/../a.json"]), 2, &["there is no file"]);
    // A shell's `*.json` may find files whose names look like names of builders.
    it.altered("alice=a.json", |_| {});
    fails(&it.against(&["alice=a.json", "bob=b.json"]), 2, &["write `./alice=a.json`"]);
    let run = it.against(&["./alice=a.json", "bob=b.json"]);
    assert_verdict(&run, 1, "NOT ENOUGH BUILDERS: 1 of 1 agree, 2 have to");
    #[cfg(unix)]
    {
        let link = it.project.dir.join("link.json");
        std::os::unix::fs::symlink("b.json", link).unwrap();
        fails(&it.against(&["bob=b.json", "carol=link.json"]), 2, &["given twice"]);
    }
}

#[test]
fn what_builders_did_not_share_is_listed_and_so_is_what_all_did() {
    let it = Builders::new();
    let set = |m: &mut Value| m["environment"] = json!([{"name": "CFLAGS", "value": "-O1"}]);
    it.altered("a.json", set);
    it.altered("b.json", set);
    let run = it.against(&["alice=a.json", "bob=b.json"]);
    assert_verdict(&run, 0, "AGREED: 2 of 2 agree, 2 have to");
    for line in ["all use     CFLAGS: -O1", "SOURCE_DATE_EPOCH: "] {
        assert!(run.stdout.contains(line), "no `{line}` in {}", run.all());
    }
    it.altered("b.json", |m| m["toolchain"]["rustc"][0] = json!("rustc 1.94.0"));
    let run = it.against(&["alice=a.json", "bob=b.json"]);
    assert_verdict(&run, 0, "AGREED: 2 of 2 agree, 2 have to");
    for line in ["not alike   CFLAGS", "alice: -O1", "bob: not set", "not alike   rustc"] {
        assert!(run.stdout.contains(line), "no `{line}` in {}", run.all());
    }
}

#[test]
fn dirty_and_differing_builds_count_for_nothing() {
    let it = Builders::new();
    it.altered("a.json", |_| {});
    it.altered("dirty.json", |m| {
        m["source"]["dirty"] = json!(true);
        m["verdict"] = json!("reproducible-dirty-tree");
    });
    it.altered("differs.json", |m| m["verdict"] = json!("differs"));
    it.altered("no-digest.json", |m| {
        m["verdict"] = json!("differs");
        m["artifacts"][0]["status"] = json!("differs");
        m["artifacts"][0]["size"] = json!(null);
        m["artifacts"][0]["sha256"] = json!(null);
    });
    it.altered("empty.json", |m| m["artifacts"] = json!([]));
    for (file, why) in [
        ("dirty.json", "dirty"),
        ("differs.json", "own two builds differ"),
        ("no-digest.json", "own two builds differ"),
        ("empty.json", "it lists no artifact"),
    ] {
        let run = it.against(&["alice=a.json", &format!("bob={file}")]);
        assert_verdict(&run, 1, "DISAGREED: 1 of 2 agree, 2 have to");
        assert!(
            run.stdout.contains("left out    bob: ") && run.stdout.contains(why),
            "{}",
            run.all()
        );
    }
}
