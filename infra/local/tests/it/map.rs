//! The map: records by owner and stage, on a page that fetches nothing and opens to its key alone.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use syncline_aws::SystemDice;
use syncline_local::{Amount, Installation, RecordMap, Setup, SimulateOptions};

const LAYERS: &str = "
map:
  accounts: { connection: salesforce, object: Account, name: Name, town: BillingCity, country: BillingCountry, owner: OwnerId, stage: BillingCountry }
  people: { connection: salesforce, object: Contact, name: Name, address_of: { field: AccountId, layer: accounts }, owner: OwnerId }
";

async fn installation(folder: &std::path::Path, layers: &str) -> Arc<Installation> {
    let text = format!("{}{layers}", syncline_config::recipe("freshdesk-salesforce").unwrap());
    let config = syncline_config::read(&text, "syncline.yaml", &syncline_registry::system_facts()).unwrap();
    let amount = Amount { people: 0..40, companies: 0..10, calls: None };
    let simulate = Some(SimulateOptions { seed: 7, left: amount.clone(), right: amount, provision: true });
    Arc::new(Installation::open(Setup { folder: folder.to_owned(), simulate, ..Setup::new(config) }).await.unwrap())
}

fn map(installation: &Installation) -> RecordMap {
    RecordMap::new(&installation.config, installation.engine.clone(), &SystemDice).unwrap()
}

async fn get(map: &RecordMap, path: &str) -> Response<Bytes> {
    map.answer(&Request::get(path).body(Bytes::new()).unwrap()).await
}

fn body(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

fn dots(page: &str) -> usize {
    let drawing = page.split("class=\"land\"").nth(1).unwrap().split("</svg>").next().unwrap();
    drawing.matches("<title>").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zs_08_records_stand_on_the_map_by_owner_and_stage() {
    let folder = tempfile::tempdir().unwrap();
    let installation = installation(folder.path(), LAYERS).await;
    let map = map(&installation);
    let whole = body(&get(&map, &map.path()).await);
    assert!(whole.contains("<h1>50 records</h1>"), "10 accounts and 40 people");
    let unplaced: usize = whole.split("Without a place: ").nth(1).map_or(0, |rest| rest.split('<').next().unwrap().parse().unwrap());
    assert_eq!(dots(&whole) + unplaced, 50, "each is drawn or listed");
    assert!(dots(&whole) > 10, "also people, at their account's town");
    assert!(!whole.contains("<script") && !whole.contains("src=") && !whole.contains("url("), "nothing is fetched or run");
    // The first stage of the legend, chosen: fewer records, and a second click takes it back.
    let stages = whole.split("<h2>Stage</h2>").nth(1).unwrap();
    let link = stages.split("href=\"").nth(2).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let chosen = body(&get(&map, &format!("/map{link}")).await);
    assert!(link.contains("stage=") && chosen.contains("aria-current=\"true\""), "{link}");
    assert!(dots(&chosen) < dots(&whole), "{} of {}", dots(&chosen), dots(&whole));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_key_of_this_run_nothing_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let installation = installation(folder.path(), LAYERS).await;
    let (map, other) = (map(&installation), map(&installation));
    for path in ["/map", "/map?key=", &other.path()] {
        let refused = get(&map, path).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        assert!(body(&refused).contains("syncline local"), "says where the whole address is");
    }
    let shown = get(&map, &map.path()).await;
    let policy = shown.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert_eq!(shown.headers()[header::CACHE_CONTROL], "no-store");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_the_vendor_does_not_have_is_said_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let layers = LAYERS.replace("town: BillingCity", "town: NoSuchField__c");
    let installation = installation(folder.path(), &layers).await;
    let map = map(&installation);
    let failed = get(&map, &map.path()).await;
    assert_eq!(failed.status(), StatusCode::BAD_GATEWAY);
    assert!(body(&failed).starts_with("map.accounts: "), "{}", body(&failed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_config_without_layers_has_no_map() {
    let folder = tempfile::tempdir().unwrap();
    let installation = installation(folder.path(), "").await;
    assert!(RecordMap::new(&installation.config, installation.engine.clone(), &SystemDice).is_none());
}
