use jiff::Timestamp;
use syncline_config::Schedule;

use crate::world::{config, try_read, with};

fn schedule(words: &str) -> Schedule {
    config(&with("every 30 minutes", words)).syncs[0].schedule.left.clone()
}

fn runs(schedule: &Schedule, from: &str, count: usize) -> Vec<String> {
    let start: Timestamp = from.parse().unwrap();
    let mut now = start;
    let mut found = Vec::new();
    for _ in 0..count {
        let next = schedule.next_after(now);
        assert!(next > now, "{schedule} stands still at {now}");
        found.push(next.to_string());
        now = next;
    }
    found
}

#[test]
fn periods_keep_to_the_clock() {
    let cases = [
        ("every 30 minutes", "2026-11-22T10:01:02Z", "2026-11-22T10:30:00Z"),
        ("every 30 minutes", "2026-11-22T10:30:00Z", "2026-11-22T11:00:00Z"),
        ("every hour", "2026-11-22T10:59:59.5Z", "2026-11-22T11:00:00Z"),
        ("hourly", "2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"),
        ("every 60 seconds", "2026-11-22T10:00:01Z", "2026-11-22T10:01:00Z"),
        ("Every 2 Days", "2026-11-22T10:00:00Z", "2026-11-23T00:00:00Z"),
        ("daily at 06:00", "2026-11-22T06:00:00Z", "2026-11-23T06:00:00Z"),
        ("daily at 6:00", "2026-11-22T05:59:59Z", "2026-11-22T06:00:00Z"),
        ("daily at 06:00 America/New_York", "2026-11-22T10:59:00Z", "2026-11-22T11:00:00Z"),
        ("{ cron: \"30 7 * * 1-5\", time_zone: Europe/Berlin }", "2026-11-20T06:30:00Z", "2026-11-23T06:30:00Z"),
        ("{ cron: \"0 0 * * 0\" }", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"),
        ("{ cron: \"0 0 * * FRI-MON\" }", "2026-11-23T00:00:00Z", "2026-11-27T00:00:00Z"),
        ("{ cron: \"0 12 29 2 *\" }", "2026-11-23T00:00:00Z", "2028-02-29T12:00:00Z"),
        ("{ cron: \"15,45 */6 * * *\" }", "2026-11-23T00:15:00Z", "2026-11-23T00:45:00Z"),
    ];
    for (words, now, next) in cases {
        assert_eq!(runs(&schedule(words), now, 1), [next], "{words}");
    }
}

/// Berlin goes from 02:00 to 03:00 on 2027-03-28 (01:00 UTC) and back from 03:00 to 02:00 on 2026-10-25 (01:00 UTC). New York goes from
/// 02:00 to 03:00 on 2027-03-14 (07:00 UTC) and back from 02:00 to 01:00 on 2026-11-01 (06:00 UTC).
#[test]
fn a_time_that_the_clock_leaves_out_runs_later_and_one_that_it_repeats_runs_once() {
    let cases = [
        ("daily at 02:30 Europe/Berlin", "2027-03-27T12:00:00Z", ["2027-03-28T01:30:00Z", "2027-03-29T00:30:00Z"]),
        ("daily at 02:30 Europe/Berlin", "2026-10-24T12:00:00Z", ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
        ("daily at 02:30 America/New_York", "2027-03-13T12:00:00Z", ["2027-03-14T07:30:00Z", "2027-03-15T06:30:00Z"]),
        ("daily at 01:30 America/New_York", "2026-10-31T12:00:00Z", ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]),
        ("{ cron: \"30 2 * * *\", time_zone: Europe/Berlin }", "2027-03-27T12:00:00Z", ["2027-03-28T01:30:00Z", "2027-03-29T00:30:00Z"]),
        ("{ cron: \"30 2 * * *\", time_zone: Europe/Berlin }", "2026-10-24T12:00:00Z", ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
        ("{ cron: \"30 2 * * *\", time_zone: America/New_York }", "2027-03-13T12:00:00Z", ["2027-03-14T07:30:00Z", "2027-03-15T06:30:00Z"]),
        ("{ cron: \"30 1 * * *\", time_zone: America/New_York }", "2026-10-31T12:00:00Z", ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]),
    ];
    for (words, from, expected) in cases {
        assert_eq!(runs(&schedule(words), from, 2), expected, "{words} from {from}");
    }
}

/// Warsaw goes from 02:00 to 03:00 on 2027-03-28 (01:00 UTC) and back on 2026-10-25 (01:00 UTC).
#[test]
fn sz_5_fixed_hours_keep_to_the_accounts_clock_through_both_changes() {
    let four = schedule("at 00:00, 06:00, 12:00, 18:00 Europe/Warsaw");
    assert_eq!(four.to_string(), "at 00:00, 06:00, 12:00, 18:00 Europe/Warsaw");
    let spring = ["2027-03-27T23:00:00Z", "2027-03-28T04:00:00Z", "2027-03-28T10:00:00Z", "2027-03-28T16:00:00Z", "2027-03-28T22:00:00Z"];
    assert_eq!(runs(&four, "2027-03-27T17:00:00Z", 5), spring);
    let autumn = ["2026-10-24T22:00:00Z", "2026-10-25T05:00:00Z", "2026-10-25T11:00:00Z", "2026-10-25T17:00:00Z", "2026-10-25T23:00:00Z"];
    assert_eq!(runs(&four, "2026-10-24T16:00:00Z", 5), autumn);
    // The zone may be the sync's; order and blanks do not matter.
    let text = with("schedule: every 30 minutes", "time_zone: Europe/Warsaw\n    schedule: { left: \"At 18:00,6:00 , 12:00, 00:00\" }");
    assert_eq!(config(&text).syncs[0].schedule.left, four);
    // A time that is left out runs once, and not before one that comes earlier on the clock and later on the time line.
    let near = schedule("daily at 02:30, 03:10 Europe/Warsaw");
    assert_eq!(runs(&near, "2027-03-28T00:00:00Z", 3), ["2027-03-28T01:10:00Z", "2027-03-28T01:30:00Z", "2027-03-29T00:30:00Z"]);
}

#[test]
fn what_runs_in_every_hour_keeps_its_distance_through_both_changes() {
    let cases = [
        ("Europe/Berlin", "2027-03-28T00:00:00Z"),
        ("Europe/Berlin", "2026-10-24T23:00:00Z"),
        ("America/New_York", "2027-03-14T05:30:00Z"),
        ("America/New_York", "2026-11-01T04:00:00Z"),
    ];
    for (zone, from) in cases {
        let every = schedule(&format!("{{ cron: \"*/20 * * * *\", time_zone: {zone} }}"));
        let expected = runs(&schedule("every 20 minutes"), from, 15);
        assert_eq!(runs(&every, from, 15), expected, "{zone} from {from}");
    }
}

#[test]
fn what_is_no_schedule_is_refused() {
    let cases = [
        ("every 59 seconds", "at least 60 seconds"),
        ("every 32 days", "at most 31 days"),
        ("every fortnight", "`fortnight` is not a unit"),
        ("every 1.5 hours", "whole number"),
        ("daily", "at what time"),
        ("daily at 24:00", "from 00:00 to 23:59"),
        ("daily at 6", "from 00:00 to 23:59"),
        ("at", "not a schedule"),
        ("\"at 00:00, 25:00\"", "from 00:00 to 23:59"),
        ("\"at 06:00, 6:00\"", "twice"),
        ("\"at 06:00, Europe/Warsaw\"", "from 00:00 to 23:59"),
        ("\"at 06:00, 12:00 Europe/Warschau\"", "time zone"),
        ("whenever", "not a schedule"),
        ("0 6 * * *", "under `cron`"),
        ("daily at 06:00 Europe/Berlim", "time zone"),
        ("{ cron: \"0 6 * *\" }", "five fields, this one has 4"),
        ("{ cron: \"0 25 * * *\" }", "out of its range"),
        ("{ cron: \"0 6 * * 8\" }", "from 0 (Sunday)"),
        ("{ cron: \"0 6 1 * 1\" }", "a day of the month and a day of the week"),
        ("{ cron: \"0 6 31 2,4 *\" }", "never comes"),
        ("{ cron: \"@daily\" }", "five fields"),
        ("{ cron: \"0 6 * * *\", time_zone: Mars/Base }", "time zone"),
        ("{ time_zone: UTC }", "no schedule"),
        ("{ left: every hour, cron: \"0 6 * * *\" }", "mixes"),
    ];
    for (words, said) in cases {
        let problems = try_read(&with("every 30 minutes", words)).unwrap_err();
        assert_eq!(problems.0.len(), 1, "{words}: {problems:?}");
        assert!(problems.0[0].problem.contains(said), "{words}: {}", problems.0[0].problem);
        assert_eq!(problems.0[0].line, 11, "{words}");
    }
}
