//! `repro diff` on programs: what differs is found, named and attributed, and all of it accounted for.
//!
//! The samples are made here by the toolchain at hand, from a few lines each.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::Project;

/// A directory to make samples in, and `repro` to run there.
fn scratch() -> Project {
    Project::plain("sound-features")
}

/// Runs rustc on a text.
#[track_caller]
fn rustc(dir: &Path, text: &str, args: &[&str], env: &[(&str, &str)]) {
    std::fs::write(dir.join("app.rs"), text).unwrap();
    let out = Command::new("rustc")
        .current_dir(dir)
        .args(["--edition", "2024", "--crate-name", "app", "-O", "app.rs"])
        .args(args)
        .env_remove("RUSTFLAGS")
        .envs(env.iter().copied())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{words}");
}

/// Compiles a text twice, with LEAK as each side has it, to `a` and `b`.
#[track_caller]
fn pair(project: &Project, text: &str, leaks: [&str; 2], args: &[&str]) {
    for (side, leak) in ["a", "b"].into_iter().zip(leaks) {
        let args = [args, &["-o", side]].concat();
        rustc(&project.dir, text, &args, &[("LEAK", leak)]);
    }
}

#[track_caller]
fn diff(project: &Project, a: &str, b: &str) -> Value {
    let run = project.repro(&["diff", "--format", "json", a, b]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let json = run.json();
    assert_eq!(json["verdict"], "differs");
    json["artifacts"][0].clone()
}

/// Findings that are no consequences.
fn causes(artifact: &Value) -> Vec<&Value> {
    let findings = artifact["findings"].as_array().unwrap();
    findings.iter().filter(|f| f["consequence"] == false).collect()
}

#[track_caller]
fn is_explained(artifact: &Value) {
    assert_eq!(artifact["explained"]["unexplained"], 0, "{artifact:#}");
    assert!(artifact["note"].is_null(), "{artifact:#}");
}

const PRINTS: &str = "fn main() { println!(\"built in {}\", env!(\"LEAK\")); }";

#[cfg(target_os = "linux")]
mod elf {
    use super::*;

    const PATHS: [&str; 2] = ["/s/a/path/src", "/s/b/another/path/of/more/levels/src"];

    #[test]
    fn one_path_is_one_finding_whatever_it_moved() {
        let project = scratch();
        pair(&project, PRINTS, PATHS, &["-g"]);
        let found = diff(&project, "a", "b");
        let causes = causes(&found);
        assert_eq!(causes.len(), 1, "{found:#}");
        let one = causes[0];
        assert_eq!(one["cause"], "build-path");
        assert_eq!(one["symbol"], "app::main");
        assert_eq!(one["crate"], "app");
        assert_eq!(one["source"], format!("{}:1", project.dir.join("app.rs").display()));
        assert!(one["where"].as_str().unwrap().starts_with(".rodata+0x"), "{one}");
        assert!(one["b"].as_str().unwrap().contains("more/levels"), "{one}");
        assert!(one["remedy"].as_str().unwrap().contains("remap"), "{one}");
        is_explained(&found);
        // The build-id is made from the content: it follows.
        let id = |f: &&Value| f["cause"] == "build-id";
        let findings = found["findings"].as_array().unwrap();
        assert!(findings.iter().filter(id).all(|f| f["consequence"] == true));
    }

    #[test]
    fn a_stripped_program_still_has_cause_and_section() {
        let project = scratch();
        pair(&project, PRINTS, PATHS, &["-C", "strip=symbols"]);
        let found = diff(&project, "a", "b");
        let one = causes(&found)[0];
        assert_eq!((&one["cause"], &one["symbol"]), (&"build-path".into(), &Value::Null));
        assert!(one["where"].as_str().unwrap().starts_with(".rodata+0x"), "{one}");
        is_explained(&found);
    }

    /// Ten bytes that are compared with live in two instructions, and nowhere else.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_literal_that_lives_only_in_instructions_is_found() {
        let project = scratch();
        let text = "fn main() { std::process::exit((std::env::args().nth(1).unwrap().as_bytes() == env!(\"LEAK\").as_bytes()) as i32) }";
        let day = |ago: i64| {
            let now = std::time::SystemTime::now();
            let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
            (since.as_secs() as i64 - ago).to_string()
        };
        let leaks = [day(3_600), day(0)];
        pair(&project, text, [&leaks[0], &leaks[1]], &["-C", "strip=debuginfo"]);
        let bytes = std::fs::read(project.dir.join("a")).unwrap();
        let whole = |b: &[u8]| b.windows(10).any(|w| w == leaks[0].as_bytes());
        assert!(!whole(&bytes), "the literal is a constant after all");
        let found = diff(&project, "a", "b");
        let causes = causes(&found);
        assert!(!causes.is_empty(), "{found:#}");
        for one in &causes {
            assert_eq!(one["cause"], "timestamp", "{found:#}");
            assert!(one["where"].as_str().unwrap().starts_with(".text"), "{one}");
            assert_eq!(one["symbol"], "app::main", "{one}");
        }
        is_explained(&found);
    }

    #[test]
    fn another_compiler_in_the_comment_is_named() {
        let project = scratch();
        pair(&project, PRINTS, ["same"; 2], &[]);
        let mut bytes = std::fs::read(project.dir.join("b")).unwrap();
        let version = b"rustc version 1.";
        let at = bytes.windows(version.len()).rposition(|w| w == version);
        bytes[at.expect("rustc names itself") + version.len()] = b'3';
        std::fs::write(project.dir.join("b"), bytes).unwrap();
        let found = diff(&project, "a", "b");
        assert_eq!(causes(&found)[0]["cause"], "compiler-version", "{found:#}");
        is_explained(&found);
    }

    /// All causes are these, and nothing is left.
    #[track_caller]
    fn is_all(found: &Value, cause: &str) {
        let causes = causes(found);
        assert!(!causes.is_empty() && causes.iter().all(|f| f["cause"] == cause), "{found:#}");
        is_explained(found);
    }

    #[test]
    fn another_linker_is_the_cause_of_all_that_it_does_in_another_way() {
        let project = scratch();
        let link = |side: &str, arg: &str| {
            let arg = format!("link-arg={arg}");
            rustc(&project.dir, PRINTS, &["-C", &arg, "-o", side], &[("LEAK", "same")]);
        };
        link("a", "-fuse-ld=bfd");
        link("b", "-fuse-ld=bfd");
        assert_eq!(project.repro(&["diff", "a", "b"]).code, Some(0), "the control");
        link("b", "-fuse-ld=lld");
        let found = diff(&project, "a", "b");
        is_all(&found, "linker-version");
        assert!(causes(&found)[0]["where"].as_str().unwrap().starts_with(".comment"), "{found:#}");
        // One linker, and what it may relax.
        for (side, relax) in [("a", "-Wl,--relax"), ("b", "-Wl,--no-relax")] {
            link(side, relax);
        }
        let found = diff(&project, "a", "b");
        is_all(&found, "linker-version");
        let remedy = causes(&found)[0]["remedy"].as_str().unwrap();
        assert!(remedy.contains("--no-relax"), "{remedy}");
    }

    #[test]
    fn the_order_of_objects_is_an_order_and_no_number_of_jobs() {
        let project = scratch();
        let texts = [
            ("m", "int f(int); int g(int); int main(int c, char **v) { return f(c) + g(c); }"),
            ("f", "int tf[] = {1, 2, 3, 4}; int f(int x) { return tf[x & 3] * x; }"),
            ("g", "int tg[] = {5, 6, 7, 8}; int g(int x) { return tg[x & 3] + x * 7; }"),
        ];
        for (name, text) in texts {
            std::fs::write(project.dir.join(format!("{name}.c")), text).unwrap();
        }
        let sh = |line: &str| crate::archive::sh(&project.dir, line);
        sh("cc -O2 -c m.c f.c g.c && cc m.o f.o g.o -o a && cc m.o f.o g.o -o b");
        assert_eq!(project.repro(&["diff", "a", "b"]).code, Some(0), "the control");
        sh("cc m.o g.o f.o -o b");
        let found = diff(&project, "a", "b");
        is_all(&found, "ordering");
        let functions = |f: &&&Value| f["where"] == "order of functions";
        let one = causes(&found).into_iter().find(|f| functions(&f)).unwrap();
        assert!(one["remedy"].as_str().unwrap().contains("objects"), "{one}");
    }

    #[test]
    fn optimized_over_all_crates_one_path_is_still_one_cause() {
        let project = scratch();
        for lto in ["thin", "fat"] {
            pair(&project, PRINTS, PATHS, &["-C", &format!("lto={lto}"), "-C", "codegen-units=16"]);
            is_all(&diff(&project, "a", "b"), "build-path");
        }
    }

    #[test]
    fn texts_in_another_order_are_no_path() {
        let project = scratch();
        let keys = |by: usize| -> String {
            let each = (0..30).map(|i| format!("(\"key{}\", {i})", i * by % 91));
            each.collect::<Vec<_>>().join(", ")
        };
        let text = "const KEYS: [(&str, u32); 30] = [@]; fn main() { println!(\"{:?}\", &KEYS[std::env::args().count()..]); }";
        for (side, reversed) in [("a", false), ("b", true)] {
            let list = keys(37);
            let mut list: Vec<&str> = list.split("), ").map(|k| k.trim_end_matches(')')).collect();
            if reversed {
                list.reverse();
            }
            let text = text.replace('@', &(list.join("), ") + ")"));
            rustc(&project.dir, &text, &["-o", side], &[]);
        }
        is_all(&diff(&project, "a", "b"), "ordering");
    }

    #[test]
    fn a_build_id_is_the_cause_only_if_nothing_else_differs() {
        let project = scratch();
        for (side, style) in [("a", "md5"), ("b", "uuid")] {
            let link = format!("link-arg=-Wl,--build-id={style}");
            rustc(&project.dir, PRINTS, &["-C", &link, "-o", side], &[("LEAK", "same")]);
        }
        let found = diff(&project, "a", "b");
        let causes = causes(&found);
        assert_eq!(causes.len(), 1, "{found:#}");
        assert_eq!(causes[0]["cause"], "build-id");
        assert!(causes[0]["remedy"].as_str().unwrap().contains("sha1"));
    }

    #[test]
    fn hashes_in_symbol_names_are_told_from_other_names() {
        let project = scratch();
        for (side, id) in [("a", "one"), ("b", "two")] {
            let id = format!("metadata={id}");
            let args = ["-C", &id, "-C", "debuginfo=0", "--crate-type", "lib", "-o", side];
            rustc(&project.dir, "#[inline(never)] pub fn f(x: u32) -> u32 { x / 3 }", &args, &[]);
        }
        let found = diff(&project, "a", "b");
        let hash = |f: &&&Value| f["cause"] == "symbol-hash" && f["crate"] == "app";
        assert!(causes(&found).iter().any(|f| hash(&f)), "{found:#}");
    }

    #[test]
    fn a_library_is_looked_into_down_to_its_metadata() {
        let project = scratch();
        let text =
            "pub const WHERE: &str = env!(\"LEAK\"); pub fn f() -> String { WHERE.to_string() }";
        for (side, leak) in [("x", PATHS[0]), ("y", PATHS[1])] {
            let args = ["--crate-type", "rlib", "--out-dir", side];
            rustc(&project.dir, text, &args, &[("LEAK", leak)]);
        }
        let found = diff(&project, "x/libapp.rlib", "y/libapp.rlib");
        let causes = causes(&found);
        assert!(causes.iter().all(|f| f["cause"] == "build-path"), "{found:#}");
        let metadata = |f: &&Value| f["where"].as_str().unwrap().contains("`lib.rmeta`: ");
        assert!(causes.iter().any(metadata), "{found:#}");
        is_explained(&found);
    }

    #[test]
    fn members_of_archives_are_explained_in_turn() {
        let project = scratch();
        pair(&project, PRINTS, PATHS, &["-C", "strip=debuginfo"]);
        for side in ["a", "b"] {
            let line = format!(
                "mkdir -p in/bin && cp {side} in/bin/app && tar --mtime=@5 --owner=0 --group=0 --numeric-owner -cf - -C in . | gzip -nc >{side}.tar.gz"
            );
            crate::archive::sh(&project.dir, &line);
        }
        let found = diff(&project, "a.tar.gz", "b.tar.gz");
        let causes = causes(&found);
        assert_eq!(causes.len(), 1, "{found:#}");
        assert_eq!(causes[0]["symbol"], "app::main");
        let place = causes[0]["where"].as_str().unwrap();
        assert!(place.starts_with("`bin/app`: .rodata+0x"), "{place}");
        is_explained(&found);
    }

    #[test]
    fn a_page_shows_it_and_a_browser_draws_it() {
        let project = scratch();
        pair(&project, PRINTS, PATHS, &[]);
        let run = project.repro(&["diff", "a", "b", "--html", "page.html"]);
        assert_eq!(run.code, Some(1), "{}", run.all());
        let page = std::fs::read_to_string(project.dir.join("page.html")).unwrap();
        for word in ["DIFFERS", "build-path", "app::main", "more/levels", "<mark>"] {
            assert!(page.contains(word), "no {word}");
        }
        for outside in ["<script", "src=", "@import", "url(", "<link"] {
            assert!(!page.contains(outside), "{outside}");
        }
        draws(&project.dir.join("page.html"), &project.dir.join("page.png"));
    }
}

