//! The configs that Syncline ships.

const RECIPES: &[(&str, &str)] = &[
    ("aircall-zendesk_support", include_str!("../../recipes/aircall-zendesk_support.yaml")),
    ("freshdesk-salesforce", include_str!("../../recipes/freshdesk-salesforce.yaml")),
    ("salesmanago-zoho_crm", include_str!("../../recipes/salesmanago-zoho_crm.yaml")),
    ("zendesk_sell-mapsly", include_str!("../../recipes/zendesk_sell-mapsly.yaml")),
    ("zendesk_sell-postgres", include_str!("../../recipes/zendesk_sell-postgres.yaml")),
];

/// The text of a ready-made config.
pub fn recipe(name: &str) -> Option<&'static str> {
    RECIPES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// All of them, in order of name.
pub fn recipe_names() -> impl Iterator<Item = &'static str> {
    RECIPES.iter().map(|(name, _)| *name)
}
