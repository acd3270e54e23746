//! Compares two files layer by layer: how each is compressed, what each container records about its
//! members, and each member that differs.

use repro_formats::listing::{Container, Field, MemberKind, Says};
use repro_formats::{digest, tar, zip};

use super::found::{Coverage, Explained, ReadAs};
use super::members::{Paired, pair_up, renamed, table};
use super::open::{self, DEEPEST, Layer, Opened, Part, Peeled};
use super::{Search, digests, remedy};
use crate::cause::Cause;
use crate::compare::{self, Both, Fix, Members};
use crate::finding::{About, At, Finding, Place};

/// Members that are explained one by one.
const MOST: usize = 1_000;

impl Search<'_> {
    /// Why two files differ, whatever they are.
    pub(super) fn explain(&mut self, a: &[u8], b: &[u8], within: &[String]) -> Explained {
        let limits = self.context.limits;
        let peeled = |bytes| open::peel(bytes, &limits);
        let (x, y) = match (peeled(a), peeled(b)) {
            (Ok(x), Ok(y)) => (x, y),
            (x, y) => {
                let mut out = self.images(a, b, within);
                let (side, Some(why)) = (usize::from(x.is_ok()), x.err().or(y.err())) else {
                    unreachable!("one of both failed")
                };
                out.unsound(side, why);
                return out;
            }
        };
        let is_written = |layer: &Layer| layer.compression.compressor().is_some();
        let fix = match x.layers.iter().chain(&y.layers).all(is_written) {
            true => fix(within, self.deb),
            false => Fix::Packer,
        };
        if !x.layers.is_empty() && !y.layers.is_empty() {
            // Lists have the digests of what is packed, of what it unpacks to, or of both.
            let name = within.last().map_or("", String::as_str);
            self.digests.pair(name, &x.bytes, &y.bytes);
        }
        let mut out = match x.bytes == y.bytes {
            true => self.same(&x, &y),
            false => self.content(&x.bytes, &y.bytes, within, fix),
        };
        for (format, peeled) in out.formats.iter_mut().zip([&x, &y]) {
            for layer in peeled.layers.iter().rev() {
                *format = std::mem::take(format).packed(layer.compression.row().name);
            }
        }
        out.findings.extend(layers(&x, &y, within, fix));
        out
    }

    /// Nothing differs below the compression; the members are listed all the same.
    fn same(&mut self, x: &Peeled, y: &Peeled) -> Explained {
        let limits = self.context.limits;
        let mut out = Explained { formats: [ReadAs::BYTES, ReadAs::BYTES], ..Explained::default() };
        if let (Some(Ok(x)), Some(Ok(y))) =
            (open::open(&x.bytes, &limits), open::open(&y.bytes, &limits))
        {
            out.formats = [&x, &y].map(|o| ReadAs::from(o.kind.name()));
            out.members = Some(table(&x, &y, &pair_up(&x, &y)));
        } else {
            out.members = Some(Members { rows: Vec::new(), same_content: true });
        }
        out
    }

    /// Why two files differ that are not compressed.
    fn content(&mut self, a: &[u8], b: &[u8], within: &[String], fix: Fix) -> Explained {
        let limits = self.context.limits;
        match (open::open(a, &limits), open::open(b, &limits)) {
            (Some(Ok(x)), Some(Ok(y))) if within.len() < DEEPEST => {
                self.opened(&x, &y, within, fix)
            }
            (None, None) => self.images(a, b, within),
            (x, y) => {
                let mut out = self.images(a, b, within);
                match (x, y) {
                    (Some(Err(why)), _) => out.unsound(0, why),
                    (_, Some(Err(why))) => out.unsound(1, why),
                    (Some(_), Some(_)) => {
                        out.note = Some(format!("more than {DEEPEST} archives are nested"));
                    }
                    _ => {}
                }
                out
            }
        }
    }

    /// Why two containers differ.
    pub(super) fn opened(
        &mut self,
        x: &Opened,
        y: &Opened,
        within: &[String],
        fix: Fix,
    ) -> Explained {
        let mut out = Explained {
            formats: [x, y].map(|o| ReadAs::from(o.kind.name())),
            ..Explained::default()
        };
        let fix = match [x, y].iter().all(|o| open::is_normalized(o.kind)) {
            true => fix,
            false => Fix::Packer,
        };
        if x.kind != y.kind && ![x.kind, y.kind].contains(&Container::Directory) {
            let (a, b) = (x.kind.name(), y.kind.name());
            out.findings.push(compare::format(a, b, within));
        }
        out.note = [(x, "A"), (y, "B")].iter().find_map(|(o, side)| {
            let odd = o.odd.as_ref()?;
            Some(format!("{}in {side}, {odd}", path(within)))
        });
        let prefixes = (x.prefix, y.prefix);
        if prefixes.0 != prefixes.1 {
            let within = [within, &["before the zip".to_string()]].concat();
            out.absorb(self.explain(prefixes.0, prefixes.1, &within));
        }
        let paired = pair_up(x, y);
        for (i, j) in &paired.renamed {
            let (a, b) = (&x.parts[*i].said.name, &y.parts[*j].said.name);
            self.digests.renamed.insert((a.clone(), b.clone()));
            let Some(finding) = renamed(within, a, b).filter(|_| x.parts[*i].role.is_none()) else {
                continue;
            };
            // A version is in the name of each member in one directory.
            let same = |f: &&mut Finding| {
                (f.about, &f.a, &f.b) == (About::Versions, &finding.a, &finding.b)
            };
            match out.findings.iter_mut().find(same) {
                Some(first) => first.place.more += 1,
                None => out.findings.push(finding),
            }
        }
        for (opened, only, left) in [(x, &paired.only_a, true), (y, &paired.only_b, false)] {
            for m in only.iter().map(|i| &opened.parts[*i]) {
                self.digests.lone.insert(m.said.name.clone());
                out.add(compare::lone(within, &m.said, left).bytes(m.bytes.len()));
            }
        }
        let both: Vec<(&Part, &Part)> = (paired.same.iter().chain(&paired.renamed))
            .map(|(i, j)| (&x.parts[*i], &y.parts[*j]))
            .collect();
        self.members((x.kind, y.kind), &both, within, &mut out);
        if x.kind == y.kind {
            self.packing(x, y, &paired, within, fix, &mut out);
        }
        if within.is_empty() {
            out.members = Some(table(x, y, &paired));
        }
        out
    }

    /// What differs in members that both have.
    fn members(
        &mut self,
        (of_a, of_b): (Container, Container),
        both: &[(&Part, &Part)],
        within: &[String],
        out: &mut Explained,
    ) {
        let listed = ![of_a, of_b].contains(&Container::Ar) || within.is_empty();
        let differing: Vec<_> = both.iter().filter(|(m, n)| m.bytes != n.bytes).collect();
        let signed = differing.iter().any(|(m, _)| !is_signature(of_a, &m.said.name));
        for (count, (m, n)) in differing.into_iter().enumerate() {
            if count >= MOST {
                let note = format!("more than {MOST} members differ: the rest was not compared");
                out.note = Some(note);
                break;
            }
            let bytes = m.bytes.len().max(n.bytes.len());
            // Indexes are made from the members.
            if of_a == Container::Ar && m.said.kind != MemberKind::File {
                let place = Place::new(within, At::Member(m.said.name.clone()));
                let index = Finding::new(Cause::Unknown, place, "", "").about(About::Names);
                out.add(Finding { consequence: true, ..index.bytes(bytes) });
                continue;
            }
            if listed {
                self.digests.pair(&m.said.name, &m.bytes, &n.bytes);
            }
            let shown = m.role.as_ref().unwrap_or(&m.said.name);
            let within = [within, std::slice::from_ref(shown)].concat();
            if digests::lists(&m.said.name, &m.bytes, &n.bytes) {
                self.digests.lists.push((within, m.bytes.to_vec(), n.bytes.to_vec()));
                continue;
            }
            if is_signature(of_a, &m.said.name) {
                let (cause, place) = (Cause::CodeSignature, Place::new(&within, At::Whole));
                let remedy = if signed { remedy::FOLLOWS } else { remedy::general(cause) };
                let f = Finding::new(cause, place, "", "").bytes(bytes).remedy(remedy);
                out.add(Finding { consequence: signed, ..f });
                continue;
            }
            out.absorb(self.explain(&m.bytes, &n.bytes, &within));
        }
    }

    /// What differs in how the members were packed.
    fn packing(
        &self,
        x: &Opened,
        y: &Opened,
        paired: &Paired,
        within: &[String],
        fix: Fix,
        out: &mut Explained,
    ) {
        let both = paired.same.iter().chain(&paired.renamed).map(|(i, j)| {
            let (a, b) = (&x.parts[*i], &y.parts[*j]);
            (a, b, Both { a: &a.said, b: &b.said, same: a.bytes == b.bytes })
        });
        let both: Vec<_> =
            both.filter(|(a, _, _)| x.kind != Container::Ar || a.said.name != "/").collect();
        let pairs: Vec<Both> = both.iter().map(|(_, _, p)| *p).collect();
        out.findings.extend(compare::kinds(&pairs, within));
        if x.kind == Container::Directory {
            return;
        }
        let renamed = !paired.renamed.is_empty();
        out.findings.extend(compare::packing(&pairs, within, fix, renamed));
        let repacked = both.iter().filter(|(a, b, p)| p.same && a.packed != b.packed);
        let mut repacked = repacked.filter(|(a, b, _)| a.said.packed == b.said.packed);
        if let Some((a, ..)) = repacked.next() {
            let method = a.said.packed.clone().unwrap_or_default();
            let mut f = compare::compressor(method.clone(), method, within, false);
            f.place.at = At::Field { name: "compressed bytes", of: a.said.name.clone() };
            f.place.more = repacked.count();
            out.findings.push(f);
        }
        let names = |o: &Opened| o.parts.iter().map(|p| p.said.name.clone()).collect::<Vec<_>>();
        out.findings.extend(compare::order(&names(x), &names(y), within, fix));
        // Lists of digests can differ too: their findings come later.
        let same_content = both.iter().all(|(_, _, p)| p.same);
        let same = same_content && out.findings.iter().all(|f| f.about == About::Packing);
        out.findings.extend(compare::header(&x.fields, &y.fields, within, fix, same));
        if out.findings.is_empty() && same_content {
            out.findings.push(compare::padding(within, fix));
        }
    }
}

