import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { App } from "aws-cdk-lib";
import { ROOT, readOptions } from "../src/options.js";
import { SynclineStack } from "../src/stack.js";
import { NOTHING_BUILT, RECIPE, TWO_SYNCS, all, template, the } from "./world.js";

const text = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const show = (value: unknown): string => JSON.stringify(value);

test("the table is the one that the store in Rust speaks to", () => {
  const store = text("shared/aws/src/item.rs");
  const attribute = (name: string): string => new RegExp(`const ${name}: &str = "([^"]+)"`).exec(store)?.[1] ?? `no ${name}`;
  const table = the(template(RECIPE), "AWS::DynamoDB::Table", "Table");
  assert.deepEqual(table["KeySchema"], [
    { AttributeName: attribute("PARTITION"), KeyType: "HASH" },
    { AttributeName: attribute("SORT"), KeyType: "RANGE" },
  ]);
  assert.deepEqual(table["TimeToLiveSpecification"], { AttributeName: attribute("EXPIRES"), Enabled: true });
  assert.equal(table["BillingMode"], "PAY_PER_REQUEST");
  assert.equal(table["DeletionProtectionEnabled"], true);
  assert.deepEqual(table["SSESpecification"], { SSEEnabled: true });
  assert.deepEqual(table["PointInTimeRecoverySpecification"], { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 });
});

test("data goes only when that is said", () => {
  const kinds = ["AWS::DynamoDB::Table", "AWS::SecretsManager::Secret"];
  const policies = (data: string): unknown[] => [
    ...new Set(
      Object.values(template(RECIPE, { data }).Resources)
        .filter(({ Type: type }) => kinds.includes(type))
        .map((one) => one.DeletionPolicy),
    ),
  ];
  assert.deepEqual(policies("keep"), ["Retain"]);
  assert.deepEqual(policies("delete"), ["Delete"]);
  assert.equal(the(template(RECIPE, { data: "delete" }), "AWS::DynamoDB::Table", "Table")["DeletionProtectionEnabled"], false);
});

test("each connection has a queue, its dead letters, a bounded worker and a secret", () => {
  const made = template(TWO_SYNCS);
  const queues = all(made, "AWS::SQS::Queue").filter(([, { RedrivePolicy: redrive }]) => redrive !== undefined);
  assert.equal(queues.length, 3);
  assert.deepEqual(
    queues.map(([, queue]) => queue["QueueName"]),
    ["syncline_desk", "syncline_crm-europe", "syncline_crm_america"],
  );
  for (const [, queue] of queues) {
    assert.equal((queue["RedrivePolicy"] as { maxReceiveCount: number }).maxReceiveCount, 12);
    assert.equal(queue["SqsManagedSseEnabled"], true);
    assert.equal(queue["FifoQueue"], undefined);
  }
  const mappings = all(made, "AWS::Lambda::EventSourceMapping").map(([id, mapping]) => [
    id.replace(/^FunctionsFrom|[0-9A-F]{8}$/g, ""),
    mapping["BatchSize"],
    (mapping["ScalingConfig"] as { MaximumConcurrency: number }).MaximumConcurrency,
    mapping["MaximumBatchingWindowInSeconds"],
  ]);
  assert.deepEqual(mappings, [
    ["desk", 10, 14, 5],
    ["crmeurope", 100, 2, 5],
    ["crmamerica", 100, 5, 5],
  ]);
  const names = all(made, "AWS::SecretsManager::Secret").map(([, secret]) => secret["Name"]);
  assert.deepEqual(names, ["syncline/desk", "syncline/shared/crm", "syncline/crm_america", "syncline/installation"]);
  assert.ok(
    all(made, "AWS::SecretsManager::Secret").every(([, secret]) => !("SecretString" in secret) && !("GenerateSecretString" in secret)),
  );
  const waits = queues.map(([, queue]) => queue["VisibilityTimeout"] as number);
  const runs = all(made, "AWS::Lambda::Function")
    .filter(([id]) => id.startsWith("FunctionsWrite"))
    .map(([, one]) => one["Timeout"] as number);
  assert.ok(waits.every((wait) => runs.every((run) => wait >= 6 * run)));
});

