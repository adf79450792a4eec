/**
 * A config with only some of its syncs, and the connections that these name: what one function needs to know. So that a function has no
 * need of, and no right to, the credentials of the others.
 */

import { isDeepStrictEqual } from "node:util";
import { parse, parseDocument } from "yaml";
import { ConfigProblems } from "./problems.js";
import { SIDES, type Config, type Sync } from "./types.js";

/** The text for a function that serves these syncs: the file as it is, where nothing is to be left out. */
export function reducedText(config: Config, syncs: readonly Sync[]): string {
  const keptSyncs = new Set(syncs.map((sync) => sync.name));
  const keptConnections = new Set(connectionsOf(syncs));
  const document = parseDocument(config.text);
  const whole = parse(config.text) as Whole;
  const dropped: [string, string][] = [
    ...Object.keys(whole.connections)
      .filter((name) => !keptConnections.has(name))
      .map((name): [string, string] => ["connections", name]),
    ...Object.keys(whole.syncs)
      .filter((name) => !keptSyncs.has(name))
      .map((name): [string, string] => ["syncs", name]),
  ];
  if (dropped.length === 0) {
    return config.text;
  }
  dropped.forEach((place) => document.deleteIn(place));
  const wanted = {
    ...whole,
    connections: pick(whole.connections, keptConnections),
    syncs: pick(whole.syncs, keptSyncs),
  };
  // What is shared by an anchor would be lost with the place where it was written out.
  const text = written(() => document.toString({ lineWidth: 0 }));
  if (
    text === undefined ||
    !isDeepStrictEqual(
      written(() => parse(text) as unknown),
      wanted,
    )
  ) {
    const problem = "a part of this file refers to another by an anchor (`&` and `*`)";
    throw new ConfigProblems("syncline.yaml", [{ path: "syncs", problem, hint: "write it out where it is used" }]);
  }
  return text;
}

/** The connections that syncs name, each once, in their order. */
export function connectionsOf(syncs: readonly Sync[]): string[] {
  return [...new Set(syncs.flatMap((sync) => SIDES.map((side) => sync[side])))];
}

interface Whole {
  readonly connections: Readonly<Record<string, unknown>>;
  readonly syncs: Readonly<Record<string, unknown>>;
}

function pick(entries: Readonly<Record<string, unknown>>, kept: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entries).filter(([name]) => kept.has(name)));
}

function written<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
