//! Values within two texts that differ, in the words of which they are made: what a build script wrote
//! comes back in programs without the text around it.

/// Where both values are shorter, they would be found in anything.
const SHORTEST: usize = 2;
/// Longer ones are texts.
const LONGEST: usize = 256;
/// What is not part of a word at its ends.
const AROUND: [char; 6] = ['.', ':', '-', '/', '+', '%'];

/// The words that differ in lines of as many words, and what differs of other lines as a whole.
pub fn values_of(a: &str, b: &str) -> Vec<(String, String)> {
    let lines = a.lines().zip(b.lines()).filter(|(x, y)| x != y);
    let mut values = Vec::new();
    for (x, y) in lines {
        let (x, y) = (words(x), words(y));
        if x.len() == y.len() {
            values.extend(x.into_iter().zip(y).filter(|(x, y)| x != y));
        }
    }
    values.retain(|(x, y)| (SHORTEST..=LONGEST).contains(&x.len().max(y.len())));
    values
}

/// Runs of what names, numbers, paths and times are made of, with escapes of source code left out.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let part = c.is_alphanumeric() || "_.:-/+%@".contains(c);
        match words.last_mut() {
            Some(word) if part => word.push(c),
            _ => words.push(String::new()),
        }
        if c == '\\' {
            chars.next();
        }
    }
    let bare = |word: String| {
        let end = word.trim_end_matches(AROUND);
        let bare = end.trim_start_matches(AROUND);
        // A sign belongs to its number.
        match bare.starts_with(|c: char| c.is_ascii_digit()) && end.ends_with(&format!("-{bare}")) {
            true => format!("-{bare}"),
            false => bare.to_string(),
        }
    };
    words.into_iter().map(bare).filter(|w| !w.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_differ_are_values() {
        let of = |a, b| -> Vec<String> {
            values_of(a, b).into_iter().map(|(a, b)| format!("{a} {b}")).collect()
        };
        let cases: [(&str, &str, &[&str]); 10] = [
            (
                "const V: &str = \"41187\\n72.5\";",
                "const V: &str = \"41188\\n72.9\";",
                &["41187 41188", "72.5 72.9"],
            ),
            ("same\nT=12:30:01;", "same\nT=12:30:07;", &["12:30:01 12:30:07"]),
            ("/home/a/x.rs", "/home/bob/x.rs", &["home/a/x.rs home/bob/x.rs"]),
            // Too short to tell, as many as before, and not as many.
            ("x = 1", "x = 2", &[]),
            ("x = 9", "x = 11", &["9 11"]),
            ("id 28", "id 1031", &["28 1031"]),
            ("of 1234 - 5;", "of -987 - 5;", &["1234 -987"]),
            ("same", "same", &[]),
            ("one two", "one", &[]),
            ("[alpha, beta]", "[beta, alpha]", &["alpha beta", "beta alpha"]),
        ];
        for (a, b, want) in cases {
            assert_eq!(of(a, b), want, "{a} / {b}");
        }
    }
}