test("schedules carry what the pull function reads", () => {
  const found = all(template(TWO_SYNCS), "AWS::Scheduler::Schedule").map(([, schedule]) => [
    (schedule["Target"] as { Input: string }).Input,
    schedule["ScheduleExpression"],
    schedule["ScheduleExpressionTimezone"],
    schedule["State"],
  ]);
  assert.deepEqual(found, [
    ['{"sync":"europe","side":"left"}', "cron(5 6 * * ? *)", "Europe/Berlin", "ENABLED"],
    [
      '{"sync":"europe","side":"right"}',
      "cron(0,20,40 7,8,9,10,11,12,13,14,15,16,17,18,19 ? * MON,TUE,WED,THU,FRI *)",
      "Europe/Berlin",
      "ENABLED",
    ],
    ['{"sync":"america","side":"left"}', "rate(7 minutes)", "UTC", "ENABLED"],
    ['{"sync":"america","side":"right"}', "rate(7 minutes)", "UTC", "ENABLED"],
    ['{"sync":"america","backfill":true}', "rate(15 minutes)", "UTC", "ENABLED"],
    ['{"sync":"america","sweep":{"mapping":"companies","side":"left"}}', "cron(30 2 1 * ? *)", "America/New_York", "ENABLED"],
    ['{"sync":"america","sweep":{"mapping":"companies","side":"right"}}', "cron(30 2 1 * ? *)", "America/New_York", "ENABLED"],
  ]);
  // The words of the Rust test on what schedules send.
  const pull = text("functions/pull/tests/events.rs");
  assert.ok(pull.includes('{"sync":"customers","side":"left"}') && pull.includes('{"sync":"customers","backfill":true}'));
});

test("where the config leaves it to us, it is looked each hour what is to be compared", () => {
  const found = all(template(RECIPE), "AWS::Scheduler::Schedule").filter(([, schedule]) =>
    (schedule["Target"] as { Input: string }).Input.includes("sweep"),
  );
  assert.ok(found.length > 0);
  for (const [, schedule] of found) {
    const input = JSON.parse((schedule["Target"] as { Input: string }).Input) as { sweep: { auto?: boolean } };
    assert.equal(input.sweep.auto, true);
    assert.equal(schedule["ScheduleExpression"], "rate(1 hour)");
    const { MaximumWindowInMinutes: window } = schedule["FlexibleTimeWindow"] as { MaximumWindowInMinutes: number };
    assert.ok(window < 60, "the next look comes after this one");
  }
  // The words of the Rust test on what schedules send.
  assert.ok(text("functions/pull/tests/events.rs").includes('"side":"right","auto":true}}'));
});

test("a paused installation runs nothing and wakes nobody", () => {
  const made = template(TWO_SYNCS, { paused: "yes" });
  assert.ok(all(made, "AWS::Scheduler::Schedule").every(([, { State: state }]) => state === "DISABLED"));
  assert.ok(all(made, "AWS::Lambda::EventSourceMapping").every(([, { Enabled: enabled }]) => enabled === false));
  assert.ok(all(made, "AWS::CloudWatch::Alarm").every(([, { ActionsEnabled: enabled }]) => enabled === false));
});

test("only the routes that the config needs are open", () => {
  const routes = (config: string, context = {}): unknown[] =>
    all(template(config, context), "AWS::ApiGatewayV2::Route").map(([, { RouteKey: key }]) => key);
  assert.deepEqual(routes(RECIPE), ["POST /webhooks/freshdesk", "POST /webhooks/salesforce/{rest+}", "POST /panel/token", "GET /panel"]);
  assert.deepEqual(routes(RECIPE, { panel: "no" }), ["POST /webhooks/freshdesk", "POST /webhooks/salesforce/{rest+}"]);
  const stage = the(template(RECIPE), "AWS::ApiGatewayV2::Stage", "Door");
  assert.deepEqual(stage["DefaultRouteSettings"], { ThrottlingBurstLimit: 100, ThrottlingRateLimit: 25 });
  const format = (stage["AccessLogSettings"] as { Format: string }).Format;
  assert.ok(!/path|query|ip|authorizer|userAgent/i.test(format), "a path may end in a secret, a query carries a token");
});

