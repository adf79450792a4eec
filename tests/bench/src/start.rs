//! Cold start and size of the functions' binaries: from the spawn of a process to its first answer, to an event that asks for nothing and so
//! needs no network, beside a bare runtime and beside the same functions with their clients built at the start. All in turns in one run, so
//! that what slows the machine slows each of them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use syncline_aws::SystemClock;
use syncline_engine::ports::clock::Clock;
use syncline_http::{Limits, Network};
use syncline_lambda_tests::{Answer, RuntimeApi, event};
use tokio::process::Command;

use crate::process;
use crate::report::{Aim, Amount, Figure, Report};
use crate::size::Size;
use crate::unmeasured::{Measured, Unmeasured};

const SECTION: &str = "cold start";
const SIZES: &str = "size";
const BARE: &str = "syncline-bare";
const EAGER: &str = "syncline-eager";
/// Of a bare runtime's time, in thousandths: so much a function may take until it needs the network.
const AIM_RATIO: u64 = 1_500;
/// No start takes nearly so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// The event that a function turns away, by its name.
fn events() -> Vec<(&'static str, Json)> {
    let stranger = |method, path| event::http(&method, path, "", &[], None);
    vec![
        ("pull", json!({ "sync": "nobody", "side": "left" })),
        ("webhook", stranger(http::Method::POST, "/webhooks/unknown")),
        ("write", json!({ "Records": [] })),
        ("panel", stranger(http::Method::GET, "/panel")),
    ]
}

/// What a program needed for its first answer.
#[derive(Clone, Default)]
struct Starts {
    micros: Vec<u64>,
    peak_kib: u64,
}

impl Starts {
    fn least(&self) -> u64 {
        self.micros.iter().copied().min().unwrap_or_default()
    }