/// The page in Chromium: it must draw something, and in the color of the verdict.
#[cfg(target_os = "linux")]
#[track_caller]
fn draws(page: &Path, picture: &Path) {
    if !crate::archive::have("chromium") {
        return;
    }
    let home = page.with_extension("home");
    let out = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
        .args(["--window-size=1200,900", "--force-device-scale-factor=1"])
        .arg(format!("--user-data-dir={}", home.display()))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&out.stderr);
    let picture = std::fs::read(picture).unwrap_or_else(|e| panic!("{e}: {words}"));
    assert!(picture.starts_with(b"\x89PNG"), "{words}");
    // An empty page of this size takes some 5 kB.
    assert!(picture.len() > 20_000, "{} bytes: {words}", picture.len());
}

/// The PE file and the Mach-O file of the fixture, in a directory of `project`; false where the
/// toolchain lacks its linker.
fn foreign(project: &Project, name: &str) -> bool {
    let dir = project.dir.join(name);
    std::fs::create_dir_all(&dir).unwrap();
    let print = |what: &[&str]| {
        let out = Command::new("rustc").args(what).output().unwrap();
        String::from_utf8(out.stdout).unwrap().trim().to_string()
    };
    let sysroot = PathBuf::from(print(&["--print", "sysroot"]));
    let lld = sysroot.join("lib/rustlib").join(crate::support::host()).join("bin/rust-lld");
    if !lld.is_file() {
        eprintln!("NOT CHECKED: PE and Mach-O, because the toolchain has no rust-lld");
        return false;
    }
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/no-core");
    let linker = format!("linker={}", lld.display());
    let common = ["-C", &linker, "-C", "panic=abort", "-C", "debuginfo=2"];
    let pe = [
        "--target=x86_64-pc-windows-msvc",
        "-Clinker-flavor=lld-link",
        "-Clink-arg=/NODEFAULTLIB",
        "-Clink-arg=/ENTRY:mainCRTStartup",
        "-Clink-arg=/SUBSYSTEM:CONSOLE",
    ];
    let macho = ["--target=aarch64-apple-darwin", "-Clinker-flavor=ld64.lld"];
    let all: [(&str, &[&str], &str); 2] = [("pe.rs", &pe, "pe.exe"), ("macho.rs", &macho, "macho")];
    for (source, args, output) in all {
        // Only here: what is built so is a sample, and not what is shipped.
        let out = Command::new("rustc")
            .arg(sources.join(source))
            .args(common)
            .args(args)
            .arg("-o")
            .arg(dir.join(output))
            .env("RUSTC_BOOTSTRAP", "1")
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{source}: {words}");
    }
    true
}