/// Whether a member signs the others, in an archive of the kind that has such members: jars, packages of
/// Debian, packages of Alpine.
fn is_signature(of: Container, name: &str) -> bool {
    match of {
        Container::Zip | Container::Directory => zip::normalize::is_signature(name.as_bytes()),
        Container::Ar => name.starts_with("_gpg"),
        Container::Tar => name.starts_with(".SIGN."),
        _ => false,
    }
}

/// Whether `normalize` mends an archive where it is: not if it is packed in another that is not looked
/// into.
fn fix(within: &[String], deb: bool) -> Fix<'_> {
    match within {
        [] => Fix::Here,
        [_] if deb => Fix::Here,
        [.., last] => Fix::Inner(last),
    }
}

/// The way through the layers, as the beginning of a sentence.
fn path(within: &[String]) -> String {
    within.iter().map(|m| format!("`{m}`: ")).collect()
}

/// How each is compressed. The compressor is a cause only where what it compressed is the same.
fn layers(x: &Peeled, y: &Peeled, within: &[String], fix: Fix) -> Vec<Finding> {
    let mut findings = Vec::new();
    let tar = tar::read::begins(&x.bytes);
    for i in 0..x.layers.len().max(y.layers.len()) {
        let name = |l: Option<&Layer>| l.map_or("none", |l| l.compression.row().name).to_string();
        let (p, q) = (x.layers.get(i), y.layers.get(i));
        match (p, q) {
            (Some(p), Some(q)) if p.compression == q.compression => {
                // Only the first stream with a different header is reported.
                let same = x.bytes == y.bytes;
                let header = |a: &[_], b: &[_]| compare::header(a, b, within, fix, same);
                // They tell which other fields there are.
                let flagless = |fields: &[Field]| -> Vec<Field> {
                    fields.iter().filter(|f| f.says != Says::Flags).cloned().collect()
                };
                let mut each = p.headers.iter().zip(&q.headers).map(|(a, b)| {
                    let rest = header(&flagless(a), &flagless(b));
                    if rest.is_empty() { header(a, b) } else { rest }
                });
                findings.extend(each.find(|h| !h.is_empty()).unwrap_or_default());
                if p.packed != q.packed && same {
                    let shown = |l: &Layer| {
                        let name = l.compression.row().name;
                        format!("{name}, sha256 {}", digest::of_bytes(&l.packed).sha256)
                    };
                    findings.push(compare::compressor(shown(p), shown(q), within, tar));
                }
            }
            _ => findings.push(compare::compressor(name(p), name(q), within, false)),
        }
    }
    findings
}

