# Sourced by smoke and extended: the binary, a directory of its own, and steps with `ok` and `FAIL`.
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
