//! The real rebuilderd, its worker and rebuildctl on loopback: GOOD for a sound crate, BAD for one
//! whose published binary was altered by one byte; and a long queue, of which nothing is lost when a
//! worker and the daemon are killed.
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
use std::time::{Duration, Instant};

use support::{Project, assert_verdict, host};

/// A program that is ended with the test.
struct Running(Child);

impl Running {
    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
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

/// Starts a program, keeps its log, and sends each line of it to whoever listens.
fn follow(
    mut command: Command,
    log: &Path,
    mut said: impl FnMut(&str) + Send + 'static,
) -> Running {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let pipe = child.stderr.take().unwrap();
    let mut log = std::fs::File::options().create(true).append(true).open(log).unwrap();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let _ = writeln!(log, "{line}");
            said(&line);
        }
    });
    Running(child)
}

/// Starts a program and waits until a line of its log holds the words.
fn start(command: Command, words: &'static str, log: &Path) -> Running {
    let (found, seen) = std::sync::mpsc::channel();
    let running = follow(command, log, move |line| {
        if line.contains(words) {
            let _ = found.send(());
        }
    });
    seen.recv_timeout(Duration::from_secs(60)).expect("it says that it is ready");
    running
}

/// A rebuilderd on loopback with nothing in it.
struct Rebuilderd {
    dir: PathBuf,
    rebuildctl: PathBuf,
    port: u16,
    endpoint: String,
    daemon: Option<Running>,
}

impl Rebuilderd {
    fn start(project: &Project) -> Option<Rebuilderd> {
        let rebuildctl = program("rebuildctl")?;
        let dir = project.base().join("rebuilderd");
        std::fs::create_dir(&dir).unwrap();
        let port = {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port()
        };
        let endpoint = format!("http://127.0.0.1:{port}");
        let mut rebuilderd = Rebuilderd { dir, rebuildctl, port, endpoint, daemon: None };
        rebuilderd.start_daemon(project, &program("rebuilderd")?);
        Some(rebuilderd)
    }

