//! The users of one account beside their roles in the account that it is joined to. Pure.

use serde::Serialize;
use syncline_engine::ports::connector::{Member, Seat, Sought};

use crate::printer::table;

/// One user of the first account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Review {
    pub(crate) user: Member,
    /// The same person there; `None` where nobody is found.
    pub(crate) there: Option<Member>,
    pub(crate) finding: Finding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Finding {
    Fine,
    /// In the team without a paid licence: as it should be.
    Contributor,
    /// Made an end user there: access is lost.
    LostAccess,
    /// Deactivated or suspended there: access is lost.
    InactiveThere,
    /// Nobody there has this number or e-mail address.
    NotFound,
    /// Deactivated in the first account: nothing is expected there.
    InactiveHere,
}

impl Finding {
    /// Whether somebody must act.
    pub(crate) fn is_trouble(self) -> bool {
        matches!(self, Self::LostAccess | Self::InactiveThere)
    }

    fn words(self, way_back: &str) -> String {
        match self {
            Self::Fine => "ok".to_owned(),
            Self::Contributor => "ok: contributor, no paid licence".to_owned(),
            Self::LostAccess => format!("LOST ACCESS: an end user there; way back: {way_back}"),
            Self::InactiveThere => format!("LOST ACCESS: deactivated or suspended there; way back: {way_back}"),
            Self::NotFound => "not found there by number or e-mail".to_owned(),
            Self::InactiveHere => "deactivated here".to_owned(),
        }
    }
}

/// Whom to ask the other account after.
pub(crate) fn sought(users: &[Member]) -> Vec<Sought> {
    users.iter().map(|user| Sought { id: user.companion_id.clone(), email: user.email.clone() }).collect()
}

/// Each user with their counterpart: by the number that the vendor tells, then by e-mail address, without regard to case.
pub(crate) fn review(users: &[Member], there: &[Member]) -> Vec<Review> {
    let counterpart = |user: &Member| {
        let by_id = user.companion_id.as_ref().and_then(|id| there.iter().find(|other| other.id == *id));
        by_id.or_else(|| {
            let email = user.email.as_ref()?;
            there.iter().find(|other| other.email.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(email)))
        })
    };
    let judge = |user: &Member| {
        let there = counterpart(user).cloned();
        let finding = match (user.seat, there.as_ref().map(|other| other.seat)) {
            (Seat::Inactive, _) => Finding::InactiveHere,
            (_, None) => Finding::NotFound,
            (_, Some(Seat::Full)) => Finding::Fine,
            (_, Some(Seat::Contributor)) => Finding::Contributor,
            (_, Some(Seat::EndUser)) => Finding::LostAccess,
            (_, Some(Seat::Inactive)) => Finding::InactiveThere,
        };
        Review { user: user.clone(), there, finding }
    };
    users.iter().map(judge).collect()
}

/// As a table for people.
pub(crate) fn roster_table(reviews: &[Review], way_back: &str) -> String {
    let mut rows = vec![["user", "e-mail", "role here", "role there", "finding"].map(str::to_owned).to_vec()];
    for Review { user, there, finding } in reviews {
        let role = there.as_ref().map_or_else(|| "none".to_owned(), |there| there.role.clone());
        rows.push(vec![user.name.clone(), user.email.clone().unwrap_or_default(), user.role.clone(), role, finding.words(way_back)]);
    }
    table(&rows)
}

#[cfg(test)]
mod tests {
    use super::Finding::{Contributor, Fine, InactiveHere, InactiveThere, LostAccess, NotFound};
    use super::*;

    fn member(id: &str, email: Option<&str>, seat: Seat, companion: Option<&str>) -> Member {
        let (email, companion_id) = (email.map(str::to_owned), companion.map(Into::into));
        Member { id: id.into(), name: format!("user {id}"), email, role: "agent".to_owned(), seat, companion_id }
    }

    #[test]
    fn a_number_beats_an_address_and_each_seat_there_has_its_finding() {
        let users = [
            member("1", Some("a@x.example"), Seat::Full, Some("91")),
            member("2", Some("B@x.example"), Seat::Full, None),
            member("3", Some("c@x.example"), Seat::Full, Some("93")),
            member("4", Some("d@x.example"), Seat::Full, Some("404")),
            member("5", None, Seat::Full, None),
            member("6", Some("b@x.example"), Seat::Inactive, None),
        ];
        let there = [
            member("90", Some("a@x.example"), Seat::EndUser, None),
            member("91", Some("other@x.example"), Seat::Full, None),
            member("92", Some("b@x.example"), Seat::Contributor, None),
            member("93", None, Seat::EndUser, None),
            member("94", Some("d@X.example"), Seat::Inactive, None),
        ];
        let found: Vec<Finding> = review(&users, &there).into_iter().map(|one| one.finding).collect();
        assert_eq!(found, [Fine, Contributor, LostAccess, InactiveThere, NotFound, InactiveHere]);
        let shown = roster_table(&review(&users, &there), "the back door");
        assert_eq!(shown.matches("LOST ACCESS").count(), 2);
        assert!(shown.contains("way back: the back door") && shown.lines().count() == 7, "{shown}");
    }
}
