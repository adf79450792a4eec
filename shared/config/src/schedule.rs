//! When something runs: pure values, asked with the present moment.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Serialize, Serializer};

use crate::cron::Cron;

/// The shortest and the longest period, in seconds: a minute, and 31 days.
const PERIOD_S_MIN: u32 = 60;
const PERIOD_S_MAX: u32 = 2_678_400;

/// The most times of one day.
const TIMES_MAX: usize = 24;

/// When something runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Each time that the seconds since 1970 are a multiple of this: 30 minutes are the full and the half hour.
    Every {
        seconds: u32,
    },
    /// Each day at these times, in order and each once. Where the clock leaves a time out it runs as much later as the clock jumps; where it repeats
    /// it, the first time.
    DailyAt {
        times: Vec<Time>,
        zone: TimeZone,
    },
    Cron(Cron),
}

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// What is wrong with it.
    Schedule(String),
    /// The zone is not one of the IANA list.
    TimeZone,
}

/// Finds a zone by its IANA name.
pub(crate) fn time_zone(name: &str) -> Option<TimeZone> {
    if name == "UTC" { Some(TimeZone::UTC) } else { TimeZone::get(name).ok() }
}

impl Schedule {
    /// `every 30 minutes`, `every hour`, `daily at 06:00`, `at 00:00, 06:00, 12:00, 18:00 Europe/Warsaw`.
    pub(crate) fn words(text: &str, zone: &TimeZone) -> Result<Self, Refusal> {
        let lower = text.to_lowercase();
        let words: Vec<&str> = lower.split_whitespace().collect();
        match words.as_slice() {
            ["every", unit] => Self::every("1", unit),
            ["every", count, unit] => Self::every(count, unit),
            ["hourly"] => Self::every("1", "hour"),
            ["daily", "at", times @ ..] | ["at", times @ ..] if !times.is_empty() => {
                // A zone's name keeps its capitals; a time begins with a digit.
                let named = text.split_whitespace().last().filter(|last| !last.starts_with(|sign: char| sign.is_ascii_digit()));
                let (times, zone) = match named {
                    Some(name) => (times.split_last().map_or(times, |(_, times)| times), time_zone(name).ok_or(Refusal::TimeZone)?),
                    None => (times, zone.clone()),
                };
                Self::daily(&times.join(" "), zone)
            }
            ["daily"] => Err(Refusal::Schedule("a daily schedule says at what time".to_owned())),
            fields
                if fields.len() == 5 && fields.iter().all(|field| field.starts_with(|sign: char| sign.is_ascii_digit() || sign == '*')) =>
            {
                Err(Refusal::Schedule("a cron expression stands under `cron`".to_owned()))
            }
            _ => Err(Refusal::Schedule("this is not a schedule that is understood".to_owned())),
        }
    }

    fn every(count: &str, unit: &str) -> Result<Self, Refusal> {
        let unit_s: u32 = match unit {
            "second" | "seconds" => 1,
            "minute" | "minutes" => 60,
            "hour" | "hours" => 3_600,
            "day" | "days" => 86_400,
            _ => return Err(Refusal::Schedule(format!("`{unit}` is not a unit of time that is understood"))),
        };
        let seconds = count.parse::<u32>().ok().and_then(|count| count.checked_mul(unit_s));
        match seconds {
            Some(seconds) if (PERIOD_S_MIN..=PERIOD_S_MAX).contains(&seconds) => Ok(Self::Every { seconds }),
            Some(_) => Err(Refusal::Schedule("a period is at least 60 seconds and at most 31 days".to_owned())),
            None => Err(Refusal::Schedule("the count before the unit is a whole number".to_owned())),
        }
    }

    /// The times with commas between, each once.
    fn daily(times: &str, zone: TimeZone) -> Result<Self, Refusal> {
        let mut parsed = Vec::new();
        for time in times.split(',') {
            let Some(time) = time_of_day(time.trim()) else {
                return Err(Refusal::Schedule("the time of day is written as hours and minutes, from 00:00 to 23:59".to_owned()));
            };
            parsed.push(time);
        }
        parsed.sort_unstable();
        if parsed.windows(2).any(|two| matches!(two, [one, other] if one == other)) {
            return Err(Refusal::Schedule("a time stands there twice".to_owned()));
        }
        if parsed.len() > TIMES_MAX {
            return Err(Refusal::Schedule(format!("more than {TIMES_MAX} times a day are a period: write `every …`")));
        }
        Ok(Self::DailyAt { times: parsed, zone })
    }

    /// The first run after this moment, never the moment itself.
    pub fn next_after(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::Every { seconds } => {
                let period = i64::from(*seconds);
                let next = now.as_second().div_euclid(period).saturating_add(1).saturating_mul(period);
                Timestamp::from_second(next).unwrap_or(Timestamp::MAX)
            }
            Self::DailyAt { times, zone } => {
                let today = now.to_zoned(zone.clone()).date();
                let run = |days: i64, time: Time| {
                    let day = today.checked_add(days.days()).ok()?;
                    zone.to_ambiguous_timestamp(DateTime::from_parts(day, time)).compatible().ok().filter(|run| *run > now)
                };
                // Yesterday too: a time that the clock left out may run after midnight, and after one that it did not.
                let runs = (-1..=2).flat_map(|days| times.iter().filter_map(move |time| run(days, *time)));
                runs.min().unwrap_or(Timestamp::MAX)
            }
            Self::Cron(cron) => cron.next_after(now),
        }
    }
}

fn time_of_day(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|sign| sign.is_ascii_digit());
    if !digits(hour) || minute.len() != 2 || !digits(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

fn zone_name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

/// In the words of the config.
impl std::fmt::Display for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Every { seconds } => {
                let (count, unit) = match seconds {
                    seconds if seconds % 86_400 == 0 => (seconds / 86_400, "day"),
                    seconds if seconds % 3_600 == 0 => (seconds / 3_600, "hour"),
                    seconds if seconds % 60 == 0 => (seconds / 60, "minute"),
                    seconds => (*seconds, "second"),
                };
                if count == 1 { write!(f, "every {unit}") } else { write!(f, "every {count} {unit}s") }
            }
            Self::DailyAt { times, zone } => {
                let times: Vec<String> = times.iter().map(|time| format!("{:02}:{:02}", time.hour(), time.minute())).collect();
                let word = if times.len() == 1 { "daily at" } else { "at" };
                write!(f, "{word} {} {}", times.join(", "), zone_name(zone))
            }
            Self::Cron(cron) => write!(f, "cron {} {}", cron.expression(), zone_name(cron.zone())),
        }
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
