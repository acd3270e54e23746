//! SPDX 2.3, as JSON: <https://spdx.github.io/spdx-spec/v2.3/>. Its time, which it has to have, is
//! the build's SOURCE_DATE_EPOCH.

use std::collections::BTreeMap;

use repro_explain::time;
use serde_json::{Value, json};

use super::bom::{Bom, Part, What, bytes, expression, present};
use crate::artifact::Kind;

const NONE: &str = "NOASSERTION";
/// A repository on some machine's disk is no place to download from.
const LOCAL: &str = "git+file:";

pub(super) fn render(bom: &Bom) -> Vec<u8> {
    let digest = bom.artifact.sha256.as_deref().unwrap_or_default();
    let all: Vec<&Part> = [&bom.root].into_iter().chain(&bom.parts).collect();
    let ids: BTreeMap<&str, String> =
        all.iter().enumerate().map(|(i, p)| (&*p.reference, format!("SPDXRef-{i}"))).collect();
    let mut packages: Vec<Value> = all.iter().map(|p| package(p, &ids[&*p.reference])).collect();
    packages[0]["primaryPackagePurpose"] = match bom.artifact.kind == Kind::Bin {
        true => json!("APPLICATION"),
        false => json!("LIBRARY"),
    };
    packages.push(json!({
        "SPDXID": "SPDXRef-rustc",
        "name": "rustc",
        "versionInfo": bom.rustc("release").unwrap_or(NONE),
        "downloadLocation": NONE,
        "filesAnalyzed": false,
        "primaryPackagePurpose": "APPLICATION",
    }));
    let created = time::rfc3339(bom.manifest.recipe.epoch);
    bytes(&json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": bom.artifact.name,
        "documentNamespace": format!("https://spdx.org/spdxdocs/repro-{digest}"),
        "creationInfo": {"created": created, "creators": ["Tool: repro"]},
        "packages": packages,
        "relationships": relationships(bom, &all, &ids),
    }))
}

fn package(part: &Part, id: &str) -> Value {
    let declared = part.license.as_deref().and_then(expression);
    let words = part.properties.iter().map(|(name, value)| format!("{name}={value}"));
    let objects = part.objects.iter().map(|(name, sha256)| {
        format!("repro:object={name} {}", sha256.as_deref().unwrap_or("of unknown content"))
    });
    let comment = words.chain(objects).collect::<Vec<_>>().join("\n");
    let checksums = |sha256: &String| json!([{"algorithm": "SHA256", "checksumValue": sha256}]);
    let references = |purl: &String| {
        json!([{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": purl,
        }])
    };
    present(json!({
        "SPDXID": id,
        "name": part.name,
        "downloadLocation": part.vcs.as_deref().filter(|v| !v.starts_with(LOCAL)).unwrap_or(NONE),
        "filesAnalyzed": false,
        "licenseConcluded": NONE,
        "licenseDeclared": declared.as_deref().unwrap_or(NONE),
        "copyrightText": NONE,
        "primaryPackagePurpose": if part.what == What::Host { "FILE" } else { "LIBRARY" },
        "comment": comment,
        "versionInfo": part.version,
        "checksums": part.sha256.as_ref().map(checksums),
        "externalRefs": part.purl.as_ref().map(references),
    }))
}

fn relationships(bom: &Bom, all: &[&Part], ids: &BTreeMap<&str, String>) -> Vec<Value> {
    let root = &ids[&*bom.root.reference];
    let relation = |from: &str, kind: &str, to: &str| json!({"spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to});
    let mut out = vec![
        relation("SPDXRef-DOCUMENT", "DESCRIBES", root),
        relation("SPDXRef-rustc", "BUILD_TOOL_OF", root),
    ];
    let what: BTreeMap<&str, What> = all.iter().map(|p| (&*p.reference, p.what)).collect();
    for part in all {
        let from = &ids[&*part.reference];
        for need in &part.needs {
            let to = &ids[&**need];
            out.push(match what[&**need] {
                What::Linked => relation(from, "DEPENDS_ON", to),
                What::Build => relation(to, "BUILD_DEPENDENCY_OF", from),
                What::Standard | What::Static | What::Host => relation(from, "STATIC_LINK", to),
                What::Dynamic => relation(from, "DYNAMIC_LINK", to),
            });
        }
    }
    out
}
