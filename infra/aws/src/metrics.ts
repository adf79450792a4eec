/** The metrics that the functions tell, from the one list that both sides read. */

import { Duration } from "aws-cdk-lib";
import { Metric } from "aws-cdk-lib/aws-cloudwatch";
import list from "../metrics.json";

export type MetricName = "ChangesSeen" | "RecordsWritten" | "RecordsHeld" | "ChangesMissed" | "FeedLag" | "SignInNeeded" | "BudgetSpent";

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
