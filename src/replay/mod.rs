//! From "this looks like the time zone" to "only TZ changes this output": each culprit is run again alone,
//! as it was recorded, with one thing changed at a time. What the experiments show replaces what the
//! bytes hint at; what cannot be run again stays suspected, with the reason.

mod search;
mod stage;
mod subject;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use repro_explain::cause::Cause;
use repro_explain::finding::About;
use repro_explain::remedy;

use self::search::{Known, Shown, Trial, Why};
use self::stage::Stage;
use self::subject::{Outputs, process};
use crate::blame::Blame;
use crate::blame::culprit::{Confirmed, Culprit, Itself, Proof, Subject, UnitKind, add_new};
use crate::build::{Built, Plan};
use crate::term::Progress;
use crate::variation::{VARIATIONS, VariationId};
use crate::{error, fs};

/// What the replays of one culprit, and of all of them, may take at least.
const LEAST: [Duration; 2] = [Duration::from_secs(30), Duration::from_secs(60)];
/// What is seen of an archive that was packed in a build.
const PACKING: [Cause; 3] = [Cause::ArchiveMtime, Cause::ArchiveOwner, Cause::ArchiveMode];
/// The part of the time of both builds that they may take, if that is more.
const SHARE: u32 = 10;

/// Two builds, as they were made.
pub struct Builds<'a> {
    /// How.
    pub plan: &'a Plan<'a>,
    /// Build A.
    pub a: &'a Built,
    /// The build that it is compared with.
    pub b: &'a Built,
    /// What differed between them on purpose.
    pub varied: Vec<VariationId>,
    /// How long both took.
    pub took: Duration,
}

/// Runs each culprit again, and puts what that shows in place of what is suspected. That it fails is a
/// reason like any other: the verdict and the culprits stand.
pub fn confirm(builds: &Builds, blame: &mut Blame, scratch: &Path, progress: &Progress) {
    let start = Instant::now();
    let [each, all] = LEAST.map(|least| least.max(builds.took / SHARE));
    let Blame { culprits, roots, .. } = blame;
    let mut unmoved = Vec::new();
    for culprit in culprits.iter_mut() {
        progress.step("replay", &format!("{} of {}", culprit.unit.name(), culprit.package));
        let until = (Instant::now() + each).min(start + all);
        let outputs = Outputs { a: &builds.a.trace, b: &builds.b.trace, roots };
        let bench = Bench { builds, outputs: &outputs, dir: scratch.join("replay"), until };
        culprit.proof = match bench.proof(culprit) {
            Ok(Told::Proof(proof)) => proof,
            Ok(Told::Unmoved) => {
                unmoved.push((culprit.unit, culprit.package.clone()));
                Proof::Suspected(reason(Why::Unmoved))
            }
            Err(e) => Proof::Suspected(format!("its replay failed: {}", error::one_line(&e))),
        };
        adopt(culprit);
    }
    acquit(culprits, &unmoved);
}

/// Takes out who was accused and gives one output whatever is varied, where it is made of what a confirmed
/// culprit made: that is why it differs, and not the paths or variables that it also reads.
fn acquit(culprits: &mut Vec<Culprit>, unmoved: &[(UnitKind, String)]) {
    let confirmed = culprits.iter().filter(|c| matches!(c.proof, Proof::Confirmed(_)));
    let reached: Vec<(UnitKind, String)> = unmoved
        .iter()
        .filter(|(_, package)| {
            confirmed.clone().any(|c| {
                c.via.contains(package) || c.unit == UnitKind::BuildScript && c.package == *package
            })
        })
        .cloned()
        .collect();
    culprits.retain(|c| {
        !reached.iter().any(|(unit, package)| (c.unit, &c.package) == (*unit, package))
    });
}

/// What the replays of a culprit show.
enum Told {
    Proof(Proof),
    /// No variation changes what it makes.
    Unmoved,
}

/// What the replays of one thing that a culprit did show.
struct Replays {
    result: search::Result<VariationId>,
    /// The order of directories changes it, as the file system of the other build's copy does alone.
    by_file_system: bool,
}

struct Bench<'a> {
    builds: &'a Builds<'a>,
    outputs: &'a Outputs<'a>,
    dir: std::path::PathBuf,
    until: Instant,
}

