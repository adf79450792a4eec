//! An installation as commands see it, wherever it stands: the engine over its store, its queues and its secrets.

mod at_rest;
mod deployed;

use std::sync::Arc;

use syncline_config::Config;
use syncline_engine::Engine;
use syncline_engine::ports::secrets::Secrets;
use syncline_local::Installation as LocalInstallation;

pub(crate) use at_rest::AtRest;

use crate::context::Context;
use crate::exit::Failure;
use crate::place::Place;

/// Whether vendors may be asked which fields they demand, where that is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demands {
    Asked,
    NotAsked,
}

/// An open installation. Who runs it does not notice.
pub(crate) struct Installation {
    pub(crate) place: Place,
    /// As it runs: a demonstration is pointed at its simulators.
    pub(crate) config: Config,
    pub(crate) engine: Arc<Engine>,
    pub(crate) secrets: Arc<dyn Secrets>,
    /// What could not be found out, a sentence each.
    pub(crate) notes: Vec<String>,
    /// The store and the simulators of this machine are served by this process, as long as it has them.
    _served: Option<LocalInstallation>,
}

impl Installation {
    /// Opens the installation that the flags and the environment name.
    pub(crate) async fn open(context: &Context, demands: Demands) -> Result<Self, Failure> {
        match context.place()? {
            Place::Folder(_) => Self::of_folder(context, demands).await,
            Place::Deployed(deployment) => deployed::open(context.config()?, deployment, demands).await,
        }
    }

    async fn of_folder(context: &Context, demands: Demands) -> Result<Self, Failure> {
        let mut setup = context.setup()?;
        setup.ask_vendors = demands == Demands::Asked;
        let mut opened = LocalInstallation::open(setup).await?;
        Ok(Self {
            place: context.place()?,
            config: opened.config.clone(),
            engine: opened.engine.clone(),
            secrets: opened.secrets.clone(),
            notes: std::mem::take(&mut opened.notes),
            _served: Some(opened),
        })
    }
}
