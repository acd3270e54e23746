#!/usr/bin/env bash
# compare.sh [ROUNDS]: what `repro build` costs, against the usual recipe run by hand, in one run.
#
# On each crate, three ways to build the same commit twice and compare:
#
#   recipe    two clones, SOURCE_DATE_EPOCH, RUSTFLAGS with two remaps and the build-id, incremental
#             off, `cargo build --release --locked --offline` in one and then in the other, sha256sum
#   both      the same two builds at once, sharing one jobserver with a token per core: what the
#             machine charges for building side by side, without repro
#   repro     `repro build`
#
# WAYS="isolated bare" measures what isolation costs instead: `repro build --isolate always` and `never`.
#
# Wall and CPU (user + system) are in seconds. CPU is that of a control group, in which a way runs with
# all that it starts: `time` does not see what isolated builds use, as their processes are not children
# that repro waits for. Where no group can be made, it is the busy time of the whole machine, which must
# then be idle otherwise; the first lines say which of the two it is. Linux only.
#
# The ways alternate within a round, and every second round runs them in the opposite order. `repro / both` in CPU is repro's own overhead;
# `repro / recipe` is what a user gains or loses. Nothing is cached between the ways except what cargo
# has downloaded; all of it is fetched before the first measurement.
#
# REPRO names the binary; without it, the release build is made here first.
# CRATES names what to build; without it, "ripgrep:15.1.0 hyperfine:1.19.0".
set -euo pipefail

rounds=${1:-1}
root=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "${REPRO:-}" ]; then
    (cd "$root" && cargo build --release --locked --quiet)
    REPRO=${CARGO_TARGET_DIR:-$root/target}/release/repro
fi
repro=$(realpath "$REPRO")
crates=${CRATES:-ripgrep:15.1.0 hyperfine:1.19.0}
read -ra all_ways <<<"${WAYS:-recipe both repro}"

# The crates are built outside this repository, so its rust-toolchain.toml is named by hand. What the
# caller has set for cargo must not reach one way and not the other.
RUSTUP_TOOLCHAIN=${RUSTUP_TOOLCHAIN:-$(sed -n 's/^channel = "\(.*\)"/\1/p' "$root/rust-toolchain.toml")}
export RUSTUP_TOOLCHAIN
unset SOURCE_DATE_EPOCH CARGO_TARGET_DIR RUSTFLAGS CARGO_ENCODED_RUSTFLAGS RUSTC_WRAPPER MAKEFLAGS CARGO_MAKEFLAGS

cargo_home=${CARGO_HOME:-$HOME/.cargo}
cores=$(getconf _NPROCESSORS_ONLN)
work=$(mktemp -d)
table=$work/table

group=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
group=${group:+$group/repro-bench-$$}
[ -n "$group" ] && mkdir "$group" 2>/dev/null || group=
trap 'rm -rf "$work"; [ -z "$group" ] || rmdir "$group"' EXIT

# Seconds of CPU so far.
cpu_seconds() {
    if [ -n "$group" ]; then
        awk '$1 == "usage_usec" { printf "%.2f\n", $2 / 1000000 }' "$group/cpu.stat"
    else
        awk -v hertz="$(getconf CLK_TCK)" '$1 == "cpu" { printf "%.2f\n", ($2 + $3 + $4 + $7 + $8) / hertz }' /proc/stat
    fi
}

fail() {
    echo "${0##*/}: $1" >&2
    sed 's/^/    /' "$work/log" >&2
    exit 1
}

# one_build NAME SOURCE DIR: a clone of SOURCE in DIR, built as the recipe says.
one_build() {
    git clone -q "$2" "$3"
    build_in "$1" "$3"
}

# build_in NAME DIR: builds the clone in DIR. (Runs in a subshell.)
build_in() (
    cd "$2"
    SOURCE_DATE_EPOCH=$(git log -1 --pretty=%ct)
    RUSTFLAGS="--remap-path-prefix=$PWD=/build/$1 --remap-path-prefix=$cargo_home=/cargo"
    RUSTFLAGS="$RUSTFLAGS -C link-arg=-Wl,--build-id=sha1"
    export SOURCE_DATE_EPOCH RUSTFLAGS CARGO_INCREMENTAL=0
    cargo build --release --locked --offline
)

# Both binaries must be there; whether they are equal is the crate's business, and printed.
same_digest() {
    local name=$1 a b
    a=$(sha256sum <"$work/one/target/release/$name")
    b=$(sha256sum <"$work/the-other-one/target/release/$name")
    if [ "$a" = "$b" ]; then echo same >"$work/verdict"; else echo differs >"$work/verdict"; fi
}

recipe() {
    one_build "$1" "$2" "$work/one"
    one_build "$1" "$2" "$work/the-other-one"
    same_digest "$3"
}

