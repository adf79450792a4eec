//! `validate`: everything that is wrong with a configuration, at once.

use std::path::Path;

use serde::Serialize;
use serde_json::json;
use syncline_config::{Config, FieldIssue, Schemas, Severity, check_fields};
use syncline_engine::ports::vendor::Settings;
use syncline_engine::preflight;

use crate::args::Validate;
use crate::context::{Context, by};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::printer::Printer;

/// One value that its vendor cannot use.
#[derive(Serialize)]
struct SettingIssue {
    path: String,
    problem: String,
    hint: String,
}

pub(crate) async fn run(context: &Context, args: &Validate) -> Result<Exit, Failure> {
    if args.schema {
        Printer::value(&syncline_config::json_schema());
        return Ok(Exit::Done);
    }
    let file = args.file.as_deref().unwrap_or(&context.global.config);
    let config = read(file)?;
    let settings = setting_issues(&config);
    let fields = if args.live && settings.is_empty() { live(context).await? } else { Vec::new() };
    let errors = settings.len() + fields.iter().filter(|issue| issue.severity == Severity::Error).count();
    let valid = errors == 0;
    let words = || {
        let mut lines: Vec<String> =
            settings.iter().map(|issue| format!("{} {}\n  hint: {}", issue.path, issue.problem, issue.hint)).collect();
        lines.extend(fields.iter().map(field_words));
        lines.push(if valid {
            format!("{}: valid; {} connections, {} syncs", file.display(), config.connections.len(), config.syncs.len())
        } else {
            format!("{}: {errors} problems", file.display())
        });
        lines.join("\n")
    };
    let problems: [u8; 0] = [];
    context.printer.show(&json!({ "file": file, "valid": valid, "problems": problems, "settings": settings, "fields": fields }), words);
    if valid {
        return Ok(Exit::Done);
    }
    Printer::words(&format!("error: {}: {errors} problems", file.display()));
    Ok(Exit::Config)
}

fn read(file: &Path) -> Result<Config, Failure> {
    let bytes =
        input::read(file).map_err(|failure| Failure { hint: "make one with `syncline init`, or name another file".into(), ..failure })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::new(Exit::Config, format!("{} is no UTF-8 text", file.display()), "save it as UTF-8"))?;
    Ok(syncline_config::read(&text, &file.display().to_string(), &syncline_registry::system_facts())?)
}

/// What the vendors say of the values of their settings.
fn setting_issues(config: &Config) -> Vec<SettingIssue> {
    let mut issues = Vec::new();
    for (name, connection) in &config.connections {
        let Some(vendor) = syncline_registry::vendor(connection.system.as_str()) else { continue };
        let found = vendor.check_settings(&Settings(connection.settings.clone()));
        issues.extend(found.into_iter().map(|found| SettingIssue {
            path: format!("connections.{name}.{}", found.key),
            problem: found.problem,
            hint: found.hint,
        }));
    }
    issues
}

async fn live(context: &Context) -> Result<Vec<FieldIssue>, Failure> {
    let installation = context.open().await?;
    let engine = &installation.engine;
    let mut issues = Vec::new();
    for sync in &engine.syncs {
        let found = preflight::preflight(engine, sync, by(engine)).await?;
        issues.extend(issues_of(&installation.config, sync.name.as_str(), &found));
    }
    Ok(issues)
}

/// What of a sync's fields does not fit the vendors' metadata.
pub(crate) fn issues_of(config: &Config, sync: &str, found: &preflight::Preflight) -> Vec<FieldIssue> {
    let schemas: Schemas = found.schemas().map(|(connection, schema)| ((connection, schema.kind.clone()), schema.clone())).collect();
    config.sync(sync).map(|sync| check_fields(config, sync, &schemas)).unwrap_or_default()
}

pub(crate) fn field_words(issue: &FieldIssue) -> String {
    let severity = match issue.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    format!("{severity}: {}/{} ({}): {}\n  hint: {}", issue.sync, issue.mapping, issue.side, issue.problem, issue.hint)
}
