//! Which records are shown, and how.

use serde_json::{Value as Json, json};
use syncline_engine::entry::LinkState;

use crate::desk::{Desk, block_names, headings};

/// A linked requester with an account full of records, and a stranger's account as full.
async fn furnished(desk: &Desk) -> (i64, String, Vec<String>, Vec<String>) {
    let requester = desk.requester(&json!({"name": "Ida Kowalski", "email": "ida@nordwerk.example"}));
    let account = desk.crm("Account", &json!({"Name": "Nordwerk GmbH", "Industry": "Energy"}));
    let other = desk.crm("Account", &json!({"Name": "Helio Ltd"}));
    let ida = desk.crm(
        "Contact",
        &json!({"FirstName": "Ida", "LastName": "Kowalski", "Email": "ida@nordwerk.example", "AccountId": account, "Title": "Buyer"}),
    );
    desk.crm("Contact", &json!({"LastName": "Brandt", "Email": "jonas@helio.example", "AccountId": other}));
    let opportunity = |account: &str, name: &str| json!({"AccountId": account, "Name": name, "StageName": "Proposal", "CloseDate": "2026-12-01", "Amount": 125_000.5});
    desk.crm("Opportunity", &opportunity(&account, "Nordwerk renewal"));
    desk.crm("Opportunity", &opportunity(&other, "Helio secret"));
    let (mut contracts, mut orders) = (Vec::new(), Vec::new());
    // Entered in no order of their dates.
    for month in [3, 7, 1, 5, 2, 6, 4] {
        contracts.push((month, desk.contract(&account, &format!("2026-{month:02}-01"))));
        orders.push((month, desk.order(&account, &format!("2026-{month:02}-15"))));
        desk.contract(&other, &format!("2026-{month:02}-20"));
        desk.order(&other, &format!("2026-{month:02}-20"));
    }
    desk.link(requester, &ida, LinkState::Active).await;
    (requester, account, newest_five(contracts), newest_five(orders))
}

fn newest_five(mut numbers: Vec<(i32, String)>) -> Vec<String> {
    numbers.sort_by_key(|(month, _)| std::cmp::Reverse(*month));
    numbers.into_iter().take(5).map(|(_, number)| number).collect()
}

#[tokio::test]
async fn fs_18_a_linked_requester_shows_the_five_newest_contracts_and_orders_of_their_account_only() {
    let desk = Desk::new();
    let (requester, account, contracts, orders) = furnished(&desk).await;
    desk.crm_calls();
    let shown = desk.json(requester).await;
    assert_eq!(shown["state"], "linked");
    assert_eq!(shown["title"], "Salesforce");
    assert_eq!(shown["message"], Json::Null);
    assert_eq!(block_names(&shown), ["contact", "account", "opportunities", "contracts", "orders"]);
    assert_eq!(headings(&shown, "contact"), ["Ida Kowalski"]);
    assert_eq!(headings(&shown, "account"), ["Nordwerk GmbH"]);
    assert_eq!(headings(&shown, "opportunities"), ["Nordwerk renewal"]);
    assert_eq!(headings(&shown, "contracts"), contracts);
    assert_eq!(headings(&shown, "orders"), orders);
    let text = shown.to_string();
    assert!(!text.contains("Helio") && !text.contains("jonas"), "{text}");
    assert_eq!(shown["blocks"][1]["records"][0]["link"], format!("http://127.0.0.1:9/lightning/r/Account/{account}/view"));
    let amount = &shown["blocks"][2]["records"][0]["fields"][1];
    assert_eq!((amount["label"].as_str(), amount["text"].as_str()), (Some("Amount"), Some("125\u{202f}000.50")));
    // The person, and then everything else at once.
    let calls = desk.crm_calls();
    assert_eq!(calls.len(), 2, "{calls:?}");
    // The link suffices: the helpdesk is not asked.
    assert!(syncline_simulator::lock(&desk.freshdesk).seen.is_empty());
}

#[tokio::test]
async fn fs_18_the_page_says_the_same_as_the_json() {
    let desk = Desk::new();
    let (requester, _, _, _) = furnished(&desk).await;
    let shown = desk.json(requester).await;
    let page = desk.page(requester).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    let mut rest = page.text.as_str();
    let mut compared = 0;
    // Everything in the JSON stands in the page, in the same order.
    for block in shown["blocks"].as_array().unwrap() {
        let mut wanted = vec![&block["title"]];
        for record in block["records"].as_array().unwrap() {
            wanted.extend([&record["link"], &record["heading"]]);
            for field in record["fields"].as_array().unwrap().iter().filter(|field| !field["text"].is_null()) {
                wanted.extend([&field["label"], &field["text"]]);
            }
        }
        for text in wanted.into_iter().map(|text| text.as_str().unwrap()) {
            let at = rest.find(text).unwrap_or_else(|| panic!("{text:?} is not in the page, or not here"));
            rest = &rest[at + text.len()..];
            compared += 1;
        }
    }
    assert!(compared > 60, "{compared}");
    // And the page has no more of them.
    let records: usize = shown["blocks"].as_array().unwrap().iter().map(|block| block["records"].as_array().unwrap().len()).sum();
    assert_eq!(page.text.matches("<article>").count(), records);
}

