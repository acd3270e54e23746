#!/usr/bin/env bash
# ledger.sh [ROUNDS]: what a check costs with the ledger, against the usual recipe, in one run. Linux only.
#
# On each project, of one commit, and then of one with a line more in one of its crates:
#
#   without   `repro build`
#   first     `repro build --ledger`, with an empty ledger
#   recipe    two builds by hand, as benches/compare.sh makes them
#   again     the line is added; cargo builds again in both of these directories what it changed, and nothing else
#   edited    `repro build --ledger` of the same commit, with what `first` left, from nothing else
#
# `edited / recipe` is what a user gains on each push, `first / without` what the ledger costs once. `again / recipe`
# is what the line itself costs, in any tool: the crate with the line and what is built of it, twice. Every round
# begins with an empty ledger. What wall and CPU are, and REPRO: as in benches/compare.sh.
#
# CRATES names the projects; without it, "ripgrep:15.1.0 workspace": the second is benches/workspace.
set -euo pipefail

CRATES=${CRATES:-ripgrep:15.1.0 workspace}
# shellcheck source-path=SCRIPTDIR source=compare.sh
. "$(dirname "$0")/compare.sh"

# The key and the ledger are not the user's.
export XDG_CONFIG_HOME=$work/config

# The crate of the line: the main file of a program, or a library that two others use.
edit() {
    (
        cd "$source"
        for file in src/main.rs crates/core/main.rs store/src/lib.rs; do
            [ ! -e "$file" ] || echo "#[used] static EDITED: u32 = $1;" >>"$file"
        done
        commit "edit $1"
    )
}

again() {
    for dir in "$work/one" "$work/the-other-one"; do
        git -C "$dir" pull -q
        build_in "$1" "$dir"
    done
    same_digest "$3"
}

with_ledger() { with_repro "$@" --ledger "$work/ledger"; }

setting
for crate in $crates; do
    name=${crate%:*}
    import "$name" "${crate#*:}"
    given=("$name" "$source" "$binary")
    for ((round = 1; round <= rounds; round++)); do
        rm -rf "$work/ledger"
        measure "$name" "$round" without with_repro "${given[@]}"
        measure "$name" "$round" first with_ledger "${given[@]}"
        measure "$name" "$round" recipe recipe "${given[@]}"
        edit "$round"
        measure_again "$name" "$round" again again "${given[@]}"
        measure "$name" "$round" edited with_ledger "${given[@]}"
        tail -n 1 "$work/report"
    done
done
ratios edited recipe again recipe edited without first without
