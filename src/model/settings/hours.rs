//! Opening hours as the settings write them: `mon-fri 09:00-18:00`.

use std::fmt;
use std::str::FromStr;

/// The days as they are written, from Monday.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MINUTES_OF_DAY: u16 = 24 * 60;

/// The pattern of opening hours. That they end when they begin, which could mean never or always, it cannot tell.
pub(super) const PATTERN: &str = "^(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?\
     (,(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?)* \
     ([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$";

/// The same hours on some days of the week. Hours that end before they begin go over midnight, into the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningHours {
    /// A bit for each day on which the hours begin, from Monday.
    days: u8,
    /// Minutes since midnight.
    opens: u16,
    closes: u16,
}

/// Why a text is not read as opening hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoursError {
    /// It is not written as `mon-fri 09:00-18:00` is.
    Form,
    /// They end when they begin.
    Empty,
}

impl OpeningHours {
    /// Whether it is open at this minute of the day, on this day from Monday (0) to Sunday (6), both by the time zone of
    /// the server.
    #[must_use]
    pub const fn contains(&self, weekday: u8, minute: u16) -> bool {
        let began_today = self.days & (1 << (weekday % 7)) != 0;
        let began_yesterday = self.days & (1 << ((weekday + 6) % 7)) != 0;
        if self.opens < self.closes {
            began_today && self.opens <= minute && minute < self.closes
        } else {
            (began_today && self.opens <= minute) || (began_yesterday && minute < self.closes)
        }
    }
}

impl FromStr for OpeningHours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let (days, times) = text.split_once(' ').ok_or(HoursError::Form)?;
        let days = days.split(',').try_fold(0, |all, days| Some(all | parse_days(days)?)).ok_or(HoursError::Form)?;
        let (opens, closes) = times.split_once('-').ok_or(HoursError::Form)?;
        let opens = parse_time(opens).filter(|time| *time < MINUTES_OF_DAY).ok_or(HoursError::Form)?;
        let closes = parse_time(closes).ok_or(HoursError::Form)?;
        if opens == closes { Err(HoursError::Empty) } else { Ok(Self { days, opens, closes }) }
    }
}

/// The bits of one day, or of all from one to another, over the end of the week if need be.
fn parse_days(text: &str) -> Option<u8> {
    let day = |name: &str| DAYS.iter().position(|day| *day == name);
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (day(first)?, day(last)?);
    let length = (last + 7 - first) % 7;
    Some((0..=length).fold(0, |days, step| days | 1 << ((first + step) % 7)))
}

/// The minutes since midnight, up to `24:00`.
fn parse_time(text: &str) -> Option<u16> {
    let two_digits = |text: &str| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u16>().ok())?
    };
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    let time = hour * 60 + minute;
    (minute < 60 && time <= MINUTES_OF_DAY).then_some(time)
}

impl fmt::Display for HoursError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "not written as opening hours",
            Self::Empty => "the hours end when they begin",
        })
    }
}

impl std::error::Error for HoursError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_hold_on_their_days_and_over_midnight() {
        type Moments = &'static [(u8, u16, bool)];
        let cases: [(&str, Moments); 5] = [
            (
                "mon-fri 09:00-18:00",
                &[(0, 540, true), (4, 1079, true), (4, 1080, false), (0, 539, false), (5, 600, false)],
            ),
            ("fri 22:00-02:00", &[(4, 1320, true), (5, 119, true), (5, 120, false), (4, 0, false), (5, 1320, false)]),
            ("sun 23:00-01:00", &[(6, 1439, true), (0, 0, true), (0, 60, false)]),
            ("sat-mon,wed 00:00-24:00", &[(5, 0, true), (6, 720, true), (0, 1439, true), (1, 0, false), (2, 9, true)]),
            ("mon 18:00-24:00", &[(0, 1439, true), (1, 0, false)]),
        ];
        for (text, moments) in cases {
            let hours: OpeningHours = text.parse().unwrap();
            for &(weekday, minute, open) in moments {
                assert_eq!(hours.contains(weekday, minute), open, "{text}: {weekday} {minute}");
            }
        }
    }

    #[test]
    fn what_is_not_written_as_hours_is_refused() {
        let wrong = [
            "",
            "mon",
            "09:00-18:00",
            "mon 9:00-18:00",
            "mon 09:00",
            "mon  09:00-18:00",
            "Mon 09:00-18:00",
            "mon-fri-sat 09:00-18:00",
            "mon, tue 09:00-18:00",
            "mon 24:00-09:00",
            "mon 09:60-18:00",
            "mon 09:00-24:01",
            "mon 09:00-18:00 ",
            "mon +9:00-18:00",
            "mon 09:00-18:00-19:00",
            "funday 09:00-18:00",
            "mon, 09:00-18:00",
        ];
        for text in wrong {
            assert_eq!(text.parse::<OpeningHours>(), Err(HoursError::Form), "{text:?}");
        }
        assert_eq!("mon 09:00-09:00".parse::<OpeningHours>(), Err(HoursError::Empty));
    }
}
