/**
 * What must hold of a template, whatever the config: functions from a template to sentences, so that they can be shown to catch planted
 * defects.
 */

import list from "../public.json";

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
}

type Rule = (template: Template) => string[];

/** Every rule, by what it asks for. */
export const RULES: Readonly<Record<string, Rule>> = {
  "no wildcard in a permission": wildcards,
  "no right but by a role's own policy": attachedPolicies,
  "no queue without a dead-letter queue": queuesWithoutDeadLetters,
  "no function without an alarm": functionsWithoutAlarm,
  "no public endpoint that is not in the list": publicEndpoints,
  "a mapping names its failures and its bound": looseMappings,
  "no log without an end": endlessLogs,
  "data outlives the stack": fragileData,
};

/** All offences of a template, by rule. */
export function offences(template: Template): string[] {
  return Object.entries(RULES).flatMap(([rule, check]) => check(template).map((offence) => `${rule}: ${offence}`));
}

function* of(template: Template, ...types: string[]): Generator<[string, Readonly<Record<string, unknown>>]> {
  for (const [id, resource] of Object.entries(template.Resources)) {
    if (types.includes(resource.Type)) {
      yield [id, resource.Properties ?? {}];
    }
  }
}

interface Statement {
  readonly Effect?: string;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly NotResource?: unknown;
  readonly Resource?: unknown;
  readonly Principal?: unknown;
}

function statements(document: unknown): Statement[] {
  const found = (document as { Statement?: Statement | Statement[] } | undefined)?.Statement ?? [];
  return (Array.isArray(found) ? found : [found]).filter((statement) => statement.Effect !== "Deny");
}

/** The statements of whoever may do something, with the resource that carries them. */
function* granted(template: Template): Generator<[string, Statement]> {
  for (const [id, properties] of of(template, "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")) {
    for (const statement of statements(properties["PolicyDocument"])) {
      yield [id, statement];
    }
  }
  for (const [id, properties] of of(template, "AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group")) {
    for (const policy of (properties["Policies"] as { PolicyDocument?: unknown }[] | undefined) ?? []) {
      for (const statement of statements(policy.PolicyDocument)) {
        yield [id, statement];
      }
    }
  }
}

/** Whether a text anywhere in a value has a sign that stands for anything. A log group's own ARN ends in one, and is a reference here. */
function hasWildcard(value: unknown): boolean {
  if (typeof value === "string") {
    return value.includes("*") || value.includes("?");
  }
  return typeof value === "object" && value !== null && Object.values(value).some(hasWildcard);
}

function wildcards(template: Template): string[] {
  const found: string[] = [];
  for (const [id, statement] of granted(template)) {
    if (hasWildcard(statement.Action) || statement.NotAction !== undefined) {
      found.push(`${id} grants ${JSON.stringify(statement.Action ?? { NotAction: statement.NotAction })}`);
    }
    if (hasWildcard(statement.Resource) || statement.NotResource !== undefined || statement.Resource === undefined) {
      found.push(`${id} grants on ${JSON.stringify(statement.Resource ?? { NotResource: statement.NotResource })}`);
    }
  }
  for (const [id, properties] of of(template, "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::SecretsManager::ResourcePolicy")) {
    const open = statements(properties["PolicyDocument"] ?? properties["ResourcePolicy"]).filter((one) => hasWildcard(one.Principal));
    found.push(...open.map(() => `${id} lets anybody in`));
  }
  return found;
}

/** A managed policy is AWS's or somebody else's to widen. */
function attachedPolicies(template: Template): string[] {
  const roles = [...of(template, "AWS::IAM::Role")].filter(([, { ManagedPolicyArns: arns }]) => Array.isArray(arns) && arns.length > 0);
  return roles.map(([id]) => `${id} has a managed policy attached`);
}

/** The logical id that a reference leads to: `Ref`, or `Fn::GetAtt` in either form. */
function target(value: unknown): string | undefined {
  const reference = value as { Ref?: string; "Fn::GetAtt"?: string | string[] } | undefined;
  const attribute = reference?.["Fn::GetAtt"];
  return reference?.Ref ?? (typeof attribute === "string" ? attribute.split(".")[0] : attribute?.[0]);
}

function queuesWithoutDeadLetters(template: Template): string[] {
  const queues = [...of(template, "AWS::SQS::Queue")];
  const dead = new Set<string | undefined>();
  const without = queues.filter(([, { RedrivePolicy: redrive }]) => {
    const policy = redrive as { deadLetterTargetArn?: unknown; maxReceiveCount?: number } | undefined;
    dead.add(target(policy?.deadLetterTargetArn));
    return policy?.deadLetterTargetArn === undefined;
  });
  for (const [, properties] of of(template, "AWS::Scheduler::Schedule")) {
    const run = properties["Target"] as { DeadLetterConfig?: { Arn?: unknown } } | undefined;
    dead.add(target(run?.DeadLetterConfig?.Arn));
  }
  return without.filter(([id]) => !dead.has(id)).map(([id]) => `${id} keeps trying what nobody can finish`);
}