/** All that a role may do, as `action on resource`; references are their logical ids. */
function rights(config: string, role: string, context: Record<string, string> = {}): string[] {
  const made = template(config, context);
  const found: string[] = [];
  for (const [, policy] of all(made, "AWS::IAM::Policy")) {
    if (show(policy["Roles"]).includes(role)) {
      for (const { Action: action, Resource: resource } of (
        policy["PolicyDocument"] as { Statement: { Action: unknown; Resource: unknown }[] }
      ).Statement) {
        for (const on of [resource].flat()) {
          found.push(
            ...[action].flat().map(
              (one) =>
                `${String(one)} on ${show(on)
                  .replace(/[^A-Za-z]|FnGetAtt|Ref|Arn$/g, "")
                  .replace(/[A-F0-9]{8}/g, "")}`,
            ),
          );
        }
      }
    }
  }
  return found;
}

test("a worker has the right to its own queue and to the secrets of its syncs, and to no others", () => {
  const europe = rights(TWO_SYNCS, "FunctionsWritecrmeuropeRole");
  const secrets = europe.filter((right) => right.startsWith("secretsmanager:")).map((right) => right.replace(/[A-F]*$/, ""));
  assert.equal(secrets.filter((right) => right.startsWith("secretsmanager:GetSecretValue")).length, 3);
  assert.ok(!secrets.some((right) => right.includes("america")), show(secrets));
  // Its sign-in hands out a new refresh token each time, which must be kept.
  assert.deepEqual(secrets.filter((right) => right.startsWith("secretsmanager:PutSecretValue")).length, 1);
  assert.equal(europe.filter((right) => right.startsWith("sqs:ReceiveMessage")).length, 1);
  assert.equal(europe.filter((right) => right.startsWith("sqs:SendMessage")).length, 2);
  assert.ok(!europe.some((right) => right.startsWith("dynamodb:Scan") || right.startsWith("dynamodb:UpdateItem")));
  const desk = rights(TWO_SYNCS, "FunctionsWritedeskRole");
  assert.equal(desk.filter((right) => right.startsWith("sqs:SendMessage")).length, 3);
  const panel = rights(RECIPE, "FunctionsPanelRole");
  assert.ok(!panel.some((right) => right.startsWith("sqs:")));
  const webhook = rights(TWO_SYNCS, "FunctionsWebhookRole");
  assert.ok(!webhook.some((right) => /^(secretsmanager:Put|sqs:Receive|dynamodb:)/.test(right)));
  const jwt = rights(RECIPE, "FunctionsPullRole");
  assert.ok(!jwt.some((right) => right.startsWith("secretsmanager:Put")), "signing in by JWT changes no credential");
});

test("credentials in Parameter Store leave one secret, and each function may read its own parameters only", () => {
  const context = { secrets: "parameters" };
  const made = template(TWO_SYNCS, context);
  assert.deepEqual(
    all(made, "AWS::SecretsManager::Secret").map(([, secret]) => secret["Name"]),
    ["syncline/installation"],
  );
  const europe = rights(TWO_SYNCS, "FunctionsWritecrmeuropeRole", context);
  const parameters = europe.filter((right) => right.startsWith("ssm:"));
  assert.equal(parameters.filter((right) => right.startsWith("ssm:GetParameter on")).length, 2);
  assert.equal(parameters.filter((right) => right.startsWith("ssm:PutParameter on")).length, 1);
  assert.equal(europe.filter((right) => right.startsWith("secretsmanager:GetSecretValue")).length, 1, "the key");
  assert.ok(!parameters.some((right) => right.includes("america")), show(parameters));
  assert.ok(show(made.Resources).includes(":parameter/syncline/desk"));
  const variables = all(made, "AWS::Lambda::Function").flatMap(([, one]) => {
    const { Variables: its } = (one["Environment"] ?? {}) as { Variables?: Record<string, unknown> };
    return its === undefined ? [] : [its["SYNCLINE_SECRETS"]];
  });
  assert.deepEqual([...new Set(variables)], ["parameters"]);
  assert.match(refusal({ config: RECIPE, secrets: "drawer" }), /secrets: .*secrets-manager or parameters/);
});

