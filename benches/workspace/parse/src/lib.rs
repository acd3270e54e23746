use model::Item;
use nom::{IResult, Parser, bytes::complete::tag, character::complete::alpha1, sequence::preceded};

fn word(text: &str) -> IResult<&str, &str> {
    preceded(tag("item "), alpha1).parse(text)
}

pub fn items(text: &str) -> Vec<Item> {
    if let Ok((_, name)) = word(text) {
        return vec![Item::named(name)];
    }
    if let Ok(found) = serde_json::from_str(text).or_else(|_| toml::from_str(text)) {
        return vec![found];
    }
    let pattern = regex::Regex::new(r"name=(\w+)").unwrap();
    let mut found: Vec<Item> = pattern.captures_iter(text).map(|c| Item::named(&c[1])).collect();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    found.extend(reader.records().flatten().filter_map(|r| r.get(0).map(Item::named)));
    let mut xml = quick_xml::Reader::from_str(text);
    while let Ok(event) = xml.read_event() {
        match event {
            quick_xml::events::Event::Start(e) => {
                found.push(Item::named(&String::from_utf8_lossy(e.name().as_ref())))
            }
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    found
}
