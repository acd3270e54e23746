# Sourced by matrix: programs for macOS, linked by the toolchain's own LLD against zig's list of what libSystem
# exports, and signed by rcodesign. They are not run here.
# Expects `root`, `roots`, `work`, `repro`, and functions of matrix and steps.sh.

# The first is a wheel of PyPI, the second a program of crates.io.
zig_version=0.13.0
rcodesign_version=0.29.0

# macos_stubs: the list, once.
macos_stubs() {
    local dir=$roots/macos
    [ -e "$dir/complete" ] && return
    rm -rf "$dir" && mkdir -p "$dir/stubs" &&
        python3 -m pip download --quiet --no-deps --dest "$dir" "ziglang==$zig_version" &&
        python3 - "$dir"/ziglang-*.whl "$dir/stubs" <<'PY' || return 1
import sys, zipfile
text = zipfile.ZipFile(sys.argv[1]).read("ziglang/lib/libc/darwin/libSystem.tbd")
for name in "System", "c", "m":
    open(f"{sys.argv[2]}/lib{name}.tbd", "wb").write(text)
PY
    rm "$dir"/ziglang-*.whl && touch "$dir/complete"
}

# rcodesign: built once, without what asks Apple's servers.
rcodesign_is_here() {
    [ "$("$root/target/tools/bin/rcodesign" --version 2>/dev/null)" = "apple-codesign $rcodesign_version" ] ||
        cargo install --debug --locked --quiet --no-default-features --root "$root/target/tools" \
            --target-dir "$root/target/tools/build" "apple-codesign@$rcodesign_version"
}

# Without -S the UUID is that of a program with debug information, which names the toolchain's directory.
macos() {
    mkdir .cargo && cp -r "$roots/macos/stubs" . && cat >.cargo/config.toml <<TOML
[target.$target]
linker = "rust-lld"
rustflags = ["-Clinker-flavor=ld64.lld", "-Clink-arg=-Lstubs", "-Clink-arg=-S"]
TOML
}

# only_signature A B: they differ in their signatures alone.
only_signature() {
    ends 1 DIFFERS "$repro" diff "$1" "$2" || return 1
    "$repro" diff --format json "$1" "$2" >"$work/said"
    python3 - "$work/said" <<'PY'
import json, sys
artifact = json.load(open(sys.argv[1]))["artifacts"][0]
causes = [f["cause"] for f in artifact["findings"] if not f["consequence"]]
sys.exit(set(causes) != {"code-signature"} or artifact["explained"]["unexplained"] != 0)
PY
}

# macos_signed: normalize leaves a signed program alone; diff says that two signers differ in the signature alone;
# what was published signed is the rebuilt program but for that, unless another byte differs.
macos_signed() {
    local dir=$work/macos-signed sign=$root/target/tools/bin/rcodesign made name
    made=$work/macos/target/repro/artifacts/$target/macos
    mkdir "$dir" && cd "$dir" || return 1
    for name in alice bob; do
        "$sign" generate-self-signed-certificate --person-name "$name" --pem-filename "$name" &&
            mkdir "by-$name" && "$sign" sign --pem-file "$name.key" --pem-file "$name.crt" --timestamp-url none \
            --code-signature-flags runtime "$made" "by-$name/macos" || return 1
    done
    "$sign" print-signature-info by-alice/macos | grep -q 'alice' || return 1
    cp by-alice/macos n && "$repro" normalize --epoch 1500000000 n | grep '^left-alone.*signed' && cmp by-alice/macos n &&
        only_signature "$made" by-alice/macos && only_signature by-alice/macos by-bob/macos || return 1
    # The control: one letter of the program's text, signed as well.
    sed 's,/build/macos/,/build/macoz/,' "$made" >other && ! cmp -s "$made" other && mkdir other-bob &&
        "$sign" sign --pem-file bob.key --pem-file bob.crt --timestamp-url none other other-bob/macos || return 1
    ! only_signature by-alice/macos other-bob/macos || return 1
    local rebuilt=(--source "$work/clone" --target "$target" --accept code-signature)
    "$repro" verify --artifact by-alice/macos "${rebuilt[@]}" | tee "$work/out" || return 1
    tail -n 1 "$work/out" | grep '^REPRODUCED AFTER NORMALIZING: code-signature' &&
        ends 1 DIFFERS "$repro" verify --artifact other-bob/macos "${rebuilt[@]}"
}
