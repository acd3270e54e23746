//! The real rebuilderd, its worker and rebuildctl on loopback: GOOD for a sound crate, BAD for one
//! whose published binary was altered by one byte.
//!
//! Needs the programs of rebuilderd 0.28, in the directory that REPRO_REBUILDERD names or in PATH
//! (`cargo install rebuilderd rebuilderd-worker rebuildctl`), and is run with `-- --ignored`.

#![cfg(unix)]

#[path = "it/support.rs"]
#[allow(dead_code)] // The other tests use the rest of it.
mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use support::{Project, assert_verdict, host};

/// A program that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(name: &str) -> Option<PathBuf> {
    let named = std::env::var_os("REPRO_REBUILDERD").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = named.into_iter().chain(std::env::split_paths(&path));
    dirs.map(|d| d.join(name)).find(|p| p.is_file())
}

/// Serves the files of a directory, by their names, as the publisher's web server would.
fn serve(dir: PathBuf) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = answer(stream, &dir);
        }
    });
    port
}

fn answer(mut stream: TcpStream, dir: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|l| !l.is_empty()) {}
    let name = first.split(' ').nth(1).unwrap_or_default();
    let path = dir.join(name.trim_start_matches('/'));
    match std::fs::read(&path) {
        Ok(body) => {
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length:";
            write!(stream, "{head} {}\r\n\r\n", body.len())?;
            stream.write_all(&body)
        }
        Err(_) => write!(
            stream,
            "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        ),
    }
}

/// Starts a program and waits until a line of its log holds the words.
fn start(mut command: Command, words: &str, log: &Path) -> Running {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let pipe = child.stderr.take().unwrap();
    let (found, seen) = std::sync::mpsc::channel();
    let (words, log) = (words.to_string(), log.to_owned());
    std::thread::spawn(move || {
        let mut log = std::fs::File::create(log).unwrap();
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let _ = writeln!(log, "{line}");
            if line.contains(&words) {
                let _ = found.send(());
            }
        }
    });
    let running = Running(child);
    let limit = std::time::Duration::from_secs(60);
    seen.recv_timeout(limit).expect("it says that it is ready");
    running
}

/// A rebuilderd on loopback with nothing in it.
struct Rebuilderd {
    dir: PathBuf,
    rebuildctl: PathBuf,
    endpoint: String,
    _daemon: Running,
}

impl Rebuilderd {
    fn start(project: &Project) -> Option<Rebuilderd> {
        let (Some(daemon), Some(rebuildctl)) = (program("rebuilderd"), program("rebuildctl"))
        else {
            return None;
        };
        let dir = project.base().join("rebuilderd");
        std::fs::create_dir(&dir).unwrap();
        let port = {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port()
        };
        let mut command = project.command(daemon, &dir);
        command
            .env("HTTP_ADDR", format!("127.0.0.1:{port}"))
            .env("REBUILDERD_COOKIE_PATH", dir.join("cookie"));
        let daemon = start(command, "Listening on", &dir.join("daemon.log"));
        Some(Rebuilderd {
            endpoint: format!("http://127.0.0.1:{port}"),
            dir,
            rebuildctl,
            _daemon: daemon,
        })
    }

