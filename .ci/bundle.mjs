// bundle.mjs KEY.pub BUNDLE.sigstore.json, run where @sigstore/verify is installed: ends with 1 if it refuses the bundle, or
// accepts it with one byte of payload or signature changed.
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const { bundleFromJSON } = require("@sigstore/bundle");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");

const [keyFile, bundleFile] = process.argv.slice(2);
const publicKey = createPublicKey(readFileSync(keyFile));
const whole = JSON.parse(readFileSync(bundleFile, "utf8"));
const hint = whole.verificationMaterial.publicKey.hint;
const keys = (asked) => {
    if (asked !== hint) throw new Error(`no key ${asked}`);
    return { publicKey, validFor: () => true };
};
const root = { tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] };
const verifier = new Verifier(toTrustMaterial(root, keys), {
    tlogThreshold: 0,
    ctlogThreshold: 0,
    timestampThreshold: 0,
});

function verifies(json) {
    const entity = toSignedEntity(bundleFromJSON(json));
    try {
        verifier.verify(entity);
        return true;
    } catch (error) {
        if (error.name !== "VerificationError") throw error;
        return false;
    }
}

function changed(part) {
    const json = structuredClone(whole);
    part(json.dsseEnvelope);
    return json;
}

function flipped(text) {
    const bytes = Buffer.from(text, "base64");
    bytes[bytes.length >> 1] ^= 1;
    return bytes.toString("base64");
}

if (!verifies(whole)) throw new Error("@sigstore/verify refuses the bundle");
const payload = changed((e) => (e.payload = flipped(e.payload)));
const signature = changed((e) => (e.signatures[0].sig = flipped(e.signatures[0].sig)));
for (const json of [payload, signature]) {
    if (verifies(json)) throw new Error("@sigstore/verify accepted what was changed");
}
console.log("@sigstore/verify verified the bundle, and refused it with one byte changed");
