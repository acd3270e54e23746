//! What code asks of the machine that it runs on, and whether that matters: where its values come
//! from and go to is in [`super::flow`], what counts in [`super::tables`].

use super::flow::{
    self, DIRECTIVE, ENV, MESSAGE, Origin, Position, Source, UNORDERED, Value, WRITTEN,
};
use super::modules::Module;
use super::names::Names;
use super::tables::{Code, CodeRead, OF_CARGO, What};
use super::{command, embedded};

/// What each file of a crate reads, by its number, and whether the crate knows SOURCE_DATE_EPOCH.
pub(in crate::check) fn of(modules: &[Module], code: Code) -> (Vec<(usize, CodeRead)>, bool) {
    let (mut found, mut knows_epoch) = (Vec::new(), false);
    for (file, module) in modules.iter().enumerate() {
        let (more, knows) = embedded::of(&module.file, code);
        knows_epoch |= knows;
        found.extend(more.into_iter().map(|f| (file, f)));
    }
    if code != Code::Target {
        let names = Names::of(modules);
        let origins = flow::of(modules, &names, code);
        found.extend(origins.iter().flat_map(|origin| judged(origin, &origins)));
    }
    found.sort();
    found.dedup();
    (found, knows_epoch)
}

fn judged(origin: &Origin, all: &[Origin]) -> Vec<(usize, CodeRead)> {
    let one = |what: What, detail: String, place: Position, ways: u8| {
        let emitted = origin.uses & ways != 0;
        let counts = match what {
            _ if emitted => true,
            w if w.only_emitted() => false,
            _ => origin.uses == 0 || origin.uses & !(MESSAGE | UNORDERED) != 0,
        };
        counts.then_some((place.0, CodeRead { line: place.1, what, detail, emitted }))
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
            let words: Vec<(&str, Position)> = texts(&origin.words, all).collect();
            let only: Vec<&str> = words.iter().map(|(text, _)| *text).collect();
            let told = |(program, at): (&str, Position)| {
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
        // Generated code may include the file.
        What::AbsolutePath => ENV,
        What::Environment | What::CurrentDir => ENV | WRITTEN,
        _ => ENV | WRITTEN | DIRECTIVE,
    }
}

fn texts<'a>(value: &'a Value, all: &'a [Origin]) -> impl Iterator<Item = (&'a str, Position)> {
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
    fn read(files: &[(&str, &str)], code: Code) -> Vec<(What, usize)> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let root = dir.path().join(files[0].0);
        let (modules, troubles) = modules::load(&root, &Cfgs::default(), &|_| true);
        assert!(troubles.is_empty(), "{troubles:?}");
        of(&modules, code).0.into_iter().map(|(_, f)| (f.what, f.line)).collect()
    }

    /// Of the body of `main`, after the items before `;;`.
    fn script(text: &str) -> Vec<What> {
        let (items, body) = text.split_once(";;").unwrap_or(("", text));
        let end = if items.ends_with(['}', ';']) || items.is_empty() { "" } else { ";" };
        let text = format!("{items}{end}\nfn main() {{\n{body}\n}}\n");
        read(&[("build.rs", &text)], Code::BuildScript).into_iter().map(|(what, _)| what).collect()
    }

    /// What is found: `+` before spellings of it, `-` before what looks like it and is something else.
    const CASES: &str = r##"
Clock
+ println!("cargo:rustc-env=T={:?}", std::time::SystemTime::now());
+ use std::time::SystemTime as T;; let _ = T::now();
+ type T = std::time::SystemTime;; let _ = T::now();
+ use std::time::*;; emit(SystemTime::now());
+ let f = std::time::SystemTime::now; emit(f());
+ let t = given.unwrap_or_else(std::time::SystemTime::now); emit(t);
+ macro_rules! now { () => { std::time::SystemTime::now() } };; emit(now!());
+ macro_rules! at { ($t:expr) => { println!("cargo:rustc-env=T={:?}", $t) } };; at!(std::time::SystemTime::now());
+ mod clock { pub use std::time::SystemTime as Now; };; emit(crate::clock::Now::now());
+ Command::new("date").arg("+%s").output();
+ Command::new("sh").args(["-c", "echo v1; date -u +%F"]).output();
+ let mut c = Command::new("/bin/bash"); c.arg("-c").arg("X=$(date)"); c.output();
+ fn run(p: &str, a: &[&str]) -> String { Command::new(p).args(a).output() };; emit(run("date", &["-u"]));
- struct SystemTime; impl SystemTime { fn now() {} };; SystemTime::now();
- mod time { pub struct SystemTime; } use time::SystemTime;; SystemTime::now();
- use clock::SystemTime;; SystemTime::now();
- use a::b as c; use c::d as b; mod a { pub use super::*; };; emit(c::now());
- let t = std::time::Instant::now(); eprintln!("{:?}", t.elapsed());
- let t = std::time::SystemTime::now(); println!("cargo:warning=at {t:?}");
- let t = std::time::SystemTime::now(); eprintln!("{t:?}");
- let _ = "SystemTime::now()"; quote! { ::std::time::SystemTime::now() };
- Command::new("date").args(["-u", "-d", "@0"]).output();
- Command::new("sh").args(["-c", "echo up-to-date; update x"]).output();

