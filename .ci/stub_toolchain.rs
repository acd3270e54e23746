//! A cargo and a rustc for machines that have neither, by the name of the program: enough of both for
//! `repro build` of one package that has one program and no dependencies. What the stub rustc makes is
//! itself, with the source and its path behind it; that program prints both.
//!
//! A source with the word `leak` also has its path as it is, which no flag maps.

use std::env::{args, current_dir, current_exe, var_os};
use std::path::{Path, PathBuf};
use std::process::{Command, exit};
use std::{fs, io};

/// What begins the text behind the program.
const BEGIN: &[u8] = b"\0source:\n";
const VERSION: &str = "1.95.0";
const HOST: &str = "x86_64-pc-windows-gnu";
const COMMIT: &str = "0123456789012345678901234567890123456789";

fn main() {
    let exe = current_exe().unwrap();
    let words: Vec<String> = args().skip(1).collect();
    let done = match exe.file_stem().and_then(|stem| stem.to_str()) {
        Some("cargo") => cargo(&words, &exe),
        Some("rustc") => rustc(&words, &exe),
        _ => made(&exe),
    };
    if let Err(error) = done {
        eprintln!("stub: {words:?}: {error}");
        exit(101);
    }
}

fn made(exe: &Path) -> io::Result<()> {
    let bytes = fs::read(exe)?;
    let at = bytes.windows(BEGIN.len()).rposition(|part| part == BEGIN);
    print!("{}", String::from_utf8_lossy(&bytes[at.unwrap() + BEGIN.len()..]));
    Ok(())
}

fn cargo(words: &[String], exe: &Path) -> io::Result<()> {
    let manifest = match value(words, "--manifest-path") {
        Some(path) => PathBuf::from(path),
        None => current_dir()?.join("Cargo.toml"),
    };
    match words.iter().map(String::as_str).next().unwrap_or_default() {
        "-V" | "--version" => println!("cargo {VERSION} (012345678 2026-01-01)"),
        "locate-project" => println!("{}", manifest.display()),
        "metadata" => println!("{}", Package::at(&manifest)?.metadata()),
        "fetch" => {}
        "tree" => {
            let package = Package::at(&manifest)?;
            println!("{} v0.1.0 ({})|", package.name, package.dir.display());
        }
        "build" => return Package::at(&manifest)?.build(exe),
        other => return Err(io::Error::other(format!("no command {other}"))),
    }
    Ok(())
}

struct Package {
    name: String,
    dir: PathBuf,
    id: String,
}

impl Package {
    fn at(manifest: &Path) -> io::Result<Package> {
        let text = fs::read_to_string(manifest)?;
        let name = text.lines().find_map(|line| line.strip_prefix("name = ")).unwrap();
        let (name, dir) = (name.trim_matches('"').to_string(), manifest.parent().unwrap());
        let url = dir.display().to_string().replace('\\', "/");
        let id = format!("path+file:///{url}#{name}@0.1.0");
        Ok(Package { name, dir: dir.to_owned(), id })
    }

    fn target(&self) -> String {
        format!(
            r#"{{"kind":["bin"],"crate_types":["bin"],"name":"{}","src_path":{:?},"edition":"2021","doc":true,"doctest":false,"test":true}}"#,
            self.name,
            self.dir.join("src").join("main.rs")
        )
    }

    fn metadata(&self) -> String {
        let (id, dir) = (&self.id, &self.dir);
        let target_dir = var_os("CARGO_TARGET_DIR").map_or(dir.join("target"), PathBuf::from);
        format!(
            r#"{{"packages":[{{"name":"{}","version":"0.1.0","id":"{id}","source":null,"dependencies":[],"targets":[{}],"features":{{}},"manifest_path":{:?},"metadata":null,"authors":[],"categories":[],"keywords":[],"edition":"2021"}}],"workspace_members":["{id}"],"workspace_default_members":["{id}"],"resolve":{{"nodes":[{{"id":"{id}","dependencies":[],"deps":[],"features":[]}}],"root":"{id}"}},"target_directory":{target_dir:?},"build_directory":{target_dir:?},"version":1,"workspace_root":{dir:?},"metadata":null}}"#,
            self.name,
            self.target(),
            dir.join("Cargo.toml"),
        )
    }

