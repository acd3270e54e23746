//! Pins of git dependencies, and lockfiles.

use super::*;

#[test]
fn the_conditions_of_a_git_pin_are_each_told_apart() {
    let project = app();
    let sha = "4a56e4220aab8ce5d085a411e7f806cebb647d14";
    let url = |n: u8| format!("https://git.invalid/x{n}");
    let dependency = |n: u8, comment: &str, rev: &str| {
        format!("{comment}g{n} = {{ git = \"{}\", {rev} }}\n\n", url(n))
    };
    let whole = format!("rev = \"{sha}\"");
    let why = |n: u8| format!("# https://why.invalid/{n}: until g{n} is published\n");
    project.write(
        "Cargo.toml",
        &format!(
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\n{}{}{}{}{}{}",
            dependency(1, &why(1), &whole),
            dependency(2, &why(2), "tag = \"v1\""),
            dependency(3, "# a fork\n", &whole),
            dependency(4, &why(4), &whole),
            dependency(5, &why(5), &whole),
            dependency(6, &why(6), &whole),
        ),
    );
    project.write(
        "deny.toml",
        &format!(
            "[sources]\nallow-git = [\n    \"{}\", # https://why.invalid/1\n    \"{}.git\", # https://why.invalid/2\n    \"{}\",\n\
             \n    # https://other.invalid\n    \"{}\",\n\n    # https://why.invalid/6\n    \"{}\",\n]\n",
            url(1), url(2), url(3), url(5), url(6)
        ),
    );
    let entry = |n: u8| {
        let query = if n == 2 { "tag=v1".to_string() } else { format!("rev={sha}") };
        format!("name = \"g{n}\"\nversion = \"1.0.0\"\nsource = \"git+{}?{query}#{sha}\"", url(n))
    };
    let entries: Vec<String> = (1..=6).map(entry).collect();
    let app = "name = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"g1\",\n \"g2\",\n \"g3\",\n \"g4\",\n \"g5\",\n \"g6\",\n]";
    let mut packages = vec![app];
    packages.extend(entries.iter().map(String::as_str));
    lock(&project, &packages);
    let purl = |n: u8| {
        let commit = if n == 6 { "0".repeat(40) } else { sha.to_string() };
        format!("{{\"purl\": \"pkg:cargo/g{n}@1.0.0?vcs_url=git%2B{}%40{commit}\"}}", url(n))
    };
    let purls: Vec<String> = (1..=6).map(purl).collect();
    let sbom = format!("{{\"bomFormat\": \"CycloneDX\", \"components\": [{}]}}", purls.join(", "));
    project.write("sbom.json", &sbom);
    project.commit("git pins");

    let (code, report) = json(&project, &["--sbom", "sbom.json"]);
    // Their sources cannot be here. This is reported, and all other findings still are.
    assert_eq!((code, report["verdict"].as_str()), (Some(4), Some("incomplete")), "{report:#}");
    assert!(report["not_checked"][0]["message"].as_str().unwrap().contains("cargo fetch --locked"));
    let findings = report["findings"].as_array().unwrap();
    let found: BTreeSet<(&str, &str)> = findings
        .iter()
        .map(|f| {
            (f["rule"].as_str().unwrap(), f["package"].as_str().unwrap().split(' ').next().unwrap())
        })
        .collect();
    let want = [
        ("git-rev", "g2"),
        ("git-comment", "g3"),
        ("git-allow", "g4"),
        ("git-allow", "g5"),
        ("git-sbom", "g6"),
    ];
    assert_eq!(found, want.into_iter().collect(), "{report:#}");
}

#[test]
fn lockfiles_that_do_not_serve_are_told_apart() {
    let project = app();
    std::fs::remove_file(project.dir.join("Cargo.lock")).unwrap();
    let (code, report) = json(&project, &[]);
    assert_eq!((code, ids(&report)), (Some(1), set(&["lockfile-missing"])));

    lock(&project, &["name = \"app\"\nversion = \"0.2.0\""]);
    let (code, report) = json(&project, &[]);
    assert_eq!((code, ids(&report)), (Some(1), set(&["lockfile-stale"])));

    let registry = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    project.write("Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nx = \"2\"\n");
    let x = format!("name = \"x\"\nversion = \"1.0.0\"\n{registry}");
    lock(&project, &["name = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"x\",\n]", &x]);
    let (_, report) = json(&project, &[]);
    assert_eq!(ids(&report), set(&["lockfile-checksum", "lockfile-stale"]));
    let message = only(&report, "lockfile-stale")["message"].as_str().unwrap();
    assert_eq!(message, "Cargo.lock has no `x` that fits `^2`, which app 0.1.0 depends on");

    let x = format!("{x}\nchecksum = \"{}\"", "0".repeat(64));
    let x = x.replace("1.0.0", "2.1.0");
    lock(&project, &["name = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"x\",\n]", &x]);
    assert_eq!(ids(&json(&project, &[]).1), set(&[]));
}

#[test]
fn a_lockfile_that_cannot_be_read_is_not_reported_as_missing() {
    let project = app();
    project.write("Cargo.lock", "<<<<<<< HEAD\n");
    let run = check(&project, &[]);
    assert_eq!(run.code, Some(5), "{}", run.all());
    assert!(run.stdout.contains("not checked: Cargo.lock could not be read"), "{}", run.all());
    assert!(!run.stdout.contains("there is no Cargo.lock"), "{}", run.all());
}
