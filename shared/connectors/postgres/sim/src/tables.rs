//! The tables that a company has before it hears of Syncline: with a key of their own, a check, a column of a type that is not carried.

use syncline_engine::ports::sql::Statement;

use crate::server::{PEOPLE, ROLE};

/// The tables, parents first.
pub(crate) const KINDS: &[&str] = &["companies", "contacts"];
/// The link field that a provisioned database has in each.
pub(crate) const LINK: &str = "crm_id";

/// Empties a database, for the role that is to make tables in it.
pub(crate) fn emptied() -> Vec<Statement> {
    let texts = [
        "DROP SCHEMA IF EXISTS syncline CASCADE",
        "DROP SCHEMA IF EXISTS public CASCADE",
        "CREATE SCHEMA public",
        &format!("GRANT USAGE, CREATE ON SCHEMA public TO {ROLE}"),
        &format!("GRANT USAGE ON SCHEMA public TO {PEOPLE}"),
        &format!("DO $do$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {ROLE}', current_database()); END $do$"),
    ];
    texts.iter().map(|text| Statement::new(*text)).collect()
}

/// Empties a database and makes the tables, for the role that is to keep them.
pub(crate) fn anew() -> Vec<Statement> {
    let texts = [
        "CREATE TABLE companies (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, phone text, description text, \
            employees integer CHECK (employees >= 0), domains text[], attributes jsonb)",
        "CREATE TABLE contacts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, email text, phone text, mobile text, \
            job_title text, notes text, postcode varchar(12), vip boolean, score numeric, born date, seen_at timestamptz, tags text[], \
            company text, attributes jsonb)",
        &format!("ALTER TABLE companies OWNER TO {ROLE}"),
        &format!("ALTER TABLE contacts OWNER TO {ROLE}"),
        &format!("GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON companies, contacts TO {PEOPLE}"),
    ];
    emptied().into_iter().chain(texts.iter().map(|text| Statement::new(*text))).collect()
}
