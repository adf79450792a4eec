/** When things run: the side of a sync, its backfill, its sweeps. The payloads are those of `functions/pull`. */

import { Stack } from "aws-cdk-lib";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { CfnSchedule, CfnScheduleGroup } from "aws-cdk-lib/aws-scheduler";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Schedule } from "../config/schedule.js";
import { SIDES, type Sync } from "../config/types.js";
import type { Options } from "../options.js";
import { setAside } from "./queues.js";

/**
 * A run of a backfill lasts as long as a function may, so that the next one follows it. Once the backfill is done, a run is one read: more often
 * would only cost.
 */
const BACKFILL: Schedule = { expression: "rate(15 minutes)", timeZone: "UTC", gapSeconds: 900 };
/** Sweeps begin within an hour of their time: all of them at once would share one budget. */
const SWEEP_WINDOW_MINUTES = 60;
/** Where it is looked each hour what is due, the looks do not overtake one another. */
const SWEEP_LOOK_WINDOW_MINUTES = 15;
/** A run that could not be started is tried again for so long; then the next one has come, or soon will. */
const START_WITHIN_S = 300;
const START_TRIES_MAX = 3;

export interface Schedules {
  /** Runs that could not be started. */
  readonly dead: Queue;
}

export function schedules(scope: Construct, syncs: readonly Sync[], pull: LambdaFunction, key: Construct, options: Options): Schedules {
  const folder = new Construct(scope, "Schedules");
  const stack = Stack.of(scope);
  const group = new CfnScheduleGroup(folder, "Group", { name: options.stack });
  const dead = setAside(folder, "Dead");
  const groupArn = stack.formatArn({ service: "scheduler", resource: "schedule-group", resourceName: options.stack });
  const role = new Role(folder, "Role", {
    assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
      conditions: { StringEquals: { "aws:SourceAccount": stack.account, "aws:SourceArn": groupArn } },
    }),
  });
  role.addToPolicy(new PolicyStatement({ actions: ["lambda:InvokeFunction"], resources: [pull.functionArn] }));
  role.addToPolicy(new PolicyStatement({ actions: ["sqs:SendMessage"], resources: [dead.queueArn] }));

  const add = (place: string, description: string, when: Schedule, input: object, windowMinutes = 0): void => {
    for (const [index, expression] of [when.expression, ...(when.further ?? [])].entries()) {
      addOne(index === 0 ? place : `${place}-${index + 1}`, description, expression, when.timeZone, input, windowMinutes);
    }
  };
  const addOne = (place: string, description: string, expression: string, timeZone: string, input: object, windowMinutes: number): void => {
    const made = new CfnSchedule(folder, place, {
      groupName: options.stack,
      description,
      scheduleExpression: expression,
      scheduleExpressionTimezone: timeZone,
      state: options.paused ? "DISABLED" : "ENABLED",
      flexibleTimeWindow: windowMinutes === 0 ? { mode: "OFF" } : { mode: "FLEXIBLE", maximumWindowInMinutes: windowMinutes },
      target: {
        arn: pull.functionArn,
        roleArn: role.roleArn,
        input: JSON.stringify(input),
        deadLetterConfig: { arn: dead.queueArn },
        retryPolicy: { maximumEventAgeInSeconds: START_WITHIN_S, maximumRetryAttempts: START_TRIES_MAX },
      },
    });
    // The role's policy is a resource of its own; and without the key a run would fail.
    made.node.addDependency(group, role.node.findChild("DefaultPolicy"), key);
  };
  for (const sync of syncs) {
    for (const side of SIDES) {
      add(`${sync.name}-${side}`, `Changes on the ${side} of ${sync.name}`, sync.schedule[side], { sync: sync.name, side });
    }
    if (sync.backfill) {
      add(`${sync.name}-backfill`, `The backfill of ${sync.name}`, BACKFILL, { sync: sync.name, backfill: true });
    }
    if (sync.sweep !== undefined) {
      for (const mapping of sync.mappings) {
        for (const side of SIDES) {
          const what = `Compares ${mapping} on the ${side} of ${sync.name}`;
          add(
            `${sync.name}-sweep-${mapping}-${side}`,
            what,
            sync.sweep,
            { sync: sync.name, sweep: sync.sweepIsAuto ? { mapping, side, auto: true } : { mapping, side } },
            sync.sweepIsAuto ? SWEEP_LOOK_WINDOW_MINUTES : SWEEP_WINDOW_MINUTES,
          );
        }
      }
    }
  }
  return { dead };
}
