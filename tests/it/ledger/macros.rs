//! Macros run in the compiler: what they read has to be known for their units to be reused.

use super::*;

/// A macro for each way to read, what of it is written down, and a crate that uses it.
#[test]
fn a_macro_is_reused_only_if_all_that_it_reads_is_known() {
    const MACROS: [(&str, &str, &str); 11] = [
        ("pure", "1", ""),
        (
            "may_run",
            "(std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(\"tool\").unwrap()) & 0o100) as usize",
            "",
        ),
        ("asks", "std::env::var(\"CARGO_PKG_NAME\").unwrap().len()", ""),
        ("draws", "std::collections::HashSet::from([1, 2]).len()", ""),
        ("looks", "std::path::Path::new(\"none\").exists() as usize", ""),
        ("lists", "std::fs::read_dir(\".\").unwrap().count().min(1)", "can call `opendir`"),
        (
            "tells",
            "std::time::SystemTime::now().elapsed().is_ok() as usize",
            "can call `clock_gettime`",
        ),
        ("runs", "std::process::Command::new(\"true\").status().is_ok() as usize", "can call `"),
        ("walks", "std::env::vars_os().count().min(1)", "can call `environ`"),
        ("follows", "std::fs::canonicalize(\".\").is_ok() as usize", "called `realpath`"),
        ("writes", "std::fs::File::create(\"/dev/null\").is_ok() as usize", "called `open`"),
    ];
    let ledger = Ledger::new();
    let write = |name: &str, text: &str| ledger.project.write(name, text);
    let package = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{more}")
    };
    let mut members = vec!["\"app\"".to_string()];
    for (name, value, _) in MACROS {
        let (of, by) = (format!("{name}_macro"), format!("{name}_user"));
        members.extend([format!("\"{of}\""), format!("\"{by}\"")]);
        write(&format!("{of}/Cargo.toml"), &package(&of, "[lib]\nproc-macro = true\n"));
        let uses = format!("[dependencies]\n{of} = {{ path = \"../{of}\" }}\n");
        write(&format!("{by}/Cargo.toml"), &package(&by, &uses));
        let tokens = "proc_macro::TokenStream";
        write(
            &format!("{of}/src/lib.rs"),
            &format!(
                "#[proc_macro]\npub fn value(_: {tokens}) -> {tokens} {{\n    \
                 let value: usize = {value};\n    value.to_string().parse().unwrap()\n}}\n"
            ),
        );
        write(
            &format!("{by}/src/lib.rs"),
            &format!("pub fn value() -> usize {{ {of}::value!() }}\n"),
        );
    }
    let workspace = std::fs::read_to_string(ledger.project.dir.join("Cargo.toml")).unwrap();
    write("Cargo.toml", &workspace.replace("\"app\"", &members.join(", ")));
    let cargo = ["generate-lockfile", "--offline", "--quiet"];
    let made = ledger.project.command("cargo", &ledger.project.dir).args(cargo).status().unwrap();
    assert!(made.success());
    write("tool", "");
    ledger.project.commit("macros");
    ledger.check(&["--workspace"]);
    let check = ledger.check(&["--workspace"]);
    let twice = check.json["ledger"]["built_twice"].as_array().unwrap();
    for (name, _, why) in MACROS {
        let unit = format!("{name}_user (lib)");
        let found = twice.iter().find(|t| t["unit"].as_str().unwrap().ends_with(&unit));
        let found = found.map_or("", |t| t["why"].as_str().unwrap());
        assert_eq!(found.is_empty(), why.is_empty(), "{name}: {found}");
        assert!(found.contains(why), "{name}: {found}");
    }
    // What was looked for and was not there, and a file with another mode.
    let again = |user: &str| {
        let check = ledger.check(&["--workspace"]);
        assert_eq!(check.libraries().iter().filter(|l| **l == user).count(), 1, "{user}");
    };
    write("none", "");
    ledger.project.commit("what was not there");
    again("looks_user");
    let runs = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(ledger.project.dir.join("tool"), runs).unwrap();
    ledger.project.commit("a program");
    again("may_run_user");
}

