//! Settings of a manifest that the source does not ask for, and lists of programs that it does not make.

use serde_json::json;

use super::End::{Good, Refused};
use super::{Attack, DIFFERS, Forge, SETTINGS, config, run, set};
use crate::support::{assert_verdict, host};

/// Settings that the source does not ask for. Here none of them changes a byte: what is not accepted
/// is a reason of its own.
const SETTINGS_LISTED: &[Attack] = &[
    ("a variable", &["REL"], |c| set(c, "QUIET_ONE", "x"), SETTINGS, &["QUIET_ONE=x"]),
    (
        "a name that the metadata passes, with a value",
        &["REL"],
        |c| set(c, "OTHER_CHANNEL", "x\nREPRODUCED\u{202e}"),
        SETTINGS,
        &["OTHER_CHANNEL=x\\n"],
    ),
    (
        "control: accepted by name",
        &["REL", "--accept-setting", "QUIET_ONE"],
        |c| set(c, "QUIET_ONE", "x"),
        Good,
        &["accepted by you"],
    ),
    (
        "accepted with another value",
        &["REL", "--accept-setting", "QUIET_ONE=y"],
        |c| set(c, "QUIET_ONE", "x"),
        SETTINGS,
        &["QUIET_ONE=x"],
    ),
    (
        "a variable that has the name of a setting that was given",
        &["REL", "--epoch", "1700000000"],
        |c| set(c, "epoch", "evil"),
        SETTINGS,
        &["epoch=evil"],
    ),
    ("C flags", &["REL"], |c| set(c, "CFLAGS", "-O1"), SETTINGS, &["CFLAGS=-O1"]),
    (
        "a profile",
        &["REL"],
        |c| config(c, "[profile.dev]\nopt-level = 2\n"),
        SETTINGS,
        &["profile.dev.opt-level=2"],
    ),
    (
        "a forced variable of a config that the verifier has another value of",
        &["REL", "--pass-env", "PATH_OF"],
        |c| config(c, "[env]\nPATH_OF = { value = 'x', force = true }\n"),
        SETTINGS,
        &["env.PATH_OF=x"],
    ),
];

