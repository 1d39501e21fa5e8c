//! How a line of the log writes its time.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// RFC 3339 in UTC, to the millisecond, which always has three digits.
const MOMENT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// As every line of the log has its time.
pub(super) fn moment(time: time::OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC);
    time.format(MOMENT).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_time_has_three_digits_of_a_second() {
        assert_eq!(
            moment(datetime!(2026-01-02 03:04:05.270_9 UTC)),
            "2026-01-02T03:04:05.270Z"
        );
        assert_eq!(
            moment(datetime!(2026-01-02 03:04:05 +1)),
            "2026-01-02T02:04:05.000Z"
        );
    }
}
