//! What code asks of the machine that it runs on, and whether that matters: where its values come
//! from and go to is in [`super::flow`], what counts in [`super::tables`].

use super::flow::{self, DIRECTIVE, ENV, MESSAGE, Origin, Place, Source, Value, WRITTEN};
use super::modules::Module;
use super::names::Names;
use super::tables::{Depth, Found, OF_CARGO, What};
use super::{command, embedded, order};

/// What each file of a crate reads, by its number, and whether the crate knows SOURCE_DATE_EPOCH.
pub(in crate::check) fn of(modules: &[Module], depth: Depth) -> (Vec<(usize, Found)>, bool) {
    let (mut found, mut knows_epoch) = (Vec::new(), false);
    for (file, module) in modules.iter().enumerate() {
        let (more, knows) = embedded::of(&module.file, depth);
        knows_epoch |= knows;
        found.extend(more.into_iter().map(|f| (file, f)));
    }
    if depth != Depth::Embedded {
        let names = Names::of(modules);
        let fields = order::fields(modules, &names);
        for (file, module) in modules.iter().enumerate() {
            found.extend(order::of(module, &names, &fields).into_iter().map(|f| (file, f)));
        }
        let origins = flow::of(modules, &names, depth);
        found.extend(origins.iter().flat_map(|origin| judged(origin, &origins)));
    }
    found.sort();
    found.dedup();
    (found, knows_epoch)
}

fn judged(origin: &Origin, all: &[Origin]) -> Vec<(usize, Found)> {
    let one = |what: What, detail: String, place: Place, ways: u8| {
        let emitted = origin.uses & ways != 0;
        let counts = match what {
            _ if emitted => true,
            w if w.only_emitted() => false,
            _ => origin.uses != MESSAGE,
        };
        counts.then_some((place.0, Found { line: place.1, what, detail, emitted }))
    };
    match &origin.source {
        Source::Known(what, detail) => {
            one(*what, detail.clone(), origin.place, ways(*what)).into_iter().collect()
        }
        Source::Variable(name, what) => {
            let ways = if OF_CARGO.contains(name) { ENV } else { ways(*what) };
            one(*what, format!("the variable {name}"), origin.place, ways).into_iter().collect()
        }
        Source::Command => {
            let words: Vec<(&str, Place)> = texts(&origin.words, all).collect();
            let only: Vec<&str> = words.iter().map(|(text, _)| *text).collect();
            let told = |(program, at): (&str, Place)| {
                let own = origin.place.0 == at.0 && origin.place.1 == at.1;
                let reads = command::reads(program, &only).into_iter();
                let found = reads.filter_map(|(what, detail, text)| {
                    let of_text = words.iter().find(|(t, _)| Some(*t) == text).map(|(_, p)| *p);
                    let place = of_text.unwrap_or(if own { origin.place } else { at });
                    one(what, detail, place, ways(what))
                });
                found.collect::<Vec<_>>()
            };
            texts(&origin.programs, all).flat_map(told).collect()
        }
        Source::Empty | Source::Text(_) => Vec::new(),
    }
}

/// What counts as reaching the output.
fn ways(what: What) -> u8 {
    match what {
        What::Environment | What::CurrentDir => ENV | WRITTEN,
        _ => ENV | WRITTEN | DIRECTIVE,
    }
}

