/** What must be known of a vendor to deploy for it. The facts are the connectors' own, kept as data in `systems.json`. */

import facts from "../../systems.json";
import { ConfigProblems, Findings } from "./problems.js";
import type { Config, Connection } from "./types.js";

interface Facts {
  /** The route on which it takes webhooks. */
  readonly webhooks?: string;
  /** Calls in a window, unless the setting says otherwise. */
  readonly limit?: { readonly calls: number; readonly window_s: number; readonly setting: string };
  /** A setting whose word decides the calls. */
  readonly plans?: { readonly setting: string; readonly calls: Readonly<Record<string, number>> };
  readonly reserve_percent: number;
  /** Records that its largest write carries. */
  readonly records_per_write: number;
  /** When its credentials change by themselves and are saved: under this setting; without one, always. */
  readonly saves_secret?: { readonly setting?: string; readonly is?: string };
  /** Its part in the requester panel. */
  readonly panel?: string;
}

const SYSTEMS: Readonly<Record<string, Facts | undefined>> = facts;

/** A connection's figures, as a deployment needs them. */
export interface Profile {
  /** Calls that Syncline may make in a minute. */
  readonly callsPerMinute: number;
  readonly recordsPerWrite: number;
  readonly webhooks: string | undefined;
  readonly savesSecret: boolean;
  readonly panel: string | undefined;
}

/** The profile of each connection. Throws `ConfigProblems` where one has no limits that can be understood. */
export function profiles(config: Config, file: string): ReadonlyMap<string, Profile> {
  const findings = new Findings();
  const found = new Map<string, Profile>();
  for (const connection of config.connections.values()) {
    const profile = profileOf(connection, SYSTEMS[connection.system], findings);
    if (profile !== undefined) {
      found.set(connection.name, profile);
    }
  }
  if (findings.problems.length > 0) {
    throw new ConfigProblems(file, findings.problems);
  }
  return found;
}

/** Exported for tests, which bring facts of their own. */
export function profileOf(connection: Connection, facts: Facts | undefined, findings: Findings): Profile | undefined {
  const path = `connections.${connection.name}`;
  if (facts === undefined || !Object.hasOwn(SYSTEMS, connection.system)) {
    const hint = `deployable today: ${Object.keys(SYSTEMS).join(", ")}`;
    return findings.add(`${path}.system`, `nothing is known of ${JSON.stringify(connection.system.slice(0, 80))}`, hint);
  }
  if (facts.limit === undefined) {
    return findings.add(
      path,
      "no limit of its calls is known, so its workers cannot be bounded",
      "give the system a `limit` in infra/aws/systems.json",
    );
  }
  const planned = facts.plans === undefined ? undefined : plan(connection, facts.plans, path, findings);
  const calls = number(connection, facts.limit.setting, 1, Number.MAX_SAFE_INTEGER, path, findings) ?? planned ?? facts.limit.calls;
  const reserve = number(connection, "reserve_percent", 0, 90, path, findings) ?? facts.reserve_percent;
  return {
    callsPerMinute: (calls * (100 - reserve)) / 100 / (facts.limit.window_s / 60),
    recordsPerWrite: facts.records_per_write,
    webhooks: facts.webhooks,
    savesSecret: facts.saves_secret !== undefined && isSet(connection, facts.saves_secret),
    panel: facts.panel,
  };
}

function isSet(connection: Connection, when: NonNullable<Facts["saves_secret"]>): boolean {
  return when.setting === undefined || connection.settings.get(when.setting) === when.is;
}

function plan(connection: Connection, plans: NonNullable<Facts["plans"]>, path: string, findings: Findings): number | undefined {
  const word = connection.settings.get(plans.setting);
  if (word === undefined) {
    return undefined;
  }
  const calls = Object.hasOwn(plans.calls, word) ? plans.calls[word] : undefined;
  return (
    calls ?? findings.add(`${path}.${plans.setting}`, "is no plan whose limits are known", `one of ${Object.keys(plans.calls).join(", ")}`)
  );
}

function number(connection: Connection, key: string, from: number, to: number, path: string, findings: Findings): number | undefined {
  const text = connection.settings.get(key);
  if (text === undefined) {
    return undefined;
  }
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to
    ? value
    : findings.add(`${path}.${key}`, "is no limit that can be understood", "write a whole number");
}
