"""Holds SBOMs against the validators of their formats; ends with 1 if one of them refuses a file."""

import json
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

VERSIONS = {"1.6": SchemaVersion.V1_6, "1.7": SchemaVersion.V1_7}
failed = False
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        text = file.read()
    document = json.loads(text)
    if "bomFormat" in document:
        error = JsonStrictValidator(VERSIONS[document["specVersion"]]).validate_str(text)
        problems = [error] if error else []
        for component in document["components"] + [document["metadata"]["component"]]:
            purl = component.get("purl")
            if purl and PackageURL.from_string(purl).to_string() != purl:
                problems.append(f"{purl} is written otherwise")
    else:
        problems = validate_full_spdx_document(parse_file(name))
    print(name, "is sound" if not problems else problems[:3])
    failed = failed or bool(problems)
sys.exit(failed)