impl Bench<'_> {
    /// What the replays of all that the culprit did show, taken together.
    fn proof(&self, culprit: &Culprit) -> Result<Told> {
        let start = Instant::now();
        let (mut replays, mut searches, mut itself, mut found) = (0, 0, None, BTreeSet::new());
        let mut file_system = false;
        for subject in &culprit.subjects {
            let Replays { result, by_file_system } = self.search(subject, &culprit.causes)?;
            file_system |= by_file_system;
            replays += result.replays;
            searches += result.searches;
            match result.shown {
                Shown::Nothing(Why::Unmoved) => return Ok(Told::Unmoved),
                Shown::Nothing(why) => return Ok(Told::Proof(Proof::Suspected(reason(why)))),
                Shown::Confirmed { factors, itself: own } => {
                    found.extend(factors);
                    itself = own.or(itself);
                }
            }
        }
        file_system |= found.is_empty()
            && itself == Some(Itself::Chance)
            && self.is_number_of_a_file(&culprit.values)?;
        if culprit.subjects.is_empty() {
            return Ok(Told::Proof(Proof::Suspected("only one build has it".to_string())));
        }
        Ok(Told::Proof(Proof::Confirmed(Confirmed {
            variations: found.into_iter().collect(),
            file_system,
            itself,
            replays,
            searches,
            seconds: start.elapsed().as_secs_f64(),
        })))
    }

    /// Whether the values of both builds are those that the file system gave to their copy of one file.
    fn is_number_of_a_file(&self, values: &[(String, String)]) -> Result<bool> {
        let number =
            |(a, b): &(String, String)| Some((a.parse::<u64>().ok()?, b.parse::<u64>().ok()?));
        let values: Vec<(u64, u64)> = values.iter().filter_map(number).collect();
        if values.is_empty() {
            return Ok(false);
        }
        let (a, b) = (&self.outputs.a, &self.outputs.b);
        let (from, to) = (a.now(&a.dirs.source), b.now(&b.dirs.source));
        let target = a.now(&a.dirs.target);
        for (path, _) in fs::walk(&from, &mut |p| p != target)? {
            let Ok(below) = path.strip_prefix(&from) else { continue };
            let Ok((_, number)) = fs::identity(&path) else { continue };
            let same = |(x, y): &(u64, u64)| {
                let other = fs::identity(&to.join(below)).ok();
                *x == number && other.is_some_and(|(_, other)| other == *y)
            };
            if values.iter().any(same) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn search(&self, subject: &Subject, causes: &[Cause]) -> Result<Replays> {
        let nothing = |why: String| {
            let shown = Shown::Nothing(Why::Failed(why));
            Replays {
                result: search::Result { shown, replays: 0, searches: 0 },
                by_file_system: false,
            }
        };
        let process = match process(self.outputs.a, self.outputs.b, subject)? {
            Ok(process) => process,
            Err(why) => return Ok(nothing(why)),
        };
        let (a, b) = self.outputs.as_built(subject)?;
        let names = self.outputs.names(subject)?;
        let (trace_a, trace_b) = (self.outputs.a, self.outputs.b);
        let mut stage = Stage::new(self.builds.plan, trace_a, trace_b, self.dir.clone())?;
        let hinted = |id: &&VariationId| causes.contains(&id.row().cause);
        let likely: Vec<VariationId> = self.builds.varied.iter().filter(hinted).copied().collect();
        let known = Known {
            factors: &self.builds.varied,
            likely: &likely,
            parts: &a.keys().chain(b.keys()).cloned().collect(),
            a: &a,
            b: subject.alone.then_some(&b),
        };
        let mut oracle = |trial: &Trial<VariationId>| -> std::result::Result<search::Seen, String> {
            let made =
                stage.run(&process, trial, self.until).map_err(|e| error::one_line(&e))??;
            self.outputs.made(subject, &names, &made).map_err(|e| error::one_line(&e))
        };
        let mut result = search::search(&known, &mut oracle);
        let by_order = matches!(&result.shown, Shown::Confirmed { factors, itself: None }
            if factors[..] == [VariationId::DirectoryOrder]);
        // What it listed in another order is seen in the bytes; the order is not all of the other copy.
        let by_file_system = by_order && !causes.contains(&Cause::Ordering) && {
            stage.disk_alone = true;
            result.replays += 1;
            let switched = BTreeSet::from([VariationId::DirectoryOrder]);
            let trial = Trial { switched, frozen: false, take: 0 };
            match stage.run(&process, &trial, self.until)? {
                Ok(made) => self.outputs.made(subject, &names, &made)? != a,
                Err(_) => false,
            }
        };
        fs::remove_tree(&self.dir)?;
        Ok(Replays { result, by_file_system })
    }
}

fn reason(why: Why) -> String {
    match why {
        Why::NotAsInA => "run again alone, it does not give the output of build A".to_string(),
        Why::NotAsInB => {
            "run again with everything that was varied, it does not give the output of the other build"
                .to_string()
        }
        Why::OutOfSight => {
            "it does not write the differing output again when it is run alone".to_string()
        }
        Why::Unmoved => "run again alone, it gives the same output whatever is varied".to_string(),
        Why::Failed(sentence) => sentence,
    }
}

/// Puts the causes that were confirmed in place of those that were suspected, with their remedies.
fn adopt(culprit: &mut Culprit) {
    let Proof::Confirmed(confirmed) = &culprit.proof else { return };
    let mut causes: Vec<Cause> = Vec::new();
    let mut remedies: Vec<String> = Vec::new();
    let mut add = |cause, about| {
        add_new(&mut causes, cause);
        add_new(&mut remedies, remedy::for_users(&culprit.packages, cause, about));
    };
    let by = |row: &&crate::variation::Variation| confirmed.variations.contains(&row.id);
    VARIATIONS.iter().filter(by).for_each(|row| match row.id {
        VariationId::DirectoryOrder if confirmed.file_system => {
            add(Cause::FileSystem, About::Anything);
        }
        _ => add(row.cause, row.kind),
    });
    match confirmed.itself {
        None => {}
        Some(Itself::Time) => add(Cause::Timestamp, About::Anything),
        Some(Itself::Chance) if confirmed.file_system => add(Cause::FileSystem, About::Anything),
        Some(Itself::Chance) => {
            causes_of_chance(culprit).into_iter().for_each(|c| add(c, About::Anything));
        }
    }
    let same =
        causes.len() == culprit.causes.len() && causes.iter().all(|c| culprit.causes.contains(c));
    if !same {
        // The program that packs is what can be told otherwise, whatever it wrote into the archive.
        if culprit.causes.iter().any(|c| PACKING.contains(c)) {
            let packer = remedy::by_cause(Cause::ArchiveMtime, About::InBuild);
            remedies.insert(0, packer.text.to_string());
        }
        culprit.remedies = remedies;
        culprit.causes = causes;
    }
}

/// Experiments do not tell one kind of chance from the other: the bytes may, or a crate that is known for it.
fn causes_of_chance(culprit: &Culprit) -> Vec<Cause> {
    let hinted =
        |c: &&Cause| matches!(c, Cause::Ordering | Cause::Randomness | Cause::ImportLibrary);
    let found: Vec<Cause> = culprit.causes.iter().filter(hinted).copied().collect();
    if !found.is_empty() {
        return found;
    }
    match remedy::of_used(&culprit.packages, Cause::Ordering) {
        Some(_) => vec![Cause::Ordering],
        None => vec![Cause::Randomness],
    }
}

#[cfg(test)]
mod tests {
    use repro_explain::Package;

    use super::*;

    fn culprit(causes: &[Cause], variations: &[VariationId], itself: Option<Itself>) -> Culprit {
        Culprit {
            package: "x 1.0.0".into(),
            unit: UnitKind::BuildScript,
            causes: causes.to_vec(),
            evidence: Vec::new(),
            source: None,
            remedies: vec!["as was suspected".into()],
            packages: Vec::new(),
            values: Vec::new(),
            via: Vec::new(),
            subjects: Vec::new(),
            proof: Proof::Confirmed(Confirmed {
                variations: variations.to_vec(),
                file_system: false,
                itself,
                replays: 6,
                searches: 1,
                seconds: 1.0,
            }),
        }
    }

    fn package(name: &str, version: &str) -> Package {
        Package { name: name.into(), version: version.into(), ..Package::default() }
    }

    #[test]
    fn confirmed_causes_replace_those_that_were_suspected() {
        use Cause::*;
        let (chance, time) = (Some(Itself::Chance), Some(Itself::Time));
        type Case<'a> = (&'a [Cause], &'a [VariationId], Option<Itself>, &'a [Cause]);
        let cases: [Case; 8] = [
            (&[Timestamp], &[VariationId::Timezone], None, &[Timezone]),
            (&[Parallelism], &[VariationId::Jobs, VariationId::CpuCount], None, &[Parallelism]),
            (&[Unknown], &[VariationId::Umask, VariationId::Home], None, &[Home, Umask]),
            (&[Parallelism], &[], chance, &[Randomness]),
            (&[Parallelism, Ordering], &[], chance, &[Ordering]),
            (&[Randomness], &[], time, &[Timestamp]),
            (&[ImportLibrary, BuildPath], &[], chance, &[ImportLibrary]),
            (&[Randomness], &[VariationId::Locale], chance, &[Locale, Randomness]),
        ];
        for (before, variations, itself, after) in cases {
            let mut one = culprit(before, variations, itself);
            adopt(&mut one);
            assert_eq!(one.causes, after);
            let kept = one.remedies == ["as was suspected"];
            assert_eq!(kept, before == after, "{before:?}");
        }
        // A hash of a path shows none: what changes it tells what to do.
        let mut hashed = culprit(&[Randomness], &[VariationId::TargetDir], None);
        adopt(&mut hashed);
        assert_eq!(hashed.causes, [BuildPath]);
        assert!(hashed.remedies[0].contains("--same-path"), "{:?}", hashed.remedies);
        let mut packed = culprit(&[ArchiveMtime, ArchiveMode], &[VariationId::Umask], None);
        adopt(&mut packed);
        assert_eq!(packed.causes, [Umask]);
        assert!(packed.remedies[0].contains("`ar D`"), "{:?}", packed.remedies);
        let mut known = culprit(&[SourceMtime, Timestamp], &[], time);
        known.packages = vec![package("include_dir", "")];
        adopt(&mut known);
        assert_eq!(known.causes, [Timestamp]);
        assert!(known.remedies[0].contains("feature `metadata`"), "{:?}", known.remedies);
        let mut users = culprit(&[SymbolHash], &[], chance);
        for (version, cause) in [("0.6.0", Ordering), ("0.7.0", Randomness)] {
            users.packages = vec![package("educe", version)];
            users.causes = vec![SymbolHash];
            adopt(&mut users);
            assert_eq!(users.causes, [cause], "{version}");
        }
        let mut suspected = culprit(&[Timestamp], &[], None);
        suspected.proof = Proof::Suspected("why".into());
        adopt(&mut suspected);
        assert_eq!(suspected.causes, [Timestamp]);
    }

    #[test]
    fn who_gives_one_output_is_acquitted_if_it_is_made_of_what_a_culprit_made() {
        let script = || culprit(&[Cause::BuildPath], &[VariationId::TargetDir], None);
        let bin =
            || Culprit { unit: UnitKind::Bin, proof: Proof::Suspected("why".into()), ..script() };
        let other = || Culprit { package: "y 1.0.0".into(), ..script() };
        let through = |via: &str| Culprit { via: vec![via.into()], ..other() };
        let unmoved = [(UnitKind::Bin, "x 1.0.0".to_string())];
        let none: &[(UnitKind, String)] = &[];
        for (accused, unmoved, left) in [
            (vec![script(), bin()], &unmoved[..], 1),
            (vec![bin(), through("x 1.0.0")], &unmoved, 1),
            // Its controls: it was not shown, nothing of the other reaches it, or nobody else is left.
            (vec![script(), bin()], none, 2),
            (vec![bin(), through("z 1.0.0")], &unmoved, 2),
            (vec![bin()], &unmoved, 1),
        ] {
            let mut culprits = accused;
            acquit(&mut culprits, unmoved);
            assert_eq!(culprits.len(), left, "{culprits:?}");
        }
    }
}
