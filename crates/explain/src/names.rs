//! Names of symbols, members and crates, without the hashes that compilers put into them.

use std::fmt::Write;

use rustc_demangle::demangle;

use super::image::{Image, Kind};
use super::known::Context;
use crate::cause::Cause;
use crate::finding::{About, At, Finding, Place, cut};

/// Digits that make a run of hexadecimal a hash.
const HASH: usize = 16;

/// The name with each hash replaced by `#`: runs of sixteen hexadecimal digits or more, and what
/// LLVM appends after `.llvm.`.
pub fn without_hashes(name: &str) -> String {
    let name = match name.find(".llvm.") {
        Some(at) => {
            let end = name[at + 6..].find(|c: char| !c.is_ascii_digit());
            let rest = end.map_or("", |e| &name[at + 6 + e..]);
            format!("{}{rest}", &name[..at])
        }
        None => name.to_string(),
    };
    let mut out = String::new();
    let mut run = String::new();
    for c in name.chars().chain(['\0']) {
        if c.is_ascii_hexdigit() && !c.is_ascii_uppercase() {
            run.push(c);
            continue;
        }
        match run.len() >= HASH {
            true => out.push('#'),
            false => out.push_str(&run),
        }
        run.clear();
        out.push(c);
    }
    out.pop();
    out
}

/// Whether it is an object as the `cc` crate names them: after a hash of a directory.
pub fn is_of_cc(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    let hash = base.bytes().take_while(|b| b.is_ascii_hexdigit()).count();
    hash == HASH
        && base[hash..].starts_with('-')
        && base.ends_with(".o")
        && !base.contains(".rcgu.")
}

/// The name without the extension of a compressor.
pub fn without_compression(name: &str) -> &str {
    let known = |end: &str| ["gz", "xz", "zst", "bz2", "lzma"].contains(&end);
    match name.rsplit_once('.') {
        Some((stem, end)) if known(end) => stem,
        _ => name,
    }
}

/// Directories of a wheel that are called after its name and version.
const OF_WHEELS: [&str; 3] = [".dist-info", ".data", ".egg-info"];

/// The name with each version replaced by `#`: dotted numbers with their suffix, such as `1.2rc1`, and the
/// version in the name of a wheel's directory.
pub fn without_versions(name: &str) -> String {
    let (first, below) = name.split_once('/').map_or((name, None), |(f, b)| (f, Some(b)));
    let of_wheel = OF_WHEELS.iter().find_map(|end| {
        let (package, _) = first.strip_suffix(end)?.split_once('-')?;
        Some(format!("{package}-#{end}"))
    });
    match (of_wheel, below) {
        (Some(first), Some(below)) => format!("{first}/{}", without_numbers(below)),
        (Some(first), None) => first,
        (None, _) => without_numbers(name),
    }
}

/// Suffixes of versions that are not final (PEP 440, Semantic Versioning).
const STAGES: [&str; 9] = ["alpha", "beta", "pre", "post", "dev", "rc", "a", "b", "c"];

/// Length in bytes of the suffixes at the start of a text, such as `rc1` or `-beta.4`.
fn stage(rest: &str) -> usize {
    let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut at = 0;
    loop {
        let word = at + usize::from(rest[at..].starts_with(['-', '.', '_']));
        let Some(stage) = STAGES.iter().find(|s| rest[word..].starts_with(**s)) else { break };
        let number = word + stage.len();
        let number = number + usize::from(rest[number..].starts_with('.'));
        match digits(number) {
            0 => break,
            n => at = number + n,
        }
    }
    at
}

fn without_numbers(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(from.len());
        let number = from[..end].trim_end_matches('.');
        out.push_str(before);
        let version = number.contains('.');
        out.push_str(if version { "#" } else { number });
        rest = &from[number.len()..];
        rest = &rest[if version { stage(rest) } else { 0 }..];
    }
    out + rest
}

/// Bytes of a demangled name that are kept. Names can be made that demangle to far more.
const LONGEST: usize = 4096;

struct Short(String);

