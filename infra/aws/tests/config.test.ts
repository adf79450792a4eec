import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { longestGap, readCron, schedulerCron } from "../src/config/cron.js";
import { ConfigProblems, Findings } from "../src/config/problems.js";
import { parseConfig, readConfig } from "../src/config/read.js";
import { connectionsOf, reducedText } from "../src/config/reduce.js";
import { readSchedule } from "../src/config/schedule.js";
import { profileOf, profiles } from "../src/config/systems.js";
import { batchMessages, workersMax } from "../src/limits.js";
import { CONFIGS, RECIPE, TWO_SYNCS } from "./world.js";

function schedule(node: unknown, zone = "UTC"): string {
  const findings = new Findings();
  const found = readSchedule(node, zone, "at", findings);
  if (found === undefined) {
    return findings.problems.map(({ problem }) => problem).join();
  }
  return `${[found.expression, ...(found.further ?? [])].join(" and ")} ${found.timeZone}`;
}

test("schedules mean on AWS what they mean in the config", () => {
  const cases: [unknown, string][] = [
    ["every 30 minutes", "cron(0,30 * * * ? *) UTC"],
    ["Every Hour", "cron(0 * * * ? *) UTC"],
    ["hourly", "cron(0 * * * ? *) UTC"],
    ["every minute", "cron(* * * * ? *) UTC"],
    ["every 6 hours", "cron(0 0,6,12,18 * * ? *) UTC"],
    ["every day", "cron(0 0 * * ? *) UTC"],
    ["every 7 minutes", "rate(7 minutes) UTC"],
    ["every 3 days", "rate(4320 minutes) UTC"],
    ["every 120 seconds", "cron(0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38,40,42,44,46,48,50,52,54,56,58 * * * ? *) UTC"],
    ["daily at 6:05", "cron(5 6 * * ? *) Europe/Berlin"],
    ["daily at 23:59 America/New_York", "cron(59 23 * * ? *) America/New_York"],
    ["at 00:00, 06:00, 12:00, 18:00 Europe/Warsaw", "cron(0 0,6,12,18 * * ? *) Europe/Warsaw"],
    ["At 18:00,6:00 , 12:00", "cron(0 6,12,18 * * ? *) Europe/Berlin"],
    ["daily at 06:00, 12:30, 18:00", "cron(0 6,18 * * ? *) and cron(30 12 * * ? *) Europe/Berlin"],
    [{ cron: "0 */6 * * *" }, "cron(0 0,6,12,18 * * ? *) Europe/Berlin"],
    [{ cron: "30 7 * * 1-5", time_zone: "Asia/Tokyo" }, "cron(30 7 ? * MON,TUE,WED,THU,FRI *) Asia/Tokyo"],
    [{ cron: "30 7 * * 0,7" }, "cron(30 7 ? * SUN *) Europe/Berlin"],
    [{ cron: "0 0 * * FRI-MON" }, "cron(0 0 ? * SUN,MON,FRI,SAT *) Europe/Berlin"],
    [{ cron: "15 3 1,15 jan-jun/2 ?" }, "cron(15 3 1,15 1,3,5 ? *) Europe/Berlin"],
    [{ cron: "5/20 * * * *" }, "cron(5,25,45 * * * ? *) Europe/Berlin"],
  ];
  for (const [node, wanted] of cases) {
    assert.equal(schedule(node, wanted.endsWith("UTC") ? "UTC" : "Europe/Berlin"), wanted, JSON.stringify(node));
  }
});

test("what is no schedule is told", () => {
  const cases: [unknown, RegExp][] = [
    ["whenever", /not a schedule/],
    ["every 30 seconds", /at least 60 seconds/],
    ["every 90 seconds", /whole minutes/],
    ["every 32 days", /at most 31 days/],
    ["daily at 24:00", /hour `24`/],
    ["daily at 06:00 Europe/Atlantis", /time zone/],
    ["at 06:00, 12:00 Europe/Atlantis", /time zone/],
    ["at 06:00, 25:00", /hour `25`/],
    ["at 06:00, 6:00", /twice/],
    ["at 06:00, Europe/Warsaw", /cannot be read/],
    ["at", /not a schedule/],
    ["daily at 06:00 +01:00", /time zone/],
    [{ cron: "* * * *" }, /five fields, this one has 4/],
    [{ cron: "60 * * * *" }, /minute `60`/],
    [{ cron: "*/0 * * * *" }, /minute/],
    [{ cron: "30-10 * * * *" }, /minute/],
    [{ cron: "0 0 1 * 1" }, /systems differ/],
    [{ cron: "0 0 L * *" }, /day of the month `L`/],
    [{ cron: "1-59 1-22 2-31 2-12 *" }, /longer than/],
    [{ time_zone: "UTC" }, /no schedule here/],
    [17, /no schedule here/],
  ];
  for (const [node, wanted] of cases) {
    assert.match(schedule(node), wanted, JSON.stringify(node));
  }
});

test("the longest silence between two runs", () => {
  const gap = (expression: string): number | undefined => {
    const fields = readCron(expression);
    assert.ok(typeof fields !== "string" && typeof schedulerCron(fields) !== "string");
    const seconds = longestGap(fields);
    return seconds === undefined ? undefined : seconds / 3600;
  };
  assert.equal(gap("0,30 * * * *"), 0.5);
  assert.equal(gap("0 6 * * *"), 24);
  assert.equal(gap("*/20 7-19 * * 1-5"), 2 * 24 + 11 + 1 / 3);
  assert.equal(gap("0 0 * * 0"), 168);
  assert.equal(gap("0 0 1 * *"), undefined);
});

