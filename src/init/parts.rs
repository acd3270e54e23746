//! The jobs of a release: one for each platform, on a runner of its own, and for each package that has
//! an archive of its own.

/// A job, with what it builds.
pub(super) struct Part {
    pub(super) name: String,
    /// The label of the runner.
    pub(super) os: &'static str,
    pub(super) targets: Vec<String>,
    /// The only package, where each has an archive of its own.
    pub(super) package: Option<String>,
    /// Arguments of `repro archive`.
    pub(super) pack: String,
}

/// What a triple has to contain, and the runner: the first row that fits.
const RUNNERS: &[([&str; 2], &str, &str)] = &[
    (["linux", "aarch64"], "linux-aarch64", "ubuntu-24.04-arm"),
    (["apple", "x86_64"], "macos-x86_64", "macos-15-intel"),
    (["apple", ""], "macos-aarch64", "macos-15"),
    (["windows", "aarch64"], "windows-aarch64", "windows-11-arm"),
    (["windows", ""], "windows-x86_64", "windows-2025"),
    // Everything else is built with a cross compiler there.
    (["", ""], "linux-x86_64", "ubuntu-24.04"),
];

/// The platform whose runner builds a target, and the runner's label.
pub(super) fn platform(target: &str) -> (&'static str, &'static str) {
    let row = RUNNERS.iter().find(|(parts, ..)| parts.iter().all(|p| target.contains(p)));
    row.map_or(("linux-x86_64", "ubuntu-24.04"), |(_, name, os)| (name, os))
}

/// The jobs; each package on its own if some are given. `host` is this machine.
pub(super) fn parts(targets: &[String], packages: &[String], host: &str) -> Vec<Part> {
    let mut found: Vec<Part> = Vec::new();
    let alone = [None];
    let each: Vec<Option<&String>> = packages.iter().map(Some).collect();
    for package in if each.is_empty() { &alone[..] } else { &each[..] } {
        for target in targets {
            let (platform, os) = platform(target);
            let name = package.map_or(platform.to_string(), |p| format!("{p}-{platform}"));
            match found.iter_mut().find(|p| p.name == name) {
                Some(part) => part.targets.push(target.clone()),
                None => found.push(Part {
                    name,
                    os,
                    targets: vec![target.clone()],
                    package: package.cloned(),
                    pack: String::new(),
                }),
            }
        }
    }
    // The first one is that of pull requests, and Linux shows the most.
    let here = platform(host).0;
    found.sort_by_key(|part| (!part.is_linux(), !part.name.ends_with(here)));
    found
}

impl Part {
    pub(super) fn is_linux(&self) -> bool {
        self.os.starts_with("ubuntu")
    }

    /// What `--isolate` is given: elsewhere than on Linux nothing can be isolated.
    pub(super) fn isolate(&self) -> &'static str {
        if self.is_linux() { "always" } else { "auto" }
    }

    /// Arguments of `repro build` that select it.
    pub(super) fn select(&self) -> String {
        let package = self.package.iter().map(|p| format!("--package {p}"));
        let targets = self.targets.iter().map(|t| format!("--target {t}"));
        package.chain(targets).collect::<Vec<_>>().join(" ")
    }

    /// As an element of a matrix.
    pub(super) fn yaml(&self) -> String {
        let rows = [
            ("name", self.name.as_str()),
            ("os", self.os),
            ("targets", &self.targets.join(" ")),
            ("select", &self.select()),
            ("isolate", self.isolate()),
            ("pack", &self.pack),
        ];
        let row = |(n, (key, value)): (usize, &(&str, &str))| {
            let start = if n == 0 { "- " } else { "  " };
            let value = if value.is_empty() { "\"\"" } else { value };
            format!("          {start}{key}: {value}\n")
        };
        rows.iter().enumerate().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "x86_64-unknown-linux-gnu";

    #[test]
    fn each_platform_has_a_runner_of_its_own() {
        for (target, runner) in [
            ("x86_64-unknown-linux-gnu", "ubuntu-24.04"),
            ("x86_64-unknown-linux-musl", "ubuntu-24.04"),
            ("aarch64-unknown-linux-musl", "ubuntu-24.04-arm"),
            ("riscv64gc-unknown-linux-gnu", "ubuntu-24.04"),
            ("wasm32-wasip1", "ubuntu-24.04"),
            ("aarch64-apple-darwin", "macos-15"),
            ("x86_64-apple-darwin", "macos-15-intel"),
            ("x86_64-pc-windows-msvc", "windows-2025"),
            ("aarch64-pc-windows-msvc", "windows-11-arm"),
        ] {
            assert_eq!(platform(target).1, runner, "{target}");
        }
    }

    #[test]
    fn targets_of_one_runner_share_a_job_and_packages_do_not() {
        let targets: Vec<String> =
            ["aarch64-apple-darwin", "x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl"]
                .map(str::to_string)
                .into();
        let names = |packages: &[String]| -> Vec<String> {
            parts(&targets, packages, HOST).into_iter().map(|p| p.name).collect()
        };
        assert_eq!(names(&[]), ["linux-x86_64", "macos-aarch64"]);
        let two = ["a".to_string(), "b".to_string()];
        assert_eq!(
            names(&two),
            ["a-linux-x86_64", "b-linux-x86_64", "a-macos-aarch64", "b-macos-aarch64"]
        );
        let select = "--target x86_64-unknown-linux-gnu --target x86_64-unknown-linux-musl";
        assert_eq!(parts(&targets, &[], HOST)[0].select(), select);
    }
}
