//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::exit::EXIT_CODES;

/// What every command does alike.
fn after_help() -> String {
    format!(
        "On AWS: `--stack NAME` means the deployment of this name, on every command but local, simulate, init, cost and decode.\n\
         Region and credentials are found as by every AWS tool: AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL.\n\
         Example: AWS_PROFILE=acme syncline status --stack Syncline\n\n{EXIT_CODES}"
    )
}

/// Keeps CRM, helpdesk and other systems in step, both ways.
#[derive(Debug, Parser)]
#[command(name = "syncline", version, after_help = after_help(), propagate_version = true, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// The configuration
    #[arg(long, global = true, value_name = "FILE", default_value = "syncline.yaml")]
    pub(crate) config: PathBuf,
    /// The data folder of this machine's installation [default: .syncline]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[arg(long, global = true, value_name = "NAME", help = "The deployment of this name on AWS [or SYNCLINE_STACK]")]
    pub(crate) stack: Option<String>,
    #[arg(long, global = true, value_name = "NAME", help = "Its table, where it is another one [or SYNCLINE_TABLE]")]
    pub(crate) table: Option<String>,
    #[arg(long, global = true, value_name = "PREFIX", help = "How its secrets' names begin [or SYNCLINE_SECRETS_PREFIX]")]
    pub(crate) secrets_prefix: Option<String>,
    /// Embedded simulators in place of the vendors
    #[arg(long, global = true)]
    pub(crate) demo: bool,
    /// Results as JSON on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say more on stderr; twice: everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Log lines as JSON
    #[arg(long, global = true)]
    pub(crate) log_json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a configuration from a recipe
    #[command(after_help = "Example:\n  syncline init freshdesk-salesforce")]
    Init(Init),
    /// Check the configuration: all problems at once, with line and hint
    #[command(
        after_help = "Examples:\n  syncline validate\n  syncline validate --live\n  syncline validate --schema > syncline.schema.json"
    )]
    Validate(Validate),
    /// Sign a connection in: ask, check at the vendor, show, then store
    #[command(
        after_help = "Examples:\n  syncline connect zendesk                          (asks, and opens the browser)\n  syncline connect zendesk --no-browser             (prints the address, takes the redirect's)\n  syncline connect freshdesk --secret api_key=@key.txt --yes\n  syncline connect salesforce --secret-file salesforce.json --yes\n  syncline connect freshdesk --stack Syncline       (into Secrets Manager)\n  syncline connect sell --platform zendesk          (a Sell account, joined to the Zendesk platform)\n\nRun again it says what is connected and changes nothing. `back` goes to the question before; Ctrl-C keeps the\nanswers that are no secrets, and the next run proposes them."
    )]
    Connect(Connect),
    /// Give a connection's credentials up at the vendor and remove them here
    #[command(after_help = "Examples:\n  syncline disconnect zendesk\n  syncline disconnect zendesk --yes --json")]
    Disconnect(Disconnect),
    /// Each user of an account beside their role in the account that it is joined to
    #[command(
        after_help = "Examples:\n  syncline roster sell zendesk\n  syncline roster sell zendesk --json\n\nEnds with 5 where somebody lost access."
    )]
    Roster(Roster),
    /// Ask both ends of each sync: right account, rights, fields, problems
    #[command(
        after_help = "Examples:\n  syncline preflight --json\n  syncline preflight --stack Syncline      (with the credentials in Secrets Manager)"
    )]
    Preflight(OfSync),
    /// Make the link fields that are missing; touches nothing that is there
    #[command(after_help = "Examples:\n  syncline provision --dry-run\n  syncline provision --yes\n  syncline provision --stack Syncline")]
    Provision(Provision),
    /// Show what the next sync, or a backfill, would do; writes nothing
    #[command(after_help = "Examples:\n  syncline plan\n  syncline plan --backfill --json\n  syncline plan --stack Syncline")]
    Plan(Plan),
    /// Run everything on this machine
    #[command(
        after_help = "Examples:\n  syncline local                       (no configuration: a demonstration with simulators)\n  syncline local --demo aircall-zendesk_support\n  syncline local --until-quiet --json"
    )]
    Local(Local),
    /// Link and bring over what exists on both sides
    #[command(
        after_help = "Examples:\n  syncline backfill customers --yes && syncline local --until-quiet\n  syncline backfill customers --force --stack Syncline"
    )]
    Backfill(Backfill),
    /// How each sync stands: connections, cursors, holds, budgets
    #[command(after_help = "Examples:\n  syncline status --count\n  syncline status --stack Syncline --json")]
    Status(Status),
    /// One record's story: seen, planned, written, why, and what comes next
    #[command(
        after_help = "Examples:\n  syncline explain 82000000012\n  syncline explain customers/contacts/left/82000000012 --values\n  syncline explain 82000000012 --stack Syncline"
    )]
    Explain(Explain),
    /// What was written to a record, oldest first
    #[command(
        after_help = "Examples:\n  syncline history contacts/left/82000000012 --values\n  syncline history contacts/left/82000000012 --stack Syncline"
    )]
    History(History),
    /// Records that wait for a person
    #[command(
        after_help = "Examples:\n  syncline holds list\n  syncline holds release contacts/left/82000000012\n  syncline holds list --stack Syncline"
    )]
    Holds(Holds),
    /// Try the fields of a configuration: does each value survive the way there and back?
    Mapping(Mapping),
    /// Records whose owner the other system does not know, and who stands in
    #[command(
        after_help = "Examples:\n  syncline owners\n  syncline owners --again      (when the users are there: they get their records)\n  syncline owners --stack Syncline --json"
    )]
    Owners(Owners),
    /// A vendor's simulator on a port, for other people's clients
    #[command(after_help = "Example:\n  syncline simulate freshdesk --port 8081 --records 1000 --tls")]
    Simulate(Simulate),
    /// Write this installation into one file, to move it to another machine or to AWS
    #[command(
        after_help = "Examples:\n  syncline local --until-quiet && syncline export acme.jsonl\n  syncline export acme.jsonl --stack Syncline      (from AWS, with your own credentials)\n\nLinks, cursors, holds, waiting records, states and history are in it; budgets and messages are not.\nThe installation's key is not in it either: how it is moved stands in shared/docs/moving.md."
    )]
    Export(Export),
    /// Set an exported installation down here, or on AWS
    #[command(
        after_help = "Examples:\n  syncline import acme.jsonl --dry-run\n  syncline import acme.jsonl --stack Syncline      (to AWS, with your own credentials)\n\nThe whole file is verified before the first write; run again, it goes on where it was cut off."
    )]
    Import(Import),
    /// What a month on AWS costs, idle and at 10,000, 1 and 100 million changes
    #[command(
        after_help = "Examples:\n  syncline cost\n  syncline cost freshdesk-salesforce --vendor-ms 500 --json\n\nMeasured figures times list prices of us-east-1; what is assumed can be changed, and is named. AWS's free tier is left out."
    )]
    Cost(Cost),
    /// Turn a recorded answer of a vendor's API into canonical records
    #[command(
        after_help = "Examples:\n  syncline decode freshdesk contact contacts.json\n  curl … | syncline decode salesforce Contact -\n\nEnds with 5 when a record does not fit; those that fit are still printed."
    )]
    Decode(Decode),
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The recipe; without one, they are listed
    pub(crate) recipe: Option<String>,
    /// Replace a configuration that is there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// The file, `-` for stdin; the configuration by default
    pub(crate) file: Option<PathBuf>,
    /// Also ask the vendors for their fields
    #[arg(long)]
    pub(crate) live: bool,
    /// Print the JSON Schema of the configuration
    #[arg(long, conflicts_with_all = ["file", "live"])]
    pub(crate) schema: bool,
}

