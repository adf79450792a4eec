//! The page: a map of records by owner and stage. Drawn whole here; the page has no script, and fetches nothing.
#![allow(
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    reason = "where a dot is drawn is a picture's matter, to hundredths of a degree; no value is decided by it"
)]

use std::collections::{BTreeMap, BTreeSet};

use super::gazetteer::Point;

const OUTLINE: &str = include_str!("../../map/outline.path");
const STYLE: &str = include_str!("style.css");
/// The most dots that are drawn: a browser shows more, a person sees no more.
const DOTS_MAX: usize = 5_000;
/// The most rows of the list of those without a place.
const ROWS_MAX: usize = 50;
/// Colours that people with any kind of sight tell apart (Okabe and Ito); owners past the last share it.
const COLOURS: [&str; 8] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#b5a900", "#777777"];
/// A dot's form says the stage; stages past the last share it.
const FORMS: [Form; 5] = [Form::Circle, Form::Square, Form::Diamond, Form::Triangle, Form::Cross];
/// The least that is shown of the world, in degrees: a single town is not blown up to a street map that there is none of.
const SPAN_MIN: f32 = 12.0;

#[derive(Clone, Copy, Debug)]
enum Form {
    Circle,
    Square,
    Diamond,
    Triangle,
    Cross,
}

/// One record, as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pin {
    pub(crate) kind: String,
    pub(crate) name: String,
    /// The address's town and country, as it says them.
    pub(crate) place: String,
    pub(crate) at: Option<Point>,
    pub(crate) owner: String,
    pub(crate) stage: String,
    /// The record at its vendor.
    pub(crate) link: Option<String>,
}

/// What the person wants to see; empty: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) owner: Option<String>,
    pub(crate) stage: Option<String>,
    pub(crate) whole_world: bool,
}

/// The page over all records. `key` is what the page's own links must carry; `more` says that there were records which were not read.
pub(crate) fn page(pins: &[Pin], wanted: &Wanted, key: &str, more: bool) -> String {
    let owners = named(pins.iter().map(|pin| &pin.owner));
    let stages = named(pins.iter().map(|pin| &pin.stage));
    let shown: Vec<&Pin> = pins
        .iter()
        .filter(|pin| wanted.owner.as_ref().is_none_or(|owner| pin.owner == *owner))
        .filter(|pin| wanted.stage.as_ref().is_none_or(|stage| pin.stage == *stage))
        .collect();
    let placed: Vec<(&Pin, Point)> = shown.iter().filter_map(|pin| Some((*pin, pin.at?))).collect();
    let mut html = String::from("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Syncline: map</title>");
    write(&mut html, format_args!("<meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>"));
    let word = if shown.len() == 1 { "record" } else { "records" };
    write(&mut html, format_args!("<header><h1>{} {word}</h1><p>{} on the map", shown.len(), placed.len()));
    if placed.len() > DOTS_MAX {
        write(&mut html, format_args!(", the first {DOTS_MAX} drawn"));
    }
    if more {
        html.push_str("; there are more, which were not read");
    }
    html.push_str("</p></header><main>");
    draw(&mut html, &placed, &owners, &stages, wanted);
    html.push_str("<aside>");
    legend(&mut html, "Owner", &counts(pins, &owners, |pin| &pin.owner), wanted.owner.as_ref(), |owner| {
        link(&Wanted { owner, ..wanted.clone() }, key)
    });
    legend(&mut html, "Stage", &counts(pins, &stages, |pin| &pin.stage), wanted.stage.as_ref(), |stage| {
        link(&Wanted { stage, ..wanted.clone() }, key)
    });
    let other = Wanted { whole_world: !wanted.whole_world, ..wanted.clone() };
    let word = if wanted.whole_world { "only where records are" } else { "the whole world" };
    write(&mut html, format_args!("<p><a href=\"{}\">Show {word}</a></p></aside></main>", escape(&link(&other, key))));
    unplaced(&mut html, &shown);
    html.push_str(
        "<footer>Places: GeoNames (CC BY 4.0). Outline: Natural Earth. A record stands at its town; nothing is fetched.</footer>",
    );
    html.push_str("</body></html>");
    html
}

