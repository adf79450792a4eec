//! The recipes, behaviour by behaviour: each test is named after the behaviour that it shows. Beside them, what the promises P-1 to P-10
//! mean for this recipe when vendors, network and queue are unkind.

mod bad_answers;
mod freshdesk_salesforce;
mod promises;