/** A function's own alarm, or that of the gateway in front of it; what runs for CloudFormation alone, CloudFormation watches. */
function functionsWithoutAlarm(template: Template): string[] {
  const watched = new Set<string | undefined>();
  const gateways = new Set<string | undefined>();
  for (const [, properties] of of(template, "AWS::CloudWatch::Alarm")) {
    const { MetricName: metric, Namespace: namespace, AlarmActions: actions } = properties;
    const dimensions = (properties["Dimensions"] as { Name: string; Value: unknown }[] | undefined) ?? [];
    const of = (wanted: string): string | undefined => target(dimensions.find(({ Name: name }) => name === wanted)?.Value);
    if (!Array.isArray(actions) || actions.length === 0) {
      continue;
    }
    if (metric === "Errors" && namespace === "AWS/Lambda") {
      watched.add(of("FunctionName"));
    }
    if (metric === "5xx" && namespace === "AWS/ApiGateway") {
      gateways.add(of("ApiId"));
    }
  }
  for (const [, { ApiId: api, IntegrationUri: uri }] of of(template, "AWS::ApiGatewayV2::Integration")) {
    if (gateways.has(target(api))) {
      watched.add(target(uri));
    }
  }
  for (const [, { ServiceToken: token }] of of(template, "AWS::CloudFormation::CustomResource")) {
    watched.add(target(token));
  }
  return [...of(template, "AWS::Lambda::Function")].filter(([id]) => !watched.has(id)).map(([id]) => `${id} may fail unheard`);
}

/** Kinds of resources that open a door of their own, whatever they serve. */
const DOORS = ["AWS::Lambda::Url", "AWS::ApiGateway::RestApi", "AWS::AppSync::GraphQLApi", "AWS::CloudFront::Distribution"];
const LISTENERS = ["AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancing::LoadBalancer", "AWS::Serverless::HttpApi"];

function publicEndpoints(template: Template): string[] {
  const allowed = list.routes.map(({ route }) => new RegExp(`^${escaped(route).replace("<connection>", "[A-Za-z0-9_-]{1,64}")}$`));
  const routes = [...of(template, "AWS::ApiGatewayV2::Route")]
    .map(([, properties]) => String(properties["RouteKey"]))
    .filter((route) => !allowed.some((pattern) => pattern.test(route)));
  const doors = [...of(template, ...DOORS, ...LISTENERS)].map(([id]) => id);
  const quick = [...of(template, "AWS::ApiGatewayV2::Api")].filter(
    ([, api]) => api["Target"] !== undefined || api["RouteKey"] !== undefined,
  );
  const open = [...of(template, "AWS::Lambda::Permission")].filter(([, { Principal: principal, SourceArn: source }]) => {
    return principal === "*" || (principal === "apigateway.amazonaws.com" && source === undefined);
  });
  const unthrottled = [...of(template, "AWS::ApiGatewayV2::Stage")].filter(([, { DefaultRouteSettings: settings }]) => {
    return (settings as { ThrottlingRateLimit?: number } | undefined)?.ThrottlingRateLimit === undefined;
  });
  return [
    ...routes.map((route) => `${route} is not in public.json`),
    ...doors.map((id) => `${id} is a door that is not in public.json`),
    ...quick.map(([id]) => `${id} answers every path`),
    ...open.map(([id]) => `${id} lets anybody call its function`),
    ...unthrottled.map(([id]) => `${id} has no throttle`),
  ];
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

function looseMappings(template: Template): string[] {
  const mappings = [...of(template, "AWS::Lambda::EventSourceMapping")];
  return mappings.flatMap(([id, { FunctionResponseTypes: types, ScalingConfig: scaling }]) => [
    ...(Array.isArray(types) && types.includes("ReportBatchItemFailures") ? [] : [`${id} takes back a whole batch for one message`]),
    ...((scaling as { MaximumConcurrency?: number } | undefined)?.MaximumConcurrency === undefined ? [`${id} has no bound`] : []),
  ]);
}

function endlessLogs(template: Template): string[] {
  const endless = [...of(template, "AWS::Logs::LogGroup")].filter(([, properties]) => properties["RetentionInDays"] === undefined);
  const implicit = [...of(template, "AWS::Lambda::Function")].filter(([, { LoggingConfig: config }]) => {
    return target((config as { LogGroup?: unknown } | undefined)?.LogGroup) === undefined;
  });
  return [...endless, ...implicit].map(([id]) => `${id} keeps its log for ever`);
}

function fragileData(template: Template): string[] {
  const data = Object.entries(template.Resources).filter(([, { Type: type }]) =>
    ["AWS::DynamoDB::Table", "AWS::SecretsManager::Secret"].includes(type),
  );
  return data.filter(([, resource]) => resource.DeletionPolicy !== "Retain").map(([id]) => `${id} goes with the stack`);
}
