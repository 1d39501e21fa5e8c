//! Values that the configuration writes as strings, dates or tables, read so that an error stands
//! at them.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

/// A value that is written as a string, so that an error stands at the string itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parsed<T>(pub(super) T);

impl<'de, T> Deserialize<'de> for Parsed<T>
where
    T: FromStr<Err: fmt::Display>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<T>(PhantomData<T>);
        impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Text<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text(PhantomData)).map(Self)
    }
}

pub(super) fn unwrap_all<T>(list: Vec<Parsed<T>>) -> Vec<T> {
    list.into_iter().map(|item| item.0).collect()
}

pub(super) fn parsed_option<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    Parsed::deserialize(deserializer).map(|parsed| Some(parsed.0))
}

pub(super) fn parsed_list<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    Vec::deserialize(deserializer).map(|list| Some(unwrap_all(list)))
}

/// A date of TOML, `2027-01-01`, without a time.
pub(super) struct Day(pub(super) time::Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const SHAPE: &str = "is not a day such as 2027-01-01, without quotes and without a time";
        let written = toml::value::Datetime::deserialize(deserializer)
            .map_err(|_| D::Error::custom(SHAPE))?;
        match (written.date, written.time, written.offset) {
            (Some(date), None, None) => time::Month::try_from(date.month)
                .and_then(|month| {
                    time::Date::from_calendar_date(i32::from(date.year), month, date.day)
                })
                .map(Self)
                .map_err(|_| D::Error::custom(SHAPE)),
            _ => Err(D::Error::custom(SHAPE)),
        }
    }
}

/// A point in time of TOML with its offset, `2026-12-20T00:00:00Z`.
pub(super) struct Moment(pub(super) time::OffsetDateTime);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const SHAPE: &str = "is not a time such as 2026-12-20T00:00:00Z, without quotes and with \
                             its offset from UTC";
        let written = toml::value::Datetime::deserialize(deserializer)
            .map_err(|_| D::Error::custom(SHAPE))?;
        let format = &time::format_description::well_known::Rfc3339;
        time::OffsetDateTime::parse(&written.to_string(), format)
            .map(Self)
            .map_err(|_| D::Error::custom(SHAPE))
    }
}

/// A number of bytes with its unit: `500kB`, `5MiB`, `1GiB`, `100B`. At least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ByteCount(pub(super) u64);

impl FromStr for ByteCount {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str = "is not a size such as \"500kB\", \"5MiB\" or \"1GiB\"";
        let unit = text.find(|c: char| !c.is_ascii_digit()).ok_or(SHAPE)?;
        let number: u64 = text[..unit].parse().map_err(|_| SHAPE)?;
        let times = match &text[unit..] {
            "B" => 1,
            "kB" => 1_000,
            "KiB" => 1 << 10,
            "MB" => 1_000_000,
            "MiB" => 1 << 20,
            "GB" => 1_000_000_000,
            "GiB" => 1 << 30,
            _ => return Err(SHAPE),
        };
        match number.checked_mul(times) {
            Some(bytes @ 1..) => Ok(Self(bytes)),
            Some(0) | None => Err(SHAPE),
        }
    }
}

/// A table whose keys only make sense together. It is read by a visitor, so that an error stands at
/// this table and not at the first one of a list of them.
pub(super) fn table<'de, D, R, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    R: Deserialize<'de>,
    T: TryFrom<R, Error: fmt::Display>,
{
    struct Table<R, T>(PhantomData<(R, T)>);
    impl<'de, R, T> Visitor<'de> for Table<R, T>
    where
        R: Deserialize<'de>,
        T: TryFrom<R, Error: fmt::Display>,
    {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            let raw = R::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
            T::try_from(raw).map_err(A::Error::custom)
        }
    }
    deserializer.deserialize_map(Table(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit() {
        for (text, bytes) in [
            ("1B", 1),
            ("500kB", 500_000),
            ("5MiB", 5 << 20),
            ("2GiB", 2 << 30),
        ] {
            assert_eq!(text.parse(), Ok(ByteCount(bytes)));
        }
        for bad in [
            "",
            "5",
            "MiB",
            "0B",
            "5 MiB",
            "5mib",
            "-1B",
            "1.5MB",
            "99999999999999999999B",
            "99999999999GiB",
        ] {
            assert!(bad.parse::<ByteCount>().is_err(), "{bad}");
        }
    }
}
