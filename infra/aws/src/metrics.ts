/** The metrics that the functions tell, from the one list that both sides read. */

import { Duration } from "aws-cdk-lib";
import { Metric, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import list from "../metrics.json";
import { SIDES } from "./config/types.js";

export type MetricName = "FeedRead" | "ChangesSeen" | "RecordsWritten" | "RecordsHeld" | "ChangesMissed" | "SignInNeeded" | "BudgetLeft";

function entry(name: MetricName): (typeof list.metrics)[number] {
  const found = list.metrics.find((metric) => metric.name === name);
  if (found === undefined) {
    throw new Error(`metrics.json has no metric ${name}`);
  }
  return found;
}

/** One of the functions' own metrics. The dimensions are those of the list, in its order. */
export function told(name: MetricName, dimensions: Readonly<Record<string, string>>, period: Duration, label?: string): Metric {
  const { unit: _, statistic, dimensions: wanted } = entry(name);
  const given = Object.keys(dimensions);
  if (given.join() !== wanted.join()) {
    throw new Error(`metric ${name} has the dimensions ${wanted.join(", ")}, not ${given.join(", ")}`);
  }
  const shown = label === undefined ? {} : { label };
  return new Metric({ namespace: list.namespace, metricName: name, dimensionsMap: { ...dimensions }, statistic, period, ...shown });
}

/** The names that dimensions take their values from. */
export interface Named {
  readonly installation: string;
  readonly connections: readonly string[];
  readonly syncs: readonly string[];
}

/** Every series of a metric, by what it is of: the list's dimensions decide whether there is one an installation, or one a connection or sync. */
export function series(name: MetricName, named: Named, period: Duration): { readonly whose: string; readonly metric: Metric }[] {
  const values: Readonly<Record<string, readonly string[]>> = {
    Installation: [named.installation],
    Connection: named.connections,
    Sync: named.syncs,
    Side: SIDES,
  };
  let sets: Record<string, string>[] = [{}];
  for (const dimension of entry(name).dimensions) {
    sets = sets.flatMap((set) => (values[dimension] ?? []).map((value) => ({ ...set, [dimension]: value })));
  }
  return sets.map((set) => {
    const whose = Object.entries(set).flatMap(([dimension, value]) => (dimension === "Installation" ? [] : [value]));
    return { whose: whose.join(" ") || "all", metric: told(name, set, period) };
  });
}

/** What silence means where a metric should come regularly: nothing, until the functions tell it at all. */
export function silenceOf(name: MetricName): TreatMissingData {
  return entry(name).emitted ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING;
}
