"""syft.py SYFT SBOM: ends with 1 if syft does not read every package of the document, or reads one that calls
itself by another name."""

import json
import subprocess
import sys
import tempfile

syft, path = sys.argv[1:]


def purls(document):
    """Those of a CycloneDX or SPDX document."""
    if "bomFormat" in document:
        every = document["components"]
        return {component["purl"] for component in every if "purl" in component}
    references = [ref for package in document["packages"] for ref in package.get("externalRefs", [])]
    return {ref["referenceLocator"] for ref in references if ref["referenceType"] == "purl"}


def read(name):
    run = subprocess.run([syft, "convert", "-q", name, "-o", "spdx-json"], capture_output=True, text=True)
    return json.loads(run.stdout) if run.returncode == 0 else None


with open(path, encoding="utf-8") as file:
    text = file.read()
found = read(path)
if found is None:
    sys.exit(f"syft refuses {path}")
expected = purls(json.loads(text))
if not expected:
    sys.exit(f"{path} names no package")
missing = expected - purls(found)
if missing:
    sys.exit(f"syft does not find {sorted(missing)[:3]} of {path}")
with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as changed:
    changed.write(text.replace("CycloneDX", "CycloneDY").replace("SPDX-2.3", "SPDX-9.3"))
    changed.flush()
    if read(changed.name) is not None:
        sys.exit(f"syft accepted {path} with one byte changed")
print("syft read", len(purls(found)), "packages of", path)
