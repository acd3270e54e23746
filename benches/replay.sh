#!/usr/bin/env bash
# replay.sh [FAULT...]: what the replays that confirm a cause cost, against the two builds, in one run. Linux only.
#
# In ripgrep's build script a fault is planted, once for each FAULT (without one, `timezone username`):
#
#   timezone  the time zone, in a file in OUT_DIR that the program includes
#   username  USER, in a variable that the program is compiled with
#
# and `repro build` has to confirm it. Builds are measured from where they begin to where outputs are compared.
# Of the replays the wall time is what the report states; their CPU is measured from where the first begins to the
# end of the program, so what explains the outputs counts as well. Seconds and REPRO: as in benches/compare.sh.
# Exits with 1 if replays cost more than a tenth of the builds, in wall or in CPU.
set -euo pipefail

[ $# -gt 0 ] || set -- timezone username
faults=("$@")

# shellcheck source-path=SCRIPTDIR source=compare.sh
. "$(dirname "$0")/compare.sh" 1

plant() {
    local write read
    case "$1" in
    timezone)
        write='let zone = std::env::var("TZ").unwrap_or_default();
    let planted = std::path::Path::new(\&std::env::var("OUT_DIR").unwrap()).join("planted.rs");
    std::fs::write(planted, format!("#[used] static PLANTED: \&str = {zone:?};")).unwrap();'
        read='include!(concat!(env!("OUT_DIR"), "/planted.rs"));'
        ;;
    username)
        write='println!("cargo:rustc-env=PLANTED={}", std::env::var("USER").unwrap_or_default());'
        read='#[used] static PLANTED: &str = env!("PLANTED");'
        ;;
    *) echo "${0##*/}: no fault is called $1" >&2 && exit 2 ;;
    esac
    (
        cd "$source"
        sed -i "s|^fn main() {|&\n    ${write//$'\n'/\\n}|" build.rs
        echo "$read" >>crates/core/main.rs
        commit "plant $1"
    )
}

# at STEP: wall and CPU when repro began with it.
at() { grep -m 1 " $1" "$work/steps" | cut -d ' ' -f 1,2; }

printf '%s\n%s\n' "$(setting | sed '$d')" "fault        builds: wall/s    CPU/s  replays: wall/s    CPU/s  ratio: wall    CPU"
status=0
for fault in "${faults[@]}"; do
    import ripgrep 15.1.0
    plant "$fault"
    { guarded "$repro" build --manifest-path "$source/Cargo.toml" 2>&1 >"$work/report" || true; } |
        while IFS= read -r line; do echo "$EPOCHREALTIME $(cpu_seconds) $line"; done >"$work/steps"
    echo "$EPOCHREALTIME $(cpu_seconds) ended" >>"$work/steps"
    cp "$work/steps" "$work/log"
    cause=$(grep -m 1 "^cause " "$work/report") || fail "no cause was reported"
    case "$cause" in *"$fault (confirmed: only "*) ;; *) fail "not confirmed: $cause" ;; esac
    seconds=${cause% s)} seconds=${seconds##* }
    awk -v fault="$fault" -v replays="$seconds" -v at="$(at building) $(at comparing) $(at "running again") $(at ended)" 'BEGIN {
        split(at, t)
        wall = replays / (t[3] - t[1]); cpu = (t[8] - t[6]) / (t[4] - t[2])
        printf "%-12s %14.1f %8.1f %15.1f %8.1f %12.3f %6.3f\n", fault, t[3] - t[1], t[4] - t[2], replays, t[8] - t[6], wall, cpu
        exit wall > 0.1 || cpu > 0.1
    }' || status=1
    echo "    ${cause#cause *}"
done
exit "$status"
