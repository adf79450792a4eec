/** Figures that decide how much runs at once, each with its reason. */

import type { Profile } from "./config/systems.js";

/** A worker makes one call after the other; half a second each is what vendors take. */
const CALLS_PER_WORKER_MINUTE = 120;
/** What AWS takes at least. */
const WORKERS_MIN = 2;
/** More would take the account's concurrency (1,000, and 10 in a new account) from everything else, for calls that no vendor here grants. */
const WORKERS_MAX = 20;

/**
 * How many workers of a connection run at once: as many as its calls can keep busy. More would find the budget empty and give their
 * messages back, which costs and gains nothing.
 */
export function workersMax(profile: Profile): number {
  const busy = Math.ceil(profile.callsPerMinute / CALLS_PER_WORKER_MINUTE);
  return Math.min(Math.max(busy, WORKERS_MIN), WORKERS_MAX);
}

/**
 * Messages that a worker takes at once; each carries up to 100 changes of a poll, or the few of a webhook. Where one write carries hundreds of
 * records, a hundred messages fill it also from webhooks. Where each record is a call, ten messages are up to a thousand changes: as many as a
 * run can carry out before its deadline. 6 MB of messages, the most that Lambda is given, end a batch in any case.
 */
export function batchMessages(profile: Profile): number {
  return profile.recordsPerWrite >= 100 ? 100 : 10;
}

/** How long a batch waits to fill: what a webhook's change is late at most, and less than a person notices. */
export const BATCH_WINDOW_S = 5;

/** A worker's longest run: carries out a batch of a slow vendor; what is left goes back before that. */
export const WRITE_TIMEOUT_S = 300;

/** Six times the run, and the window, as AWS advises: a throttled batch is tried again meanwhile, and no second worker takes it. */
export const VISIBILITY_S = 6 * WRITE_TIMEOUT_S + BATCH_WINDOW_S;

/** Deliveries that nobody finished until a message is set aside: as on one machine. Faults of vendors are not counted here, the engine re-queues those. */
export const RECEIVES_MAX = 12;

/** As long as AWS keeps a message: a connection that waits for sign-in over the holidays loses none. */
export const RETENTION_DAYS = 14;

/** The longest name that SQS takes. */
export const QUEUE_NAME_MAX = 80;

/**
 * Both wait for vendors most of the time, and Lambda bills the wait by the memory. `make bench` measures what they need; decision 18 says what
 * follows from it: some times the most that was seen, and so much of a processor as goes with it. A backfill joins its pages in the store.
 */
export const PULL_MEMORY_MB = 256;
/** A batch is at most 6 MB, and some twenty times that once it is read and its counterparts are known. */
export const WRITE_MEMORY_MB = 256;