Elapsed
+ let t = std::time::Instant::now(); println!("cargo:rustc-env=T={:?}", t.elapsed());
+ use std::time::Instant;; let t = Instant::now(); work(); std::fs::write(o, format!("{t:?}"));
+ let t = std::time::Instant::now(); let n = t.elapsed().as_nanos(); writeln!(f, "const N: u128 = {n};");
- let t = std::time::Instant::now(); if t.elapsed() > LONG { println!("cargo:warning=slow"); }
- let t = std::time::Instant::now(); eprintln!("{:?}", t.elapsed());
- struct Instant; impl Instant { fn now() {} };; std::fs::write(o, Instant::now());
- let t = std::time::Instant::now(); println!("cargo:warning={:?}", t.elapsed());

Address
+ println!("cargo:rustc-env=A={:p}", &x);
+ std::fs::write(o, format!("{x:#p}"));
+ let mut s = String::new(); write!(s, "{0:016p}", &x); std::fs::write(o, s);
- eprintln!("{:p}", &x);
- std::fs::write(o, format!("{{:p}} {}", 1));
- std::fs::write(o, "println!(\"{:p}\", &x);");
- std::fs::write(o, format!("{map} {x:p$}", p = 4));
- quote! { println!("{:p}", &x); };
- assert!(x, "{:p}", &x);

CurrentDir
+ println!("cargo:rustc-env=D={}", std::env::current_dir()?.display());
+ use std::env::current_dir as here;; std::fs::write(o, here()?);
+ println!("cargo:rustc-env=D={}", std::fs::read_link("/proc/self/cwd")?.display());
- let _ = "current_dir";
- mod env { pub fn current_dir() {} };; std::fs::write(o, env::current_dir());
- std::fs::write(o, std::fs::read_to_string("/proc/self/cwd/x")?);

AbsolutePath
+ println!("cargo:rustc-env=D={}", std::fs::canonicalize(".")?.display());
+ let p = Path::new("x").canonicalize()?; println!("cargo:rustc-env=D={}", p.display());
+ println!("cargo:rustc-link-arg=-Wl,-rpath,{}", std::path::absolute("lib")?.display());
+ fn abs(p: &str) -> String { dunce::canonicalize(p).unwrap().display() };; println!("cargo:rustc-env=D={}", abs("x"));
- println!("cargo:rustc-link-search={}", std::fs::canonicalize("lib")?.display());
- println!("cargo:rerun-if-changed={}", Path::new("x").canonicalize()?.display());
- writeln!(f, "include_bytes!({:?})", Path::new("x").canonicalize()?);
- std::fs::write(o, std::fs::read(Path::new("x").canonicalize()?)?);
- println!("cargo:rustc-env=D={}", std::fs::canonicalize(std::env::var("OUT_DIR")?)?.display());
- struct P; impl P { fn canonicalize(&self) -> u8 { 1 } };; println!("cargo:rustc-env=D={}", p.canonicalize());

Mtime
+ emit(std::fs::metadata("x")?.modified()?);
+ let t = std::fs::metadata("x")?.mtime(); std::fs::write(out, t.to_string());
+ emit(std::fs::metadata("x").map(std::fs::Metadata::modified));
- if a.metadata()?.modified()? > b.metadata()?.modified()? { rebuild(); }
- let t = |p: &Path| p.metadata().modified(); if t(a) < t(b) { rebuild(); }
- struct D; impl D { fn modified(&self) -> bool { true } };; if d.modified() { emit(d.modified()); }
- x.modified(1);

