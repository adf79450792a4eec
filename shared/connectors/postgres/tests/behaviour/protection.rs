//! Passwords go to nobody but the server that the settings name.

use syncline_model::Fault;
use syncline_postgres_sim::Database;

use crate::world::World;

const VERIFIED: [(&str, &str); 2] = [("host", "localhost"), ("tls", "verify-full")];

#[tokio::test]
async fn a_server_that_a_known_authority_vouches_for_is_spoken_to_over_tls() {
    let world = World::vouched_for(Database::provisioned(), &VERIFIED, Some(Database::authority().to_owned()));
    world.connector.account(world.by()).await.unwrap();
    let protected = "SELECT count(*)::text FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
        WHERE s.ssl AND a.usename = 'syncline' AND a.datname = current_database()";
    assert_ne!(world.database.administer(&[protected]).unwrap()[0][0][0].as_deref(), Some("0"));
}

#[tokio::test]
async fn a_server_that_cannot_prove_its_name_is_told_nothing() {
    let by_address = [("host", "127.0.0.1"), ("tls", "verify-full")];
    for (settings, authority) in [
        (VERIFIED, Some(Database::another_authority())),
        // No machine knows the authority of a test.
        (VERIFIED, None),
        // It vouches for a name, not for an address.
        (by_address, Some(Database::authority().to_owned())),
    ] {
        let world = World::vouched_for(Database::provisioned(), &settings, authority);
        let refused = world.connector.account(world.by()).await.unwrap_err();
        assert!(matches!(refused.fault, Fault::Transient { .. }), "{refused}");
    }
}
