//! The variations: what builds A and B differ in on purpose, because it must not matter.
//!
//! One const table drives behavior, `--vary`, `--list-variations`, the report and the docs. The
//! values are canaries: strings made for this run that occur nowhere else, so that a differing
//! byte range that holds them can be attributed. Applying them is done by the steps above.

use std::path::{Path, PathBuf};

/// What differs. The order is that of the table and of the reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // The table below says what each is.
pub enum Name {
    BuildPath,
    CargoHome,
    TargetDir,
    Home,
    Tmpdir,
    Username,
    Hostname,
    Timezone,
    Locale,
    Umask,
    Jobs,
    CpuCount,
    SourceMtime,
    Environment,
    Clock,
}

/// One row of the table.
pub struct Variation {
    /// Which.
    pub name: Name,
    /// Its name on the command line and in reports.
    pub text: &'static str,
    /// What differs between A and B.
    pub about: &'static str,
    /// What the host must have.
    pub needs: &'static str,
    /// Environment variables that carry it.
    pub variables: &'static [&'static str],
    /// The values of A and B.
    values: fn(&Canaries) -> (String, String),
}

/// Seconds by which B's clock runs ahead: 400 days, 5 hours and 17 minutes. The hour, the day of
/// the month, the month and the year all differ, whenever the build is made.
pub const CLOCK_OFFSET: i64 = 400 * 86_400 + 5 * 3_600 + 17 * 60;

/// What the values of one run are made from.
#[derive(Clone, Debug)]
pub struct Canaries {
    /// The scratch directory of the run, canonical.
    pub scratch: PathBuf,
    /// Eight characters that no other run has.
    pub token: String,
    /// CPUs of the host.
    pub cpus: u32,
    /// A locale of the host other than C, if it has one.
    pub locale: Option<String>,
    /// How many cargo config files of parent directories each copy carries; each takes a
    /// directory above the copy.
    pub outer_configs: usize,
}

impl Canaries {
    fn path(&self, side: &str, middle: &str, what: &str) -> String {
        let mut path = self.scratch.join(side);
        path.push(format!("{what}-{side}-{}", self.token));
        path.push(middle);
        // A trailing separator would be one more difference than meant.
        path.components().collect::<PathBuf>().display().to_string()
    }

    fn below(&self, base: String) -> String {
        let mut path = PathBuf::from(base);
        path.extend((0..self.outer_configs).map(|_| "outer"));
        path.join("src").display().to_string()
    }
}

