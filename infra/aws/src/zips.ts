/** The functions' code: zips that `make lambda` has built. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Annotations } from "aws-cdk-lib";
import { Code } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { ROOT, type Options } from "./options.js";

export const FUNCTIONS = ["pull", "webhook", "write", "panel"] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/**
 * The code of each function. Throws where one is missing, or built for another processor; with `placeholders` a stand-in that only says what
 * it is takes the place of a missing one.
 */
export function zips(scope: Construct, options: Options): (name: FunctionName) => Code {
  const file = (name: FunctionName): string => join(options.zips, `${name}.zip`);
  const missing = FUNCTIONS.filter((name) => !existsSync(file(name)));
  if (missing.length > 0 && !options.placeholders) {
    throw new Error(`no ${missing.map((name) => `${name}.zip`).join(", ")} in ${options.zips}: run \`make lambda\` first`);
  }
  if (missing.length > 0) {
    const what = `${missing.join(", ")}: a placeholder stands for the code, which is not built. This template is for looking at: it must not be deployed`;
    Annotations.of(scope).addWarningV2("syncline:placeholder", what);
  }
  const note = join(options.zips, "ARCHITECTURE");
  const built = existsSync(note) ? readFileSync(note, "utf8").trim() : options.architecture;
  if (missing.length === 0 && built !== options.architecture) {
    throw new Error(
      `the zips in ${options.zips} are for ${built}, and ${options.architecture} is to be deployed: say ARCH=${built}, or build again`,
    );
  }
  return (name) => Code.fromAsset(missing.includes(name) ? join(ROOT, "infra/aws/placeholder") : file(name));
}
