//! Files of a release that are not what its manifest lists under their names: what shows before anything
//! is built.

use repro_formats::digest;
use serde_json::json;

use super::End::{Good, Refused, Verdict};
use super::{Attack, Copy, DIFFERS, Forge, run};

fn list_elsewhere(copy: &Copy, good: &str) {
    copy.put(good, copy.bytes("app"));
    copy.manifest(|m| {
        let app = m["artifacts"].as_array_mut().unwrap().iter_mut().find(|a| a["name"] == "app");
        app.unwrap()["path"] = json!(good);
    });
}

/// What shows without a rebuild.
const FILES: &[Attack] = &[
    ("control: directory", &["REL"], |_| (), Good, &[]),
    ("control: manifest", &["REL/repro.json"], |_| (), Good, &["published"]),
    ("control: one file", &["REL/app"], |_| (), Good, &[]),
    (
        "a byte of a program",
        &["REL"],
        |c| c.put("app", c.evil("app")),
        DIFFERS,
        &["not the file that the manifest lists"],
    ),
    ("a byte, manifest named", &["REL/repro.json"], |c| c.put("app", c.evil("app")), DIFFERS, &[]),
    (
        "a byte of the archive",
        &["REL"],
        |c| std::fs::write(c.archive(), c.evil(c.archive().to_str().unwrap())).unwrap(),
        DIFFERS,
        &["nothing was fetched or built"],
    ),
    (
        "names swapped",
        &["REL"],
        |c| {
            let app = c.bytes("app");
            c.put("app", c.bytes("wipe"));
            c.put("wipe", app);
        },
        DIFFERS,
        &["bytes of the listed `wipe`"],
    ),
    (
        "the listed path is good, the file next to the manifest is not",
        &["REL/repro.json"],
        |c| {
            list_elsewhere(c, "deep/er/app");
            c.put("app", c.evil("app"));
        },
        DIFFERS,
        &["release/app"],
    ),
    (
        "the same, and the directory is named",
        &["REL"],
        |c| {
            list_elsewhere(c, "deep/er/app");
            c.put("app", c.evil("app"));
        },
        DIFFERS,
        &["release/app"],
    ),
    (
        "the file next to the manifest is good, the listed path is not",
        &["REL"],
        |c| {
            list_elsewhere(c, "deep/er/app");
            c.put("deep/er/app", c.evil("app"));
        },
        DIFFERS,
        &["deep/er/app"],
    ),
    (
        "control: both are good",
        &["REL"],
        |c| list_elsewhere(c, "deep/er/app"),
        Good,
        &["deep/er/app", "release/app"],
    ),
    (
        "a second archive of the name in dist/",
        &["REL/repro.json"],
        |c| {
            let name = c.archive().file_name().unwrap().to_str().unwrap().to_string();
            c.put(&format!("dist/{name}"), c.evil(&name));
        },
        DIFFERS,
        &["dist/app-1-"],
    ),
    (
        "a program above a good dist/",
        &["REL"],
        |c| {
            c.forge.it.sh(
                "cp -a dist release/dist; cd release; rm -f repro.json SHA256SUMS *.tar.gz wipe",
            );
            c.put("app", c.evil("app"));
        },
        DIFFERS,
        &["release/app"],
    ),
    (
        "control: dist/ below",
        &["REL"],
        |c| {
            c.forge.it.sh("cp -a dist release/dist; cd release; rm -f repro.json SHA256SUMS *.tar.gz wipe app")
        },
        Good,
        &[],
    ),
    (
        "a file that is not listed",
        &["REL"],
        |c| c.put("evil", "evil"),
        DIFFERS,
        &["not part of this release"],
    ),
    (
        "a file that is not listed, deeper",
        &["REL"],
        |c| c.put("bin/evil", "evil"),
        DIFFERS,
        &["bin/evil"],
    ),
    ("a listed name, deeper", &["REL"], |c| c.put("bin/app", c.evil("app")), DIFFERS, &["bin/app"]),
    (
        "a program with the name of a signature",
        &["REL/setup.sig"],
        |c| c.put("setup.sig", c.evil("app")),
        DIFFERS,
        &["setup.sig"],
    ),
    (
        "control: a signature of a listed file",
        &["REL"],
        |c| c.put("app.sig", "signed"),
        Good,
        &["app.sig` was not checked"],
    ),
    (
        "a look-alike name",
        &["REL"],
        |c| c.put("\u{430}pp", c.evil("app")),
        DIFFERS,
        &["not part of this release"],
    ),
    (
        "another case",
        &["REL"],
        |c| c.put("APP", c.evil("app")),
        DIFFERS,
        &["not part of this release"],
    ),
    (
        "a name for a terminal",
        &["REL"],
        |c| c.put("x\x1b[8m\u{202e}y", "evil"),
        DIFFERS,
        &["not part of this release"],
    ),
    (
        "the same bytes under another name",
        &["REL"],
        |c| c.put("app2", c.bytes("app")),
        DIFFERS,
        &["bytes of the listed `app`"],
    ),
    (
        "a promised file that is not there",
        &["REL"],
        |c| {
            c.manifest(|m| m["artifacts"][0]["path"] = json!("app"));
            std::fs::remove_file(c.at("app")).unwrap();
        },
        DIFFERS,
        &["missing, and the manifest lists it"],
    ),
    (
        "an archive that is not there",
        &["REL"],
        |c| std::fs::remove_file(c.archive()).unwrap(),
        DIFFERS,
        &["missing"],
    ),
    (
        "a list of other digests",
        &["REL"],
        |c| c.put("SHA256SUMS", format!("{}  app\n", "a".repeat(64))),
        DIFFERS,
        &["line of `app`"],
    ),
    (
        "a list with a second line",
        &["REL"],
        |c| {
            let sums = String::from_utf8(c.bytes("SHA256SUMS")).unwrap();
            c.put("SHA256SUMS", format!("{sums}{}  ./app\n", "a".repeat(64)));
        },
        DIFFERS,
        &["line of `app`"],
    ),
    (
        "control: a list with files that are not here",
        &["REL"],
        |c| {
            let sums = String::from_utf8(c.bytes("SHA256SUMS")).unwrap();
            let more =
                ["u", "v", "w", "x", "y", "z"].map(|name| format!("{}  {name}\n", "a".repeat(64)));
            c.put("SHA256SUMS", sums + &more.concat());
        },
        Good,
        &["so not compared: `u`, `v`, `w`, `x`, `y`, …"],
    ),
    (
        "a list that has another digest of the manifest",
        &["REL"],
        |c| c.add_lines(&[("repro.json", &"a".repeat(64))]),
        DIFFERS,
        &["line of `repro.json`"],
    ),
    (
        "a list that has another digest of a signature",
        &["REL"],
        |c| {
            c.put("app.sig", "signed");
            c.add_lines(&[("app.sig", &"a".repeat(64))]);
        },
        DIFFERS,
        &["line of `app.sig`"],
    ),
    (
        "a list with a wrong digest of a file that was not passed",
        &["REL/SHA256SUMS", "REL/app"],
        |c| {
            c.put("evil", "evil");
            c.add_lines(&[("evil", &"a".repeat(64))]);
        },
        DIFFERS,
        &["line of `evil`"],
    ),
    (
        "control: a list of everything that is there, but for itself, and of a path above it",
        &["REL"],
        |c| {
            c.put("app.sig", "signed");
            let sha256 = |name: &str| digest::of_bytes(&c.bytes(name)).sha256;
            let own = ["repro.json", "app.sig", "app"].map(|name| (name, sha256(name)));
            let other = [("SHA256SUMS", "a".repeat(64)), ("../dist/repro.json", "a".repeat(64))];
            let lines: Vec<_> = own.iter().chain(&other).map(|(n, d)| (*n, d.as_str())).collect();
            c.add_lines(&lines);
        },
        Good,
        &["so not compared: `repro.json`"],
    ),
    (
        "control: a list with a listed file that was not fetched",
        &["REL/SHA256SUMS", "REL/app"],
        |c| std::fs::remove_file(c.archive()).unwrap(),
        Good,
        &["lists files that are not here, so not compared: `app-1-"],
    ),
    (
        "a list of the listed digests, and another file",
        &["REL/app", "REL/repro.json", "REL/SHA256SUMS"],
        |c| {
            c.put("SHA256SUMS", format!("{}  app\n", digest::of_bytes(&c.bytes("app")).sha256));
            c.put("app", c.evil("app"));
        },
        DIFFERS,
        &[],
    ),
    (
        "nothing but the manifest",
        &["REL/repro.json"],
        |c| c.forge.it.sh("rm release/app release/wipe release/*.tar.gz"),
        Verdict("MANIFEST REPRODUCED", "manifest-reproduced"),
        &[],
    ),
    (
        "two manifests",
        &["REL"],
        |c| c.put("other.json", c.bytes("repro.json")),
        Refused(2),
        &["both manifests"],
    ),
    (
        "control: the manifest by another name",
        &["REL"],
        |c| c.forge.it.sh("mv release/repro.json ..json; mv ..json release/app.repro.json"),
        Good,
        &[],
    ),
];

#[test]
fn a_file_that_is_not_what_the_manifest_lists_is_found() {
    run(&Forge::new(&[], &[]), FILES);
}