/// Adds seconds to the little-endian time at an offset.
fn later(bytes: &mut [u8], at: usize) {
    let field: &mut [u8; 4] = (&mut bytes[at..at + 4]).try_into().unwrap();
    *field = u32::from_le_bytes(*field).wrapping_add(7).to_le_bytes();
}

#[test]
fn pe_and_mach_o_have_their_fields_named() {
    let project = scratch();
    if !foreign(&project, "one") || !foreign(&project, "the-other") {
        return;
    }
    // Whether the clock went on in between is not up to the test.
    let path = project.dir.join("the-other/pe.exe");
    let mut bytes = std::fs::read(&path).unwrap();
    let header = u32::from_le_bytes(bytes[60..64].try_into().unwrap()) as usize;
    later(&mut bytes, header + 8);
    bytes[header + 88] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let pe = diff(&project, "one/pe.exe", "the-other/pe.exe");
    let named = |artifact: &Value, cause: &str, place: &str| {
        let findings = artifact["findings"].as_array().unwrap();
        let fits = |f: &&Value| f["cause"] == cause && f["where"].as_str().unwrap().contains(place);
        let found = findings.iter().find(fits);
        found.unwrap_or_else(|| panic!("{cause} {place}: {artifact:#}")).clone()
    };
    let time = named(&pe, "pe-timestamp", "TimeDateStamp of the file header");
    assert!(time["remedy"].as_str().unwrap().contains("/Brepro"));
    assert!(time["a"].as_str().unwrap().contains("as a time 20"), "{time}");
    named(&pe, "pe-debug", "GUID of the PDB");
    assert_eq!(named(&pe, "pe-timestamp", "CheckSum")["consequence"], true);
    is_explained(&pe);

    let macho = diff(&project, "one/macho", "the-other/macho");
    let path = named(&macho, "build-path", "N_OSO path");
    assert!(path["a"].as_str().unwrap().contains("/one/"), "{path}");
    assert!(path["remedy"].as_str().unwrap().contains("oso_prefix"));
    assert_eq!(named(&macho, "macho-uuid", "LC_UUID")["consequence"], true);
    let signature = named(&macho, "code-signature", "code signature");
    assert_eq!(signature["consequence"], true);
    is_explained(&macho);

    // Both machines in one file, as `lipo` makes it: each is explained.
    for side in ["one", "the-other"] {
        let thin = std::fs::read(project.dir.join(side).join("macho")).unwrap();
        std::fs::write(project.dir.join(side).join("fat"), fat(&thin)).unwrap();
    }
    let both = diff(&project, "one/fat", "the-other/fat");
    let place = named(&both, "build-path", "N_OSO path")["where"].clone();
    assert!(place.as_str().unwrap().starts_with("`aarch64`: "), "{place}");
}

