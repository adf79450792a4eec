/** Templates for tests: made as the app makes them, in memory and a folder that is thrown away. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import { ROOT, readOptions } from "../src/options.js";
import type { Resource, Template } from "../src/rules.js";
import { SynclineStack } from "../src/stack.js";

export const RECIPE = join(ROOT, "shared/recipes/freshdesk-salesforce.yaml");
export const CONFIGS = join(ROOT, "infra/aws/tests/configs");
export const TWO_SYNCS = join(CONFIGS, "two-syncs.yaml");
/** A folder without any function. */
export const NOTHING_BUILT = mkdtempSync(join(tmpdir(), "syncline-built-"));

const made = new Map<string, Template>();

/** The template of a config; placeholders stand for the code. */
export function template(config: string, context: Readonly<Record<string, string>> = {}): Template {
  const settings = { config, placeholders: "yes", built: NOTHING_BUILT, ...context };
  const name = JSON.stringify(settings);
  const known = made.get(name);
  if (known !== undefined) {
    return structuredClone(known);
  }
  const app = new App({ context: settings, outdir: mkdtempSync(join(tmpdir(), "syncline-cdk-")), analyticsReporting: false });
  const stack = new SynclineStack(app, readOptions(app.node));
  const synthesized = app.synth().getStackByName(stack.stackName).template as Template;
  made.set(name, synthesized);
  return structuredClone(synthesized);
}

/** The resources of a type, each with its logical id. */
export function all(from: Template, type: string): [string, Record<string, unknown>][] {
  const found: [string, Resource][] = Object.entries(from.Resources).filter(([, resource]) => resource.Type === type);
  return found.map(([id, resource]) => [id, (resource.Properties ?? {}) as Record<string, unknown>]);
}

/** The one resource of a type whose logical id begins so. */
export function the(from: Template, type: string, begins: string): Record<string, unknown> {
  const found = all(from, type).filter(([id]) => id.startsWith(begins));
  if (found.length !== 1 || found[0] === undefined) {
    throw new Error(`${found.length} resources of type ${type} begin with ${begins}`);
  }
  return found[0][1];
}
