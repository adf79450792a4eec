//! A Sell account joined to the Zendesk platform (ZC-1 … ZC-8): at a terminal and by flags, between two simulated accounts.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use syncline_aws::SystemClock;
use syncline_simulator::{Simulator, serve, shared};
use syncline_zendesk_sell_sim::{ACCESS_TOKEN, Limits as SellLimits, OWNER_EMAIL as SELL_OWNER, Profile as SellProfile, Sell};
use syncline_zendesk_support_sim::{CLIENT_ID, CLIENT_SECRET, Limits, OWNER_EMAIL, Profile, Role, Support};
use tokio::net::TcpListener;

use crate::connecting::Browser;
use crate::simulating::Simulator as Process;
use crate::terminal::Terminal;
use crate::{code, json, stderr, stdout, syncline};

const SELLER_TOKEN: &str = "5e11000000000000000000000000000000000000000000000000000000000009";
/// An administrator of the Zendesk account who does not own it.
const ADMIN_EMAIL: &str = "admin@acme.example";

const SYNC: &str = "
syncs:
  statuses:
    left: aircall
    right: zendesk
    direction: left_to_right
    master: left
    schedule: every 5 minutes
    objects:
      agents:
        left: user
        right: agent
        match: [{ left: email, right: email }]
        fields:
          name: { left: name, right: name }
";

/// A folder whose configuration names both accounts.
struct Room {
    folder: tempfile::TempDir,
}

async fn serve_simulator<S: Simulator + 'static>(make: impl FnOnce(&str) -> S) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base_url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(serve(listener, shared(make(&base_url)), Arc::new(SystemClock)));
    base_url
}

impl Room {
    /// `joined`: the subdomain that Sell is part of already; `subdomain`: what the configuration says of the platform.
    async fn new(joined: Option<&str>, subdomain: &str) -> Self {
        let sell = serve_simulator(|base_url| {
            let profile = SellProfile {
                base_url: base_url.to_owned(),
                subdomain: joined.map(str::to_owned),
                limits: SellLimits::BOUNDLESS,
                ..SellProfile::default()
            };
            let mut sell = Sell::new(profile);
            let seller = sell.add_user("Saskia Seller", "saskia@acme.example", false);
            sell.add_token(SELLER_TOKEN, seller);
            sell.add_user("Dora Demoted", "Dora@acme.example", false);
            sell.add_user("Nora Nowhere", "nora@acme.example", false);
            sell
        })
        .await;
        let zendesk = serve_simulator(|base_url| {
            let mut support = Support::new(Profile { base_url: base_url.to_owned(), limits: Limits::BOUNDLESS, ..Profile::default() });
            support.add_user("Ada Admin", ADMIN_EMAIL, Role::Admin);
            support.add_user("Saskia Seller", "saskia@acme.example", Role::Contributor);
            support.add_user("Sam Seller", "sam@acme.example", Role::Agent);
            support.add_user("Dora Demoted", "dora@acme.example", Role::EndUser);
            support
        })
        .await;
        let folder = tempfile::tempdir().expect("a folder");
        let config = format!(
            "version: 1\nconnections:\n  aircall:\n    system: aircall\n  sell:\n    system: zendesk_sell\n    base_url: {sell}\n  zendesk:\n    system: zendesk_support\n    subdomain: {subdomain} # ours\n    base_url: {zendesk}\n    calls_per_minute: 100000\n    auth: refresh_token\n{SYNC}"
        );
        std::fs::write(folder.path().join("syncline.yaml"), config).expect("a file");
        Self { folder }
    }

    fn at(&self) -> &Path {
        self.folder.path()
    }

    fn config(&self) -> String {
        std::fs::read_to_string(self.at().join("syncline.yaml")).expect("the configuration")
    }

    fn stored(&self) -> Json {
        let text = std::fs::read_to_string(self.at().join(".syncline/secrets.json")).expect("the secrets");
        let all: Json = serde_json::from_str(&text).expect("JSON");
        json!({"sell": all["sell"], "zendesk": all["zendesk"]})
    }

    fn is_untouched(&self) -> bool {
        self.stored() == json!({"sell": null, "zendesk": null})
    }

