//! An estimate for people: on a terminal, and in the README.

use syncline_model::Decimal;

use crate::estimate::{Bill, Estimate, Judged};
use crate::figures::Figures;
use crate::prices::{Certainty, Item, Prices};

pub const README_BEGIN: &str = "<!-- cost: begin (written by `make bench ARGS=--record`) -->";
pub const README_END: &str = "<!-- cost: end -->";

/// What no bill here holds.
const LEFT_OUT: &str = "left out: AWS's free tier, storage, data sent to vendors, cold starts, taxes";

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

fn rows(estimate: &Estimate) -> Vec<Vec<String>> {
    let mut rows =
        vec![std::iter::once("dollars a month".to_owned()).chain(estimate.months.keys().map(|changes| volume(*changes))).collect()];
    let row = |name: &str, of: &dyn Fn(&Bill) -> Decimal| -> Vec<String> {
        std::iter::once(name.to_owned()).chain(estimate.months.values().map(|bill| dollars(of(bill)))).collect()
    };
    for item in Item::ALL {
        let of = |bill: &Bill| bill.dollars.get(&item).copied().unwrap_or_default();
        if estimate.months.values().any(|bill| !of(bill).is_zero()) {
            rows.push(row(item.words(), &of));
        }
    }
    rows.push(row("all", &|bill| bill.total));
    rows
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
        | Item::SecretRead => false,
    }
}

/// For a terminal: rows for a table, and sentences.
pub fn words(estimate: &Estimate, prices: &Prices, figures: &Figures) -> (Vec<Vec<String>>, Vec<String>) {
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
    says.push(format!(
        "read on other pages only: {}; not verified: {}",
        named(Certainty::Seconded).join(", "),
        named(Certainty::Unverified).join(", ")
    ));
    (rows(estimate), says)
}

/// For the README: the table and the aims, without the markers.
pub fn markdown(estimate: &Estimate) -> Vec<String> {
    let rows = rows(estimate);
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let mut lines = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        lines.push(line(row));
        if at == 0 {
            lines.push(format!("| --- |{}", " ---: |".repeat(row.len().saturating_sub(1))));
        }
    }
    lines.push(String::new());
    lines.extend(estimate.judged.iter().map(|judged| format!("- {}", aim(judged))));
    lines
}

/// A document with these lines between its markers; `None` where they do not stand there once each, in order.
pub fn with_block(document: &str, lines: &[String]) -> Option<String> {
    let (head, rest) = document.split_once(README_BEGIN)?;
    let (_, tail) = rest.split_once(README_END)?;
    if tail.contains(README_BEGIN) || tail.contains(README_END) {
        return None;
    }
    Some(format!("{head}{README_BEGIN}\n{}\n{README_END}{tail}", lines.join("\n")))
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
        let document = format!("a\n{README_BEGIN}\nold\n{README_END}\nb\n");
        assert_eq!(with_block(&document, &["new".to_owned()]), Some(format!("a\n{README_BEGIN}\nnew\n{README_END}\nb\n")));
        assert_eq!(with_block("a", &[]), None);
        assert_eq!(with_block(&format!("{document}{document}"), &[]), None);
    }
}
