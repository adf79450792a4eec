//! The account's switches, and which subdomains there are (fact sheet §2.2, §8). Nothing here says who the owner is, nor whether there is a licence of
//! Talk Partner Edition: no answer of the vendor's does.

use serde_json::json;
use syncline_simulator::Response;

use crate::Support;
use crate::routes::Ask;
use crate::wire::{Answer, Refusal, encode};

impl Support {
    /// Agents may read it.
    pub(crate) fn settings(&self, ask: &Ask<'_>) -> Answer {
        self.only_team(ask)?;
        let profile = &self.profile;
        Ok(encode(
            200,
            &json!({"settings": {
                "agents": {
                    "agent_workspace": profile.omnichannel, "unified_agent_statuses": profile.unified_statuses,
                    "idle_timeout_enabled": profile.idle_timeout, "focus_mode": false
                },
                "routing": {"enabled": profile.omnichannel, "autorouting_tag": "", "max_email_capacity": 8, "max_messaging_capacity": 10},
                "voice": {"enabled": profile.talk, "agent_wrap_up_after_calls": true, "maintenance": false},
                "active_features": {
                    "voice": profile.talk, "chat": false, "light_agents": true, "user_tagging": true, "ticket_tagging": true,
                    "suspended_ticket_notification": false
                },
                "api": {"api_token_access": profile.api_tokens, "accepted_api_agreement": true, "api_password_access": false},
                "users": {"tagging": true, "time_zone_selection": true, "have_gravatars_enabled": true},
                "branding": {"header_color": "03363D", "page_background_color": "333333", "tab_background_color": "7FA239"},
                "localization": {"locale_ids": [1]},
                "lotus": {"prefer_lotus": true}
            }}),
        ))
    }

    /// Asked without credentials: `true` says that nobody has it.
    pub(crate) fn subdomain_available(&self, ask: &Ask<'_>) -> Response {
        let name = ask.query.get("subdomain").unwrap_or_default().to_lowercase();
        let possible = name.len() >= 3 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let taken = name == self.profile.subdomain || self.profile.other_subdomains.contains(&name);
        encode(200, &json!({"success": possible && !taken}))
    }

    /// `…/oauth/tokens/current`: the token of the very request.
    pub(crate) fn current_token(&mut self, ask: &Ask<'_>, bearer: Option<&str>) -> Answer {
        let token = bearer.ok_or(Refusal::RecordNotFound)?;
        match ask.method.as_str() {
            "GET" => self.auth.current(token).map(|shape| encode(200, &shape)).ok_or(Refusal::RecordNotFound),
            "DELETE" => {
                self.auth.revoke(token);
                Ok(crate::wire::empty(204))
            }
            _ => Err(Refusal::InvalidEndpoint),
        }
    }
}