    /// The flow at a terminal, with the credentials of both sides as flags; the browser is the test's.
    fn join(&self, more: &[&str]) -> Terminal {
        let (token, client, secret) = flags();
        let arguments =
            ["connect", "sell", "--platform", "zendesk", "--secret", &token, "--platform-secret", &client, "--platform-secret", &secret];
        let arguments: Vec<&str> = arguments.into_iter().chain(["--redirect-port", "0"]).chain(more.iter().copied()).collect();
        Terminal::run(self.at(), &arguments)
    }
}

fn flags() -> (String, String, String) {
    (format!("access_token={ACCESS_TOKEN}"), format!("client_id={CLIENT_ID}"), format!("client_secret={CLIENT_SECRET}"))
}

/// Signs in on the page that the terminal shows next.
async fn sign_in(terminal: &mut Terminal, user: &str) {
    terminal.expect("The browser was opened at");
    terminal.line();
    let address = terminal.line();
    let browser = Browser::new();
    let back = browser.decide(&address, "allow", user).await;
    browser.follow(&back).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zc_01_administrator_rights_in_sell_are_checked_first() {
    let room = Room::new(None, "acme").await;
    let token = format!("access_token={SELLER_TOKEN}");
    let refused = syncline(room.at(), &["connect", "sell", "--platform", "zendesk", "--secret", &token, "--existing", "nobody", "--yes"]);
    assert_eq!(code(&refused), 4, "{}", stderr(&refused));
    let words = stderr(&refused);
    assert!(words.contains("saskia@acme.example is no administrator") && words.contains("sign in as an administrator"), "{words}");
    assert!(!words.contains("nobody.zendesk.com"), "nothing of the platform was asked: {words}");
    assert!(room.is_untouched());
}

#[tokio::test(flavor = "multi_thread")]
async fn zc_02_an_account_that_is_connected_already_is_left_as_it_is() {
    let room = Room::new(Some("acme"), "acme").await;
    let config = room.config();
    let (token, _, _) = flags();
    let arguments = ["connect", "sell", "--platform", "zendesk", "--secret", &token, "--yes"];
    for _ in 0..2 {
        let already = syncline(room.at(), &arguments);
        assert_eq!(code(&already), 0, "{}", stderr(&already));
        assert!(stdout(&already).contains("is already connected to acme.zendesk.com; nothing to do"), "{}", stdout(&already));
        assert!(room.is_untouched());
    }
    let shown = json(&syncline(room.at(), &[&arguments[..], &["--json"]].concat()));
    assert_eq!((&shown["already_connected"], &shown["platform"]), (&json!(true), &json!("acme.zendesk.com")));
    assert_eq!(room.config(), config);
}

#[tokio::test(flavor = "multi_thread")]
async fn zc_03_a_new_subdomain_is_checked_and_an_existing_one_entered() {
    let room = Room::new(None, "acme").await;
    let mut terminal = room.join(&[]);
    terminal.expect("Is there another Zendesk account already? [y/N/back] ");
    terminal.type_line("n");
    for (typed, answer) in [
        ("Acme Sales", "use lower-case letters and digits only, without spaces"),
        ("acme-sales", "use lower-case letters and digits only"),
        ("globex", "globex.zendesk.com is already used: choose another name, or connect to it as an existing account"),
    ] {
        terminal.expect(".zendesk.com: ");
        terminal.type_line(typed);
        terminal.expect(answer);
    }
    terminal.expect(".zendesk.com: ");
    terminal.type_line("acmesales");
    terminal.expect("acmesales.zendesk.com: free");
    terminal.expect("to    acmesales.zendesk.com, a new account");
    terminal.expect("Do you accept this? [y/N/back] ");
    terminal.type_line("y");
    terminal.expect("Connect ");
    terminal.type_line("y");
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 0, "{shown}");
    assert!(shown.contains("next: No API takes the last step: in Sell, Settings, Upgrade"), "{shown}");
    assert!(room.stored()["sell"]["access_token"].is_string() && room.stored()["zendesk"].is_null());

    let asked = syncline(room.at(), &["connect", "sell", "--platform", "zendesk", "--yes"]);
    assert_eq!(code(&asked), 2, "{}", stderr(&asked));
    assert!(stderr(&asked).contains("give `--existing SUBDOMAIN`, or `--new SUBDOMAIN`"), "{}", stderr(&asked));
}