/// Settings that are refused before anything is built; the build script would leave its mark.
const SETTINGS_REFUSED: &[Attack] = &[
    (
        "an argument file",
        &["REL", "--no-sandbox"],
        |c| set(c, "RUSTFLAGS", "--cfg @args"),
        Refused(5),
        &["`@args` in `RUSTFLAGS`"],
    ),
    (
        "an encoded argument file",
        &["REL", "--no-sandbox"],
        |c| set(c, "CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}@args"),
        Refused(5),
        &["`@args`"],
    ),
    (
        "an argument file in a config",
        &["REL", "--no-sandbox"],
        |c| config(c, "[build]\nrustflags = ['--cfg', '@args']\n"),
        Refused(5),
        &["`@args`"],
    ),
    (
        "a plugin of the compiler",
        &["REL", "--no-sandbox"],
        |c| set(c, "RUSTFLAGS", "-Zcodegen-backend=/x.so"),
        Refused(5),
        &["nothing was run"],
    ),
    (
        "a sysroot for one target",
        &["REL", "--no-sandbox"],
        |c| {
            set(
                c,
                &format!("CARGO_TARGET_{}_RUSTFLAGS", host().to_uppercase().replace('-', "_")),
                "--sysroot=x",
            )
        },
        Refused(5),
        &["--sysroot=x"],
    ),
    (
        "an object for the linker",
        &["REL", "--no-sandbox"],
        |c| config(c, "[target.'cfg(unix)']\nrustflags = '-Clink-arg=x.o'\n"),
        Refused(5),
        &["x.o"],
    ),
    (
        "a plugin of the C compiler",
        &["REL", "--no-sandbox"],
        |c| set(c, "CFLAGS", "-fplugin=x.so"),
        Refused(5),
        &["-fplugin"],
    ),
    (
        "other config files",
        &["REL", "--no-sandbox"],
        |c| config(c, "include = ['x.toml']\n"),
        Refused(5),
        &["include"],
    ),
    (
        "other packages",
        &["REL", "--no-sandbox"],
        |c| config(c, "paths = ['x']\n"),
        Refused(1),
        &["paths"],
    ),
    (
        "another source of a crate",
        &["REL", "--no-sandbox"],
        |c| config(c, "[patch.crates-io]\nx = { path = 'x' }\n"),
        Refused(1),
        &["patch.crates-io.x.path"],
    ),
    (
        "a linker",
        &["REL", "--no-sandbox"],
        |c| config(c, "[target.x]\nlinker = 'evil'\n"),
        Refused(1),
        &["--pass-env CARGO_TARGET_X_LINKER"],
    ),
    (
        "a runner",
        &["REL", "--no-sandbox"],
        |c| config(c, "[target.x]\nrunner = 'evil'\n"),
        Refused(1),
        &["--pass-env CARGO_TARGET_X_RUNNER"],
    ),
    (
        "a wrapper in a config",
        &["REL", "--no-sandbox"],
        |c| config(c, "[build]\nrustc-wrapper = 'evil'\n"),
        Refused(1),
        &["--pass-env RUSTC_WRAPPER"],
    ),
    (
        "a wrapper",
        &["REL", "--no-sandbox"],
        |c| c.manifest(|m| m["recipe"]["user_wrapper"] = json!("evil")),
        Refused(1),
        &["--pass-env RUSTC_WRAPPER"],
    ),
    (
        "a C compiler",
        &["REL", "--no-sandbox"],
        |c| set(c, "CC", "evil"),
        Refused(1),
        &["--pass-env CC"],
    ),
    (
        "a library to load",
        &["REL", "--no-sandbox"],
        |c| set(c, "LD_LIBRARY_PATH", "evil"),
        Refused(1),
        &["--pass-env LD_LIBRARY_PATH"],
    ),
    (
        "a search path",
        &["REL", "--no-sandbox"],
        |c| set(c, "PATH", "evil"),
        Refused(5),
        &["not a setting"],
    ),
    (
        "one name for two settings",
        &["REL", "--no-sandbox", "--features", "extra"],
        |c| {
            c.manifest(|m| m["build"]["features"] = json!(["extra"]));
            set(c, "features", "evil");
        },
        Refused(5),
        &["the name of a different setting"],
    ),
    (
        "the name of a setting that is found in what was built",
        &["REL", "--no-sandbox"],
        |c| set(c, "remote", "evil"),
        Refused(5),
        &["`remote`, which is also the name"],
    ),
    (
        "a variable without a name",
        &["REL", "--no-sandbox"],
        |c| set(c, "", "x"),
        Refused(5),
        &["not a variable"],
    ),
    (
        "a variable for a terminal",
        &["REL", "--no-sandbox"],
        |c| set(c, "\x1b[8m", "x"),
        Refused(5),
        &["not a variable"],
    ),
    (
        "an artifact under another name",
        &["REL", "--no-sandbox"],
        |c| c.manifest(|m| m["artifacts"][0]["path"] = json!("good/copy")),
        Refused(5),
        &["under a different name"],
    ),
    (
        "an artifact twice",
        &["REL", "--no-sandbox"],
        |c| {
            c.manifest(|m| {
                let one = m["artifacts"][0].clone();
                m["artifacts"].as_array_mut().unwrap().push(one);
            })
        },
        Refused(5),
        &["twice"],
    ),
    (
        "a claim that its variations do not bear",
        &["REL", "--no-sandbox"],
        |c| c.manifest(|m| m["variations"]["applied"] = json!([])),
        Refused(5),
        &["does not go with its variations"],
    ),
    (
        "deep JSON",
        &["REL", "--no-sandbox"],
        |c| c.put("repro.json", "[".repeat(100_000)),
        Refused(5),
        &["not a manifest"],
    ),
    (
        "another tree",
        &["REL", "--no-sandbox"],
        |c| c.manifest(|m| m["source"]["tree"] = json!("a".repeat(40))),
        Refused(4),
        &["has the tree"],
    ),
];

