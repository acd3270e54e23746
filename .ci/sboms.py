"""Holds SBOMs against the validators of their formats; ends with 1 if one of them refuses a file, or accepts
it with one byte changed."""

import json
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from spdx_tools.spdx.parser.error import SPDXParsingError
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

VERSIONS = {"1.6": SchemaVersion.V1_6, "1.7": SchemaVersion.V1_7}
# One byte each of what the formats fix: a name of a field, a version, and what something refers to.
CHANGES = {
    "CycloneDX": [('"bomFormat"', '"bomFormaT"'), ('"CycloneDX"', '"CycloneDx"'), ('"dependsOn"', '"dependson"')],
    "SPDX": [('"SPDX-2.3"', '"SPDX-2,3"'), ('"SPDXRef-DOCUMENT"', '"SPDXRef DOCUMENT"'), ('"CC0-1.0"', '"CC9-1.0"')],
}


def problems(text):
    document = json.loads(text)
    if "spdxVersion" in document:
        try:
            return validate_full_spdx_document(JsonLikeDictParser().parse(document))
        except SPDXParsingError as error:
            return error.messages
    error = JsonStrictValidator(VERSIONS[document["specVersion"]]).validate_str(text)
    found = [error] if error else []
    for component in document["components"] + [document["metadata"]["component"]]:
        purl = component.get("purl")
        if purl and PackageURL.from_string(purl).to_string() != purl:
            found.append(f"{purl} is written otherwise")
    return found


failed = False
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        text = file.read()
    wrong = problems(text)
    print(name, "is sound" if not wrong else wrong[:3])
    failed = failed or bool(wrong)
    for old, new in CHANGES["CycloneDX" if '"bomFormat"' in text else "SPDX"]:
        if old not in text or not problems(text.replace(old, new, 1)):
            sys.exit(f"{name} is accepted with {new} in it, or has no {old}")
sys.exit(failed)
