//! The company's users as the API reads and writes them, and what a change of their status brings about.

use http::Method;
use serde_json::{Map, Value, json};
use syncline_simulator::{Response, json as answer_json};

use crate::user::{Before, Reason, Setting, User, Working};
use crate::wire::{Query, Refusal, no_content, object};
use crate::{Aircall, FirstVersion};

/// The longest wrap-up, in seconds (unverified).
const WRAP_UP_S_MAX: i64 = 3600;

/// Which version of the API is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    First,
    Second,
}

impl Aircall {
    pub(crate) fn users_route(
        &mut self,
        now: i64,
        version: Version,
        method: &Method,
        rest: &[&str],
        query: &Query,
        body: &[u8],
    ) -> Result<Response, Refusal> {
        let number = |text: &str| text.parse::<i64>().map_err(|_| Refusal::Missing);
        match (version, method.as_str(), rest) {
            // These have no twin in the second version, and go on.
            (Version::First, "GET", ["availabilities"]) => {
                let paging = query.paging()?;
                let row = |user: &User| json!({"availability": user.availability(user.shown(now), now), "id": user.id});
                let rows = self.users.values().map(row).collect();
                Ok(paging.answer("users", rows, Some(&format!("{}/v1/users/availabilities", self.profile.base_url))))
            }
            (Version::First, "GET", [id, "availability"]) => {
                let user = self.users.get(&number(id)?).ok_or(Refusal::Missing)?;
                Ok(answer_json(200, &json!({"availability": user.availability(user.shown(now), now)})))
            }
            (Version::First, "DELETE", [id]) => self.remove_user(now, number(id)?).map(|()| no_content()),
            (Version::First, "POST", [id, "calls" | "dial"]) => {
                let user = self.users.get(&number(id)?).ok_or(Refusal::Missing)?;
                if user.availability(user.setting, now) == "available" {
                    Ok(no_content())
                } else {
                    Err(Refusal::Unprocessable("The user is not available".to_owned()))
                }
            }
            (Version::First, "GET" | "POST", []) | (Version::First, "GET" | "PUT", [_]) => match self.profile.first_version {
                FirstVersion::Serves => self.read_or_write(now, version, method, rest, query, body),
                FirstVersion::Gone => Err(Refusal::Gone),
                FirstVersion::Missing => Err(Refusal::Missing),
            },
            (Version::Second, "GET" | "POST", []) | (Version::Second, "GET" | "PUT", [_]) => {
                self.read_or_write(now, version, method, rest, query, body)
            }
            (Version::Second, "GET", [id, "numbers"]) => {
                self.find(id)?;
                Ok(query.paging()?.answer("numbers", Vec::new(), Some(&format!("{}/v2/users/{id}/numbers", self.profile.base_url))))
            }
            (_, _, [] | [_] | [_, "availability" | "calls" | "dial" | "numbers"]) => Err(Refusal::NotAllowed),
            (_, _, _) => Err(Refusal::Missing),
        }
    }

    fn read_or_write(
        &mut self,
        now: i64,
        version: Version,
        method: &Method,
        rest: &[&str],
        query: &Query,
        body: &[u8],
    ) -> Result<Response, Refusal> {
        match (method == Method::GET, rest) {
            (true, []) => {
                let paging = query.paging()?;
                let asked = self.users.values().filter(|user| paging.covers(user.created_at));
                let rows = asked.map(|user| self.read_shape(user, version, now)).collect();
                let name = if version == Version::First { "v1" } else { "v2" };
                Ok(paging.answer("users", rows, Some(&format!("{}/{name}/users", self.profile.base_url))))
            }
            (true, [id, ..]) => {
                let id = self.find(id)?;
                let user = self.users.get(&id).ok_or(Refusal::Missing)?;
                Ok(answer_json(200, &json!({"user": self.read_shape(user, version, now)})))
            }
            (false, []) => {
                let body = object(body)?;
                let email = body.get("email").and_then(Value::as_str).unwrap_or_default().to_owned();
                let id = self.add_user(now, &email).map_err(Refusal::Invalid)?;
                self.change(now, id, &body)?;
                let user = self.users.get(&id).ok_or(Refusal::Missing)?;
                let shape = user.shape(&self.profile, user.setting);
                self.tell_of_user(now, "created", id, true);
                Ok(answer_json(201, &json!({ "user": shape })))
            }
            (false, [id, ..]) => {
                let id = self.find(id)?;
                let body = object(body)?;
                self.change(now, id, &body)?;
                let user = self.users.get(&id).ok_or(Refusal::Missing)?;
                let mut shape = user.shape(&self.profile, user.setting);
                if let Some(members) = shape.as_object_mut()
                    && self.profile.put_claims_available
                {
                    members.insert("available".to_owned(), json!(true));
                }
                Ok(answer_json(200, &json!({ "user": shape })))
            }
        }
    }