/// The table.
pub const VARIATIONS: &[Variation] = &[
    Variation {
        name: Name::BuildPath,
        text: "build-path",
        about: "absolute path of the source, in length and depth",
        needs: "",
        variables: &[],
        values: |c| {
            (
                c.below(c.path("a", "", "build-path")),
                c.below(c.path("b", "some/levels/deeper", "build-path")),
            )
        },
    },
    Variation {
        name: Name::CargoHome,
        text: "cargo-home",
        about: "absolute path of CARGO_HOME, with directories of its own for the sources in it",
        needs: "",
        variables: &["CARGO_HOME"],
        values: |c| (c.path("a", "", "cargo-home"), c.path("b", "of/the/other", "cargo-home")),
    },
    Variation {
        name: Name::TargetDir,
        text: "target-dir",
        about: "absolute path of the target directory, and so of OUT_DIR",
        needs: "",
        variables: &["CARGO_TARGET_DIR", "CARGO_BUILD_BUILD_DIR"],
        values: |c| (c.path("a", "", "target-dir"), c.path("b", "elsewhere", "target-dir")),
    },
    Variation {
        name: Name::Home,
        text: "home",
        about: "HOME (USERPROFILE), an empty directory",
        needs: "",
        variables: &["HOME", "USERPROFILE"],
        values: |c| (c.path("a", "", "home"), c.path("b", "another", "home")),
    },
    Variation {
        name: Name::Tmpdir,
        text: "tmpdir",
        about: "TMPDIR (TEMP, TMP), an empty directory",
        needs: "",
        variables: &["TMPDIR", "TEMP", "TMP"],
        values: |c| (c.path("a", "", "tmp"), c.path("b", "another", "tmp")),
    },
    Variation {
        name: Name::Username,
        text: "username",
        about: "user name in USER, LOGNAME, USERNAME",
        needs: "",
        variables: &["USER", "LOGNAME", "USERNAME"],
        values: |c| (format!("user-a-{}", c.token), format!("user-bb-{}", c.token)),
    },
    Variation {
        name: Name::Hostname,
        text: "hostname",
        about: "host name in HOSTNAME, HOST, COMPUTERNAME, gethostname and uname",
        needs: "glibc on Linux for gethostname and uname",
        variables: &["HOSTNAME", "HOST", "COMPUTERNAME"],
        values: |c| (format!("host-a-{}", c.token), format!("host-bb-{}", c.token)),
    },
    Variation {
        name: Name::Timezone,
        text: "timezone",
        about: "TZ",
        needs: "",
        variables: &["TZ"],
        values: |_| ("UTC".into(), "RPB-13:45".into()),
    },
    Variation {
        name: Name::Locale,
        text: "locale",
        about: "LC_ALL and LANG",
        needs: "a locale other than C for a different collation; else B has C",
        variables: &["LC_ALL", "LANG"],
        values: |c| ("C.UTF-8".into(), c.locale.clone().unwrap_or_else(|| "C".into())),
    },
    Variation {
        name: Name::Umask,
        text: "umask",
        about: "permissions that new files do not get",
        needs: "Unix",
        variables: &[],
        values: |_| ("022".into(), "027".into()),
    },
    Variation {
        name: Name::Jobs,
        text: "jobs",
        about: "number of parallel jobs, which build scripts see as NUM_JOBS",
        needs: "",
        variables: &[],
        values: |c| {
            // What build scripts are told; how much runs at once is up to the jobserver.
            (c.cpus.to_string(), (c.cpus + 1).to_string())
        },
    },
    Variation {
        name: Name::CpuCount,
        text: "cpu-count",
        about: "CPUs in sched_getaffinity, sysconf and get_nprocs",
        needs: "glibc on Linux",
        variables: &[],
        values: |c| (c.cpus.to_string(), (c.cpus + 3).to_string()),
    },
    Variation {
        name: Name::SourceMtime,
        text: "source-mtime",
        about: "modification time of all source files, in seconds since 1970",
        needs: "",
        variables: &[],
        values: |_| ("1265169906".into(), "1404810611".into()),
    },
    Variation {
        name: Name::Environment,
        text: "environment",
        about: "a stray environment variable",
        needs: "",
        variables: &[],
        values: |c| {
            ("(unset)".into(), format!("REPRO_STRAY_{}=stray-{}", c.token.to_uppercase(), c.token))
        },
    },
    Variation {
        name: Name::Clock,
        text: "clock",
        about: "the time of day, by more than a year: clock_gettime, gettimeofday, time",
        needs: "glibc on Linux",
        variables: &[],
        values: |_| ("the host's".into(), "400 days, 5 hours and 17 minutes ahead".into()),
    },
];

impl Name {
    /// Its row.
    pub fn row(self) -> &'static Variation {
        VARIATIONS.iter().find(|v| v.name == self).expect("each name has a row")
    }
}

/// The value of one variation on each side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// Build A's.
    pub a: String,
    /// Build B's; equal to A's where it is not varied.
    pub b: String,
}

impl Values {
    /// The value of one side.
    pub fn of(&self, side: Side) -> &str {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }

    /// The value of one side as a path.
    pub fn path(&self, side: Side) -> &Path {
        Path::new(self.of(side))
    }

    /// Whether the sides differ.
    pub fn varied(&self) -> bool {
        self.a != self.b
    }
}

/// One of the two builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The build whose values are those of the recipe.
    A,
    /// The build that differs from it on purpose.
    B,
}

impl Side {
    /// Both.
    pub const BOTH: [Side; 2] = [Side::A, Side::B];

    /// `A` or `B`.
    pub fn label(self) -> &'static str {
        match self {
            Side::A => "A",
            Side::B => "B",
        }
    }
}

/// Which variations are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection(Vec<Name>);

impl Default for Selection {
    fn default() -> Selection {
        Selection(VARIATIONS.iter().map(|v| v.name).collect())
    }
}

