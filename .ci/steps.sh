# Sourced by smoke, extended and documents: the binary, a directory of its own, steps with `ok` and `FAIL`, and
# another user.
# Expects `root`, the repository, and takes the binary as its argument.

repro=$(realpath "${1:-${CARGO_TARGET_DIR:-$root/target}/release/repro}") || exit 2
[ -x "$repro" ] || { echo "$0: no binary at $repro" >&2; exit 2; }

# The crates are built outside this repository, so its rust-toolchain.toml is named by hand.
RUSTUP_TOOLCHAIN=${RUSTUP_TOOLCHAIN:-$(sed -n 's/^channel = "\(.*\)"/\1/p' "$root/rust-toolchain.toml")}
export RUSTUP_TOOLCHAIN
unset CARGO_TARGET_DIR SOURCE_DATE_EPOCH

work=$(mktemp -d) || exit 2
passed=0 failed=0

# check WHAT COMMAND...: one step; on failure its output is shown.
check() {
    local what=$1 started=$SECONDS
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
        echo "ok    $what ($((SECONDS - started)) s)"
    else
        failed=$((failed + 1))
        echo "FAIL  $what ($((SECONDS - started)) s)"
        sed 's/^/    /' "$work/log"
    fi
}

# ends WANTED-STATUS WANTED-LAST-LINE COMMAND...: the verdict is the last line of stdout; progress on
# stderr is not part of it.
ends() {
    local status=0 want=$1 last=$2
    shift 2
    "$@" >"$work/out" || status=$?
    cat "$work/out"
    [ "$status" -eq "$want" ] || { echo "exit status $status"; return 1; }
    [ "$(tail -n 1 "$work/out")" = "$last" ]
}

# commit DIR: the directory becomes a repository with one commit.
commit() {
    git -C "$1" init -q &&
        git -C "$1" add -A -f &&
        GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000' \
            git -C "$1" -c user.name=smoke -c user.email=smoke@localhost -c commit.gpgsign=false \
            commit -q -m import
}

# The toolchain and the program where any user can read them; links cost no space.
for_others() {
    [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null || return 1
    local sysroot
    sysroot=$(cd "$root" && rustc --print sysroot) || return 1
    sysroot=$(realpath "$sysroot")
    [ -d "$work/toolchain" ] || cp -al "$sysroot" "$work/toolchain" 2>/dev/null ||
        { rm -rf "$work/toolchain" && cp -a "$sysroot" "$work/toolchain"; } || return 1
    cp "$repro" "$work/repro"
    mkdir -p "$work/other/tmp"
    chown -R 65534:65534 "$work/other"
}

# other COMMAND...: as another user, with an environment, a home and a directory of their own.
other() {
    (cd "$work/other" && setpriv --reuid=65534 --regid=65534 --clear-groups env -i \
        HOME="$work/other" CARGO_HOME="$work/other/cargo" TMPDIR="$work/other/tmp" \
        PATH="$work/toolchain/bin:/usr/local/bin:/usr/bin:/bin" "$@")
}
