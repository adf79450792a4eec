//! ZS-7 where Sell made a record and its answer was lost: Sell carries no id of ours, and nothing that is unique.

use http::Method;
use jiff::SignedDuration;
use serde_json::json;
use syncline_model::Side;
use syncline_recipe_tests::Replica;
use syncline_simulator::{Trouble, Users, When, lock};

/// Two people were inserted with SQL; Sell made the first, and the answer was lost.
async fn after_a_lost_answer() -> Replica {
    let replica = Replica::new().await;
    replica.new_at_sell("contact", &json!({"first_name": "Ida", "last_name": "Nowak", "email": "another.ida@nordwerk.example"}));
    replica.stage.settle().await;
    lock(&replica.sell).script.add(When::next(Method::POST, "/v2/contacts"), Trouble::AnswerLost);
    replica.sql("INSERT INTO contacts (first_name, last_name, email, title) VALUES ('Ida', 'Nowak', 'ida@nordwerk.example', 'Buyer')");
    replica.sql("INSERT INTO contacts (first_name, last_name, email, title) VALUES ('Jonas', 'Brandt', 'jonas@nordwerk.example', 'Buyer')");
    replica.stage.pull(Side::Right).await;
    replica.stage.work(Side::Left).await;
    assert_eq!(people(&replica).len(), 3, "Sell has made both");
    assert_eq!(replica.rows("contacts").iter().filter(|row| row["sell_id"].is_null()).count(), 2, "and nobody knows yet which is whose");
    replica
}

/// Ids and addresses of the people at Sell.
fn people(replica: &Replica) -> Vec<(String, String)> {
    let all = lock(&replica.sell).simulator.live("contact");
    all.into_iter().map(|(id, fields)| (id, fields["email"].as_str().unwrap_or_default().to_owned())).collect()
}

/// Nobody stands twice on either side, and each row has the id of whoever has its address.
async fn all_are_joined(replica: &Replica) {
    replica.stage.settle().await;
    let people = people(replica);
    assert_eq!(people.len(), 3, "{people:?}");
    assert_eq!(replica.count_live("contacts"), 3);
    for (id, address) in &people {
        assert_eq!(replica.row("contacts", id).unwrap()["email"], address.as_str());
    }
    assert_eq!(replica.stage.holds().await, Vec::new());
}

#[tokio::test]
async fn zs_07_who_tries_again_finds_what_the_first_attempt_made() {
    let replica = after_a_lost_answer().await;
    replica.stage.drain().await;
    all_are_joined(&replica).await;
}

#[tokio::test]
async fn zs_07_what_a_lost_answer_left_is_recognised_when_the_feed_shows_it() {
    let replica = after_a_lost_answer().await;
    replica.stage.clock.advance(SignedDuration::from_secs(5));
    assert!(replica.stage.pull(Side::Left).await.queued > 0, "long before anybody tries again");
    replica.stage.work(Side::Right).await;
    all_are_joined(&replica).await;
}

#[tokio::test]
async fn zs_07_an_edit_in_between_does_not_hide_what_was_made() {
    let replica = after_a_lost_answer().await;
    let made = people(&replica).into_iter().find(|(_, address)| address == "ida@nordwerk.example").unwrap().0;
    replica.edit_at_sell("contact", &made, &json!({"title": "Head of buying"}));
    replica.sql("UPDATE contacts SET phone = '+49 431 1' WHERE email = 'ida@nordwerk.example'");
    all_are_joined(&replica).await;
    let person = replica.at_sell("contact", &made).unwrap();
    assert_eq!((&person["title"], &person["phone"]), (&json!("Head of buying"), &json!("+49 431 1")), "both edits stand");
}
