//! `connect` and `disconnect` at a terminal, with a browser, at a simulated Zendesk account: what a person sees, types and gets.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use syncline_aws::SystemClock;
use syncline_engine::ports::clock::Clock as _;
use syncline_engine::ports::http::{Call, Http as _};
use syncline_http::ReqwestHttp;
use syncline_model::Deadline;
use syncline_simulator::{Shared, shared};
use syncline_zendesk_support_sim::{CLIENT_ID, CLIENT_SECRET, Limits, OWNER_EMAIL, Profile, Role, Support};
use tokio::net::TcpListener;

use crate::terminal::Terminal;
use crate::{code, command, json, stderr, stdout, syncline};

const AGENT_EMAIL: &str = "agent@acme.example";

/// A configuration has a sync; this one is never run.
const SYNC: &str = r"
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

/// A folder with a configuration that points at a simulated account.
struct Room {
    folder: tempfile::TempDir,
    _support: Shared<Support>,
}

impl Room {
    /// `auth` as in the configuration; `subdomain`: what is written there, and the account is `acme`.
    async fn new(auth: &str, subdomain: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base_url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut support = Support::new(Profile { base_url: base_url.clone(), limits: Limits::BOUNDLESS, ..Profile::default() });
        support.add_user("Anna Agent", AGENT_EMAIL, Role::Agent);
        let support = shared(support);
        tokio::spawn(syncline_simulator::serve(listener, support.clone(), Arc::new(SystemClock)));
        let folder = tempfile::tempdir().expect("a folder");
        let config = format!(
            "version: 1\nconnections:\n  aircall:\n    system: aircall\n  zendesk:\n    system: zendesk_support\n    subdomain: {subdomain}\n    \
             base_url: {base_url}\n    auth: {auth}\n{SYNC}"
        );
        std::fs::write(folder.path().join("syncline.yaml"), config).expect("a file");
        Self { folder, _support: support }
    }

    fn at(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.at().join(".syncline").join(name)
    }

    /// The stored credentials of the connection.
    fn stored(&self) -> Json {
        let text = std::fs::read_to_string(self.file("secrets.json")).expect("the secrets");
        serde_json::from_str::<Json>(&text).expect("JSON")["zendesk"].clone()
    }

    fn connect(&self, more: &[&str]) -> Terminal {
        let arguments: Vec<&str> = ["connect", "zendesk", "--redirect-port", "0"].into_iter().chain(more.iter().copied()).collect();
        Terminal::run(self.at(), &arguments)
    }

    /// Answers the questions up to the address of the sign-in page.
    fn answer(terminal: &mut Terminal) -> String {
        terminal.expect("How do you want to sign in?");
        terminal.expect("[1]: ");
        terminal.type_line("");
        terminal.expect("client_id: ");
        terminal.type_line(CLIENT_ID);
        terminal.expect("client_secret (empty: none): ");
        terminal.type_line(CLIENT_SECRET);
        terminal.expect("The browser was opened at");
        terminal.line();
        terminal.line()
    }
}

/// The other program of a sign-in.
pub(crate) struct Browser(ReqwestHttp);

impl Browser {
    pub(crate) fn new() -> Self {
        Self(ReqwestHttp::new(Arc::new(SystemClock)))
    }

    async fn get(&self, address: &str) -> http::Response<Bytes> {
        let request = http::Request::get(address).body(Bytes::new()).expect("a request");
        let by = Deadline(SystemClock.now() + SignedDuration::from_mins(2));
        self.0.send(Call::new("browser", request), by).await.expect("an answer")
    }

    /// Signs in on the page as somebody, or denies; answers where the browser is sent.
    pub(crate) async fn decide(&self, address: &str, decision: &str, user: &str) -> String {
        let page = self.get(address).await;
        assert_eq!(page.status(), 200, "{address}");
        let body = String::from_utf8_lossy(page.body()).replace("&amp;", "&").replace("%40", "@").replace("%2E", ".");
        assert!(decision == "deny" || body.contains(&format!("decision=allow&user={user}")), "{body}");
        let answer = self.get(&format!("{address}&decision={decision}&user={}", user.replace('@', "%40"))).await;
        answer.headers()["location"].to_str().expect("an address").to_owned()
    }