Randomness
+ emit(rand::random::<u64>());
+ use rand::thread_rng as r;; emit(r().next_u64());
+ emit(std::fs::read("/dev/urandom"));
+ Command::new("sh").arg("-c").arg("echo $RANDOM").output();
- mine::random();
- fn random() -> u8 { 4 };; emit(random());
- let _ = "/dev/null";

DirOrder
+ for e in std::fs::read_dir("x")? { println!("cargo:rustc-env=X={:?}", e); }
+ use std::fs;; let v: Vec<_> = fs::read_dir("x")?.collect(); fs::write(out, format!("{v:?}"));
+ for e in Path::new("x").read_dir()? { build.file(e?.path()); }
+ fn list(out: &mut Vec<P>) { for e in std::fs::read_dir("x") { out.push(e); } };; let mut v = Vec::new(); list(&mut v); std::fs::write(o, v);
+ let mut all = String::new(); for e in std::fs::read_dir("x") { all.push_str(e); } std::fs::write(o, all);
+ let o = Command::new("find").arg("x").output()?; std::fs::write(out, o.stdout);
+ let o = Command::new("sh").args(["-c", "cd x && find . -name '*.c' | tr -d x"]).output()?; for f in lines(o) { build.file(f); }
- let o = Command::new("sh").args(["-c", "find x -type f | sort"]).output()?; std::fs::write(out, o.stdout);
- let o = Command::new("find").arg("x").output()?; let mut v: Vec<_> = o.stdout.lines().collect(); v.sort(); std::fs::write(out, v.join("x"));
- let o = Command::new("find").arg("x").output()?; for f in o.stdout.lines() { println!("cargo:rerun-if-changed={f}"); }
- let o = Command::new("ls").arg("x").output()?; std::fs::write(out, o.stdout);
- let at = text.find("x"); std::fs::write(out, at.to_string());
- let mut v: Vec<_> = std::fs::read_dir("x")?.collect(); v.sort(); std::fs::write(o, v);
- let v: BTreeSet<_> = std::fs::read_dir("x")?.collect(); std::fs::write(o, v);
- let v = std::fs::read_dir("x")?.collect::<BTreeMap<_, _>>(); std::fs::write(o, v);
- for e in std::fs::read_dir("x")? { println!("cargo:rerun-if-changed={:?}", e); }
- for e in std::fs::read_dir("x")? { std::fs::copy(e.path(), out.join(e.file_name())); }
- fn list(out: &mut Vec<P>) { for e in std::fs::read_dir("x") { out.push(e); } };; let mut v = Vec::new(); list(&mut v); v.sort(); std::fs::write(o, v);
- std::fs::write(o, std::fs::read_dir("x")?.count().to_string());

Ids
+ emit(std::process::id());
+ let f = std::process::id; println!("cargo:rustc-env=P={}", f());
+ println!("cargo:rustc-env=P={}", nix::unistd::getppid());
+ use std::thread;; println!("cargo:rustc-env=T={:?}", thread::current().id());
- std::fs::create_dir(std::env::temp_dir().join(format!("x-{}", std::process::id())));
- mod process { pub fn id() -> u8 { 1 } };; emit(process::id());
- eprintln!("{}", std::process::id());

CpuCount
+ println!("cargo:rustc-env=N={}", std::thread::available_parallelism()?);
+ let n = std::env::var("NUM_JOBS")?; println!("cargo::rustc-env=N={n}");
+ std::fs::write(out, num_cpus::get().to_string());
+ fn set(k: &str, v: &str) { println!("cargo:rustc-env={k}={v}"); };; set("N", &std::env::var("NUM_JOBS")?);
- Command::new("make").arg(format!("-j{}", std::env::var("NUM_JOBS")?)).status();
- let pool = Pool::new(std::thread::available_parallelism()?.get());
- println!("cargo:warning={} jobs", num_cpus::get());

CpuModel
+ if is_x86_feature_detected!("avx2") { println!("cargo:rustc-cfg=avx2"); }
+ if std::arch::is_aarch64_feature_detected!("sve") { println!("cargo:rustc-cfg=sve"); }
+ if std::fs::read_to_string("/proc/cpuinfo")?.contains("avx2") { println!("cargo:rustc-cfg=avx2"); }
+ use std::arch::x86_64::*;; let leaf = unsafe { __cpuid(1) }; emit(leaf.ecx);
+ let o = Command::new("lscpu").output()?; std::fs::write(out, o.stdout);
+ Command::new("sh").args(["-c", "lscpu | grep avx"]).output();
- quote! { if is_x86_feature_detected!("avx2") { fast() } };
- macro_rules! is_x86_feature_detected { ($t:literal) => { false } };; if is_x86_feature_detected!("avx2") { emit(1); }
- if std::env::var("CARGO_CFG_TARGET_FEATURE")?.contains("avx2") { println!("cargo:rustc-cfg=avx2"); }
- eprintln!("{:?}", std::fs::read_to_string("/proc/cpuinfo"));
- println!("cargo:warning=no avx2 in /proc/cpuinfo");
- std::fs::write(out, "if (is_x86_feature_detected!(\"avx2\")) {}");