#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// The connection's name in the configuration
    pub(crate) connection: String,
    /// A credential: NAME=VALUE, or NAME=@FILE to read it from a file
    #[arg(long = "secret", value_name = "NAME=VALUE")]
    pub(crate) secrets: Vec<String>,
    /// Credentials as a JSON object in a file, `-` for stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// How to sign in, where the vendor has several ways: `keys` or `browser`
    #[arg(long, value_name = "WAY")]
    pub(crate) way: Option<String>,
    /// Sign in anew, also where the stored credentials work
    #[arg(long)]
    pub(crate) again: bool,
    /// Print the address to sign in at, and take the redirect's address as it is pasted
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Where the browser returns on this machine, instead of the vendor's usual port; registered at the vendor
    #[arg(long, value_name = "PORT")]
    pub(crate) redirect_port: Option<u16>,
    /// Store without asking, and ask for nothing that is missing
    #[arg(long)]
    pub(crate) yes: bool,
    /// Also join the account to this connection's: a Zendesk Sell account to the Zendesk platform
    #[arg(long, value_name = "CONNECTION")]
    pub(crate) platform: Option<String>,
    /// There is such an account on the platform: its subdomain
    #[arg(long, value_name = "SUBDOMAIN", requires = "platform", conflicts_with = "new")]
    pub(crate) existing: Option<String>,
    /// There is none: the subdomain that it shall have
    #[arg(long, value_name = "SUBDOMAIN", requires = "platform")]
    pub(crate) new: Option<String>,
    /// A credential of the platform's connection, as `--secret`
    #[arg(long = "platform-secret", value_name = "NAME=VALUE", requires = "platform")]
    pub(crate) platform_secrets: Vec<String>,
    /// How to sign in there, as `--way`
    #[arg(long, value_name = "WAY", requires = "platform")]
    pub(crate) platform_way: Option<String>,
    /// Who signs in there is the account's owner: somebody has looked
    #[arg(long, requires = "platform")]
    pub(crate) owner: bool,
    /// The vendor's disclaimers are accepted
    #[arg(long, requires = "platform")]
    pub(crate) accept_disclaimers: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Roster {
    /// The connection whose users are reviewed
    pub(crate) connection: String,
    /// The connection of the account that it is joined to
    pub(crate) platform: String,
}