/// A macro with assembler code below it could ask the kernel itself. That its crate was taken from the ledger
/// does not change this.
#[test]
fn a_macro_that_is_made_of_assembler_code_is_never_watched() {
    let ledger = Ledger::new();
    let write = |name: &str, text: &str| ledger.project.write(name, text);
    let package = |name: &str, more: &str| {
        let head = "version = \"0.1.0\"\nedition = \"2021\"";
        write(
            &format!("{name}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\n{head}\n{more}"),
        );
    };
    let uses = |name: &str| format!("[dependencies]\n{name} = {{ path = \"../{name}\" }}\n");
    let workspace = std::fs::read_to_string(ledger.project.dir.join("Cargo.toml")).unwrap();
    write("Cargo.toml", &workspace.replace("\"app\"", "\"app\", \"bottom\", \"asks\", \"user\""));
    package("bottom", "");
    package("asks", &format!("{}[lib]\nproc-macro = true\n", uses("bottom")));
    package("user", &uses("asks"));
    write(
        "bottom/src/lib.rs",
        "pub fn one() -> usize { unsafe { core::arch::asm!(\"nop\") }; 1 }\n",
    );
    write(
        "asks/src/lib.rs",
        "#[proc_macro]\npub fn one(_: proc_macro::TokenStream) -> proc_macro::TokenStream {\n    \
         bottom::one().to_string().parse().unwrap()\n}\n",
    );
    write("user/src/lib.rs", "pub fn one() -> usize { asks::one!() }\n");
    let cargo = ["generate-lockfile", "--offline", "--quiet"];
    let made = ledger.project.command("cargo", &ledger.project.dir).args(cargo).status().unwrap();
    assert!(made.success());
    ledger.project.commit("assembler code below a macro");
    ledger.check(&["--workspace"]);
    for _ in 0..2 {
        let check = ledger.check(&["--workspace"]);
        // The control: `bottom` itself is taken from the ledger.
        assert_eq!(check.libraries(), ["user"]);
        let twice = check.json["ledger"]["built_twice"].as_array().unwrap();
        let user = twice.iter().find(|t| t["unit"] == "user 0.1.0 user (lib)").unwrap();
        assert!(user["why"].as_str().unwrap().contains("`bottom` has assembler code"), "{user}");
    }
    // So could an object file that a build script gives to the linker. The control: options of the linker.
    package("asks", "[lib]\nproc-macro = true\n");
    write("one.c", "int one(void) { return 1; }");
    let built = "let object = std::env::var(\"OUT_DIR\").unwrap() + \"/one.o\"; \
                 assert!(std::process::Command::new(\"cc\").args([\"-c\", \"-fPIC\", \"-o\", &object, \"../one.c\"]).status().unwrap().success());";
    for (given, code, twice) in
        [("-Wl,--as-needed", "1_usize", &[][..]), ("{object}", "unsafe { given() }", &["user"])]
    {
        write(
            "asks/build.rs",
            &format!(
                "fn main() {{\n    {built}\n    println!(\"cargo::rustc-link-arg={given}\");\n    let _ = object;\n}}\n"
            ),
        );
        write(
            "asks/src/lib.rs",
            &format!(
                "#[allow(unused)]\nextern \"C\" {{\n    #[link_name = \"one\"]\n    fn given() -> i32;\n}}\n\
                 #[proc_macro]\npub fn one(_: proc_macro::TokenStream) -> proc_macro::TokenStream {{\n    \
                 {code}.to_string().parse().unwrap()\n}}\n"
            ),
        );
        let made = ledger.project.command("cargo", &ledger.project.dir).args(cargo).status();
        assert!(made.unwrap().success());
        ledger.project.commit("what the linker is given");
        ledger.check(&["--workspace"]);
        assert_eq!(ledger.check(&["--workspace"]).libraries(), twice, "{given}");
    }
}
