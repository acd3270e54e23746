//! The README and the pages are true: commands are run, links lead to files, tables are those of
//! the program.

use crate::support::Project;

fn readme() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    std::fs::read_to_string(path).unwrap()
}

/// The lines of the ```sh blocks.
fn commands(text: &str) -> Vec<String> {
    let blocks = text.split("```sh\n").skip(1);
    blocks
        .flat_map(|b| b.split("```").next().unwrap().lines())
        .map(|l| l.split(" # ").next().unwrap().trim().to_string())
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .collect()
}

#[test]
fn every_command_of_the_readme_runs() {
    let project = Project::committed("sound-features");
    // `init` looks for a tag there, and a test asks no server.
    let none = format!("[url \"/none\"]\n\tinsteadOf = {}\n", env!("CARGO_PKG_REPOSITORY"));
    std::fs::write(project.base().join("home/.gitconfig"), none).unwrap();
    let commands = commands(&readme());
    assert!(commands.len() >= 5, "{commands:?}");
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_repro")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    for line in commands {
        assert!(line.starts_with("repro ") || line.starts_with("cargo repro "), "{line}");
        let out = project
            .command("sh", &project.dir)
            .args(["-c", &line])
            .env("PATH", &path)
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(0), "{line}: {words}");
    }
}

#[test]
fn the_two_commands_of_the_start_are_those_of_ci() {
    let ci = concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/run");
    let ci = std::fs::read_to_string(ci).unwrap();
    for command in ["cargo run --release --locked -- build", "cargo test --locked"] {
        assert!(readme().contains(command) && ci.contains(command), "{command}");
    }
}

#[test]
fn the_readme_fits_a_few_screens() {
    assert!(readme().lines().count() <= 220);
}

#[test]
fn every_page_is_in_the_summary_and_every_link_leads_to_a_file() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = root.join("docs");
    let summary = std::fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let mut pages: Vec<_> =
        ["README.md", "SECURITY.md", "CONTRIBUTING.md"].iter().map(|n| root.join(n)).collect();
    for entry in std::fs::read_dir(&docs).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        if name.ends_with(".md") {
            assert!(name == "SUMMARY.md" || summary.contains(&format!("({name})")), "{name}");
            pages.push(path);
        }
    }
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).map(|l| l.split(')').next().unwrap()) {
            let file = link.split('#').next().unwrap();
            let outside = link.contains("://") || file.is_empty();
            let there = outside || page.parent().unwrap().join(file).exists();
            assert!(there, "{}: {link}", page.display());
        }
    }
}

#[test]
fn docs_on_archives_have_the_tables_of_the_program() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/archives.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let rules = repro_formats::policy::POLICY.iter();
    let rules = rules.map(|r| format!("| {} | {} | {} |", r.field, r.value, r.why));
    let handlers = repro_formats::normalize::handlers::HANDLERS.iter();
    let handlers =
        handlers.map(|h| format!("| `{}` | {} | {} |", h.name, h.extensions.join(", "), h.fixes));
    let read = repro_formats::normalize::handlers::READ_ONLY.iter();
    let read =
        read.map(|r| format!("| `{}` | {} | {} |", r.name, r.extensions.join(", "), r.compared));
    for row in rules.chain(handlers).chain(read) {
        assert!(docs.contains(&row), "{row}");
    }
    for row in repro_formats::compress::container::COMPRESSIONS.iter().skip(1) {
        for c in row.compressors {
            let levels = format!("{} ({} to {})", c.level, c.levels.start(), c.levels.end());
            let block = format!("of {} MiB", c.block.unwrap() >> 20);
            let library = c.name.trim_end_matches("-sys");
            let all =
                |line: &str| [library, &levels, &block].iter().all(|part| line.contains(part));
            assert!(docs.lines().any(all), "{}: {library}, {levels}, {block}", row.name);
        }
    }
}

#[test]
fn every_table_of_exit_codes_is_that_of_the_program() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verdicts.md");
    let help = Project::plain("sound-features").repro(&["--help"]).stdout;
    let (_, rows) = help.split_once("Exit codes:\n").unwrap();
    let rows = rows.lines().filter_map(|l| l.trim().split_once("  "));
    let table: String = rows.map(|(code, what)| format!("| {code} | {what} |\n")).collect();
    assert_eq!(table.lines().count(), 8, "{help}");
    for text in [readme(), std::fs::read_to_string(page).unwrap()] {
        assert!(text.contains(&table), "{table}");
    }
}

#[test]
fn docs_on_verifying_have_the_steps_of_the_program() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verify.md");
    let docs = std::fs::read_to_string(path).unwrap();
    for step in repro::verify::result::STEPS {
        assert!(docs.contains(&format!("`{}`", step.name())), "{step}");
    }
}
