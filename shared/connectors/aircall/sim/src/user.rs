//! A user and the two layers of its state: what somebody has set, and what follows from that, the log-in, the working hours and calls.

use serde_json::{Value, json};

use crate::wire::stamp;
use crate::{Profile, Spelling};

/// `availability_status`: what the user, or somebody by the API, has set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Working {
    Available,
    /// Follows the working hours: the "automatic schedule".
    Custom,
    Unavailable,
}

impl Working {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Custom => "custom",
            Self::Unavailable => "unavailable",
        }
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        [Self::Available, Self::Custom, Self::Unavailable].into_iter().find(|working| working.name() == text)
    }
}

/// Why a user is unavailable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    OutForLunch,
    OnABreak,
    InTraining,
    DoingBackOffice,
    Other,
}

impl Reason {
    const ALL: [Self; 5] = [Self::OutForLunch, Self::OnABreak, Self::InTraining, Self::DoingBackOffice, Self::Other];

    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OutForLunch => "out_for_lunch",
            Self::OnABreak => "on_a_break",
            Self::InTraining => "in_training",
            Self::DoingBackOffice => "doing_back_office",
            Self::Other => "other",
        }
    }

    /// As the reference prints it.
    fn display(self) -> &'static str {
        match self {
            Self::OutForLunch => "Out for lunch",
            Self::OnABreak => "On a break",
            Self::InTraining => "In training",
            Self::DoingBackOffice => "Back office",
            Self::Other => "Other",
        }
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == text || reason.display() == text)
    }
}

/// A status as it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    pub working: Working,
    /// Only with [`Working::Unavailable`], and only where the account has reasons.
    pub reason: Option<Reason>,
}

impl Setting {
    pub const AVAILABLE: Self = Self { working: Working::Available, reason: None };
    pub const CUSTOM: Self = Self { working: Working::Custom, reason: None };
    pub const UNAVAILABLE: Self = Self { working: Working::Unavailable, reason: None };

    /// `substatus` on the wire: recorded as `always_opened`, whatever the documentation says (fact sheet §2).
    pub(crate) fn substatus(self, spelling: Spelling) -> &'static str {
        match (self.working, self.reason) {
            (Working::Available | Working::Custom, _) => "always_opened",
            (Working::Unavailable, None) => "always_closed",
            (Working::Unavailable, Some(reason)) => match spelling {
                Spelling::Snake => reason.name(),
                Spelling::Display => reason.display(),
            },
        }
    }
}

/// The setting before the present one, as long as readings still show it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    pub(crate) setting: Setting,
    pub(crate) until: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) email: String,
    pub(crate) language: String,
    pub(crate) time_zone: String,
    pub(crate) extension: String,
    pub(crate) created_at: i64,
    /// Seconds.
    pub(crate) wrap_up_time: i64,
    pub(crate) setting: Setting,
    pub(crate) before: Option<Before>,
    /// Whether the Workspace app is open.
    pub(crate) logged_in: bool,
    /// Whether the working hours are open: they cannot be read by the API.
    pub(crate) hours_open: bool,
    pub(crate) in_call: bool,
    /// The end of the wrap-up after the last call; 0 for none.
    pub(crate) wrap_up_until: i64,
}

impl User {
    /// One that just came: available, and logged in.
    pub(crate) fn new(id: i64, email: &str, now: i64) -> Self {
        Self {
            id,
            first_name: String::new(),
            last_name: String::new(),
            email: email.to_owned(),
            language: "en-US".to_owned(),
            time_zone: "Etc/UTC".to_owned(),
            extension: format!("{:03}", id % 1000),
            created_at: now,
            wrap_up_time: 0,
            setting: Setting::AVAILABLE,
            before: None,
            logged_in: true,
            hours_open: true,
            in_call: false,
            wrap_up_until: 0,
        }
    }

    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }

    /// A person types the whole name: the first word is the first name.
    pub(crate) fn rename(&mut self, name: &str) {
        let name = name.trim();
        let (first, last) = name.split_once(' ').unwrap_or((name, ""));
        first.clone_into(&mut self.first_name);
        last.clone_into(&mut self.last_name);
    }

    /// The setting that readings show at this moment.
    pub(crate) fn shown(&self, now: i64) -> Setting {
        self.before.filter(|before| now < before.until).map_or(self.setting, |before| before.setting)
    }

    pub(crate) fn is_wrapping_up(&self, now: i64) -> bool {
        self.wrap_up_until > now
    }

    fn is_open(&self, setting: Setting) -> bool {
        match setting.working {
            Working::Available => true,
            Working::Custom => self.hours_open,
            Working::Unavailable => false,
        }
    }

    /// The effective state. It does not tell why: closed hours and a person's own "unavailable" look alike (fact sheet §3).
    pub(crate) fn availability(&self, setting: Setting, now: i64) -> &'static str {
        if !self.logged_in {
            "offline"
        } else if self.in_call {
            "in_call"
        } else if self.is_wrapping_up(now) {
            "after_call_work"
        } else if self.is_open(setting) {
            "available"
        } else {
            "do_not_disturb"
        }
    }

    /// `available`: can be reached now. Not the status that is set: nobody may map it (fact sheet §2, recorded).
    pub(crate) fn reachable(&self, setting: Setting) -> bool {
        self.logged_in && self.is_open(setting)
    }

    /// The object of the second version, with the members that no documentation names (recorded).
    pub(crate) fn shape(&self, profile: &Profile, setting: Setting) -> Value {
        let state = if setting.working == Working::Unavailable { "always_closed" } else { "always_opened" };
        json!({
            "id": self.id,
            "name": self.name(),
            "email": self.email,
            "direct_link": format!("{}/v2/users/{}", profile.base_url, self.id),
            "language": self.language,
            "created_at": stamp(self.created_at),
            "time_zone": self.time_zone,
            "state": state,
            "wrap_up_time": self.wrap_up_time,
            "extension": self.extension,
            "availability_status": setting.working.name(),
            "available": self.reachable(setting),
            "default_number_id": null,
            "substatus": setting.substatus(profile.spelling),
        })
    }

    /// As the user stands inside calls: without a status, so that nothing can be told from it (fact sheet §15).
    pub(crate) fn abridged(&self, profile: &Profile) -> Value {
        json!({
            "id": self.id,
            "direct_link": format!("{}/v2/users/{}", profile.base_url, self.id),
            "name": self.name(),
            "email": self.email,
            "available": self.reachable(self.setting),
            "language": self.language,
        })
    }
}
