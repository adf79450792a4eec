//! Requests and answers of an API Gateway HTTP API, payload format 2.0.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// The request as it was sent, with the host that it was sent to; `None` where it cannot be read: a path that is none, a body that is not the
/// base64 that it is said to be.
pub fn request(event: ApiGatewayV2httpRequest) -> Option<http::Request<Bytes>> {
    let body = event.body.unwrap_or_default();
    let body = if event.is_base64_encoded { STANDARD.decode(body).ok()? } else { body.into_bytes() };
    let path = event.raw_path?;
    let query = event.raw_query_string.filter(|query| !query.is_empty()).map(|query| format!("?{query}")).unwrap_or_default();
    let uri = match event.request_context.domain_name {
        Some(host) => format!("https://{host}{path}{query}"),
        None => format!("{path}{query}"),
    };
    let mut request = http::Request::new(Bytes::from(body));
    *request.method_mut() = event.request_context.http.method;
    *request.uri_mut() = uri.parse().ok()?;
    *request.headers_mut() = event.headers;
    Some(request)
}

/// The answer as API Gateway takes it: text as text, all else as base64.
pub fn response(answer: http::Response<Bytes>) -> ApiGatewayV2httpResponse {
    let (head, body) = answer.into_parts();
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = i64::from(head.status.as_u16());
    response.headers = head.headers;
    response.body = Some(match String::from_utf8(body.to_vec()) {
        Ok(text) => Body::Text(text),
        Err(bytes) => {
            response.is_base64_encoded = true;
            Body::Text(STANDARD.encode(bytes.into_bytes()))
        }
    });
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_keeps_its_method_address_and_body() {
        let mut event = ApiGatewayV2httpRequest::default();
        event.raw_path = Some("/panel".to_owned());
        event.raw_query_string = Some("token=a%20b".to_owned());
        event.request_context.domain_name = Some("api.example".to_owned());
        event.request_context.http.method = http::Method::POST;
        event.body = Some("AP8=".to_owned());
        event.is_base64_encoded = true;
        let read = request(event.clone()).unwrap();
        assert_eq!(read.uri(), "https://api.example/panel?token=a%20b");
        assert_eq!((read.method(), read.body().as_ref()), (&http::Method::POST, [0, 255].as_slice()));
        event.body = Some("no base64!".to_owned());
        assert!(request(event).is_none());
    }

    #[test]
    fn an_answer_that_is_no_text_is_sent_as_base64() {
        let text = response(http::Response::new(Bytes::from_static(b"text")));
        assert_eq!((text.is_base64_encoded, text.body), (false, Some(Body::Text("text".to_owned()))));
        let bytes = response(http::Response::new(Bytes::from_static(&[0, 255])));
        assert_eq!((bytes.is_base64_encoded, bytes.body), (true, Some(Body::Text("AP8=".to_owned()))));
    }
}