test("functions find in their environment what the Rust side reads", () => {
  const rust = [text("shared/connectors/registry/src/deployment.rs"), text("functions/panel/src/main.rs")].join("\n");
  const made = template(RECIPE, { panel_frames: "https://a.example https://b.example" });
  const functions = all(made, "AWS::Lambda::Function").filter(([id]) => id.startsWith("Functions"));
  assert.equal(functions.length, 5);
  const names = new Set<string>();
  for (const [id, one] of functions) {
    const { Variables: variables } = one["Environment"] as { Variables: Record<string, unknown> };
    Object.keys(variables).forEach((name) => names.add(name));
    assert.equal(variables["SYNCLINE_SECRETS_PREFIX"], "syncline/");
    assert.equal(one["Runtime"], "provided.al2023");
    assert.deepEqual(one["Architectures"], ["arm64"]);
    assert.equal(variables["SYNCLINE_PANEL_FRAMES"] !== undefined, id.startsWith("FunctionsPanel"));
    // Lambda takes 4 KB of variables; references become longer than they are here.
    assert.ok(show(variables).length < 2_000);
  }
  // Read once the functions tell their metrics.
  const awaited = ["SYNCLINE_INSTALLATION"];
  const unread = [...names].filter((name) => name.startsWith("SYNCLINE_") && !awaited.includes(name) && !rust.includes(`"${name}"`));
  assert.deepEqual(unread, []);
});

test("two installations fit into one account", () => {
  const named = (stack: string): string[] => {
    const made = template(RECIPE, { stack });
    const keys = ["TableName", "Name", "QueueName", "FunctionName", "AlarmName", "DashboardName", "RoleName", "LogGroupName", "TopicName"];
    return Object.values(made.Resources).flatMap(({ Properties: its }) =>
      keys.map((key) => its?.[key]).filter((name) => typeof name === "string"),
    );
  };
  const second = new Set(named("Second"));
  assert.deepEqual(
    named("Syncline").filter((name) => second.has(name)),
    [],
  );
});

function refusal(context: Record<string, string>): string {
  const app = new App({ context, outdir: mkdtempSync(join(tmpdir(), "syncline-cdk-")) });
  try {
    new SynclineStack(app, readOptions(app.node));
  } catch (error) {
    return String(error);
  }
  return "";
}

test("without the functions' code there is no template to deploy", () => {
  assert.match(refusal({ config: RECIPE, built: NOTHING_BUILT }), /^Error: pull, webhook, write, panel cannot be deployed.*make lambda/);
});

test("code for another processor is refused", () => {
  const built = mkdtempSync(join(tmpdir(), "syncline-built-"));
  for (const name of ["pull", "webhook", "write", "panel"]) {
    mkdirSync(join(built, name));
    writeFileSync(join(built, name, "bootstrap"), name, { mode: 0o755 });
  }
  writeFileSync(join(built, "ARCHITECTURE"), "x86_64\n");
  assert.match(refusal({ config: RECIPE, built }), /are for x86_64.*ARCH=x86_64/);
  assert.equal(refusal({ config: RECIPE, built, arch: "x86_64" }), "");
});

test("a queue's name that SQS would not take is refused before anything is deployed", () => {
  const folder = mkdtempSync(join(tmpdir(), "syncline-config-"));
  const long = "c".repeat(60);
  const renamed = readFileSync(RECIPE, "utf8").replace("  freshdesk:", `  ${long}:`).replace("left: freshdesk", `left: ${long}`);
  writeFileSync(join(folder, "long.yaml"), renamed);
  const context = { config: join(folder, "long.yaml"), placeholders: "yes", built: NOTHING_BUILT };
  const told = (stack: string): string => refusal({ ...context, stack });
  assert.match(told("a-stack-of-a-long-name"), /queue of connection c+ would be called.*shorter name/);
  assert.equal(told("Short"), "");
});

test("settings that cannot be understood are all named", () => {
  const told = refusal({
    config: RECIPE,
    arch: "sparc",
    stack: "a b",
    paused: "maybe",
    data: "perhaps",
    alarm_email: "nobody",
    quiet_hours: "900",
  });
  ["arch", "stack", "paused", "data", "alarm_email", "quiet_hours"].forEach((name) => assert.ok(told.includes(`${name}: `), name));
  assert.match(refusal({ config: "/nowhere/syncline.yaml" }), /cannot be read \(ENOENT\)/);
});
