//! What an installation costs on AWS: counted requests times list prices. Pure: prices, figures and assumptions in, dollars out.
//!
//! Three things are kept apart. Prices stand in `prices.json`, each with its page and how far it was verified. Figures stand in one file a
//! recipe and are measured by the benchmark. What can be neither counted nor measured without an account is an assumption with a name and a
//! default that a caller can change.
//!
//! Told twice: at list prices, and with what AWS always grants every account taken off. Left out, and said so in every output: what new accounts
//! are granted for a time, storage, sweeps, data sent to vendors, cold starts.

mod assumptions;
mod estimate;
mod figures;
mod prices;
mod show;

pub use assumptions::{Assumptions, SecretsIn};
pub use estimate::{
    Aim, Bill, Estimate, Judged, Used, bill, estimate, polls_a_month, used_by_changes, used_by_idle_connection, used_by_installation,
};
pub use figures::{Counted, Figures, FiguresError, Many, Polls, figures, figures_file, recipe_names};
pub use prices::{Certainty, Free, Item, Price, Prices, PricesError, prices};
pub use show::{Block, README_COST, README_RECIPES, markdown, recipes_markdown, with_block, words};
