#!/usr/bin/env bash
# ledger.sh [ROUNDS]: what a check costs with the ledger, against the usual recipe, in one run. Linux only.
#
# On each crate, of one commit, and then of one with a line more in the program's main file:
#
#   recipe    two builds by hand, as benches/compare.sh makes them
#   without   `repro build`
#   first     `repro build --ledger`, with an empty ledger
#   edited    the line is added; `repro build --ledger`, with what `first` left
#
# `edited / recipe` is what a user gains on each push, `first / without` what the ledger costs once. Every
# round begins with an empty ledger. What wall and CPU are, REPRO and CRATES: as in benches/compare.sh.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=compare.sh
. "$(dirname "$0")/compare.sh"

# The key and the ledger are not the user's.
export XDG_CONFIG_HOME=$work/config

edit() {
    (
        cd "$source"
        for main in src/main.rs crates/core/main.rs; do
            [ ! -e "$main" ] || echo "#[used] static EDITED: u32 = $1;" >>"$main"
        done
        commit "edit $1"
    )
}

with_ledger() { with_repro "$@" --ledger "$work/ledger"; }

setting
for crate in $crates; do
    name=${crate%:*}
    import "$name" "${crate#*:}"
    given=("$name" "$source" "$binary")
    for ((round = 1; round <= rounds; round++)); do
        rm -rf "$work/ledger"
        measure "$name" "$round" recipe recipe "${given[@]}"
        measure "$name" "$round" without with_repro "${given[@]}"
        measure "$name" "$round" first with_ledger "${given[@]}"
        edit "$round"
        measure "$name" "$round" edited with_ledger "${given[@]}"
        tail -n 1 "$work/report"
    done
done
ratios edited recipe edited without first without
