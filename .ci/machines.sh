# Sourced by matrix: two other machines that this one can be. Windows is wine, and aarch64 is Debian's arm64
# packages run by qemu. Nothing is installed, and the kernel of this machine learns nothing: programs of the
# other architecture are registered in a namespace of their own, which needs Linux 6.7.
# Expects `roots`, `work`, `repro`, and functions of matrix and steps.sh.

# toolchain_of HOST: where rustup has the pinned version for another host.
toolchain_of() {
    local dir
    dir=$(rustup show home 2>/dev/null)/toolchains/$RUSTUP_TOOLCHAIN-$1
    [ -d "$dir/bin" ] && echo "$dir" ||
        { echo "\`rustup toolchain install $RUSTUP_TOOLCHAIN-$1 --force-non-host --profile minimal\` installs it" >&2; return 1; }
}

# windows_machine: unpacks wine and makes its drive C.
windows_machine() {
    local packed=$roots/wine/usr system=$work/wine/drive_c/windows/system32
    # In front of Windows's own, and so the programs of wine need it as well.
    cp "$packed/x86_64-w64-mingw32/lib/zlib1.dll" "$packed/lib/x86_64-linux-gnu/wine/x86_64-windows/" || return 1
    # It fails for the lack of its 32-bit half, once all else is there.
    on_windows wineboot.exe --init
    [ -e "$system/kernel32.dll" ] || return 1
    # Rust's standard library asks this one for random numbers, and wine has it since version 9.
    cat >"$work/random.c" <<'C'
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
    for (; size; data++, size--)
        if (!SystemFunction036(data, 1)) return FALSE;
    return TRUE;
}
C
    over mingw x86_64-w64-mingw32-gcc -shared -O1 -o "$system/bcryptprimitives.dll" "$work/random.c" -ladvapi32 &&
        cp "$packed/x86_64-w64-mingw32/lib/zlib1.dll" "$system/" && mkdir -p "$work/wine/drive_c/cargo"
}

# on_windows PROGRAM ARG...: with cargo.exe and rustc.exe of `windows_toolchain` in PATH, if there are any.
on_windows() {
    over wine env -i HOME="$work/home" PATH=/usr/bin:/bin WINEPREFIX="$work/wine" WINEDEBUG=-all \
        WINEDLLOVERRIDES='winemenubuilder.exe,mshtml,mscoree=' WINEPATH="$(drive_z "${windows_toolchain:-}")" \
        CARGO_HOME='C:\cargo' /usr/lib/wine/wine64 "$@"
}

# drive_z PATH: as wine names it.
drive_z() {
    [ -z "$1" ] || echo "Z:${1//\//\\}/bin" | tr / '\\'
}

