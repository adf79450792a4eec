/** One installation: everything that a config needs, in one stack. */

import { Annotations, CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { readConfig } from "./config/read.js";
import { profiles } from "./config/systems.js";
import type { Options } from "./options.js";
import { alarms, type Watched } from "./parts/alarms.js";
import { dashboard } from "./parts/dashboard.js";
import { door } from "./parts/door.js";
import { functions, type Supplies } from "./parts/functions.js";
import { lanes } from "./parts/queues.js";
import { schedules } from "./parts/schedules.js";
import { secrets } from "./parts/secrets.js";
import { table } from "./parts/store.js";
import { topic } from "./parts/topic.js";
import { packages } from "./packages.js";

export class SynclineStack extends Stack {
  constructor(scope: Construct, options: Options, props: StackProps = {}) {
    super(scope, options.stack, { description: "Syncline: a two-way sync between systems, run by its owner", ...props });
    const config = readConfig(options.config);
    for (const name of config.unused) {
      Annotations.of(this).addWarningV2("syncline:unused", `no sync names the connection ${name}: nothing is made for it`);
    }
    const supplies: Supplies = {
      config,
      profiles: profiles(config, options.config),
      options,
      table: table(this, options),
      lanes: lanes(this, config.connections.keys(), options),
      secrets: secrets(this, config.connections.values(), options),
      pack: packages(this, options),
    };
    const made = functions(this, supplies);
    const { dead } = schedules(this, config.syncs, made.pull, supplies.secrets.key, options);
    const watched: Watched = {
      config,
      options,
      functions: made,
      keyMaker: supplies.secrets.keyMaker,
      lanes: supplies.lanes,
      unstarted: dead,
      api: door(this, made, supplies),
    };
    dashboard(this, watched, supplies.table, alarms(this, watched, topic(this, options)));
    new CfnOutput(this, "StoreTable", { description: "The table", value: supplies.table.tableName });
  }
}
