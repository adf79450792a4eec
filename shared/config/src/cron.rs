//! Cron expressions of five fields, in a time zone, through daylight saving.
//!
//! The expression is matched on the civil clock, and each match is then looked up on the zone's time line, because two rules hold that
//! a search on the time line itself does not keep: a time that the spring change leaves out still runs, as much later as the clock
//! jumps; a time that the autumn change repeats runs once. An expression that runs in every hour is about intervals, not about clock
//! times: it runs in both of the repeated hours and makes nothing up for the one left out.

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

/// Longer than any change of daylight saving: matches this far around now are compared on the time line.
const CHANGE_HOURS_MAX: i64 = 3;
/// More than the minutes in twice that span.
const MATCHES_MAX: usize = 1_000;

/// An expression and the zone of its clock.
#[derive(Clone, Debug)]
pub struct Cron {
    expression: String,
    zone: TimeZone,
    /// Boxed: it is many times as large as any other schedule.
    matcher: Box<jiff_cron::Schedule>,
    every_hour: bool,
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.expression == other.expression && self.zone == other.zone
    }
}

impl Eq for Cron {}

/// The days of the week as people count them, 0 and 7 both Sunday.
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl Cron {
    /// Reads five fields: minute, hour, day of the month, month, day of the week (0 or 7 is Sunday, 1 Monday).
    ///
    /// # Errors
    /// Says what is wrong with the expression.
    pub fn new(expression: &str, zone: TimeZone) -> Result<Self, String> {
        let fields: Vec<&str> = expression.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(format!("a cron expression has five fields, this one has {}", fields.len()));
        };
        let open = |field: &str| field.starts_with('*') || field == "?";
        if !open(day) && !open(weekday) {
            return Err("it names a day of the month and a day of the week, and systems differ in what that means".to_owned());
        }
        let weekdays = weekdays(weekday)?;
        let matcher = jiff_cron::Schedule::from_str(&format!("0 {minute} {hour} {day} {month} {weekdays}"))
            .map_err(|_| "a field is not one that cron knows, or is out of its range".to_owned())?;
        let cron = Self { expression: fields.join(" "), zone, matcher: Box::new(matcher), every_hour: *hour == "*" || *hour == "*/1" };
        let first = cron.civil_after(DateTime::constant(2000, 1, 1, 0, 0, 0, 0)).next();
        if first.is_none() {
            return Err("it never comes: no month has that day".to_owned());
        }
        Ok(cron)
    }

    pub fn expression(&self) -> &str {
        &self.expression
    }

    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Matches of the civil clock after this one.
    fn civil_after(&self, after: DateTime) -> impl Iterator<Item = DateTime> {
        // In UTC, the civil clock and the time line are one.
        let start = after.to_zoned(TimeZone::UTC).ok();
        start.into_iter().flat_map(|start| self.matcher.after(start)).map(|found| found.datetime())
    }

    /// The next run after this moment; `Timestamp::MAX` beyond the calendar that is known (the year 2100).
    pub fn next_after(&self, now: Timestamp) -> Timestamp {
        let here = now.to_zoned(self.zone.clone()).datetime();
        let Ok(from) = here.checked_sub(CHANGE_HOURS_MAX.hours()) else { return Timestamp::MAX };
        let mut best: Option<(DateTime, Timestamp)> = None;
        for civil in self.civil_after(from).take(MATCHES_MAX) {
            let settled = |found: DateTime| found.checked_add(CHANGE_HOURS_MAX.hours()).is_ok_and(|limit| civil > limit);
            if best.is_some_and(|(found, _)| settled(found)) {
                break;
            }
            let next = self.moments(civil).into_iter().filter(|moment| *moment > now).min();
            if let Some(moment) = next
                && best.is_none_or(|(_, known)| moment < known)
            {
                best = Some((civil, moment));
            }
        }
        best.map_or(Timestamp::MAX, |(_, moment)| moment)
    }

    /// When a civil time happens: once, twice or not at all.
    fn moments(&self, civil: DateTime) -> BTreeSet<Timestamp> {
        let ambiguous = self.zone.to_ambiguous_timestamp(civil);
        let twice = self.every_hour && matches!(ambiguous.offset(), AmbiguousOffset::Fold { .. });
        let left_out = self.every_hour && matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
        let later = if twice { self.zone.to_ambiguous_timestamp(civil).later().ok() } else { None };
        let first = if left_out { None } else { ambiguous.compatible().ok() };
        first.into_iter().chain(later).collect()
    }
}

/// The weekday field in names: the matcher counts Sunday as 1, cron as 0.
fn weekdays(field: &str) -> Result<String, String> {
    if field == "*" || field == "?" {
        return Ok("*".to_owned());
    }
    let mut days: BTreeSet<usize> = BTreeSet::new();
    for item in field.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, step.parse::<usize>().ok().filter(|step| *step > 0)),
            None => (item, Some(1)),
        };
        let ends = match range.split_once('-') {
            Some((from, to)) => (weekday(from), weekday(to)),
            None if range == "*" => (Some(0), Some(6)),
            None if item.contains('/') => (weekday(range), Some(6)),
            None => (weekday(range), weekday(range)),
        };
        let (Some(step), (Some(from), Some(to))) = (step, ends) else {
            return Err("the day of the week is a number from 0 (Sunday) to 7 (Sunday again), or MON, TUE, …".to_owned());
        };
        // FRI-MON goes over the week's end.
        let to = if to < from { to + 7 } else { to };
        days.extend((from..=to).step_by(step).map(|day| day % 7));
    }
    Ok(days.into_iter().filter_map(|day| DAYS.get(day).copied()).collect::<Vec<_>>().join(","))
}

fn weekday(text: &str) -> Option<usize> {
    match text.parse::<usize>() {
        Ok(number) => Some(number).filter(|number| *number <= 7),
        Err(_) => DAYS.iter().position(|day| day.eq_ignore_ascii_case(text)),
    }
}