# arm_machine: a root of arm64 with a C compiler and git.
arm_machine() {
    local dir=$roots/arm64 packages name
    [ -e "$dir/complete" ] && return
    command -v apt-get dpkg-deb >/dev/null || return 1
    rm -rf "$dir" && mkdir -p "$dir"/apt/{lists,cache/archives}/partial "$dir/debs" && : >"$dir/apt/status" || return 1
    local apt=(apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root
        -o Dir::State="$dir/apt" -o Dir::State::status="$dir/apt/status" -o Dir::Cache="$dir/apt/cache")
    "${apt[@]}" update 2>/dev/null || return 1
    packages=$("${apt[@]}" install --simulate --no-install-recommends "$@" | awk '/^Inst/ { print $2 }')
    # shellcheck disable=SC2086 # A list of words.
    (cd "$dir/debs" && "${apt[@]}" download ${packages//:arm64/}) 2>/dev/null || return 1
    for package in "$dir"/debs/*.deb; do dpkg-deb -x "$package" "$dir" || return 1; done
    for name in bin sbin lib; do
        cp -a "$dir/$name/." "$dir/usr/$name/" && rm -r "${dir:?}/$name" && ln -s "usr/$name" "$dir/$name" || return 1
    done
    # Links that packages make when they are installed.
    ln -s gcc "$dir/usr/bin/cc" && mkdir -p "$dir/toolchain" && rm -rf "$dir/debs" "$dir/apt" && touch "$dir/complete"
}

# The first bytes of an ELF program for aarch64, and which of their bits count.
arm_magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
arm_mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'

# on_arm COMMAND...: on that machine, with the toolchain `arm_toolchain` and $work at its path.
on_arm() {
    # shellcheck disable=SC2016 # Expanded by the inner shell.
    unshare -Umr --pid --fork sh -c '
        root=$1 binfmt=$2 toolchain=$3 work=$4 && shift 4 &&
            mount -t binfmt_misc none /proc/sys/fs/binfmt_misc &&
            printf %s "$binfmt" >/proc/sys/fs/binfmt_misc/register &&
            mkdir -p "$root$work" && mount --bind "$root" "$root" && mount --bind "$toolchain" "$root/toolchain" &&
            mount --rbind /dev "$root/dev" && mount -t proc proc "$root/proc" && mount --bind "$work" "$root$work" &&
            exec chroot "$root" /usr/bin/env -i PATH=/toolchain/bin:/usr/bin:/bin HOME="$work/home" "$@"' sh \
        "$roots/arm64" ":aarch64:M::$arm_magic:$arm_mask:$roots/aarch64/usr/bin/qemu-aarch64-static:FP" \
        "$arm_toolchain" "$work" "$@"
}

# What repro.exe writes in there/ is what this machine's writes in here/.
windows_files() {
    local dir=$work/files ending
    mkdir -p "$dir/tree/sub" "$dir/here" "$dir/there" && cd "$dir" || return 1
    printf 'a\n' >tree/sub/a.txt && printf 'b\n' >tree/B
    for ending in tar.gz tar.xz tar.zst zip; do
        "$repro" archive --epoch 1700000000 -o "here/x.$ending" tree &&
            on_windows "$exe" archive --epoch 1700000000 -o "there\\x.$ending" tree || return 1
    done
    tar czf here/n.tar.gz tree && cp here/n.tar.gz there/ && cp "$exe" here/n.exe && cp "$exe" there/ &&
        mv "there/${exe##*/}" there/n.exe || return 1
    # Without `cd`, by a path with a drive.
    "$repro" normalize --epoch 1700000000 here/n.tar.gz here/n.exe &&
        on_windows "$exe" normalize --epoch 1700000000 "Z:${dir//\//\\}\\there\\n.tar.gz" there/n.exe || return 1
    diff -r here there &&
        on_windows "$exe" normalize --check --epoch 1700000000 there/n.tar.gz there/n.exe &&
        ends 0 SAME on_windows "$exe" diff 'there\n.tar.gz' 'here\n.tar.gz' &&
        ends 1 DIFFERS on_windows "$exe" diff tree/B tree/sub/a.txt &&
        on_windows "$exe" inspect there/n.exe >inspected && grep -q 'target .*x86_64-pc-windows-gnu' inspected
}
windows_against() {
    local dir=$work/against
    mkdir "$dir" && cd "$dir" || return 1
    cp "$root/tests/fixtures/manifest.json" a.json && cp a.json b.json && ln a.json link.json &&
        sed '0,/"sha256": "[0-9a-f]/s//"sha256": "f/' a.json >c.json && ! cmp -s a.json c.json || return 1
    on_windows "$exe" verify --against alice=a.json bob=b.json >agreed && grep -q '^AGREED: 2 of 2' agreed || return 1
    # Another name of one file, and another spelling of its name, are no second builder.
    local other status
    for other in link.json '.\A.JSON'; do
        status=0 && on_windows "$exe" verify --against alice=a.json "bob=$other" || status=$?
        [ "$status" -eq 2 ] || return 1
    done
    status=0 && on_windows "$exe" verify --against alice=a.json bob=c.json || status=$?
    [ "$status" -eq 1 ]
}
# windows_check: whatever needs no git is checked.
windows_check() {
    local status=0
    on_windows "$exe" check >"$work/checked" 2>&1 || status=$?
    cat "$work/checked"
    [ "$status" -eq 4 ] && grep '^not checked' "$work/checked" | grep -v 'there is no git repository' && return 1
    [ "$status" -eq 4 ] || [ "$status" -le 1 ]
}

# With a program in the place of cargo.exe and rustc.exe: no toolchain for Windows is needed, and what the compiler
# makes of the recipe's flags can be read in what it makes.
windows_stub() {
    local dir=$work/stubbed windows_toolchain=$work/stub
    mkdir -p "$work/stub/bin" "$dir/src" && over mingw rustc --edition 2024 -O -C strip=symbols --target "$target" \
        -o "$work/stub/bin/cargo.exe" "$here/stub_toolchain.rs" && cp "$work/stub/bin/"{cargo,rustc}.exe &&
        printf '[package]\nname = "stubbed"\nversion = "0.1.0"\nedition = "2021"\n' >"$dir/Cargo.toml" &&
        printf 'version = 3\n\n[[package]]\nname = "stubbed"\nversion = "0.1.0"\n' >"$dir/Cargo.lock" &&
        echo 'fn main() {}' >"$dir/src/main.rs" && cp -a "$dir" "$work/stubbed-too" && cd "$dir" || return 1
    ends 0 REPRODUCIBLE on_windows "$exe" build --epoch 1700000000 || return 1
    ends 0 REPRODUCED on_windows "$exe" verify 'target\repro\repro.json' --source '..\stubbed-too' || return 1
    windows_check && on_windows "$exe" archive || return 1
    on_windows target/repro/artifacts/x86_64-pc-windows-gnu/stubbed.exe | tee "$work/printed" || return 1
    [ "$(tr -d '\r' <"$work/printed")" = '/build/stubbed\src\main.rs
fn main() {}' ] || return 1
    # The control: a path that no flag reaches.
    echo '// leak' >>src/main.rs
    ends 1 DIFFERS on_windows "$exe" build --epoch 1700000000 && grep -q '^culprit *bin of stubbed' "$work/out"
}
# There is no git for it, so the source is a directory.
windows_builds() {
    local dir=$work/there
    rm -rf "$dir/.git" && cp -a "$dir" "$work/there-too" && cd "$dir" || return 1
    ends 0 REPRODUCIBLE on_windows "$exe" build --epoch 1700000000 || return 1
    ends 0 REPRODUCED on_windows "$exe" verify 'target\repro\repro.json' --source '..\there-too' || return 1
    windows_check && on_windows "$exe" archive || return 1
    on_windows target/repro/artifacts/x86_64-pc-windows-gnu/there.exe >"$work/printed" &&
        grep -q 'made.rs 7 42' "$work/printed" || return 1
    # The control: a path of Windows, as rustc has it.
    sed -i 's/fn main() {/&println!("{}", env!("CARGO_MANIFEST_DIR"));/' src/main.rs
    ends 1 DIFFERS on_windows "$exe" build --epoch 1700000000 && grep -q '^cause *build-path' "$work/out" &&
        grep -q 'it reads the variable CARGO_MANIFEST_DIR.*levels.deeper.checkou' "$work/out"
}

# A module with a build script and a procedural macro below it, from which cargo makes crate ids that follow
# from the host.
module_of_all() {
    sed -i 's/^\[workspace\]/[lib]\ncrate-type = ["cdylib"]\n\n[workspace]/' Cargo.toml && rm src/main.rs &&
        cat >src/lib.rs <<'RUST'
#[unsafe(no_mangle)]
pub extern "C" fn said(at: usize) -> u8 {
    itoa::Buffer::new().format(at).as_bytes()[0] + part::made().as_bytes()[at] + derive::seven!()
}
RUST
}
# arm_has_all: the packages of the aarch64 machine, the toolchain, and repro for it as $work/repro-arm.
arm_has_all() {
    unpack aarch64 gcc-12-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static &&
        arm_machine dash bash coreutils sed grep findutils gcc libc6-dev libc-bin git || return 1
    over aarch64 env CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc-12 \
        CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc-12 AR_aarch64_unknown_linux_gnu=aarch64-linux-gnu-ar \
        cargo build --locked --manifest-path "$root/Cargo.toml" --target aarch64-unknown-linux-gnu --bin repro &&
        over aarch64 aarch64-linux-gnu-strip -o "$work/repro-arm" \
            "$root/target/aarch64-unknown-linux-gnu/debug/repro" || return 1
    [ "$(on_arm "$work/repro-arm" --version)" = "$("$repro" --version)" ]
}
two_hosts() {
    local here=$work/hosts there=$work/hosts-arm made=target/repro/artifacts/$target/hosts.wasm digests
    cp -a "$here" "$there" || return 1
    for how in wrapper rustflags; do
        ends 0 REPRODUCIBLE "$repro" build -C "$here" --target "$target" --inject "$how" &&
            ends 0 REPRODUCIBLE on_arm "$work/repro-arm" build -C "$there" --target "$target" --inject "$how" ||
            return 1
        sha256sum "$here/$made" "$there/$made"
        digests=$(sha256sum <"$here/$made" && sha256sum <"$there/$made")
        # Not by the flags alone: the control.
        case $how-$(sort -u <<<"$digests" | wc -l) in wrapper-1 | rustflags-2) ;; *) return 1 ;; esac
        mkdir -p "$work/from-$how" && cp "$here/$made" "$here/target/repro/repro.json" "$work/from-$how" || return 1
    done
    ends 0 REPRODUCED on_arm "$work/repro-arm" verify "$work/from-wrapper/repro.json" "$work/from-wrapper/hosts.wasm" \
        --source "$here" --allow-toolchain
}

