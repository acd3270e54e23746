//! What a run varied, what it did not, and why: one pure function over the table. Report, JSON,
//! page, manifest and verdict derive from its result, so none of them can claim a variation that
//! did not reach the builds.

use std::fmt;

use super::canaries::Canaries;
use super::chosen::{ChosenBy, VariationSet};
use super::table::{Carrier, Need, Variation, VariationId};
use super::value::Values;

/// What stands between the variations and the builds of one run.
pub struct Reach<'a> {
    /// Who sets a variable in place of the variations, if anyone does.
    pub holder: &'a dyn Fn(&str) -> Option<Holder>,
    /// Whether the system has a umask.
    pub umask: bool,
    /// What the preloaded object has no effect on, and why.
    pub preload: &'a [(VariationId, String)],
    /// Packages whose build scripts nothing can be preloaded into.
    pub static_scripts: &'a [String],
    /// Other programs of the build that it does not reach.
    pub unreached: &'a [Unreached],
    /// What namespaces have no effect on, and why.
    pub namespaces: &'a [(VariationId, String)],
    /// Why one side cannot have the toolchain elsewhere, if so.
    pub toolchain: Option<&'a str>,
    /// Why the directories of both copies are listed in one order, if they are.
    pub copies: Option<&'a str>,
}

/// Who sets a variable so that neither recipe nor variations do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// `--pass-env` names it.
    PassEnv,
    /// The user's or the source's cargo configuration has it.
    ConfigEnv,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Holder::PassEnv => "--pass-env",
            Holder::ConfigEnv => "[env] of a cargo config file",
        })
    }
}

/// What keeps the preloaded object out of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// It has no dynamic linker.
    Static,
    /// It runs with the rights of another user or group.
    OtherUser,
    /// It is of another architecture.
    Bits32,
}

impl Obstacle {
    /// Each.
    pub const ALL: [Obstacle; 3] = [Obstacle::Static, Obstacle::OtherUser, Obstacle::Bits32];

    /// What the object writes down for it.
    pub fn code(self) -> &'static str {
        match self {
            Obstacle::Static => "s",
            Obstacle::OtherUser => "u",
            Obstacle::Bits32 => "3",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Obstacle::Static => "statically linked",
            Obstacle::OtherUser => "set-user-ID",
            Obstacle::Bits32 => "32-bit",
        }
    }
}

/// A program that ran in a build and that the preloaded object did not reach.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unreached {
    /// Why not.
    pub obstacle: Obstacle,
    /// Its path, or the name of one that the build has made.
    pub name: String,
}

/// Why a variation, or one of its carriers, did not reach the builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// One of its variables has the same value in both builds.
    Held {
        /// The variable.
        variable: &'static str,
        /// Who sets it.
        by: Holder,
    },
    /// The system has no umask.
    NoUmask,
    /// Both locales sort alike.
    SameCollation,
    /// Nothing can be preloaded, or it has no effect.
    NoPreload(String),
    /// Build scripts of these packages are linked statically.
    StaticScripts(Vec<String>),
    /// Nothing could be preloaded into these programs, which ran in the build.
    UnreachedPrograms(Vec<Unreached>),
    /// The builds have no namespaces of their own, or these have no effect.
    NoNamespaces(String),
    /// The directories of both copies are listed in one order.
    SameOrder(String),
    /// The toolchain is at one path.
    SameToolchain(String),
}

impl Unavailable {
    /// The name in JSON and in the manifest.
    pub fn code(&self) -> &'static str {
        match self {
            Unavailable::Held { .. } => "held",
            Unavailable::NoUmask => "no-umask",
            Unavailable::SameCollation => "same-collation",
            Unavailable::NoPreload(_) => "no-preload",
            Unavailable::StaticScripts(_) => "static-scripts",
            Unavailable::UnreachedPrograms(_) => "unreached-programs",
            Unavailable::NoNamespaces(_) => "no-namespaces",
            Unavailable::SameOrder(_) => "same-order",
            Unavailable::SameToolchain(_) => "same-toolchain",
        }
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unavailable::Held { variable, by } => write!(f, "{variable} is set by {by}"),
            Unavailable::NoUmask => f.write_str("this system has no umask"),
            Unavailable::SameCollation => {
                f.write_str("no installed locale sorts differently from C")
            }
            Unavailable::NoPreload(why)
            | Unavailable::NoNamespaces(why)
            | Unavailable::SameOrder(why)
            | Unavailable::SameToolchain(why) => f.write_str(why),
            Unavailable::StaticScripts(packages) => {
                write!(f, "statically linked build scripts: {}", packages.join(", "))
            }
            Unavailable::UnreachedPrograms(programs) => {
                let by_obstacle = programs.chunk_by(|a, b| a.obstacle == b.obstacle);
                let shown = by_obstacle.map(|all| {
                    let names: Vec<&str> = all.iter().map(|p| &*p.name).collect();
                    format!("{} programs: {}", all[0].obstacle.word(), names.join(", "))
                });
                f.write_str(&shown.collect::<Vec<_>>().join("; "))
            }
        }
    }
}

