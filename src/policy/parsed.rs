//! Values that the configuration writes as strings or dates, read so that an error stands at them.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

/// A value that is written as a string, so that an error stands at the string itself.
#[derive(Clone, Debug)]
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
