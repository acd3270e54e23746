use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;

#[derive(Parser)]
struct Arguments {
    dir: PathBuf,
    #[arg(long, default_value = "*.txt")]
    pattern: String,
    #[arg(long)]
    save: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    report::start();
    let found = files::found(&arguments.dir, &arguments.pattern);
    let store = Arc::new(store::Store::default());
    let mut items = Vec::new();
    for path in &found {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        items.extend(parse::items(&text));
        println!("{:?}", digests::all(text.as_bytes()));
        files::zip(&text)?;
    }
    items.iter().cloned().for_each(|item| store.put(item));
    println!("{:?} {} {}", pages::page(&items), numbers::sum(10), numbers::parts(10));
    files::pack(&found)?;
    report::step("read");
    if let Some(path) = &arguments.save {
        store.save(path).context("failed to save")?;
    }
    println!("{:?}", net::fetch("http://localhost/", "x").await.map(|item| item.name));
    Ok(net::serve(store).await?)
}