    /// Calls the compiler as cargo does.
    fn build(&self, exe: &Path) -> io::Result<()> {
        let out = PathBuf::from(var_os("CARGO_TARGET_DIR").unwrap()).join("release");
        let deps = out.join("deps");
        fs::create_dir_all(&deps)?;
        let rustc = var_os("RUSTC").unwrap_or_else(|| exe.with_file_name("rustc.exe").into());
        let mut call = match var_os("RUSTC_WRAPPER") {
            Some(wrapper) => {
                let mut call = Command::new(wrapper);
                call.arg(rustc);
                call
            }
            None => Command::new(rustc),
        };
        let fixed = "--edition=2021 src\\main.rs --crate-type bin --emit=dep-info,link -C opt-level=3 -C metadata=0123456789abcdef -C extra-filename=-0123456789abcdef";
        call.args(["--crate-name", &self.name]).args(fixed.split(' ')).arg("--out-dir").arg(&deps);
        call.env("CARGO_PKG_NAME", &self.name).env("CARGO_PKG_VERSION", "0.1.0");
        call.env("CARGO_MANIFEST_DIR", &self.dir).env("CARGO_CRATE_NAME", &self.name);
        call.env("CARGO_PRIMARY_PACKAGE", "1").env("CARGO_BIN_NAME", &self.name);
        if !call.current_dir(&self.dir).status()?.success() {
            return Err(io::Error::other("rustc failed"));
        }
        let program = out.join(format!("{}.exe", self.name));
        fs::copy(deps.join(format!("{}-0123456789abcdef.exe", self.name)), &program)?;
        println!(
            r#"{{"reason":"compiler-artifact","package_id":"{}","manifest_path":{:?},"target":{},"profile":{{"opt_level":"3","debuginfo":0,"debug_assertions":false,"overflow_checks":false,"test":false}},"features":[],"filenames":[{program:?}],"executable":{program:?},"fresh":false}}"#,
            self.id,
            self.dir.join("Cargo.toml"),
            self.target()
        );
        println!(r#"{{"reason":"build-finished","success":true}}"#);
        Ok(())
    }
}

fn rustc(words: &[String], exe: &Path) -> io::Result<()> {
    let has = |word: &str| words.iter().any(|w| w == word || *w == format!("--print={word}"));
    if has("-vV") {
        println!("rustc {VERSION} (012345678 2026-01-01)\nbinary: rustc\ncommit-hash: {COMMIT}");
        println!("commit-date: 2026-01-01\nhost: {HOST}\nrelease: {VERSION}\nLLVM version: 22.1.0");
    } else if has("sysroot") {
        println!("{}", exe.parent().and_then(Path::parent).unwrap().display());
    } else if has("cfg") {
        for cfg in ["arch=\"x86_64\"", "env=\"gnu\"", "family=\"windows\"", "os=\"windows\""] {
            println!("target_{cfg}");
        }
        println!("windows");
    } else if has("target-list") {
        println!("{HOST}");
    } else {
        return compile(words, exe);
    }
    Ok(())
}

fn compile(words: &[String], exe: &Path) -> io::Result<()> {
    let source = words.iter().find(|word| word.ends_with(".rs"));
    let source = source.ok_or_else(|| io::Error::other("nothing to compile"))?;
    let out_dir = PathBuf::from(value(words, "--out-dir").unwrap());
    let extra = words.iter().find_map(|word| word.strip_prefix("extra-filename="));
    let name = format!("{}{}", value(words, "--crate-name").unwrap(), extra.unwrap_or_default());
    let text = fs::read_to_string(source)?;
    let path = current_dir()?.join(source);
    // The last one that fits counts.
    let maps = words.iter().filter_map(|w| w.strip_prefix("--remap-path-prefix="));
    let mapped = maps.filter_map(|map| {
        let (from, to) = map.rsplit_once('=')?;
        Some(Path::new(to).join(path.strip_prefix(from).ok()?))
    });
    let mapped = mapped.last().unwrap_or_else(|| path.clone());
    let mut bytes = fs::read(exe)?;
    bytes.extend_from_slice(BEGIN);
    bytes.extend_from_slice(format!("{}\n{text}", mapped.display()).as_bytes());
    if text.contains("leak") {
        bytes.extend_from_slice(format!("{}\n", path.display()).as_bytes());
    }
    let program = out_dir.join(format!("{name}.exe"));
    fs::write(&program, bytes)?;
    let list = format!("{}: {source}\n\n{source}:\n", program.display());
    fs::write(out_dir.join(format!("{name}.d")), list)
}

/// The word behind an option.
fn value<'a>(words: &'a [String], option: &str) -> Option<&'a str> {
    let at = words.iter().position(|word| word == option)?;
    words.get(at + 1).map(String::as_str)
}
