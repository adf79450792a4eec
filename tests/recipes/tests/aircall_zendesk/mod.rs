//! AZ · Aircall and Zendesk agent status.

mod both_ways;
mod one_way;
mod setup;
mod timely;
