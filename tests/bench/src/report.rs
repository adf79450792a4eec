//! The figures as a table for people and as JSON for programs.

use serde_json::{Value as Json, json};
use syncline_model::Decimal;

use crate::scene::Spent;
use crate::size::Size;

/// A figure to three decimals, in thousandths: sums and shares stay exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Amount(u64);

impl Amount {
    pub(crate) fn count(count: u64) -> Self {
        Self(count * 1_000)
    }

    /// A share, rounded to the nearest thousandth; of nothing it is nothing.
    pub(crate) fn per(total: u64, of: u64) -> Self {
        Self((total * 1_000 + of / 2).checked_div(of).unwrap_or_default())
    }

    /// Of a sum that is not negative, rounded to the nearest thousandth.
    pub(crate) fn of(sum: Decimal) -> Self {
        Self(u64::try_from((sum * Decimal::ONE_THOUSAND).round()).unwrap_or(u64::MAX))
    }

    /// How many times the other it is; `None` beside nothing.
    fn times(self, other: Self) -> Option<Self> {
        (other.0 > 0).then(|| Self::per(self.0, other.0))
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match (self.0 / 1_000, self.0 % 1_000) {
            (whole, 0) => whole.to_string(),
            (whole, rest) => format!("{whole}.{rest:03}"),
        };
        f.pad(&text)
    }
}

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    AtMost(Amount),
    /// The least possible, which stands beside it.
    Least,
}

impl Aim {
    pub(crate) fn zero() -> Self {
        Self::AtMost(Amount(0))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// `None`: it is of none.
    recipe: Option<&'static str>,
    section: &'static str,
    what: String,
    measured: Amount,
    unit: &'static str,
    least: Option<Amount>,
    aim: Option<Aim>,
}

impl Figure {
    pub(crate) fn new(section: &'static str, what: impl Into<String>, measured: Amount, unit: &'static str) -> Self {
        Self { recipe: None, section, what: what.into(), measured, unit, least: None, aim: None }
    }

    /// The least possible, where it can be told without us.
    pub(crate) fn least(self, least: Amount) -> Self {
        Self { least: Some(least), ..self }
    }

    pub(crate) fn aim(self, aim: Aim) -> Self {
        Self { aim: Some(aim), ..self }
    }

    fn ratio(&self) -> Option<Amount> {
        self.measured.times(self.least?)
    }

    fn met(&self) -> Option<bool> {
        match self.aim? {
            Aim::AtMost(most) => Some(self.measured <= most),
            Aim::Least => Some(self.measured <= self.least?),
        }
    }

    fn aim_words(&self) -> String {
        match self.aim {
            None => String::new(),
            Some(Aim::AtMost(most)) => format!("at most {most}"),
            Some(Aim::Least) => "the least".to_owned(),
        }
    }
}

pub(crate) struct Report {
    size: &'static str,
    recipe: Option<&'static str>,
    figures: Vec<Figure>,
}

impl Report {
    pub(crate) fn new(size: &Size) -> Self {
        Self { size: size.name, recipe: None, figures: Vec::new() }
    }

    /// What is added from now on is of this recipe, or of none.
    pub(crate) fn of_recipe(&mut self, recipe: Option<&'static str>) {
        self.recipe = recipe;
    }

    pub(crate) fn add(&mut self, figure: Figure) {
        self.figures.push(Figure { recipe: self.recipe, ..figure });
    }

    /// What the store and the queue were asked between two moments, for each of so many.
    pub(crate) fn add_spent(&mut self, section: &'static str, before: &Spent, after: &Spent, of: u64, each: &str) {
        let (store, was) = (after.store, before.store);
        let unit = if each == "change" { "a change" } else { "a record" };
        let read = Amount::per(store.read_units_x2 - was.read_units_x2, 2 * of);
        let written = Amount::per(store.write_units_x2 - was.write_units_x2, 2 * of);
        let asked = |spent: &syncline_aws::Consumed| {
            spent.batch_gets + spent.queries + spent.single_writes + spent.transactions + spent.batch_writes
        };
        let queue = |spent: &Spent| spent.queue.sends + spent.queue.receives + spent.queue.deletes + spent.queue.releases;
        self.add(Figure::new(section, "store: read request units", read, unit));
        self.add(Figure::new(section, "store: write request units", written, unit));
        self.add(Figure::new(section, "store: requests", Amount::per(asked(&store) - asked(&was), of), unit));
        self.add(Figure::new(section, "queue: requests, empty receives left out", Amount::per(queue(after) - queue(before), of), unit));
    }

    /// What should be nothing, and is not.
    #[cfg(test)]
    pub(crate) fn beyond_nothing(&self) -> Vec<String> {
        let figures = self.figures.iter().filter(|figure| figure.aim == Some(Aim::zero()) && figure.met() == Some(false));
        figures.map(|figure| format!("{}: {}", figure.what, figure.measured)).collect()
    }

