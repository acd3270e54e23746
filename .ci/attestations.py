"""Reads attestations with securesystemslib and in-toto's own library, and refuses changed ones.

attestations.py KEY.pub ENVELOPE.intoto.jsonl: ends with 1 if the envelope does not verify, its statement is
not valid, or one with a changed byte in payload or signature verifies."""

import base64
import copy
import json
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.protobuf.json_format import ParseDict
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

key_file, envelope_file = sys.argv[1:]
with open(key_file, "rb") as file:
    public = load_pem_public_key(file.read())
with open(envelope_file, encoding="utf-8") as file:
    whole = json.loads(file.readline())


def verifies(envelope):
    key = SSlibKey.from_crypto(public, keyid=envelope["signatures"][0]["keyid"])
    try:
        Envelope.from_dict(copy.deepcopy(envelope)).verify([key], 1)
    except VerificationError:
        return False
    return True


def changed(text):
    data = bytearray(base64.b64decode(text))
    data[len(data) // 2] ^= 1
    return base64.b64encode(bytes(data)).decode()


def statement(value):
    message = ParseDict(value, statement_pb2.Statement())
    subjects, predicate = message.subject, message.predicate
    checked = Statement(subjects, message.predicate_type, predicate)
    checked.pb.type = message.type
    checked.validate()
    return len(subjects)


assert verifies(whole), "securesystemslib refuses the envelope"
payload = copy.deepcopy(whole)
payload["payload"] = changed(whole["payload"])
signature = copy.deepcopy(whole)
signature["signatures"][0]["sig"] = changed(whole["signatures"][0]["sig"])
assert not verifies(payload), "securesystemslib accepted a changed payload"
assert not verifies(signature), "securesystemslib accepted a changed signature"
print("securesystemslib verified the envelope, and refused it with one byte changed")

value = json.loads(base64.b64decode(whole["payload"]))
print("in-toto-attestation: a sound statement with", statement(value), "subjects")
value["_type"] = value["_type"].replace("v1", "v2")
try:
    statement(value)
except ValueError:
    print("in-toto-attestation refused one of another type")
else:
    sys.exit("in-toto-attestation accepted a changed statement")
