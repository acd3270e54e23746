//! `repro archive --format oci`: an image on a handmade base, bases that are refused, and the image of a
//! release that `repro verify` rebuilds. Most tests share one build.

use std::path::{Path, PathBuf};

use repro_formats::digest;
use serde_json::{Value, json};

use crate::archive::sh;
use crate::support::{Project, Run, assert_verdict, host};
use crate::verify::fails;

const DIGEST: &str = "org.opencontainers.image.base.digest";

/// A layout with one image that has one layer, for one architecture, and an index of that image.
struct Base {
    dir: PathBuf,
    manifest: String,
    index: String,
}

/// Puts a blob into a layout; its descriptor.
fn blob(layout: &Path, kind: &str, bytes: &[u8]) -> Value {
    let d = digest::of_bytes(bytes);
    let dir = layout.join("blobs/sha256");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join(&d.sha256), bytes).unwrap();
    let kind = format!("application/vnd.oci.image.{kind}");
    json!({"mediaType": kind, "digest": format!("sha256:{}", d.sha256), "size": d.size})
}

fn hex(descriptor: &Value) -> String {
    descriptor["digest"].as_str().unwrap()[7..].to_string()
}

fn value(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn base(dir: &Path, architecture: &str) -> Base {
    let layer = b"not even a tar: it is copied as it is";
    let layer = blob(dir, "layer.v1.tar", layer);
    let config = json!({
        "architecture": architecture, "os": "linux",
        "config": {"Env": ["BASE=1"], "Cmd": ["sh"], "Labels": {"vendor": "base"}},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    });
    let config = blob(dir, "config.v1+json", config.to_string().as_bytes());
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": [layer]});
    let mut manifest = blob(dir, "manifest.v1+json", manifest.to_string().as_bytes());
    let name = hex(&manifest);
    manifest["platform"] = json!({"os": "linux", "architecture": architecture});
    let index = json!({"schemaVersion": 2, "manifests": [manifest]});
    std::fs::write(dir.join("index.json"), index.to_string()).unwrap();
    std::fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#).unwrap();
    let index = hex(&blob(dir, "index.v1+json", index.to_string().as_bytes()));
    Base { dir: dir.to_owned(), manifest: name, index }
}

/// The same image, in name for another architecture.
fn with_arm64(layout: &Path, manifest: &str) -> Value {
    let mut image = value(&layout.join("blobs/sha256").join(manifest));
    let mut config = of(layout, &image["config"]);
    config["architecture"] = json!("arm64");
    image["config"] = blob(layout, "config.v1+json", config.to_string().as_bytes());
    blob(layout, "manifest.v1+json", image.to_string().as_bytes())
}

/// A program that is linked statically, built.
fn built(base: Option<&str>) -> Project {
    let project = Project::plain("sound-features");
    project
        .write(".cargo/config.toml", "[build]\nrustflags = [\"-Ctarget-feature=+crt-static\"]\n");
    let manifest = std::fs::read_to_string(project.dir.join("Cargo.toml")).unwrap();
    let base = base.map_or(String::new(), |digest| format!("base = \"sha256:{digest}\"\n"));
    let image = format!(
        "repository = \"https://example.org/app\"\n\n[package.metadata.repro.image]\n{base}user = \"65532\"\ncmd = [\"--help\"]\nlabels = {{ vendor = \"me\" }}\n\n[workspace]"
    );
    project.write("Cargo.toml", &manifest.replace("\n[workspace]", &image));
    project.git(&["init", "-q"]);
    project.commit("as it is");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    project
}

fn ok(run: Run) -> Run {
    assert_eq!(run.code, Some(0), "{}", run.all());
    run
}

const FILE: &str = "sound-features-0.1.0.oci.tar";

impl Base {
    fn at(&self, digest: &str) -> String {
        format!("{}@sha256:{digest}", self.dir.display())
    }
}

/// The layout of the image that was written, unpacked.
fn unpacked(project: &Project, to: &str) -> PathBuf {
    let to = project.base().join(to);
    std::fs::create_dir(&to).unwrap();
    let tar = project.results().join("dist").join(FILE);
    sh(&to, &format!("tar -xf '{}'", tar.display()));
    to
}

fn of(layout: &Path, descriptor: &Value) -> Value {
    value(&layout.join("blobs/sha256").join(hex(descriptor)))
}

#[test]
fn an_image_is_the_same_wherever_it_is_made_and_made_again_by_verify() {
    let outside = tempfile::tempdir().unwrap();
    let base = base(&outside.path().join("base"), "amd64");
    let project = built(Some(&base.manifest));
    let run = ok(project.repro(&[
        "archive",
        "--format",
        "tar.gz,oci,json",
        "--base",
        &base.at(&base.manifest),
    ]));
    let report = run.json();
    assert_eq!(crate::schemas::errors("repro.report-1", &report), None, "{report:#}");
    assert_eq!(report["notes"], json!([]));
    let dist = project.results().join("dist");
    let manifest = value(&dist.join("repro.json"));
    assert_eq!(crate::schemas::errors("repro.manifest-2", &manifest), None);
    let first = digest::of_file(&dist.join(FILE)).unwrap();
    assert_eq!(manifest["images"][0]["sha256"], first.sha256);
    assert!(sh(&dist, "sha256sum -c SHA256SUMS").contains(FILE));

    // What is in it.
    let layout = unpacked(&project, "layout");
    let entry = value(&layout.join("index.json"))["manifests"][0].clone();
    assert_eq!(entry["annotations"]["org.opencontainers.image.ref.name"], "0.1.0");
    let image = of(&layout, &entry);
    let config = of(&layout, &image["config"]);
    let run = &config["config"];
    assert_eq!(run["Entrypoint"], json!(["/usr/local/bin/sound-features"]));
    assert_eq!((&run["Cmd"], &run["User"]), (&json!(["--help"]), &json!("65532")));
    assert_eq!((&run["Env"], &run["Labels"]["vendor"]), (&json!(["BASE=1"]), &json!("me")));
    assert_eq!(run["Labels"][DIGEST], format!("sha256:{}", base.manifest));
    assert_eq!(config["created"], "2023-11-14T22:13:20Z");
    let of_base = value(&base.dir.join("blobs/sha256").join(&base.manifest));
    assert_eq!(image["layers"][0], of_base["layers"][0], "the base's layer, as it is");
    let layer = layout.join("blobs/sha256").join(hex(&image["layers"][1]));
    let list =
        sh(&layout, &format!("tar -tvzf {} --full-time --utc --numeric-owner", layer.display()));
    assert!(list.contains("-rwxr-xr-x 0/0") && list.contains("2023-11-14 22:13:20"), "{list}");
    let diff_id = sh(&layout, &format!("gzip -dc {} | sha256sum", layer.display()));
    assert_eq!(config["rootfs"]["diff_ids"][1], format!("sha256:{}", &diff_id[..64]));
    sh(&layout, &format!("tar -xzf {}", layer.display()));
    assert_eq!(sh(&layout, "usr/local/bin/sound-features").trim(), "plain");

    // The base as a tar of another layout, by the digest that Cargo.toml has, and of the image's own.
    sh(&base.dir, "tar -cf ../base.tar oci-layout index.json blobs");
    for other in [outside.path().join("base.tar"), dist.join(FILE)] {
        let copy = outside.path().join("copy.tar");
        std::fs::copy(&other, &copy).unwrap();
        ok(project.repro(&["archive", "--format", "oci", "--base", copy.to_str().unwrap(), "-j1"]));
        assert_eq!(digest::of_file(&dist.join(FILE)).unwrap(), first, "{}", other.display());
    }
    let run = project.repro(&["verify", dist.to_str().unwrap()]);
    assert_verdict(&run, 0, "REPRODUCED");
    assert!(run.stdout.contains(FILE), "{}", run.stdout);
    let attest = ["attest", "--builder-id", "https://example.org/a", "--unsigned"];
    ok(project.repro(&attest));
    let statement = value(&dist.join("provenance.intoto.json"));
    let subject = |name: &str, sha256: &Value| {
        let wanted = json!({"name": name, "digest": {"sha256": sha256}});
        assert!(statement["subject"].as_array().unwrap().contains(&wanted), "{statement:#}");
    };
    subject("sound-features:0.1.0", &manifest["images"][0]["digest"]);
    subject(FILE, &json!(first.sha256));

    // The attack: another program is run, and every digest is mended.
    forge(&project, &layout);
    let run = project.repro(&["verify", dist.to_str().unwrap()]);
    assert_verdict(&run, 1, "DIFFERS");
    assert!(run.stdout.contains(FILE), "{}", run.stdout);
}

/// Publishes an image that starts something else, and a manifest of it.
fn forge(project: &Project, layout: &Path) {
    let dist = project.results().join("dist");
    let mut index = value(&layout.join("index.json"));
    let mut image = of(layout, &index["manifests"][0]);
    let mut config = of(layout, &image["config"]);
    config["config"]["Entrypoint"] = json!(["/bin/evil"]);
    image["config"] = blob(layout, "config.v1+json", config.to_string().as_bytes());
    let made = blob(layout, "manifest.v1+json", image.to_string().as_bytes());
    for key in ["digest", "size"] {
        index["manifests"][0][key] = made[key].clone();
    }
    std::fs::write(layout.join("index.json"), index.to_string()).unwrap();
    let tar = dist.join(FILE);
    sh(layout, &format!("tar -cf '{}' blobs index.json oci-layout", tar.display()));
    let file = digest::of_file(&tar).unwrap();
    let mut manifest = value(&dist.join("repro.json"));
    let entry = &mut manifest["images"][0];
    entry["sha256"] = json!(file.sha256);
    entry["size"] = json!(file.size);
    entry["digest"] = json!(hex(&made));
    entry["platforms"][0]["digest"] = json!(hex(&made));
    std::fs::write(dist.join("repro.json"), manifest.to_string()).unwrap();
    std::fs::remove_file(dist.join("SHA256SUMS")).unwrap();
}

fn archived(project: &Project, args: &[&str]) -> Run {
    project.repro(&[&["archive", "--format", "oci", "--base"][..], args].concat())
}

#[test]
fn bases_that_are_hostile_are_refused_and_the_image_stays_as_it_is() {
    let outside = tempfile::tempdir().unwrap();
    let base = base(&outside.path().join("base"), "amd64");
    let project = built(None);
    let dist = project.results().join("dist");
    let image = |args: &[&str]| archived(&project, args);
    // The control, whose files every attack below leaves as they are.
    let run = ok(image(&[&base.at(&base.index)]));
    assert!(run.stdout.contains("base = \"sha256:"), "{}", run.stdout);
    let before = sh(&dist, "sha256sum *");

    let twin = |n: usize| {
        let copy = outside.path().join(format!("hostile-{n}"));
        sh(outside.path(), &format!("cp -R base '{}'", copy.display()));
        copy
    };
    let blobs = |layout: &Path| layout.join("blobs/sha256");
    // A new manifest in place of the sound one.
    let with = |layout: &Path, change: &dyn Fn(&mut Value)| {
        let mut manifest = value(&blobs(layout).join(&base.manifest));
        change(&mut manifest);
        hex(&blob(layout, "manifest.v1+json", manifest.to_string().as_bytes()))
    };
    type Attack<'a> = (&'a str, &'a dyn Fn(&Path) -> String);
    let attacks: &[Attack] = &[
        ("does not match its digest", &|layout| {
            std::fs::write(blobs(layout).join(&base.manifest), "{}").unwrap();
            base.manifest.clone()
        }),
        ("does not match its digest", &|layout| {
            let layer = hex(&value(&blobs(layout).join(&base.manifest))["layers"][0]);
            std::fs::write(blobs(layout).join(layer), "NOT EVEN A TAR: it is copied as it is")
                .unwrap();
            base.manifest.clone()
        }),
        ("is missing", &|layout| {
            let layer = hex(&value(&blobs(layout).join(&base.manifest))["layers"][0]);
            std::fs::remove_file(blobs(layout).join(layer)).unwrap();
            base.manifest.clone()
        }),
        ("is missing", &|_| "0".repeat(64)),
        ("is not `sha256:`", &|layout| {
            with(layout, &|m| m["layers"][0]["digest"] = json!("sha256:../../../../etc/passwd"))
        }),
        ("does not match its digest", &|layout| {
            with(layout, &|m| m["layers"][0]["size"] = json!(1_u64 << 60))
        }),
        ("127 layers", &|layout| {
            with(layout, &|m| m["layers"] = json!(vec![m["layers"][0].clone(); 127]))
        }),
        ("and the manifest lists 2", &|layout| {
            with(layout, &|m| m["layers"] = json!(vec![m["layers"][0].clone(); 2]))
        }),
        ("is there twice", &|layout| {
            let text = std::fs::read_to_string(blobs(layout).join(&base.manifest)).unwrap();
            let text = text.replacen('{', "{\"layers\":[],", 1);
            hex(&blob(layout, "manifest.v1+json", text.as_bytes()))
        }),
        ("over 4 MiB", &|layout| {
            let text = format!("{{\"{}\":1}}", "x".repeat(5 << 20));
            hex(&blob(layout, "manifest.v1+json", text.as_bytes()))
        }),
        ("indexes in indexes", &|layout| {
            let mut inner = base.index.clone();
            for _ in 0..4 {
                let of = json!({"mediaType": "application/vnd.oci.image.index.v1+json", "digest": format!("sha256:{inner}"),
                    "size": std::fs::metadata(blobs(layout).join(&inner)).unwrap().len()});
                let index = json!({"schemaVersion": 2, "manifests": [of]});
                inner = hex(&blob(layout, "index.v1+json", index.to_string().as_bytes()));
            }
            inner
        }),
        ("of Docker's type", &|layout| {
            with(layout, &|m| {
                m["mediaType"] = json!("application/vnd.docker.distribution.manifest.v2+json");
            })
        }),
        ("no `oci-layout`", &|layout| {
            std::fs::remove_file(layout.join("oci-layout")).unwrap();
            base.manifest.clone()
        }),
        ("is not 1.0.0", &|layout| {
            std::fs::write(layout.join("oci-layout"), "{}").unwrap();
            base.manifest.clone()
        }),
    ];
    for (n, (words, attack)) in attacks.iter().enumerate() {
        let copy = twin(n);
        let digest = attack(&copy);
        let run = image(&[&format!("{}@sha256:{digest}", copy.display())]);
        fails(&run, 5, &[words]);
        // The same in a tar, with a member that leads out in front of it.
        sh(&copy, "tar -cf ../hostile.tar * && tar -cPf ../outside.tar --transform 's,^,../x/,' *");
        let tar = |name: &str| format!("{}@sha256:{digest}", outside.path().join(name).display());
        fails(&image(&[&tar("hostile.tar")]), 5, &[words]);
        fails(&image(&[&tar("outside.tar")]), 5, &["outside.tar"]);
        assert_eq!(sh(&dist, "sha256sum *"), before, "{words}");
    }
}

/// Indexes of one another, and a layer.
#[test]
fn what_documents_name_a_thousand_times_is_read_once() {
    let outside = tempfile::tempdir().unwrap();
    let base = base(&outside.path().join("base"), "amd64");
    let project = built(None);
    let image = |args: &[&str]| archived(&project, args);
    let blobs = |layout: &Path| layout.join("blobs/sha256");
    let copy = base.dir.clone();
    let descriptor = |kind: &str, sha256: &str| {
        let size = std::fs::metadata(blobs(&copy).join(sha256)).unwrap().len();
        let kind = format!("application/vnd.oci.image.{kind}");
        json!({"mediaType": kind, "digest": format!("sha256:{sha256}"), "size": size})
    };
    let mut top = hex(&with_arm64(&copy, &base.manifest));
    let mut kind = "manifest.v1+json";
    for _ in 0..3 {
        let index = json!({"schemaVersion": 2, "manifests": vec![descriptor(kind, &top); 1024]});
        top = hex(&blob(&copy, "index.v1+json", index.to_string().as_bytes()));
        kind = "index.v1+json";
    }
    let at = |digest: &str| format!("{}@sha256:{digest}", copy.display());
    fails(&image(&[&at(&top)]), 4, &["no base image is for linux/amd64"]);
}

#[test]
fn a_base_that_is_not_there_or_not_named_is_an_error_of_usage() {
    let outside = tempfile::tempdir().unwrap();
    let base = base(&outside.path().join("base"), "amd64");
    let project = built(None);
    let image = |args: &[&str]| archived(&project, args);
    let none = outside.path().join("none").display().to_string();
    fails(&image(&[&format!("{none}@sha256:{}", base.index)]), 5, &["no image layout"]);
    fails(&image(&[&base.dir.display().to_string()]), 2, &["which image of it"]);
    fails(&image(&[&base.at("00")]), 2, &["is not `sha256:`"]);
    fails(&image(&["scratch", "--base", &base.at(&base.index)]), 2, &["`--base scratch`"]);
    fails(&project.repro(&["archive", "--format", "oci"]), 2, &["an image needs a base"]);
    fails(&project.repro(&["archive", "--base", "scratch"]), 2, &["pass --format oci"]);
    fails(
        &project.repro(&["archive", "src", "-o", "x.tar", "--format", "oci"]),
        2,
        &["made of a build"],
    );
    assert!(!project.results().join("dist").exists());
}

/// It is the publisher's word until it is accepted.
#[test]
fn a_base_that_the_manifest_of_cargo_does_not_name_has_to_be_accepted() {
    let outside = tempfile::tempdir().unwrap();
    let base = base(&outside.path().join("base"), "amd64");
    let project = built(None);
    let image = |args: &[&str]| archived(&project, args);
    ok(image(&[&base.at(&base.index)]));
    let dist = project.results().join("dist");
    let dist = dist.to_str().unwrap();
    let run = project.repro(&["verify", dist]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    assert!(run.last().starts_with("REPRODUCED WITH THE PUBLISHER'S SETTINGS: image-base"));
    let accept = format!("image-base=sha256:{}", base.index);
    let run = project.repro(&["verify", dist, "--accept-setting", &accept]);
    assert_verdict(&run, 0, "REPRODUCED");
}

/// `docker load` knows it by that: a publisher could call it as some other image is called.
#[test]
fn a_name_that_the_source_does_not_give_has_to_be_accepted() {
    let project = built(None);
    let run = ok(archived(&project, &["scratch", "--name", "debian", "--release", "latest"]));
    assert!(run.stdout.contains("does not call the image `debian:latest`"), "{}", run.stdout);
    let dist = project.results().join("dist");
    let dist = dist.to_str().unwrap();
    let run = project.repro(&["verify", dist]);
    assert_eq!(run.code, Some(1), "{}", run.all());
    assert!(run.last().starts_with("REPRODUCED WITH THE PUBLISHER'S SETTINGS: image-name"));
    let accept = "image-name=debian:latest";
    assert_verdict(&project.repro(&["verify", dist, "--accept-setting", accept]), 0, "REPRODUCED");
    // The control: the package's own.
    let run = ok(archived(&project, &["scratch"]));
    assert!(!run.stdout.contains("does not call the image"), "{}", run.stdout);
    assert_verdict(&project.repro(&["verify", dist]), 0, "REPRODUCED");
}

/// What needs a loader does not start on nothing; on a base it may.
#[test]
fn images_of_several_targets_and_of_programs_that_need_a_loader() {
    let outside = tempfile::tempdir().unwrap();
    let base = base(&outside.path().join("base"), "amd64");
    let project = built(None);
    let image = |args: &[&str]| archived(&project, args);
    let dist = project.results().join("dist");
    let dist = dist.to_str().unwrap();
    // Nothing but the program, for two architectures: an index. The second is the same file, which only
    // counts here.
    let mut manifest = project.manifest();
    let arm64 = "aarch64-unknown-linux-gnu";
    let mut second = manifest["artifacts"][0].clone();
    second["target"] = json!(arm64);
    manifest["artifacts"].as_array_mut().unwrap().insert(0, second);
    manifest.as_object_mut().unwrap().remove("components");
    std::fs::write(project.results().join("repro.json"), manifest.to_string()).unwrap();
    fails(&image(&[&base.at(&base.index)]), 4, &["no base image is for linux/arm64"]);
    ok(image(&["scratch"]));
    let layout = unpacked(&project, "several");
    let top = value(&layout.join("index.json"))["manifests"][0].clone();
    assert_eq!(hex(&top), value(&Path::new(dist).join("repro.json"))["images"][0]["digest"]);
    let index = of(&layout, &top);
    let platforms: Vec<&Value> = index["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["platform"]["architecture"])
        .collect();
    assert_eq!(platforms, ["arm64", "amd64"]);
    let image_of = of(&layout, &index["manifests"][1]);
    assert_eq!(image_of["layers"].as_array().unwrap().len(), 1);

    project.write(".cargo/config.toml", "");
    project.commit("with shared libraries");
    assert_verdict(&project.repro(&["build"]), 0, "REPRODUCIBLE");
    fails(&image(&["scratch"]), 4, &["`sound-features` is linked to shared libraries"]);
    ok(image(&[&base.at(&base.index)]));
    assert_eq!(project.manifest()["images"][0]["platforms"][0]["target"], host());
}
