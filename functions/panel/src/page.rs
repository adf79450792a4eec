//! The panel as HTML for a sidebar: one file, no script, nothing fetched.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::document::{Block, Document, Record};
use crate::text::escape;

const STYLE: &str = include_str!("page.css");

/// The policy under which the page is shown: nothing is fetched or run, and only these pages may frame it.
pub(crate) fn policy(frame_ancestors: &[String]) -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let ancestors = if frame_ancestors.is_empty() { "'none'".to_owned() } else { frame_ancestors.join(" ") };
    format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}")
}

pub(crate) fn page(document: &Document) -> String {
    let title = escape(&document.title);
    let mut body = String::new();
    if let Some(message) = &document.message {
        let class = if document.state == "by_email" { "note" } else { "note warn" };
        add(&mut body, format_args!("<p class=\"{class}\" role=\"status\">{}</p>\n", escape(message)));
    }
    for block in &document.blocks {
        section(&mut body, block);
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main data-state=\"{}\">\n<h1>{title}</h1>\n{body}</main>\n</body>\n</html>\n",
        escape(document.state)
    )
}

/// Writing into a text cannot fail.
fn add(body: &mut String, what: std::fmt::Arguments<'_>) {
    body.write_fmt(what).ok();
}

fn section(body: &mut String, block: &Block) {
    let name = escape(&block.name);
    // Several records stand closer together: their fields run on in a line.
    let class = if block.records.len() > 1 { " class=\"many\"" } else { "" };
    add(body, format_args!("<section{class} aria-labelledby=\"block-{name}\">\n<h2 id=\"block-{name}\">{}</h2>\n", escape(&block.title)));
    if let Some(empty) = &block.empty {
        add(body, format_args!("<p class=\"empty\">{}</p>\n", escape(empty)));
    }
    for record in &block.records {
        article(body, record);
    }
    body.push_str("</section>\n");
}

fn article(body: &mut String, record: &Record) {
    let heading = escape(&record.heading);
    match &record.link {
        Some(link) => add(
            body,
            format_args!("<article>\n<h3><a href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer\">{heading}</a></h3>\n", escape(link)),
        ),
        None => add(body, format_args!("<article>\n<h3>{heading}</h3>\n")),
    }
    let fields: Vec<_> = record.fields.iter().filter_map(|field| field.text.as_ref().map(|text| (&field.label, text))).collect();
    if !fields.is_empty() {
        body.push_str("<dl>\n");
        for (label, text) in fields {
            add(body, format_args!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(label), escape(text)));
        }
        body.push_str("</dl>\n");
    }
    body.push_str("</article>\n");
}
