//! An estimate for people: on a terminal, and in the README.

use syncline_model::Decimal;

use crate::estimate::{Aim, Bill, Estimate, Judged};
use crate::figures::Figures;
use crate::prices::{Certainty, Item, Price, Prices};

/// The lines between which the README shows something that is written by a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    pub begin: &'static str,
    pub end: &'static str,
}

/// What the first recipe costs.
pub const README_COST: Block = Block { begin: "<!-- cost: begin (written by `make bench ARGS=--record`) -->", end: "<!-- cost: end -->" };
/// What each recipe costs.
pub const README_RECIPES: Block =
    Block { begin: "<!-- recipes: begin (written by `make bench ARGS=--record`) -->", end: "<!-- recipes: end -->" };

/// What no bill here holds.
const LEFT_OUT: &str = "left out: what AWS grants new accounts for a time, storage, sweeps, data sent to vendors, cold starts, taxes";

fn dollars(amount: Decimal) -> String {
    if amount < Decimal::new(1, 2) && !amount.is_zero() {
        format!("{:.4}", amount.round_dp(4))
    } else {
        format!("{:.2}", amount.round_dp(2))
    }
}

fn volume(changes: u64) -> String {
    match changes {
        0 => "idle".to_owned(),
        ten if ten < 1_000_000 => format!("{} thousand", ten / 1_000),
        many => format!("{} million", many / 1_000_000),
    }
}

/// A bill a column.
fn rows(columns: &[(String, &Bill)]) -> Vec<Vec<String>> {
    let mut rows = vec![std::iter::once("dollars a month".to_owned()).chain(columns.iter().map(|(name, _)| name.clone())).collect()];
    let row = |name: &str, of: &dyn Fn(&Bill) -> Decimal| -> Vec<String> {
        std::iter::once(name.to_owned()).chain(columns.iter().map(|(_, bill)| dollars(of(bill)))).collect()
    };
    for item in Item::ALL {
        let of = |bill: &Bill| bill.dollars.get(&item).copied().unwrap_or_default();
        if columns.iter().any(|(_, bill)| !of(bill).is_zero()) {
            rows.push(row(item.words(), &of));
        }
    }
    rows.push(row("all, list prices", &|bill| bill.total));
    rows
}

/// The whole installation by what changes in a month.
fn months(estimate: &Estimate) -> Vec<Vec<String>> {
    let columns: Vec<(String, &Bill)> = estimate.months.iter().map(|(changes, bill)| (volume(*changes), bill)).collect();
    let mut rows = rows(&columns);
    let after_free = columns.iter().map(|(_, bill)| dollars(bill.after_free));
    rows.push(std::iter::once("all, after what AWS always grants free".to_owned()).chain(after_free).collect());
    rows
}

/// What of the idle month belongs to the installation, and what each connection adds.
fn standing(estimate: &Estimate) -> Vec<Vec<String>> {
    let mut columns = vec![("the installation".to_owned(), &estimate.installation)];
    columns.extend(estimate.idle_connections.iter().map(|(name, bill)| (format!("{name} adds"), bill)));
    rows(&columns)
}

fn aim(judged: &Judged) -> String {
    let met = if judged.met { "met" } else { "NOT met" };
    format!("{}: {} dollars; aim: under {}: {met}", judged.what, dollars(judged.dollars), dollars(judged.most))
}

/// What an idle connection is billed for without being polled. Its queue's requests are Lambda's empty receives.
fn is_kept(item: Item) -> bool {
    match item {
        Item::QueueRequest | Item::Secret | Item::Alarm | Item::Metric => true,
        Item::StoreWrite
        | Item::StoreRead
        | Item::LambdaRequest
        | Item::LambdaGbSecond
        | Item::Schedule
        | Item::DoorRequest
        | Item::LogGb
        | Item::SecretRead
        | Item::KeyRequest => false,
    }
}

