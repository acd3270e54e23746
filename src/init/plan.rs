//! What `repro init` writes, and what is to be done next.

use std::path::Path;

use anyhow::Result;

use super::existing::Existing;
use super::facts::{Facts, Toolchain};
use super::merge::{self, New};
use super::pin::{self, Pin};
use super::render;

/// The files, in the order in which they are shown.
pub fn files(facts: &mut Facts, workspace: &Path, root: &Path) -> Result<Vec<New>> {
    let mut files = Vec::new();
    files.extend(merge::metadata(facts, workspace)?);
    files.extend(merge::toolchain(facts, workspace)?);
    files.push(merge::deny(workspace)?);
    if !facts.made.ships() {
        facts.notes.push("this package has no program or C library, so no workflow, Dockerfile or guide was written".to_string());
        return Ok(files);
    }
    if matches!(facts.toolchain, Toolchain::Unknown) {
        return Ok(files);
    }
    if !facts.prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b)) {
        facts.notes.push(format!(
            "no workflow was written: the directory `{}` has characters that scripts would have to quote",
            facts.prefix.trim_end_matches('/')
        ));
        return Ok(files);
    }
    let docker = facts.parts[0].is_linux() && !facts.same_path;
    if !docker {
        facts.notes.push(match facts.same_path {
            true => "no Dockerfile.repro was written: a build at one path needs bubblewrap, which does not work in `docker build`".to_string(),
            false => "no Dockerfile.repro was written: there is no target for Linux".to_string(),
        });
    }
    let page = render::Page::of(facts, docker)?;
    for name in workflows(facts) {
        let path = root.join(".github/workflows").join(name.file);
        files.push(New::whole(path, page.fill(name.template)?));
    }
    if docker {
        let path = workspace.join("Dockerfile.repro");
        files.push(New::whole(path, page.fill("Dockerfile.repro")?));
        let path = workspace.join("Dockerfile.repro.dockerignore");
        files.push(New::whole(path, "**/target\n".to_string()));
    }
    files.push(New::whole(workspace.join("REPRODUCIBILITY.md"), page.fill("REPRODUCIBILITY.md")?));
    Ok(files)
}

/// A workflow, and its template.
struct Workflow {
    file: &'static str,
    template: &'static str,
}

fn workflows(facts: &Facts) -> Vec<Workflow> {
    let mut all = vec![
        Workflow { file: "reproducible-check.yml", template: "check.yml" },
        Workflow { file: facts.build_file, template: "release.yml" },
    ];
    if facts.existing.is_some() {
        all.push(Workflow { file: "reproducible-verify.yml", template: "verify.yml" });
    }
    all
}

/// What people do after this, in order.
pub fn next(facts: &Facts, files: &[New]) -> Vec<String> {
    let mut steps = Vec::new();
    let has = |name: &str| files.iter().any(|f| f.path.ends_with(name));
    if has("REPRODUCIBILITY.md") && matches!(facts.pin, Pin::Unknown) {
        steps.push(format!(
            "the commit of repro {} could not be looked up: run `git {}`, and `repro init --force --install COMMIT`, else the workflows fail at \"Install repro\"",
            pin::VERSION,
            pin::lookup().join(" ")
        ));
    }
    if has("Dockerfile.repro") && facts.base_digest.is_none() {
        steps
            .push("fill in the digest in Dockerfile.repro with the command at its top".to_string());
    }
    steps.push(
        "commit the files, and run `repro build`: the last line should be REPRODUCIBLE".to_string(),
    );
    if has("REPRODUCIBILITY.md") {
        steps.push(publish(facts));
    }
    steps
}

fn publish(facts: &Facts) -> String {
    match &facts.existing {
        None => {
            let version = facts.made.packages.first().map_or("1.0.0", |(_, version)| version);
            format!(
                "push a tag: `git tag v{version} && git push origin v{version}` builds, verifies and publishes a release"
            )
        }
        Some(Existing::CargoDist { config, .. }) => format!(
            "cargo-dist makes the releases. To have it publish what `repro archive` packs, and verify that, add to the table of dist in `{config}`\n\
             global-artifacts-jobs = [\"./reproducible-build\"]\n\
             post-announce-jobs = [\"./reproducible-verify\"]\n\
             and run `dist generate`"
        ),
        Some(Existing::Workflow(path)) => format!(
            "`{path}` makes the releases. To publish what `repro archive` packs, add the first job to it, have the job that publishes \
             need it and upload its artifact `artifacts-reproducible`; the second one verifies what was published\n\
             reproducible:\n\
             \x20 uses: ./.github/workflows/reproducible-build.yml\n\
             \x20 permissions: {{ contents: read }}\n\
             reproducible-verify:\n\
             \x20 needs: PUBLISHING-JOB\n\
             \x20 uses: ./.github/workflows/reproducible-verify.yml\n\
             \x20 permissions: {{ contents: read }}"
        ),
    }
}
