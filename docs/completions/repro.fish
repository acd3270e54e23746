# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_repro_global_optspecs
    string join \n C= q/quiet color= h/help V/version
end

function __fish_repro_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_repro_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_repro_using_subcommand
    set -l cmd (__fish_repro_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c repro -n "__fish_repro_needs_command" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_needs_command" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_needs_command" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_needs_command" -s V -l version -d 'Print version'
complete -c repro -n "__fish_repro_needs_command" -f -a "build" -d 'Builds a project twice in different environments and compares every artifact'
complete -c repro -n "__fish_repro_needs_command" -f -a "check" -d 'Finds what breaks reproducibility in the lockfile, manifests and sources, without building'
complete -c repro -n "__fish_repro_needs_command" -f -a "env" -d 'Prints the recipe for people who run cargo themselves'
complete -c repro -n "__fish_repro_needs_command" -f -a "init" -d 'Adds a reproducible-release setup to a project: GitHub workflow, Dockerfile, pinned toolchain and guide'
complete -c repro -n "__fish_repro_needs_command" -f -a "verify" -d 'Rebuilds a published release from source and checks that the bytes match'
complete -c repro -n "__fish_repro_needs_command" -f -a "archive" -d 'Packs verified artifacts, or any files, into byte-for-byte reproducible archives'
complete -c repro -n "__fish_repro_needs_command" -f -a "sbom" -d 'Writes a software bill of materials for each program and C library that was built'
complete -c repro -n "__fish_repro_needs_command" -f -a "attest" -d 'Writes a signed statement of what was built from which source'
complete -c repro -n "__fish_repro_needs_command" -f -a "normalize" -d 'Rewrites archives and other files into a normal form: fixed times, owners, order and leftover fields'
complete -c repro -n "__fish_repro_needs_command" -f -a "diff" -d 'Compares two files and explains how their contents and metadata differ'
complete -c repro -n "__fish_repro_needs_command" -f -a "inspect" -d 'Reports how a program or library was made: compiler, linker, target, crates, leaked paths'
complete -c repro -n "__fish_repro_needs_command" -f -a "ledger" -d 'Lists, checks or shrinks the ledger of `repro build --ledger`'
complete -c repro -n "__fish_repro_needs_command" -f -a "survey" -d 'Builds published crates twice, one after another, and records a verdict for each'
complete -c repro -n "__fish_repro_needs_command" -f -a "rebuilderd-backend" -d 'Rebuilds for rebuilderd\'s worker, which runs this with REBUILDERD_OUTDIR set'
complete -c repro -n "__fish_repro_needs_command" -f -a "rebuilderd-sync" -d 'Prints manifests in the format that `rebuildctl pkgs sync-stdin` reads'
complete -c repro -n "__fish_repro_needs_command" -f -a "completions" -d 'Prints a completion script for a shell'
complete -c repro -n "__fish_repro_needs_command" -f -a "man" -d 'Prints the man pages, or writes one for each subcommand'
complete -c repro -n "__fish_repro_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c repro -n "__fish_repro_using_subcommand build" -s p -l package -d 'Package to build (same as cargo)' -r
complete -c repro -n "__fish_repro_using_subcommand build" -l bin -d 'Build only this binary' -r
complete -c repro -n "__fish_repro_using_subcommand build" -s F -l features -d 'Features to enable (same as cargo)' -r
complete -c repro -n "__fish_repro_using_subcommand build" -l target -d 'Target triple; can be given several times' -r -f -a "x86_64-unknown-linux-gnu\t''
x86_64-unknown-linux-musl\t''
aarch64-unknown-linux-gnu\t''
aarch64-unknown-linux-musl\t''
i686-unknown-linux-gnu\t''
armv7-unknown-linux-gnueabihf\t''
riscv64gc-unknown-linux-gnu\t''
x86_64-pc-windows-gnu\t''
x86_64-pc-windows-msvc\t''
aarch64-pc-windows-msvc\t''
x86_64-apple-darwin\t''
aarch64-apple-darwin\t''
wasm32-unknown-unknown\t''
wasm32-wasip1\t''"
complete -c repro -n "__fish_repro_using_subcommand build" -l profile -d 'Profile [default: release]' -r -f -a "release\t''
dev\t''
bench\t''"
complete -c repro -n "__fish_repro_using_subcommand build" -l manifest-path -d 'Path of Cargo.toml' -r -F
complete -c repro -n "__fish_repro_using_subcommand build" -l source -d 'Build a copy of this directory, in git or not' -r -F
complete -c repro -n "__fish_repro_using_subcommand build" -l rev -d 'Build this commit instead of HEAD' -r
complete -c repro -n "__fish_repro_using_subcommand build" -l epoch -d 'SOURCE_DATE_EPOCH, in seconds since 1970 [default: the variable, else the commit\'s time]' -r
complete -c repro -n "__fish_repro_using_subcommand build" -l pass-env -d 'Pass this environment variable to the builds; can be given several times' -r
complete -c repro -n "__fish_repro_using_subcommand build" -l inject -d 'How the recipe\'s flags reach rustc [default: wrapper]' -r -f -a "wrapper\t'Append to each rustc call; your own flags stay as they are'
rustflags\t'Add to your flags in CARGO_ENCODED_RUSTFLAGS: produces the bytes that users of plain cargo get'"
complete -c repro -n "__fish_repro_using_subcommand build" -l vary -d 'Variations: `none`, `all`, names, or changes to the default such as `+clock,-umask`' -r -f -a "none\t''
all\t''
build-path\t''
cargo-home\t''
target-dir\t''
toolchain-path\t''
search-path\t''
home\t''
tmpdir\t''
username\t''
user-id\t''
hostname\t''
kernel\t''
timezone\t''
locale\t''
umask\t''
jobs\t''
cpu-count\t''
source-mtime\t''
directory-order\t''
git-config\t''
environment\t''
clock\t''"
complete -c repro -n "__fish_repro_using_subcommand build" -l isolate -d 'When to isolate the builds with bubblewrap: each gets its own /tmp, processes, user and hostname, and no network' -r -f -a "auto\t'If bubblewrap works; otherwise the report lists what was not varied'
always\t'Fail if bubblewrap does not work'
never\t'Build scripts run with your permissions and network'"
complete -c repro -n "__fish_repro_using_subcommand build" -l builds -d 'How many builds to make and compare, each in a different environment: more builds are less likely to miss a difference that does not always occur [default: 2]' -r
complete -c repro -n "__fish_repro_using_subcommand build" -l ledger -d 'Build only what changed since it was last compared, and take everything else from the ledger in DIR [default: `repro/ledger` in the cache directory]. Links and build scripts are always made twice' -r -F
complete -c repro -n "__fish_repro_using_subcommand build" -l write-patch -d 'Write the remedies that helped to FILE, as a patch for `git apply`' -r -F
complete -c repro -n "__fish_repro_using_subcommand build" -l format -d 'Format of the report' -r -f -a "text\t'For people'
json\t'One JSON object, schema `repro.report/1`'
github\t'For people, with annotations for GitHub Actions and a step summary'"
complete -c repro -n "__fish_repro_using_subcommand build" -l html -d 'Also write the report as an HTML page' -r -F
complete -c repro -n "__fish_repro_using_subcommand build" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand build" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand build" -l workspace -d 'Build all packages of the workspace'
complete -c repro -n "__fish_repro_using_subcommand build" -l lib -d 'Build only the library'
complete -c repro -n "__fish_repro_using_subcommand build" -l bins -d 'Build all binaries'
complete -c repro -n "__fish_repro_using_subcommand build" -l all-features -d 'Enable all features'
complete -c repro -n "__fish_repro_using_subcommand build" -l no-default-features -d 'Do not enable the `default` feature'
complete -c repro -n "__fish_repro_using_subcommand build" -l allow-dirty -d 'Build the tracked files as they are, changed or not; recorded in the report and the manifest'
complete -c repro -n "__fish_repro_using_subcommand build" -l same-path -d 'Make both builds at `/build/<name>`, for crates that store their build path: the result is reproducible for everyone who builds there, as `repro verify` does. Needs bubblewrap'
complete -c repro -n "__fish_repro_using_subcommand build" -l auditable -d 'Link the list of packages into programs and C libraries, as `cargo auditable` does: `cargo audit bin` and other scanners read it'
complete -c repro -n "__fish_repro_using_subcommand build" -l network -d 'Let isolated builds use the network'
complete -c repro -n "__fish_repro_using_subcommand build" -l ledger-trust-cache -d 'Also use entries that a different machine wrote, such as those of a CI cache: whoever can write to the cache decides what they are'
complete -c repro -n "__fish_repro_using_subcommand build" -l once -d 'Build once and compare nothing: writes a manifest that `repro verify --against` can compare with those of other builders'
complete -c repro -n "__fish_repro_using_subcommand build" -l show-recipe -d 'Print the recipe for this project and exit'
complete -c repro -n "__fish_repro_using_subcommand build" -l expand -d 'Expand the macros of a crate that differs, and show the first tokens that differ'
complete -c repro -n "__fish_repro_using_subcommand build" -l no-replay -d 'Do not rerun crates that differ to confirm the cause'
complete -c repro -n "__fish_repro_using_subcommand build" -l try-remedies -d 'If the builds differ, try known remedies on scratch copies of the source and report which of them make the difference go away'
complete -c repro -n "__fish_repro_using_subcommand build" -l keep -d 'Keep the temporary build directory and print its path'
complete -c repro -n "__fish_repro_using_subcommand build" -l no-builder -d 'Do not record this machine\'s OS, linker and libraries in the manifest'
complete -c repro -n "__fish_repro_using_subcommand build" -s v -l verbose -d 'List every artifact, each variation\'s values, and variables that were not passed to the builds'
complete -c repro -n "__fish_repro_using_subcommand build" -l allow-nothing-varied -d 'Exit with 0 even if nothing was varied, as with `--vary none`'
complete -c repro -n "__fish_repro_using_subcommand build" -l list-variations -d 'Print the table of variations and exit'
complete -c repro -n "__fish_repro_using_subcommand build" -l diffoscope -d 'Also run diffoscope, if it is installed, on the first pair that differs'
complete -c repro -n "__fish_repro_using_subcommand build" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand build" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand check" -s p -l package -d 'Package to build (same as cargo)' -r
complete -c repro -n "__fish_repro_using_subcommand check" -l bin -d 'Build only this binary' -r
complete -c repro -n "__fish_repro_using_subcommand check" -s F -l features -d 'Features to enable (same as cargo)' -r
complete -c repro -n "__fish_repro_using_subcommand check" -l target -d 'Target triple; can be given several times' -r -f -a "x86_64-unknown-linux-gnu\t''
x86_64-unknown-linux-musl\t''
aarch64-unknown-linux-gnu\t''
aarch64-unknown-linux-musl\t''
i686-unknown-linux-gnu\t''
armv7-unknown-linux-gnueabihf\t''
riscv64gc-unknown-linux-gnu\t''
x86_64-pc-windows-gnu\t''
x86_64-pc-windows-msvc\t''
aarch64-pc-windows-msvc\t''
x86_64-apple-darwin\t''
aarch64-apple-darwin\t''
wasm32-unknown-unknown\t''
wasm32-wasip1\t''"
complete -c repro -n "__fish_repro_using_subcommand check" -l profile -d 'Profile [default: release]' -r -f -a "release\t''
dev\t''
bench\t''"
complete -c repro -n "__fish_repro_using_subcommand check" -l manifest-path -d 'Path of Cargo.toml' -r -F
complete -c repro -n "__fish_repro_using_subcommand check" -l sbom -d 'CycloneDX or SPDX document in JSON that must name git dependencies with their commit' -r -F
complete -c repro -n "__fish_repro_using_subcommand check" -l allow -d 'Do not report findings of this rule; can be given several times' -r -f -a "lockfile-missing\t''
lockfile-untracked\t''
lockfile-stale\t''
lockfile-checksum\t''
toolchain-unpinned\t''
workspace-wrapper\t''
rustc-bootstrap\t''
incremental-release\t''
target-cpu-native\t''
build-id-uuid\t''
parallel-frontend\t''
gdb-index\t''
rpath\t''
git-rev\t''
git-comment\t''
git-allow\t''
git-sbom\t''
path-outside-repository\t''
path-outside-workspace\t''
submodule-moved\t''
lfs-pointer\t''
case-collision\t''
known-crate\t''
reads-clock\t''
emits-elapsed\t''
reads-mtime\t''
reads-randomness\t''
emits-address\t''
map-order\t''
dir-order\t''
reads-hostname\t''
reads-user\t''
reads-kernel\t''
reads-ids\t''
file-modes\t''
file-numbers\t''
cpu-count\t''
reads-cpu\t''
emits-environment\t''
emits-path\t''
reads-current-dir\t''
env-macro\t''
absolute-include\t''
march-native\t''
reads-vcs\t''"
complete -c repro -n "__fish_repro_using_subcommand check" -l warn -d 'Report findings of this rule as warnings' -r -f -a "lockfile-missing\t''
lockfile-untracked\t''
lockfile-stale\t''
lockfile-checksum\t''
toolchain-unpinned\t''
workspace-wrapper\t''
rustc-bootstrap\t''
incremental-release\t''
target-cpu-native\t''
build-id-uuid\t''
parallel-frontend\t''
gdb-index\t''
rpath\t''
git-rev\t''
git-comment\t''
git-allow\t''
git-sbom\t''
path-outside-repository\t''
path-outside-workspace\t''
submodule-moved\t''
lfs-pointer\t''
case-collision\t''
known-crate\t''
reads-clock\t''
emits-elapsed\t''
reads-mtime\t''
reads-randomness\t''
emits-address\t''
map-order\t''
dir-order\t''
reads-hostname\t''
reads-user\t''
reads-kernel\t''
reads-ids\t''
file-modes\t''
file-numbers\t''
cpu-count\t''
reads-cpu\t''
emits-environment\t''
emits-path\t''
reads-current-dir\t''
env-macro\t''
absolute-include\t''
march-native\t''
reads-vcs\t''"
complete -c repro -n "__fish_repro_using_subcommand check" -l deny -d 'Report findings of this rule as errors; `warnings` for all warnings' -r -f -a "lockfile-missing\t''
lockfile-untracked\t''
lockfile-stale\t''
lockfile-checksum\t''
toolchain-unpinned\t''
workspace-wrapper\t''
rustc-bootstrap\t''
incremental-release\t''
target-cpu-native\t''
build-id-uuid\t''
parallel-frontend\t''
gdb-index\t''
rpath\t''
git-rev\t''
git-comment\t''
git-allow\t''
git-sbom\t''
path-outside-repository\t''
path-outside-workspace\t''
submodule-moved\t''
lfs-pointer\t''
case-collision\t''
known-crate\t''
reads-clock\t''
emits-elapsed\t''
reads-mtime\t''
reads-randomness\t''
emits-address\t''
map-order\t''
dir-order\t''
reads-hostname\t''
reads-user\t''
reads-kernel\t''
reads-ids\t''
file-modes\t''
file-numbers\t''
cpu-count\t''
reads-cpu\t''
emits-environment\t''
emits-path\t''
reads-current-dir\t''
env-macro\t''
absolute-include\t''
march-native\t''
reads-vcs\t''
warnings\t''"
complete -c repro -n "__fish_repro_using_subcommand check" -l explain -d 'Explain a rule and exit' -r -f -a "lockfile-missing\t''
lockfile-untracked\t''
lockfile-stale\t''
lockfile-checksum\t''
toolchain-unpinned\t''
workspace-wrapper\t''
rustc-bootstrap\t''
incremental-release\t''
target-cpu-native\t''
build-id-uuid\t''
parallel-frontend\t''
gdb-index\t''
rpath\t''
git-rev\t''
git-comment\t''
git-allow\t''
git-sbom\t''
path-outside-repository\t''
path-outside-workspace\t''
submodule-moved\t''
lfs-pointer\t''
case-collision\t''
known-crate\t''
reads-clock\t''
emits-elapsed\t''
reads-mtime\t''
reads-randomness\t''
emits-address\t''
map-order\t''
dir-order\t''
reads-hostname\t''
reads-user\t''
reads-kernel\t''
reads-ids\t''
file-modes\t''
file-numbers\t''
cpu-count\t''
reads-cpu\t''
emits-environment\t''
emits-path\t''
reads-current-dir\t''
env-macro\t''
absolute-include\t''
march-native\t''
reads-vcs\t''"
complete -c repro -n "__fish_repro_using_subcommand check" -l format -d 'Format of the findings' -r -f -a "text\t'For people'
json\t'One JSON object, schema `repro.report/1`'
sarif\t'SARIF 2.1.0'
github\t'Annotations of GitHub Actions'"
complete -c repro -n "__fish_repro_using_subcommand check" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand check" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand check" -l workspace -d 'Build all packages of the workspace'
complete -c repro -n "__fish_repro_using_subcommand check" -l lib -d 'Build only the library'
complete -c repro -n "__fish_repro_using_subcommand check" -l bins -d 'Build all binaries'
complete -c repro -n "__fish_repro_using_subcommand check" -l all-features -d 'Enable all features'
complete -c repro -n "__fish_repro_using_subcommand check" -l no-default-features -d 'Do not enable the `default` feature'
complete -c repro -n "__fish_repro_using_subcommand check" -l list-rules -d 'Print the table of rules and exit'
complete -c repro -n "__fish_repro_using_subcommand check" -s v -l verbose -d 'List every finding, including infos'
complete -c repro -n "__fish_repro_using_subcommand check" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand env" -s p -l package -d 'Package to build (same as cargo)' -r
complete -c repro -n "__fish_repro_using_subcommand env" -l bin -d 'Build only this binary' -r
complete -c repro -n "__fish_repro_using_subcommand env" -s F -l features -d 'Features to enable (same as cargo)' -r
complete -c repro -n "__fish_repro_using_subcommand env" -l target -d 'Target triple; can be given several times' -r -f -a "x86_64-unknown-linux-gnu\t''
x86_64-unknown-linux-musl\t''
aarch64-unknown-linux-gnu\t''
aarch64-unknown-linux-musl\t''
i686-unknown-linux-gnu\t''
armv7-unknown-linux-gnueabihf\t''
riscv64gc-unknown-linux-gnu\t''
x86_64-pc-windows-gnu\t''
x86_64-pc-windows-msvc\t''
aarch64-pc-windows-msvc\t''
x86_64-apple-darwin\t''
aarch64-apple-darwin\t''
wasm32-unknown-unknown\t''
wasm32-wasip1\t''"
complete -c repro -n "__fish_repro_using_subcommand env" -l profile -d 'Profile [default: release]' -r -f -a "release\t''
dev\t''
bench\t''"
complete -c repro -n "__fish_repro_using_subcommand env" -l manifest-path -d 'Path of Cargo.toml' -r -F
complete -c repro -n "__fish_repro_using_subcommand env" -l epoch -d 'SOURCE_DATE_EPOCH, in seconds since 1970 [default: the variable, else the commit\'s time]' -r
complete -c repro -n "__fish_repro_using_subcommand env" -l format -d 'Output format' -r -f -a "sh\t'POSIX shells'
fish\t'fish'
powershell\t'PowerShell'
dockerfile\t'ARG and ENV of a Dockerfile'
github\t'Lines for $GITHUB_ENV'
json\t'One JSON object, schema `repro.report/1`'"
complete -c repro -n "__fish_repro_using_subcommand env" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand env" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand env" -l workspace -d 'Build all packages of the workspace'
complete -c repro -n "__fish_repro_using_subcommand env" -l lib -d 'Build only the library'
complete -c repro -n "__fish_repro_using_subcommand env" -l bins -d 'Build all binaries'
complete -c repro -n "__fish_repro_using_subcommand env" -l all-features -d 'Enable all features'
complete -c repro -n "__fish_repro_using_subcommand env" -l no-default-features -d 'Do not enable the `default` feature'
complete -c repro -n "__fish_repro_using_subcommand env" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand env" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand init" -s p -l package -d 'Package to build (same as cargo)' -r
complete -c repro -n "__fish_repro_using_subcommand init" -l bin -d 'Build only this binary' -r
complete -c repro -n "__fish_repro_using_subcommand init" -s F -l features -d 'Features to enable (same as cargo)' -r
complete -c repro -n "__fish_repro_using_subcommand init" -l target -d 'Target triple; can be given several times' -r -f -a "x86_64-unknown-linux-gnu\t''
x86_64-unknown-linux-musl\t''
aarch64-unknown-linux-gnu\t''
aarch64-unknown-linux-musl\t''
i686-unknown-linux-gnu\t''
armv7-unknown-linux-gnueabihf\t''
riscv64gc-unknown-linux-gnu\t''
x86_64-pc-windows-gnu\t''
x86_64-pc-windows-msvc\t''
aarch64-pc-windows-msvc\t''
x86_64-apple-darwin\t''
aarch64-apple-darwin\t''
wasm32-unknown-unknown\t''
wasm32-wasip1\t''"
complete -c repro -n "__fish_repro_using_subcommand init" -l profile -d 'Profile [default: release]' -r -f -a "release\t''
dev\t''
bench\t''"
complete -c repro -n "__fish_repro_using_subcommand init" -l manifest-path -d 'Path of Cargo.toml' -r -F
complete -c repro -n "__fish_repro_using_subcommand init" -l install -d 'Install repro in workflows from this commit, or from the released archive for Linux x86_64 with this SHA-256 [default: the commit of this version\'s tag, looked up with git]' -r
complete -c repro -n "__fish_repro_using_subcommand init" -l workflow -d 'What the workflows do [default: `verify` if cargo-dist or another workflow makes releases, else `release`]' -r -f -a "release\t'Make releases'
verify\t'Build and verify the releases that another workflow makes'"
complete -c repro -n "__fish_repro_using_subcommand init" -l format -d 'Format of the report' -r -f -a "text\t'For people'
json\t'One JSON object, which names its schema'"
complete -c repro -n "__fish_repro_using_subcommand init" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand init" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand init" -l workspace -d 'Build all packages of the workspace'
complete -c repro -n "__fish_repro_using_subcommand init" -l lib -d 'Build only the library'
complete -c repro -n "__fish_repro_using_subcommand init" -l bins -d 'Build all binaries'
complete -c repro -n "__fish_repro_using_subcommand init" -l all-features -d 'Enable all features'
complete -c repro -n "__fish_repro_using_subcommand init" -l no-default-features -d 'Do not enable the `default` feature'
complete -c repro -n "__fish_repro_using_subcommand init" -l force -d 'Overwrite existing files that differ'
complete -c repro -n "__fish_repro_using_subcommand init" -l dry-run -d 'Show the files without writing them'
complete -c repro -n "__fish_repro_using_subcommand init" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand verify" -l manifest -d 'The manifest [default: repro.json next to the file]' -r -F
complete -c repro -n "__fish_repro_using_subcommand verify" -l artifact -d 'A published file without a manifest; can be given several times' -r -F
complete -c repro -n "__fish_repro_using_subcommand verify" -l source -d 'Git URL (with @REV), directory, .crate or source tarball [default: what the manifest names]' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -l crate -d 'A crate that cargo fetches' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -l expect-tag -d 'Fail unless this tag points at the commit, in a repository that you named' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -l expect-source -d 'Fail unless the commit is on a branch or tag of this repository' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -s p -l package -d 'Package to build (same as cargo)' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -l bin -d 'Build only this binary' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -s F -l features -d 'Features to enable (same as cargo)' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -l target -d 'Target triple; can be given several times' -r -f -a "x86_64-unknown-linux-gnu\t''
x86_64-unknown-linux-musl\t''
aarch64-unknown-linux-gnu\t''
aarch64-unknown-linux-musl\t''
i686-unknown-linux-gnu\t''
armv7-unknown-linux-gnueabihf\t''
riscv64gc-unknown-linux-gnu\t''
x86_64-pc-windows-gnu\t''
x86_64-pc-windows-msvc\t''
aarch64-pc-windows-msvc\t''
x86_64-apple-darwin\t''
aarch64-apple-darwin\t''
wasm32-unknown-unknown\t''
wasm32-wasip1\t''"
complete -c repro -n "__fish_repro_using_subcommand verify" -l profile -d 'Profile [default: release]' -r -f -a "release\t''
dev\t''
bench\t''"
complete -c repro -n "__fish_repro_using_subcommand verify" -l epoch -d 'SOURCE_DATE_EPOCH, without a manifest [default: the commit\'s or the archive\'s time]' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -l inject -d 'How the recipe\'s flags reach rustc, without a manifest' -r -f -a "wrapper\t'Append to each rustc call; your own flags stay as they are'
rustflags\t'Add to your flags in CARGO_ENCODED_RUSTFLAGS: produces the bytes that users of plain cargo get'"
complete -c repro -n "__fish_repro_using_subcommand verify" -l pass-env -d 'Pass this environment variable to the build; can be given several times' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -l accept -d 'Accept files that match only after this normalization step; can be given several times' -r -f -a "archive-mtime\t''
archive-owner\t''
archive-mode\t''
archive-order\t''
compressor\t''
code-signature\t''"
complete -c repro -n "__fish_repro_using_subcommand verify" -l accept-setting -d 'Accept a setting of the publisher that the source does not contain, by name or with its value; can be given several times' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -l keys -d 'Count the signed statements of the builders in this trust file, without building' -r -F
complete -c repro -n "__fish_repro_using_subcommand verify" -l rebuild -d 'With --keys, also rebuild: this adds one vote, or counts as a vote of GROUP in the trust file' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -l attestation -d 'A builder\'s signed statement that is not in the release; can be given several times' -r -F
complete -c repro -n "__fish_repro_using_subcommand verify" -l against -d 'Compare the manifests of several builders without building; NAME is your name for a builder' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -l threshold -d 'How many builders must agree [default: all of --against; with --keys, what the trust file says]' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -l verifier-id -d 'With --attest, the URI that names you' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -l resource-uri -d 'With --attest, where the files are published' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -l link -d 'Write a signed in-toto link to FILE, in rebuilderd\'s form, if everything is REPRODUCED' -r -F
complete -c repro -n "__fish_repro_using_subcommand verify" -l key -d 'With --attest, sign with this Ed25519 or P-256 key; with --link, an Ed25519 key' -r -F
complete -c repro -n "__fish_repro_using_subcommand verify" -s o -l output -d 'Write the rebuilt files to this directory, which must not exist' -r -F
complete -c repro -n "__fish_repro_using_subcommand verify" -l format -d 'Format of the report' -r -f -a "text\t'For people'
json\t'One JSON object, which names its schema'"
complete -c repro -n "__fish_repro_using_subcommand verify" -l max-entries -d 'Refuse archives with more members' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -l max-bytes -d 'Refuse archives that unpack to more bytes' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -l max-ratio -d 'Refuse archives that unpack to over 64 MiB and to more than N times their size' -r
complete -c repro -n "__fish_repro_using_subcommand verify" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand verify" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand verify" -l workspace -d 'Build all packages of the workspace'
complete -c repro -n "__fish_repro_using_subcommand verify" -l lib -d 'Build only the library'
complete -c repro -n "__fish_repro_using_subcommand verify" -l bins -d 'Build all binaries'
complete -c repro -n "__fish_repro_using_subcommand verify" -l all-features -d 'Enable all features'
complete -c repro -n "__fish_repro_using_subcommand verify" -l no-default-features -d 'Do not enable the `default` feature'
complete -c repro -n "__fish_repro_using_subcommand verify" -l auditable -d 'Link the list of packages into programs, without a manifest'
complete -c repro -n "__fish_repro_using_subcommand verify" -l allow-toolchain -d 'Use a toolchain other than the manifest\'s'
complete -c repro -n "__fish_repro_using_subcommand verify" -l sandbox -d 'Fail without a sandbox [default: use one if bubblewrap works, on Linux]'
complete -c repro -n "__fish_repro_using_subcommand verify" -l no-sandbox -d 'Run build scripts with your permissions, network and home directory'
complete -c repro -n "__fish_repro_using_subcommand verify" -l manifest-only -d 'Check only the manifest: exit with 0 even if no published file was compared'
complete -c repro -n "__fish_repro_using_subcommand verify" -l ledger-ok -d 'Accept a manifest whose build took units from a ledger instead of building all of them twice'
complete -c repro -n "__fish_repro_using_subcommand verify" -l anyway -d 'Rebuild even if a published file does not match the manifest'
complete -c repro -n "__fish_repro_using_subcommand verify" -l attest -d 'Write a signed summary to `verification.sigstore.json` in the current directory if everything is REPRODUCED'
complete -c repro -n "__fish_repro_using_subcommand verify" -l slsa-property -d 'With --attest, --keys and --rebuild, also state SLSA_BUILD_REPRODUCED if at least two owners agree'
complete -c repro -n "__fish_repro_using_subcommand verify" -l keep -d 'Keep the temporary build directory and print its path'
complete -c repro -n "__fish_repro_using_subcommand verify" -s v -l verbose -d 'List everything'
complete -c repro -n "__fish_repro_using_subcommand verify" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand archive" -l format -d 'Archive formats, `oci` for a container image, and `json` for the report [default: the extension of -o; for a build, tar.gz, or zip for Windows]' -r -f -a "tar.gz\t''
tar.zst\t''
tar.xz\t''
tar\t''
zip\t''
oci\t''
json\t''"
complete -c repro -n "__fish_repro_using_subcommand archive" -s o -l output -d 'File to write the archive of PATH to; also adds a line to the SHA256SUMS next to it' -r -F
complete -c repro -n "__fish_repro_using_subcommand archive" -l base -d 'Base of an image: an OCI layout (a directory or tar) with the digest of an image or index in it, or `scratch`; several for several architectures [default: the digest that Cargo.toml has]' -r
complete -c repro -n "__fish_repro_using_subcommand archive" -l level -d 'Compression level [default: depends on the format]' -r
complete -c repro -n "__fish_repro_using_subcommand archive" -s j -l jobs -d 'Number of compression threads; does not change the bytes [default: the number of cores]' -r
complete -c repro -n "__fish_repro_using_subcommand archive" -l epoch -d 'The time of all members, in seconds since 1970 [default: the build\'s time; with PATH, SOURCE_DATE_EPOCH or 1980-01-01]' -r
complete -c repro -n "__fish_repro_using_subcommand archive" -l include -d 'Also pack this: a file, directory or pattern of the source, or `FILE=NAME`; can be given several times' -r
complete -c repro -n "__fish_repro_using_subcommand archive" -l prefix -d 'Put PATH under this directory in the archive' -r
complete -c repro -n "__fish_repro_using_subcommand archive" -l name -d 'The name in `<name>-<version>-<target>` [default: the package\'s]' -r
complete -c repro -n "__fish_repro_using_subcommand archive" -l release -d 'The version in `<name>-<version>-<target>` [default: the package\'s]' -r
complete -c repro -n "__fish_repro_using_subcommand archive" -l manifest-path -d 'Path of Cargo.toml' -r -F
complete -c repro -n "__fish_repro_using_subcommand archive" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand archive" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand archive" -l no-sums -d 'Do not write SHA256SUMS next to the archive of PATH'
complete -c repro -n "__fish_repro_using_subcommand archive" -l allow-dirty -d 'Pack a build of a dirty working tree, whose source cannot be retrieved'
complete -c repro -n "__fish_repro_using_subcommand archive" -l allow-nothing-varied -d 'Pack a build that was only compared with one in the same environment'
complete -c repro -n "__fish_repro_using_subcommand archive" -l allow-single -d 'Pack a build that was made once, with `repro build --once`, and not compared'
complete -c repro -n "__fish_repro_using_subcommand archive" -l ledger-ok -d 'Pack a build that took units from a ledger instead of building all of them twice'
complete -c repro -n "__fish_repro_using_subcommand archive" -l show-policy -d 'Print how member metadata (order, owner, mode, time) is set, and exit'
complete -c repro -n "__fish_repro_using_subcommand archive" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand archive" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand sbom" -l format -d 'Format of the documents' -r -f -a "cyclonedx\t''
spdx\t''"
complete -c repro -n "__fish_repro_using_subcommand sbom" -l spec -d 'Version of the format [default: 1.6 of CycloneDX, 2.3 of SPDX]' -r
complete -c repro -n "__fish_repro_using_subcommand sbom" -s o -l output -d 'Directory to write to [default: `dist` of the last build, else that of the manifest]' -r -F
complete -c repro -n "__fish_repro_using_subcommand sbom" -l manifest-path -d 'Path of Cargo.toml' -r -F
complete -c repro -n "__fish_repro_using_subcommand sbom" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand sbom" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand sbom" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand sbom" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand attest" -l builder-id -d 'URI that names you and the machine or service that built' -r
complete -c repro -n "__fish_repro_using_subcommand attest" -l key -d 'Sign with this Ed25519 or P-256 key: PEM, or an OpenSSH key without a passphrase' -r -F
complete -c repro -n "__fish_repro_using_subcommand attest" -l ssh -d 'Sign with ssh-keygen, for keys in an agent or a hardware token' -r -F
complete -c repro -n "__fish_repro_using_subcommand attest" -s o -l output -d 'Directory to write to [default: `dist` of the last build, else that of the manifest]' -r -F
complete -c repro -n "__fish_repro_using_subcommand attest" -l manifest-path -d 'Path of Cargo.toml' -r -F
complete -c repro -n "__fish_repro_using_subcommand attest" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand attest" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand attest" -l unsigned -d 'Only write the statement, for cosign or another signer'
complete -c repro -n "__fish_repro_using_subcommand attest" -l dsse -d 'With --key, add the signature to a file of DSSE envelopes instead of writing a sigstore bundle'
complete -c repro -n "__fish_repro_using_subcommand attest" -l predicate -d 'With --unsigned, write only the predicate, for the attestation action of a CI platform'
complete -c repro -n "__fish_repro_using_subcommand attest" -l print-key -d 'Print the public key of --key as PEM and for OpenSSH, and its id'
complete -c repro -n "__fish_repro_using_subcommand attest" -l ledger-ok -d 'Attest a build that took units from a ledger instead of building all of them twice'
complete -c repro -n "__fish_repro_using_subcommand attest" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand attest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand normalize" -l epoch -d 'Clamp timestamps to this time, in seconds since 1970 [default: SOURCE_DATE_EPOCH]' -r
complete -c repro -n "__fish_repro_using_subcommand normalize" -l set-time -d 'Set every timestamp to this time, even earlier ones' -r
complete -c repro -n "__fish_repro_using_subcommand normalize" -l max-entries -d 'Refuse archives with more members' -r
complete -c repro -n "__fish_repro_using_subcommand normalize" -l max-bytes -d 'Refuse archives that unpack to more bytes' -r
complete -c repro -n "__fish_repro_using_subcommand normalize" -l max-ratio -d 'Refuse archives that unpack to over 64 MiB and to more than N times their size' -r
complete -c repro -n "__fish_repro_using_subcommand normalize" -l format -d 'Format of the report' -r -f -a "text\t'For people'
json\t'One JSON object, which names its schema'"
complete -c repro -n "__fish_repro_using_subcommand normalize" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand normalize" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand normalize" -l recursive -d 'Normalize archives inside archives too'
complete -c repro -n "__fish_repro_using_subcommand normalize" -l check -d 'Change nothing; exit with 1 unless every file is in normal form'
complete -c repro -n "__fish_repro_using_subcommand normalize" -l dry-run -d 'Change nothing; list the changes, member by member'
complete -c repro -n "__fish_repro_using_subcommand normalize" -l list-formats -d 'Print the supported formats and what is normalized in each, and exit'
complete -c repro -n "__fish_repro_using_subcommand normalize" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand normalize" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand diff" -l max-entries -d 'Refuse archives with more members' -r
complete -c repro -n "__fish_repro_using_subcommand diff" -l max-bytes -d 'Refuse archives that unpack to more bytes' -r
complete -c repro -n "__fish_repro_using_subcommand diff" -l max-ratio -d 'Refuse archives that unpack to over 64 MiB and to more than N times their size' -r
complete -c repro -n "__fish_repro_using_subcommand diff" -l format -d 'Format of the report' -r -f -a "text\t'For people'
json\t'One JSON object, schema `repro.report/1`'
github\t'For people, with annotations for GitHub Actions and a step summary'"
complete -c repro -n "__fish_repro_using_subcommand diff" -l html -d 'Also write the report as an HTML page' -r -F
complete -c repro -n "__fish_repro_using_subcommand diff" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand diff" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand diff" -l diffoscope -d 'Also run diffoscope, if it is installed, on the first pair that differs'
complete -c repro -n "__fish_repro_using_subcommand diff" -l list-causes -d 'Print every known cause with its fix and a source, and exit'
complete -c repro -n "__fish_repro_using_subcommand diff" -s v -l verbose -d 'List every difference'
complete -c repro -n "__fish_repro_using_subcommand diff" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand inspect" -l max-entries -d 'Refuse archives with more members' -r
complete -c repro -n "__fish_repro_using_subcommand inspect" -l max-bytes -d 'Refuse archives that unpack to more bytes' -r
complete -c repro -n "__fish_repro_using_subcommand inspect" -l max-ratio -d 'Refuse archives that unpack to over 64 MiB and to more than N times their size' -r
complete -c repro -n "__fish_repro_using_subcommand inspect" -l format -d 'Format of the report' -r -f -a "text\t'For people'
json\t'One JSON object, which names its schema'"
complete -c repro -n "__fish_repro_using_subcommand inspect" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand inspect" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand inspect" -s v -l verbose -d 'List every crate'
complete -c repro -n "__fish_repro_using_subcommand inspect" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand ledger; and not __fish_seen_subcommand_from list verify prune help" -l ledger -d 'The ledger [default: `repro/ledger` in the cache directory]' -r -F
complete -c repro -n "__fish_repro_using_subcommand ledger; and not __fish_seen_subcommand_from list verify prune help" -l format -d 'Format of the report' -r -f -a "text\t'For people'
json\t'One JSON object, which names its schema'"
complete -c repro -n "__fish_repro_using_subcommand ledger; and not __fish_seen_subcommand_from list verify prune help" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand ledger; and not __fish_seen_subcommand_from list verify prune help" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand ledger; and not __fish_seen_subcommand_from list verify prune help" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand ledger; and not __fish_seen_subcommand_from list verify prune help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand ledger; and not __fish_seen_subcommand_from list verify prune help" -f -a "list" -d 'Lists the units that later checks can reuse, the last used first'
complete -c repro -n "__fish_repro_using_subcommand ledger; and not __fish_seen_subcommand_from list verify prune help" -f -a "verify" -d 'Checks the authentication code of every entry and the digest of every stored file'
complete -c repro -n "__fish_repro_using_subcommand ledger; and not __fish_seen_subcommand_from list verify prune help" -f -a "prune" -d 'Removes what cannot be used, then what was used least recently'
complete -c repro -n "__fish_repro_using_subcommand ledger; and not __fish_seen_subcommand_from list verify prune help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from list" -l ledger -d 'The ledger [default: `repro/ledger` in the cache directory]' -r -F
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from list" -l format -d 'Format of the report' -r -f -a "text\t'For people'
json\t'One JSON object, which names its schema'"
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from list" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from list" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l ledger -d 'The ledger [default: `repro/ledger` in the cache directory]' -r -F
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l format -d 'Format of the report' -r -f -a "text\t'For people'
json\t'One JSON object, which names its schema'"
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from verify" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from prune" -l max-size -d 'Largest total size of the stored files, in bytes [default: 4 GiB]' -r
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from prune" -l ledger -d 'The ledger [default: `repro/ledger` in the cache directory]' -r -F
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from prune" -l format -d 'Format of the report' -r -f -a "text\t'For people'
json\t'One JSON object, which names its schema'"
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from prune" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from prune" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from prune" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "list" -d 'Lists the units that later checks can reuse, the last used first'
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Checks the authentication code of every entry and the digest of every stored file'
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "prune" -d 'Removes what cannot be used, then what was used least recently'
complete -c repro -n "__fish_repro_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c repro -n "__fish_repro_using_subcommand survey" -l out -d 'Where the rows, manifests and logs go' -r -F
complete -c repro -n "__fish_repro_using_subcommand survey" -l time-limit -d 'Stop a crate that takes longer, and everything that it started' -r
complete -c repro -n "__fish_repro_using_subcommand survey" -l disk-limit -d 'Stop a crate that takes more space on disk' -r
complete -c repro -n "__fish_repro_using_subcommand survey" -l rows -d 'Build at most N crates now' -r
complete -c repro -n "__fish_repro_using_subcommand survey" -l markdown -d 'Also write the results as a Markdown page' -r -F
complete -c repro -n "__fish_repro_using_subcommand survey" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand survey" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand survey" -l retry -d 'Build again the crates that failed to build or did not finish'
complete -c repro -n "__fish_repro_using_subcommand survey" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand survey" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand rebuilderd-backend" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand rebuilderd-backend" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand rebuilderd-backend" -l sandbox -d 'Fail without a sandbox [default: use one if bubblewrap works, on Linux]'
complete -c repro -n "__fish_repro_using_subcommand rebuilderd-backend" -l no-sandbox -d 'Run build scripts with your permissions, network and home directory'
complete -c repro -n "__fish_repro_using_subcommand rebuilderd-backend" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand rebuilderd-backend" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand rebuilderd-sync" -l base-url -d 'Where each manifest and the files that it lists are published; `{name}` and `{version}` are those of the package' -r
complete -c repro -n "__fish_repro_using_subcommand rebuilderd-sync" -l distribution -d 'The distribution, which is also the name of the worker\'s backend' -r
complete -c repro -n "__fish_repro_using_subcommand rebuilderd-sync" -l release -d 'The distribution\'s release' -r
complete -c repro -n "__fish_repro_using_subcommand rebuilderd-sync" -l component -d 'The distribution\'s component' -r
complete -c repro -n "__fish_repro_using_subcommand rebuilderd-sync" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand rebuilderd-sync" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand rebuilderd-sync" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand rebuilderd-sync" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand completions" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand completions" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand completions" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand man" -s o -l output -d 'Write one page for each subcommand into this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand man" -s C -d 'Run as if started in this directory' -r -F
complete -c repro -n "__fish_repro_using_subcommand man" -l color -d 'When to use colors [default: auto]' -r -f -a "auto\t'If the output is a terminal'
always\t'Always'
never\t'Never'"
complete -c repro -n "__fish_repro_using_subcommand man" -s q -l quiet -d 'Print no progress, only results, notes and errors'
complete -c repro -n "__fish_repro_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "build" -d 'Builds a project twice in different environments and compares every artifact'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "check" -d 'Finds what breaks reproducibility in the lockfile, manifests and sources, without building'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "env" -d 'Prints the recipe for people who run cargo themselves'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "init" -d 'Adds a reproducible-release setup to a project: GitHub workflow, Dockerfile, pinned toolchain and guide'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "verify" -d 'Rebuilds a published release from source and checks that the bytes match'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "archive" -d 'Packs verified artifacts, or any files, into byte-for-byte reproducible archives'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "sbom" -d 'Writes a software bill of materials for each program and C library that was built'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "attest" -d 'Writes a signed statement of what was built from which source'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "normalize" -d 'Rewrites archives and other files into a normal form: fixed times, owners, order and leftover fields'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "diff" -d 'Compares two files and explains how their contents and metadata differ'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "inspect" -d 'Reports how a program or library was made: compiler, linker, target, crates, leaked paths'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "ledger" -d 'Lists, checks or shrinks the ledger of `repro build --ledger`'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "survey" -d 'Builds published crates twice, one after another, and records a verdict for each'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "rebuilderd-backend" -d 'Rebuilds for rebuilderd\'s worker, which runs this with REBUILDERD_OUTDIR set'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "rebuilderd-sync" -d 'Prints manifests in the format that `rebuildctl pkgs sync-stdin` reads'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "completions" -d 'Prints a completion script for a shell'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "man" -d 'Prints the man pages, or writes one for each subcommand'
complete -c repro -n "__fish_repro_using_subcommand help; and not __fish_seen_subcommand_from build check env init verify archive sbom attest normalize diff inspect ledger survey rebuilderd-backend rebuilderd-sync completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c repro -n "__fish_repro_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "list" -d 'Lists the units that later checks can reuse, the last used first'
complete -c repro -n "__fish_repro_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "verify" -d 'Checks the authentication code of every entry and the digest of every stored file'
complete -c repro -n "__fish_repro_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "prune" -d 'Removes what cannot be used, then what was used least recently'