    fn median(&self) -> u64 {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}

/// One program that plays one function.
struct Runner {
    binary: PathBuf,
    function: &'static str,
    event: Json,
    starts: Starts,
}

pub(crate) async fn measure(size: &Size, report: &mut Report) -> Measured<()> {
    clients(report)?;
    let folder = folder()?;
    let place = tempfile::tempdir().map_err(|error| Unmeasured::new("the cold start", error))?;
    let recipe = syncline_config::recipe("freshdesk-salesforce").ok_or_else(|| Unmeasured::new("the recipe", "it is not shipped"))?;
    std::fs::write(place.path().join("syncline.yaml"), recipe).map_err(|error| Unmeasured::new("the cold start", error))?;
    let mut bare = runner(&folder, BARE, "pull", json!({}))?;
    let mut functions = Vec::new();
    for (name, event) in events() {
        functions.push((runner(&folder, &format!("syncline-{name}"), name, event.clone())?, runner(&folder, EAGER, name, event)?));
    }
    for _ in 0..size.starts {
        bare.start(place.path()).await?;
        for (own, eager) in &mut functions {
            own.start(place.path()).await?;
            eager.start(place.path()).await?;
        }
    }
    tell(&bare, &functions, report);
    for name in std::iter::once("bare").chain(functions.iter().map(|(own, _)| own.function)) {
        let (plain, zipped) = sizes(&folder.join(format!("syncline-{name}")))?;
        let mb = |bytes: u64| Amount::per(bytes, 1_000_000);
        report.add(Figure::new(SIZES, format!("{name}: binary, stripped"), mb(plain), "MB"));
        report.add(Figure::new(SIZES, format!("{name}: zipped, as it is uploaded"), mb(zipped), "MB"));
    }
    Ok(())
}

/// What laziness saves and sharing saves: the first pool of connections reads and parses whom the machine trusts, the second shares that.
fn clients(report: &mut Report) -> Measured<()> {
    let limits = Limits { connect: PATIENCE, idle: PATIENCE, idle_per_host: 1 };
    for what in ["the first pool of connections, with the machine's trusted certificates", "the second, which shares them"] {
        let begin = Instant::now();
        Network::new(limits).prepare().map_err(|error| Unmeasured::new("a pool of connections", error))?;
        let micros = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
        report.add(Figure::new(SECTION, what, Amount::per(micros, 1_000), "ms"));
    }
    Ok(())
}

fn tell(bare: &Runner, functions: &[(Runner, Runner)], report: &mut Report) {
    let ms = |micros: u64| Amount::per(micros, 1_000);
    let mib = |kib: u64| Amount::per(kib, 1_024);
    let (least, median) = (ms(bare.starts.least()), ms(bare.starts.median()));
    report.add(Figure::new(SECTION, "a bare runtime: spawn to first answer, least", least, "ms"));
    report.add(Figure::new(SECTION, "a bare runtime: the same, median", median, "ms"));
    let at_most = Amount::per(bare.starts.median() * AIM_RATIO, 1_000_000);
    for (own, eager) in functions {
        let name = own.function;
        report.add(Figure::new(SECTION, format!("{name}: spawn to first answer, least"), ms(own.starts.least()), "ms").least(least));
        let figure = Figure::new(SECTION, format!("{name}: the same, median"), ms(own.starts.median()), "ms");
        report.add(figure.least(median).aim(Aim::AtMost(at_most)));
        let figure = Figure::new(SECTION, format!("{name}, its clients built at the start: median"), ms(eager.starts.median()), "ms");
        report.add(figure.least(median));
    }
    report.add(Figure::new(SECTION, "a bare runtime: peak resident", mib(bare.starts.peak_kib), "MiB"));
    for (own, eager) in functions {
        report.add(Figure::new(SECTION, format!("{}: peak resident", own.function), mib(own.starts.peak_kib), "MiB"));
        let what = format!("{}, its clients built at the start: peak resident", own.function);
        report.add(Figure::new(SECTION, what, mib(eager.starts.peak_kib), "MiB"));
    }
}

/// Where this program lies, and the others beside it.
fn folder() -> Measured<PathBuf> {
    let program = std::env::current_exe().map_err(|error| Unmeasured::new("the cold start", error))?;
    Ok(program.parent().unwrap_or(Path::new(".")).to_path_buf())
}

fn runner(folder: &Path, binary: &str, function: &'static str, event: Json) -> Measured<Runner> {
    let binary = folder.join(binary);
    if !binary.is_file() {
        return Err(Unmeasured::new("the cold start", format!("{} is not there: `make bench` builds it", binary.display())));
    }
    Ok(Runner { binary, function, event, starts: Starts::default() })
}

impl Runner {
    /// One process, from its spawn to its first answer. Nothing waits for it but its event.
    async fn start(&mut self, place: &Path) -> Measured<()> {
        let fail = |problem: String| Unmeasured::new("the cold start", format!("{}: {problem}", self.binary.display()));
        let api = RuntimeApi::start().await;
        let answer = api.invoke(self.event.to_string(), SystemClock.now() + SignedDuration::from_mins(1));
        let mut command = Command::new(&self.binary);
        command.env_clear().envs(environment(self.function, place)).env("AWS_LAMBDA_RUNTIME_API", api.address());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let begin = Instant::now();
        let mut child = command.spawn().map_err(|error| fail(error.to_string()))?;
        let told = tokio::time::timeout(PATIENCE, answer).await.map_err(|_| fail("it did not answer".to_owned()))?;
        let took = begin.elapsed();
        let is_turned_away = match told.map_err(|_| fail("it ended without an answer".to_owned()))? {
            Answer::Response(_) => true,
            Answer::Error(_) => self.function == "pull",
        };
        if !is_turned_away {
            return Err(fail("it failed, where it should have turned the event away".to_owned()));
        }
        let id = child.id().ok_or_else(|| fail("it ended".to_owned()))?;
        self.starts.peak_kib = self.starts.peak_kib.max(process::peak_resident_kib_of(id)?);
        self.starts.micros.push(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        child.kill().await.map_err(|error| fail(error.to_string()))
    }
}

/// As a deployment has it: the config lies beside the binary.
fn environment(function: &str, place: &Path) -> BTreeMap<String, String> {
    let queues = json!({
        "freshdesk": "https://sqs.us-east-1.amazonaws.com/123456789012/acme-freshdesk",
        "salesforce": "https://sqs.us-east-1.amazonaws.com/123456789012/acme-salesforce",
    });
    let pairs = [
        ("AWS_LAMBDA_FUNCTION_NAME", format!("syncline-{function}")),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/syncline-{function}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/22/[$LATEST]1".to_owned()),
        ("LAMBDA_TASK_ROOT", place.display().to_string()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "AKIDLOCAL".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("RUST_LOG", "info".to_owned()),
        ("SYNCLINE_TABLE", "syncline".to_owned()),
        ("SYNCLINE_QUEUES", queues.to_string()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A binary's bytes, and those of it in a zip.
fn sizes(binary: &Path) -> Measured<(u64, u64)> {
    let fail = |error: std::io::Error| Unmeasured::new("the size of a function", error);
    let code = std::fs::read(binary).map_err(fail)?;
    let mut zip = DeflateEncoder::new(Vec::new(), Compression::best());
    zip.write_all(&code).map_err(fail)?;
    let zipped = zip.finish().map_err(fail)?;
    Ok((code.len() as u64, zipped.len() as u64))
}
