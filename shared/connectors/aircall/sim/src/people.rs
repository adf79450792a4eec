//! What people do in Aircall's own apps and dashboard: none of it costs anything of the limit.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use syncline_simulator::{Fields, Strain, Users, flat};

use crate::Aircall;
use crate::meter::CALLS_PER_MINUTE;
use crate::user::{Reason, Setting, Working};

/// The one kind of record.
pub(crate) const KIND: &str = "user";

impl Aircall {
    /// The user picks a status in the app; whether there is such a user.
    pub fn set_status(&mut self, now: Timestamp, id: i64, setting: Setting) -> bool {
        let now = now.as_second();
        self.pass(now);
        self.set(now, id, setting, false);
        self.users.contains_key(&id)
    }

    /// The user opens the Workspace app; whether it was closed.
    pub fn log_in(&mut self, now: Timestamp, id: i64) -> bool {
        self.turn(now, id, true)
    }

    /// The user closes the Workspace app; whether it was open. The status that is set stays.
    pub fn log_out(&mut self, now: Timestamp, id: i64) -> bool {
        self.turn(now, id, false)
    }

    fn turn(&mut self, now: Timestamp, id: i64, on: bool) -> bool {
        let now = now.as_second();
        self.pass(now);
        let Some(user) = self.users.get_mut(&id).filter(|user| user.logged_in != on) else { return false };
        user.logged_in = on;
        self.tell_of_user(now, if on { "connected" } else { "disconnected" }, id, true);
        true
    }

    /// The working hours of a user begin or end. Only one whose status follows them is told of; whether that happened.
    pub fn set_hours(&mut self, now: Timestamp, id: i64, open: bool) -> bool {
        let now = now.as_second();
        self.pass(now);
        let Some(user) = self.users.get_mut(&id).filter(|user| user.hours_open != open) else { return false };
        user.hours_open = open;
        let follows = user.setting.working == Working::Custom;
        if follows {
            self.tell_of_status(now, id, open);
        }
        follows
    }

    /// The wrap-up ends before its time, by a click; whether there was one.
    pub fn finish_wrap_up(&mut self, now: Timestamp, id: i64) -> bool {
        let now = now.as_second();
        self.pass(now);
        let Some(user) = self.users.get_mut(&id).filter(|user| user.is_wrapping_up(now)) else { return false };
        user.wrap_up_until = 0;
        self.tell_of_user(now, "wut_end", id, true);
        true
    }

    fn type_in(&mut self, now: i64, id: i64, fields: &Fields) -> Result<(), String> {
        if let Some(email) = fields.get("email").and_then(Value::as_str)
            && self.user_with_email(email).is_some_and(|holder| holder != id)
        {
            return Err("email has already been taken".to_owned());
        }
        let user = self.users.get_mut(&id).ok_or("no such user")?;
        let mut setting = user.setting;
        for (name, value) in fields {
            let text = value.as_str().unwrap_or_default().trim().to_owned();
            match name.as_str() {
                "name" if text.is_empty() => return Err("a user has a name".to_owned()),
                "name" => user.rename(&text),
                "email" if !text.contains('@') => return Err("email is no address".to_owned()),
                "email" => user.email = text,
                "language" => user.language = text,
                "time_zone" => user.time_zone = text,
                "extension" => user.extension = text,
                "wrap_up_time" => user.wrap_up_time = value.as_i64().ok_or("wrap_up_time is a number of seconds")?,
                "availability_status" => {
                    setting = Setting { working: Working::read(&text).ok_or("no such status")?, reason: None };
                }
                "substatus" => {}
                other => return Err(format!("a user has no {other} that can be typed in")),
            }
        }
        if let Some(text) = fields.get("substatus").and_then(Value::as_str)
            && setting.working == Working::Unavailable
        {
            setting.reason = Reason::read(text);
        }
        self.set(now, id, setting, false);
        Ok(())
    }
}

fn only_users(kind: &str) -> Result<(), String> {
    if kind == KIND { Ok(()) } else { Err(format!("no object {kind}")) }
}

fn number(id: &str) -> Result<i64, String> {
    id.parse().map_err(|_| "no such user".to_owned())
}

impl Users for Aircall {
    fn kinds(&self) -> &'static [&'static str] {
        &[KIND]
    }

    fn create(&mut self, now: Timestamp, kind: &str, fields: &Fields) -> Result<String, String> {
        only_users(kind)?;
        let now = now.as_second();
        self.pass(now);
        let email = fields.get("email").and_then(Value::as_str).ok_or("a user has an email")?;
        let id = self.add_user(now, email)?;
        if let Err(refused) = self.type_in(now, id, fields) {
            self.users.remove(&id);
            return Err(refused);
        }
        self.tell_of_user(now, "created", id, true);
        Ok(id.to_string())
    }

    fn edit(&mut self, now: Timestamp, kind: &str, id: &str, fields: &Fields) -> Result<(), String> {
        only_users(kind)?;
        self.pass(now.as_second());
        self.type_in(now.as_second(), number(id)?, fields)
    }

    fn delete(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        only_users(kind)?;
        self.pass(now.as_second());
        self.remove_user(now.as_second(), number(id)?).map_err(|_| "no such user".to_owned())
    }

    fn restore(&mut self, _now: Timestamp, kind: &str, _id: &str) -> Result<(), String> {
        Err(format!("{kind} has no bin"))
    }

    fn merge(&mut self, _now: Timestamp, kind: &str, _survivor: &str, _loser: &str) -> Result<(), String> {
        Err(format!("{kind} cannot be merged"))
    }

    /// The object of the second version. What follows from calls and wrap-ups changes with time alone, and is asked for with a time.
    fn live(&self, kind: &str) -> BTreeMap<String, Fields> {
        if kind != KIND {
            return BTreeMap::new();
        }
        self.users.values().map(|user| (user.id.to_string(), flat(&user.shape(&self.profile, user.setting)))).collect()
    }

    fn purge(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        // There is no bin: deleting is for good.
        self.delete(now, kind, id)
    }

    fn strain(&mut self, now: Timestamp, strain: Strain) -> bool {
        match strain {
            // A key is no session, and an installation's token is permanent.
            Strain::SessionsEnd => false,
            Strain::LimitSpent => {
                self.meter.spend(now.as_second());
                true
            }
            Strain::PlanDowngraded => {
                self.meter.calls = CALLS_PER_MINUTE / 2;
                true
            }
            Strain::PlanUpgraded => {
                self.meter.calls = CALLS_PER_MINUTE * 2;
                true
            }
        }
    }

    /// Readings show every change at once from now on.
    fn settle(&mut self, now: Timestamp) -> bool {
        let now = now.as_second();
        let hidden = self.users.values().any(|user| user.before.is_some_and(|before| now < before.until));
        for user in self.users.values_mut() {
            user.before = None;
        }
        hidden
    }
}

impl Aircall {
    pub(crate) fn company(&self) -> Value {
        json!({"company": {"name": "Acme Phones", "users_count": self.users.len(), "numbers_count": 1}})
    }

    pub(crate) fn integration(&self) -> Value {
        json!({"integration": {
            "name": "Syncline", "custom_name": null, "logo": "https://cdn.example/logo.png", "company_id": 4711, "status": "active",
            "active": self.access.enabled, "number_ids": [], "numbers_count": 0, "user": null,
        }})
    }
}
