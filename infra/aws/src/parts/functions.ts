/**
 * The four functions, each with a role that names what it uses. `write` is made once a connection: one vendor's outage, full memory or bad
 * release of its API stays with its worker, each worker's alarms and log tell whose they are, and none holds the credentials of connections
 * that it shares no sync with. Idle functions cost nothing.
 */

import { Duration, Stack } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Architecture, EventSourceMapping, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { connectionsOf, reducedText } from "../config/reduce.js";
import type { Profile } from "../config/systems.js";
import type { Config, Sync } from "../config/types.js";
import { except } from "../exceptions.js";
import { BATCH_WINDOW_S, PULL_MEMORY_MB, WRITE_MEMORY_MB, WRITE_TIMEOUT_S, batchMessages, workersMax } from "../limits.js";
import type { Options } from "../options.js";
import type { FunctionName, Pack } from "../packages.js";
import { identity, sayWhyPlain } from "./identity.js";
import { queueUrls, type Lane } from "./queues.js";
import { grantSecrets, managed, secretsPrefix, type Bundle, type Secrets } from "./secrets.js";
import { grantStore, type StoreTable } from "./store.js";

/** What functions are made from. */
export interface Supplies {
  readonly config: Config;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly options: Options;
  readonly table: StoreTable;
  readonly lanes: ReadonlyMap<string, Lane>;
  readonly secrets: Secrets;
  readonly pack: Pack;
}

export interface Functions {
  readonly pull: LambdaFunction;
  /** `undefined` where no connection takes webhooks. */
  readonly webhook: LambdaFunction | undefined;
  /** `undefined` where no sync has a panel, or it is switched off. */
  readonly panel: LambdaFunction | undefined;
  /** By the connection that it writes. */
  readonly write: ReadonlyMap<string, LambdaFunction>;
}

/** How one function differs from the others. */
interface Shape {
  readonly name: FunctionName;
  readonly description: string;
  readonly memoryMb: number;
  readonly timeout: Duration;
  readonly deadLetters: string;
  /** The syncs that it serves: their part of the config, their connections' secrets. */
  readonly syncs: readonly Sync[];
  /** The connections whose queues it sends to. */
  readonly sendsTo: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export function functions(scope: Construct, supplies: Supplies): Functions {
  const folder = new Construct(scope, "Functions");
  const { config, profiles, options } = supplies;
  const connections = connectionsOf(config.syncs);
  const make = (id: string, shape: Shape): LambdaFunction => one(folder, id, shape, supplies);

  const pull = make("Pull", {
    name: "pull",
    description: "Reads what changed, and takes backfills and sweeps a step further",
    memoryMb: PULL_MEMORY_MB,
    // The longest there is: it stops by itself before, and goes on next time from where it was; a longer turn is a sweep in fewer days.
    timeout: Duration.minutes(15),
    deadLetters: "A run that failed is repeated by the next schedule, from the same cursor; an alarm tells of failures.",
    syncs: config.syncs,
    sendsTo: connections,
  });
  // The next run does the same; a second try of this one would find its lease taken.
  pull.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(5) });

  const hasWebhooks = connections.some((connection) => profiles.get(connection)?.webhooks !== undefined);
  const webhook = !hasWebhooks
    ? undefined
    : make("Webhook", {
        name: "webhook",
        description: "Takes webhooks: checks, queues, answers",
        // Verifies and queues: the least that starts fast.
        memoryMb: 256,
        // Two calls inside AWS. Vendors give up after some seconds, and a webhook that is lost is found by the next pull.
        timeout: Duration.seconds(10),
        deadLetters: "It answers a caller, who sends again; what is lost all the same is found by the next pull.",
        syncs: config.syncs,
        sendsTo: connections,
      });

  const desks = panelSyncs(supplies);
  const panel =
    desks.length === 0
      ? undefined
      : make("Panel", {
          name: "panel",
          description: "Shows the requester's CRM records beside a ticket",
          // A page and two calls; more memory is more processor, and somebody is waiting.
          memoryMb: 512,
          // Five seconds for the vendor, by the panel's own bound, and a cold start.
          timeout: Duration.seconds(10),
          deadLetters: "It answers a browser, which asks again.",
          syncs: desks,
          sendsTo: [],
          environment: options.panelFrames === undefined ? {} : { SYNCLINE_PANEL_FRAMES: options.panelFrames },
        });

  const write = new Map(connections.map((connection) => [connection, worker(folder, connection, supplies)]));
  return { pull, webhook, panel, write };
}

