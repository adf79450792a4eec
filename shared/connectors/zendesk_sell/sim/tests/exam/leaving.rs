//! The end of the product: everything is refused, and nobody is told that it is the end.

use syncline_zendesk_sell_sim::Retirement;

use crate::harness::Client;

#[test]
fn a_retired_account_answers_nothing_but_its_refusal() {
    for (how, status) in
        [(Retirement::Unauthorized, 401), (Retirement::Forbidden, 403), (Retirement::NotFound, 404), (Retirement::Gone, 410)]
    {
        let mut client = Client::loaded(5);
        assert_eq!(client.get("v2/contacts").status, 200);
        client.sell.retire(how);
        for path in ["v2/contacts", "v2/users/self", "v3/contacts/stream?position=top", "oauth2/token/info"] {
            assert_eq!(client.get(path).status, status, "{path}");
        }
        assert_eq!(client.sell.count("contact"), 6);
    }
}

#[test]
fn the_announced_day_ends_it_too() {
    let mut client = Client::new();
    client.now = "2027-08-30T23:59:59Z".parse().unwrap();
    assert_eq!(client.get("v2/contacts").status, 200);
    client.pass(1);
    assert_eq!(client.get("v2/contacts").status, 401);
}
