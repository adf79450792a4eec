//! Outbound messages: who may send them, and what is read.

use bytes::Bytes;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::webhook::{Heard, RawWebhook, Refused, admit};

use super::{NOW, World, bundle, contact_id};

const ORGANIZATION: &str = "00Dx0000000BV7zEAG";

fn message(notifications: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>{ORGANIZATION}</OrganizationId><ActionId>04kx0000000AAAA</ActionId><SessionId xsi:nil="true"/><EnterpriseUrl>https://x</EnterpriseUrl><PartnerUrl>https://x</PartnerUrl>{notifications}</notifications></soapenv:Body></soapenv:Envelope>"#
    )
}

fn notification(id: &str, name: &str) -> String {
    format!(
        r#"<Notification><Id>04lx0000000AAAA</Id><sObject xsi:type="sf:Contact" xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>{id}</sf:Id><sf:LastName>{name}</sf:LastName></sObject></Notification>"#
    )
}

fn hear_as(settings: &[(&str, &str)], secrets: &Bundle, path: &str, body: impl Into<Bytes>) -> Result<Heard, Refused> {
    let connector = World::answering([]).connect(settings);
    let hooks = connector.webhooks().unwrap();
    let raw = RawWebhook { headers: http::HeaderMap::new(), path_rest: path.to_owned(), body: body.into() };
    let hook = admit(hooks, &raw, secrets, NOW.parse().unwrap())?;
    Ok(hooks.parse(&hook).unwrap())
}

fn hear(path: &str, body: impl Into<Bytes>) -> Result<Heard, Refused> {
    let secrets = bundle(&[("webhook_secret", "current"), ("webhook_secret_previous", "previous")]);
    hear_as(&[("organization_id", &ORGANIZATION[..15])], &secrets, path, body)
}

#[test]
fn a_message_becomes_hints_and_is_acknowledged() {
    let body = message(&(notification(&contact_id(1)[..15], "O&amp;N &#252;") + &notification(&contact_id(2), "X")));
    for path in ["current", "/current", "previous"] {
        let heard = hear(path, body.clone()).unwrap();
        let ids: Vec<String> = heard.hints.iter().map(|hint| format!("{} {}", hint.kind, hint.id)).collect();
        assert_eq!(ids, [format!("Contact {}", contact_id(1)), format!("Contact {}", contact_id(2))]);
        assert_eq!(heard.answer.0, "text/xml");
        assert!(heard.answer.1.contains("<Ack>true</Ack>"));
    }
}

#[test]
fn without_the_secret_nothing_is_read() {
    for path in ["", "/", "wrong", "current2", "curren", "currenT"] {
        assert_eq!(hear(path, message(&notification(&contact_id(1), "X"))), Err(Refused::Forged), "{path}");
        assert_eq!(hear(path, "<not xml"), Err(Refused::Forged), "{path}");
    }
    for secrets in [bundle(&[]), bundle(&[("webhook_secret", "")])] {
        assert_eq!(hear_as(&[], &secrets, "", message(&notification(&contact_id(1), "X"))), Err(Refused::Forged));
    }
}

#[test]
fn another_organisations_message_is_refused() {
    let body = message(&notification(&contact_id(1), "X")).replace(ORGANIZATION, "00Dx0000000AAAA");
    assert_eq!(hear("current", body), Err(Refused::OtherAccount));
}

#[test]
fn what_is_not_plain_xml_is_unreadable() {
    let good = message(&notification(&contact_id(1), "X"));
    let bomb = good.replace("<soapenv:Envelope", "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><soapenv:Envelope");
    let cases: Vec<(&str, Bytes)> = vec![
        ("empty", Bytes::new()),
        ("cut", Bytes::from(good[..good.len() / 2].to_owned())),
        ("cut before the last tag", Bytes::from(good[..good.len() - 20].to_owned())),
        ("document type", Bytes::from(bomb)),
        ("entity", Bytes::from(good.replace(">X<", ">&a;<"))),
        ("processing instruction", Bytes::from(good.replace("<soapenv:Body>", "<?php x?><soapenv:Body>"))),
        ("not UTF-8", Bytes::from([good.as_bytes(), &[0xff]].concat())),
        ("too long", Bytes::from(good.replace(">X<", &format!(">{}<", "x".repeat(1024 * 1024))))),
        ("no notification", Bytes::from(message(""))),
        ("no id", Bytes::from(good.replace("sf:Id", "sf:Key"))),
        ("a wrong id", Bytes::from(good.replace(&contact_id(1), "../x"))),
        ("no organisation", Bytes::from(good.replace("OrganizationId", "Organization"))),
        ("too many", Bytes::from(message(&notification(&contact_id(1), "X").repeat(101)))),
        ("another root", Bytes::from("<a><b/></a>")),
        ("JSON", Bytes::from("{}")),
    ];
    for (name, body) in cases {
        let refused = hear("current", body);
        assert!(matches!(refused, Err(Refused::Unreadable(_))), "{name}: {refused:?}");
    }
    assert!(hear("current", message(&notification(&contact_id(1), "X").repeat(100))).is_ok());
}
