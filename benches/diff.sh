#!/usr/bin/env bash
# diff.sh: `repro diff` against diffoscope, on the same pair of programs, in one run.
#
# The pair is ripgrep, built twice in directories of different length, with line tables and without
# remapping: the paths of its sources are in it, and everything behind them has moved. Both tools get the same
# two files; diffoscope may use whatever it finds installed, and its output is thrown away. Wall time in
# seconds, and the largest resident set of any process in MB.
#
# REPRO names the binary; without it, the release build is made here first.
# PAIR="A B" names two files to compare instead of building a pair.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
command -v diffoscope >/dev/null || { echo "diff.sh: diffoscope is not installed (Debian: diffoscope-minimal)" >&2; exit 6; }
command -v python3 >/dev/null || { echo "diff.sh: python3 is not installed" >&2; exit 6; }
if [ -z "${REPRO:-}" ]; then
    (cd "$root" && cargo build --release --locked --quiet)
    REPRO=${CARGO_TARGET_DIR:-$root/target}/release/repro
fi
repro=$(realpath "$REPRO")
RUSTUP_TOOLCHAIN=${RUSTUP_TOOLCHAIN:-$(sed -n 's/^channel = "\(.*\)"/\1/p' "$root/rust-toolchain.toml")}
export RUSTUP_TOOLCHAIN
unset CARGO_TARGET_DIR RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() {
    mkdir -p "$(dirname "$2")"
    "$root/.ci/crate-source" ripgrep 15.1.0 "$2"
    (cd "$2" && CARGO_PROFILE_RELEASE_DEBUG=1 CARGO_PROFILE_RELEASE_STRIP=none \
        cargo build --release --locked --quiet --target-dir target)
    mkdir -p "$1"
    cp "$2/target/release/rg" "$1/rg"
    rm -rf "$2"
}

if [ -n "${PAIR:-}" ]; then
    read -r a b <<<"$PAIR"
else
    build "$work/a" "$work/source"
    build "$work/b" "$work/sources/of/another/length"
    a=$work/a/rg b=$work/b/rg
fi

# measure NAME COMMAND...: wall time and peak memory of a command that says 1 for a difference.
measure() {
    python3 - "$work/$1" "${@:2}" <<'EOF'
import resource, subprocess, sys, time
started = time.monotonic()
status = subprocess.call(sys.argv[2:], stdout=subprocess.DEVNULL)
wall = time.monotonic() - started
if status != 1:
    sys.exit(f"{sys.argv[2]} ended with {status}, which is no difference")
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
with open(sys.argv[1], "w") as out:
    print(f"{wall:.3f} {peak:.1f}", file=out)
EOF
    read -r wall peak <"$work/$1"
    printf '%-11s %10.3f %10.1f\n' "$1" "$wall" "$peak"
}

echo "$("$repro" --version), $(diffoscope --version)"
echo "$(stat -c %s "$a") bytes, $(cmp -l "$a" "$b" 2>/dev/null | wc -l) of them differ where they stand"
{ "$repro" diff "$a" "$b" || [ $? -eq 1 ]; } | tail -n 2 | head -n 1 | sed 's/^ *//'
printf '%-11s %10s %10s\n' tool wall/s MB
measure repro "$repro" diff "$a" "$b"
measure diffoscope diffoscope --no-progress --text - "$a" "$b"
read -r ours_wall ours_peak <"$work/repro"
read -r their_wall their_peak <"$work/diffoscope"
awk -v ow="$ours_wall" -v om="$ours_peak" -v tw="$their_wall" -v tm="$their_peak" \
    'BEGIN { printf "repro: %.0f times faster, %.3f of the memory\n", tw / ow, om / tm }'