# Each cargo owns one token from the start; the jobserver holds those of the other cores.
both() {
    local first second tokens
    tokens=$work/jobserver
    rm -f "$tokens"
    mkfifo "$tokens"
    exec 8<>"$tokens"
    for ((i = 2; i < cores; i++)); do printf + >&8; done
    export MAKEFLAGS="-j --jobserver-auth=fifo:$tokens"
    one_build "$1" "$2" "$work/one" &
    first=$!
    one_build "$1" "$2" "$work/the-other-one" &
    second=$!
    wait "$first"
    wait "$second"
    unset MAKEFLAGS
    exec 8>&-
    same_digest "$3"
}

with_repro() {
    "$repro" build --manifest-path "$2/Cargo.toml" "${@:4}" >"$work/report"
    case "$(tail -n 1 "$work/report")" in
    REPRODUCIBLE*) echo same >"$work/verdict" ;;
    *) echo differs >"$work/verdict" ;;
    esac
}

with_isolated() { with_repro "$@" --isolate always; }
with_bare() { with_repro "$@" --isolate never; }

guarded() (
    set -e
    [ -z "$group" ] || echo "$BASHPID" >"$group/cgroup.procs"
    "$@"
)

# measure CRATE ROUND WAY FUNCTION ARGUMENTS...: one row of the table, of builds from nothing.
measure() {
    rm -rf "$work/one" "$work/the-other-one" "$work/src/target"
    measure_again "$@"
}

# The same with what the row before has left.
measure_again() {
    local crate=$1 round=$2 way=$3 status began cpu
    shift 3
    sync
    began=$EPOCHREALTIME cpu=$(cpu_seconds)
    # Not behind `||`: bash would switch `set -e` off in all that runs there.
    set +e
    guarded "$@" >"$work/log" 2>&1
    status=$?
    set -e
    [ "$status" -eq 0 ] || fail "$way failed on $crate (exit status $status)"
    awk -v crate="$crate" -v round="$round" -v way="$way" -v wall="$began $EPOCHREALTIME" \
        -v cpu="$cpu $(cpu_seconds)" -v verdict="$(cat "$work/verdict")" \
        'BEGIN {
            split(wall, w); split(cpu, c)
            printf "%-10s %5d  %-8s %8.2f %8.2f  %s\n", crate, round, way, w[2] - w[1], c[2] - c[1], verdict
        }' | tee -a "$table"
}

# setting: what the figures are of.
setting() {
    echo "$("$repro" --version), $(rustc --version)"
    echo "$(uname -sm), $cores cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)"
    if [ -n "$group" ]; then echo "CPU of a control group"; else echo "CPU of the whole machine"; fi
    printf '%-10s %5s  %-8s %8s %8s  %s\n' crate round way wall/s CPU/s digests
}

# import NAME VERSION: the source of the crate, or of benches/workspace, in $source, as a repository; the name of its program in $binary.
import() {
    # Where it is not that of the crate.
    binary=$1
    [ "$1" != ripgrep ] || binary=rg
    source=$work/src
    rm -rf "$source"
    case $1 in
    workspace) binary=app && cp -r "$root/benches/workspace" "$source" ;;
    *) "$root/.ci/crate-source" "$1" "$2" "$source" ;;
    esac
    (
        cd "$source"
        cargo fetch --locked --quiet
        git init -q
        git add -A -f
        commit import
    )
}

commit() { git -c user.name=bench -c user.email=bench@localhost -c commit.gpgsign=false commit -q -a -m "$1"; }

# ratios WAY OTHER...: of the sums over the rounds, so that a ratio is one of the means.
ratios() {
    echo
    awk -v pairs="$*" '{ wall[$1, $3] += $4; cpu[$1, $3] += $5; if (!($1 in seen)) { seen[$1]; order[++n] = $1 } }
        function row(crate, one, way) {
            if (!((crate, one) in wall) || !((crate, way) in wall)) return
            printf "%-10s  %-8s / %-6s  wall %.3f  CPU %.3f\n", crate, one, way, \
                wall[crate, one] / wall[crate, way], cpu[crate, one] / cpu[crate, way]
        }
        END {
            m = split(pairs, pair)
            for (i = 1; i <= n; i++) for (j = 1; j < m; j += 2) row(order[i], pair[j], pair[j + 1])
        }' "$table"
}

# What follows is not for a script that sources this one.
[ "${BASH_SOURCE[0]}" = "$0" ] || return 0

setting
for crate in $crates; do
    import "${crate%:*}" "${crate#*:}"
    for ((round = 1; round <= rounds; round++)); do
        ways=("${all_ways[@]}")
        ((round % 2)) || mapfile -t ways < <(printf '%s\n' "${all_ways[@]}" | tac)
        for way in "${ways[@]}"; do
            run=$way
            [ "$(type -t "$run")" = function ] || run=with_$way
            measure "${crate%:*}" "$round" "$way" "$run" "${crate%:*}" "$source" "$binary"
        done
    done
done
ratios repro recipe repro both isolated bare