#[derive(Debug, Args)]
pub(crate) struct Disconnect {
    /// The connection's name in the configuration
    pub(crate) connection: String,
    /// Without asking
    #[arg(long)]
    pub(crate) yes: bool,
    /// Only remove them here: the vendor is not asked
    #[arg(long)]
    pub(crate) forget: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OfSync {
    /// Only this sync
    pub(crate) sync: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Provision {
    /// Only this sync
    pub(crate) sync: Option<String>,
    /// Only say what is missing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Make them without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Only this sync
    pub(crate) sync: Option<String>,
    /// What a backfill would do, instead of the next sync
    #[arg(long)]
    pub(crate) backfill: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Local {
    /// A demonstration of this recipe, with simulators in place of its vendors
    pub(crate) recipe: Option<String>,
    /// End once nothing is left to do, and print the counts
    #[arg(long)]
    pub(crate) until_quiet: bool,
    /// Where webhooks and the panel are answered [default: 127.0.0.1:8787, or a free port]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<std::net::SocketAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct Backfill {
    /// Only this sync
    pub(crate) sync: Option<String>,
    /// Begin anew, also when one is under way or done
    #[arg(long)]
    pub(crate) force: bool,
    /// Begin anew, and send every linked record again to a system that takes records and gives none back
    #[arg(long)]
    pub(crate) resend: bool,
    /// Begin without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Also count links and records without one; reads the whole store
    #[arg(long)]
    pub(crate) count: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// An id, or [SYNC/]MAPPING/SIDE/ID; SIDE is left, right or a connection's name
    #[arg(required = true, num_args = 1..=4)]
    pub(crate) record: Vec<String>,
    /// Also show the values of the fields
    #[arg(long)]
    pub(crate) values: bool,
}

#[derive(Debug, Args)]
pub(crate) struct History {
    /// An id, or [SYNC/]MAPPING/SIDE/ID
    #[arg(required = true, num_args = 1..=4)]
    pub(crate) record: Vec<String>,
    /// Also show the values before and after
    #[arg(long)]
    pub(crate) values: bool,
    /// At most so many of the newest entries
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Holds {
    #[command(subcommand)]
    pub(crate) act: HoldsAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HoldsAct {
    /// List them, with why and what releases each
    #[command(after_help = "Examples:\n  syncline holds list --reason ambiguous\n  syncline holds list --stack Syncline --json")]
    List {
        /// Only this sync
        sync: Option<String>,
        /// Only this reason, such as `ambiguous`
        #[arg(long)]
        reason: Option<String>,
        /// At most so many of each sync
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Read the records again and decide again
    #[command(
        after_help = "Examples:\n  syncline holds release contacts/left/82000000012\n  syncline holds release contacts/left/82000000012 --stack Syncline"
    )]
    Release {
        /// [SYNC/]MAPPING/SIDE/ID, as `holds list` shows them
        #[arg(required = true)]
        records: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Mapping {
    #[command(subcommand)]
    pub(crate) act: MappingAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MappingAct {
    /// Try every two-way field on generated values, and with --sample on live records; writes nothing
    #[command(
        after_help = "Examples:\n  syncline mapping check\n  syncline mapping check customers --sample 200      (reads 200 records of each side)\n  syncline mapping check --sample 200 --show-values --stack Syncline\n\nWhat is written over there must read there as the same value, and what comes back must change nothing.\nA generated value that shows a violation is printed; of a live one the record and the field, and its value with --show-values.\nEnds with 5 when a law is broken, or a live record's value cannot cross."
    )]
    Check(MappingCheck),
}

#[derive(Debug, Args)]
pub(crate) struct MappingCheck {
    /// Only this sync
    pub(crate) sync: Option<String>,
    /// Also try so many live records of each side of each object; reads them from the vendors
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) sample: usize,
    /// How many values are generated for each side of a field
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) values: usize,
    /// Decides the generated values: the same seed, the same values
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Also show the values of live records
    #[arg(long)]
    pub(crate) show_values: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Owners {
    /// Only this sync
    pub(crate) sync: Option<String>,
    /// Look at them again: who is known by now gets them
    #[arg(long)]
    pub(crate) again: bool,
    /// At most so many of each sync
    #[arg(long, default_value_t = 1000)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// The system, such as freshdesk
    pub(crate) system: String,
    /// The port on this machine; 0: any free one
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// People that are there from the start; one company for ten of them
    #[arg(long, default_value_t = 100)]
    pub(crate) records: u32,
    /// Decides ids and people: the same seed, the same people
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// The vendor's limit in its own window: calls a minute (Freshdesk) or a day (Salesforce)
    #[arg(long)]
    pub(crate) calls: Option<u32>,
    /// With the link fields of the recipes
    #[arg(long)]
    pub(crate) provisioned: bool,
    /// Serve https, with a certificate made for it
    #[arg(long)]
    pub(crate) tls: bool,
    /// Where the certificate is written that clients must trust; in the data folder by default
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) certificate: Option<PathBuf>,
    /// A name that the certificate is good for too, for clients that insist on the vendor's own: acme.freshdesk.com
    #[arg(long = "name", value_name = "HOST", requires = "tls")]
    pub(crate) names: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The file to write
    pub(crate) file: PathBuf,
    /// Also while messages wait or somebody works: what is on its way then stays behind
    #[arg(long)]
    pub(crate) anyway: bool,
    /// Replace a file that is there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file that `syncline export` wrote
    pub(crate) file: PathBuf,
    /// Make the place as the file says, also where items there differ or are not in the file
    #[arg(long)]
    pub(crate) replace: bool,
    /// Only verify the file and say what would be written
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Cost {
    /// The recipe
    #[arg(default_value = "freshdesk-salesforce")]
    pub(crate) recipe: String,
    /// How long a vendor takes for one call, in milliseconds: Lambda bills the wait [default: 300]
    #[arg(long)]
    pub(crate) vendor_ms: Option<u32>,
    /// How long the store and the queue take for one request, in milliseconds [default: 5]
    #[arg(long)]
    pub(crate) store_ms: Option<u32>,
    /// Minutes between two polls of a side [default: 5]
    #[arg(long)]
    pub(crate) poll_minutes: Option<u32>,
    /// Memory of the function that polls, in MB [default: 256]
    #[arg(long)]
    pub(crate) pull_mb: Option<u32>,
    /// Memory of the functions that write, in MB [default: 256]
    #[arg(long)]
    pub(crate) write_mb: Option<u32>,
    /// Of 100 changes, so many that a webhook tells too [default: 0]
    #[arg(long)]
    pub(crate) webhook_percent: Option<u32>,
    /// Alarms of each connection [default: 4]
    #[arg(long)]
    pub(crate) alarms: Option<u32>,
    /// Custom metrics of the installation that come all the time [default: 0]
    #[arg(long)]
    pub(crate) metrics: Option<u32>,
    /// Credentials rest in Parameter Store, not in Secrets Manager
    #[arg(long)]
    pub(crate) parameters: bool,
    /// The table of the README
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Decode {
    /// The system, such as freshdesk
    pub(crate) system: String,
    /// The object, in the vendor's word, such as contact
    pub(crate) object: String,
    /// The recorded body, `-` for stdin
    pub(crate) file: PathBuf,
}
