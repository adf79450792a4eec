//! What agents are set to: unified, and in Talk.

use serde_json::{Value, json};
use syncline_zendesk_support_sim::Role;

use crate::harness::Client;

fn write(client: &mut Client, agent: i64, status: i64) -> crate::harness::Answer {
    client.put(&format!("agent_availabilities/agent_statuses/agents/{agent}"), json!({"id": status}))
}

fn talk(client: &mut Client, agent: i64, body: &Value) -> crate::harness::Answer {
    client.put(&format!("channels/voice/availabilities/{agent}.json"), json!({ "availability": body }))
}

#[test]
fn ids_of_statuses_differ_from_account_to_account_and_names_do_not() {
    let ids = |seed: u64| {
        let mut client = Client::with(|profile| profile.seed = seed);
        let listed = client.get("agent_availabilities/agent_statuses");
        let names: Vec<String> =
            listed.body["default"].as_array().unwrap().iter().map(|row| row["attributes"]["name"].as_str().unwrap().to_owned()).collect();
        assert_eq!(names, ["away", "offline", "online", "transfers only"]);
        listed.ids("default")
    };
    assert_ne!(ids(1), ids(2));
}

#[test]
fn an_agents_status_is_written_by_its_id_and_read_with_a_growing_version() {
    let mut client = Client::new();
    let agent = client.agent("Ida", "ida@acme.example");
    let online = client.desk.status_id("online").unwrap();
    let read = |client: &mut Client| client.get(&format!("agent_availabilities/{agent}")).body["data"]["attributes"].clone();
    let before = read(&mut client);
    assert_eq!(before["agent_status"]["name"], "offline");
    let written = write(&mut client, agent, online);
    assert_eq!((written.status, written.body["attributes"]["agent_status"]["name"].as_str()), (200, Some("online")));
    let after = read(&mut client);
    assert_eq!(
        (after["agent_status"]["id"].as_i64(), after["agent_status"]["updated_at"].as_str()),
        (Some(online), Some("2026-11-20T10:00:00Z"))
    );
    assert!(after["version"].as_i64() > before["version"].as_i64());
    write(&mut client, agent, online);
    assert_eq!(read(&mut client)["version"], after["version"], "nothing changed");
    let mut wrapped = Client::with(|profile| profile.status_answer_in_data = true);
    let agent = wrapped.agent("Ida", "ida@acme.example");
    assert_eq!(write(&mut wrapped, agent, online).body["data"]["attributes"]["agent_id"], agent);
}

#[test]
fn a_status_of_the_accounts_own_has_channels_and_what_is_no_status_is_refused() {
    let mut client = Client::new();
    let agent = client.agent("Ida", "ida@acme.example");
    let meeting = client.desk.add_custom_status(client.now, "In a meeting", ["away", "online", "away"]);
    let listed = client.get("agent_availabilities/agent_statuses");
    let channels = json!({"messaging": "away", "support": "online", "talk": "away"});
    assert_eq!(listed.body["custom"][0]["attributes"]["channels"], channels);
    assert_eq!(write(&mut client, agent, meeting).status, 200);
    let read = client.get(&format!("agent_availabilities/{agent}"));
    let talk = read.body["included"].as_array().unwrap().iter().find(|channel| channel["attributes"]["name"] == "talk").unwrap();
    assert_eq!(talk["attributes"]["status"], "away");
    assert_eq!(write(&mut client, agent, 9_999).refusal(), (422, "InvalidAgentStatus"));
    assert_eq!(write(&mut client, 1, meeting).refusal(), (404, "NotFound"));
}

