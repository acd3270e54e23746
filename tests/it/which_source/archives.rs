//! Archives of a commit: they are no repository, and may lack files.

use super::*;

#[test]
fn an_archive_of_a_commit_is_no_repository_and_names_what_was_filled_in() {
    let it = Release::prepared("sound-features", |project| {
        project.write("ver", "$Format:%H$\n");
        project.write(".gitattributes", "ver export-subst\n");
        project.write(
            "src/main.rs",
            "fn main() {\n    print!(\"{}\", include_str!(\"../ver\"));\n}\n",
        );
        project.commit("with a placeholder");
    });
    let here = it.elsewhere();
    let base = it.project.base();
    let (tar, plain) = (base.join("app.tar.gz"), base.join("plain.tar.gz"));
    let (tar, plain) = (tar.display().to_string(), plain.display().to_string());
    it.project.git(&["archive", "--prefix=app/", "-o", &tar, "HEAD"]);
    let run = it.verify_in(&here, &[&it.manifest, "--source", &tar]);
    fails(&run, 4, &["is an archive", "`ver` is marked export-subst"]);
    let run = it.verify_in(&here, &["--source", &tar, "--artifact", &it.app]);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains("`ver` is marked export-subst"), "{}", run.all());
    assert!(!run.stdout.contains("was not made from this source"), "{}", run.all());
    // Its twin was packed from the files as committed.
    let status = it
        .project
        .command("tar", &it.project.dir)
        .args(["--mtime=@1700000000", "--transform=s,^,app/,", "-czf", &plain])
        .args(["Cargo.toml", "Cargo.lock", "src", "ver", ".gitattributes"])
        .status();
    assert!(status.unwrap().success());
    let run = it.verify_in(&here, &["--source", &plain, "--artifact", &it.app]);
    assert_verdict(&run, 0, "REPRODUCED");
    assert!(!run.stdout.contains("export-subst"), "{}", run.all());
}

#[test]
fn an_archive_without_what_git_archive_left_out_says_so() {
    let it = Release::prepared("sound-features", |project| {
        project.write(".gitattributes", "Cargo.lock export-ignore\n");
        project.commit("without the lockfile in archives");
    });
    let base = it.project.base();
    for name in ["app.tar.gz", "app.zip"] {
        let archive = base.join(name).display().to_string();
        it.project.git(&["archive", "--prefix=app/", "-o", &archive, "HEAD"]);
        let run = it.verify_in(&base, &["--source", &archive, "--artifact", &it.app]);
        fails(&run, 4, &["has no Cargo.lock", "export-ignore (Cargo.lock)"]);
    }
    // A zip has no time zone, so no time is taken from it.
    it.project.write(".gitattributes", "");
    it.project.commit("whole");
    let zip = base.join("whole.zip").display().to_string();
    it.project.git(&["archive", "--prefix=app/", "-o", &zip, "HEAD"]);
    let args = ["--source", &zip, "--artifact", &it.app];
    fails(&it.verify_in(&base, &args), 4, &[&zip, "--epoch SECONDS"]);
    let run = it.verify_in(&base, &[&args[..], &["--epoch", "1700000000"]].concat());
    assert_verdict(&run, 0, "REPRODUCED");
    assert!(run.stdout.contains("epoch       1700000000"), "{}", run.all());
}
