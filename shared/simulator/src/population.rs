//! People and companies that never were, the same for the same seed: so that two simulators hold the same people where their ranges overlap.

/// A company, by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    pub number: u32,
    /// Unique: it carries the number.
    pub name: String,
    pub domain: String,
    pub phone: String,
    pub street: String,
    pub city: String,
    pub postcode: String,
    pub country: String,
}

/// A person, by their number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub number: u32,
    pub first_name: String,
    pub last_name: String,
    /// Unique: it carries the number. At the company's domain.
    pub email: String,
    /// As a person types it: with blanks. Unique.
    pub mobile: String,
    pub phone: String,
    pub job_title: String,
    /// The company's number: ten people work at each.
    pub company: u32,
}

/// The source of all simulated people.
#[derive(Clone, Copy, Debug)]
pub struct Population {
    seed: u64,
}

/// Ten people work at each company.
const PEOPLE_PER_COMPANY: u32 = 10;

const FIRST: [&str; 24] = [
    "Ida", "Jonas", "Amélie", "Björn", "Chidi", "Dana", "Emre", "Fatima", "Grzegorz", "Hana", "Ivo", "Jana", "Kofi", "Lena", "Marek",
    "Nia", "Olga", "Priya", "Quentin", "Rosa", "Siobhán", "Tariq", "Uma", "Zoë",
];
const LAST: [&str; 24] = [
    "Kowalski",
    "Brandt",
    "Lefèvre",
    "Ångström",
    "Okafor",
    "van der Berg",
    "Yılmaz",
    "Haddad",
    "Nowak",
    "Suzuki",
    "Petrov",
    "Horvat",
    "Mensah",
    "Schmidt",
    "Dvořák",
    "Owens",
    "Ivanova",
    "Sharma",
    "Dubois",
    "García",
    "O'Neill",
    "Aziz",
    "Rao",
    "Müller-Lüdenscheidt",
];
const TRADE: [&str; 12] =
    ["Nordwerk", "Helio", "Brightwater", "Kestrel", "Lindgren", "Oakfield", "Solano", "Tessera", "Umbra", "Vantage", "Wexford", "Zephyr"];
const FORM: [&str; 6] = ["GmbH", "Ltd", "Inc.", "SARL", "AB", "S.p.A."];
const CITY: [(&str, &str, &str); 8] = [
    ("Köln", "50667", "Germany"),
    ("Lyon", "69002", "France"),
    ("Leeds", "LS1 4AP", "United Kingdom"),
    ("Malmö", "211 22", "Sweden"),
    ("Kraków", "30-001", "Poland"),
    ("Torino", "10121", "Italy"),
    ("Austin", "73301", "United States"),
    ("Porto", "4000-007", "Portugal"),
];
const JOB: [&str; 8] = ["Head of Ops", "Buyer", "Support Lead", "Engineer", "Owner", "Accountant", "Sales Manager", "Office Manager"];

impl Population {
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    pub fn company(&self, number: u32) -> Company {
        let roll = self.roll(1, number);
        let trade = pick(&TRADE, roll);
        let form = pick(&FORM, roll >> 8);
        let (city, postcode, country) = *pick(&CITY, roll >> 16);
        Company {
            number,
            name: format!("{trade} {number} {form}"),
            domain: format!("{}-{number}.example", trade.to_lowercase()),
            phone: format!("+49 221 {:03} {:04}", number / 10_000, number % 10_000),
            street: format!("Lindenweg {}", 1 + roll % 180),
            city: city.to_owned(),
            postcode: postcode.to_owned(),
            country: country.to_owned(),
        }
    }

    pub fn person(&self, number: u32) -> Person {
        let roll = self.roll(2, number);
        let company = number / PEOPLE_PER_COMPANY;
        Person {
            number,
            first_name: (*pick(&FIRST, roll)).to_owned(),
            last_name: (*pick(&LAST, roll >> 8)).to_owned(),
            email: format!("person{number}@{}", self.company(company).domain),
            mobile: format!("+49 171 {:03} {:04}", number / 10_000, number % 10_000),
            phone: format!("+49 30 {:03} {:04}", number / 10_000, number % 10_000),
            job_title: (*pick(&JOB, roll >> 16)).to_owned(),
            company,
        }
    }

    /// A number that only the seed, the stream and the index decide (splitmix64).
    pub fn roll(&self, stream: u64, index: u32) -> u64 {
        let mut z = self
            .seed
            .wrapping_add(stream.wrapping_mul(0xD1B5_4A32_D192_ED03))
            .wrapping_add(u64::from(index).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

fn pick<T, const N: usize>(list: &[T; N], roll: u64) -> &T {
    let index = usize::try_from(roll % N as u64).unwrap_or(0);
    &list[index]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides() {
        assert_eq!(Population::new(7).person(42), Population::new(7).person(42));
        let names = |seed| (0..50).map(|n| Population::new(seed).person(n).last_name).collect::<Vec<_>>();
        assert_ne!(names(1), names(2));
    }

    #[test]
    fn emails_and_mobiles_are_unique() {
        let people: Vec<Person> = (0..20_000).map(|n| Population::new(1).person(n)).collect();
        let emails: std::collections::BTreeSet<_> = people.iter().map(|p| p.email.clone()).collect();
        let mobiles: std::collections::BTreeSet<_> = people.iter().map(|p| p.mobile.clone()).collect();
        assert_eq!((emails.len(), mobiles.len()), (20_000, 20_000));
    }
}
