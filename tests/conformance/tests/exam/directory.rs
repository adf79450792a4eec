//! The people to whom records can belong.

use std::collections::BTreeSet;

use syncline_conformance::Lab;
use syncline_engine::ports::connector::Cursor;
use syncline_engine::ports::directory::User;
use syncline_model::{CallError, Fault};

use crate::examine;

/// More pages than any account here has.
const PAGES_MAX: usize = 50;

/// The users from this place to the end, each page through a connector that remembers nothing, and the places on the way.
async fn users_from(lab: &Lab, from: Option<Cursor>) -> Result<(Vec<User>, Vec<Cursor>), CallError> {
    let (mut users, mut places, mut place) = (Vec::new(), Vec::new(), from);
    for _ in 0..PAGES_MAX {
        let page = lab.connector().users(place.as_ref(), lab.by()).await?;
        users.extend(page.users);
        let Some(next) = page.next else { return Ok((users, places)) };
        places.push(next.clone());
        place = Some(next);
    }
    panic!("the listing of users did not end");
}

#[test]
fn users_are_listed_to_the_end_from_any_place_or_declined() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        lab.plant(0..120);
        let (all, places) = match users_from(&lab, None).await {
            Err(error) => return assert!(matches!(error.fault, Fault::Unsupported { .. }), "{error}"),
            Ok(found) => found,
        };
        let ids = |users: &[User]| users.iter().map(|user| user.id.clone()).collect::<BTreeSet<_>>();
        let can_own = |user: &&User| user.active && user.email.as_ref().is_some_and(|email| email.contains('@'));
        assert!(all.iter().any(|user| can_own(&user)), "nobody can own anything");
        assert!(all.iter().all(|user| !user.id.as_str().is_empty()));
        for place in places {
            let (rest, _) = users_from(&lab, Some(place)).await.unwrap();
            assert!(ids(&rest).is_subset(&ids(&all)), "others are listed from the middle");
        }
        for foreign in ["", "7", "{}", "not a cursor"] {
            let answer = lab.connector().users(Some(&Cursor(foreign.into())), lab.by()).await;
            assert!(
                matches!(&answer, Err(error) if matches!(error.fault, Fault::Drift { .. } | Fault::Rejected { .. })),
                "{foreign}: {answer:?}"
            );
        }
    });
}

#[test]
fn a_user_who_is_shown_shows_no_email() {
    let user = User { id: "7".into(), email: Some("ida@nordwerk.example".into()), active: true };
    assert!(!format!("{user:?}").contains("ida"));
}
