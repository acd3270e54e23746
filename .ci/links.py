"""links.py KEY.pub LINK: in-toto's own library reads the link, and refuses it with one byte changed; ends with 1
otherwise."""

import json
import sys
import tempfile

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from in_toto.exceptions import SignatureVerificationError
from in_toto.models.metadata import Metadata
from securesystemslib.signer import SSlibKey

key_file, link_file = sys.argv[1:]
with open(key_file, "rb") as file:
    public = load_pem_public_key(file.read())
with open(link_file, encoding="utf-8") as file:
    text = file.read()
keyid = json.loads(text)["signatures"][0]["keyid"]
key = SSlibKey.from_crypto(public, keyid=keyid)


def verifies(content):
    with tempfile.NamedTemporaryFile("w", suffix=".link", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        try:
            Metadata.load(file.name).verify_signature(dict(key.to_dict(), keyid=keyid))
        except SignatureVerificationError:
            return False
    return True


link = json.loads(text)["signed"]
digest = next(iter(link["products"].values()))["sha256"]
assert verifies(text), "in-toto refuses the link"
changed = digest[:-1] + ("0" if digest[-1] != "0" else "1")
assert not verifies(text.replace(digest, changed)), "in-toto accepted a changed link"
print("in-toto verified a link of", len(link["products"]), "products, and refused it with one byte changed")