/// Who and what appears, each once, in order, with its number.
fn named<'a>(values: impl Iterator<Item = &'a String>) -> BTreeMap<&'a str, usize> {
    let names: BTreeSet<&str> = values.map(String::as_str).collect();
    names.into_iter().enumerate().map(|(number, name)| (name, number)).collect()
}

/// Name, number, and how many records.
fn counts<'a>(pins: &'a [Pin], names: &BTreeMap<&'a str, usize>, of: fn(&Pin) -> &String) -> Vec<(&'a str, usize, usize)> {
    names.iter().map(|(name, number)| (*name, *number, pins.iter().filter(|pin| of(pin) == name).count())).collect()
}

fn draw(html: &mut String, placed: &[(&Pin, Point)], owners: &BTreeMap<&str, usize>, stages: &BTreeMap<&str, usize>, wanted: &Wanted) {
    let frame = if wanted.whole_world || placed.is_empty() { Frame::WORLD } else { Frame::around(placed.iter().map(|(_, point)| *point)) };
    let unit = frame.width / 160.0;
    write(
        html,
        format_args!(
            "<svg role=\"img\" aria-label=\"map\" viewBox=\"{:.2} {:.2} {:.2} {:.2}\">",
            frame.x, frame.y, frame.width, frame.height
        ),
    );
    html.push_str("<path class=\"land\" d=\"");
    html.push_str(OUTLINE);
    html.push_str("\"/>");
    let mut at_town: BTreeMap<(i32, i32), u16> = BTreeMap::new();
    for (pin, point) in placed.iter().take(DOTS_MAX) {
        let (x, y) = (point.longitude + 180.0, 90.0 - point.latitude);
        let number = at_town.entry(((x * 100.0) as i32, (y * 100.0) as i32)).or_insert(0);
        // Records of one town lie around it like the seeds of a sunflower, so that each can be seen.
        let (distance, angle) = (unit * f32::from(*number).sqrt(), f32::from(*number) * 2.399_963);
        *number = number.saturating_add(1);
        let (x, y) = (x + distance * angle.cos(), y + distance * angle.sin());
        let colour = COLOURS[owners.get(pin.owner.as_str()).copied().unwrap_or_default().min(COLOURS.len() - 1)];
        let form = FORMS[stages.get(pin.stage.as_str()).copied().unwrap_or_default().min(FORMS.len() - 1)];
        let title = format!("{}: {} ({}), {}, {}", pin.kind, pin.name, pin.place, pin.owner, pin.stage);
        let dot = dot(form, x, y, unit * 0.55, colour, &escape(&title));
        match &pin.link {
            Some(link) => write(html, format_args!("<a href=\"{}\" rel=\"noreferrer\">{dot}</a>", escape(link))),
            None => html.push_str(&dot),
        }
    }
    html.push_str("</svg>");
}

fn dot(form: Form, x: f32, y: f32, size: f32, colour: &str, title: &str) -> String {
    let inside = format!("fill=\"{colour}\"><title>{title}</title>");
    let (left, right, top, bottom) = (x - size, x + size, y - size, y + size);
    match form {
        Form::Circle => format!("<circle cx=\"{x:.3}\" cy=\"{y:.3}\" r=\"{size:.3}\" {inside}</circle>"),
        Form::Square => format!("<path d=\"M{left:.3} {top:.3}H{right:.3}V{bottom:.3}H{left:.3}Z\" {inside}</path>"),
        Form::Diamond => format!("<path d=\"M{x:.3} {top:.3}L{right:.3} {y:.3}L{x:.3} {bottom:.3}L{left:.3} {y:.3}Z\" {inside}</path>"),
        Form::Triangle => format!("<path d=\"M{x:.3} {top:.3}L{right:.3} {bottom:.3}H{left:.3}Z\" {inside}</path>"),
        Form::Cross => {
            let (third, step) = (size / 3.0, size - size / 3.0);
            let arms = format!("h{0:.3}v{0:.3}h-{0:.3}v{1:.3}h-{1:.3}v-{1:.3}h-{0:.3}v-{1:.3}h{0:.3}Z", step, third * 2.0);
            format!("<path d=\"M{:.3} {top:.3}h{:.3}v{step:.3}{arms}\" {inside}</path>", x - third, third * 2.0)
        }
    }
}