# What the build script sees is what the preload shim has it see.
told() {
    cat >part/build.rs <<'RUST'
use std::{env, fs, path::Path, process::Command, time::SystemTime};
fn main() {
    let dir = Path::new(&env::var_os("OUT_DIR").unwrap()).to_owned();
    for name in ["one", "two", "three"] { fs::write(dir.join(name), "").unwrap(); }
    let order: Vec<_> = fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name()).collect();
    let days = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() / 86400;
    let cpus = fs::read_to_string("/dev/null").map(|_| std::thread::available_parallelism().unwrap()).unwrap();
    let host = Command::new("uname").arg("-nr").output().unwrap().stdout;
    let text = format!("days={days} cpus={cpus} host={} order={order:?} made.rs", String::from_utf8_lossy(&host).trim());
    fs::write(dir.join("made.rs"), format!("pub fn made() -> &'static str {{ {text:?} }}")).unwrap();
}
RUST
}
shim_on_arm() {
    local dir=$work/told
    ends 1 DIFFERS on_arm "$work/repro-arm" build -C "$dir" --no-replay || return 1
    for variation in clock hostname kernel cpu-count directory-order; do
        # Without bubblewrap some are varied in part.
        sed -n '/^varied/,/^not varied/p' "$work/out" | grep -qw -- "$variation" || { echo "not varied: $variation"; return 1; }
    done
    grep -aoh 'days=[0-9]* cpus=[0-9]* host=[^]]*]' "$dir"/target/repro/{a,b}/*/told | tee "$work/seen"
    [ "$(wc -l <"$work/seen")" -eq 2 ] && for field in days cpus host order; do
        [ "$(grep -o "$field=[^=]*" "$work/seen" | sort -u | wc -l)" -eq 2 ] || { echo "the same in both: $field"; return 1; }
    done
}
