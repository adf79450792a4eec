//! Moments in the forms that Salesforce writes and reads. Inside, a moment is whole seconds since 1970.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The API's form: `2026-05-01T07:25:37.000+0000`; milliseconds are always 000 (fact sheet §2.7: recorded).
pub(crate) fn wire(seconds: i64) -> String {
    let at = civil(seconds);
    format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000+0000", at.year(), at.month(), at.day(), at.hour(), at.minute(), at.second())
}

/// The form of HTTP headers: `Fri, 20 Nov 2026 10:41:57 GMT`.
pub(crate) fn http(seconds: i64) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let at = civil(seconds);
    let pick = |names: &[&'static str], index: i8| usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or("");
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        pick(&DAYS, at.date().weekday().to_monday_zero_offset()),
        at.day(),
        pick(&MONTHS, at.month() - 1),
        at.year(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

fn civil(seconds: i64) -> jiff::civil::DateTime {
    TimeZone::UTC.to_datetime(Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// A moment with an offset, in ISO 8601; the fraction of the second is dropped.
pub(crate) fn parse(text: &str) -> Option<i64> {
    text.contains('T').then(|| text.parse::<Timestamp>().ok()).flatten().map(seconds)
}

/// An HTTP date.
pub(crate) fn parse_http(text: &str) -> Option<i64> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok().map(seconds)
}

/// A day, in its normal form.
pub(crate) fn parse_day(text: &str) -> Option<String> {
    (text.len() == 10).then(|| text.parse::<jiff::civil::Date>().ok()).flatten().map(|day| day.to_string())
}

/// Whole seconds, rounded down.
pub(crate) fn seconds(at: Timestamp) -> i64 {
    at.as_millisecond().div_euclid(1000)
}

/// The start of the minute.
pub(crate) fn minute(seconds: i64) -> i64 {
    seconds - seconds.rem_euclid(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_go_both_ways() {
        let at = parse("2026-11-20T10:41:57Z").unwrap();
        assert_eq!(wire(at), "2026-11-20T10:41:57.000+0000");
        assert_eq!(http(at), "Fri, 20 Nov 2026 10:41:57 GMT");
        assert_eq!(parse(&wire(at)), Some(at));
        assert_eq!(parse_http(&http(at)), Some(at));
        assert_eq!(parse("2026-11-20T12:41:57.900+02:00"), Some(at));
        assert_eq!(parse("2026-11-20"), None);
        assert_eq!(parse_day("2026-02-30"), None);
    }
}
