import type { Schedule } from "./schedule.js";

export const SIDES = ["left", "right"] as const;
export type Side = (typeof SIDES)[number];

/** One account at a system. */
export interface Connection {
  readonly name: string;
  readonly system: string;
  /** The name of the bundle with its credentials. Two connections may share one. */
  readonly bundle: string;
  /** The system's own settings, as text. */
  readonly settings: ReadonlyMap<string, string>;
}

/** Two connections that are kept in step. */
export interface Sync {
  readonly name: string;
  readonly left: string;
  readonly right: string;
  readonly backfill: boolean;
  readonly schedule: Readonly<Record<Side, Schedule>>;
  /** `undefined`: never. */
  readonly sweep: Schedule | undefined;
  /** Whether `sweep` says when it is looked what is due, by the records and the budget (`sweep: auto`). */
  readonly sweepIsAuto: boolean;
  /** The names of its object mappings. */
  readonly mappings: readonly string[];
}

/** What a deployment needs of a `syncline.yaml`. */
export interface Config {
  /** Only those that a sync names. */
  readonly connections: ReadonlyMap<string, Connection>;
  readonly syncs: readonly Sync[];
  /** Connections that no sync names. */
  readonly unused: readonly string[];
  /** The file as it was read. */
  readonly text: string;
}
