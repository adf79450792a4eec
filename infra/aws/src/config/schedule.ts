/** When something runs: from the words of the config to an expression of EventBridge Scheduler. */

import type { Findings } from "./problems.js";
import { longestGap, range, readCron, schedulerCron, type Fields } from "./cron.js";

export interface Schedule {
  /** As EventBridge Scheduler takes it: `cron(…)` or `rate(…)`. */
  readonly expression: string;
  /** Times of day whose minutes differ take an expression each: those beside the first. */
  readonly further?: readonly string[];
  /** An IANA name. */
  readonly timeZone: string;
  /** The longest time between two runs; `undefined` where it cannot be told or is more than a week. */
  readonly gapSeconds: number | undefined;
}

const HINT =
  'for example `every 30 minutes`, `every hour`, `daily at 06:00`, `at 00:00, 12:00 Europe/Berlin`, or `{ cron: "0 */6 * * *", time_zone: Europe/Berlin }`';
const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;
const UNITS: Readonly<Record<string, number>> = { second: 1, minute: MINUTE_S, hour: HOUR_S, day: DAY_S };
const PERIOD_S_MAX = 31 * DAY_S;
const TIMES_MAX = 24;

/** What stands under a `schedule`, one of its sides, or a `sweep`. */
export function readSchedule(node: unknown, zoneOfSync: string, path: string, findings: Findings): Schedule | undefined {
  if (typeof node === "string") {
    return words(node, zoneOfSync, path, findings);
  }
  if (typeof node === "object" && node !== null && "cron" in node) {
    const { cron, time_zone: own } = node as { cron: unknown; time_zone?: unknown };
    const zone = readZone(own ?? zoneOfSync, `${path}.time_zone`, findings);
    return zone === undefined ? undefined : timed(readCron(String(cron)), zone, `${path}.cron`, findings);
  }
  return findings.add(path, "there is no schedule here", HINT);
}

/** The zone, if Node knows it: EventBridge Scheduler reads the same list. */
export function readZone(node: unknown, path: string, findings: Findings): string | undefined {
  const hint = "a name of the IANA list, as `Europe/Berlin`, `America/New_York` or `UTC`";
  try {
    // Offsets such as `+01:00` are no names; Scheduler refuses them.
    if (typeof node === "string" && /^[A-Za-z]/.test(node)) {
      new Intl.DateTimeFormat("en", { timeZone: node });
      return node;
    }
  } catch {
    // Told below.
  }
  return findings.add(path, "this time zone is not known", hint);
}

function words(text: string, zoneOfSync: string, path: string, findings: Findings): Schedule | undefined {
  const every = /^every(?: (\d+))? (second|minute|hour|day)s?$|^hourly$/.exec(normal(text));
  if (every !== null) {
    const seconds = Number(every[1] ?? 1) * (UNITS[every[2] ?? "hour"] ?? HOUR_S);
    return periodic(seconds, path, findings);
  }
  const daily = /^(?:daily )?at ((?:\d{1,2}:\d{2}(?: ?, ?)?)+)(?: ?(\S+))?$/i.exec(text.trim().replace(/\s+/g, " "));
  if (daily !== null) {
    const zone = readZone(daily[2] ?? zoneOfSync, path, findings);
    return zone === undefined ? undefined : atTimes((daily[1] ?? "").trim().split(/ ?, ?/), zone, path, findings);
  }
  return findings.add(path, "this is not a schedule that is understood", HINT);
}

/** Each day at these times: one expression for all that share their minute. */
function atTimes(times: readonly string[], zone: string, path: string, findings: Findings): Schedule | undefined {
  const hours = new Map<number, number[]>();
  for (const time of times) {
    const [hour = Number.NaN, minute = Number.NaN] = time === "" ? [] : time.split(":").map(Number);
    const read = readCron(`${minute} ${hour} * * *`);
    if (typeof read === "string") {
      return findings.add(path, read, HINT);
    }
    const known = hours.get(minute) ?? [];
    if (known.includes(hour)) {
      return findings.add(path, "a time stands there twice", HINT);
    }
    hours.set(
      minute,
      [...known, hour].sort((one, other) => one - other),
    );
  }
  if (times.length > TIMES_MAX) {
    return findings.add(path, `more than ${TIMES_MAX} times a day are a period`, "write `every …`");
  }
  const made = [...hours].map(([minute, of]) => timed(readCron(`${minute} ${of.join(",")} * * *`), zone, path, findings));
  const [first, ...rest] = made;
  if (first === undefined) {
    return undefined;
  }
  const further = rest.flatMap((schedule) => (schedule === undefined ? [] : [schedule.expression]));
  // Each expression's own gap is the longest that all of them together can have.
  const gapSeconds = Math.min(...made.flatMap((schedule) => schedule?.gapSeconds ?? []));
  return further.length === 0 ? first : { ...first, further, gapSeconds };
}

function normal(text: string): string {
  return text.trim().toLowerCase().replace(/\s+/g, " ");
}

/**
 * Every so many seconds, on the clock where they divide the hour or the day (`every 30 minutes` is the full and the half hour), else counted
 * from when the schedule was made.
 */
function periodic(seconds: number, path: string, findings: Findings): Schedule | undefined {
  if (seconds < MINUTE_S || seconds > PERIOD_S_MAX) {
    return findings.add(path, "a period is at least 60 seconds and at most 31 days", HINT);
  }
  if (seconds % MINUTE_S !== 0) {
    return findings.add(path, "AWS counts whole minutes", "write a number of minutes");
  }
  const minutes = seconds / MINUTE_S;
  const clock = onTheClock(minutes);
  if (clock === undefined) {
    return { expression: `rate(${minutes} minutes)`, timeZone: "UTC", gapSeconds: seconds };
  }
  return timed(clock, "UTC", path, findings);
}

function onTheClock(minutes: number): Fields | undefined {
  const open = { days: range(1, 31), months: range(1, 12), weekdays: range(0, 6) };
  const multiples = (of: number, below: number): number[] => range(0, below / of - 1).map((count) => count * of);
  if (60 % minutes === 0) {
    return { minutes: multiples(minutes, 60), hours: range(0, 23), ...open };
  }
  const hours = minutes / 60;
  return Number.isInteger(hours) && 24 % hours === 0 ? { minutes: [0], hours: multiples(hours, 24), ...open } : undefined;
}

function timed(fields: Fields | string, timeZone: string, path: string, findings: Findings): Schedule | undefined {
  if (typeof fields === "string") {
    return findings.add(path, fields, HINT);
  }
  const made = schedulerCron(fields);
  if (typeof made === "string") {
    return findings.add(path, made, "write it as fewer values");
  }
  return { expression: made.expression, timeZone, gapSeconds: longestGap(fields) };
}