/// For a terminal: the rows of two tables (by volume; the idle month apart), and sentences.
pub fn words(estimate: &Estimate, prices: &Prices, figures: &Figures) -> (Vec<Vec<String>>, Vec<Vec<String>>, Vec<String>) {
    let mut says: Vec<String> = estimate.judged.iter().map(aim).collect();
    for (name, bill) in &estimate.idle_connections {
        let mut parts: Vec<_> = bill.dollars.iter().filter(|(_, amount)| !amount.is_zero()).collect();
        parts.sort_by(|one, other| other.1.cmp(one.1));
        let list = |kept: bool| -> (Decimal, String) {
            let chosen: Vec<_> = parts.iter().filter(|(item, _)| is_kept(**item) == kept).collect();
            let said: Vec<String> = chosen.iter().map(|(item, amount)| format!("{} {}", item.words(), dollars(**amount))).collect();
            (chosen.iter().map(|(_, amount)| **amount).sum(), said.join(", "))
        };
        let ((polls, polled), (kept, keeping)) = (list(false), list(true));
        says.push(format!(
            "{name}, idle: its polls {} ({polled}); kept however often it is polled {} ({keeping})",
            dollars(polls),
            dollars(kept)
        ));
    }
    says.push(format!(
        "measured ({} build, size {}): request units, requests, vendor calls, runs, and CPU time, the simulators' and the embedded store's with it",
        figures.build, figures.size
    ));
    says.extend(estimate.assumptions.sentences().into_iter().map(|sentence| format!("assumed: {sentence}")));
    says.push(LEFT_OUT.to_owned());
    let named = |wanted: Certainty| -> Vec<&str> {
        prices.prices.iter().filter(|(_, price)| price.certainty == wanted).map(|(item, _)| item.words()).collect()
    };
    says.push(format!(
        "list prices of {} as of {}; read on a page of AWS: {}",
        prices.region,
        prices.date,
        named(Certainty::Documented).join(", ")
    ));
    let mut unverified: Vec<String> = named(Certainty::Unverified).into_iter().map(str::to_owned).collect();
    let is_unsure = |price: &Price| price.free.as_ref().is_some_and(|free| free.certainty == Certainty::Unverified);
    unverified
        .extend(prices.prices.iter().filter(|(_, price)| is_unsure(price)).map(|(item, _)| format!("what is free of {}", item.words())));
    says.push(format!("read on other pages only: {}; not verified: {}", named(Certainty::Seconded).join(", "), unverified.join(", ")));
    let granted: Vec<String> = prices
        .prices
        .iter()
        .filter_map(|(item, price)| price.free.as_ref().map(|free| format!("{} {}", free.amount.normalize(), item.words())))
        .collect();
    says.push(format!("always granted free, an account and month: {}", granted.join(", ")));
    (months(estimate), standing(estimate), says)
}

/// For the README: the tables and the aims, without the markers.
pub fn markdown(estimate: &Estimate) -> Vec<String> {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let mut lines = Vec::new();
    for rows in [months(estimate), standing(estimate)] {
        for (at, row) in rows.iter().enumerate() {
            lines.push(line(row));
            if at == 0 {
                lines.push(format!("| --- |{}", " ---: |".repeat(row.len().saturating_sub(1))));
            }
        }
        lines.push(String::new());
    }
    lines.extend(estimate.judged.iter().map(|judged| format!("- {}", aim(judged))));
    lines
}

/// For the README: a line for each recipe. Of the changes of a side one travels alone, or as many together as were measured.
pub fn recipes_markdown(all: &[(Figures, Estimate)]) -> Vec<String> {
    let heads = [
        "recipe",
        "idle, dollars a month",
        "a million changes on top",
        "calls of a quiet poll, left and right",
        "calls a change: alone",
        "among many",
        "request units a change: written",
        "read",
    ];
    let mut lines = vec![format!("| {} |", heads.join(" | ")), format!("| --- |{}", " ---: |".repeat(heads.len() - 1))];
    for (figures, estimate) in all {
        let idle = estimate.months.get(&0).map_or(Decimal::ZERO, |bill| bill.total);
        let million =
            estimate.judged.iter().find(|judged| judged.aim == Aim::MillionChanges).map_or(Decimal::ZERO, |judged| judged.dollars);
        let short = |amount: Decimal| amount.round_dp(2).normalize().to_string();
        let each = figures.many.each;
        let cells = [
            figures.recipe.clone(),
            dollars(idle),
            dollars(million),
            format!("{} + {}", short(figures.poll.left.vendor_calls), short(figures.poll.right.vendor_calls)),
            short(figures.alone.vendor_calls),
            format!("{} ({} together)", short(each.vendor_calls), figures.many.together),
            short(each.store_writes),
            short(each.store_reads),
        ];
        lines.push(format!("| {} |", cells.join(" | ")));
    }
    lines
}

/// A document with these lines in its block; `None` where its markers do not stand there once each, in order.
pub fn with_block(document: &str, block: Block, lines: &[String]) -> Option<String> {
    let Block { begin, end } = block;
    let (head, rest) = document.split_once(begin)?;
    let (_, tail) = rest.split_once(end)?;
    if tail.contains(begin) || tail.contains(end) {
        return None;
    }
    Some(format!("{head}{begin}\n{}\n{end}{tail}", lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_sums_keep_their_digits() {
        assert_eq!(
            ["0", "0.00876", "0.0099", "0.01", "12.345"].map(|text| dollars(text.parse().unwrap())),
            ["0.00", "0.0088", "0.0099", "0.01", "12.34"]
        );
        assert_eq!([0, 10_000, 1_000_000, 100_000_000].map(volume), ["idle", "10 thousand", "1 million", "100 million"]);
    }

    #[test]
    fn a_block_is_replaced_between_its_markers() {
        let Block { begin, end } = README_COST;
        let document = format!("a\n{begin}\nold\n{end}\nb\n");
        assert_eq!(with_block(&document, README_COST, &["new".to_owned()]), Some(format!("a\n{begin}\nnew\n{end}\nb\n")));
        assert_eq!(with_block("a", README_COST, &[]), None);
        assert_eq!(with_block(&document, README_RECIPES, &[]), None);
        assert_eq!(with_block(&format!("{document}{document}"), README_COST, &[]), None);
    }
}