    fn ctl(&self, project: &Project, args: &[&str], stdin: &str) -> String {
        let mut child = project
            .command(&self.rebuildctl, &self.dir)
            .args(["-H", &self.endpoint])
            .args(args)
            .env("REBUILDERD_COOKIE_PATH", self.dir.join("cookie"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(stdin.as_bytes()).unwrap();
        drop(pipe);
        let out = child.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success(), "rebuildctl {args:?}: {words}");
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// A worker that takes jobs until it has reported one.
    fn work(&self, project: &Project, worker: &Path) {
        let dir = self.dir.join("worker");
        std::fs::create_dir_all(&dir).unwrap();
        let link = self.dir.join("rebuilder-crates");
        if !link.exists() {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_repro"), &link).unwrap();
        }
        let conf = dir.join("worker.conf");
        let text = format!(
            "endpoint = {:?}\nidle_delay = 1\n[backend.crates]\npath = {link:?}\n",
            self.endpoint
        );
        std::fs::write(&conf, text).unwrap();
        // The worker ends by itself after the job that it is at.
        std::fs::write(dir.join("rebuilderd.restart"), "").unwrap();
        let out = project
            .command(worker, &dir)
            .arg("-c")
            .arg(&conf)
            .arg("connect")
            .env("REBUILDERD_COOKIE_PATH", self.dir.join("cookie"))
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success(), "{words}");
        assert!(words.contains("Sending build report"), "{words}");
    }

    fn status(&self, project: &Project) -> String {
        self.ctl(project, &["pkgs", "ls"], "")
    }
}

/// What is published of the project in a directory of its own, and the report of it that rebuilderd
/// is given. Rebuilderd copies results from one URL to the next version, so that each has its own.
fn publish(project: &Project, root: &Path, version: &str, port: u16, altered: bool) -> String {
    let krate = "sound-features-0.1.0.crate";
    let dir = root.join(version);
    std::fs::create_dir(&dir).unwrap();
    let packaged = project.base().join("package/package").join(krate);
    std::fs::copy(packaged, dir.join(krate)).unwrap();
    let built = project.results().join("artifacts").join(host());
    let mut bytes = std::fs::read(built.join("sound-features")).unwrap();
    bytes[4096] ^= u8::from(altered);
    std::fs::write(dir.join("sound-features"), bytes).unwrap();
    let (arch, base) = (std::env::consts::ARCH, format!("http://127.0.0.1:{port}/{version}"));
    serde_json::json!({
        "distribution": "crates", "release": null, "component": null, "architecture": arch,
        "packages": [{
            "name": "sound-features", "version": version, "url": format!("{base}/{krate}"),
            "artifacts": [{
                "name": "sound-features", "version": version, "architecture": arch,
                "url": format!("{base}/sound-features"),
            }],
        }],
    })
    .to_string()
}

/// The same with archives and their manifest, by `repro rebuilderd-sync`.
fn publish_archive(project: &Project, root: &Path, port: u16) -> String {
    let run = project.repro(&["archive"]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    std::fs::rename(project.results().join("dist"), root.join("0.1.0")).unwrap();
    let manifest = root.join("0.1.0/repro.json").display().to_string();
    let base = format!("http://127.0.0.1:{port}/{{version}}");
    let run = project.repro(&["rebuilderd-sync", &manifest, "--base-url", &base]);
    assert_eq!(run.code, Some(0), "{}", run.all());
    run.stdout
}

#[test]
#[ignore = "needs the programs of rebuilderd"]
fn a_sound_crate_is_good_and_an_altered_binary_is_bad() {
    let project = Project::committed("sound-features");
    let worker = program("rebuilderd-worker").expect("rebuilderd-worker is installed");
    let rebuilderd = Rebuilderd::start(&project).expect("rebuilderd and rebuildctl are installed");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    let package = ["package", "-q", "--offline", "--no-verify", "--target-dir"];
    let out = project
        .command("cargo", &project.dir)
        .args(package)
        .arg(project.base().join("package"))
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{words}");
    let root = project.base().join("published");
    std::fs::create_dir(&root).unwrap();
    let port = serve(root.clone());
    // The worker runs in a clone, and so finds the commit that the manifest names.
    let clone = rebuilderd.dir.join("worker").display().to_string();
    project.git(&["clone", "-q", &project.dir.display().to_string(), &clone]);

    for (version, report, status) in [
        ("1.0.0", publish(&project, &root, "1.0.0", port, false), "[GOOD"),
        ("1.0.1", publish(&project, &root, "1.0.1", port, true), "[BAD"),
        ("0.1.0", publish_archive(&project, &root, port), "[GOOD"),
    ] {
        rebuilderd.ctl(&project, &["pkgs", "sync-stdin"], &report);
        rebuilderd.work(&project, &worker);
        let list = rebuilderd.status(&project);
        let name = format!("/{version}/");
        let line = list.lines().find(|l| l.contains(&name));
        let line = line.unwrap_or_else(|| panic!("{report}\n{list}"));
        assert!(line.starts_with(status), "{line}");
    }
}
