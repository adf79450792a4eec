//! What every command starts from: the flags, the environment, the configuration, and the place of the installation.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use syncline_config::Config;
use syncline_engine::{Engine, Sync};
use syncline_local::{Demo, Setup, demo, demos};
use syncline_model::{Deadline, Secret};

use crate::args::Global;
use crate::exit::{Exit, Failure};
use crate::installation::{Demands, Installation};
use crate::nearest::suggestion;
use crate::place::{self, Place};
use crate::printer::Printer;

/// Where a data folder remembers which recipe it demonstrates.
const DEMO_FILE: &str = "demonstration";

/// How long a command at a terminal may take, calls that wait for a budget not counted.
const PATIENCE: SignedDuration = SignedDuration::from_hours(6);

pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) printer: Printer,
    pub(crate) environment: BTreeMap<String, Secret>,
}

impl Context {
    /// Whether simulators stand in for the vendors: asked for, or begun so in this data folder and without a configuration.
    pub(crate) fn is_demo(&self) -> bool {
        match self.place() {
            Ok(Place::Folder(folder)) => self.global.demo || (!self.global.config.exists() && folder.join("simulators").exists()),
            Ok(Place::Deployed(_)) | Err(_) => false,
        }
    }

    /// What a demonstration in this data folder shows: what it was begun with, else the usual one.
    pub(crate) fn demo(&self) -> Result<&'static Demo, Failure> {
        let begun = std::fs::read_to_string(place::folder(&self.global).join(DEMO_FILE)).ok();
        let usual = || demo(None).ok_or_else(|| Failure::new(Exit::Failed, "this build demonstrates no recipe", "name a configuration"));
        begun.and_then(|name| demo(Some(name.trim()))).map_or_else(usual, Ok)
    }

    /// Remembers what this data folder demonstrates.
    pub(crate) fn begin_demo(&self, recipe: &str) -> Result<(), Failure> {
        let folder = place::folder(&self.global);
        let Some(wanted) = demo(Some(recipe)) else {
            let known = demos().iter().map(|demo| demo.recipe);
            return Err(Failure::usage(
                format!("there is no demonstration of `{recipe}`"),
                suggestion(recipe, known, "those that there are"),
            ));
        };
        let begun = folder.join("simulators").exists();
        if begun && self.demo()?.recipe != wanted.recipe {
            let says = format!("{} demonstrates {}", folder.display(), self.demo()?.recipe);
            return Err(Failure::new(Exit::Failed, says, format!("delete the folder, or name another: `--data {}`", wanted.recipe)));
        }
        let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(folder.join(DEMO_FILE), wanted.recipe));
        written.map_err(|error| {
            Failure::new(
                Exit::OutOfReach,
                format!("{}: {error}", folder.display()),
                "check that the data folder can be written: `--data DIR`",
            )
        })
    }

    /// The configuration; in a demonstration without a file, the recipe.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let file = &self.global.config;
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(_) if self.is_demo() => self.demo()?.config(),
            Err(error) => {
                let hint = "make one with `syncline init`, name another with `--config FILE`, or try `--demo`";
                return Err(Failure::new(Exit::Config, format!("{} cannot be read: {error}", file.display()), hint));
            }
        };
        Ok(syncline_config::read(&text, &file.display().to_string(), &syncline_registry::system_facts())?)
    }

    /// Where the installation stands that the command is about.
    pub(crate) fn place(&self) -> Result<Place, Failure> {
        Place::choose(&self.global, &self.environment)
    }

    /// Opens that installation. Asks no vendor anything.
    pub(crate) async fn open(&self) -> Result<Installation, Failure> {
        Installation::open(self, Demands::NotAsked).await
    }

    /// How the installation of this machine is opened.
    pub(crate) fn setup(&self) -> Result<Setup, Failure> {
        Ok(Setup {
            folder: place::folder(&self.global),
            environment: self.environment.clone(),
            simulate: if self.is_demo() { Some(self.demo()?.simulate()) } else { None },
            ..Setup::new(self.config()?)
        })
    }
}

pub(crate) fn by(engine: &Engine) -> Deadline {
    Deadline(engine.now() + PATIENCE)
}

/// The syncs that a command is about: the named one, or all.
pub(crate) fn syncs<'a>(engine: &'a Engine, wanted: Option<&str>) -> Result<Vec<&'a Sync>, Failure> {
    let Some(name) = wanted else { return Ok(engine.syncs.iter().collect()) };
    let found: Vec<&Sync> = engine.syncs.iter().filter(|sync| sync.name.as_str() == name).collect();
    if found.is_empty() {
        let known = engine.syncs.iter().map(|sync| sync.name.as_str());
        return Err(Failure::usage(format!("there is no sync `{name}` in the configuration"), suggestion(name, known, "its syncs")));
    }
    Ok(found)
}
