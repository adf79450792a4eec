/** What wakes somebody. Each alarm has a kind, under which `shared/docs/deploying.md` says what it means and what to do. */

import { Duration } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, TreatMissingData, type IMetric } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import { SIDES, type Config } from "../config/types.js";
import { told } from "../metrics.js";
import type { Options } from "../options.js";
import type { Functions } from "./functions.js";
import type { Lane } from "./queues.js";

export interface Watched {
  readonly config: Config;
  readonly options: Options;
  readonly functions: Functions;
  readonly keyMaker: LambdaFunction;
  readonly lanes: ReadonlyMap<string, Lane>;
  readonly unstarted: Queue;
  readonly api: HttpApi | undefined;
}

interface Wish {
  readonly kind: string;
  /** Whose: a connection, a sync, a function. */
  readonly whose: string;
  readonly metric: IMetric;
  readonly comparison: ComparisonOperator;
  readonly threshold: number;
  /** Periods that must all be so. */
  readonly periods: number;
  readonly silence?: TreatMissingData;
}

const FIVE_MINUTES = Duration.minutes(5);
const QUARTER = Duration.minutes(15);
const HOUR = Duration.hours(1);
/** CloudWatch looks back a week at most. */
const HOURS_MAX = 168;
/** Messages are taken within seconds, and one that must wait is a new message each quarter of an hour. */
const OLDEST_MESSAGE_S_MAX = 3600;
/** A vendor's refusals are held one by one; so many at once are a setting that somebody changed. */
const HELD_PER_HOUR_MAX = 20;
/** Failed answers of the gateway in a quarter of an hour: one may be a function that was taken away in the middle. */
const DOOR_ERRORS_MIN = 3;
const { GREATER_THAN_OR_EQUAL_TO_THRESHOLD: AT_LEAST, GREATER_THAN_THRESHOLD: ABOVE, LESS_THAN_THRESHOLD: BELOW } = ComparisonOperator;

/** All alarms of an installation, in the order of the dashboard. */
export function alarms(scope: Construct, watched: Watched, topic: ITopic): Alarm[] {
  const folder = new Construct(scope, "Watch");
  return wishes(watched).map((wish) => {
    const { kind, whose, metric, comparison, threshold, periods, silence } = wish;
    const alarm = new Alarm(folder, `${kind}-${whose}`, {
      alarmName: `${watched.options.stack} ${kind} ${whose}`,
      alarmDescription: `What it means and what to do: shared/docs/deploying.md, "${kind}"`,
      metric,
      comparisonOperator: comparison,
      threshold,
      evaluationPeriods: periods,
      datapointsToAlarm: periods,
      treatMissingData: silence ?? TreatMissingData.NOT_BREACHING,
      actionsEnabled: !watched.options.paused,
    });
    alarm.addAlarmAction(new SnsAction(topic));
    return alarm;
  });
}