impl Selection {
    /// Parses `--vary`: `none`, `all`, names (only these), or names with `+` and `-` (changes of
    /// the default). The error is a sentence.
    pub fn parse(text: &str) -> Result<Selection, String> {
        match text {
            "none" => return Ok(Selection(Vec::new())),
            "all" => return Ok(Selection::default()),
            _ => {}
        }
        let items: Vec<&str> = text.split(',').map(str::trim).collect();
        let signed = items.iter().filter(|i| i.starts_with(['+', '-'])).count();
        if signed != 0 && signed != items.len() {
            return Err(format!(
                "`{text}` mixes names with and without a sign: write `+name,-name` to change the default, or names alone to choose"
            ));
        }
        let mut on = if signed == 0 { Vec::new() } else { Selection::default().0 };
        for item in items {
            let name = named(item.trim_start_matches(['+', '-']))?;
            on.retain(|n| *n != name);
            if !item.starts_with('-') {
                on.push(name);
            }
        }
        on.sort();
        Ok(Selection(on))
    }

    /// Whether a variation is on.
    pub fn has(&self, name: Name) -> bool {
        self.0.contains(&name)
    }

    /// The values of a variation in this run.
    pub fn values(&self, name: Name, canaries: &Canaries) -> Values {
        let (a, b) = (name.row().values)(canaries);
        if self.has(name) { Values { a, b } } else { Values { b: a.clone(), a } }
    }
}

fn named(text: &str) -> Result<Name, String> {
    let names = || VARIATIONS.iter().map(|v| v.text).collect::<Vec<_>>();
    VARIATIONS
        .iter()
        .find(|v| v.text == text)
        .map(|v| v.name)
        .ok_or_else(|| format!("there is no variation `{text}`; there are {}", names().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canaries() -> Canaries {
        Canaries {
            scratch: "/s".into(),
            token: "q7x".into(),
            cpus: 2,
            locale: None,
            outer_configs: 1,
        }
    }

    #[test]
    fn every_variation_differs_between_the_sides_and_names_are_unique() {
        let all = Selection::default();
        for row in VARIATIONS {
            let v = all.values(row.name, &canaries());
            assert_ne!(v.a, v.b, "{}", row.text);
            assert_eq!(VARIATIONS.iter().filter(|r| r.text == row.text).count(), 1);
            assert_eq!(row.name.row().text, row.text);
        }
    }

    #[test]
    fn paths_differ_in_length_and_depth() {
        let v = Selection::default().values(Name::BuildPath, &canaries());
        assert_eq!(v.a, "/s/a/build-path-a-q7x/outer/src");
        assert_eq!(v.b, "/s/b/build-path-b-q7x/some/levels/deeper/outer/src");
    }

    #[test]
    fn selections_are_parsed() {
        let parse = |t| Selection::parse(t).unwrap();
        assert_eq!(parse("none").0, vec![]);
        assert_eq!(parse("umask,clock").0, vec![Name::Umask, Name::Clock]);
        assert!(!parse("-clock,+umask").has(Name::Clock));
        assert!(parse("-clock,+umask").has(Name::Home));
        assert!(!parse("none").values(Name::Home, &canaries()).varied());
    }

    #[test]
    fn wrong_selections_are_refused_with_a_sentence() {
        assert!(
            Selection::parse("color")
                .unwrap_err()
                .contains("there is no variation `color`; there are build-path")
        );
        assert!(Selection::parse("clock,-umask").unwrap_err().contains("mixes"));
    }

    #[test]
    fn the_clock_differs_in_hour_day_month_and_year_whenever_it_is() {
        // Civil date from days since 1970 (proleptic Gregorian), for the check only.
        let civil = |secs: i64| {
            let z = secs.div_euclid(86_400) + 719_468;
            let era = z.div_euclid(146_097);
            let doe = z.rem_euclid(146_097);
            let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
            let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
            let mp = (5 * doy + 2) / 153;
            let month = if mp < 10 { mp + 3 } else { mp - 9 };
            let year = yoe + era * 400 + i64::from(month <= 2);
            (year, month, doy - (153 * mp + 2) / 5 + 1, secs.rem_euclid(86_400) / 3_600)
        };
        for day in 0..(4 * 366) {
            for hour in [0, 11, 23] {
                let now = 1_700_000_000 / 86_400 * 86_400 + day * 86_400 + hour * 3_600;
                let (a, b) = (civil(now), civil(now + CLOCK_OFFSET));
                assert!(a.0 != b.0 && a.1 != b.1 && a.2 != b.2 && a.3 != b.3, "{a:?} {b:?}");
            }
        }
    }
}