Modes
+ use std::os::unix::fs::PermissionsExt;; let m = std::fs::metadata("x")?.permissions().mode(); println!("cargo:rustc-env=M={m:o}");
+ use std::os::unix::fs::*;; std::fs::write(o, std::fs::metadata("x")?.mode().to_string());
+ let o = Command::new("sh").args(["-c", "umask"]).output()?; println!("cargo:rustc-env=M={:?}", o.stdout);
+ let o = Command::new("stat").args(["-c", "%a", "x"]).output()?; std::fs::write(out, o.stdout);
- use std::os::unix::fs::PermissionsExt;; let mut p = f.metadata()?.permissions(); p.set_mode(p.mode() | 0o100); f.set_permissions(p);
- use std::os::unix::fs::MetadataExt;; if std::fs::metadata("x")?.mode() & 0o111 != 0 { println!("cargo:rustc-cfg=x"); }
- println!("cargo:rustc-env=M={}", config.mode());
- let o = Command::new("sh").args(["-c", "umask 022; ./configure"]).output()?; std::fs::write(out, o.stdout);

FileNumbers
+ use std::os::unix::fs::MetadataExt;; println!("cargo:rustc-env=I={}", std::fs::metadata("x")?.ino());
+ use std::os::linux::fs::MetadataExt as _; use std::os::unix::fs::DirEntryExt;; for e in d { std::fs::write(out, e?.ino().to_string()); }
+ let o = Command::new("stat").args(["-c", "%i", "x"]).output()?; std::fs::write(out, o.stdout);
- use std::os::unix::fs::MetadataExt;; if a.metadata()?.ino() == b.metadata()?.ino() { link(); }
- println!("cargo:rustc-env=D={}", config.dev());
- let o = Command::new("stat").args(["-c", "%s", "x"]).output()?; std::fs::write(out, o.stdout);

Environment
+ println!("cargo:rustc-link-arg=-Wl,-rpath,{}/lib", std::env::var("OUT_DIR")?);
+ let home = std::env::var("HOME")?; println!("cargo::rustc-link-arg-bins=-Wl,-rpath={home}");
+ println!("cargo:rustc-env=H={}", std::env::var("HOME")?);
+ println!("cargo::rustc-env=T={}", std::env::temp_dir().display());
+ println!("cargo:rustc-env=E={}", std::fs::read_link("/proc/self/exe")?.display());
+ let exe = std::env::current_exe()?; println!("cargo:rustc-env=E={}", exe.display());
+ println!("cargo:rustc-env=E={}", std::env::args().next().unwrap());
+ use std::env::args_os;; std::fs::write(o, format!("{:?}", args_os().nth(0)));
- let me = std::env::args().next(); eprintln!("usage: {me:?}");
- if std::env::args().any(|a| a == "x") { println!("cargo:rustc-cfg=x"); }
- fn args() -> Vec<u8> { vec![] };; std::fs::write(o, args());
+ const NAME: &str = "OUT_DIR";; let out = std::env::var(NAME)?; println!("cargo:rustc-env=O={out}");
+ std::fs::write(o, std::env::var("LANG").map(|l| l.to_uppercase())?);
+ let mut v: Vec<_> = std::env::vars().collect(); v.sort(); std::fs::write(o, v);
- std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("x.rs"), "1");
- println!("cargo:rustc-link-search={}", std::env::var("OUT_DIR")?);
- println!("cargo:rustc-link-arg=-T{}/memory.x", std::env::var("OUT_DIR")?);
- println!("cargo:rustc-flags=-L {}", std::env::var("OUT_DIR")?);
- println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/../lib");
- let text = std::fs::read_to_string(std::env::var("HOME")?); println!("cargo:rustc-env=X={text}");
- if std::env::var("PATH").is_ok() { println!("cargo:rustc-cfg=path"); }
- std::fs::create_dir_all(std::env::temp_dir());
- if std::fs::read_to_string("/etc/os-release")?.contains("alpine") { println!("cargo:rustc-cfg=alpine"); }
- if std::path::Path::new("/etc/debian_version").exists() { println!("cargo:rustc-link-lib=x"); }

