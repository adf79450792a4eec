/** One page: is it well, what does it do, what does it cost. */

import { Duration } from "aws-cdk-lib";
import { AlarmStatusWidget, Dashboard, GraphWidget, type Alarm, type IMetric } from "aws-cdk-lib/aws-cloudwatch";
import { Operation } from "aws-cdk-lib/aws-dynamodb";
import type { Construct } from "constructs";
import { SIDES } from "../config/types.js";
import { series, told, type Named } from "../metrics.js";
import type { StoreTable } from "./store.js";
import { watchedFunctions, type Watched } from "./alarms.js";

const PERIOD = Duration.minutes(5);
const FULL = 24;
const HALF = 12;

export function dashboard(scope: Construct, watched: Watched, store: StoreTable, alarms: readonly Alarm[]): void {
  const { config, options, functions, keyMaker, lanes } = watched;
  const made = new Dashboard(scope, "Dashboard", { dashboardName: options.stack });
  const graph = (title: string, left: IMetric[], width: number = HALF): GraphWidget => new GraphWidget({ title, left, width, height: 6 });
  const installation = { Installation: options.stack };
  const bySide = (name: "ChangesSeen" | "RecordsWritten"): IMetric[] =>
    config.syncs.flatMap((sync) =>
      SIDES.map((side) => told(name, { ...installation, Sync: sync.name, Side: side }, PERIOD, `${sync.name} ${side}`)),
    );
  const named: Named = {
    installation: options.stack,
    connections: [...lanes.keys()],
    syncs: config.syncs.map(({ name }) => name),
  };
  const each = (name: "RecordsHeld" | "ChangesMissed" | "BudgetLeft", what: string): IMetric[] =>
    series(name, named, PERIOD).map(({ whose, metric }) => metric.with({ label: `${whose}: ${what}` }));
  const all = watchedFunctions(functions, keyMaker);
  const queued = [...lanes].map(([connection, { queue }]) =>
    queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, label: connection }),
  );
  const oldest = [...lanes].map(([connection, { queue }]) =>
    queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, label: connection }),
  );
  const writes = store.metricConsumedWriteCapacityUnits({ period: PERIOD });
  const reads = store.metricConsumedReadCapacityUnits({ period: PERIOD });
  const throttled = store.metricThrottledRequestsForOperations({
    operations: [Operation.BATCH_GET_ITEM, Operation.TRANSACT_WRITE_ITEMS],
    period: PERIOD,
  });
  made.addWidgets(
    new AlarmStatusWidget({ title: "Alarms", alarms: [...alarms], width: FULL, height: Math.max(3, Math.ceil(alarms.length / 6)) }),
  );
  made.addWidgets(graph("Changes seen", bySide("ChangesSeen")), graph("Records written", bySide("RecordsWritten")));
  made.addWidgets(
    graph("Waits for a person, or was missed", [...each("RecordsHeld", "held"), ...each("ChangesMissed", "missed")]),
    graph("Calls left, in per cent", each("BudgetLeft", "left")),
  );
  made.addWidgets(graph("Messages in the queues", queued), graph("The oldest message, in seconds", oldest));
  made.addWidgets(
    graph(
      "Runs",
      all.map(([name, one]) => one.metricInvocations({ period: PERIOD, label: name })),
    ),
    graph(
      "Time of a run",
      all.map(([name, one]) => one.metricDuration({ period: PERIOD, statistic: "p99", label: name })),
    ),
  );
  made.addWidgets(
    graph(
      "Errors and throttles",
      all.flatMap(([name, one]) => [
        one.metricErrors({ period: PERIOD, label: `${name}: errors` }),
        one.metricThrottles({ period: PERIOD, label: `${name}: throttles` }),
      ]),
    ),
    graph("The table's units", [writes, reads, throttled]),
  );
}
