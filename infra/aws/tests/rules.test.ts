import assert from "node:assert/strict";
import { test } from "node:test";
import { RULES, offences, type Resource, type Template } from "../src/rules.js";
import { RECIPE, TWO_SYNCS, all, template } from "./world.js";

for (const [name, config] of Object.entries({ "the recipe": RECIPE, "two syncs": TWO_SYNCS })) {
  for (const context of [{}, { paused: "yes", arch: "x86_64" }, { panel: "no" }, { secrets: "parameters" }] as Record<string, string>[]) {
    test(`no rule is offended by ${name} ${JSON.stringify(context)}`, () => {
      assert.deepEqual(offences(template(config, context)), []);
    });
  }
}

/** A defect, and the one rule that must notice it. */
interface Defect {
  readonly what: string;
  readonly rule: string;
  readonly plant: (into: Template) => void;
}

function add(into: Template, id: string, resource: Resource): void {
  (into.Resources as Record<string, Resource>)[id] = resource;
}

function change(into: Template, type: string, properties: Record<string, unknown>): void {
  const found = all(into, type)[0];
  assert.ok(found, `there is no ${type} to damage`);
  Object.assign(found[1], properties);
}

function grant(into: Template, statement: Record<string, unknown>): void {
  const found = all(into, "AWS::IAM::Policy")[0];
  assert.ok(found);
  (found[1]["PolicyDocument"] as { Statement: unknown[] }).Statement.push({ Effect: "Allow", ...statement });
}

function drop(from: Template, chosen: (resource: Resource) => boolean): void {
  const resources = from.Resources as Record<string, Resource>;
  const gone = Object.keys(resources).filter((id) => chosen(resources[id] as Resource));
  assert.ok(gone.length > 0, "there is nothing to drop");
  gone.forEach((id) => delete resources[id]);
}

const table = { "Fn::GetAtt": ["Table", "Arn"] };
const WILDCARD = "no wildcard in a permission";
const PUBLIC = "no public endpoint that is not in the list";
const ALARM = "no function without an alarm";
const MAPPING = "a mapping names its failures and its bound";
const DEFECTS: readonly Defect[] = [
  { what: "any action", rule: WILDCARD, plant: (into) => grant(into, { Action: "dynamodb:*", Resource: table }) },
  { what: "a family of actions", rule: WILDCARD, plant: (into) => grant(into, { Action: ["dynamodb:Batch*"], Resource: table }) },
  { what: "any resource", rule: WILDCARD, plant: (into) => grant(into, { Action: "dynamodb:Query", Resource: "*" }) },
  {
    what: "any secret, in a joined text",
    rule: WILDCARD,
    plant: (into) =>
      grant(into, { Action: "secretsmanager:GetSecretValue", Resource: [table, { "Fn::Join": ["", ["arn:", "secret:syncline/*"]] }] }),
  },
  { what: "all but one action", rule: WILDCARD, plant: (into) => grant(into, { NotAction: "iam:PassRole", Resource: table }) },
  {
    what: "any action, inside a role",
    rule: WILDCARD,
    plant: (into) =>
      change(into, "AWS::IAM::Role", { Policies: [{ PolicyDocument: { Statement: { Effect: "Allow", Action: "*", Resource: table } } }] }),
  },
  {
    what: "a queue for anybody",
    rule: WILDCARD,
    plant: (into) =>
      change(into, "AWS::SQS::QueuePolicy", {
        PolicyDocument: { Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: "sqs:SendMessage" }] },
      }),
  },
  {
    what: "a managed policy",
    rule: "no right but by a role's own policy",
    plant: (into) => change(into, "AWS::IAM::Role", { ManagedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] }),
  },
  {
    what: "a queue alone",
    rule: "no queue without a dead-letter queue",
    plant: (into) => add(into, "Alone", { Type: "AWS::SQS::Queue", Properties: {} }),
  },
  {
    what: "a function alone",
    rule: ALARM,
    plant: (into) => add(into, "Alone", { Type: "AWS::Lambda::Function", Properties: { LoggingConfig: { LogGroup: { Ref: "Log" } } } }),
  },
  {
    what: "alarms of errors taken away",
    rule: ALARM,
    plant: (into) => drop(into, ({ Type: type, Properties: its }) => type === "AWS::CloudWatch::Alarm" && its?.["MetricName"] === "Errors"),
  },
  {
    what: "the gateway's alarm taken away",
    rule: ALARM,
    plant: (into) => drop(into, ({ Type: type, Properties: its }) => type === "AWS::CloudWatch::Alarm" && its?.["MetricName"] === "5xx"),
  },
  {
    what: "alarms that tell nobody",
    rule: ALARM,
    plant: (into) => all(into, "AWS::CloudWatch::Alarm").forEach(([, properties]) => delete properties["AlarmActions"]),
  },
  { what: "another route", rule: PUBLIC, plant: (into) => change(into, "AWS::ApiGatewayV2::Route", { RouteKey: "GET /admin" }) },
  { what: "every route", rule: PUBLIC, plant: (into) => change(into, "AWS::ApiGatewayV2::Route", { RouteKey: "$default" }) },
  { what: "any method", rule: PUBLIC, plant: (into) => change(into, "AWS::ApiGatewayV2::Route", { RouteKey: "ANY /panel" }) },
  {
    what: "more than one name",
    rule: PUBLIC,
    plant: (into) => change(into, "AWS::ApiGatewayV2::Route", { RouteKey: "POST /webhooks/{proxy+}" }),
  },
  {
    what: "a function's own address",
    rule: PUBLIC,
    plant: (into) => add(into, "Url", { Type: "AWS::Lambda::Url", Properties: { AuthType: "NONE" } }),
  },
  { what: "a function for anybody", rule: PUBLIC, plant: (into) => change(into, "AWS::Lambda::Permission", { Principal: "*" }) },
  {
    what: "a gateway without a throttle",
    rule: PUBLIC,
    plant: (into) => change(into, "AWS::ApiGatewayV2::Stage", { DefaultRouteSettings: {} }),
  },
  {
    what: "whole batches come back",
    rule: MAPPING,
    plant: (into) => change(into, "AWS::Lambda::EventSourceMapping", { FunctionResponseTypes: [] }),
  },
  {
    what: "workers without a bound",
    rule: MAPPING,
    plant: (into) => change(into, "AWS::Lambda::EventSourceMapping", { ScalingConfig: {} }),
  },
  {
    what: "a log for ever",
    rule: "no log without an end",
    plant: (into) => add(into, "Log", { Type: "AWS::Logs::LogGroup", Properties: {} }),
  },
  {
    what: "a table that goes with the stack",
    rule: "data outlives the stack",
    plant: (into) => add(into, "Data", { Type: "AWS::DynamoDB::Table", Properties: {}, DeletionPolicy: "Delete" }),
  },
];

for (const { what, rule, plant } of DEFECTS) {
  test(`noticed: ${what}`, () => {
    const damaged = template(RECIPE);
    plant(damaged);
    const found = offences(damaged);
    assert.ok(found.length > 0, "nothing was noticed");
    assert.deepEqual([...new Set(found.map((offence) => offence.split(": ")[0]))], [rule]);
  });
}

test("each rule has a defect that it must notice", () => {
  const shown = new Set(DEFECTS.map(({ rule }) => rule));
  assert.deepEqual(
    Object.keys(RULES).filter((rule) => !shown.has(rule)),
    [],
  );
});
