//! Who may depend on whom. The rules are data: two code blocks of `ARCHITECTURE.md`.

use std::collections::BTreeSet;

use crate::workspace::{Member, Purpose};

/// A line of the block `arrows`: crates of one kind, and what they may depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    /// Folders from the root; a `*` stands for one part of a path.
    pub folders: Vec<String>,
    /// Names of groups, or `any`.
    pub uses: BTreeSet<String>,
    /// What their tests may use besides.
    pub tests_use: BTreeSet<String>,
}

/// A line of the block `wrappers`: crates of others that stay behind an adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapper {
    /// A name that ends in `*` stands for all that begin so.
    pub crates: Vec<String>,
    pub used_by: BTreeSet<String>,
    pub used_in_tests_of: BTreeSet<String>,
}

/// The lines of the code block of this name.
///
/// # Errors
/// There is no such block, or it is empty.
pub fn block<'a>(document: &'a str, name: &str) -> Result<Vec<&'a str>, String> {
    let fence = format!("```{name}");
    let lines: Vec<&str> = document
        .lines()
        .skip_while(|line| line.trim_end() != fence)
        .skip(1)
        .take_while(|line| !line.starts_with("```"))
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .collect();
    if lines.is_empty() { Err(format!("ARCHITECTURE.md has no code block `{name}`")) } else { Ok(lines) }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split_whitespace().map(str::to_owned)
}

/// Reads the block `arrows`: `name | folders | may use | in its tests also`.
///
/// # Errors
/// A line that has other columns, or that names a group which no line explains.
pub fn groups(document: &str) -> Result<Vec<Group>, String> {
    let mut groups = Vec::new();
    for line in block(document, "arrows")? {
        let columns: Vec<&str> = line.split('|').collect();
        let [name, folders, uses, tests_use] = columns.as_slice() else {
            return Err(format!("the arrow `{line}` has {} columns and needs 4", columns.len()));
        };
        groups.push(Group {
            name: name.trim().to_owned(),
            folders: words(folders).collect(),
            uses: words(uses).collect(),
            tests_use: words(tests_use).collect(),
        });
    }
    let known: BTreeSet<&str> = groups.iter().map(|group| group.name.as_str()).chain(["any"]).collect();
    for group in &groups {
        if let Some(stranger) = group.uses.union(&group.tests_use).find(|name| !known.contains(name.as_str())) {
            return Err(format!("the arrow of {} names {stranger}, which no line explains", group.name));
        }
    }
    Ok(groups)
}

/// Reads the block `wrappers`: `crates | used by | in tests of`.
///
/// # Errors
/// A line that has other columns.
pub fn wrappers(document: &str) -> Result<Vec<Wrapper>, String> {
    let mut wrappers = Vec::new();
    for line in block(document, "wrappers")? {
        let columns: Vec<&str> = line.split('|').collect();
        let [crates, used_by, tests] = columns.as_slice() else {
            return Err(format!("the wrapper `{line}` has {} columns and needs 3", columns.len()));
        };
        wrappers.push(Wrapper {
            crates: words(crates).collect(),
            used_by: words(used_by).collect(),
            used_in_tests_of: words(tests).collect(),
        });
    }
    Ok(wrappers)
}

fn covers(pattern: &str, folder: &str) -> bool {
    let (pattern, folder): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), folder.split('/').collect());
    pattern.len() == folder.len() && pattern.iter().zip(&folder).all(|(want, part)| *want == "*" || want == part)
}

/// The group of a crate: the first line whose folders cover it.
pub fn group_of<'a>(groups: &'a [Group], folder: &str) -> Option<&'a Group> {
    groups.iter().find(|group| group.folders.iter().any(|pattern| covers(pattern, folder)))
}

/// Every arrow between our crates that is not drawn, and every crate that stands nowhere on the map.
pub fn undrawn(groups: &[Group], members: &[Member]) -> Vec<String> {
    let mut problems = Vec::new();
    for member in members {
        let Some(own) = group_of(groups, &member.folder) else {
            problems.push(format!("{} ({}) stands on no line of the arrows", member.name, member.folder));
            continue;
        };
        for dependency in &member.dependencies {
            let Some(other) = members.iter().find(|other| other.name == dependency.name) else { continue };
            let Some(group) = group_of(groups, &other.folder) else { continue };
            let in_tests = dependency.purpose == Purpose::Tests;
            let allowed = |names: &BTreeSet<String>| names.contains(&group.name) || names.contains("any");
            if !(allowed(&own.uses) || in_tests && allowed(&own.tests_use)) {
                let tests = if in_tests { " in its tests" } else { "" };
                problems
                    .push(format!("{} depends on {}{tests}: no arrow goes from {} to {}", member.name, other.name, own.name, group.name));
            }
            let foreign = other.folder.starts_with("shared/connectors/")
                && own.name == "connector"
                && !other.folder.starts_with(&format!("{}/", member.folder));
            if foreign {
                problems.push(format!("{} depends on {}: a connector knows no other vendor", member.name, other.name));
            }
        }
    }
    problems
}

/// Every use of a wrapped crate outside its adapter.
pub fn unwrapped(groups: &[Group], wrappers: &[Wrapper], members: &[Member]) -> Vec<String> {
    let mut problems = Vec::new();
    for member in members {
        let Some(own) = group_of(groups, &member.folder) else { continue };
        for dependency in &member.dependencies {
            let wrapper = wrappers.iter().find(|wrapper| {
                wrapper.crates.iter().any(|name| match name.strip_suffix('*') {
                    Some(beginning) => dependency.name.starts_with(beginning),
                    None => *name == dependency.name,
                })
            });
            let Some(wrapper) = wrapper else { continue };
            let in_tests = dependency.purpose == Purpose::Tests;
            if !(wrapper.used_by.contains(&own.name) || in_tests && wrapper.used_in_tests_of.contains(&own.name)) {
                let places = wrapper.used_by.iter().cloned().collect::<Vec<_>>().join(", ");
                problems.push(format!("{} depends on {}, which belongs in {places} only", member.name, dependency.name));
            }
        }
    }
    problems
}
