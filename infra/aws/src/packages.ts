/** The functions' code, as `make lambda` has built it, each packed together with its config. */

import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Annotations } from "aws-cdk-lib";
import { Code } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { ROOT, type Options } from "./options.js";

export const FUNCTIONS = ["pull", "webhook", "write", "panel"] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** Beside the binary, where the functions look for it. A variable of the environment could not hold it: all of them together are 4 KB. */
const CONFIG = "syncline.yaml";

/** A function's code with this config beside it. */
export type Pack = (name: FunctionName, config: string) => Code;

/**
 * How functions are packed. Throws where one is not built, or for another processor; with `placeholders` a stand-in that only says what it is
 * takes the place of a missing one.
 */
export function packages(scope: Construct, options: Options): Pack {
  const binary = (name: FunctionName): string => join(options.built, name, "bootstrap");
  const missing = FUNCTIONS.filter((name) => !existsSync(binary(name)));
  if (missing.length > 0 && !options.placeholders) {
    throw new Error(`${missing.join(", ")} cannot be deployed: there is no such function in ${options.built}; run \`make lambda\` first`);
  }
  if (missing.length > 0) {
    const what = `${missing.join(", ")}: a placeholder stands for the code, which is not built. This template is for looking at: it must not be deployed`;
    Annotations.of(scope).addWarningV2("syncline:placeholder", what);
  }
  const note = join(options.built, "ARCHITECTURE");
  const builtFor = existsSync(note) ? readFileSync(note, "utf8").trim() : options.architecture;
  if (missing.length === 0 && builtFor !== options.architecture) {
    const hint = `say ARCH=${builtFor}, or build again`;
    throw new Error(`the functions in ${options.built} are for ${builtFor}, and ${options.architecture} is to be deployed: ${hint}`);
  }
  return (name, config) => {
    const code = missing.includes(name) ? join(ROOT, "infra/aws/placeholder/bootstrap") : binary(name);
    // By what is in it, so that functions with the same code and config share one package.
    const mark = createHash("sha256").update(readFileSync(code)).update(config).digest("hex").slice(0, 16);
    const folder = join(ROOT, "infra/aws/target/packages", `${name}-${mark}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    copyFileSync(code, join(folder, "bootstrap"));
    writeFileSync(join(folder, CONFIG), config, { mode: 0o644 });
    return Code.fromAsset(folder);
  };
}