Hostname
+ Command::new("uname").args(["-a"]).output();
+ let args = ["-n"]; Command::new("uname").args(args).output();
+ Command::new("sh").args(["-c", "hostname -f"]).output();
+ emit(std::env::var("HOSTNAME"));
- Command::new("uname").arg("-s").output();
- let _ = std::env::var("HOST");
- Command::new("sh").args(["-c", "echo hostname"]).output();

Kernel
+ println!("cargo:rustc-env=D={}", std::fs::canonicalize(std::fs::read_to_string("/proc/version")?)?.display());
+ Command::new("uname").arg("-r").output();
+ Command::new("sh").args(["-c", "uname -r"]).output();
+ emit(std::fs::read_to_string("/proc/version"));
- Command::new("uname").arg("-m").output();
- Command::new("cc").arg("-r").output();
- eprintln!("{:?}", std::fs::read_to_string("/proc/version"));
- if std::path::Path::new("/proc/version").exists() { println!("cargo:rustc-cfg=linux"); }
+ let p = std::path::Path::new("/proc/version"); if p.is_file() { println!("cargo:rustc-env=V={}", std::fs::read_to_string(p)?); }

User
+ Command::new("id").arg("-un").output();
+ Command::new("sh").arg("-c").arg("echo $USER").output();
+ for name in ["USER"] { emit(std::env::var(name)); }
+ Command::new("git").args(["config", "user.name"]).output();
- std::env::var("USERS");
- panic!("no rights for {:?}", std::env::var("USER"));
- Command::new("sh").arg("-c").arg("echo id").output();

Vcs
+ Command::new("git").args(["describe", "--always"]).output();
+ Command::new("sh").args(["-c", "git describe || echo none"]).output();
+ const GIT: &str = "git";; Command::new(GIT).arg("rev-parse").output();
- Command::new("gitk");
- let _ = "git describe";
- Command::new("sh").args(["-c", "echo git"]);

NativeCpu
+ cc::Build::new().flag("-march=native").compile("x");
+ build.flag_if_supported("-mtune=native");
+ const FLAGS: &[&str] = &["-O3", "-march=native"];; for f in FLAGS { build.flag(f); }
+ cmake.cflag("-O2 -mcpu=native");
- build.flag("-march=x86-64-v3");
- if flags.contains("-march=native") { panic!("not portable"); }
- println!("cargo:warning=consider -march=native");
- // -march=native

Include
+ let _ = include_str!("/etc/hosts");
+ let _ = include_bytes!(concat!("/usr", "/share/x"));
+ let _ = include_str!(concat!(env!("HOME"), "/x"));
+ const X: &str = include_str!("C:/x");; let _ = X;
- let _ = include_str!("hosts");
- let _ = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/x"));
- let _ = include_str!(concat!(env!("OUT_DIR"), "/x"));

