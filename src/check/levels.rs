//! How much findings count: a rule's own severity, changed by the project's metadata (with a reason
//! each), and both changed by the command line.

use super::hit::Severity;
use super::rules;

/// A setting of one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Not reported.
    Allow,
    /// A warning.
    Warn,
    /// An error.
    Deny,
}

impl Level {
    /// Reads a name from metadata.
    pub fn parse(text: &str) -> Option<Level> {
        match text {
            "allow" => Some(Level::Allow),
            "warn" => Some(Level::Warn),
            "deny" => Some(Level::Deny),
            _ => None,
        }
    }

    fn severity(self) -> Option<Severity> {
        match self {
            Level::Allow => None,
            Level::Warn => Some(Severity::Warning),
            Level::Deny => Some(Severity::Error),
        }
    }
}

/// A setting from the project's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The rule.
    pub id: String,
    /// What its findings count for.
    pub level: Level,
    /// Only those of this package: its name.
    pub package: Option<String>,
    /// Why; never empty.
    pub reason: String,
}

/// The word that stands for all warnings on the command line.
pub const WARNINGS: &str = "warnings";

/// All settings.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    exceptions: Vec<Exception>,
    given: Vec<(String, Level)>,
}

impl Levels {
    /// Puts them together. The error is a sentence.
    pub fn new(exceptions: Vec<Exception>, given: Vec<(String, Level)>) -> Result<Levels, String> {
        for (i, (id, level)) in given.iter().enumerate() {
            if id != WARNINGS {
                rules::named(id)?;
            } else if *level == Level::Warn {
                return Err(format!("`--warn {WARNINGS}` has no effect: leave it out"));
            }
            let other = given[..i].iter().find(|(o, l)| o == id && l != level);
            if other.is_some() {
                return Err(format!("`{id}` is given two levels: keep one of them"));
            }
        }
        for exception in &exceptions {
            rules::named(&exception.id)?;
            if exception.reason.trim().is_empty() {
                return Err(format!(
                    "the setting of `{}` gives no reason: add `reason = \"…\"`",
                    exception.id
                ));
            }
        }
        Ok(Levels { exceptions, given })
    }

    /// What a hit of a rule counts for; none if it is allowed. `package` is `name version`.
    pub fn of(&self, id: &str, package: Option<&str>, usual: Severity) -> Option<Severity> {
        if let Some((_, level)) = self.given.iter().find(|(g, _)| g == id) {
            return level.severity();
        }
        let name = package.map(|p| p.split(' ').next().unwrap_or(p));
        let fits =
            |e: &&Exception| e.id == id && (e.package.is_none() || e.package.as_deref() == name);
        // An exception for one package is stronger than one for all.
        let mut fitting: Vec<_> = self.exceptions.iter().filter(fits).collect();
        fitting.sort_by_key(|e| e.package.is_none());
        let severity = match fitting.first() {
            Some(exception) => exception.level.severity()?,
            None => usual,
        };
        let group = self.given.iter().find(|(g, _)| g == WARNINGS);
        match group {
            Some((_, level)) if severity == Severity::Warning => level.severity(),
            _ => Some(severity),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exception(level: Level, package: Option<&str>) -> Exception {
        Exception {
            id: "reads-clock".into(),
            level,
            package: package.map(str::to_string),
            reason: "known".into(),
        }
    }

    #[test]
    fn the_command_line_is_stronger_than_metadata_and_a_package_than_all() {
        let of = |exceptions, given: &[(&str, Level)], package| {
            let given = given.iter().map(|(i, l)| (i.to_string(), *l)).collect();
            let levels = Levels::new(exceptions, given).unwrap();
            levels.of("reads-clock", package, Severity::Warning)
        };
        let both = vec![exception(Level::Allow, None), exception(Level::Deny, Some("x"))];
        assert_eq!(of(both.clone(), &[], Some("x 1.0.0")), Some(Severity::Error));
        assert_eq!(of(both.clone(), &[], Some("xy 1.0.0")), None);
        let warn = [("reads-clock", Level::Warn)];
        assert_eq!(of(both, &warn, Some("y 1.0.0")), Some(Severity::Warning));
        let deny = [(WARNINGS, Level::Deny)];
        assert_eq!(of(vec![], &deny, None), Some(Severity::Error));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let given = |l: &[(&str, Level)]| {
            let given = l.iter().map(|(i, l)| (i.to_string(), *l)).collect();
            Levels::new(vec![], given).unwrap_err()
        };
        assert!(given(&[("no-rule", Level::Deny)]).contains("there is no rule `no-rule`"));
        let twice = [("reads-clock", Level::Deny), ("reads-clock", Level::Allow)];
        assert!(given(&twice).contains("two levels"));
        let mut silent = exception(Level::Allow, None);
        silent.reason = " ".into();
        assert!(Levels::new(vec![silent], vec![]).unwrap_err().contains("no reason"));
    }
}
