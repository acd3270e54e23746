//! TOML files, with the line of each key.

use std::path::{Path, PathBuf};

use anyhow::Result;
use toml_edit::{Document, DocumentMut, Item, Table};

use super::file::{read_text, read_text_if_any};
use crate::error::bad_input;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileLine {
    /// The file, absolute.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
}

/// A parsed file.
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) document: Document<String>,
}

impl File {
    /// Reads a file if there is one. A syntax error names file and line.
    pub(crate) fn read(path: &Path) -> Result<Option<File>> {
        let Some(text) = read_text_if_any(path)? else { return Ok(None) };
        File::parse(path, text).map(Some)
    }

    pub(crate) fn parse(path: &Path, text: String) -> Result<File> {
        let document = parse(&format!("`{}`", path.display()), text)?;
        Ok(File { path: path.to_owned(), document })
    }

    pub(crate) fn text(&self) -> &str {
        self.document.raw()
    }

    pub(crate) fn root(&self) -> &Table {
        self.document.as_table()
    }

    /// The place of an offset.
    pub(crate) fn place(&self, offset: usize) -> FileLine {
        FileLine { path: self.path.clone(), line: line_of(self.text(), offset) }
    }

    /// The place of a key in a table, else that of its value.
    pub(crate) fn place_of(&self, table: &dyn toml_edit::TableLike, key: &str) -> FileLine {
        let span = table.get_key_value(key).and_then(|(k, item)| k.span().or(item.span()));
        self.place(span.map_or(0, |s| s.start))
    }

    /// Comment lines that end right above a line, and a comment at its end.
    pub(crate) fn comment(&self, line: usize) -> String {
        let lines: Vec<&str> = self.text().lines().collect();
        let above = lines[..line.saturating_sub(1).min(lines.len())].iter().rev();
        let mut comment: Vec<&str> =
            above.map(|l| l.trim()).take_while(|l| l.starts_with('#')).collect();
        comment.reverse();
        let own = lines.get(line - 1).copied().unwrap_or_default();
        comment.extend(own.rfind(" #").map(|at| &own[at..]));
        comment.join("\n")
    }
}

/// Reads a file that is there, to be changed or only looked at. A syntax error names file and line.
pub fn read(path: &Path) -> Result<DocumentMut> {
    Ok(parse(&format!("`{}`", path.display()), read_text(path)?)?.into_mut())
}

/// Parses a document. A syntax error names `what` and the line.
pub(crate) fn parse(what: &str, text: String) -> Result<Document<String>> {
    Document::parse(text.clone()).map_err(|e| {
        let line = line_of(&text, e.span().map_or(0, |s| s.start));
        let why = e.message().replace('\n', " ");
        bad_input(format!("failed to parse {what} at line {line}: {why}"))
    })
}

pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    before.iter().filter(|b| **b == b'\n').count() + 1
}

/// A string below a table.
pub(crate) fn text(item: &Item, key: &str) -> Option<String> {
    item.as_table_like()?.get(key)?.as_str().map(str::to_string)
}