/// A PE file with a certificate of so many bytes at its end, as a signer leaves it.
fn signed_pe(unsigned: &[u8], certificate: &[u8]) -> Vec<u8> {
    let mut bytes = unsigned.to_vec();
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    let header = u32::from_le_bytes(bytes[60..64].try_into().unwrap()) as usize;
    let entry = header + 24 + 112 + 4 * 8;
    let start = bytes.len() as u32;
    bytes[entry..entry + 4].copy_from_slice(&start.to_le_bytes());
    bytes[entry + 4..entry + 8].copy_from_slice(&(certificate.len() as u32).to_le_bytes());
    bytes[header + 88] ^= certificate[0];
    bytes.extend(certificate);
    bytes
}

/// A Mach-O file whose signature, which is at its end, is longer and ends otherwise.
fn signed_again(macho: &[u8]) -> Vec<u8> {
    let mut bytes = macho.to_vec();
    let number =
        |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let grow = |bytes: &mut [u8], at: usize| {
        let longer = number(bytes, at) + 16;
        bytes[at..at + 4].copy_from_slice(&longer.to_le_bytes());
    };
    let mut at = 32;
    for _ in 0..number(&bytes, 16) {
        match number(&bytes, at) {
            0x1d => grow(&mut bytes, at + 12),
            0x19 if bytes[at + 8..].starts_with(b"__LINKEDIT") => grow(&mut bytes, at + 48),
            _ => {}
        }
        at += number(&bytes, at + 4) as usize;
    }
    let last = bytes.len() - 8;
    bytes[last] ^= 1;
    bytes.extend([0x5a; 16]);
    bytes
}

