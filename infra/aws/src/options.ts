/** What may be said with `-c name=value`; the Makefile's variables end here. */

import { isAbsolute, join, resolve } from "node:path";
import type { Node } from "constructs";

export const ARCHITECTURES = ["arm64", "x86_64"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

export const SECRETS_PLACES = ["secrets-manager", "parameters"] as const;
export type SecretsPlace = (typeof SECRETS_PLACES)[number];

export interface Options {
  /** The config's file. */
  readonly config: string;
  /** The stack's name; it leads all names, so that two installations fit into one account. */
  readonly stack: string;
  readonly architecture: Architecture;
  /** Schedules and workers stand still, and alarms are silent. */
  readonly paused: boolean;
  /** Table and secrets go with the stack, instead of outliving it. */
  readonly deletesData: boolean;
  /** Where the credentials of connections rest: a secret of Secrets Manager each, or a parameter, which an operator makes and which costs nothing. */
  readonly secrets: SecretsPlace;
  /** A table that is there already, from a backup or an earlier installation, to be used in place of one that the stack makes. */
  readonly table: string | undefined;
  /** Whom alarms write to. */
  readonly alarmEmail: string | undefined;
  /** More origins that may frame the panel, parted by blanks. */
  readonly panelFrames: string | undefined;
  /** Whether the panel is served, where the config has a sync for it. */
  readonly panel: boolean;
  /** Hours without any change after which somebody is told. */
  readonly quietHours: number;
  /** Where `make lambda` has put the functions. */
  readonly built: string;
  /** Stand-ins take the place of missing functions: for looking at the template, never for deploying. */
  readonly placeholders: boolean;
}

/** The repository's root, as seen from `infra/aws/target/src`. */
export const ROOT = resolve(__dirname, "../../../..");
/** An alarm over hours looks back a week at most. */
const QUIET_HOURS_MAX = 168;

/** Reads the context. Throws an error that names every value that cannot be understood. */
export function readOptions(node: Node): Options {
  const problems: string[] = [];
  const text = (name: string, otherwise: string, pattern: RegExp, hint: string): string => {
    const value: unknown = node.tryGetContext(name);
    const given = value === undefined || value === "" ? otherwise : String(value);
    if (!pattern.test(given)) {
      problems.push(`${name}: ${JSON.stringify(given.slice(0, 80))} is not understood; ${hint}`);
    }
    return given;
  };
  const yes = (name: string, otherwise: "yes" | "no" = "no"): boolean => text(name, otherwise, /^(yes|no)$/, "write yes or no") === "yes";
  const path = (name: string, otherwise: string): string => {
    const given = text(name, otherwise, /./, "name a file or folder");
    return isAbsolute(given) ? given : join(process.cwd(), given);
  };
  const options: Options = {
    config: path("config", join(ROOT, "shared/recipes/freshdesk-salesforce.yaml")),
    stack: text("stack", "Syncline", /^[A-Za-z][A-Za-z0-9-]{0,39}$/, "up to 40 letters, digits and hyphens"),
    architecture: text("arch", "arm64", /^(arm64|x86_64)$/, "write arm64 or x86_64") as Architecture,
    paused: yes("paused"),
    deletesData: text("data", "keep", /^(keep|delete)$/, "write keep or delete") === "delete",
    secrets: text(
      "secrets",
      "secrets-manager",
      new RegExp(`^(${SECRETS_PLACES.join("|")})$`),
      `write ${SECRETS_PLACES.join(" or ")}`,
    ) as SecretsPlace,
    table: text("table", "", /^$|^[A-Za-z0-9_.-]{3,255}$/, "write the name of a table") || undefined,
    alarmEmail: text("alarm_email", "", /^$|^[^\s@]+@[^\s@]+$/, "write one address") || undefined,
    panelFrames: text("panel_frames", "", /^$|^https:\/\/\S+( https:\/\/\S+)*$/, "write origins, parted by blanks") || undefined,
    panel: yes("panel", "yes"),
    quietHours: Number(text("quiet_hours", "72", /^[0-9]{1,3}$/, `write hours, 1 to ${QUIET_HOURS_MAX}`)),
    built: path("built", join(ROOT, "target/lambda")),
    placeholders: yes("placeholders"),
  };
  if (options.quietHours < 1 || options.quietHours > QUIET_HOURS_MAX) {
    problems.push(`quiet_hours: write hours, 1 to ${QUIET_HOURS_MAX}`);
  }
  if (problems.length > 0) {
    throw new Error(`the settings of the deployment:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
  }
  return options;
}