    /// What is said to be impossible, and was done: calls of a system, all told, below their least.
    #[cfg(test)]
    pub(crate) fn counts_below_the_least(&self) -> Vec<String> {
        let figures = self
            .figures
            .iter()
            .filter(|figure| figure.aim == Some(Aim::Least) && figure.least.is_some_and(|least| figure.measured < least));
        figures.map(|figure| format!("{}: {}", figure.what, figure.measured)).collect()
    }

    pub(crate) fn print(&self, as_json: bool) {
        answer(&if as_json { self.json().to_string() } else { self.table() });
    }

    fn table(&self) -> String {
        let wide = self.figures.iter().map(|figure| figure.what.chars().count()).max().unwrap_or_default();
        let build = build();
        let mut lines = vec![format!("size {}, {build} build", self.size)];
        let mut place = (None, "");
        for figure in &self.figures {
            if (figure.recipe, figure.section) != place {
                place = (figure.recipe, figure.section);
                let section = figure.section.to_uppercase();
                let title = figure.recipe.map_or_else(|| section.clone(), |recipe| format!("{section}: {recipe}"));
                let heads = format!("{title:wide$}  {:>12} {:>10} {:>7}  {:18} aim", "measured", "least", "ratio", "unit");
                lines.extend([String::new(), heads]);
            }
            let blank = |amount: Option<Amount>| amount.map(|amount| amount.to_string()).unwrap_or_default();
            let met = match figure.met() {
                None => "",
                Some(true) => "met",
                Some(false) => "NOT MET",
            };
            let line = format!(
                "{:wide$}  {:>12} {:>10} {:>7}  {:18} {:14} {met}",
                figure.what,
                figure.measured,
                blank(figure.least),
                blank(figure.ratio()),
                figure.unit,
                figure.aim_words(),
            );
            lines.push(line.trim_end().to_owned());
        }
        lines.join("\n")
    }

    fn json(&self) -> Json {
        let figures: Vec<Json> = self
            .figures
            .iter()
            .map(|figure| {
                json!({
                    "recipe": figure.recipe,
                    "section": figure.section,
                    "what": figure.what,
                    "measured": number(figure.measured),
                    "unit": figure.unit,
                    "least": figure.least.map(number),
                    "ratio": figure.ratio().map(number),
                    "aim": figure.aim.map(|_| figure.aim_words()),
                    "met": figure.met(),
                })
            })
            .collect();
        json!({ "size": self.size, "build": build(), "figures": figures })
    }
}

pub(crate) fn build() -> &'static str {
    if cfg!(debug_assertions) { "development" } else { "release" }
}

/// As a JSON number, written as people see it.
fn number(amount: Amount) -> Json {
    serde_json::from_str(&amount.to_string()).unwrap_or(Json::Null)
}

/// What the run is for goes to the standard output.
#[allow(clippy::print_stdout, reason = "the figures are this program's output")]
pub(crate) fn answer(text: &str) {
    println!("{text}");
}

/// What accompanies it goes beside it.
#[allow(clippy::print_stderr, reason = "progress and errors of a program for people")]
pub(crate) fn tell(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rounded_to_thousandths() {
        assert_eq!(Amount::per(2, 3).to_string(), "0.667");
        assert_eq!(Amount::count(12).to_string(), "12");
        assert_eq!(Amount::per(5, 0).to_string(), "0");
        assert_eq!(number(Amount::per(1, 8)), json!(0.125));
    }

    #[test]
    fn an_aim_is_met_or_not() {
        let figure = |measured: u64| Figure::new("s", "w", Amount::count(measured), "calls");
        assert_eq!(figure(0).met(), None);
        assert_eq!(figure(3).least(Amount::count(3)).aim(Aim::Least).met(), Some(true));
        assert_eq!(figure(4).least(Amount::count(3)).aim(Aim::Least).met(), Some(false));
        assert_eq!(figure(1).aim(Aim::zero()).met(), Some(false));
        assert_eq!(figure(4).least(Amount::count(3)).ratio(), Some(Amount::per(4, 3)));
        assert_eq!(figure(4).least(Amount::count(0)).ratio(), None);
    }

    #[test]
    fn the_table_has_a_line_for_each_figure_and_the_json_too() {
        let mut report = Report::new(&Size::small());
        report.add(Figure::new("first run", "calls", Amount::count(4), "calls").least(Amount::count(2)).aim(Aim::Least));
        let table = report.table();
        assert!(table.lines().any(|line| line.starts_with("calls ") && line.ends_with("NOT MET")), "{table}");
        let json = report.json();
        assert_eq!(json["figures"][0]["ratio"], json!(2));
        assert_eq!(json["figures"][0]["met"], json!(false));
    }
}
