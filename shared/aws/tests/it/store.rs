//! The store where `DynamoDB` is busy, in conflict or silent. What it promises on a calm day is the store contract's business.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use syncline_aws::{Consumed, DynamoStore, SystemDice};
use syncline_engine::ports::store::{Expect, Item, Key, Store, StoreError, WRITES_MAX, Write};

use crate::HandClock;
use crate::fake::{Answer, Fake};

fn store(fake: &Fake) -> DynamoStore {
    DynamoStore::new(fake.aws(), "syncline", HandClock::new(), Arc::new(SystemDice))
}

fn key(sort: &str) -> Key {
    Key { partition: "link".into(), sort: sort.into() }
}

fn put(sort: &str, expect: Expect) -> Write {
    let item =
        Item { key: key(sort), body: "ida@nordwerk.example".into(), version: 4, expires: Some("2026-11-22T11:00:00Z".parse().unwrap()) };
    Write::Put { item, expect }
}

fn row(sort: &str) -> Value {
    json!({"pk": {"S": "link"}, "sk": {"S": sort}, "v": {"N": "1"}, "b": {"S": "{}"}})
}

/// The sentence of an `Unavailable`; it must show nothing of the items.
fn unavailable<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Err(StoreError::Unavailable(sentence)) => {
            assert!(!sentence.contains("ida@"), "{sentence}");
            sentence
        }
        other => panic!("expected unavailable, found {other:?}"),
    }
}

#[tokio::test]
async fn a_lone_write_is_one_conditional_put() {
    let fake = Fake::start(|_, _| Answer::Ok(json!({"ConsumedCapacity": {"TableName": "syncline", "CapacityUnits": 3.0}}))).await;
    let store = store(&fake);
    store.write(vec![put("a", Expect::Absent)]).await.unwrap();
    store.write(vec![Write::Delete { key: key("a"), expect: Expect::Version(4) }]).await.unwrap();
    let asked = fake.asked();
    assert_eq!(asked[0].0, "PutItem");
    assert_eq!(
        asked[0].1,
        json!({
            "TableName": "syncline",
            "Item": {
                "pk": {"S": "link"}, "sk": {"S": "a"}, "v": {"N": "4"}, "b": {"S": "ida@nordwerk.example"}, "e": {"N": "1795345200"},
            },
            "ConditionExpression": "attribute_not_exists(pk) OR e < :now",
            "ExpressionAttributeValues": {":now": {"N": "1795341600"}},
            "ReturnConsumedCapacity": "TOTAL",
        })
    );
    assert_eq!(asked[1].0, "DeleteItem");
    assert_eq!(asked[1].1["ExpressionAttributeValues"][":v"], json!({"N": "4"}));
    assert_eq!(store.consumed(), Consumed { single_writes: 2, write_units_x2: 12, ..Consumed::default() });
}

#[tokio::test]
async fn a_conditional_write_whose_answer_is_lost_is_not_repeated() {
    let fake = Fake::start(|_, _| Answer::Lost).await;
    let store = store(&fake);
    unavailable(store.write(vec![put("a", Expect::Version(3))]).await);
    assert_eq!(fake.operations(), ["PutItem"], "its own first try would look like somebody else's");
}