fn texts<'a>(value: &'a Value, all: &'a [Origin]) -> impl Iterator<Item = (&'a str, Place)> {
    value.iter().filter_map(|id| match &all[*id as usize] {
        Origin { source: Source::Text(text), place, .. } => Some((text.as_str(), *place)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::rust::cfg::Cfgs;
    use crate::check::rust::modules;

    /// What files are found to read, the root among them.
    fn read(files: &[(&str, &str)], depth: Depth) -> Vec<(What, usize)> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let root = dir.path().join(files[0].0);
        let (modules, troubles) = modules::load(&root, &Cfgs::default(), &|_| true);
        assert!(troubles.is_empty(), "{troubles:?}");
        of(&modules, depth).0.into_iter().map(|(_, f)| (f.what, f.line)).collect()
    }

    /// Of the body of `main`, after the items before `;;`.
    fn script(text: &str) -> Vec<What> {
        let (items, body) = text.split_once(";;").unwrap_or(("", text));
        let end = if items.ends_with(['}', ';']) || items.is_empty() { "" } else { ";" };
        let text = format!("{items}{end}\nfn main() {{\n{body}\n}}\n");
        read(&[("build.rs", &text)], Depth::BuildScript).into_iter().map(|(what, _)| what).collect()
    }

    /// What is found, spellings of it, and what looks like it and is something else.
    const CASES: &[(What, &[&str], &[&str])] = &[
        (
            What::Clock,
            &[
                r#"println!("cargo:rustc-env=T={:?}", std::time::SystemTime::now());"#,
                r#"use std::time::SystemTime as T;; let _ = T::now();"#,
                r#"type T = std::time::SystemTime;; let _ = T::now();"#,
                r#"use std::time::*;; emit(SystemTime::now());"#,
                r#"let f = std::time::SystemTime::now; emit(f());"#,
                r#"let t = given.unwrap_or_else(std::time::SystemTime::now); emit(t);"#,
                r#"macro_rules! now { () => { std::time::SystemTime::now() } };; emit(now!());"#,
                r#"macro_rules! at { ($t:expr) => { println!("cargo:rustc-env=T={:?}", $t) } };; at!(std::time::SystemTime::now());"#,
                r#"mod clock { pub use std::time::SystemTime as Now; };; emit(crate::clock::Now::now());"#,
                r#"Command::new("date").arg("+%s").output();"#,
                r#"Command::new("sh").args(["-c", "echo v1; date -u +%F"]).output();"#,
                r#"let mut c = Command::new("/bin/bash"); c.arg("-c").arg("X=$(date)"); c.output();"#,
                r#"fn run(p: &str, a: &[&str]) -> String { Command::new(p).args(a).output() };; emit(run("date", &["-u"]));"#,
            ],
            &[
                r#"struct SystemTime; impl SystemTime { fn now() {} };; SystemTime::now();"#,
                r#"mod time { pub struct SystemTime; } use time::SystemTime;; SystemTime::now();"#,
                r#"use clock::SystemTime;; SystemTime::now();"#,
                r#"let t = std::time::Instant::now(); eprintln!("{:?}", t.elapsed());"#,
                r#"let t = std::time::SystemTime::now(); println!("cargo:warning=at {t:?}");"#,
                r#"let t = std::time::SystemTime::now(); eprintln!("{t:?}");"#,
                r#"let _ = "SystemTime::now()"; quote! { ::std::time::SystemTime::now() };"#,
                r#"Command::new("date").args(["-u", "-d", "@0"]).output();"#,
                r#"Command::new("sh").args(["-c", "echo up-to-date; update x"]).output();"#,
            ],
        ),
        (
            What::Mtime,
            &[
                r#"emit(std::fs::metadata("x")?.modified()?);"#,
                r#"let t = std::fs::metadata("x")?.mtime(); std::fs::write(out, t.to_string());"#,
                r#"emit(std::fs::metadata("x").map(std::fs::Metadata::modified));"#,
            ],
            &[
                r#"if a.metadata()?.modified()? > b.metadata()?.modified()? { rebuild(); }"#,
                r#"let t = |p: &Path| p.metadata().modified(); if t(a) < t(b) { rebuild(); }"#,
                r#"struct D; impl D { fn modified(&self) -> bool { true } };; if d.modified() { emit(d.modified()); }"#,
                r#"x.modified(1);"#,
            ],
        ),
        (
            What::Randomness,
            &[
                r#"emit(rand::random::<u64>());"#,
                r#"use rand::thread_rng as r;; emit(r().next_u64());"#,
                r#"emit(std::fs::read("/dev/urandom"));"#,
                r#"Command::new("sh").arg("-c").arg("echo $RANDOM").output();"#,
            ],
            &[
                r#"mine::random();"#,
                r#"fn random() -> u8 { 4 };; emit(random());"#,
                r#"let _ = "/dev/null";"#,
            ],
        ),
        (
            What::DirOrder,
            &[
                r#"for e in std::fs::read_dir("x")? { println!("cargo:rustc-env=X={:?}", e); }"#,
                r#"use std::fs;; let v: Vec<_> = fs::read_dir("x")?.collect(); fs::write(out, format!("{v:?}"));"#,
                r#"for e in Path::new("x").read_dir()? { build.file(e?.path()); }"#,
                r#"fn list(out: &mut Vec<P>) { for e in std::fs::read_dir("x") { out.push(e); } };; let mut v = Vec::new(); list(&mut v); std::fs::write(o, v);"#,
                r#"let mut all = String::new(); for e in std::fs::read_dir("x") { all.push_str(e); } std::fs::write(o, all);"#,
                r#"let o = Command::new("find").arg("x").output()?; std::fs::write(out, o.stdout);"#,
                r#"let o = Command::new("sh").args(["-c", "cd x && find . -name '*.c' | tr -d x"]).output()?; for f in lines(o) { build.file(f); }"#,
            ],
            &[
                r#"let o = Command::new("sh").args(["-c", "find x -type f | sort"]).output()?; std::fs::write(out, o.stdout);"#,
                r#"let o = Command::new("find").arg("x").output()?; let mut v: Vec<_> = o.stdout.lines().collect(); v.sort(); std::fs::write(out, v.join("x"));"#,
                r#"let o = Command::new("find").arg("x").output()?; for f in o.stdout.lines() { println!("cargo:rerun-if-changed={f}"); }"#,
                r#"let o = Command::new("ls").arg("x").output()?; std::fs::write(out, o.stdout);"#,
                r#"let at = text.find("x"); std::fs::write(out, at.to_string());"#,
                r#"let mut v: Vec<_> = std::fs::read_dir("x")?.collect(); v.sort(); std::fs::write(o, v);"#,
                r#"let v: BTreeSet<_> = std::fs::read_dir("x")?.collect(); std::fs::write(o, v);"#,
                r#"let v = std::fs::read_dir("x")?.collect::<BTreeMap<_, _>>(); std::fs::write(o, v);"#,
                r#"for e in std::fs::read_dir("x")? { println!("cargo:rerun-if-changed={:?}", e); }"#,
                r#"for e in std::fs::read_dir("x")? { std::fs::copy(e.path(), out.join(e.file_name())); }"#,
                r#"fn list(out: &mut Vec<P>) { for e in std::fs::read_dir("x") { out.push(e); } };; let mut v = Vec::new(); list(&mut v); v.sort(); std::fs::write(o, v);"#,
                r#"std::fs::write(o, std::fs::read_dir("x")?.count().to_string());"#,
            ],
        ),
        (
            What::Ids,
            &[
                r#"emit(std::process::id());"#,
                r#"let f = std::process::id; println!("cargo:rustc-env=P={}", f());"#,
                r#"use std::thread;; println!("cargo:rustc-env=T={:?}", thread::current().id());"#,
            ],
            &[
                r#"std::fs::create_dir(std::env::temp_dir().join(format!("x-{}", std::process::id())));"#,
                r#"mod process { pub fn id() -> u8 { 1 } };; emit(process::id());"#,
                r#"eprintln!("{}", std::process::id());"#,
            ],
        ),
        (
            What::CpuCount,
            &[
                r#"println!("cargo:rustc-env=N={}", std::thread::available_parallelism()?);"#,
                r#"let n = std::env::var("NUM_JOBS")?; println!("cargo::rustc-env=N={n}");"#,
                r#"std::fs::write(out, num_cpus::get().to_string());"#,
                r#"fn set(k: &str, v: &str) { println!("cargo:rustc-env={k}={v}"); };; set("N", &std::env::var("NUM_JOBS")?);"#,
            ],
            &[
                r#"Command::new("make").arg(format!("-j{}", std::env::var("NUM_JOBS")?)).status();"#,
                r#"let pool = Pool::new(std::thread::available_parallelism()?.get());"#,
                r#"println!("cargo:warning={} jobs", num_cpus::get());"#,
            ],
        ),
        (
            What::CpuModel,
            &[
                r#"if is_x86_feature_detected!("avx2") { println!("cargo:rustc-cfg=avx2"); }"#,
                r#"if std::arch::is_aarch64_feature_detected!("sve") { println!("cargo:rustc-cfg=sve"); }"#,
                r#"if std::fs::read_to_string("/proc/cpuinfo")?.contains("avx2") { println!("cargo:rustc-cfg=avx2"); }"#,
                r#"use std::arch::x86_64::*;; let leaf = unsafe { __cpuid(1) }; emit(leaf.ecx);"#,
                r#"let o = Command::new("lscpu").output()?; std::fs::write(out, o.stdout);"#,
                r#"Command::new("sh").args(["-c", "lscpu | grep avx"]).output();"#,
            ],
            &[
                r#"quote! { if is_x86_feature_detected!("avx2") { fast() } };"#,
                r#"macro_rules! is_x86_feature_detected { ($t:literal) => { false } };; if is_x86_feature_detected!("avx2") { emit(1); }"#,
                r#"if std::env::var("CARGO_CFG_TARGET_FEATURE")?.contains("avx2") { println!("cargo:rustc-cfg=avx2"); }"#,
                r#"eprintln!("{:?}", std::fs::read_to_string("/proc/cpuinfo"));"#,
                r#"println!("cargo:warning=no avx2 in /proc/cpuinfo");"#,
                r#"std::fs::write(out, "if (is_x86_feature_detected!(\"avx2\")) {}");"#,
            ],
        ),
        (
            What::Modes,
            &[
                r#"use std::os::unix::fs::PermissionsExt;; let m = std::fs::metadata("x")?.permissions().mode(); println!("cargo:rustc-env=M={m:o}");"#,
                r#"use std::os::unix::fs::*;; std::fs::write(o, std::fs::metadata("x")?.mode().to_string());"#,
                r#"let o = Command::new("sh").args(["-c", "umask"]).output()?; println!("cargo:rustc-env=M={:?}", o.stdout);"#,
                r#"let o = Command::new("stat").args(["-c", "%a", "x"]).output()?; std::fs::write(out, o.stdout);"#,
            ],
            &[
                r#"use std::os::unix::fs::PermissionsExt;; let mut p = f.metadata()?.permissions(); p.set_mode(p.mode() | 0o100); f.set_permissions(p);"#,
                r#"use std::os::unix::fs::MetadataExt;; if std::fs::metadata("x")?.mode() & 0o111 != 0 { println!("cargo:rustc-cfg=x"); }"#,
                r#"println!("cargo:rustc-env=M={}", config.mode());"#,
                r#"let o = Command::new("sh").args(["-c", "umask 022; ./configure"]).output()?; std::fs::write(out, o.stdout);"#,
            ],
        ),
        (
            What::FileNumbers,
            &[
                r#"use std::os::unix::fs::MetadataExt;; println!("cargo:rustc-env=I={}", std::fs::metadata("x")?.ino());"#,
                r#"use std::os::linux::fs::MetadataExt as _; use std::os::unix::fs::DirEntryExt;; for e in d { std::fs::write(out, e?.ino().to_string()); }"#,
                r#"let o = Command::new("stat").args(["-c", "%i", "x"]).output()?; std::fs::write(out, o.stdout);"#,
            ],
            &[
                r#"use std::os::unix::fs::MetadataExt;; if a.metadata()?.ino() == b.metadata()?.ino() { link(); }"#,
                r#"println!("cargo:rustc-env=D={}", config.dev());"#,
                r#"let o = Command::new("stat").args(["-c", "%s", "x"]).output()?; std::fs::write(out, o.stdout);"#,
            ],
        ),
        (
            What::Environment,
            &[
                r#"println!("cargo:rustc-link-arg=-Wl,-rpath,{}/lib", std::env::var("OUT_DIR")?);"#,
                r#"let home = std::env::var("HOME")?; println!("cargo::rustc-link-arg-bins=-Wl,-rpath={home}");"#,
                r#"println!("cargo:rustc-env=H={}", std::env::var("HOME")?);"#,
                r#"println!("cargo::rustc-env=T={}", std::env::temp_dir().display());"#,
                r#"println!("cargo:rustc-env=E={}", std::fs::read_link("/proc/self/exe")?.display());"#,
                r#"let exe = std::env::current_exe()?; println!("cargo:rustc-env=E={}", exe.display());"#,
                r#"const NAME: &str = "OUT_DIR";; let out = std::env::var(NAME)?; println!("cargo:rustc-env=O={out}");"#,
                r#"std::fs::write(o, std::env::var("LANG").map(|l| l.to_uppercase())?);"#,
                r#"let mut v: Vec<_> = std::env::vars().collect(); v.sort(); std::fs::write(o, v);"#,
            ],
            &[
                r#"std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("x.rs"), "1");"#,
                r#"println!("cargo:rustc-link-search={}", std::env::var("OUT_DIR")?);"#,
                r#"println!("cargo:rustc-link-arg=-T{}/memory.x", std::env::var("OUT_DIR")?);"#,
                r#"println!("cargo:rustc-flags=-L {}", std::env::var("OUT_DIR")?);"#,
                r#"println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/../lib");"#,
                r#"let text = std::fs::read_to_string(std::env::var("HOME")?); println!("cargo:rustc-env=X={text}");"#,
                r#"if std::env::var("PATH").is_ok() { println!("cargo:rustc-cfg=path"); }"#,
                r#"std::fs::create_dir_all(std::env::temp_dir());"#,
                r#"if std::fs::read_to_string("/etc/os-release")?.contains("alpine") { println!("cargo:rustc-cfg=alpine"); }"#,
                r#"if std::path::Path::new("/etc/debian_version").exists() { println!("cargo:rustc-link-lib=x"); }"#,
            ],
        ),
        (
            What::Hostname,
            &[
                r#"Command::new("uname").args(["-a"]).output();"#,
                r#"let args = ["-n"]; Command::new("uname").args(args).output();"#,
                r#"Command::new("sh").args(["-c", "hostname -f"]).output();"#,
                r#"emit(std::env::var("HOSTNAME"));"#,
            ],
            &[
                r#"Command::new("uname").arg("-s").output();"#,
                r#"let _ = std::env::var("HOST");"#,
                r#"Command::new("sh").args(["-c", "echo hostname"]).output();"#,
            ],
        ),
        (
            What::Kernel,
            &[
                r#"Command::new("uname").arg("-r").output();"#,
                r#"Command::new("sh").args(["-c", "uname -r"]).output();"#,
                r#"emit(std::fs::read_to_string("/proc/version"));"#,
            ],
            &[
                r#"Command::new("uname").arg("-m").output();"#,
                r#"Command::new("cc").arg("-r").output();"#,
                r#"eprintln!("{:?}", std::fs::read_to_string("/proc/version"));"#,
            ],
        ),
        (
            What::User,
            &[
                r#"Command::new("id").arg("-un").output();"#,
                r#"Command::new("sh").arg("-c").arg("echo $USER").output();"#,
                r#"for name in ["USER"] { emit(std::env::var(name)); }"#,
                r#"Command::new("git").args(["config", "user.name"]).output();"#,
            ],
            &[
                r#"std::env::var("USERS");"#,
                r#"panic!("no rights for {:?}", std::env::var("USER"));"#,
                r#"Command::new("sh").arg("-c").arg("echo id").output();"#,
            ],
        ),
        (
            What::Vcs,
            &[
                r#"Command::new("git").args(["describe", "--always"]).output();"#,
                r#"Command::new("sh").args(["-c", "git describe || echo none"]).output();"#,
                r#"const GIT: &str = "git";; Command::new(GIT).arg("rev-parse").output();"#,
            ],
            &[
                r#"Command::new("gitk");"#,
                r#"let _ = "git describe";"#,
                r#"Command::new("sh").args(["-c", "echo git"]);"#,
            ],
        ),
        (
            What::NativeCpu,
            &[
                r#"cc::Build::new().flag("-march=native").compile("x");"#,
                r#"build.flag_if_supported("-mtune=native");"#,
                r#"const FLAGS: &[&str] = &["-O3", "-march=native"];; for f in FLAGS { build.flag(f); }"#,
                r#"cmake.cflag("-O2 -mcpu=native");"#,
            ],
            &[
                r#"build.flag("-march=x86-64-v3");"#,
                r#"if flags.contains("-march=native") { panic!("not portable"); }"#,
                r#"println!("cargo:warning=consider -march=native");"#,
                r#"// -march=native"#,
            ],
        ),
        (
            What::Include,
            &[
                r#"let _ = include_str!("/etc/hosts");"#,
                r#"let _ = include_bytes!(concat!("/usr", "/share/x"));"#,
                r#"let _ = include_str!(concat!(env!("HOME"), "/x"));"#,
                r#"const X: &str = include_str!("C:/x");; let _ = X;"#,
            ],
            &[
                r#"let _ = include_str!("hosts");"#,
                r#"let _ = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/x"));"#,
                r#"let _ = include_str!(concat!(env!("OUT_DIR"), "/x"));"#,
            ],
        ),
        (
            What::MapOrder,
            &[
                r#"let m: HashMap<u8, u8> = HashMap::new(); for k in m.keys() { emit(k); }"#,
                r#"use std::collections::HashMap as M;; let m = M::<u8, u8>::new(); for k in &m { emit(k); }"#,
                r#"type M = std::collections::HashMap<u8, u8>;; let m: M = M::new(); for k in &m { emit(k); }"#,
            ],
            &[
                r#"struct HashMap<K, V>(K, V);; let m: HashMap<u8, u8> = HashMap::new(); for k in m.keys() { emit(k); }"#,
                r#"let m: HashMap<u8, u8> = HashMap::new(); emit(m.get(&1));"#,
                r#"let m: HashMap<u8, u8> = HashMap::new(); for k in m.keys() { println!("cargo:warning={k}"); }"#,
            ],
        ),
    ];

    #[test]
    fn each_kind_is_found_however_it_is_spelled_and_nothing_else_is() {
        let mut wrong = Vec::new();
        for (what, bad, good) in CASES {
            assert!(bad.len() >= 3 && good.len() >= 3, "{what:?}");
            wrong.extend(bad.iter().filter(|t| !script(t).contains(what)).map(|t| (what, "no", t)));
            wrong.extend(good.iter().filter(|t| script(t).contains(what)).map(|t| (what, "in", t)));
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn lines_are_those_of_the_call_also_in_macros_and_other_files() {
        let root = "mod clock;\n#[macro_use]\nmod macros;\nfn main() {\nemit(clock::now());\nemit(pid!());\n}";
        let clock =
            "use std::time;\n\npub fn now() -> time::SystemTime {\n    time::SystemTime::now()\n}";
        let macros = "macro_rules! pid {\n    () => {\n        std::process::id()\n    };\n}";
        let files = [("build.rs", root), ("clock.rs", clock), ("macros.rs", macros)];
        assert_eq!(read(&files, Depth::BuildScript), [(What::Clock, 4), (What::Ids, 3)]);
    }

    #[test]
    fn env_macros_count_unless_they_name_a_file_that_is_included() {
        let text = "const A: &str = env!(\"OUT_DIR\");\n\
            include!(concat!(env!(\"OUT_DIR\"), \"/x.rs\"));\n\
            const B: &[u8] = include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/x\"));\n\
            fn f() { println!(\"{}\", option_env!(\"USER\").unwrap()); }\n\
            const C: &str = env!(\"CARGO_PKG_NAME\");\n\
            #[doc = env!(\"HOME\")] fn g() { vec![include_str!(concat!(env!(\"OUT_DIR\"), \"/y\"))]; }\n\
            #[macro_export] macro_rules! m { () => { env!(\"CARGO_MANIFEST_DIR\") } }";
        let found = read(&[("lib.rs", text)], Depth::Embedded);
        assert_eq!(found, [(What::EnvMacro, 1), (What::EnvMacro, 4)]);
        let script =
            "const A: &str = env!(\"CARGO_MANIFEST_DIR\");\nconst B: &str = env!(\"USER\");";
        assert_eq!(read(&[("build.rs", script)], Depth::BuildScript), [(What::EnvMacro, 2)]);
    }

    #[test]
    fn the_build_scripts_of_fault_fixtures_are_found() {
        let whole = [
            ("cargo-home", What::Environment),
            ("cpu-count", What::CpuCount),
            ("directory-order", What::DirOrder),
            ("environment", What::Environment),
            ("git-config", What::User),
            ("home", What::Environment),
            ("hostname", What::Hostname),
            ("jobs", What::CpuCount),
            ("kernel", What::Kernel),
            ("locale", What::Environment),
            ("process-id", What::Ids),
            ("random", What::Randomness),
            ("search-path", What::Environment),
            ("source-mtime", What::Mtime),
            ("time-ns", What::Clock),
            ("timezone", What::Environment),
            ("tmpdir", What::Environment),
            ("username", What::User),
        ];
        let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        for (name, what) in whole {
            let text = std::fs::read_to_string(fixtures.join(format!("fault-{name}/build.rs")));
            let found = read(&[("build.rs", &text.unwrap())], Depth::BuildScript);
            assert_eq!(found.iter().map(|(w, _)| *w).collect::<Vec<_>>(), [what], "{name}");
        }
    }

    #[test]
    fn a_crate_that_knows_the_epoch_is_told_by_its_code() {
        let knows = |text: &str| {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join("build.rs"), text).unwrap();
            let (modules, _) =
                modules::load(&dir.path().join("build.rs"), &Cfgs::default(), &|_| true);
            of(&modules, Depth::BuildScript).1
        };
        assert!(knows("fn main() { std::env::var(\"SOURCE_DATE_EPOCH\"); }"));
        assert!(knows(
            "fn main() { println!(\"cargo:rerun-if-env-changed={}\", \"SOURCE_DATE_EPOCH\"); }"
        ));
        assert!(!knows("// SOURCE_DATE_EPOCH\nfn main() {}"));
    }
}