    /// The daemon, with the database and the address that it had.
    fn start_daemon(&mut self, project: &Project, daemon: &Path) {
        let mut command = project.command(daemon, &self.dir);
        command
            .env("HTTP_ADDR", format!("127.0.0.1:{}", self.port))
            .env("REBUILDERD_COOKIE_PATH", self.dir.join("cookie"));
        self.daemon = Some(start(command, "Listening on", &self.dir.join("daemon.log")));
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
        let link = self.dir.join("rebuilder-crates");
        if !link.exists() {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_repro"), &link).unwrap();
        }
        // The worker ends by itself after the job that it is at.
        std::fs::create_dir_all(self.dir.join("worker")).unwrap();
        std::fs::write(self.dir.join("worker/rebuilderd.restart"), "").unwrap();
        let out = self.worker(project, worker, "worker", &link).output().unwrap();
        let words = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success(), "{words}");
        assert!(words.contains("Sending build report"), "{words}");
    }

    /// A worker in a directory of its own that runs `backend` for each job.
    fn worker(&self, project: &Project, worker: &Path, name: &str, backend: &Path) -> Command {
        let dir = self.dir.join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let conf = dir.join("worker.conf");
        let text = format!(
            "endpoint = {:?}\nidle_delay = 1\n[backend.crates]\npath = {backend:?}\n",
            self.endpoint
        );
        std::fs::write(&conf, text).unwrap();
        let mut command = project.command(worker, &dir);
        command.arg("-c").arg(conf).arg("connect");
        command.env("REBUILDERD_COOKIE_PATH", self.dir.join("cookie"));
        command
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

/// Builds and packages the project; a directory for what is published of it, and the port that serves it.
fn build_and_serve(project: &Project) -> (PathBuf, u16) {
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
    (root, port)
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
    let (root, port) = build_and_serve(&project);
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

/// What a worker's log tells.
enum Said {
    Took,
    Reported,
    Failed,
    Idle,
}

fn said(line: &str) -> Option<Said> {
    [
        ("Starting rebuild of", Said::Took),
        ("Sending build report", Said::Reported),
        ("Unexpected error, sleeping", Said::Failed),
        ("No pending tasks", Said::Idle),
    ]
    .into_iter()
    .find_map(|(words, said)| line.contains(words).then_some(said))
}

/// A queue of REPRO_LOAD packages (1,000 where it is not set), every fiftieth of them altered, for two workers.
/// A worker is killed with a job, and the daemon after it has given one. Rebuilderd gives a job to another
/// worker after nine minutes without news of it, so this takes longer than that.
#[test]
#[ignore = "needs the programs of rebuilderd, bubblewrap, and most of an hour"]
fn a_long_queue_loses_nothing_when_a_worker_and_the_daemon_are_killed() {
    let count: usize =
        std::env::var("REPRO_LOAD").map_or(1000, |n| n.parse().expect("REPRO_LOAD is a number"));
    let project = Project::committed("sound-features");
    let (worker, daemon) = (program("rebuilderd-worker").unwrap(), program("rebuilderd").unwrap());
    let mut rebuilderd = Rebuilderd::start(&project).expect("rebuilderd is installed");
    let (root, port) = build_and_serve(&project);
    let altered = |n: usize| n % 50 == 7;
    let published = |n| {
        let text = publish(&project, &root, &format!("1.0.{n}"), port, altered(n));
        let mut report: serde_json::Value = serde_json::from_str(&text).unwrap();
        report["packages"][0]["name"] = format!("package-{n}").into();
        report
    };
    let mut report = published(0);
    let packages = report["packages"].as_array_mut().unwrap();
    packages.extend((1..count).map(|n| published(n)["packages"][0].take()));
    rebuilderd.ctl(&project, &["pkgs", "sync-stdin"], &report.to_string());

    // Each run of the backend leaves its time.
    let (backend, times) = (rebuilderd.dir.join("rebuilder-crates"), rebuilderd.dir.join("times"));
    let script = format!(
        "#!/bin/bash\nstart=${{EPOCHREALTIME/./}}\n{:?} rebuilderd-backend --sandbox \"$1\"\nstatus=$?\n\
         echo $((${{EPOCHREALTIME/./}} - start)) >>{times:?}\nexit $status\n",
        env!("CARGO_BIN_EXE_repro")
    );
    std::fs::write(&backend, script).unwrap();
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&backend, all).unwrap();

    let (lines, heard) = std::sync::mpsc::channel();
    let names = ["alice", "bob"];
    let begin = |rebuilderd: &Rebuilderd, n: usize| {
        let lines = lines.clone();
        let command = rebuilderd.worker(&project, &worker, names[n], &backend);
        follow(command, &rebuilderd.dir.join(names[n]).join("log"), move |line| {
            if let Some(said) = said(line) {
                let _ = lines.send((n, said));
            }
        })
    };
    let started = Instant::now();
    let mut workers: Vec<Running> = (0..2).map(|n| begin(&rebuilderd, n)).collect();
    let (mut reported, mut worker_killed, mut daemon_killed, mut daemon_back) =
        (0, false, false, false);
    let list = loop {
        let (n, said) = heard.recv_timeout(Duration::from_secs(900)).expect("the workers go on");
        match said {
            Said::Took if reported >= count / 4 && !worker_killed => {
                worker_killed = true;
                workers[n].end();
                workers[n] = begin(&rebuilderd, n);
            }
            Said::Took if reported >= count / 2 && !daemon_killed => {
                daemon_killed = true;
                rebuilderd.daemon = None;
            }
            Said::Failed if daemon_killed && !daemon_back => {
                daemon_back = true;
                rebuilderd.start_daemon(&project, &daemon);
            }
            Said::Reported => reported += 1,
            Said::Idle => {
                let list = rebuilderd.status(&project);
                if !list.lines().any(|l| l.starts_with("[UNKWN")) {
                    break list;
                }
            }
            _ => {}
        }
    };
    let wall = started.elapsed().as_secs_f64();
    drop(workers);

    assert!(worker_killed && daemon_back, "{reported} reports");
    assert_eq!(list.lines().count(), count, "{list}");
    for n in 0..count {
        let name = format!("/1.0.{n}/");
        let line = list.lines().find(|l| l.contains(&name)).unwrap_or_else(|| panic!("{name}"));
        let status = if altered(n) { "[BAD" } else { "[GOOD" };
        assert!(line.starts_with(status), "{line}");
    }
    let times = std::fs::read_to_string(times).unwrap();
    let runs: Vec<f64> = times.lines().map(|l| l.parse::<f64>().unwrap() / 1e6).collect();
    let plain = plain_build(&project);
    let backend = runs.iter().sum::<f64>() / runs.len() as f64;
    println!(
        "{count} packages, {} runs of the backend, {wall:.0} s: {backend:.2} s a run, of which \
         `cargo build --release` takes {plain:.2} s; {:.2} s a package in the worker",
        runs.len(),
        (2.0 * wall - runs.iter().sum::<f64>()) / count as f64,
    );
}

/// Seconds that cargo takes for the project from nothing, the middle of five.
fn plain_build(project: &Project) -> f64 {
    let mut times: Vec<f64> = (0..5)
        .map(|n| {
            let target = project.base().join(format!("plain-{n}"));
            let mut cargo = project.command("cargo", &project.dir);
            cargo.args(["build", "-q", "--release", "--offline", "--target-dir"]).arg(target);
            let started = Instant::now();
            assert!(cargo.output().unwrap().status.success());
            started.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[2]
}