MapOrder
+ let m: HashMap<u8, u8> = HashMap::new(); for k in m.keys() { emit(k); }
+ use std::collections::HashMap as M;; let m = M::<u8, u8>::new(); for k in &m { emit(k); }
+ type M = std::collections::HashMap<u8, u8>;; let m: M = M::new(); for k in &m { emit(k); }
- struct HashMap<K, V>(K, V);; let m: HashMap<u8, u8> = HashMap::new(); for k in m.keys() { emit(k); }
- let m: HashMap<u8, u8> = HashMap::new(); emit(m.get(&1));
- let m: HashMap<u8, u8> = HashMap::new(); for k in m.keys() { println!("cargo:warning={k}"); }
- let m: HashMap<u8, u8> = HashMap::new(); let mut v = Vec::new(); for k in m.keys() { v.push(k); } v.sort(); emit(v);
- let mut m: HashMap<u8, u8> = HashMap::new(); for (_, own) in m.iter_mut() { own.push(1); } let own = 1; emit(own);
- let m: HashMap<u8, u8> = HashMap::new(); let v: Vec<_> = m.keys().collect(); return syn::Error::new(at, format!("{v:?}")).to_compile_error();
"##;

    #[test]
    fn each_kind_is_found_however_it_is_spelled_and_nothing_else_is() {
        let mut wrong = Vec::new();
        for kind in CASES.trim().split("\n\n") {
            let (what, cases) = kind.split_once('\n').unwrap();
            for sign in ['+', '-'] {
                let texts = cases.lines().filter_map(|line| line.strip_prefix(sign));
                let texts: Vec<&str> = texts.collect();
                assert!(texts.len() >= 3, "{what} {sign}");
                let is_wrong = |text: &&str| {
                    script(text.trim_start()).iter().any(|w| format!("{w:?}") == what)
                        != (sign == '+')
                };
                wrong.extend(texts.into_iter().filter(is_wrong).map(|text| (what, sign, text)));
            }
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
        assert_eq!(read(&files, Code::BuildScript), [(What::Clock, 4), (What::Ids, 3)]);
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
        let found = read(&[("lib.rs", text)], Code::Target);
        assert_eq!(found, [(What::EnvMacro, 1), (What::EnvMacro, 4)]);
        let script =
            "const A: &str = env!(\"CARGO_MANIFEST_DIR\");\nconst B: &str = env!(\"USER\");";
        assert_eq!(read(&[("build.rs", script)], Code::BuildScript), [(What::EnvMacro, 2)]);
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
            let found = read(&[("build.rs", &text.unwrap())], Code::BuildScript);
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
            of(&modules, Code::BuildScript).1
        };
        assert!(knows("fn main() { std::env::var(\"SOURCE_DATE_EPOCH\"); }"));
        assert!(knows(
            "fn main() { println!(\"cargo:rerun-if-env-changed={}\", \"SOURCE_DATE_EPOCH\"); }"
        ));
        assert!(!knows("// SOURCE_DATE_EPOCH\nfn main() {}"));
    }

    /// The lines in which a file goes through a map.
    fn map_orders(text: &str) -> Vec<usize> {
        let found = read(&[("lib.rs", text)], Code::ProcMacro).into_iter();
        found.filter(|(what, _)| *what == What::MapOrder).map(|(_, line)| line).collect()
    }

    #[test]
    fn walks_through_maps_are_found_by_the_types_that_are_written() {
        let text = "use std::collections::{HashMap, HashSet};\nstruct S { map: HashMap<u8, u8>, list: Vec<u8> }\n\
            fn f(set: &HashSet<u8>, s: S) {\nfor x in set { emit(x); }\nfor (k, v) in &s.map { emit(k); }\n\
            let m: HashMap<u8, u8> = HashMap::new();\nlet v: Vec<_> = m.keys().map(|k| k + 1).collect();\n\
            let n = x.iter().collect::<HashMap<_, _>>();\nn.into_iter().for_each(emit);\n}";
        assert_eq!(map_orders(text), [4, 5, 7, 9]);
    }

    #[test]
    fn what_does_not_depend_on_the_order_is_left_out() {
        let text = "use std::collections::*; use std::collections::HashMap;\nstruct S { map: HashMap<u8, u8> }\nstruct T { map: Vec<u8> }\n\
            fn f(m: HashMap<u8, u8>, s: S) {\nlet n: usize = m.values().sum(); m.keys().any(p); m.len(); m.get(&1);\n\
            let mut v: Vec<_> = m.keys().collect(); v.sort();\n\
            let b: BTreeMap<_, _> = m.iter().collect(); m.into_iter().collect::<BTreeSet<_>>();\n\
            for (k, v) in &m { other.insert(k, v); }\nfor x in &s.map { emit(x); }\n\
            m.iter_mut().find(|(k, _)| *k == key);\nfor (_, v) in m.iter_mut() { if v.len() < 3 { v.push(1); } }\n\
            for (k, v) in &m { text = text.replace(k, v); }\n\
            let bad = m.keys().collect::<Vec<_>>();\nif !bad.is_empty() { return Err(format!(\"{bad:?}\")); }\n\
            let x: Vec<u8> = Vec::new(); for y in x.iter() { emit(y); }\n}";
        assert_eq!(map_orders(text), [] as [usize; 0]);
    }

    #[test]
    fn other_hashers_and_other_maps_are_not_random() {
        let text = "use indexmap::IndexMap as HashMap;\nfn f(m: HashMap<u8, u8>, n: std::collections::HashMap<u8, u8, Fx>) {\n\
            for x in &m { emit(x); }\nfor x in &n { emit(x); }\n}";
        assert_eq!(map_orders(text), [] as [usize; 0]);
    }
}