/** A connection's worker, behind its queue. */
function worker(scope: Construct, connection: string, supplies: Supplies): LambdaFunction {
  const { config, profiles, lanes, options } = supplies;
  const syncs = config.syncs.filter((sync) => sync.left === connection || sync.right === connection);
  const [lane, profile] = [lanes.get(connection), profiles.get(connection)];
  if (lane === undefined || profile === undefined) {
    throw new Error(`connection ${connection} has no queue or no limits`);
  }
  const made = one(
    scope,
    `Write-${connection}`,
    {
      name: "write",
      description: `Writes to ${connection}`,
      memoryMb: WRITE_MEMORY_MB,
      timeout: Duration.seconds(WRITE_TIMEOUT_S),
      deadLetters: "Its queue has a dead-letter queue; what it does not finish goes back there.",
      syncs,
      // What the other side needs goes to that side's worker, and what must wait goes to its own again.
      sendsTo: connectionsOf(syncs),
    },
    supplies,
  );
  lane.queue.grantConsumeMessages(made);
  const mapping = new EventSourceMapping(scope, `From-${connection}`, {
    target: made,
    eventSourceArn: lane.queue.queueArn,
    enabled: !options.paused,
    batchSize: batchMessages(profile),
    maxBatchingWindow: Duration.seconds(BATCH_WINDOW_S),
    maxConcurrency: workersMax(profile),
    reportBatchItemFailures: true,
  });
  mapping.node.addDependency(supplies.secrets.key);
  return made;
}

/** The syncs whose left side's tickets may show records of the right side: what the panel's own settings ask for. */
export function panelSyncs({ config, profiles, options }: Pick<Supplies, "config" | "profiles" | "options">): Sync[] {
  if (!options.panel) {
    return [];
  }
  const part = (connection: string): string | undefined => profiles.get(connection)?.panel;
  return config.syncs.filter((sync) => part(sync.left) === "asks" && part(sync.right) === "is_shown" && sync.mappings.includes("contacts"));
}

function one(scope: Construct, id: string, shape: Shape, supplies: Supplies): LambdaFunction {
  const { config, options, table, lanes, secrets, pack } = supplies;
  const { role, logGroup } = identity(scope, id);
  const made = new LambdaFunction(scope, id, {
    description: shape.description,
    runtime: Runtime.PROVIDED_AL2023,
    architecture: options.architecture === "arm64" ? Architecture.ARM_64 : Architecture.X86_64,
    handler: "bootstrap",
    code: pack(shape.name, reducedText(config, shape.syncs)),
    role,
    logGroup,
    memorySize: shape.memoryMb,
    timeout: shape.timeout,
    environment: {
      RUST_LOG: "info",
      SYNCLINE_INSTALLATION: Stack.of(scope).stackName,
      SYNCLINE_QUEUES: queueUrls(scope, lanes, shape.sendsTo),
      SYNCLINE_SECRETS: options.secrets,
      SYNCLINE_SECRETS_PREFIX: secretsPrefix(options),
      SYNCLINE_TABLE: table.tableName,
      ...shape.environment,
    },
  });
  sayWhyPlain(made, shape.deadLetters);
  except(made, ["CKV_AWS_173"], "Its environment names the table and the queues, and holds no secret.");
  // A webhook is checked and queued; what is known of its records is looked up by the worker.
  if (shape.name !== "webhook") {
    grantStore(role, table);
  }
  for (const connection of shape.sendsTo) {
    // Not the queue's own grant, which adds rights to ask for its address and its length.
    const resources = [lanes.get(connection)].flatMap((lane) => (lane === undefined ? [] : [lane.queue.queueArn]));
    role.addToPrincipalPolicy(new PolicyStatement({ actions: ["sqs:SendMessage"], resources }));
  }
  const bundles = bundlesOf(shape.syncs, supplies);
  grantSecrets(role, [managed(secrets.installation), ...bundles.reads], shape.name === "webhook" ? [] : bundles.saves);
  return made;
}

/** The bundles of the connections that syncs name, and those among them whose credentials change by themselves. */
function bundlesOf(syncs: readonly Sync[], { config, profiles, secrets }: Supplies): { reads: Bundle[]; saves: Bundle[] } {
  const [reads, saves]: [Bundle[], Bundle[]] = [[], []];
  for (const name of connectionsOf(syncs)) {
    const bundle = secrets.bundles.get(config.connections.get(name)?.bundle ?? name);
    if (bundle !== undefined) {
      reads.push(bundle);
      if (profiles.get(name)?.savesSecret === true) {
        saves.push(bundle);
      }
    }
  }
  return { reads, saves };
}
