//! Each kind of input, with one bit of it changed in many places: nothing is found that was remembered
//! before, and all of it once the bit is back.

use std::ffi::OsString;

use super::*;
use crate::cargo::units::Unit;
use crate::ledger::Spec;
use crate::ledger::places::Places;
use crate::shim::watch::Read;

const OTHER_PLACES: usize = 1000;
/// What is known of a crate.
const BASE: &str = r#"{"identity":"0123456789","unlisted":null,"unwatched":null}"#;

/// A call that was made, with all that it read.
struct World {
    dir: tempfile::TempDir,
    base: String,
    args: Vec<String>,
    env: BTreeMap<OsString, OsString>,
    files_varied: bool,
}

impl World {
    fn new() -> World {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        let made = format!("{}/made.rs", at("target/out"));
        let read = ["src/lib.rs", "src/part.rs", "src/data.bin", &made];
        let depends = format!(
            "x-2.d: {}\n\n{}:\n\n# env-dep:MADE_BY=us\n# env-dep:UNSET\n",
            read.join(" "),
            read.join(":\n")
        );
        for (name, text) in [
            ("source/src/lib.rs", "mod part; include_bytes!(\"data.bin\");"),
            ("source/src/part.rs", "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));"),
            ("source/src/data.bin", "data"),
            ("target/out/made.rs", "pub const MADE: usize = 7;"),
            ("target/native/libz.a", "!<arch>"),
            // A macro's: it reads the first, and asks for the second, which is not there.
            ("source/macro.txt", "by a macro"),
            ("source/dir/x", ""),
            // By assembler code.
            ("source/table.bin", "01234567"),
            ("target/deps/other", "still being written"),
            ("target/deps/libbase-1.rmeta", "rust metadata"),
            ("target/deps/libbelow-3.rlib", "!<arch> rust"),
            ("target/deps/libx-2.rmeta", "rust"),
            ("target/deps/x-2.d", &depends),
            ("wrapper/crates/libbase-1", BASE),
            // Below the other one: no argument names it.
            ("wrapper/crates/libbelow-3", BASE),
        ] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::fs::create_dir(dir.path().join("view")).unwrap();
        let args = [
            "--crate-name=x",
            "--edition=2021",
            "src/lib.rs",
            "--crate-type=lib",
            "--emit=dep-info,metadata,link",
            "-Copt-level=3",
            "--cfg=feature=\"loud\"",
            &format!("--extern=base={}", at("target/deps/libbase-1.rmeta")),
            &format!("-Lnative={}", at("target/native")),
            &format!("--out-dir={}", at("target/deps")),
        ];
        let env = [
            ("MADE_BY", "us"),
            ("RUSTC_BOOTSTRAP", "1"),
            ("IRRELEVANT", "yes"),
            ("BY_MACRO", "value"),
            ("CARGO_MAKEFLAGS", "-j --jobserver-fds=5,6 --jobserver-auth=5,6"),
        ];
        World {
            base: "compiler and project".to_string(),
            args: args.map(str::to_string).to_vec(),
            env: env.map(|(name, value)| (name.into(), value.into())).into(),
            files_varied: true,
            dir,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn with<T>(&self, then: impl FnOnce(&LedgerCall<'_>) -> T) -> T {
        let text = |name: &str| self.path(name).display().to_string();
        let given = self.args.iter().filter_map(|a| a.strip_prefix("--extern=")?.split_once('='));
        let unit = Unit {
            package: "x 0.1.0".to_string(),
            crate_name: "x".to_string(),
            crate_types: vec!["lib".to_string()],
            extra_filename: "-2".to_string(),
            out_dir: text("target/deps"),
            dir: text("source"),
            externs: given.map(|(_, path)| path.to_string()).collect(),
            script_output: Some(text("target/out")),
            ..Unit::default()
        };
        let spec = Spec {
            view: self.path("view"),
            blobs: self.path("blobs"),
            base: self.base.clone(),
            places: Places::default(),
            inside: vec![self.path("source"), self.path("target")],
            written: vec![self.path("target")],
            watch: None,
            sysroot: "/toolchain".into(),
            files_varied: self.files_varied,
            preload: None,
            side: "A".to_string(),
        };
        let dir = self.path("wrapper");
        then(&LedgerCall { spec: &spec, dir: &dir, unit: &unit, args: &self.args, env: &self.env })
    }

    fn remember(&self) -> Result<(), String> {
        let variables = ["BY_MACRO", "UNSET_BY_MACRO"].map(|name| Read::Variable(name.into()));
        let files = ["macro.txt", "absent.txt"].map(|name| Read::File(name.into()));
        let deps = |name: &str| self.path("target/deps").join(name);
        let crates = ["libbelow-3.rmeta", "libbelow-3.rlib"].map(deps);
        let opened = ["table.bin".into()].into_iter().chain(crates).map(Read::Opened);
        let opened = opened.chain([Read::Missed("missed.rs".into())]);
        self.remember_with(Some(variables.into_iter().chain(files).chain(opened).collect()))
    }

    /// With what was watched; none where nothing can be.
    fn remember_with(&self, watched: Option<BTreeSet<Read>>) -> Result<(), String> {
        self.with(|call| {
            let plain = call.plain(&call.below())?;
            let entry = call.entry(plain, "", watched)?;
            let text = serde_json::to_vec(&[(true, &entry)]).unwrap();
            std::fs::write(self.path("view").join(&entry.primary), text).unwrap();
            Ok(())
        })
    }

    fn is_found(&self) -> bool {
        self.with(|call| call.plain(&call.below()).is_ok_and(|plain| call.find(&plain).is_some()))
    }

    fn value(&self, input: &Input) -> Vec<u8> {
        match *input {
            Input::File(name) => std::fs::read(self.path(name)).unwrap(),
            Input::Name(name) => self.path(name).file_name().unwrap().as_encoded_bytes().to_vec(),
            Input::Argument(i) => self.args[i].clone().into_bytes(),
            Input::Variable(name) => self.env[OsStr::new(name)].as_encoded_bytes().to_vec(),
            Input::Compiler => self.base.clone().into_bytes(),
        }
    }

    fn change(&mut self, input: &Input, from: &[u8], to: &[u8]) {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        match *input {
            Input::File(name) => std::fs::write(self.path(name), to).unwrap(),
            Input::Name(name) => {
                let at = |bytes| self.path(name).with_file_name(text(bytes));
                std::fs::rename(at(from), at(to)).unwrap();
            }
            Input::Argument(i) => self.args[i] = text(to),
            Input::Variable(name) => drop(self.env.insert(name.into(), text(to).into())),
            Input::Compiler => self.base = text(to),
        }
    }

    /// What is found with one bit changed; it is as before afterwards.
    fn with_flip(&mut self, input: &Input, place: usize, bit: u8) -> bool {
        let before = self.value(input);
        let mut after = before.clone();
        // The highest bit stays, so text is text.
        after[place % before.len()] ^= 1 << bit;
        let is_name = matches!(input, Input::Name(_));
        if is_name {
            after = String::from_utf8(after).unwrap().replace(NOT_IN_NAMES, "_").into_bytes();
        }
        let is_path = is_name || matches!(input, Input::Argument(_)) && before.contains(&b'\\');
        if is_path && is_same_file(&before, &after) {
            return false;
        }
        self.change(input, &before, &after);
        let found = self.is_found();
        self.change(input, &after, &before);
        found
    }
}

/// Whether two names are one where the case of letters does not count.
fn is_same_file(one: &[u8], other: &[u8]) -> bool {
    cfg!(windows) && one.eq_ignore_ascii_case(other)
}

/// No file can have these in its name, on Windows or elsewhere.
const NOT_IN_NAMES: fn(char) -> bool = |c| c.is_control() || r#"/\:*?"<>|"#.contains(c);

enum Input {
    File(&'static str),
    /// A file that dep-info lists, under another name.
    Name(&'static str),
    Argument(usize),
    Variable(&'static str),
    Compiler,
}

#[test]
fn one_bit_of_any_input_and_the_call_is_made_again() {
    let mut world = World::new();
    world.remember().unwrap();
    let mut inputs = vec![
        Input::File("source/src/lib.rs"),
        Input::File("source/src/part.rs"),
        // By `include_bytes!`.
        Input::File("source/src/data.bin"),
        Input::File("target/out/made.rs"),
        Input::File("target/native/libz.a"),
        Input::File("target/deps/libbase-1.rmeta"),
        // Macros of crates further below are part of this.
        Input::File("wrapper/crates/libbase-1"),
        Input::File("wrapper/crates/libbelow-3"),
        Input::File("target/deps/libbelow-3.rlib"),
        Input::File("source/table.bin"),
        Input::Name("source/table.bin"),
        Input::Name("source/src/data.bin"),
        Input::Name("target/out/made.rs"),
        Input::Variable("MADE_BY"),
        Input::Variable("RUSTC_BOOTSTRAP"),
        Input::File("source/macro.txt"),
        Input::Name("source/macro.txt"),
        Input::Variable("BY_MACRO"),
        Input::Compiler,
    ];
    inputs.extend((0..world.args.len()).map(Input::Argument));
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    };
    for n in 0..OTHER_PLACES {
        let input = &inputs[n % inputs.len()];
        let (place, bit) = (random(), u8::try_from(random() % 7).unwrap());
        assert!(!world.with_flip(input, place, bit), "input {}: {place} {bit}", n % inputs.len());
        assert!(world.is_found());
    }
    // The control: what the call does not read.
    assert!(world.with_flip(&Input::Variable("IRRELEVANT"), 1, 1));
    for name in ["UNSET", "UNSET_BY_MACRO"] {
        world.env.insert(name.into(), "1".into());
        assert!(!world.is_found());
        world.env.remove(OsStr::new(name));
        assert!(world.is_found());
    }
    for name in ["source/absent.txt", "source/missed.rs"] {
        std::fs::write(world.path(name), "").unwrap();
        assert!(!world.is_found());
        std::fs::remove_file(world.path(name)).unwrap();
        assert!(world.is_found());
    }
}

#[test]
fn what_is_read_is_understood_or_the_call_is_not_remembered() {
    let mut world = World::new();
    let made = world.path("target/out/made.rs");
    let deps = |name: &str| world.path("target/deps").join(name);
    for (read, why) in [
        (Read::File(made.clone()), None),
        (Read::File("src/../macro.txt".into()), None),
        (Read::File(deps("other")), Some("reads")),
        (Read::File("/etc/passwd".into()), Some("reads `/etc/passwd`")),
        (Read::File("../../outside".into()), Some("reads")),
        (Read::File("dir".into()), Some("reads the directory `")),
        // By assembler code, or for rustc's own needs.
        (Read::Opened(made), None),
        (Read::Opened("src/lib.rs".into()), None),
        (Read::Opened(world.path("target/native/libz.a")), None),
        (Read::Opened(deps("libbase-1.rmeta")), None),
        (Read::Opened(deps("libbelow-3.rmeta")), None),
        (Read::Opened(deps("libunknown-4.rmeta")), Some("reads `libunknown-4.rmeta`")),
        (Read::Opened(deps("libbelow-3.rlib")), None),
        (Read::Opened(deps("libx-2.rmeta")), None),
        (Read::Opened(deps("x-2.x.123-cgu.0.rcgu.o")), None),
        (Read::Opened(deps("rustcA7/lib.rmeta")), None),
        (Read::Opened(deps("other")), Some("reads")),
        (Read::Opened("/toolchain/lib/rustlib/x/lib/libstd.rmeta".into()), None),
        (Read::Opened("/toolchain/lib/rustlib/src/rust/library/core/src/panic.rs".into()), None),
        // Of this no digest is part of the compiler's.
        (Read::Opened("/toolchain/lib/rustlib/src/x.rs".into()), Some("reads `/toolchain/")),
        (Read::Opened("/proc/self/cgroup".into()), None),
        (Read::Opened("/sys/fs/cgroup/cpu.max".into()), None),
        // A path that stands for another one.
        (Read::Missed("/build/x/src/macros.rs".into()), None),
        (Read::Missed("/proc/self/cgroup".into()), None),
        // It was there for rustc, or is there now, and not both.
        (Read::Opened("/build/x/src/macros.rs".into()), Some("reads")),
        (Read::Missed("src/data.bin".into()), Some("comes and goes")),
        (Read::Opened("/proc/self/environ".into()), Some("reads `/proc/self/environ`")),
        (Read::Opened("/dev/fd/6".into()), None),
        (Read::Opened("/dev/fd/7".into()), Some("reads `/dev/fd/7`")),
        (Read::Opened("/etc/passwd".into()), Some("reads `/etc/passwd`")),
        (Read::Opened("dir".into()), Some("reads")),
    ] {
        let (Read::File(path) | Read::Opened(path) | Read::Missed(path)) = &read else { continue };
        // Only Linux has these.
        if cfg!(windows) && path.has_root() && !path.is_absolute() {
            continue;
        }
        let found = world.remember_with(Some([read.clone()].into())).err();
        let fits = match (&found, why) {
            (Some(found), Some(why)) => found.contains(why),
            (found, why) => found.is_none() && why.is_none(),
        };
        assert!(fits, "{read:?}: {found:?}");
    }
    // The times of a file are not part of the key.
    world.files_varied = false;
    let with = |read| world.remember_with(Some([read].into()));
    assert!(with(Read::File("macro.txt".into())).unwrap_err().contains("reads files"));
    assert_eq!(with(Read::Variable("BY_MACRO".into())), Ok(()));
    assert!(with(Read::Called("readlink".into())).unwrap_err().contains("called `readlink`"));
}

/// The umask is varied, and decides nothing about the owner's right to run a file.
#[cfg(unix)]
#[test]
fn whether_a_file_can_be_run_is_an_input() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    world.remember_with(Some([Read::File("macro.txt".into())].into())).unwrap();
    for (mode, found) in [(0o644, true), (0o755, false), (0o640, true), (0o750, false)] {
        let path = world.path("source/macro.txt");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(world.is_found(), found, "{mode:o}");
    }
}

#[test]
fn files_that_appear_and_links_that_lead_elsewhere_count() {
    let world = World::new();
    let write = |name: &str, text: &str| {
        std::fs::create_dir_all(world.path(name).parent().unwrap()).unwrap();
        std::fs::write(world.path(name), text).unwrap();
    };
    world.remember().unwrap();
    // A module in two files is an error of rustc's; any other new file is not read.
    write("source/src/new.rs", "");
    assert!(world.is_found());
    write("source/src/part/mod.rs", "");
    assert!(!world.is_found());
    std::fs::remove_file(world.path("source/src/part/mod.rs")).unwrap();
    assert!(world.is_found());
    write("target/out/other", "");
    assert!(!world.is_found());
    std::fs::remove_file(world.path("target/out/other")).unwrap();
    #[cfg(unix)]
    {
        let list = std::fs::read_to_string(world.path("target/deps/x-2.d")).unwrap();
        write("target/deps/x-2.d", &list.replace("src/data.bin", "src/link/../data.bin"));
        write("source/other/data.bin", "what is read");
        write("source/other/in/x", "");
        std::os::unix::fs::symlink("../other/in", world.path("source/src/link")).unwrap();
        world.remember().unwrap();
        assert!(world.is_found());
        write("source/other/data.bin", "changed");
        assert!(!world.is_found());
    }
}

#[test]
fn what_cannot_be_told_is_not_remembered() {
    let refused = |change: &dyn Fn(&mut World)| {
        let mut world = World::new();
        change(&mut world);
        world.remember().unwrap_err()
    };
    let write = |world: &World, name: &str, text: &str| {
        std::fs::write(world.path(name), text).unwrap();
    };
    let base = "wrapper/crates/libbase-1";
    for (why, change) in [
        (
            "uses a procedural macro",
            &(|w: &mut World| {
                write(
                    w,
                    base,
                    BASE.replace("\"unlisted\":null", "\"unlisted\":\"uses a procedural macro\"")
                        .as_str(),
                );
            }) as &dyn Fn(&mut World),
        ),
        ("unknown", &|w| write(w, base, "")),
        ("cannot be read", &|w| {
            write(w, "target/deps/x-2.d", "x.d: src/a\nb.rs\n\nsrc/a\nb.rs:\n")
        }),
        ("no list", &|w| std::fs::remove_file(w.path("target/deps/x-2.d")).unwrap()),
        ("/etc/passwd`", &|w| {
            write(w, "target/deps/x-2.d", "x.d: /etc/passwd\n\n/etc/passwd:\n");
        }),
        ("RUST_TARGET_PATH", &|w| drop(w.env.insert("RUST_TARGET_PATH".into(), "/t".into()))),
        ("/usr/lib`", &|w| w.args.push("-L/usr/lib".into())),
    ] {
        let found = refused(change);
        assert!(found.contains(why), "{found}");
    }
    // Where nothing is watched, assembler code could read anything.
    let world = World::new();
    assert_eq!(world.remember_with(None), Ok(()));
    write(&world, "source/src/part.rs", "core::arch::asm!(\"nop\");");
    assert!(world.remember_with(None).unwrap_err().contains("assembler code"));
    assert_eq!(world.remember(), Ok(()));
}
