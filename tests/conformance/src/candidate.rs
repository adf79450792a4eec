//! Who sits the exam: every vendor of the build, with every object of its descriptor. Nobody signs up, and nobody stays away.

use std::path::{Path, PathBuf};

use syncline_engine::ports::connector::{ANY_KIND, ObjectFacts};
use syncline_engine::ports::vendor::Vendor;
use syncline_registry_sim::Simulated;

use crate::sheet::{ObjectSheet, Sheet};
use crate::sheets::sheets;

/// One object of one vendor.
#[derive(Clone, Copy)]
pub struct Candidate {
    pub vendor: &'static dyn Vendor,
    pub simulated: &'static Simulated,
    pub facts: &'static ObjectFacts,
    pub sheet: &'static Sheet,
    pub object: &'static ObjectSheet,
}

impl std::fmt::Display for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.sheet.system, self.object.kind)
    }
}

/// All candidates.
///
/// # Panics
/// Where a vendor has no simulator or no sheet, or its sheet lacks an object.
pub fn candidates() -> Vec<Candidate> {
    let mut all = Vec::new();
    for &vendor in syncline_registry::vendors() {
        let descriptor = vendor.descriptor();
        let system = descriptor.system;
        let simulated = syncline_registry_sim::simulator(system).unwrap_or_else(|| panic!("{system} has no simulator"));
        let sheet = sheets().iter().find(|sheet| sheet.system == system).unwrap_or_else(|| panic!("{system} has no exam sheet"));
        for facts in descriptor.objects {
            let any = facts.kind == ANY_KIND;
            let objects: Vec<&ObjectSheet> = sheet.objects.iter().filter(|object| any || object.kind == facts.kind).collect();
            assert!(!objects.is_empty(), "the exam sheet of {system} lacks its object {}", facts.kind);
            all.extend(objects.into_iter().map(|object| Candidate { vendor, simulated, facts, sheet, object }));
        }
    }
    assert!(!all.is_empty(), "nobody sits the exam");
    all
}

/// The folder with a vendor's recorded answers.
pub fn fixtures(sheet: &Sheet) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/connectors").join(sheet.system).join("fixtures")
}
