//! What cargo knows of the workspace: its members, and every package that they link.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// What a dependency is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Linked into what is shipped, or run while building it.
    Shipped,
    Tests,
}

/// One dependency, as a member's `Cargo.toml` names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    pub name: String,
    pub purpose: Purpose,
}

/// One crate of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    /// From the root: `shared/model`.
    pub folder: String,
    pub dependencies: Vec<Dependency>,
}

/// One package that is linked somewhere, ours or not.
#[derive(Clone, Debug)]
pub struct Package {
    pub name: String,
    pub version: String,
    pub licence: Option<String>,
    /// `None`: ours.
    pub source: Option<String>,
    /// The packages that it links, and for which purpose.
    pub links: Vec<(String, Purpose)>,
}

/// All of it.
#[derive(Clone, Debug)]
pub struct Workspace {
    pub members: Vec<Member>,
    /// By cargo's id.
    pub packages: BTreeMap<String, Package>,
}

impl Workspace {
    /// Asks cargo, for this machine's platform. Without the network where everything is here already.
    ///
    /// # Errors
    /// What cargo said.
    pub fn load(root: &Path) -> Result<Self, String> {
        let host = host()?;
        let ask = |more: &[&str]| {
            let mut options = vec!["--filter-platform".to_owned(), host.clone()];
            options.extend(more.iter().map(|option| (*option).to_owned()));
            MetadataCommand::new().manifest_path(root.join("Cargo.toml")).other_options(options).exec()
        };
        let metadata = ask(&["--offline"]).or_else(|_| ask(&[])).map_err(|error| format!("cargo metadata: {error}"))?;
        Ok(Self::from(root, &metadata))
    }

    fn from(root: &Path, metadata: &Metadata) -> Self {
        let members = metadata.workspace_packages().into_iter().map(|package| Member {
            name: package.name.to_string(),
            folder: package
                .manifest_path
                .parent()
                .and_then(|folder| folder.as_std_path().strip_prefix(root).ok())
                .map(|folder| folder.to_string_lossy().replace('\\', "/"))
                .unwrap_or_default(),
            dependencies: package
                .dependencies
                .iter()
                .map(|dependency| Dependency { name: dependency.name.clone(), purpose: purpose(dependency.kind) })
                .collect(),
        });
        let mut members: Vec<Member> = members.collect();
        members.sort_by(|one, other| one.folder.cmp(&other.folder));
        let mut packages = BTreeMap::new();
        for node in metadata.resolve.iter().flat_map(|resolve| &resolve.nodes) {
            let Some(package) = metadata.packages.iter().find(|package| package.id == node.id) else { continue };
            let links =
                node.deps.iter().flat_map(|link| link.dep_kinds.iter().map(|kind| (link.pkg.repr.clone(), purpose(kind.kind)))).collect();
            packages.insert(
                node.id.repr.clone(),
                Package {
                    name: package.name.to_string(),
                    version: package.version.to_string(),
                    licence: package.license.clone(),
                    source: package.source.as_ref().map(|source| source.repr.clone()),
                    links,
                },
            );
        }
        Self { members, packages }
    }

    /// The names of all packages that are linked into what a member ships, itself included.
    pub fn ships(&self, member: &str) -> BTreeSet<String> {
        let mut open: Vec<&String> =
            self.packages.iter().filter(|(_, package)| package.source.is_none() && package.name == member).map(|(id, _)| id).collect();
        let mut seen: BTreeSet<&String> = open.iter().copied().collect();
        while let Some(id) = open.pop() {
            let links = self.packages.get(id).map(|package| package.links.as_slice()).unwrap_or_default();
            for (next, purpose) in links {
                if *purpose == Purpose::Shipped && seen.insert(next) {
                    open.push(next);
                }
            }
        }
        seen.into_iter().filter_map(|id| self.packages.get(id)).map(|package| package.name.clone()).collect()
    }
}

fn purpose(kind: DependencyKind) -> Purpose {
    match kind {
        DependencyKind::Development => Purpose::Tests,
        DependencyKind::Normal | DependencyKind::Build | DependencyKind::Unknown => Purpose::Shipped,
    }
}

fn host() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output().map_err(|error| format!("rustc -vV: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc -vV names no host".to_owned())
}