impl Explained {
    /// The last step, over the findings of all layers.
    pub(super) fn finish(&mut self) {
        if self.findings.iter().all(|f| f.consequence) {
            // Nothing is there that they could follow from.
            for f in &mut self.findings {
                f.consequence = false;
                f.remedy = remedy::general(f.cause).to_string();
            }
        }
        fold(&mut self.findings);
        settle(&mut self.findings);
        self.coverage = Coverage::of(self.coverage.differing, &self.findings);
    }
}

/// The same value in several members is reported once.
fn fold(findings: &mut Vec<Finding>) {
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings.drain(..) {
        let same = |k: &&mut Finding| {
            (k.cause, k.consequence, k.about) == (finding.cause, finding.consequence, finding.about)
                && finding.about != About::Packing
                && k.place.within != finding.place.within
                && (&k.a, &k.b) == (&finding.a, &finding.b)
                && (!k.a.is_empty() || !k.b.is_empty() || k.consequence)
        };
        match kept.iter_mut().find(same) {
            Some(k) => {
                k.bytes += finding.bytes;
                k.place.members += 1;
            }
            None => kept.push(finding),
        }
    }
    *findings = kept;
}

/// Where a value of different length was found in one member of a library, code and constants of
/// another that differ in no known way hold that value in another form. Causes come first.
fn settle(findings: &mut [Finding]) {
    let root = findings.iter().find(|f| f.bytes > 0 && f.is_cause_of_length()).map(|f| f.cause);
    // What is recorded about a crate changes with its code.
    let packed = |cause: Cause| cause == Cause::CrateMetadata;
    let mut causes = findings.iter().filter(|f| f.is_cause()).map(|f| f.cause);
    let found = causes.clone().find(|c| !packed(*c)).or_else(|| causes.next());
    let versions = findings.iter().find(|f| f.about == About::Versions).map(|f| f.remedy.clone());
    for f in findings.iter_mut() {
        if let Some(remedy) = versions.as_ref().filter(|_| is_guess(f)) {
            // Two versions differ in what they are.
            f.cause = Cause::Unknown;
            f.remedy.clone_from(remedy);
        }
        let object = f.place.within.last().is_some_and(|m| m.ends_with(".o"));
        let code = |name: &str| name.starts_with(".text") || name.starts_with(".rodata");
        let derived = match f.about {
            About::Packed | About::Moved | About::Names | About::Compressed => found,
            _ if object && f.place.section().is_some_and(code) => root,
            _ => None,
        };
        match derived {
            Some(cause) if f.cause == Cause::Unknown || packed(f.cause) && !packed(cause) => {
                super::tell::follow(f, cause);
            }
            _ => {}
        }
    }
    let summary = |f: &Finding| matches!(f.about, About::Versions | About::Sources);
    findings.sort_by_key(|f| (f.consequence, !summary(f), f.cause == Cause::Unknown));
}

/// Whether a finding says what a value looks like, which two versions do not differ by.
fn is_guess(f: &Finding) -> bool {
    let looks = matches!(f.cause, Cause::Randomness | Cause::Ordering | Cause::SymbolHash);
    !f.consequence && (looks || f.about == About::Guess)
}
