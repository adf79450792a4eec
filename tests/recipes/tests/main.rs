//! The recipes, behaviour by behaviour: each test is named after the behaviour that it shows.

mod freshdesk_salesforce;
