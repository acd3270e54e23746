
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'repro' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'repro'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'repro' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('build', 'build', [CompletionResultType]::ParameterValue, 'Builds a project twice in different environments and compares every artifact')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Finds what breaks reproducibility in the lockfile, manifests and sources, without building')
            [CompletionResult]::new('env', 'env', [CompletionResultType]::ParameterValue, 'Prints the recipe for people who run cargo themselves')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Adds a reproducible-release setup to a project: GitHub workflow, Dockerfile, pinned toolchain and guide')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Rebuilds a published release from source and checks that the bytes match')
            [CompletionResult]::new('archive', 'archive', [CompletionResultType]::ParameterValue, 'Packs verified artifacts, or any files, into byte-for-byte reproducible archives')
            [CompletionResult]::new('sbom', 'sbom', [CompletionResultType]::ParameterValue, 'Writes a software bill of materials for each program and C library that was built')
            [CompletionResult]::new('attest', 'attest', [CompletionResultType]::ParameterValue, 'Writes a signed statement of what was built from which source')
            [CompletionResult]::new('normalize', 'normalize', [CompletionResultType]::ParameterValue, 'Rewrites archives and other files into a normal form: fixed times, owners, order and leftover fields')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Compares two files and explains how their contents and metadata differ')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Reports how a program or library was made: compiler, linker, target, crates, leaked paths')
            [CompletionResult]::new('ledger', 'ledger', [CompletionResultType]::ParameterValue, 'Lists, checks or shrinks the ledger of `repro build --ledger`')
            [CompletionResult]::new('survey', 'survey', [CompletionResultType]::ParameterValue, 'Builds published crates twice, one after another, and records a verdict for each')
            [CompletionResult]::new('rebuilderd-backend', 'rebuilderd-backend', [CompletionResultType]::ParameterValue, 'Rebuilds for rebuilderd''s worker, which runs this with REBUILDERD_OUTDIR set')
            [CompletionResult]::new('rebuilderd-sync', 'rebuilderd-sync', [CompletionResultType]::ParameterValue, 'Prints manifests in the format that `rebuildctl pkgs sync-stdin` reads')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Prints a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Prints the man pages, or writes one for each subcommand')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'repro;build' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Package to build (same as cargo)')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'Package to build (same as cargo)')
            [CompletionResult]::new('--bin', '--bin', [CompletionResultType]::ParameterName, 'Build only this binary')
            [CompletionResult]::new('-F', '-F ', [CompletionResultType]::ParameterName, 'Features to enable (same as cargo)')
            [CompletionResult]::new('--features', '--features', [CompletionResultType]::ParameterName, 'Features to enable (same as cargo)')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Target triple; can be given several times')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile [default: release]')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path of Cargo.toml')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'Build a copy of this directory, in git or not')
            [CompletionResult]::new('--rev', '--rev', [CompletionResultType]::ParameterName, 'Build this commit instead of HEAD')
            [CompletionResult]::new('--epoch', '--epoch', [CompletionResultType]::ParameterName, 'SOURCE_DATE_EPOCH, in seconds since 1970 [default: the variable, else the commit''s time]')
            [CompletionResult]::new('--pass-env', '--pass-env', [CompletionResultType]::ParameterName, 'Pass this environment variable to the builds; can be given several times')
            [CompletionResult]::new('--inject', '--inject', [CompletionResultType]::ParameterName, 'How the recipe''s flags reach rustc [default: wrapper]')
            [CompletionResult]::new('--vary', '--vary', [CompletionResultType]::ParameterName, 'Variations: `none`, `all`, names, or changes to the default such as `+clock,-umask`')
            [CompletionResult]::new('--isolate', '--isolate', [CompletionResultType]::ParameterName, 'When to isolate the builds with bubblewrap: each gets its own /tmp, processes, user and hostname, and no network')
            [CompletionResult]::new('--builds', '--builds', [CompletionResultType]::ParameterName, 'How many builds to make and compare, each in a different environment: more builds are less likely to miss a difference that does not always occur [default: 2]')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'Build only what changed since it was last compared, and take everything else from the ledger in DIR [default: `repro/ledger` in the cache directory]. Links and build scripts are always made twice')
            [CompletionResult]::new('--write-patch', '--write-patch', [CompletionResultType]::ParameterName, 'Write the remedies that helped to FILE, as a patch for `git apply`')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format of the report')
            [CompletionResult]::new('--html', '--html', [CompletionResultType]::ParameterName, 'Also write the report as an HTML page')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Build all packages of the workspace')
            [CompletionResult]::new('--lib', '--lib', [CompletionResultType]::ParameterName, 'Build only the library')
            [CompletionResult]::new('--bins', '--bins', [CompletionResultType]::ParameterName, 'Build all binaries')
            [CompletionResult]::new('--all-features', '--all-features', [CompletionResultType]::ParameterName, 'Enable all features')
            [CompletionResult]::new('--no-default-features', '--no-default-features', [CompletionResultType]::ParameterName, 'Do not enable the `default` feature')
            [CompletionResult]::new('--allow-dirty', '--allow-dirty', [CompletionResultType]::ParameterName, 'Build the tracked files as they are, changed or not; recorded in the report and the manifest')
            [CompletionResult]::new('--same-path', '--same-path', [CompletionResultType]::ParameterName, 'Make both builds at `/build/<name>`, for crates that store their build path: the result is reproducible for everyone who builds there, as `repro verify` does. Needs bubblewrap')
            [CompletionResult]::new('--auditable', '--auditable', [CompletionResultType]::ParameterName, 'Link the list of packages into programs and C libraries, as `cargo auditable` does: `cargo audit bin` and other scanners read it')
            [CompletionResult]::new('--network', '--network', [CompletionResultType]::ParameterName, 'Let isolated builds use the network')
            [CompletionResult]::new('--ledger-trust-cache', '--ledger-trust-cache', [CompletionResultType]::ParameterName, 'Also use entries that a different machine wrote, such as those of a CI cache: whoever can write to the cache decides what they are')
            [CompletionResult]::new('--once', '--once', [CompletionResultType]::ParameterName, 'Build once and compare nothing: writes a manifest that `repro verify --against` can compare with those of other builders')
            [CompletionResult]::new('--show-recipe', '--show-recipe', [CompletionResultType]::ParameterName, 'Print the recipe for this project and exit')
            [CompletionResult]::new('--expand', '--expand', [CompletionResultType]::ParameterName, 'Expand the macros of a crate that differs, and show the first tokens that differ')
            [CompletionResult]::new('--no-replay', '--no-replay', [CompletionResultType]::ParameterName, 'Do not rerun crates that differ to confirm the cause')
            [CompletionResult]::new('--try-remedies', '--try-remedies', [CompletionResultType]::ParameterName, 'If the builds differ, try known remedies on scratch copies of the source and report which of them make the difference go away')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Keep the temporary build directory and print its path')
            [CompletionResult]::new('--no-builder', '--no-builder', [CompletionResultType]::ParameterName, 'Do not record this machine''s OS, linker and libraries in the manifest')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'List every artifact, each variation''s values, and variables that were not passed to the builds')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'List every artifact, each variation''s values, and variables that were not passed to the builds')
            [CompletionResult]::new('--allow-nothing-varied', '--allow-nothing-varied', [CompletionResultType]::ParameterName, 'Exit with 0 even if nothing was varied, as with `--vary none`')
            [CompletionResult]::new('--list-variations', '--list-variations', [CompletionResultType]::ParameterName, 'Print the table of variations and exit')
            [CompletionResult]::new('--diffoscope', '--diffoscope', [CompletionResultType]::ParameterName, 'Also run diffoscope, if it is installed, on the first pair that differs')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;check' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Package to build (same as cargo)')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'Package to build (same as cargo)')
            [CompletionResult]::new('--bin', '--bin', [CompletionResultType]::ParameterName, 'Build only this binary')
            [CompletionResult]::new('-F', '-F ', [CompletionResultType]::ParameterName, 'Features to enable (same as cargo)')
            [CompletionResult]::new('--features', '--features', [CompletionResultType]::ParameterName, 'Features to enable (same as cargo)')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Target triple; can be given several times')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile [default: release]')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path of Cargo.toml')
            [CompletionResult]::new('--sbom', '--sbom', [CompletionResultType]::ParameterName, 'CycloneDX or SPDX document in JSON that must name git dependencies with their commit')
            [CompletionResult]::new('--allow', '--allow', [CompletionResultType]::ParameterName, 'Do not report findings of this rule; can be given several times')
            [CompletionResult]::new('--warn', '--warn', [CompletionResultType]::ParameterName, 'Report findings of this rule as warnings')
            [CompletionResult]::new('--deny', '--deny', [CompletionResultType]::ParameterName, 'Report findings of this rule as errors; `warnings` for all warnings')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Explain a rule and exit')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format of the findings')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Build all packages of the workspace')
            [CompletionResult]::new('--lib', '--lib', [CompletionResultType]::ParameterName, 'Build only the library')
            [CompletionResult]::new('--bins', '--bins', [CompletionResultType]::ParameterName, 'Build all binaries')
            [CompletionResult]::new('--all-features', '--all-features', [CompletionResultType]::ParameterName, 'Enable all features')
            [CompletionResult]::new('--no-default-features', '--no-default-features', [CompletionResultType]::ParameterName, 'Do not enable the `default` feature')
            [CompletionResult]::new('--list-rules', '--list-rules', [CompletionResultType]::ParameterName, 'Print the table of rules and exit')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'List every finding, including infos')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'List every finding, including infos')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;env' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Package to build (same as cargo)')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'Package to build (same as cargo)')
            [CompletionResult]::new('--bin', '--bin', [CompletionResultType]::ParameterName, 'Build only this binary')
            [CompletionResult]::new('-F', '-F ', [CompletionResultType]::ParameterName, 'Features to enable (same as cargo)')
            [CompletionResult]::new('--features', '--features', [CompletionResultType]::ParameterName, 'Features to enable (same as cargo)')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Target triple; can be given several times')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile [default: release]')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path of Cargo.toml')
            [CompletionResult]::new('--epoch', '--epoch', [CompletionResultType]::ParameterName, 'SOURCE_DATE_EPOCH, in seconds since 1970 [default: the variable, else the commit''s time]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Build all packages of the workspace')
            [CompletionResult]::new('--lib', '--lib', [CompletionResultType]::ParameterName, 'Build only the library')
            [CompletionResult]::new('--bins', '--bins', [CompletionResultType]::ParameterName, 'Build all binaries')
            [CompletionResult]::new('--all-features', '--all-features', [CompletionResultType]::ParameterName, 'Enable all features')
            [CompletionResult]::new('--no-default-features', '--no-default-features', [CompletionResultType]::ParameterName, 'Do not enable the `default` feature')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;init' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Package to build (same as cargo)')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'Package to build (same as cargo)')
            [CompletionResult]::new('--bin', '--bin', [CompletionResultType]::ParameterName, 'Build only this binary')
            [CompletionResult]::new('-F', '-F ', [CompletionResultType]::ParameterName, 'Features to enable (same as cargo)')
            [CompletionResult]::new('--features', '--features', [CompletionResultType]::ParameterName, 'Features to enable (same as cargo)')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Target triple; can be given several times')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile [default: release]')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path of Cargo.toml')
            [CompletionResult]::new('--install', '--install', [CompletionResultType]::ParameterName, 'Install repro in workflows from this commit, or from the released archive for Linux x86_64 with this SHA-256 [default: the commit of this version''s tag, looked up with git]')
            [CompletionResult]::new('--workflow', '--workflow', [CompletionResultType]::ParameterName, 'What the workflows do [default: `verify` if cargo-dist or another workflow makes releases, else `release`]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format of the report')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Build all packages of the workspace')
            [CompletionResult]::new('--lib', '--lib', [CompletionResultType]::ParameterName, 'Build only the library')
            [CompletionResult]::new('--bins', '--bins', [CompletionResultType]::ParameterName, 'Build all binaries')
            [CompletionResult]::new('--all-features', '--all-features', [CompletionResultType]::ParameterName, 'Enable all features')
            [CompletionResult]::new('--no-default-features', '--no-default-features', [CompletionResultType]::ParameterName, 'Do not enable the `default` feature')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Overwrite existing files that differ')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show the files without writing them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;verify' {
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'The manifest [default: repro.json next to the file]')
            [CompletionResult]::new('--artifact', '--artifact', [CompletionResultType]::ParameterName, 'A published file without a manifest; can be given several times')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'Git URL (with @REV), directory, .crate or source tarball [default: what the manifest names]')
            [CompletionResult]::new('--crate', '--crate', [CompletionResultType]::ParameterName, 'A crate that cargo fetches')
            [CompletionResult]::new('--expect-tag', '--expect-tag', [CompletionResultType]::ParameterName, 'Fail unless this tag points at the commit, in a repository that you named')
            [CompletionResult]::new('--expect-source', '--expect-source', [CompletionResultType]::ParameterName, 'Fail unless the commit is on a branch or tag of this repository')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Package to build (same as cargo)')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'Package to build (same as cargo)')
            [CompletionResult]::new('--bin', '--bin', [CompletionResultType]::ParameterName, 'Build only this binary')
            [CompletionResult]::new('-F', '-F ', [CompletionResultType]::ParameterName, 'Features to enable (same as cargo)')
            [CompletionResult]::new('--features', '--features', [CompletionResultType]::ParameterName, 'Features to enable (same as cargo)')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Target triple; can be given several times')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile [default: release]')
            [CompletionResult]::new('--epoch', '--epoch', [CompletionResultType]::ParameterName, 'SOURCE_DATE_EPOCH, without a manifest [default: the commit''s or the archive''s time]')
            [CompletionResult]::new('--inject', '--inject', [CompletionResultType]::ParameterName, 'How the recipe''s flags reach rustc, without a manifest')
            [CompletionResult]::new('--pass-env', '--pass-env', [CompletionResultType]::ParameterName, 'Pass this environment variable to the build; can be given several times')
            [CompletionResult]::new('--accept', '--accept', [CompletionResultType]::ParameterName, 'Accept files that match only after this normalization step; can be given several times')
            [CompletionResult]::new('--accept-setting', '--accept-setting', [CompletionResultType]::ParameterName, 'Accept a setting of the publisher that the source does not contain, by name or with its value; can be given several times')
            [CompletionResult]::new('--keys', '--keys', [CompletionResultType]::ParameterName, 'Count the signed statements of the builders in this trust file, without building')
            [CompletionResult]::new('--rebuild', '--rebuild', [CompletionResultType]::ParameterName, 'With --keys, also rebuild: this adds one vote, or counts as a vote of GROUP in the trust file')
            [CompletionResult]::new('--attestation', '--attestation', [CompletionResultType]::ParameterName, 'A builder''s signed statement that is not in the release; can be given several times')
            [CompletionResult]::new('--against', '--against', [CompletionResultType]::ParameterName, 'Compare the manifests of several builders without building; NAME is your name for a builder')
            [CompletionResult]::new('--threshold', '--threshold', [CompletionResultType]::ParameterName, 'How many builders must agree [default: all of --against; with --keys, what the trust file says]')
            [CompletionResult]::new('--verifier-id', '--verifier-id', [CompletionResultType]::ParameterName, 'With --attest, the URI that names you')
            [CompletionResult]::new('--resource-uri', '--resource-uri', [CompletionResultType]::ParameterName, 'With --attest, where the files are published')
            [CompletionResult]::new('--link', '--link', [CompletionResultType]::ParameterName, 'Write a signed in-toto link to FILE, in rebuilderd''s form, if everything is REPRODUCED')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'With --attest, sign with this Ed25519 or P-256 key; with --link, an Ed25519 key')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the rebuilt files to this directory, which must not exist')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the rebuilt files to this directory, which must not exist')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format of the report')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Refuse archives with more members')
            [CompletionResult]::new('--max-bytes', '--max-bytes', [CompletionResultType]::ParameterName, 'Refuse archives that unpack to more bytes')
            [CompletionResult]::new('--max-ratio', '--max-ratio', [CompletionResultType]::ParameterName, 'Refuse archives that unpack to over 64 MiB and to more than N times their size')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Build all packages of the workspace')
            [CompletionResult]::new('--lib', '--lib', [CompletionResultType]::ParameterName, 'Build only the library')
            [CompletionResult]::new('--bins', '--bins', [CompletionResultType]::ParameterName, 'Build all binaries')
            [CompletionResult]::new('--all-features', '--all-features', [CompletionResultType]::ParameterName, 'Enable all features')
            [CompletionResult]::new('--no-default-features', '--no-default-features', [CompletionResultType]::ParameterName, 'Do not enable the `default` feature')
            [CompletionResult]::new('--auditable', '--auditable', [CompletionResultType]::ParameterName, 'Link the list of packages into programs, without a manifest')
            [CompletionResult]::new('--allow-toolchain', '--allow-toolchain', [CompletionResultType]::ParameterName, 'Use a toolchain other than the manifest''s')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Fail without a sandbox [default: use one if bubblewrap works, on Linux]')
            [CompletionResult]::new('--no-sandbox', '--no-sandbox', [CompletionResultType]::ParameterName, 'Run build scripts with your permissions, network and home directory')
            [CompletionResult]::new('--manifest-only', '--manifest-only', [CompletionResultType]::ParameterName, 'Check only the manifest: exit with 0 even if no published file was compared')
            [CompletionResult]::new('--ledger-ok', '--ledger-ok', [CompletionResultType]::ParameterName, 'Accept a manifest whose build took units from a ledger instead of building all of them twice')
            [CompletionResult]::new('--anyway', '--anyway', [CompletionResultType]::ParameterName, 'Rebuild even if a published file does not match the manifest')
            [CompletionResult]::new('--attest', '--attest', [CompletionResultType]::ParameterName, 'Write a signed summary to `verification.sigstore.json` in the current directory if everything is REPRODUCED')
            [CompletionResult]::new('--slsa-property', '--slsa-property', [CompletionResultType]::ParameterName, 'With --attest, --keys and --rebuild, also state SLSA_BUILD_REPRODUCED if at least two owners agree')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Keep the temporary build directory and print its path')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'List everything')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'List everything')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;archive' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Archive formats, `oci` for a container image, and `json` for the report [default: the extension of -o; for a build, tar.gz, or zip for Windows]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File to write the archive of PATH to; also adds a line to the SHA256SUMS next to it')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File to write the archive of PATH to; also adds a line to the SHA256SUMS next to it')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Base of an image: an OCI layout (a directory or tar) with the digest of an image or index in it, or `scratch`; several for several architectures [default: the digest that Cargo.toml has]')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Compression level [default: depends on the format]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Number of compression threads; does not change the bytes [default: the number of cores]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Number of compression threads; does not change the bytes [default: the number of cores]')
            [CompletionResult]::new('--epoch', '--epoch', [CompletionResultType]::ParameterName, 'The time of all members, in seconds since 1970 [default: the build''s time; with PATH, SOURCE_DATE_EPOCH or 1980-01-01]')
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'Also pack this: a file, directory or pattern of the source, or `FILE=NAME`; can be given several times')
            [CompletionResult]::new('--prefix', '--prefix', [CompletionResultType]::ParameterName, 'Put PATH under this directory in the archive')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The name in `<name>-<version>-<target>` [default: the package''s]')
            [CompletionResult]::new('--release', '--release', [CompletionResultType]::ParameterName, 'The version in `<name>-<version>-<target>` [default: the package''s]')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path of Cargo.toml')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('--no-sums', '--no-sums', [CompletionResultType]::ParameterName, 'Do not write SHA256SUMS next to the archive of PATH')
            [CompletionResult]::new('--allow-dirty', '--allow-dirty', [CompletionResultType]::ParameterName, 'Pack a build of a dirty working tree, whose source cannot be retrieved')
            [CompletionResult]::new('--allow-nothing-varied', '--allow-nothing-varied', [CompletionResultType]::ParameterName, 'Pack a build that was only compared with one in the same environment')
            [CompletionResult]::new('--allow-single', '--allow-single', [CompletionResultType]::ParameterName, 'Pack a build that was made once, with `repro build --once`, and not compared')
            [CompletionResult]::new('--ledger-ok', '--ledger-ok', [CompletionResultType]::ParameterName, 'Pack a build that took units from a ledger instead of building all of them twice')
            [CompletionResult]::new('--show-policy', '--show-policy', [CompletionResultType]::ParameterName, 'Print how member metadata (order, owner, mode, time) is set, and exit')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;sbom' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format of the documents')
            [CompletionResult]::new('--spec', '--spec', [CompletionResultType]::ParameterName, 'Version of the format [default: 1.6 of CycloneDX, 2.3 of SPDX]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Directory to write to [default: `dist` of the last build, else that of the manifest]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Directory to write to [default: `dist` of the last build, else that of the manifest]')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path of Cargo.toml')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;attest' {
            [CompletionResult]::new('--builder-id', '--builder-id', [CompletionResultType]::ParameterName, 'URI that names you and the machine or service that built')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Sign with this Ed25519 or P-256 key: PEM, or an OpenSSH key without a passphrase')
            [CompletionResult]::new('--ssh', '--ssh', [CompletionResultType]::ParameterName, 'Sign with ssh-keygen, for keys in an agent or a hardware token')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Directory to write to [default: `dist` of the last build, else that of the manifest]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Directory to write to [default: `dist` of the last build, else that of the manifest]')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path of Cargo.toml')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('--unsigned', '--unsigned', [CompletionResultType]::ParameterName, 'Only write the statement, for cosign or another signer')
            [CompletionResult]::new('--dsse', '--dsse', [CompletionResultType]::ParameterName, 'With --key, add the signature to a file of DSSE envelopes instead of writing a sigstore bundle')
            [CompletionResult]::new('--predicate', '--predicate', [CompletionResultType]::ParameterName, 'With --unsigned, write only the predicate, for the attestation action of a CI platform')
            [CompletionResult]::new('--print-key', '--print-key', [CompletionResultType]::ParameterName, 'Print the public key of --key as PEM and for OpenSSH, and its id')
            [CompletionResult]::new('--ledger-ok', '--ledger-ok', [CompletionResultType]::ParameterName, 'Attest a build that took units from a ledger instead of building all of them twice')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;normalize' {
            [CompletionResult]::new('--epoch', '--epoch', [CompletionResultType]::ParameterName, 'Clamp timestamps to this time, in seconds since 1970 [default: SOURCE_DATE_EPOCH]')
            [CompletionResult]::new('--set-time', '--set-time', [CompletionResultType]::ParameterName, 'Set every timestamp to this time, even earlier ones')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Refuse archives with more members')
            [CompletionResult]::new('--max-bytes', '--max-bytes', [CompletionResultType]::ParameterName, 'Refuse archives that unpack to more bytes')
            [CompletionResult]::new('--max-ratio', '--max-ratio', [CompletionResultType]::ParameterName, 'Refuse archives that unpack to over 64 MiB and to more than N times their size')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format of the report')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Normalize archives inside archives too')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Change nothing; exit with 1 unless every file is in normal form')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Change nothing; list the changes, member by member')
            [CompletionResult]::new('--list-formats', '--list-formats', [CompletionResultType]::ParameterName, 'Print the supported formats and what is normalized in each, and exit')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;diff' {
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Refuse archives with more members')
            [CompletionResult]::new('--max-bytes', '--max-bytes', [CompletionResultType]::ParameterName, 'Refuse archives that unpack to more bytes')
            [CompletionResult]::new('--max-ratio', '--max-ratio', [CompletionResultType]::ParameterName, 'Refuse archives that unpack to over 64 MiB and to more than N times their size')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format of the report')
            [CompletionResult]::new('--html', '--html', [CompletionResultType]::ParameterName, 'Also write the report as an HTML page')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('--diffoscope', '--diffoscope', [CompletionResultType]::ParameterName, 'Also run diffoscope, if it is installed, on the first pair that differs')
            [CompletionResult]::new('--list-causes', '--list-causes', [CompletionResultType]::ParameterName, 'Print every known cause with its fix and a source, and exit')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'List every difference')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'List every difference')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;inspect' {
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Refuse archives with more members')
            [CompletionResult]::new('--max-bytes', '--max-bytes', [CompletionResultType]::ParameterName, 'Refuse archives that unpack to more bytes')
            [CompletionResult]::new('--max-ratio', '--max-ratio', [CompletionResultType]::ParameterName, 'Refuse archives that unpack to over 64 MiB and to more than N times their size')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format of the report')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'List every crate')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'List every crate')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;ledger' {
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'The ledger [default: `repro/ledger` in the cache directory]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format of the report')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Lists the units that later checks can reuse, the last used first')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Checks the authentication code of every entry and the digest of every stored file')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Removes what cannot be used, then what was used least recently')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'repro;ledger;list' {
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'The ledger [default: `repro/ledger` in the cache directory]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format of the report')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;ledger;verify' {
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'The ledger [default: `repro/ledger` in the cache directory]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format of the report')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;ledger;prune' {
            [CompletionResult]::new('--max-size', '--max-size', [CompletionResultType]::ParameterName, 'Largest total size of the stored files, in bytes [default: 4 GiB]')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'The ledger [default: `repro/ledger` in the cache directory]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format of the report')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;ledger;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Lists the units that later checks can reuse, the last used first')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Checks the authentication code of every entry and the digest of every stored file')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Removes what cannot be used, then what was used least recently')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'repro;ledger;help;list' {
            break
        }
        'repro;ledger;help;verify' {
            break
        }
        'repro;ledger;help;prune' {
            break
        }
        'repro;ledger;help;help' {
            break
        }
        'repro;survey' {
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Where the rows, manifests and logs go')
            [CompletionResult]::new('--time-limit', '--time-limit', [CompletionResultType]::ParameterName, 'Stop a crate that takes longer, and everything that it started')
            [CompletionResult]::new('--disk-limit', '--disk-limit', [CompletionResultType]::ParameterName, 'Stop a crate that takes more space on disk')
            [CompletionResult]::new('--rows', '--rows', [CompletionResultType]::ParameterName, 'Build at most N crates now')
            [CompletionResult]::new('--markdown', '--markdown', [CompletionResultType]::ParameterName, 'Also write the results as a Markdown page')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('--retry', '--retry', [CompletionResultType]::ParameterName, 'Build again the crates that failed to build or did not finish')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;rebuilderd-backend' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Fail without a sandbox [default: use one if bubblewrap works, on Linux]')
            [CompletionResult]::new('--no-sandbox', '--no-sandbox', [CompletionResultType]::ParameterName, 'Run build scripts with your permissions, network and home directory')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;rebuilderd-sync' {
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Where each manifest and the files that it lists are published; `{name}` and `{version}` are those of the package')
            [CompletionResult]::new('--distribution', '--distribution', [CompletionResultType]::ParameterName, 'The distribution, which is also the name of the worker''s backend')
            [CompletionResult]::new('--release', '--release', [CompletionResultType]::ParameterName, 'The distribution''s release')
            [CompletionResult]::new('--component', '--component', [CompletionResultType]::ParameterName, 'The distribution''s component')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;completions' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;man' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write one page for each subcommand into this directory')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write one page for each subcommand into this directory')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in this directory')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors [default: auto]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress, only results, notes and errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'repro;help' {
            [CompletionResult]::new('build', 'build', [CompletionResultType]::ParameterValue, 'Builds a project twice in different environments and compares every artifact')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Finds what breaks reproducibility in the lockfile, manifests and sources, without building')
            [CompletionResult]::new('env', 'env', [CompletionResultType]::ParameterValue, 'Prints the recipe for people who run cargo themselves')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Adds a reproducible-release setup to a project: GitHub workflow, Dockerfile, pinned toolchain and guide')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Rebuilds a published release from source and checks that the bytes match')
            [CompletionResult]::new('archive', 'archive', [CompletionResultType]::ParameterValue, 'Packs verified artifacts, or any files, into byte-for-byte reproducible archives')
            [CompletionResult]::new('sbom', 'sbom', [CompletionResultType]::ParameterValue, 'Writes a software bill of materials for each program and C library that was built')
            [CompletionResult]::new('attest', 'attest', [CompletionResultType]::ParameterValue, 'Writes a signed statement of what was built from which source')
            [CompletionResult]::new('normalize', 'normalize', [CompletionResultType]::ParameterValue, 'Rewrites archives and other files into a normal form: fixed times, owners, order and leftover fields')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Compares two files and explains how their contents and metadata differ')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Reports how a program or library was made: compiler, linker, target, crates, leaked paths')
            [CompletionResult]::new('ledger', 'ledger', [CompletionResultType]::ParameterValue, 'Lists, checks or shrinks the ledger of `repro build --ledger`')
            [CompletionResult]::new('survey', 'survey', [CompletionResultType]::ParameterValue, 'Builds published crates twice, one after another, and records a verdict for each')
            [CompletionResult]::new('rebuilderd-backend', 'rebuilderd-backend', [CompletionResultType]::ParameterValue, 'Rebuilds for rebuilderd''s worker, which runs this with REBUILDERD_OUTDIR set')
            [CompletionResult]::new('rebuilderd-sync', 'rebuilderd-sync', [CompletionResultType]::ParameterValue, 'Prints manifests in the format that `rebuildctl pkgs sync-stdin` reads')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Prints a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Prints the man pages, or writes one for each subcommand')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'repro;help;build' {
            break
        }
        'repro;help;check' {
            break
        }
        'repro;help;env' {
            break
        }
        'repro;help;init' {
            break
        }
        'repro;help;verify' {
            break
        }
        'repro;help;archive' {
            break
        }
        'repro;help;sbom' {
            break
        }
        'repro;help;attest' {
            break
        }
        'repro;help;normalize' {
            break
        }
        'repro;help;diff' {
            break
        }
        'repro;help;inspect' {
            break
        }
        'repro;help;ledger' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Lists the units that later checks can reuse, the last used first')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Checks the authentication code of every entry and the digest of every stored file')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Removes what cannot be used, then what was used least recently')
            break
        }
        'repro;help;ledger;list' {
            break
        }
        'repro;help;ledger;verify' {
            break
        }
        'repro;help;ledger;prune' {
            break
        }
        'repro;help;survey' {
            break
        }
        'repro;help;rebuilderd-backend' {
            break
        }
        'repro;help;rebuilderd-sync' {
            break
        }
        'repro;help;completions' {
            break
        }
        'repro;help;man' {
            break
        }
        'repro;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