function wishes({ config, options, functions, lanes, unstarted, api }: Watched): Wish[] {
  const found: Wish[] = [];
  const installation = { Installation: options.stack };
  for (const [connection, lane] of lanes) {
    const oldest = lane.queue.metricApproximateAgeOfOldestMessage({ period: FIVE_MINUTES, statistic: "Maximum" });
    found.push({
      kind: "messages-wait",
      whose: connection,
      metric: oldest,
      comparison: ABOVE,
      threshold: OLDEST_MESSAGE_S_MAX,
      periods: 3,
    });
    found.push(deadLetters("dead-letters", connection, lane.dead));
    // Told for no zero: silence is what is to be noticed.
    const seen = told("ChangesSeen", { ...installation, Connection: connection }, HOUR);
    const silence = TreatMissingData.BREACHING;
    found.push({
      kind: "no-changes-seen",
      whose: connection,
      metric: seen,
      comparison: BELOW,
      threshold: 1,
      periods: options.quietHours,
      silence,
    });
  }
  const signIn = told("SignInNeeded", installation, FIVE_MINUTES);
  found.push({ kind: "sign-in-needed", whose: "connections", metric: signIn, comparison: AT_LEAST, threshold: 1, periods: 1 });
  const spent = told("BudgetSpent", installation, QUARTER);
  found.push({ kind: "budget-spent", whose: "connections", metric: spent, comparison: AT_LEAST, threshold: 1, periods: 4 });
  const held = told("RecordsHeld", installation, HOUR);
  found.push({ kind: "records-held", whose: "records", metric: held, comparison: AT_LEAST, threshold: HELD_PER_HOUR_MAX, periods: 1 });
  const gaps = scheduleGaps(config);
  if (gaps.length > 0) {
    const lag = told("FeedLag", installation, HOUR);
    const threshold = silentHours(Math.max(...gaps)) * HOUR.toSeconds();
    found.push({ kind: "feed-not-read", whose: "feeds", metric: lag, comparison: AT_LEAST, threshold, periods: 1 });
  }
  found.push(deadLetters("runs-not-started", "schedules", unstarted));
  found.push(...pullRuns(gaps, functions.pull));
  // Those behind the gateway fail there, where one alarm tells of both; whether the key maker failed, CloudFormation tells.
  const workers = [...functions.write].map(([connection, one]): [string, LambdaFunction] => [`write ${connection}`, one]);
  for (const [name, one] of [["pull", functions.pull] as const, ...workers]) {
    const errors = one.metricErrors({ period: FIVE_MINUTES });
    found.push({ kind: "function-errors", whose: name, metric: errors, comparison: AT_LEAST, threshold: 1, periods: 2 });
  }
  // Lambda refuses for want of the account's concurrency, which is one for all functions: the one that runs most often stands for them. What
  // waits for a worker meanwhile is told by its queue, and what the gateway could not hand on by its failures.
  const throttles = functions.pull.metricThrottles({ period: FIVE_MINUTES });
  found.push({ kind: "function-throttled", whose: "pull", metric: throttles, comparison: AT_LEAST, threshold: 1, periods: 3 });
  if (api !== undefined) {
    const failed = api.metricServerError({ period: QUARTER, statistic: "Sum" });
    found.push({ kind: "door-errors", whose: "api", metric: failed, comparison: AT_LEAST, threshold: DOOR_ERRORS_MIN, periods: 1 });
  }
  return found;
}

/** The longest time between two runs of each schedule that has one, in seconds. */
function scheduleGaps(config: Config): number[] {
  return config.syncs.flatMap((sync) => SIDES.map((side) => sync.schedule[side].gapSeconds)).filter((gap) => gap !== undefined);
}

/** Told by AWS itself: schedules that stand still are seen also while the functions tell nothing. */
function pullRuns(gaps: readonly number[], pull: LambdaFunction): Wish[] {
  const periods = silentHours(Math.min(...gaps));
  if (gaps.length === 0 || periods > HOURS_MAX) {
    return [];
  }
  const runs = pull.metricInvocations({ period: HOUR });
  return [
    {
      kind: "schedules-stand-still",
      whose: "pull",
      metric: runs,
      comparison: BELOW,
      threshold: 1,
      periods,
      silence: TreatMissingData.BREACHING,
    },
  ];
}

/** Whole hours in which two runs should have been, and one that was late. */
function silentHours(gapSeconds: number): number {
  return Math.ceil((2 * gapSeconds) / HOUR.toSeconds()) + 1;
}

function deadLetters(kind: string, whose: string, queue: Queue): Wish {
  const metric = queue.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES, statistic: "Maximum" });
  return { kind, whose, metric, comparison: AT_LEAST, threshold: 1, periods: 1 };
}

/** Every function of the installation, by a name for people. */
export function watchedFunctions(functions: Functions, keyMaker: LambdaFunction): [string, LambdaFunction][] {
  const found: [string, LambdaFunction | undefined][] = [
    ["pull", functions.pull],
    ...[...functions.write].map(([connection, one]): [string, LambdaFunction] => [`write ${connection}`, one]),
    ["webhook", functions.webhook],
    ["panel", functions.panel],
    ["key maker", keyMaker],
  ];
  return found.filter((entry): entry is [string, LambdaFunction] => entry[1] !== undefined);
}