    fn read_shape(&self, user: &User, version: Version, now: i64) -> Value {
        let mut shape = user.shape(&self.profile, user.shown(now));
        if let Some(members) = shape.as_object_mut()
            && version == Version::First
        {
            members.insert("numbers".to_owned(), json!([]));
            members.insert("direct_link".to_owned(), json!(format!("{}/v1/users/{}", self.profile.base_url, user.id)));
        }
        shape
    }

    /// By number, or by address (seen in a client's description).
    fn find(&self, id: &str) -> Result<i64, Refusal> {
        let by_number = id.parse::<i64>().ok().filter(|id| self.users.contains_key(id));
        let decoded = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
        by_number.or_else(|| self.user_with_email(&decoded)).ok_or(Refusal::Missing)
    }

    /// Changes what a body asks for; members that it does not know are ignored.
    fn change(&mut self, now: i64, id: i64, body: &Map<String, Value>) -> Result<(), Refusal> {
        let setting = wished(body)?;
        let wrap_up_time = match body.get("wrap_up_time") {
            None => None,
            Some(value) => Some(
                value
                    .as_i64()
                    .filter(|seconds| (0..=WRAP_UP_S_MAX).contains(seconds))
                    .ok_or_else(|| Refusal::invalid("wrap_up_time is a number of seconds"))?,
            ),
        };
        let text = |name: &str| match body.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
            Some(Value::Null) => Ok(Some(String::new())),
            Some(_) => Err(Refusal::Invalid(format!("{name} is a text"))),
        };
        let (first, last, language, time_zone) = (text("first_name")?, text("last_name")?, text("language")?, text("time_zone")?);
        let user = self.users.get_mut(&id).ok_or(Refusal::Missing)?;
        user.first_name = first.unwrap_or_else(|| user.first_name.clone());
        user.last_name = last.unwrap_or_else(|| user.last_name.clone());
        user.language = language.unwrap_or_else(|| user.language.clone());
        user.time_zone = time_zone.unwrap_or_else(|| user.time_zone.clone());
        user.wrap_up_time = wrap_up_time.unwrap_or(user.wrap_up_time);
        if let Some(setting) = setting {
            // A change by the API is told like any other, also where it changes nothing.
            self.set(now, id, setting, true);
        }
        Ok(())
    }

    /// A new user without a name; nobody hears of it yet.
    pub(crate) fn add_user(&mut self, now: i64, email: &str) -> Result<i64, String> {
        let (name, domain) = email.split_once('@').unwrap_or_default();
        if name.is_empty() || domain.is_empty() || email.contains(char::is_whitespace) {
            return Err("email is no address".to_owned());
        }
        if self.user_with_email(email).is_some() {
            return Err("email has already been taken".to_owned());
        }
        let id = self.ids.user();
        self.users.insert(id, User::new(id, email, now));
        Ok(id)
    }

    pub(crate) fn remove_user(&mut self, now: i64, id: i64) -> Result<(), Refusal> {
        if !self.users.contains_key(&id) {
            return Err(Refusal::Missing);
        }
        self.tell_of_user(now, "deleted", id, true);
        self.users.remove(&id);
        Ok(())
    }

    /// Sets a status. `always`: told even where nothing changes.
    pub(crate) fn set(&mut self, now: i64, id: i64, mut setting: Setting, always: bool) {
        if !self.profile.substatuses {
            setting.reason = None;
        }
        let lag = i64::from(self.profile.read_lag_s);
        let Some(user) = self.users.get_mut(&id) else { return };
        if user.setting == setting && !always {
            return;
        }
        if lag > 0 {
            user.before = Some(Before { setting: user.shown(now), until: now + lag });
        }
        user.setting = setting;
        let open = match setting.working {
            Working::Available => true,
            Working::Custom => user.hours_open,
            Working::Unavailable => false,
        };
        self.tell_of_status(now, id, open);
    }
}

/// The setting that a body asks for. A reason needs `unavailable`; without one, `unavailable` clears it.
fn wished(body: &Map<String, Value>) -> Result<Option<Setting>, Refusal> {
    let working = match body.get("availability_status") {
        None => None,
        Some(value) => {
            let working = value.as_str().and_then(Working::read);
            Some(working.ok_or_else(|| Refusal::invalid("availability_status is available, custom or unavailable"))?)
        }
    };
    let reason = match body.get("substatus") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let reason = value.as_str().and_then(Reason::read);
            Some(reason.ok_or_else(|| Refusal::invalid("substatus is no reason that can be given"))?)
        }
    };
    match (working, reason) {
        (None, None) => Ok(None),
        (Some(Working::Unavailable), reason) => Ok(Some(Setting { working: Working::Unavailable, reason })),
        (Some(working), None) => Ok(Some(Setting { working, reason: None })),
        (None | Some(Working::Available | Working::Custom), Some(_)) => {
            Err(Refusal::invalid("substatus can be given with unavailable only"))
        }
    }
}
