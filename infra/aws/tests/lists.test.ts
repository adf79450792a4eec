import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import metrics from "../metrics.json";
import systems from "../systems.json";
import { ROOT } from "../src/options.js";
import { RECIPE, TWO_SYNCS, all, template } from "./world.js";

const text = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const DOCUMENT = "shared/docs/deploying.md";

test("every kind of alarm is explained, and nothing else is", () => {
  const kinds = new Set<string>();
  for (const config of [RECIPE, TWO_SYNCS]) {
    for (const [, { AlarmDescription: description }] of all(template(config), "AWS::CloudWatch::Alarm")) {
      kinds.add(/"([a-z-]+)"$/.exec(String(description))?.[1] ?? String(description));
    }
  }
  const explained = [...text(DOCUMENT).matchAll(/^### `([a-z-]+)`$/gm)].map(([, kind]) => kind ?? "");
  assert.deepEqual(explained.toSorted(), [...kinds].toSorted());
});

test("every alarm that waits for a metric of the functions is marked so", () => {
  const awaited = metrics.metrics.filter(({ emitted }) => !emitted).map(({ name }) => name);
  for (const [, alarm] of all(template(RECIPE), "AWS::CloudWatch::Alarm")) {
    if (alarm["Namespace"] === metrics.namespace) {
      const known = metrics.metrics.find(({ name }) => name === alarm["MetricName"]);
      assert.ok(known, `${String(alarm["MetricName"])} is not in metrics.json`);
      const given = (alarm["Dimensions"] as { Name: string }[]).map(({ Name: name }) => name);
      assert.deepEqual(given.toSorted(), known.dimensions.toSorted());
      if (awaited.includes(known.name)) {
        assert.equal(alarm["TreatMissingData"], "notBreaching", `${known.name} does not come yet: its silence must wake nobody`);
      }
    }
  }
});

test("metrics have names, units and dimensions that CloudWatch takes", () => {
  const names = metrics.metrics.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, unit, statistic, dimensions, by } of metrics.metrics) {
    assert.match(name, /^[A-Z][A-Za-z]+$/);
    assert.ok(["Count", "Percent", "Seconds"].includes(unit) && ["Sum", "Minimum", "Maximum"].includes(statistic));
    assert.ok(dimensions[0] === "Installation" && dimensions.length <= 3);
    assert.ok(by.every((one) => existsSync(join(ROOT, "functions", one))));
  }
});

test("what is known of a system is what its connector knows", () => {
  const folder = join(ROOT, "shared/connectors");
  const vendors = readdirSync(folder).filter((name) => name !== "registry" && existsSync(join(folder, name, "Cargo.toml")));
  assert.deepEqual(Object.keys(systems).toSorted(), vendors.toSorted());
  const settings = (system: string): string => text(`shared/connectors/${system}/src/settings.rs`);
  for (const [system, { limit, reserve_percent: reserve }] of Object.entries(systems)) {
    assert.ok(settings(system).includes(`name: "${limit.setting}"`), `${system} has no setting ${limit.setting}`);
    assert.match(settings(system), new RegExp(`RESERVE_PERCENT[A-Z_]*: u(8|32) = ${reserve};`));
  }
  for (const [plan, calls] of Object.entries(systems.freshdesk.plans.calls)) {
    assert.ok(settings("freshdesk").includes(`("${plan}", ${calls}, `), plan);
  }
  assert.match(settings("salesforce"), /DAILY_CALLS: u32 = 15_000;/);
});

test("CloudFormation's policy covers every service that a template uses, and fits where it must", () => {
  const policy = JSON.parse(text("infra/aws/policies/execution.json")) as { Statement: { Action: string | string[] }[] };
  const services = new Set(policy.Statement.flatMap(({ Action: action }) => [action].flat()).map((action) => action.split(":")[0]));
  // Where IAM calls a service by another name than CloudFormation.
  const names: Readonly<Record<string, string>> = { ApiGatewayV2: "apigateway", CloudFormation: "lambda" };
  const made = [RECIPE, TWO_SYNCS].flatMap((config) => Object.values(template(config, { alarm_email: "a@example.com" }).Resources));
  const used = new Set(made.map(({ Type: type }) => type.split("::")[1] ?? "").map((name) => names[name] ?? name.toLowerCase()));
  assert.deepEqual(
    [...used].filter((name) => !services.has(name)),
    [],
  );
  // A managed policy holds this many characters, blanks left out.
  assert.ok(JSON.stringify(policy).length <= 6144);
});

test("who uses the command line may do at the table what the functions may, and tell every worker", () => {
  type Statement = { Action: string | string[]; Resource: string };
  const policy = JSON.parse(text("infra/aws/policies/operator.json")) as { Statement: Statement[] };
  const may = new Set(policy.Statement.flatMap(({ Action: action }) => action));
  const made = template(RECIPE);
  const granted = all(made, "AWS::IAM::Policy").flatMap(([, one]) => (one["PolicyDocument"] as { Statement: Statement[] }).Statement);
  const store = new Set(granted.flatMap(({ Action: action }) => action).filter((action) => action.startsWith("dynamodb:")));
  assert.ok(store.size > 4);
  assert.deepEqual(
    [...store].filter((action) => !may.has(action)),
    [],
  );
  const places = policy.Statement.map(
    ({ Resource: resource }) =>
      resource
        .split(":")
        .at(-1)
        ?.replace(/^table\//, "") ?? "",
  );
  const named = [
    ...all(made, "AWS::DynamoDB::Table").map(([, table]) => table["TableName"]),
    ...all(made, "AWS::SecretsManager::Secret").map(([, secret]) => secret["Name"]),
    ...all(made, "AWS::SQS::Queue").flatMap(([, queue]) => queue["QueueName"] ?? []),
  ].map(String);
  assert.equal(named.length, 6);
  for (const name of named) {
    assert.ok(
      places.some((place) => (place.endsWith("*") ? name.startsWith(place.slice(0, -1)) : name === place)),
      name,
    );
  }
});

test("versions are pinned, and the lock file names no place to fetch from but the public one", () => {
  const { dependencies, devDependencies } = JSON.parse(text("infra/aws/package.json")) as Record<string, Record<string, string>>;
  for (const version of [...Object.values(dependencies ?? {}), ...Object.values(devDependencies ?? {})]) {
    assert.match(version, /^\d+\.\d+\.\d+$/);
  }
  assert.match(devDependencies?.["aws-cdk"] ?? "", /^2\./);
  const places = [...text("infra/aws/package-lock.json").matchAll(/"resolved": "([^"]+)"/g)].map(([, place]) => place ?? "");
  assert.deepEqual(
    places.filter((place) => new URL(place).host !== ["registry", "npmjs", "org"].join(".")),
    [],
  );
});
