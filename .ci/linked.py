"""linked.py SOURCE PROGRAM SBOM.cdx.json LIST.json: holds the SBOM of a program, and the list of packages in it as
`rust-audit-info` prints it, against Cargo.lock, what plain cargo compiles, and the libraries that its linker
reads. Ends with 1 if there is a crate too many or one is missing; a changed SBOM is the control."""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib

source, program, sbom, listed = sys.argv[1:]


def run(*command):
    return subprocess.run(command, cwd=source, check=True, capture_output=True, text=True).stdout


metadata = json.loads(run("cargo", "metadata", "--format-version", "1", "--locked"))
packages = {p["id"]: (p["name"], p["version"]) for p in metadata["packages"]}
with open(os.path.join(source, "Cargo.lock"), "rb") as file:
    lock = {(p["name"], p["version"]): p.get("checksum") for p in tomllib.load(file)["package"]}

# A build of its own, whose linker packs every file that it reads.
with tempfile.TemporaryDirectory() as directory:
    tar = os.path.join(directory, "link.tar")
    package = next(p for p in metadata["packages"] for t in p["targets"] if (t["name"], t["kind"]) == (program, ["bin"]))
    messages = run(
        *["cargo", "rustc", "--release", "--locked", "--package", package["name"], "--bin", program],
        *["--message-format", "json", "--target-dir", directory],
        *["--", f"-Clink-arg=-Wl,--reproduce={tar}"],
    )
    if not os.path.exists(tar):
        print("NOT CHECKED: the linker is not LLD, which can pack what it reads")
        sys.exit(0)
    with tarfile.open(tar) as members:
        read = {os.path.basename(name) for name in members.getnames()}
compiled, linked = set(), set()
for message in map(json.loads, messages.splitlines()):
    if message["reason"] == "compiler-artifact":
        package = packages[message["package_id"]]
        compiled.add(package)
        if any(os.path.basename(name) in read for name in message["filenames"] if name.endswith(".rlib")):
            linked.add(package)


def problems(document, embedded):
    root = document["metadata"]["component"]
    crates = [c for c in document["components"] if c.get("purl", "").startswith("pkg:cargo/")]
    found = {scope: {(c["name"], c["version"]) for c in crates if c["scope"] == scope} for scope in ("required", "excluded")}
    own = (program, root["version"])
    everything = found["required"] | found["excluded"] | {own}
    if found["required"] != linked - {own}:
        yield f"linked: {sorted(found['required'] ^ (linked - {own}))}"
    if found["excluded"] - compiled:
        yield f"never compiled: {sorted(found['excluded'] - compiled)}"
    for crate in crates:
        checksum = lock.get((crate["name"], crate["version"]), "not in Cargo.lock")
        hashes = [h["content"] for h in crate.get("hashes", [])]
        if hashes != ([checksum] if checksum else []):
            yield f"{crate['name']}: {hashes}, and Cargo.lock has {checksum}"
    names = {(p["name"], p["version"]) for p in embedded["packages"]}
    build = {(p["name"], p["version"]) for p in embedded["packages"] if p.get("kind") == "build"}
    if names != compiled:
        yield f"in the program: {sorted(names ^ compiled)}"
    if not everything <= names or build & found["required"]:
        yield f"the list and the SBOM: {sorted(everything - names)}"


with open(sbom, encoding="utf-8") as file:
    document = json.load(file)
with open(listed, encoding="utf-8") as file:
    embedded = json.load(file)
wrong = list(problems(document, embedded))
if wrong:
    sys.exit("\n".join(wrong))
for change in (lambda d, e: d["components"].pop(0), lambda d, e: e["packages"].pop(0)):
    changed = json.loads(json.dumps([document, embedded]))
    change(*changed)
    if not list(problems(*changed)):
        sys.exit("a crate less is not noticed")
print(f"{program}: {len(linked)} crates linked of {len(compiled)} compiled and {len(lock)} locked, as the SBOM and the program list them")