#[test]
fn a_signature_is_the_cause_of_what_only_signing_changes() {
    let project = scratch();
    if !foreign(&project, "one") {
        return;
    }
    let write = |name: &str, bytes: Vec<u8>| std::fs::write(project.dir.join(name), bytes).unwrap();
    let pe = std::fs::read(project.dir.join("one/pe.exe")).unwrap();
    write("alice.exe", signed_pe(&pe, &[0xa5; 64]));
    write("bob.exe", signed_pe(&pe, &[0xb4; 72]));
    let mut other = pe.clone();
    let time = u32::from_le_bytes(pe[60..64].try_into().unwrap()) as usize + 8;
    later(&mut other, time);
    write("other.exe", signed_pe(&other, &[0xb4; 72]));
    let macho = std::fs::read(project.dir.join("one/macho")).unwrap();
    write("again", signed_again(&macho));
    // Sizes of the segment that a signature ends, without a change of the signature.
    let name = b"__LINKEDIT\0\0\0\0\0\0";
    let segment = macho.windows(16).position(|w| w == name).unwrap() - 8;
    let mut sized = macho.clone();
    sized[segment + 34] ^= 1;
    write("sized", sized);
    let sized = diff(&project, "one/macho", "sized");
    assert_eq!(causes(&sized)[0]["cause"], "unknown", "{sized:#}");
    for (a, b, cause) in [
        ("one/pe.exe", "alice.exe", "code-signature"),
        ("alice.exe", "bob.exe", "code-signature"),
        ("one/macho", "again", "code-signature"),
        // The control: what was signed differs.
        ("alice.exe", "other.exe", "pe-timestamp"),
    ] {
        let artifact = diff(&project, a, b);
        let causes: Vec<&Value> = causes(&artifact).into_iter().map(|f| &f["cause"]).collect();
        assert_eq!(causes, [cause], "{a} {b}: {artifact:#}");
        is_explained(&artifact);
    }
}

