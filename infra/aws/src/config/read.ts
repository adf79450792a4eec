/**
 * Reads from `syncline.yaml` what a deployment needs, and no more: connections, syncs, schedules. Whether the rest is right is told by
 * `syncline validate`.
 */

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseDocument } from "yaml";
import { ConfigProblems, Findings } from "./problems.js";
import { readSchedule, readZone, type Schedule } from "./schedule.js";
import { SIDES, type Config, type Connection, type Side, type Sync } from "./types.js";

/** What the functions call the bundle with the installation's key. */
export const INSTALLATION = "installation";
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** What Secrets Manager takes in a name. */
const BUNDLE = /^[A-Za-z0-9/_+=.@-]{1,128}$/;
/** How often it is looked what is due where the config says `auto`: the function itself tells, from the number of records and the budget. */
const SWEEP_AUTO: Schedule = { expression: "rate(1 hour)", timeZone: "UTC", gapSeconds: 3_600 };

type Mapping = Readonly<Record<string, unknown>>;

/** Reads a file. Throws `ConfigProblems` with all that is wrong with it. */
export function readConfig(file: string): Config {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const problem = `cannot be read (${error instanceof Error && "code" in error ? String(error.code) : "unknown reason"})`;
    throw new ConfigProblems(file, [{ path: basename(file), problem, hint: "name the file with CONFIG=path/syncline.yaml" }]);
  }
  return parseConfig(text, file);
}

/** Reads a text; `file` is its name in messages. */
export function parseConfig(text: string, file: string): Config {
  const findings = new Findings();
  const config = understand(text, findings);
  if (config === undefined || findings.problems.length > 0) {
    throw new ConfigProblems(file, findings.problems);
  }
  return config;
}

function understand(text: string, findings: Findings): Config | undefined {
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: true });
  const error = document.errors[0];
  if (error !== undefined) {
    const line = text.slice(0, error.pos[0]).split("\n").length;
    // The parser's own words may quote what it found, which may be a credential.
    return findings.add(`line ${line}`, `this is not YAML (${error.code})`, "correct it, or begin with `syncline init`");
  }
  const root: unknown = safely(() => document.toJS({ maxAliasCount: 100 }));
  if (!isMap(root)) {
    return findings.add("syncline.yaml", "there are no settings in it", "begin with `syncline init`");
  }
  if (root["version"] !== 1) {
    findings.add(
      "version",
      "only version 1 of the file's shape is understood",
      "write `version: 1`, or deploy with the release that you use",
    );
  }
  const connections = entries(root["connections"], "connections", findings).flatMap(([name, node]) => readConnection(name, node, findings));
  const known = new Map(connections.map((connection) => [connection.name, connection]));
  const syncs = entries(root["syncs"], "syncs", findings).flatMap(([name, node]) => readSync(name, node, known, findings));
  const used = new Set(syncs.flatMap((sync) => [sync.left, sync.right]));
  return {
    connections: new Map([...known].filter(([name]) => used.has(name))),
    syncs,
    unused: [...known.keys()].filter((name) => !used.has(name)),
    text,
  };
}

function readConnection(name: string, node: unknown, findings: Findings): Connection[] {
  const path = `connections.${name}`;
  if (!isMap(node) || typeof node["system"] !== "string") {
    findings.add(`${path}.system`, "is missing", "name the system, for example `system: freshdesk`");
    return [];
  }
  const bundle = node["secret"] ?? name;
  if (typeof bundle !== "string" || !BUNDLE.test(bundle)) {
    findings.add(`${path}.secret`, "is no name that AWS takes for a secret", "use letters, digits and / _ + = . @ -");
    return [];
  }
  if (bundle === INSTALLATION) {
    findings.add(`${path}.secret`, `\`${INSTALLATION}\` is where the installation's own key stands`, "give the credentials another name");
    return [];
  }
  const settings = new Map<string, string>();
  for (const [key, value] of Object.entries(node)) {
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      settings.set(key, String(value));
    }
  }
  return [{ name, system: node["system"], bundle, settings }];
}

function readSync(name: string, node: unknown, known: ReadonlyMap<string, Connection>, findings: Findings): Sync[] {
  const path = `syncs.${name}`;
  if (!isMap(node)) {
    findings.add(path, "there is no sync here", "say `left`, `right`, `master` and `objects`");
    return [];
  }
  const end = (side: Side): string | undefined => {
    const connection = node[side];
    return typeof connection === "string" && known.has(connection)
      ? connection
      : findings.add(`${path}.${side}`, "names no connection of this file", `its connections: ${[...known.keys()].join(", ") || "none"}`);
  };
  const [left, right] = [end("left"), end("right")];
  const zone = node["time_zone"] === undefined ? "UTC" : (readZone(node["time_zone"], `${path}.time_zone`, findings) ?? "UTC");
  const mappings = entries(node["objects"], `${path}.objects`, findings).map(([mapping]) => mapping);
  const schedule = readSides(node["schedule"], zone, `${path}.schedule`, findings);
  const sweep = readSweep(node["sweep"], zone, `${path}.sweep`, findings);
  if (left === undefined || right === undefined || schedule === undefined) {
    return [];
  }
  return [{ name, left, right, backfill: node["history"] === "backfill", schedule, sweep, sweepIsAuto: sweep === SWEEP_AUTO, mappings }];
}

function readSides(node: unknown, zone: string, path: string, findings: Findings): Record<Side, Schedule> | undefined {
  const usual = "every 30 minutes";
  const bySide = isMap(node) && SIDES.some((side) => node[side] !== undefined);
  const of = (side: Side): Schedule | undefined =>
    bySide
      ? readSchedule(node[side] ?? usual, zone, `${path}.${side}`, findings)
      : readSchedule(node ?? usual, zone, path, side === "left" ? findings : new Findings());
  const [left, right] = [of("left"), of("right")];
  return left === undefined || right === undefined ? undefined : { left, right };
}

function readSweep(node: unknown, zone: string, path: string, findings: Findings): Schedule | undefined {
  if (node === undefined || node === "auto") {
    return SWEEP_AUTO;
  }
  return node === "never" ? undefined : readSchedule(node, zone, path, findings);
}

/** The entries of a map that must have some, those with a bad name left out. */
function entries(node: unknown, path: string, findings: Findings): [string, unknown][] {
  if (!isMap(node) || Object.keys(node).length === 0) {
    findings.add(path, "there is nothing here", "`syncline init` writes a whole example");
    return [];
  }
  return Object.entries(node).filter(([name]) => {
    if (!NAME.test(name)) {
      findings.add(path, `${JSON.stringify(name.slice(0, 80))} is no name`, "use 1 to 64 letters, digits, _ and -");
    }
    return NAME.test(name);
  });
}

function isMap(node: unknown): node is Mapping {
  return typeof node === "object" && node !== null && !Array.isArray(node);
}

/** A document full of references to itself is refused by the parser, with an exception. */
function safely<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