#[tokio::test]
async fn fs_18_each_block_has_its_own_switch_and_list_of_fields() {
    let desk = Desk::with(|settings| {
        for block in &mut settings.blocks {
            block.on = matches!(block.name.as_str(), "account" | "orders");
            if block.name == "orders" {
                block.fields.retain(|shown| ["EffectiveDate", "Status"].contains(&shown.field.as_str()));
                block.fields.reverse();
                block.records_max = 2;
            }
        }
    });
    let (requester, _, _, _) = furnished(&desk).await;
    let shown = desk.json(requester).await;
    assert_eq!(block_names(&shown), ["account", "orders"]);
    assert_eq!(headings(&shown, "orders"), ["2026-07-15", "2026-06-15"]);
    let fields = &shown["blocks"][1]["records"][0]["fields"];
    assert_eq!(fields, &json!([{"name": "Status", "label": "Status", "text": "Draft"}]));
}

#[tokio::test]
async fn fs_18_what_is_switched_off_is_not_asked_for() {
    let desk = Desk::with(|settings| settings.blocks.iter_mut().for_each(|block| block.on = block.name == "orders"));
    let (requester, _, _, orders) = furnished(&desk).await;
    desk.crm_calls();
    let shown = desk.json(requester).await;
    assert_eq!((block_names(&shown), headings(&shown, "orders")), (vec!["orders"], orders));
    // One question each, so each stands in its path: who the account is, and its orders.
    let calls = desk.crm_calls();
    assert!(
        matches!(calls.as_slice(), [person, orders] if person.contains("FROM%20Contact%20") && orders.contains("FROM%20Order%20")),
        "{calls:?}"
    );
}

#[tokio::test]
async fn fs_18_what_an_account_has_none_of_says_so() {
    let desk = Desk::new();
    let requester = desk.requester(&json!({"name": "Ida", "email": "ida@nordwerk.example"}));
    let account = desk.crm("Account", &json!({"Name": "Nordwerk GmbH"}));
    let ida = desk.crm("Contact", &json!({"LastName": "Kowalski", "AccountId": account}));
    desk.link(requester, &ida, LinkState::Active).await;
    let page = desk.page(requester).await.text;
    for sentence in ["No opportunities yet", "No contracts yet", "No orders yet"] {
        assert!(page.contains(sentence), "{sentence}");
    }
    let alone = desk.requester(&json!({"name": "Rosa", "email": "rosa@helio.example"}));
    let rosa = desk.crm("Contact", &json!({"LastName": "Rao"}));
    desk.link(alone, &rosa, LinkState::Active).await;
    desk.order(&account, "2026-01-01");
    let shown = desk.json(alone).await;
    assert_eq!(shown["blocks"][1]["empty"], "No account");
    assert_eq!(headings(&shown, "orders"), Vec::<String>::new(), "a person without an account has no orders");
}

#[tokio::test]
async fn fs_18_hostile_values_are_text() {
    let desk = Desk::new();
    let requester = desk.requester(&json!({"name": "Eve", "email": "eve@evil.example"}));
    let name = "</title><script>alert(1)</script>";
    let account = desk.crm("Account", &json!({"Name": name, "Website": "javascript:alert(2)", "Phone": "\" onmouseover=\"alert(3)"}));
    let eve = desk.crm("Contact", &json!({"LastName": "<img src=x onerror='alert(4)'>", "Title": "&amp;<b>", "AccountId": account}));
    desk.link(requester, &eve, LinkState::Active).await;
    let page = desk.page(requester).await;
    let text = &page.text;
    assert!(text.contains("&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;"), "{text}");
    assert!(text.contains("&lt;img src=x onerror=&#39;alert(4)&#39;&gt;") && text.contains("&amp;amp;&lt;b&gt;"), "{text}");
    assert!(text.contains("&quot; onmouseover=&quot;alert(3)"), "{text}");
    assert!(!text.contains("<script") && !text.contains("<img") && !text.contains("href=\"javascript"), "{text}");
    // The JSON has it as it is, and no browser takes JSON for a page.
    assert_eq!(desk.json(requester).await["blocks"][1]["records"][0]["heading"], name);
}