#[test]
fn the_team_is_listed_by_cursor_and_filters_and_light_agents_are_not_in_it() {
    let mut client = Client::loaded(130);
    let light = client.desk.add_user("Lee", "lee@acme.example", Role::LightAgent);
    let first = client.get("agent_availabilities?page[size]=100");
    assert_eq!(first.body["data"].as_array().unwrap().len(), 100);
    let after = first.body["meta"]["after_cursor"].as_str().unwrap().to_owned();
    let second = client.get(&format!("agent_availabilities?page[size]=100&page[after]={after}"));
    let rows = second.body["data"].as_array().unwrap();
    assert!(rows.len() == 32 && rows.iter().all(|row| row["attributes"]["agent_id"] != json!(light)));
    let agent = rows[0]["attributes"]["agent_id"].as_i64().unwrap();
    client.desk.choose_status(client.now, agent, "online").unwrap();
    for filter in
        [format!("filter[agent_status_id]={}", client.desk.status_id("online").unwrap()), "filter[channel_status]=talk:online".to_owned()]
    {
        let found = client.get(&format!("agent_availabilities?{filter}&select_channel=talk"));
        assert_eq!(found.body["data"].as_array().unwrap().len(), 1, "{filter}");
        assert_eq!(found.body["included"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn many_are_written_as_a_job() {
    let mut client = Client::new();
    let (ida, bo) = (client.agent("Ida", "ida@acme.example"), client.agent("Bo", "bo@acme.example"));
    let away = client.desk.status_id("away").unwrap();
    let job = client.put(&format!("agent_availabilities/agent_statuses/agents/update_many?ids={ida},{bo},1"), json!({"id": away}));
    let id = job.body["job_status"]["id"].as_str().unwrap().to_owned();
    let done = client.get(&format!("agent_availabilities/agent_statuses/job_statuses/{id}"));
    assert_eq!(done.body["job_status"]["results"][2]["success"], false);
    assert_eq!((client.desk.status_of(ida).0, client.desk.status_of(bo).0), ("away".to_owned(), "away".to_owned()));
}

#[test]
fn without_a_licence_an_agent_cannot_be_set() {
    let mut client = Client::new();
    let agent = client.agent("Ida", "ida@acme.example");
    let online = client.desk.status_id("online").unwrap();
    client.desk.license(agent, false);
    assert_eq!(write(&mut client, agent, online).status, 403);
    assert_eq!(client.desk.status_of(agent).0, "offline");
    client.desk.license(agent, true);
    assert_eq!(write(&mut client, agent, online).status, 200);
}

#[test]
fn with_omnichannel_routing_talk_takes_no_state_and_without_it_only_talk_does() {
    let mut client = Client::new();
    let agent = client.agent("Ida", "ida@acme.example");
    assert_eq!(talk(&mut client, agent, &json!({"agent_state": "online"})).status, 422);
    assert_eq!(talk(&mut client, agent, &json!({"via": "phone"})).body["availability"]["via"], "phone");
    client.desk.choose_status(client.now, agent, "transfers_only").unwrap();
    client.desk.call(agent, Some("on_call"));
    let read = client.get(&format!("channels/voice/availabilities/{agent}"));
    assert_eq!(read.body["availability"], json!({"agent_state": "transfers_only", "call_status": "on_call", "via": "phone"}));
    client.desk.set_omnichannel(false);
    assert_eq!(client.get("agent_availabilities").status, 403);
    assert_eq!(client.get("account/settings").body["settings"]["routing"]["enabled"], false);
    let written = talk(&mut client, agent, &json!({"agent_state": "away", "via": "client"}));
    assert_eq!((written.status, written.body["availability"]["agent_state"].as_str()), (200, Some("away")));
    assert_eq!(talk(&mut client, agent, &json!({"agent_state": "asleep"})).status, 422);
}

#[test]
fn agents_read_and_write_their_own() {
    let mut client = Client::new();
    let (ida, bo) = (client.agent("Ida", "ida@acme.example"), client.agent("Bo", "bo@acme.example"));
    let away = client.desk.status_id("away").unwrap();
    client.sign_in_as(ida);
    assert_eq!(client.put("agent_availabilities/agent_statuses/agents/me", json!({"id": away})).status, 200);
    assert_eq!(client.get("agent_availabilities/me").body["data"]["attributes"]["agent_status"]["name"], "away");
    assert_eq!(client.get("agent_availabilities/agent_statuses/me").body["data"]["attributes"]["name"], "away");
    assert_eq!(write(&mut client, bo, away).status, 403);
}