/// What a rebuild has to catch: the manifest lists what the file is.
const REBUILT: &[Attack] = &[
    (
        "a program that the source does not make",
        &["REL/repro.json"],
        |c| {
            c.put("app", c.evil("app"));
            c.consistent();
        },
        DIFFERS,
        &["manifest:", "rebuilt:"],
    ),
    (
        "two programs swapped",
        &["REL/app"],
        |c| {
            c.forge.it.sh("cd release; mv app x; mv wipe app; mv x wipe");
            c.consistent();
        },
        DIFFERS,
        &["`app` is the built `wipe`"],
    ),
    (
        "a program more",
        &["REL"],
        |c| {
            c.put("evil", c.bytes("app"));
            c.manifest(|m| {
                let mut one = m["artifacts"][0].clone();
                one["name"] = json!("evil");
                m["artifacts"].as_array_mut().unwrap().push(one);
            });
        },
        DIFFERS,
        &["not rebuilt"],
    ),
    (
        "a program of another kind",
        &["REL"],
        |c| c.manifest(|m| m["artifacts"][0]["kind"] = json!("cdylib")),
        DIFFERS,
        &["not rebuilt"],
    ),
    (
        "a program fewer",
        &["REL/app"],
        |c| {
            c.manifest(|m| {
                m["artifacts"].as_array_mut().unwrap().retain(|a| a["name"] == "app");
            })
        },
        DIFFERS,
        &["not known"],
    ),
    (
        "control: a manifest of the schema before",
        &["REL"],
        |c| c.manifest(|m| m["schema"] = json!("repro.manifest/1")),
        Good,
        &[],
    ),
];

#[test]
fn a_setting_that_nobody_accepted_is_no_plain_pass() {
    let forge = Forge::new(&[], &[]);
    run(&forge, SETTINGS_REFUSED);
    run(
        &forge,
        &[("control: the script leaves its mark", &["REL", "--no-sandbox"], |_| (), Good, &[])],
    );
    run(&forge, SETTINGS_LISTED);
    run(&forge, REBUILT);
}

/// A publisher who built with settings of every route: each is listed, and each has to be accepted.
#[test]
fn settings_that_made_the_bytes_are_accepted_one_by_one() {
    let env = [
        ("RUSTFLAGS", "--cfg evil"),
        ("CHANNEL", "beta"),
        ("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true"),
    ];
    let forge = Forge::new(&["--features", "extra", "--epoch", "1600000000"], &env);
    forge.copy(|_| ());
    let profile = "CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS";
    let names = ["features", "epoch", profile, "CHANNEL", "RUSTFLAGS"];
    let accept = |names: &[&str]| {
        let each = names.iter().flat_map(|name| ["--accept-setting".to_string(), name.to_string()]);
        each.collect::<Vec<_>>()
    };
    let verify = |accepted: Vec<String>| {
        let mut args = vec!["REL"];
        args.extend(accepted.iter().map(String::as_str));
        forge.verify(&args, "settings")
    };
    let (text, json) = verify(Vec::new());
    assert_eq!((text.code, json.json()["passes"].as_bool()), (Some(1), Some(false)));
    let last = format!("REPRODUCED WITH THE PUBLISHER'S SETTINGS: {}", names.join(", "));
    assert!(text.last().starts_with(&last), "{}", text.all());
    let (text, json) = verify(accept(&names));
    assert_verdict(&text, 0, "REPRODUCED");
    for row in json.json()["settings"].as_array().unwrap() {
        assert_eq!(row["state"], "accepted", "{row}");
    }
    let (text, _) = verify(accept(&names[1..]));
    assert!(text.code == Some(1) && text.last().contains("SETTINGS: features ("), "{}", text.all());
    let mut given = accept(&["epoch", "RUSTFLAGS=--cfg evil", "CHANNEL=beta", profile]);
    given.extend(["--features".to_string(), "extra".to_string()]);
    let (text, _) = verify(given);
    assert_verdict(&text, 0, "REPRODUCED");
    assert!(text.stdout.contains("(given by you)"), "{}", text.all());
}
