//! Where a town lies, from a table that is part of the program: nothing about a customer's address leaves this machine.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

const PLACES: &str = include_str!("../../map/places.tsv");

/// A town's place, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) latitude: f32,
    pub(crate) longitude: f32,
}

/// Towns by their names, the largest first.
#[derive(Debug)]
pub(crate) struct Gazetteer {
    /// A country's code by each of its names.
    countries: BTreeMap<String, &'static str>,
    towns: BTreeMap<String, Vec<(&'static str, Point)>>,
}

impl Gazetteer {
    /// The bundled table: countries, and towns of 15,000 people and more. Takes some tens of milliseconds; ask once.
    pub(crate) fn bundled() -> Self {
        let mut found = Self { countries: BTreeMap::new(), towns: BTreeMap::new() };
        for line in PLACES.lines() {
            let columns: Vec<&'static str> = line.split('\t').collect();
            match columns.as_slice() {
                ["country", code, names] => {
                    for name in names.split('|').chain([*code]) {
                        found.countries.insert(plain(name), code);
                    }
                }
                [latitude, longitude, country, names] => {
                    let (Ok(latitude), Ok(longitude)) = (latitude.parse(), longitude.parse()) else { continue };
                    for name in names.split('|') {
                        found.towns.entry(plain(name)).or_default().push((country, Point { latitude, longitude }));
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// The largest town of this name; where the country is known, in that country only. An address may spell a country as it likes: one
    /// that is not known does not count.
    pub(crate) fn find(&self, town: &str, country: Option<&str>) -> Option<Point> {
        let code = country.and_then(|country| self.countries.get(&plain(country)));
        let towns = self.towns.get(&plain(town))?;
        towns.iter().find(|(of, _)| code.is_none_or(|code| of == code)).map(|(_, point)| *point)
    }
}

/// A name as it is compared: without case, marks and what stands between words.
fn plain(name: &str) -> String {
    let letters = name.nfd().filter(|sign| !is_combining_mark(*sign)).flat_map(char::to_lowercase);
    let mut plain = String::with_capacity(name.len());
    for letter in letters {
        match letter {
            'ł' => plain.push('l'),
            'ø' => plain.push('o'),
            'đ' => plain.push('d'),
            'ß' => plain.push_str("ss"),
            'æ' => plain.push_str("ae"),
            _ if letter.is_alphanumeric() => plain.push(letter),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn towns_are_found_as_people_write_them() {
        let gazetteer = Gazetteer::bundled();
        let find = |town: &str, country: Option<&str>| {
            gazetteer.find(town, country).map(|point| format!("{:.0} {:.0}", point.latitude, point.longitude))
        };
        let krakow = Some("50 20".to_owned());
        for (town, country) in [("Kraków", Some("Poland")), ("krakow", Some("PL")), ("KRK", Some("POL")), (" Cracow ", None)] {
            assert_eq!(find(town, country), krakow, "{town}");
        }
        assert_eq!(find("München", Some("Germany")), find("Munchen", None));
        assert_eq!(find("Paris", None), Some("49 2".to_owned()));
        assert_ne!(find("Paris", Some("US")), find("Paris", Some("FR")), "the country decides");
        assert_eq!(find("Paris", Some("Frankreich, EU")), find("Paris", None), "a country that is not known does not count");
        assert_eq!(find("Nowhere at all", None), None);
        assert_eq!(find("Warsaw", Some("Japan")), None, "never in another country than the address says");
        assert_eq!(find("", None), None);
    }
}
