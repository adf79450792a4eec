//! Events as AWS documents them: an SQS batch, an HTTP API's request in format 2.0, a Scheduler's payload.

use http::Method;
use serde_json::{Value as Json, json};

/// The X-Ray header that SQS hands on with the messages of [`sqs`].
pub const SENDER_TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

/// A batch of a queue's messages, with ids `m-0`, `m-1`, …
pub fn sqs(queue: &str, bodies: &[String]) -> Json {
    let record = |(place, body): (usize, &String)| {
        json!({
            "messageId": format!("m-{place}"),
            "receiptHandle": format!("AQEB{place}"),
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183", "AWSTraceHeader": SENDER_TRACE,
                "SenderId": "AIDAIENQZJOLO23YVJ4VO", "ApproximateFirstReceiveTimestamp": "1545082649185"
            },
            "messageAttributes": {},
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:us-east-1:123456789012:{queue}"),
            "awsRegion": "us-east-1"
        })
    };
    json!({ "Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>() })
}

/// A request at an HTTP API. Header names are in lower case, as the API makes them.
pub fn http(method: &Method, path: &str, query: &str, headers: &[(&str, &str)], body: Option<&str>) -> Json {
    let headers: serde_json::Map<String, Json> = headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let parameters: serde_json::Map<String, Json> =
        query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name.to_owned(), json!(value))).collect();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api-id",
            "domainName": "id.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "id",
            "http": { "method": method.as_str(), "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "agent" },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1_583_348_638_390_i64
        },
        "isBase64Encoded": false
    });
    if !parameters.is_empty() {
        event["queryStringParameters"] = Json::Object(parameters);
    }
    if let Some(body) = body {
        event["body"] = json!(body);
    }
    event
}