/// What was varied and what was not. Each variation is in `applied`, `off` or `unavailable`; one
/// that reached the builds by some of its carriers only is in `applied` and in `unavailable`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// What differed between the builds.
    pub applied: Vec<(VariationId, Values)>,
    /// What was switched off, and by whom.
    pub off: Vec<(VariationId, ChosenBy)>,
    /// What was on and did not reach the builds, or not wholly, and why.
    pub unavailable: Vec<(VariationId, Unavailable)>,
}

impl Coverage {
    /// Of a run with these variations on.
    pub fn of(
        table: &[Variation],
        set: &VariationSet,
        canaries: &Canaries,
        reach: &Reach,
    ) -> Coverage {
        let mut coverage = Coverage::default();
        for row in table {
            if !set.has(row.id) {
                coverage.off.push((row.id, set.off_by(row.id)));
                continue;
            }
            let found: Vec<Reached> = row.carriers.iter().map(|c| reach.of(row, *c)).collect();
            if found.iter().any(|f| !matches!(f, Reached::Nothing(_))) {
                coverage.applied.push((row.id, set.values(row.id, canaries)));
            }
            for why in found.into_iter().filter_map(Reached::missing) {
                coverage.unavailable.push((row.id, why));
            }
            if row.needs == Need::OtherLocale && canaries.locale.is_none() {
                coverage.unavailable.push((row.id, Unavailable::SameCollation));
            }
        }
        coverage
    }

    /// Whether it reached the builds.
    pub fn is_applied(&self, id: VariationId) -> bool {
        self.applied.iter().any(|(applied, _)| *applied == id)
    }

    /// Whether it reached the builds by each of its carriers.
    pub fn is_whole(&self, id: VariationId) -> bool {
        self.is_applied(id) && self.unavailable.iter().all(|(missing, _)| *missing != id)
    }
}

/// How far one carrier got.
enum Reached {
    Whole,
    Part(Unavailable),
    Nothing(Unavailable),
}

impl Reached {
    fn unless(why: Option<&str>, unavailable: fn(String) -> Unavailable) -> Reached {
        why.map_or(Reached::Whole, |why| Reached::Nothing(unavailable(why.to_string())))
    }

    fn missing(self) -> Option<Unavailable> {
        match self {
            Reached::Whole => None,
            Reached::Part(why) | Reached::Nothing(why) => Some(why),
        }
    }
}

impl Reach<'_> {
    fn of(&self, row: &Variation, carrier: Carrier) -> Reached {
        match carrier {
            Carrier::Directory(names) | Carrier::Variables(names) | Carrier::Within(names) => {
                let held = names.iter().find_map(|v| Some((*v, (self.holder)(v)?)));
                match held {
                    Some((variable, by)) => Reached::Nothing(Unavailable::Held { variable, by }),
                    None => Reached::Whole,
                }
            }
            Carrier::Umask if self.umask => Reached::Whole,
            Carrier::Umask => Reached::Nothing(Unavailable::NoUmask),
            Carrier::Jobs | Carrier::Mtime => Reached::Whole,
            Carrier::Preload => match why_not(self.preload, row) {
                Some(why) => Reached::Nothing(Unavailable::NoPreload(why.to_string())),
                None if !self.static_scripts.is_empty() => {
                    Reached::Part(Unavailable::StaticScripts(self.static_scripts.to_vec()))
                }
                None if !self.unreached.is_empty() => {
                    Reached::Part(Unavailable::UnreachedPrograms(self.unreached.to_vec()))
                }
                None => Reached::Whole,
            },
            Carrier::Copies => Reached::unless(self.copies, Unavailable::SameOrder),
            Carrier::Toolchain => Reached::unless(self.toolchain, Unavailable::SameToolchain),
            Carrier::Namespace => {
                Reached::unless(why_not(self.namespaces, row), Unavailable::NoNamespaces)
            }
        }
    }
}