    /// Goes where it is sent; the page that it shows then.
    pub(crate) async fn follow(&self, address: &str) -> (u16, String) {
        let answer = self.get(address).await;
        let policy = answer.headers()["content-security-policy"].to_str().expect("a policy").to_owned();
        assert!(policy.starts_with("default-src 'none'"), "nothing from outside: {policy}");
        (answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_with_the_browser_sees_the_account_and_confirms() {
    let room = Room::new("refresh_token", "acme").await;
    let before = std::fs::read_to_string(room.at().join("syncline.yaml")).expect("the configuration");
    let browser = Browser::new();
    let mut terminal = room.connect(&[]);
    let address = Room::answer(&mut terminal);
    assert!(address.contains("code_challenge_method=S256") && address.contains("&state="), "{address}");
    let back = browser.decide(&address, "allow", OWNER_EMAIL).await;
    let (status, page) = browser.follow(&back).await;
    assert!(status == 200 && page.contains("Signed in"), "{page}");

    terminal.expect("account acme.zendesk.com");
    terminal.expect(OWNER_EMAIL);
    terminal.expect("Store these credentials");
    assert!(room.stored().is_null(), "nothing is stored before it is confirmed");
    terminal.type_line("y");
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 0, "{shown}");
    assert!(shown.contains("stored; zendesk runs"), "{shown}");
    assert!(!shown.contains(CLIENT_SECRET), "what is secret is not echoed: {shown}");

    let stored = room.stored();
    assert!(["client_id", "client_secret", "access_token", "refresh_token"].iter().all(|name| stored[name].is_string()), "{stored}");
    assert_eq!(std::fs::read_to_string(room.at().join("syncline.yaml")).expect("the configuration"), before);
    assert!(!room.file("connect-zendesk.json").exists(), "the answers have done what they were for");

    let again = syncline(room.at(), &["connect", "zendesk", "--json"]);
    assert_eq!(code(&again), 0, "{}", stderr(&again));
    let shown = json(&again);
    assert_eq!((&shown["already_connected"], &shown["stored"]), (&json!(true), &json!(false)));
    assert_eq!(room.stored(), stored, "nothing was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_sign_in_is_tried_again_and_a_foreign_one_is_not_noticed() {
    let room = Room::new("refresh_token", "acme").await;
    let browser = Browser::new();
    let mut terminal = room.connect(&[]);
    let address = Room::answer(&mut terminal);

    let denied = browser.decide(&address, "deny", "").await;
    let (listener, _) = denied.split_once('?').expect("a query");
    for foreign in ["?code=stolen&state=guessed", "?code=stolen", "?error=access_denied"] {
        let (status, page) = browser.follow(&format!("{listener}{foreign}")).await;
        assert!(status == 400 && page.contains("does not belong to this attempt"), "{status}: {page}");
    }
    let (status, _) = browser.follow(&listener.replace("/signed-in", "/favicon.ico")).await;
    assert_eq!(status, 404);

    let (_, page) = browser.follow(&denied).await;
    assert!(page.contains("Not signed in") && page.contains("cancelled"), "{page}");
    terminal.expect("error: the sign-in was cancelled, and nothing was changed");
    terminal.expect(&format!("client_id [{CLIENT_ID}]: "));
    terminal.type_line("");
    terminal.expect("client_secret (empty: none): ");
    terminal.type_line("");
    terminal.expect("The browser was opened at");
    terminal.line();
    let again = terminal.line();
    assert_ne!(again, address, "another attempt, another state");
    let back = browser.decide(&again, "allow", OWNER_EMAIL).await;
    browser.follow(&back).await;
    terminal.expect("Store these credentials");
    terminal.type_line("n");
    let (exit, shown) = terminal.end();
    assert!(exit == 1 && shown.contains("nothing was stored"), "{shown}");
    assert!(room.stored().is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_browser_here_the_redirects_address_is_pasted() {
    let room = Room::new("refresh_token", "acme").await;
    let browser = Browser::new();
    let client = format!("client_id={CLIENT_ID}");
    let mut terminal = room.connect(&["--no-browser", "--way", "browser", "--secret", &client]);
    terminal.expect("client_secret (empty: none): ");
    terminal.type_line("");
    terminal.expect("Open this address in any browser:");
    terminal.line();
    let address = terminal.line();
    terminal.expect("Paste the whole address");
    terminal.type_line("http://localhost:17580/signed-in?code=stolen&state=guessed");
    terminal.expect("does not belong to this attempt");
    terminal.type_line(&browser.decide(&address, "allow", OWNER_EMAIL).await);
    terminal.expect("Store these credentials");
    terminal.type_line("yes");
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 0, "{shown}");
    assert!(room.stored()["refresh_token"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_ctrl_c_the_next_run_proposes_what_is_no_secret() {
    let room = Room::new("refresh_token", "acme").await;
    let mut terminal = room.connect(&[]);
    terminal.expect("[1]: ");
    terminal.type_line("2");
    terminal.expect("client_id: ");
    terminal.type_line("my-client");
    terminal.expect("client_secret (empty: none): ");
    terminal.type_line("my-secret");
    terminal.expect("refresh_token: ");
    terminal.interrupt();
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 130, "{shown}");
    assert!(shown.contains("what was not confirmed is not stored"), "{shown}");
    let kept = std::fs::read_to_string(room.file("connect-zendesk.json")).expect("the answers");
    assert!(kept.contains("my-client") && !kept.contains("my-secret"), "{kept}");
    assert!(room.stored().is_null());

    let mut terminal = room.connect(&[]);
    terminal.expect("your answers are proposed");
    terminal.expect("[2]: ");
    terminal.type_line("");
    terminal.expect("client_id [my-client]: ");
    terminal.type_line("back");
    terminal.expect("[2]: ");
    terminal.type_line("back");
    terminal.expect("this is the first question");
    terminal.interrupt();
    assert_eq!(terminal.end().0, 130);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_administrator_is_told_so_and_nothing_is_stored() {
    let room = Room::new("refresh_token", "acme").await;
    let browser = Browser::new();
    let mut terminal = room.connect(&[]);
    let address = Room::answer(&mut terminal);
    let back = browser.decide(&address, "allow", AGENT_EMAIL).await;
    browser.follow(&back).await;
    terminal.expect("error: agent@acme.example is no administrator of acme.zendesk.com");
    terminal.expect("sign in as an administrator");
    terminal.expect("client_id");
    terminal.interrupt();
    let (exit, _) = terminal.end();
    assert_eq!(exit, 130);
    assert!(room.stored().is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_does_not_exist_is_told_before_anybody_signs_in() {
    let room = Room::new("client_credentials", "acmee").await;
    let client = [format!("client_id={CLIENT_ID}"), format!("client_secret={CLIENT_SECRET}")];
    let arguments = ["connect", "zendesk", "--secret", &client[0], "--secret", &client[1], "--yes"];
    let output = syncline(room.at(), &arguments);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert!(stderr(&output).contains("no Zendesk Support account was found at acmee.zendesk.com"), "{}", stderr(&output));
    let (exit, shown) = room.connect(&[]).end();
    assert!(exit == 3 && shown.contains("was found at acmee.zendesk.com") && !shown.contains("client_id"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_that_is_missing_is_named_where_nobody_can_be_asked() {
    let room = Room::new("client_credentials", "acme").await;
    let client = format!("client_id={CLIENT_ID}");
    let output = syncline(room.at(), &["connect", "zendesk", "--secret", &client, "--json"]);
    assert_eq!(code(&output), 4, "{}", stderr(&output));
    assert!(stderr(&output).contains("has no client_secret") && stderr(&output).contains("`--secret client_secret=…`"));
    assert_eq!(json(&output)["exit"], 4);
    let secret = format!("client_secret={CLIENT_SECRET}");
    let unconfirmed = syncline(room.at(), &["connect", "zendesk", "--secret", &client, "--secret", &secret]);
    assert_eq!(code(&unconfirmed), 2, "{}", stderr(&unconfirmed));
    assert!(stderr(&unconfirmed).contains("give `--yes`"), "{}", stderr(&unconfirmed));
    let wrong = syncline(room.at(), &["connect", "zendesk", "--way", "browser", "--yes"]);
    assert_eq!(code(&wrong), 2, "{}", stderr(&wrong));
    assert!(stderr(&wrong).contains("does not sign in by `browser`"), "{}", stderr(&wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_is_worth_nothing_at_the_vendor_and_gone_here() {
    let room = Room::new("refresh_token", "acme").await;
    let stored = |token: &str| format!("refresh_token={token}");
    let client = format!("client_id={CLIENT_ID}");
    let (secret, refresh) = (format!("client_secret={CLIENT_SECRET}"), stored(syncline_zendesk_support_sim::REFRESH_TOKEN));
    let connected = syncline(room.at(), &["connect", "zendesk", "--secret", &client, "--secret", &secret, "--secret", &refresh, "--yes"]);
    assert_eq!(code(&connected), 0, "{}", stderr(&connected));
    let token = room.stored()["refresh_token"].as_str().expect("a token").to_owned();
    assert_ne!(token, syncline_zendesk_support_sim::REFRESH_TOKEN, "the rotated one is stored");

    let unasked = syncline(room.at(), &["disconnect", "zendesk"]);
    assert_eq!(code(&unasked), 2, "{}", stderr(&unasked));
    let mut terminal = Terminal::run(room.at(), &["disconnect", "zendesk"]);
    terminal.expect("What stays: ");
    terminal.expect("Disconnect zendesk? [y/N] ");
    terminal.type_line("n");
    assert_eq!(terminal.end().0, 1);
    assert_eq!(room.stored()["refresh_token"], json!(token));

    let done = syncline(room.at(), &["disconnect", "zendesk", "--yes", "--json"]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    assert_eq!((&json(&done)["disconnected"], &json(&done)["revoked"]), (&json!(true), &json!("done")));
    assert_eq!(room.stored(), json!({}));
    let refresh = stored(&token);
    let dead = syncline(room.at(), &["connect", "zendesk", "--secret", &client, "--secret", &secret, "--secret", &refresh, "--yes"]);
    assert_eq!(code(&dead), 4, "{}", stderr(&dead));

    let again = command(room.at()).args(["disconnect", "zendesk", "--yes"]).output().expect("the binary runs");
    assert_eq!(code(&again), 0, "{}", stderr(&again));
    assert!(stdout(&again).contains("is not connected; nothing was changed"));
}