#[tokio::test(flavor = "multi_thread")]
async fn zc_04_a_subdomain_that_does_not_exist_is_refused_and_asked_for_again() {
    let room = Room::new(None, "acme").await;
    let mut terminal = room.join(&[]);
    terminal.expect("Is there another Zendesk account already?");
    terminal.type_line("y");
    terminal.expect(".zendesk.com [acme]: ");
    terminal.type_line("acmee");
    terminal.expect("no Zendesk account was found at acmee.zendesk.com: check the name and enter it again");
    terminal.expect(".zendesk.com [acme]: ");
    terminal.type_line("https://Acme.zendesk.com/agent");
    terminal.expect("acme.zendesk.com: found");
    terminal.interrupt();
    assert_eq!(terminal.end().0, 130);
    assert!(room.is_untouched());

    let (token, _, _) = flags();
    let refused = syncline(room.at(), &["connect", "sell", "--platform", "zendesk", "--secret", &token, "--existing", "acmee", "--yes"]);
    assert_eq!(code(&refused), 2, "{}", stderr(&refused));
    assert!(stderr(&refused).contains("was found at acmee.zendesk.com") && stderr(&refused).contains("correct `--existing`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn zc_05_only_the_owner_can_approve_and_others_are_told_how_to_go_on() {
    let room = Room::new(None, "acme").await;
    let mut terminal = room.join(&["--existing", "acme"]);
    sign_in(&mut terminal, "sam@acme.example").await;
    terminal.expect("sam@acme.example is no administrator of acme.zendesk.com");
    terminal.interrupt();
    assert_eq!(terminal.end().0, 130);

    let mut terminal = room.join(&["--existing", "acme"]);
    sign_in(&mut terminal, ADMIN_EMAIL).await;
    terminal.expect("see Admin Center, Account, Billing, Contacts");
    terminal.expect(&format!("Is {ADMIN_EMAIL} the owner of acme.zendesk.com? [y/N/back] "));
    terminal.type_line("n");
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 4, "{shown}");
    assert!(shown.contains("only the owner of acme.zendesk.com can approve this connection"), "{shown}");
    assert!(shown.contains("An owner without a Sell licence") && shown.contains("deactivate a user to free one"), "{shown}");
    assert!(room.is_untouched());
}

#[tokio::test(flavor = "multi_thread")]
async fn zc_06_both_accounts_are_shown_before_anything_is_stored_and_back_chooses_another() {
    let room = Room::new(None, "globex").await;
    let mut terminal = room.join(&["--owner"]);
    terminal.expect("Is there another Zendesk account already?");
    terminal.type_line("y");
    terminal.expect("[globex]: ");
    terminal.type_line("");
    sign_in(&mut terminal, OWNER_EMAIL).await;
    terminal.expect("to    globex.zendesk.com");
    terminal.expect("Do you accept this?");
    terminal.type_line("back");

    terminal.expect("Is there another Zendesk account already?");
    terminal.type_line("y");
    terminal.expect("[globex]: ");
    terminal.type_line("acme");
    sign_in(&mut terminal, OWNER_EMAIL).await;
    let shown = terminal.expect("Do you accept this?");
    assert!(shown.contains(&format!("as {SELL_OWNER}")), "{shown}");
    assert!(shown.contains("to    acme.zendesk.com") && shown.contains("it cannot be undone"), "{shown}");
    assert!(room.is_untouched());
    terminal.type_line("y");
    terminal.expect("with acme.zendesk.com? [y/N/back] ");
    terminal.type_line("y");
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 0, "{shown}");
    let stored = room.stored();
    assert!(stored["sell"]["access_token"].is_string() && stored["zendesk"]["refresh_token"].is_string(), "{stored}");
    assert!(room.config().contains("    subdomain: acme # ours\n"), "the choice stands in the configuration, its comment too");
    assert!(!room.config().contains(CLIENT_SECRET));

    let mut terminal = room.join(&["--owner", "--existing", "acme", "--again"]);
    sign_in(&mut terminal, OWNER_EMAIL).await;
    terminal.expect("Do you accept this?");
    terminal.type_line("n");
    let (exit, shown) = terminal.end();
    assert!(exit == 1 && shown.contains("what is not accepted is not connected"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn zc_07_every_sell_user_stands_beside_their_role_and_who_lost_access_is_flagged() {
    let room = Room::new(None, "acme").await;
    let mut terminal = room.join(&["--owner", "--existing", "acme", "--accept-disclaimers"]);
    sign_in(&mut terminal, OWNER_EMAIL).await;
    terminal.expect("Connect ");
    terminal.type_line("y");
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 0, "{shown}");
    assert!(shown.contains("ok: contributor, no paid licence"), "{shown}");

    let table = syncline(room.at(), &["roster", "sell", "zendesk"]);
    assert_eq!(code(&table), 5, "{}", stderr(&table));
    let row = |name: &str| stdout(&table).lines().find(|line| line.contains(name)).unwrap_or_default().to_owned();
    assert!(row("Olga Owner").ends_with("ok") && row("Sam Seller").ends_with("ok"), "{}", stdout(&table));
    assert!(row("Saskia").contains("contributor"), "{}", stdout(&table));
    assert!(row("Dora").contains("LOST ACCESS") && row("Dora").contains("Sell, Settings, Users, pending actions"), "{}", stdout(&table));
    assert!(row("Nora").contains("not found there"), "{}", stdout(&table));
    let listed = syncline(room.at(), &["roster", "sell", "zendesk", "--json"]);
    let users = json(&listed)["users"].as_array().expect("a list").clone();
    let finding = |email: &str| users.iter().find(|one| one["user"]["email"] == email).map(|one| one["finding"].clone());
    assert_eq!((users.len(), finding("Dora@acme.example")), (5, Some(json!("lost_access"))));
    assert_eq!(finding("saskia@acme.example"), Some(json!("contributor")));
}

/// The same flow for every vendor of this build: checked, stored, said again, given up.
#[tokio::test(flavor = "multi_thread")]
async fn zc_08_every_vendor_is_connected_again_and_disconnected_by_the_same_commands() {
    // PostgreSQL has no simulator to start on a port: its exam runs against the server itself.
    for vendor in syncline_registry::vendors().iter().filter(|vendor| vendor.descriptor().system != "postgres") {
        let system = vendor.descriptor().system;
        let room = Room::new(None, "acme").await;
        let process = Process::start(room.at(), &[system, "--records", "1"]);
        let simulated = syncline_registry_sim::simulator(system).expect("a simulator");
        let settings: String = simulated
            .ready_settings(process.text("base_url"), None)
            .iter()
            .flat_map(|(key, value)| ["    ", key, ": \"", value, "\"\n"].map(str::to_owned))
            .collect();
        let config = room.config().replace("\nsyncs:", &format!("  it:\n    system: {system}\n{settings}\nsyncs:"));
        std::fs::write(room.at().join("syncline.yaml"), config).expect("a file");
        let secrets = room.at().join("given.json");
        std::fs::write(&secrets, process.shown["credentials"].to_string()).expect("a file");
        let connect = ["connect", "it", "--secret-file", "given.json", "--yes", "--json"];

        let connected = syncline(room.at(), &connect);
        assert_eq!(code(&connected), 0, "{system}: {}", stderr(&connected));
        assert_eq!((&json(&connected)["stored"], &json(&connected)["system"]), (&json!(true), &json!(system)));
        let again = syncline(room.at(), &["connect", "it", "--json"]);
        assert_eq!(code(&again), 0, "{system}: {}", stderr(&again));
        assert_eq!((&json(&again)["already_connected"], &json(&again)["stored"]), (&json!(true), &json!(false)), "{system}");
        let given_up = syncline(room.at(), &["disconnect", "it", "--yes", "--json"]);
        assert_eq!(code(&given_up), 0, "{system}: {}", stderr(&given_up));
        assert!(!json(&given_up)["revoked"].is_null(), "{system}: {}", stdout(&given_up));
        let gone = syncline(room.at(), &["connect", "it", "--yes"]);
        assert_eq!(code(&gone), 4, "{system}: nothing is left to sign in with: {}", stderr(&gone));
    }
}
