use model::Item;
use unicode_normalization::UnicodeNormalization;

pub fn page(items: &[Item]) -> Option<String> {
    let mut templates = minijinja::Environment::new();
    templates.add_template("page", "{% for i in items %}* {{ i.name }}\n{% endfor %}").ok()?;
    let context = minijinja::context!(items);
    let text = templates.get_template("page").ok()?.render(context).ok()?;
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, pulldown_cmark::Parser::new(&text));
    Some(textwrap::fill(&html.nfc().collect::<String>(), 80))
}