#[tokio::test]
async fn a_transaction_whose_answer_is_lost_is_repeated_under_its_token() {
    let calls = AtomicU32::new(0);
    let fake = Fake::start(move |_, _| if calls.fetch_add(1, Ordering::SeqCst) == 0 { Answer::Lost } else { Answer::Ok(json!({})) }).await;
    let store = store(&fake);
    store.write(vec![put("a", Expect::Absent), put("b", Expect::Absent)]).await.unwrap();
    store.write(vec![put("a", Expect::Absent), put("b", Expect::Absent)]).await.unwrap();
    let tokens: Vec<Value> = fake.asked().into_iter().map(|(_, members)| members["ClientRequestToken"].clone()).collect();
    assert_eq!(tokens.len(), 3);
    assert_eq!(tokens[0], tokens[1]);
    assert_ne!(tokens[1], tokens[2]);
    assert_eq!(tokens[0].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn a_cancelled_transaction_names_conditions_before_conflicts() {
    let reasons =
        |codes: [&str; 3]| json!({"CancellationReasons": codes.map(|code| json!({"Code": code, "Message": "ida@nordwerk.example"}))});
    for (codes, lost) in [
        (["None", "ConditionalCheckFailed", "None"], Some(vec![1])),
        (["TransactionConflict", "None", "ConditionalCheckFailed"], Some(vec![3])),
        (["TransactionConflict", "None", "None"], None),
        (["None", "None", "ThrottlingError"], None),
    ] {
        let fake = Fake::start(move |_, _| Answer::Refused(400, "TransactionCanceledException", reasons(codes))).await;
        let store = store(&fake);
        // The third is no step of the transaction, so the fourth's place is not its number.
        let check = Write::Check { key: key("c"), expect: Expect::Any };
        let answer = store.write(vec![put("a", Expect::Any), put("b", Expect::Absent), check, put("d", Expect::Version(3))]).await;
        if let Some(at) = lost {
            assert_eq!(answer, Err(StoreError::Lost { at }));
            assert_eq!(store.consumed().lost, 1);
        } else {
            let sentence = unavailable(answer);
            assert!(codes.iter().filter(|code| **code != "None").all(|code| sentence.contains(code)), "{sentence}");
        }
    }
}

#[tokio::test]
async fn what_stays_unprocessed_is_asked_for_again_and_then_given_up() {
    // Gives one item a round.
    let fake = Fake::start(|_, members| {
        let keys = members["RequestItems"]["syncline"]["Keys"].as_array().unwrap().clone();
        assert_eq!(members["RequestItems"]["syncline"]["ConsistentRead"], json!(true));
        let (first, left) = keys.split_first().unwrap();
        let unprocessed = if left.is_empty() { json!({}) } else { json!({"syncline": {"Keys": left}}) };
        Answer::Ok(json!({
            "Responses": {"syncline": [row(first["sk"]["S"].as_str().unwrap())]},
            "UnprocessedKeys": unprocessed,
            "ConsumedCapacity": [{"TableName": "syncline", "CapacityUnits": 1.0}],
        }))
    })
    .await;
    let store = store(&fake);
    let found = store.get(&[key("a"), key("b"), key("c")]).await.unwrap();
    assert!(found.iter().all(Option::is_some));
    assert_eq!(store.consumed(), Consumed { batch_gets: 3, read_units_x2: 6, ..Consumed::default() });

    let twenty: Vec<Key> = (0..20).map(|n| key(&n.to_string())).collect();
    let sentence = unavailable(store.get(&twenty).await);
    assert!(sentence.contains("14 keys stayed unprocessed"), "{sentence}");
}

#[tokio::test]
async fn loose_writes_that_stay_unprocessed_are_given_up() {
    let fake = Fake::start(|_, members| Answer::Ok(json!({"UnprocessedItems": members["RequestItems"]}))).await;
    let store = store(&fake);
    let sentence = unavailable(store.write_loose(vec![put("a", Expect::Any), put("b", Expect::Any)]).await);
    assert!(sentence.contains("2 writes stayed unprocessed"), "{sentence}");
    assert_eq!(fake.operations(), ["BatchWriteItem"; 6]);
}

#[tokio::test]
async fn what_passes_is_told_from_what_must_be_mended() {
    let fake = Fake::start(|operation, _| match operation {
        "Query" => Answer::Refused(400, "ProvisionedThroughputExceededException", json!({"message": "ida@nordwerk.example"})),
        "PutItem" => Answer::Refused(400, "ThrottlingException", json!({"message": "slow down"})),
        _ => Answer::Refused(
            400,
            "com.amazonaws.dynamodb.v20120810#AccessDeniedException",
            json!({"message": "role syncline-pull is not authorized to perform: dynamodb:BatchGetItem"}),
        ),
    })
    .await;
    let store = store(&fake);
    assert_eq!(unavailable(store.list("link", None, 10).await), "Query: ProvisionedThroughputExceededException");
    assert_eq!(unavailable(store.write(vec![put("a", Expect::Absent)]).await), "PutItem: ThrottlingException");
    let refused = "BatchGetItem: AccessDeniedException: role syncline-pull is not authorized to perform: dynamodb:BatchGetItem";
    assert_eq!(store.get(&[key("a")]).await, Err(StoreError::Refused(refused.to_owned())));
}

#[tokio::test]
async fn an_unreachable_table_is_unavailable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let store = DynamoStore::new(syncline_aws::Aws::at(&endpoint), "syncline", HandClock::new(), Arc::new(SystemDice));
    assert!(unavailable(store.get(&[key("a")]).await).starts_with("BatchGetItem: "));
}

#[tokio::test]
async fn a_table_of_somebody_else_is_recognised() {
    let fake = Fake::start(|_, _| Answer::Ok(json!({"Items": [{"pk": {"S": "link"}, "sk": {"S": "a"}}], "Count": 1}))).await;
    let Err(StoreError::Refused(sentence)) = store(&fake).list("link", None, 10).await else { panic!("a foreign row is no item") };
    assert!(sentence.contains("syncline") && sentence.contains("table of its own"), "{sentence}");
}

#[tokio::test]
async fn requests_that_cannot_be_right_are_not_sent() {
    let fake = Fake::start(|_, _| Answer::Ok(json!({}))).await;
    let store = store(&fake);
    let too_many: Vec<Write> = (0..=WRITES_MAX).map(|n| put(&n.to_string(), Expect::Any)).collect();
    assert!(unavailable(store.write(too_many).await).contains("101 writes"));
    unavailable(store.list("link", None, 0).await);
    assert!(fake.operations().is_empty());
}

#[tokio::test]
async fn a_whole_table_is_read_page_by_page_and_expired_items_are_left_out() {
    let fake = Fake::start(|operation, members| {
        assert_eq!((operation, &members["ConsistentRead"]), ("Scan", &json!(true)));
        let mut expired = row("b");
        expired["e"] = json!({"N": "1795341599"});
        let capacity = json!({"TableName": "syncline", "CapacityUnits": 2.0});
        Answer::Ok(match members["ExclusiveStartKey"]["sk"]["S"].as_str() {
            None => {
                json!({"Items": [row("a"), expired], "LastEvaluatedKey": {"pk": {"S": "link"}, "sk": {"S": "b"}}, "ConsumedCapacity": capacity})
            }
            Some(after) => {
                assert_eq!(after, "b");
                json!({"Items": [], "ConsumedCapacity": capacity})
            }
        })
    })
    .await;
    let store = store(&fake);
    let first = store.scan(None).await.unwrap();
    assert_eq!(first.items.iter().map(|item| item.key.clone()).collect::<Vec<_>>(), [key("a")]);
    assert_eq!(first.next, Some(key("b")));
    let last = store.scan(first.next.as_ref()).await.unwrap();
    assert_eq!((last.items.len(), last.next), (0, None));
    assert_eq!(store.consumed(), Consumed { scans: 2, read_units_x2: 8, ..Consumed::default() });
}