fn why_not<'a>(missing: &'a [(VariationId, String)], row: &Variation) -> Option<&'a str> {
    missing.iter().find(|(id, _)| *id == row.id).map(|(_, why)| why.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variation::{VARIATIONS, VariationId as Id};

    fn canaries(locale: Option<&str>) -> Canaries {
        Canaries {
            scratch: "/s".into(),
            token: "q7x".into(),
            sides: 2,
            cpus: 2,
            locale: locale.map(str::to_string),
            ..Canaries::default()
        }
    }

    const FREE: Reach = Reach {
        holder: &|_| None,
        umask: true,
        preload: &[],
        static_scripts: &[],
        unreached: &[],
        namespaces: &[],
        copies: None,
        toolchain: None,
    };

    fn of(reach: &Reach) -> Coverage {
        let canaries = canaries(Some("de_DE.utf8"));
        Coverage::of(VARIATIONS, &VariationSet::default(), &canaries, reach)
    }

    /// What the coverage says of one variation, and that it says of all others that they reached
    /// the builds.
    #[track_caller]
    fn only(found: &Coverage, ids: &[Id], applied: bool, want: &str) {
        for row in VARIATIONS {
            let concerned = ids.contains(&row.id);
            assert_eq!(found.is_whole(row.id), !concerned, "{}", row.text);
            assert_eq!(found.is_applied(row.id), !concerned || applied, "{}", row.text);
        }
        let said: Vec<_> =
            found.unavailable.iter().map(|(id, why)| (*id, why.to_string())).collect();
        let want: Vec<_> = ids.iter().map(|id| (*id, want.to_string())).collect();
        assert_eq!(said, want);
    }

    #[test]
    fn where_nothing_is_in_the_way_each_variation_is_applied() {
        only(&of(&FREE), &[], true, "");
    }

    #[test]
    fn a_variable_that_is_held_takes_its_variation() {
        let all: [(&str, &[Id]); 5] = [
            ("HOME", &[Id::Home, Id::GitConfig]),
            ("TEMP", &[Id::Tmpdir]),
            ("TZ", &[Id::Timezone]),
            ("LANG", &[Id::Locale]),
            ("PATH", &[Id::SearchPath]),
        ];
        for (variable, ids) in all {
            let holder = |name: &str| (name == variable).then_some(Holder::PassEnv);
            let found = of(&Reach { holder: &holder, ..FREE });
            only(&found, ids, false, &format!("{variable} is set by --pass-env"));
        }
        let holder = |name: &str| (name == "TZ").then_some(Holder::ConfigEnv);
        let found = of(&Reach { holder: &holder, ..FREE });
        only(&found, &[Id::Timezone], false, "TZ is set by [env] of a cargo config file");
    }

    #[test]
    fn a_held_host_name_still_differs_in_system_calls_and_the_other_way_round() {
        let holder = |name: &str| (name == "HOST").then_some(Holder::PassEnv);
        let found = of(&Reach { holder: &holder, ..FREE });
        only(&found, &[Id::Hostname], true, "HOST is set by --pass-env");
        let preload = [(Id::Hostname, "no effect".to_string())];
        let found = of(&Reach { preload: &preload, ..FREE });
        only(&found, &[Id::Hostname], true, "no effect");
        let none = Reach { holder: &holder, preload: &preload, ..FREE };
        let found = of(&none);
        assert!(found.is_applied(Id::Hostname));
        assert_eq!(found.unavailable.len(), 2);
        let namespaces = [(Id::Hostname, "none".to_string())];
        assert!(!of(&Reach { namespaces: &namespaces, ..none }).is_applied(Id::Hostname));
    }

    #[test]
    fn static_build_scripts_are_reached_by_variables_only() {
        let scripts = ["x 1.0.0".to_string()];
        let found = of(&Reach { static_scripts: &scripts, ..FREE });
        let preloaded = [Id::Hostname, Id::Kernel, Id::CpuCount, Id::DirectoryOrder, Id::Clock];
        only(&found, &preloaded, true, "statically linked build scripts: x 1.0.0");
        let program = |obstacle, name: &str| Unreached { obstacle, name: name.to_string() };
        let programs = [
            program(Obstacle::Static, "/opt/a"),
            program(Obstacle::Static, "/opt/b"),
            program(Obstacle::OtherUser, "/usr/bin/sudo"),
        ];
        let found = of(&Reach { unreached: &programs, ..FREE });
        let want =
            "statically linked programs: /opt/a, /opt/b; set-user-ID programs: /usr/bin/sudo";
        only(&found, &preloaded, true, want);
    }

    #[test]
    fn two_locales_that_sort_alike_are_varied_in_part() {
        let found = Coverage::of(VARIATIONS, &VariationSet::default(), &canaries(None), &FREE);
        let why = "no installed locale sorts differently from C";
        only(&found, &[Id::Locale], true, why);
    }

    #[test]
    fn what_is_off_says_who_switched_it_off_and_is_not_called_unavailable() {
        let preload = [(Id::Clock, "no effect".to_string())];
        let reach = Reach { preload: &preload, ..FREE };
        let sets = [
            (VariationSet::of_flag("-clock"), ChosenBy::Flag),
            (VariationSet::of_project("-clock"), ChosenBy::Project),
        ];
        for (set, by) in sets {
            let canaries = canaries(Some("de_DE.utf8"));
            let found = Coverage::of(VARIATIONS, &set.unwrap(), &canaries, &reach);
            assert_eq!(found.off, [(Id::Clock, by)]);
            assert!(found.unavailable.is_empty() && !found.is_applied(Id::Clock));
        }
        let none = VariationSet::of_flag("none").unwrap();
        let found = Coverage::of(VARIATIONS, &none, &canaries(None), &FREE);
        assert!(found.applied.is_empty() && found.unavailable.is_empty());
        assert_eq!(found.off.len(), VARIATIONS.len());
    }
}
