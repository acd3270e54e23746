//! Passwords that a server asks for.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::*;

/// The address of a server that refuses every login.
fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(
                b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            );
        }
    });
    format!("http://{address}/x")
}

/// An untrusted source says where the password would go.
#[cfg(unix)]
#[test]
fn a_submodule_of_an_untrusted_source_asks_for_no_password() {
    let project = Project::committed("sound-features");
    let (mark, ask) = (project.base().join("asked"), project.base().join("ask"));
    let script = format!("#!/bin/sh\ntouch {mark:?}\necho me\n");
    std::fs::write(&ask, script).unwrap();
    crate::archive::sh(&project.base(), "chmod +x ask; echo x >app");
    project.write(".gitmodules", &format!("[submodule \"s\"]\npath = s\nurl = {}\n", closed()));
    let link = format!("160000,{},s", project.git(&["rev-parse", "HEAD"]));
    project.git(&["update-index", "--add", "--cacheinfo", &link]);
    std::fs::create_dir(project.dir.join("s")).unwrap();
    project.git(&["add", ".gitmodules"]);
    project.git(&["commit", "-q", "-m", "with a submodule"]);
    let app = project.base().join("app").display().to_string();
    let url = format!("file://{}", project.dir.display());
    let env = [("GIT_ASKPASS", ask.to_str().unwrap())];
    let run = project.repro_env(&["verify", "--source", &url, "--artifact", &app], &env);
    fails(&run, 4, &["submodule `s` could not be fetched"]);
    assert!(!mark.exists());
    // The control: a source of the user's own is fetched as git does it.
    fails(&project.repro_env(&["build"], &env), 4, &["submodule `s` is not initialized"]);
    assert!(mark.exists());
}