/// The part of the world that is shown, in degrees from the upper left corner.
struct Frame {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

impl Frame {
    const WORLD: Self = Self { x: 0.0, y: 5.0, width: 360.0, height: 145.0 };

    /// Around all these, with a margin, not smaller than a large country.
    fn around(points: impl Iterator<Item = Point>) -> Self {
        let (mut left, mut right, mut top, mut bottom) = (360.0_f32, 0.0_f32, 180.0_f32, 0.0_f32);
        for point in points {
            let (x, y) = (point.longitude + 180.0, 90.0 - point.latitude);
            (left, right, top, bottom) = (left.min(x), right.max(x), top.min(y), bottom.max(y));
        }
        let width = (right - left).mul_add(1.2, 2.0).max(SPAN_MIN);
        // Neither a strip nor a column.
        let height = (bottom - top).mul_add(1.2, 2.0).max(width * 0.5);
        let width = width.max(height);
        Self { x: (left + right - width) / 2.0, y: (top + bottom - height) / 2.0, width, height }
    }
}

fn legend(html: &mut String, title: &str, rows: &[(&str, usize, usize)], chosen: Option<&String>, link: impl Fn(Option<String>) -> String) {
    write(html, format_args!("<h2>{title}</h2><ul>"));
    for (name, number, count) in rows {
        let is_chosen = chosen.is_some_and(|chosen| chosen == name);
        let sample = if title == "Owner" {
            dot(Form::Circle, 6.0, 6.0, 5.0, COLOURS[(*number).min(COLOURS.len() - 1)], "")
        } else {
            dot(FORMS[(*number).min(FORMS.len() - 1)], 6.0, 6.0, 5.0, "#444", "")
        };
        // A second click takes the choice back.
        let href = link((!is_chosen).then(|| (*name).to_owned()));
        let shown = if name.is_empty() { "(none)" } else { name };
        let current = if is_chosen { " aria-current=\"true\"" } else { "" };
        write(
            html,
            format_args!(
                "<li><a href=\"{}\"{current}><svg viewBox=\"0 0 12 12\">{sample}</svg>{}</a> {count}</li>",
                escape(&href),
                escape(shown)
            ),
        );
    }
    html.push_str("</ul>");
}

fn unplaced(html: &mut String, shown: &[&Pin]) {
    let rows: Vec<&&Pin> = shown.iter().filter(|pin| pin.at.is_none()).collect();
    if rows.is_empty() {
        return;
    }
    write(
        html,
        format_args!("<section><h2>Without a place: {}</h2><p>Their address names no town that the table knows.</p><table>", rows.len()),
    );
    html.push_str("<tr><th>record</th><th>address</th><th>owner</th><th>stage</th></tr>");
    for pin in rows.iter().take(ROWS_MAX) {
        let cells = [&pin.name, &pin.place, &pin.owner, &pin.stage].map(|cell| escape(cell));
        write(html, format_args!("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", cells[0], cells[1], cells[2], cells[3]));
    }
    html.push_str("</table>");
    if rows.len() > ROWS_MAX {
        write(html, format_args!("<p>and {} more</p>", rows.len() - ROWS_MAX));
    }
    html.push_str("</section>");
}

fn link(wanted: &Wanted, key: &str) -> String {
    let mut link = format!("?key={}", encoded(key));
    for (name, value) in [("owner", &wanted.owner), ("stage", &wanted.stage)] {
        if let Some(value) = value {
            write(&mut link, format_args!("&{name}={}", encoded(value)));
        }
    }
    if wanted.whole_world {
        link.push_str("&world=1");
    }
    link
}

fn encoded(text: &str) -> impl std::fmt::Display {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
}

/// As text or as an attribute's value.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(sign),
        }
    }
    escaped
}

fn write(html: &mut String, words: std::fmt::Arguments<'_>) {
    html.push_str(&std::fmt::format(words));
}
