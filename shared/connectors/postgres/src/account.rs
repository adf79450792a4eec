//! Whose database it is, and whether the role may do what a sync needs.

use syncline_engine::ports::connector::{Account, Rights};
use syncline_engine::ports::sql::{Ended, Statement};
use syncline_model::{Deadline, Fault};

use crate::client::{Client, Intent};
use crate::faults::drift;
use crate::names::literal;
use crate::settings::Target;

/// Transactions have numbers of 64 bits since this version.
const VERSION_MIN: u32 = 13;

pub(crate) async fn account(client: &Client, target: &Target, by: Deadline) -> Result<Account, Fault> {
    let asked = vec![
        Statement::new(
            "SELECT current_database()::text, current_user::text, current_setting('server_version')::text, \
             (current_setting('server_version_num')::int / 10000)::text, \
             (to_regnamespace('syncline') IS NOT NULL OR has_database_privilege(current_database(), 'CREATE'))::text, \
             (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)::text, \
             (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())::text",
        ),
        // A hoster may keep this to itself.
        Statement::new("SELECT system_identifier::text FROM pg_catalog.pg_control_system()").apart(),
        Statement::new(foreign_tables(target)),
    ];
    let ended = client.send(Intent::Read, asked, by).await.map_err(|trouble| client.fault(trouble, None, None))?;
    let odd = || drift("answer", "facts of the database", "something else");
    let [Ended::Rows(facts), installation, Ended::Rows(foreign)] = ended.as_slice() else { return Err(odd()) };
    let cells: Vec<&str> = facts.iter().flatten().filter_map(Option::as_deref).collect();
    let [database, user, version, major, may_create, is_super, oid] = cells.as_slice() else { return Err(odd()) };
    let installation = match installation {
        Ended::Rows(rows) => rows.iter().flatten().flatten().next().map_or_else(|| target.address.clone(), Clone::clone),
        Ended::Refused(_) => target.address.clone(),
    };
    let mut problems = Vec::new();
    if major.parse::<u32>().map_err(|_| odd())? < VERSION_MIN {
        problems
            .push(format!("PostgreSQL {version} is too old: changes are read safely from version {VERSION_MIN} on; upgrade the server"));
    }
    if *may_create == "false" {
        problems.push(format!("the role {user} may not make the schema `syncline`; GRANT CREATE ON DATABASE {database} TO {user}"));
    }
    for table in foreign.iter().flatten().flatten() {
        problems
            .push(format!("the table {table} belongs to another role; ALTER TABLE {table} OWNER TO {user}, so that columns can be added"));
    }
    let mut notes = vec![format!("PostgreSQL {version}")];
    if *is_super == "true" {
        notes.push(format!("the role {user} is a superuser, which a sync does not need"));
    }
    Ok(Account {
        id: format!("{installation}/{oid}"),
        name: (*database).to_owned(),
        user: (*user).to_owned(),
        notes,
        problems,
        rights: Rights::NotTold,
        companion: None,
    })
}

/// The named tables that are there and whose owner's rights the role does not have.
fn foreign_tables(target: &Target) -> String {
    let names: Vec<String> = target.tables.iter().map(|table| literal(&table.quoted())).collect();
    format!(
        "SELECT c.oid::regclass::text FROM pg_catalog.pg_class c WHERE c.oid IN (SELECT to_regclass(n) FROM unnest(ARRAY[{}]::text[]) AS n) \
         AND NOT pg_has_role(c.relowner, 'USAGE')",
        names.join(", ")
    )
}
