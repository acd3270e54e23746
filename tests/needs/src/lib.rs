//! `#[needs("sandbox", "zip")]` above `#[test]`: the test is ignored, with the reason, where the machine lacks
//! one of them. libtest decides before a test runs what is ignored, so this is decided while the tests are
//! built; the build script has that done again when a program is installed.

use proc_macro::{TokenStream, TokenTree};
use std::process::{Command, Stdio};

/// What is more than a program in `PATH`, and the shell line that succeeds where the machine has it.
const CONDITIONS: &[(&str, &str)] = &[
    // CI must be able to make one: without it the tests run, and fail.
    (
        "sandbox",
        "test -n \"$CI\" && test $(uname) = Linux || bwrap --unshare-user --unshare-net --ro-bind / / true",
    ),
    ("root", "test $(id -u) = 0"),
    ("device nodes", "d=$(mktemp -d) && mknod $d/n c 1 3; s=$?; rm -r $d; exit $s"),
    ("root that may mount", "unshare -m mount -t tmpfs none /tmp"),
    ("a user who may mount", "unshare --user --map-root-user --mount mount -t tmpfs none /tmp"),
    (
        "access lists",
        "python3 -c 'import os, tempfile\nf = tempfile.NamedTemporaryFile()\nos.setxattr(f.name, \"user.a\", b\"b\")\nos.setxattr(f.name, \"system.posix_acl_access\", bytes.fromhex(\"02000000\" + \"01000600ffffffff\" + \"04000400ffffffff\" + \"20000000ffffffff\"))'",
    ),
    (
        "key rings",
        "d=$(mktemp -d) && echo '#include <unistd.h>\n#include <sys/syscall.h>\nint main(void) { return syscall(SYS_add_key, \"user\", \"a\", \"b\", 1, -3) < 0; }' >$d/a.c && cc -o $d/a $d/a.c && $d/a; s=$?; rm -r $d; exit $s",
    ),
    (
        "rust-lld",
        "test -f \"$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/rust-lld\"",
    ),
    (
        "x86_64-pc-windows-gnu",
        "test -d \"$(rustc --print sysroot)/lib/rustlib/x86_64-pc-windows-gnu\"",
    ),
    ("a git clone", "test -e .git"),
    ("pefile", "python3 -c 'import pefile'"),
];

fn has(need: &str) -> bool {
    let named = CONDITIONS.iter().find(|(name, _)| *name == need);
    let line = named.map_or(format!("command -v '{need}'"), |(_, line)| line.to_string());
    let mut sh = Command::new("sh");
    sh.args(["-c", &line]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    sh.status().is_ok_and(|status| status.success())
}

/// Ignores a test, with the reason, where the machine lacks one of the named programs or conditions.
#[proc_macro_attribute]
pub fn needs(list: TokenStream, test: TokenStream) -> TokenStream {
    let names = list.into_iter().filter_map(|token| match token {
        TokenTree::Literal(name) => Some(name.to_string().trim_matches('"').to_string()),
        _ => None,
    });
    let missing: Vec<String> = names.filter(|name| !has(name)).collect();
    let reason = format!("needs {}", missing.join(", "));
    let ignored = match missing.is_empty() {
        true => String::new(),
        false => format!("#[ignore = {reason:?}]"),
    };
    ignored.parse::<TokenStream>().into_iter().flatten().chain(test).collect()
}