impl std::fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        if self.0.len() + text.len() > LONGEST {
            return Err(std::fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// The name demangled, without its own hash, and of bounded length.
pub fn demangled(name: &str) -> String {
    let mut out = Short(String::new());
    // An error is that there was no more room.
    let _ = write!(out, "{:#}", demangle(name));
    out.0
}

/// Crates that are in every program.
const STANDARD: [&str; 5] = ["core", "alloc", "std", "compiler_builtins", "proc_macro"];

/// The crate of a demangled name: that of its first path outside the standard library, else the first.
pub fn crate_of(name: &str) -> Option<String> {
    let mut first = None;
    let ident = |c: char| c.is_alphanumeric() || c == '_';
    let mut begin = 0;
    for (at, _) in name.match_indices("::") {
        // The identifier before it, if no path leads to that.
        let start = name[..at]
            .rfind(|c| !ident(c))
            .map_or(0, |i| i + name[i..].chars().next().map_or(1, char::len_utf8));
        let part_of_path = start >= 2 && name[..start].ends_with("::") && start > begin;
        begin = start;
        let word = &name[start..at];
        if part_of_path || word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        if !STANDARD.contains(&word) {
            return Some(word.to_string());
        }
        first.get_or_insert(word);
    }
    first.map(str::to_string)
}

/// A symbol's name as it is compared: demangled, without hashes.
fn plain(name: &str) -> String {
    without_hashes(&demangled(name))
}

/// What differs in the names of symbols: hashes alone, other symbols, or their order.
pub fn compare(a: &Image, b: &Image, within: &[String], context: &Context) -> Vec<Finding> {
    let named = |image: &Image| {
        // Constants without a name are called after a hash of what they hold.
        let own = |n: &&str| {
            !n.starts_with(".Lanon.") && !n.starts_with("anon.") && !n.starts_with("l_anon.")
        };
        let names = image.symbols.iter().map(|s| s.name.as_str());
        let mut names: Vec<&str> = names.filter(own).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(str::to_string).collect::<Vec<String>>()
    };
    let (x, y) = (named(a), named(b));
    let only = |from: &[String], other: &[String]| -> Vec<String> {
        let missing = from.iter().filter(|n| other.binary_search(n).is_err());
        missing.cloned().collect()
    };
    let (only_a, only_b) = (only(&x, &y), only(&y, &x));
    if only_a.is_empty() && only_b.is_empty() {
        return order(a, b, within).into_iter().collect();
    }
    let with_plain = |names: Vec<String>| {
        let mut list: Vec<(String, String)> = names.into_iter().map(|n| (plain(&n), n)).collect();
        list.sort();
        list
    };
    let (pa, pb) = (with_plain(only_a), with_plain(only_b));
    let (hashed, rest_a, rest_b) = super::image::matched(&pa, &pb, |(p, _)| p);
    let mut findings = Vec::new();
    if !hashed.is_empty() {
        findings.push(other_hashes(&pa, &pb, &hashed, within));
    }
    if !rest_a.is_empty() || !rest_b.is_empty() {
        let mut finding = other_names((&pa, &rest_a), (&pb, &rest_b), within, context);
        let table = |image: &Image| image.parts.iter().any(|p| p.name == ".symtab");
        if finding.cause == Cause::Unknown && table(a) != table(b) {
            finding.about = About::Stripped;
        }
        findings.push(finding);
    }
    findings
}

/// Names as they are compared, and as they are written.
type Names = [(String, String)];

fn other_hashes(a: &Names, b: &Names, hashed: &[(usize, usize)], within: &[String]) -> Finding {
    let (p, q) = (&a[hashed[0].0], &b[hashed[0].1]);
    let place = Place::new(within, At::Symbols(hashed.len()));
    let mut finding = Finding::new(Cause::SymbolHash, place, &p.1, &q.1);
    finding.krate = most_common(hashed.iter().filter_map(|(i, _)| crate_of(&a[*i].0)));
    finding.symbol = Some(p.0.clone());
    // LLVM's suffix is made from the names of the module's other symbols.
    finding.consequence =
        hashed.iter().all(|(i, j)| without_llvm(&a[*i].1) == without_llvm(&b[*j].1));
    finding
}

fn other_names(
    (a, rest_a): (&Names, &[usize]),
    (b, rest_b): (&Names, &[usize]),
    within: &[String],
    context: &Context,
) -> Finding {
    let say = |list: &Names, rest: &[usize]| {
        let shown: Vec<&str> = rest.iter().take(3).map(|i| list[*i].0.as_str()).collect();
        cut(&match rest.len() {
            0 => "none".to_string(),
            n if n > 3 => format!("{} and {} more", shown.join(", "), n - 3),
            _ => shown.join(", "),
        })
    };
    let place = Place::new(within, At::LoneSymbols);
    let mut finding = Finding::new(Cause::Unknown, place, say(a, rest_a), say(b, rest_b));
    let first = rest_a.first().map(|i| &a[*i].0);
    let first = first.or_else(|| rest_b.first().map(|i| &b[*i].0));
    finding.krate = first.and_then(|n| crate_of(n));
    let pairs = rest_a.iter().zip(rest_b).map(|(i, j)| (&*a[*i].1, &*b[*j].1));
    if rest_a.len() == rest_b.len()
        && let Some((cause, about, what)) = made_of(pairs, context)
    {
        (finding.cause, finding.about, finding.place.called) = (cause, about, what);
    }
    finding
}

/// What names of symbols are made of, if all of them are made of such.
fn made_of<'n>(
    mut pairs: impl Iterator<Item = (&'n str, &'n str)> + Clone,
    context: &Context,
) -> Option<(Cause, About, Option<String>)> {
    if pairs.clone().all(|(x, y)| is_of_dlltool(x) && is_of_dlltool(y)) {
        return Some((Cause::ImportLibrary, About::ImportName, None));
    }
    let blob = |name: &str| name.starts_with("_binary_");
    if pairs.clone().all(|(x, y)| blob(x) && blob(y)) {
        let what = "names that objcopy or ld makes from a path".to_string();
        return Some((Cause::BuildPath, About::FileSymbol, Some(what)));
    }
    let known = |x: &str, y: &str| {
        let mut known = context.known.iter().filter(|k| k.a.len().min(k.b.len()) >= HASH / 2);
        known.find(|k| x.contains(&k.a) && y.contains(&k.b)).cloned()
    };
    let first = pairs.next().and_then(|(x, y)| known(x, y))?;
    pairs.all(|(x, y)| known(x, y).is_some()).then_some((
        first.cause,
        first.about,
        Some(first.name),
    ))
}

/// Whether dlltool makes such a name, from the path of the library.
pub fn is_of_dlltool(name: &str) -> bool {
    name.starts_with("_head_") || name.ends_with("_iname") || name.contains("_imports_lib")
}

fn without_llvm(name: &str) -> &str {
    name.split(".llvm.").next().unwrap_or(name)
}

fn most_common(items: impl Iterator<Item = String>) -> Option<String> {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    items.for_each(|i| *counts.entry(i).or_default() += 1);
    let most = counts.into_iter().max_by_key(|(_, n)| *n);
    most.map(|(name, _)| name)
}

/// The same functions at addresses in another order.
fn order(a: &Image, b: &Image, within: &[String]) -> Option<Finding> {
    let code = |image: &Image| -> Vec<String> {
        let in_code = |s: &&super::image::Symbol| {
            let part = s.part.or_else(|| image.part_at(image.offset_of(s.address)?));
            part.is_some_and(|p| image.parts[p].kind == Kind::Code) && s.size > 0
        };
        let symbols = image.symbols.iter().filter(in_code);
        symbols.map(|s| s.name.clone()).collect()
    };
    let relocatable = |image: &Image| image.symbols.iter().any(|s| s.part.is_some());
    if relocatable(a) || relocatable(b) {
        return None;
    }
    let (x, y) = (code(a), code(b));
    let at = x.iter().zip(&y).position(|(x, y)| x != y)?;
    if x.len() != y.len() {
        return None;
    }
    let place = Place::new(within, At::Functions);
    let finding = Finding::new(Cause::Ordering, place, demangled(&x[at]), demangled(&y[at]));
    Some(Finding { krate: crate_of(&finding.a), about: About::Functions, ..finding })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Symbol;

    fn image(names: &[&str]) -> Image {
        let symbol = |(i, name): (usize, &&str)| Symbol {
            name: name.to_string(),
            address: i as u64,
            size: 1,
            part: None,
        };
        let mut image = Image::whole("test", Kind::Code, ".text", 100);
        image.parts[0].address = Some(0);
        image.tile(100);
        image.symbols = names.iter().enumerate().map(symbol).collect();
        image
    }

    #[test]
    fn the_crate_is_that_of_the_first_path_that_is_not_standard() {
        let cases = [
            ("app::main", Some("app")),
            ("<app::Thing as core::fmt::Display>::fmt", Some("app")),
            ("<core::option::Option<T> as app::Trait>::f", Some("app")),
            ("core::ptr::drop_in_place<alloc::vec::Vec<app::X>>", Some("app")),
            ("std::rt::lang_start", Some("std")),
            ("app::a::b::c", Some("app")),
            ("main", None),
            ("", None),
        ];
        for (name, want) in cases {
            assert_eq!(crate_of(name).as_deref(), want, "{name}");
        }
    }

    #[test]
    fn hashes_are_left_out_of_names() {
        let cases = [
            ("app-0123456789abcdef.app.1c2d-cgu.0.rcgu.o", "app-#.app.1c2d-cgu.0.rcgu.o"),
            ("f.llvm.1234567890", "f"),
            ("f.llvm.1234567890.x", "f.x"),
            ("decade", "decade"),
        ];
        for (name, want) in cases {
            assert_eq!(without_hashes(name), want);
        }
    }

    #[test]
    fn names_find_their_counterparts() {
        assert_eq!(without_versions("x-1.0.2.dist-info/RECORD"), "x-#.dist-info/RECORD");
        for (name, want) in [
            ("lib2/a1.so", "lib2/a1.so"),
            ("x-2.0.0rc1.dist-info/RECORD", "x-#.dist-info/RECORD"),
            ("x-2024.dist-info/METADATA", "x-#.dist-info/METADATA"),
            ("x-1.0+local.1.data/scripts/y-1.2", "x-#.data/scripts/y-#"),
            ("x-2.0.0rc1/setup.py", "x-#/setup.py"),
            ("x-1.2.3-beta.4.post1.dev2/a", "x-#/a"),
            ("x-1.2.c", "x-#.c"),
            ("x-1.2.dist", "x-#.dist"),
        ] {
            assert_eq!(without_versions(name), want);
        }
        assert_eq!(without_compression("data.tar.xz"), "data.tar");
        assert_eq!(without_compression("a.b"), "a.b");
        assert!(is_of_cc("0123456789abcdef-x.o") && !is_of_cc("app-0123456789abcdef.a.rcgu.o"));
    }

    #[test]
    fn hashes_order_and_other_symbols_are_told_apart() {
        let one = "_ZN3app4main17h0123456789abcdefE";
        let other = "_ZN3app4main17hfedcba9876543210E";
        let found = compare(&image(&[one, "x"]), &image(&[other, "x"]), &[], &Context::default());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].cause, found[0].consequence), (Cause::SymbolHash, false));
        assert_eq!(found[0].krate.as_deref(), Some("app"));
        let found = compare(&image(&["f.llvm.1"]), &image(&["f.llvm.2"]), &[], &Context::default());
        assert!(found[0].consequence);
        let found = compare(&image(&["f", "g"]), &image(&["g", "f"]), &[], &Context::default());
        assert_eq!(found[0].cause, Cause::Ordering);
        let found = compare(&image(&["f", "g"]), &image(&["f"]), &[], &Context::default());
        assert_eq!((found[0].cause, found[0].a.as_str()), (Cause::Unknown, "g"));
        assert!(compare(&image(&["f"]), &image(&["f"]), &[], &Context::default()).is_empty());
    }
}
