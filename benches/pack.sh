#!/usr/bin/env bash
# pack.sh [ROUNDS]: what `repro archive` costs, against the pipelines that people use, in one run.
#
#   gzip    tar, sorted and with fixed metadata, piped into gzip -6
#   pigz    the same into pigz, on all cores
#   zip     zip -X -r
#   repro   repro archive to .tar.gz, or to .zip against zip
#
# The tree is DIR, or one of at least 200 MB made of what a Rust toolchain has: libraries, programs,
# text. Wall seconds, CPU seconds (with children) and peak memory of the largest process (MB) are medians
# over ROUNDS (5); the ways alternate within a round. The ratios are of the medians, ours to theirs.
# REPRO names the binary; without it, the release build is made here first.
set -euo pipefail

rounds=${1:-5}
root=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "${REPRO:-}" ]; then
    (cd "$root" && cargo build --release --locked --quiet)
    REPRO=${CARGO_TARGET_DIR:-$root/target}/release/repro
fi
repro=$(realpath "$REPRO")
for program in tar gzip pigz zip python3; do
    command -v "$program" >/dev/null || { echo "pack.sh: no $program here" >&2; exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

dir=${DIR:-}
if [ -z "$dir" ]; then
    dir=$work/tree
    mkdir "$dir"
    # Dereferenced, and cut off at a size that is the same everywhere.
    size=0
    while IFS= read -r file; do
        cp -L "$file" "$dir/$(printf '%05d' "$size")-$(basename "$file")"
        size=$((size + $(stat -Lc %s "$file") / 1024))
        [ "$size" -lt 250000 ] || break
    done < <(find -L "$(rustc --print sysroot)" -type f -size -30M | LC_ALL=C sort)
fi
echo "tree      $(du -sm --apparent-size "$dir" | cut -f1) MB in $(find "$dir" -type f | wc -l) files, $(getconf _NPROCESSORS_ONLN) cores"

tar="tar --format=gnu --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=go+u,go-w -C $dir -cf - ."
declare -A command=(
    [gzip]="$tar | gzip -n -6 >$work/gzip.tar.gz"
    [pigz]="$tar | pigz -n -6 >$work/pigz.tar.gz"
    [zip]="rm -f $work/zip.zip; cd $dir && zip -q -X -r $work/zip.zip ."
    [repro-gz]="$repro archive $dir -o $work/repro.tar.gz --no-sums >/dev/null"
    [repro-zip]="$repro archive $dir -o $work/repro.zip --no-sums >/dev/null"
)

# measure NAME: appends "wall cpu memory" of one run to a file of this name.
measure() {
    python3 - "${command[$1]}" >>"$work/$1.figures" <<'EOF'
import os, resource, subprocess, sys, time
start = time.monotonic()
subprocess.run(["bash", "-c", "set -euo pipefail; " + sys.argv[1]], check=True)
wall = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
EOF
}

names=(gzip pigz repro-gz zip repro-zip)
for name in "${names[@]}"; do # Once to warm up.
    measure "$name"
    : >"$work/$name.figures"
done
for _ in $(seq "$rounds"); do
    for name in "${names[@]}"; do measure "$name"; done
done
python3 - "$work" <<'EOF'
import os, statistics, sys
work = sys.argv[1]
size = {n: os.path.getsize(f"{work}/{f}") / 1e6 for n, f in
        [("gzip", "gzip.tar.gz"), ("pigz", "pigz.tar.gz"), ("zip", "zip.zip"), ("repro-gz", "repro.tar.gz"), ("repro-zip", "repro.zip")]}
median = {}
for name in ["gzip", "pigz", "repro-gz", "zip", "repro-zip"]:
    rows = [list(map(float, line.split())) for line in open(f"{work}/{name}.figures")]
    median[name] = [statistics.median(column) for column in zip(*rows)]
    wall, cpu, memory = median[name]
    print(f"{name:<10}{wall:7.2f} s wall {cpu:7.2f} s CPU {memory:7.1f} MB {size[name]:8.1f} MB packed")
slow = []
for ours, theirs in [("repro-gz", "gzip"), ("repro-gz", "pigz"), ("repro-zip", "zip")]:
    ratio = [a / b for a, b in zip(median[ours], median[theirs])]
    print(f"{ours} / {theirs}: wall {ratio[0]:.2f}, CPU {ratio[1]:.2f}, memory {ratio[2]:.2f}, size {size[ours] / size[theirs]:.3f}")
    slow += [theirs] if ratio[0] >= 1 else []
sys.exit(f"slower than {', '.join(slow)}" if slow else 0)
EOF