#[test]
fn a_build_that_differs_is_explained_in_the_report_and_on_the_page() {
    let project = Project::committed("fault-username");
    let page = project.base().join("page.html");
    let args = ["build", "--format", "json", "--html", page.to_str().unwrap()];
    let run = project.repro(&args);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let artifact = run.json()["artifacts"][0].clone();
    assert_eq!(artifact["name"], "fault-username");
    let causes = causes(&artifact);
    assert_eq!(causes.len(), 1, "{artifact:#}");
    let one = causes[0];
    assert_eq!((&one["cause"], &one["crate"]), (&"username".into(), &"fault_username".into()));
    let value = |side: &str| one[side].as_str().unwrap().to_string();
    assert!(value("a").starts_with("user-a-") && value("b").starts_with("user-bb-"), "{one}");
    is_explained(&artifact);
    let page = std::fs::read_to_string(page).unwrap();
    for word in ["DIFFERS", "fault-username", "username", &value("b"), "not in the verdict"] {
        assert!(page.contains(word), "no {word}");
    }
}

#[test]
fn the_annotation_of_a_culprit_points_at_the_line_of_its_build_script() {
    let project = Project::committed("fault-username");
    let run = project.repro(&["build", "--format", "github", "--no-replay"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let start = "::error title=not reproducible%3A build-script of fault-username 0.1.0,file=build.rs,line=5::username";
    assert!(run.stdout.lines().any(|l| l.starts_with(start)), "{}", run.all());
}

/// A file for several machines that holds one.
fn fat(thin: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 1];
    let len = u32::try_from(thin.len()).unwrap();
    for field in [0x0100_000c, 0, 0x4000, len, 14_u32] {
        bytes.extend(field.to_be_bytes());
    }
    bytes.resize(0x4000, 0);
    bytes.extend(thin);
    bytes
}

#[test]
fn text_is_told_by_its_lines_and_other_bytes_by_their_place() {
    let project = scratch();
    project.write("a.txt", "first\nsecond\nbuilt 2026-11-24 22:03:11\nend\n");
    project.write("b.txt", "first\nsecond\nbuilt 2026-11-25 08:00:00\nend\n");
    let found = diff(&project, "a.txt", "b.txt");
    let one = causes(&found)[0];
    assert_eq!(one["cause"], "timestamp", "{one}");
    assert!(one["where"].as_str().unwrap().starts_with("line 3"), "{one}");
    assert_eq!(one["a"], "2026-11-24 22:03:11");
    is_explained(&found);

    std::fs::write(project.dir.join("a.bin"), b"\0\x01\x02\x03\x04\x05\x06\x07").unwrap();
    std::fs::write(project.dir.join("b.bin"), b"\0\x01\x02\x03\x04\x99\x06\x07").unwrap();
    let found = diff(&project, "a.bin", "b.bin");
    let one = causes(&found)[0];
    assert_eq!((&one["cause"], &one["where"]), (&"unknown".into(), &"byte 5".into()));
    assert_eq!(found["explained"]["unexplained"], 1, "{found:#}");
    let run = project.repro(&["diff", "a.bin", "b.bin"]);
    assert!(run.stdout.contains("1 byte is not explained"), "{}", run.all());
}

#[test]
fn the_report_fits_one_screen_whatever_differs() {
    let project = scratch();
    let lines = |word: &str| -> String {
        let each = (0..400).map(|i| format!("{word}{i} is not the same at all\n\n"));
        each.collect()
    };
    project.write("a.txt", &lines("red"));
    project.write("b.txt", &lines("blue"));
    let run = project.repro(&["diff", "a.txt", "b.txt"]);
    assert!(run.stdout.lines().count() <= 30, "{}", run.all());
    assert!(run.stdout.contains("more, listed with -v"), "{}", run.all());
    let verbose = project.repro(&["diff", "a.txt", "b.txt", "-v"]);
    assert!(verbose.stdout.lines().count() > 400, "{}", verbose.all());
}

#[test]
fn a_file_that_no_reader_can_read_still_differs() {
    let project = scratch();
    std::fs::write(project.dir.join("a"), b"\x7fELF and then nothing").unwrap();
    std::fs::write(project.dir.join("b"), b"\x7fELF and then something").unwrap();
    let run = project.repro(&["diff", "a", "b"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let note = "bytes differ; no reader could explain the difference: it is not a valid ELF file";
    assert!(run.stdout.contains(note), "{}", run.all());
    assert!(run.last().starts_with("DIFFERS"), "{}", run.all());
    project.write("c", "text");
    let run = project.repro(&["diff", "a", "c"]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    assert!(run.stdout.contains("A is ELF and B is"), "{}", run.all());
}

#[test]
fn annotations_and_a_step_summary_are_for_github() {
    let project = scratch();
    project.write("a.txt", "by 100 % at 2026-11-24 22:03:11\n");
    project.write("b.txt", "by 100 % at 2026-11-25 08:00:00\n");
    let summary = project.dir.join("summary.md");
    std::fs::write(&summary, "before\n").unwrap();
    let env = [("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
    let run = project.repro_env(&["diff", "--format", "github", "a.txt", "b.txt"], &env);
    assert_eq!(run.code, Some(1), "{}", run.all());
    let lines: Vec<&str> = run.stdout.lines().filter(|l| l.starts_with("::")).collect();
    assert_eq!(lines.len(), 2, "{}", run.all());
    assert!(lines[0].starts_with("::error title=a.txt%3A timestamp::line 1"), "{lines:?}");
    assert_eq!(run.last(), "::error title=repro diff%3A DIFFERS::1 of 1 files differ");
    let text = std::fs::read_to_string(&summary).unwrap();
    assert!(text.starts_with("before\n## repro diff: DIFFERS\n"), "{text}");
    assert!(text.contains("| timestamp | line 1"), "{text}");
    // A failure is an annotation as well.
    let run = project.repro(&["diff", "--format", "github", "a.txt", "missing"]);
    assert_eq!(run.code, Some(6), "{}", run.all());
    assert!(run.last().starts_with("::error title=repro diff%3A host::"), "{}", run.all());
}

/// A diffoscope of the test's own: what it is called with is what is looked at.
#[cfg(unix)]
#[test]
fn diffoscope_is_called_if_it_is_there_and_named_if_not() {
    use std::os::unix::fs::PermissionsExt;
    let project = scratch();
    project.write("a.txt", "1\n");
    project.write("b.txt", "2\n");
    let bin = project.base().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let nothing = [("PATH", bin.to_str().unwrap())];
    let run = project.repro_env(&["diff", "--diffoscope", "a.txt", "b.txt"], &nothing);
    assert_eq!(run.code, Some(1), "{}", run.all());
    assert!(run.stderr.contains("diffoscope is not installed"), "{}", run.all());
    let fake = bin.join("diffoscope");
    std::fs::write(&fake, "#!/bin/sh\necho \"called with $*\"\nexit 1\n").unwrap();
    std::fs::set_permissions(&fake, PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let env = [("PATH", path.as_str())];
    // The version is asked for first, and this one says 1 to all.
    std::fs::write(
        &fake,
        "#!/bin/sh\n[ \"$1\" = --version ] && exit 0\necho \"called with $*\"\nexit 1\n",
    )
    .unwrap();
    let run = project.repro_env(&["diff", "--diffoscope", "a.txt", "b.txt"], &env);
    assert_eq!(run.last(), "called with --text - a.txt b.txt", "{}", run.all());
    let args = ["diff", "--diffoscope", "--format", "json", "a.txt", "b.txt"];
    let run = project.repro_env(&args, &env);
    assert_eq!(run.json()["verdict"], "differs");
    assert!(run.stderr.contains("called with"), "{}", run.all());
}

#[test]
fn the_causes_are_listed_with_remedies_and_sources() {
    let project = scratch();
    let run = project.repro(&["diff", "--list-causes"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    for word in ["timestamp: ", "symbol-hash: ", "CONST_RANDOM_SEED", "https://"] {
        assert!(run.stdout.contains(word), "no {word} in {}", run.stdout);
    }
    let run = project.repro(&["diff"]);
    assert_eq!(run.code, Some(2), "{}", run.all());
}
