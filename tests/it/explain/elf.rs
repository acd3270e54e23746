//! Programs for Linux: symbols, crates and lines of the sources.

use super::*;
use test_needs::needs;

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

/// Flags of one side and of the other, the cause and its place, and flags with which both are the same.
#[cfg(target_arch = "x86_64")]
const LINKED: [([&str; 2], &str, &str, &str); 3] = [
    (
        ["-Wl,--build-id=none", "-Wl,--build-id=sha1"],
        "build-id",
        ".note.gnu.build-id",
        "-Wl,--build-id=sha1",
    ),
    (
        ["-Wl,--hash-style=both", "-Wl,--hash-style=gnu"],
        "linker-version",
        ".hash",
        "-Wl,--hash-style=gnu",
    ),
    (
        ["-Wl,--dynamic-linker=/nix/store/of-another-system/lib/ld.so", "-s"],
        "linker-version",
        ".interp",
        "-Wl,--dynamic-linker=/lib64/ld-linux-x86-64.so.2",
    ),
];

#[test]
#[cfg(target_arch = "x86_64")]
fn what_linkers_were_told_otherwise_is_named_and_no_directory_of_the_build() {
    let project = scratch();
    std::fs::write(project.dir.join("m.c"), "int main(void) { return 0; }").unwrap();
    let link = |flags: [&str; 2]| {
        for (flag, out) in flags.into_iter().zip(["a", "b"]) {
            crate::archive::sh(&project.dir, &format!("cc -s m.c {flag} -o {out}"));
        }
    };
    for (flags, cause, place, same) in LINKED {
        link(flags);
        let found = diff(&project, "a", "b");
        is_all(&found, cause);
        let at = causes(&found)[0]["where"].as_str().unwrap();
        assert!(at.starts_with(place), "{flags:?}: {found:#}");
        link([same; 2]);
        assert_eq!(project.repro(&["diff", "a", "b"]).code, Some(0), "{same}");
    }
}

#[test]
fn one_stripped_file_is_no_other_program() {
    let project = scratch();
    rustc(&project.dir, PRINTS, &["-g", "-o", "a"], &[("LEAK", "same")]);
    crate::archive::sh(&project.dir, "cp a b && strip b");
    let found = diff(&project, "a", "b");
    let symbols = |f: &&&Value| f["where"] == "symbols on one side only";
    let one = causes(&found).into_iter().find(|f| symbols(&f)).unwrap();
    assert!(one["remedy"].as_str().unwrap().contains("same `strip`"), "{one}");
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
    let text = "pub const WHERE: &str = env!(\"LEAK\"); pub fn f() -> String { WHERE.to_string() }";
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
fn a_page_shows_it() {
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
}

/// The page in Chromium: it must draw something, and in the color of the verdict.
#[needs("chromium")]
#[test]
fn a_browser_draws_the_page() {
    let project = scratch();
    pair(&project, PRINTS, PATHS, &[]);
    project.repro(&["diff", "a", "b", "--html", "page.html"]);
    let (page, picture) = (project.dir.join("page.html"), project.dir.join("page.png"));
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
    let picture = std::fs::read(&picture).unwrap_or_else(|e| panic!("{e}: {words}"));
    assert!(picture.starts_with(b"\x89PNG"), "{words}");
    // An empty page of this size takes some 5 kB.
    assert!(picture.len() > 20_000, "{} bytes: {words}", picture.len());
}