test("the recipe and a config with two syncs are read", () => {
  const recipe = readConfig(RECIPE);
  assert.deepEqual([...recipe.connections.keys()], ["freshdesk", "salesforce"]);
  assert.deepEqual(
    recipe.syncs.map(({ name, backfill, mappings }) => [name, backfill, mappings]),
    [["customers", true, ["companies", "contacts"]]],
  );
  const two = readConfig(TWO_SYNCS);
  assert.deepEqual(two.unused, ["spare"]);
  assert.equal(two.connections.get("crm-europe")?.bundle, "shared/crm");
  assert.equal(two.syncs[0]?.sweep, undefined);
  assert.equal(two.syncs[0]?.schedule.left.timeZone, "Europe/Berlin");
  assert.equal(two.syncs[1]?.schedule.right.expression, "rate(7 minutes)");
});

function problems(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof ConfigProblems, String(error));
    assert.ok(error.problems.every(({ problem, hint }) => problem.length > 0 && hint.length > 0));
    return error.problems.map(({ path }) => path);
  }
  return [];
}

test("everything that is wrong is told at once, with a hint", () => {
  assert.deepEqual(
    problems(() => readConfig(join(CONFIGS, "hostile.yaml"))),
    [
      "version",
      "connections",
      "connections.nameless.system",
      "connections.stolen.secret",
      "connections.crooked.secret",
      "syncs.one.right",
      "syncs.one.time_zone",
      "syncs.one.objects",
      "syncs.one.schedule",
      "syncs.two.schedule.left",
      "syncs.two.schedule.right.cron",
      "syncs.two.sweep.cron",
      "syncs.three.objects",
      "syncs.three.schedule",
    ],
  );
  assert.deepEqual(
    problems(() => readConfig(join(CONFIGS, "absent.yaml"))),
    ["absent.yaml"],
  );
});

test("what is no config is refused without showing what stands in it", () => {
  const secret = "hunter2";
  const texts = [
    `api_key: ${secret}\n  bad: [`,
    `- ${secret}`,
    "",
    "a: 1\na: 2",
    "{{{",
    "&a [*a, *a]",
    "version: 1\nconnections: 3\nsyncs: []",
    "\u0000",
  ];
  const bomb = `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}, *a${n}]`).join("\n")}`;
  for (const text of [...texts, bomb]) {
    assert.throws(
      () => parseConfig(text, "given.yaml"),
      (error) => error instanceof ConfigProblems && !error.message.includes(secret),
      text,
    );
  }
});

test("a connection without limits that can be understood is refused", () => {
  const config = (lines: string): string =>
    `version: 1\nconnections: { one: { ${lines} } }\nsyncs: { s: { left: one, right: one, objects: { a: {} } } }`;
  const told = (lines: string): string[] => problems(() => profiles(parseConfig(config(lines), "given.yaml"), "given.yaml"));
  assert.deepEqual(told("system: lotus notes"), ["connections.one.system"]);
  assert.deepEqual(told("system: constructor"), ["connections.one.system"]);
  assert.deepEqual(told("system: __proto__"), ["connections.one.system"]);
  assert.deepEqual(told("system: freshdesk, plan: gold, calls_per_minute: plenty, reserve_percent: 95"), [
    "connections.one.plan",
    "connections.one.calls_per_minute",
    "connections.one.reserve_percent",
  ]);
  assert.deepEqual(told("system: salesforce, daily_calls: -1"), ["connections.one.daily_calls"]);
  assert.deepEqual(told("system: salesforce, daily_calls: 5000"), []);
  const findings = new Findings();
  const connection = { name: "one", system: "freshdesk", bundle: "one", settings: new Map<string, string>() };
  assert.equal(profileOf(connection, { reserve_percent: 20, records_per_write: 1 }, findings), undefined);
  assert.match(findings.problems[0]?.problem ?? "", /no limit/);
});

test("workers and batches follow from the limits", () => {
  const config = readConfig(TWO_SYNCS);
  const found = [...profiles(config, TWO_SYNCS)].map(([name, profile]) => [
    name,
    profile.callsPerMinute,
    workersMax(profile),
    batchMessages(profile),
  ]);
  assert.deepEqual(found, [
    ["desk", 1600, 14, 10],
    ["crm-europe", (15_000 * 0.8) / 1440, 2, 100],
    ["crm_america", 800_000 / 1440, 5, 100],
  ]);
});

test("a function's config holds its syncs and their connections, and nothing else is changed", () => {
  const config = readConfig(TWO_SYNCS);
  const text = reducedText(config, config.syncs.slice(0, 1));
  const reduced = parseConfig(text, "reduced.yaml");
  assert.deepEqual(reduced.syncs, config.syncs.slice(0, 1));
  assert.deepEqual([...reduced.connections.keys()], ["desk", "crm-europe"]);
  assert.deepEqual(reduced.unused, []);
  const whole = parse(config.text) as { history: unknown; connections: Record<string, unknown> };
  assert.deepEqual((parse(text) as typeof whole).connections["desk"], whole.connections["desk"]);
  assert.deepEqual((parse(text) as typeof whole).history, whole.history);
  const recipe = readConfig(RECIPE);
  assert.equal(reducedText(recipe, recipe.syncs), recipe.text);
  assert.deepEqual(connectionsOf(config.syncs), ["desk", "crm-europe", "crm_america"]);
});

test("an anchor that would be lost is refused", () => {
  const objects = "objects: { a: { left: x, right: y } }";
  const text = `version: 1\nconnections: { a: { system: freshdesk }, b: { system: salesforce }, c: { system: salesforce } }\nsyncs:\n  one: &one { left: a, right: b, ${objects} }\n  two: { left: a, right: c, objects: *one }\n`;
  const config = parseConfig(text, "anchors.yaml");
  assert.throws(() => reducedText(config, config.syncs.slice(1)), /anchor/);
});
