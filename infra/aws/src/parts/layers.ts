/** The config as a layer, so that the functions' zips are the same for everybody and a new config ships without building. */

import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Stack } from "aws-cdk-lib";
import { Code, LayerVersion } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { ROOT } from "../options.js";

/** Where Lambda unpacks a layer: `SYNCLINE_CONFIG_FILE`. A variable of the environment could not hold it: all of them together are 4 KB. */
export const CONFIG_FILE = "/opt/syncline.yaml";

/** Makes a layer for each text that is asked for, once. */
export class ConfigLayers extends Construct {
  private readonly made = new Map<string, LayerVersion>();

  of(text: string): LayerVersion {
    const known = this.made.get(text);
    if (known !== undefined) {
      return known;
    }
    const folder = join(ROOT, "infra/aws/target/configs", createHash("sha256").update(text).digest("hex").slice(0, 16));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "syncline.yaml"), text, { mode: 0o644 });
    const place = `Config${this.made.size + 1}`;
    // Named, because a name that AWS makes up would not begin with the stack's, by which a deployer's rights are bounded.
    const layerVersionName = `${Stack.of(this).stackName}-${place}`;
    const layer = new LayerVersion(this, place, { layerVersionName, code: Code.fromAsset(folder), description: "syncline.yaml" });
    this.made.set(text, layer);
    return layer;
  }
}
