import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CustomResource, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { PolicyStatement, type IGrantable } from "aws-cdk-lib/aws-iam";
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { CfnSecret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import { INSTALLATION } from "../config/read.js";
import type { Connection } from "../config/types.js";
import { except } from "../exceptions.js";
import { ROOT, type Options } from "../options.js";
import { identity, sayWhyPlain } from "./identity.js";

/** Where a bundle rests, as rights name it, and what reading and writing it is called there. */
export interface Bundle {
  readonly arn: string;
  readonly reads: string;
  readonly saves: string;
}

/** The secrets of an installation: a bundle a connection, and the installation's key. */
export interface Secrets {
  /** By the bundle's name. */
  readonly bundles: ReadonlyMap<string, Bundle>;
  readonly installation: CfnSecret;
  /** Is there once the key is: what reads it waits for this. */
  readonly key: CustomResource;
  readonly keyMaker: LambdaFunction;
}

/** What stands before a bundle's name: `SYNCLINE_SECRETS_PREFIX`. */
export function secretsPrefix(options: Options): string {
  return `${options.stack.toLowerCase()}/`;
}

/**
 * The secrets. Those of connections are made without a value, which an operator writes; the functions take a secret without a value for
 * one that is not there yet.
 */
export function secrets(scope: Construct, connections: Iterable<Connection>, options: Options): Secrets {
  const folder = new Construct(scope, "Secrets");
  const bundles = new Map<string, Bundle>();
  for (const { bundle, system } of connections) {
    if (!bundles.has(bundle)) {
      bundles.set(bundle, options.secrets === "parameters" ? parameter(scope, bundle, options) : rested(folder, bundle, system, options));
    }
  }
  const installation = secret(
    folder,
    "Installation",
    INSTALLATION,
    "The installation's key: without it nothing stored can be read",
    options,
  );
  return { bundles, installation, ...maker(folder, installation) };
}

function rested(scope: Construct, bundle: string, system: string, options: Options): Bundle {
  return managed(secret(scope, `Bundle-${bundle.replaceAll("/", "-slash-")}`, bundle, `Credentials for ${system}`, options));
}

/** A secret as rights name it. */
export function managed(one: CfnSecret): Bundle {
  return { arn: one.ref, reads: "secretsmanager:GetSecretValue", saves: "secretsmanager:PutSecretValue" };
}

/**
 * CloudFormation cannot make an encrypted parameter: whoever writes the credentials does. It is encrypted with the account's own key for
 * Parameter Store, which lets everybody use it through Parameter Store who may read the parameter.
 */
function parameter(scope: Construct, bundle: string, options: Options): Bundle {
  const resourceName = `${secretsPrefix(options)}${bundle}`;
  const arn = Stack.of(scope).formatArn({ service: "ssm", resource: "parameter", resourceName });
  return { arn, reads: "ssm:GetParameter", saves: "ssm:PutParameter" };
}

function secret(scope: Construct, id: string, name: string, description: string, options: Options): CfnSecret {
  const made = new CfnSecret(scope, id, { name: `${secretsPrefix(options)}${name}`, description });
  made.applyRemovalPolicy(options.deletesData ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN);
  except(
    made,
    ["CKV_AWS_149"],
    "The account's own key for Secrets Manager encrypts it. A key of your own adds a dollar a month each and a policy to keep; who may read the secret is decided by the functions' roles all the same.",
  );
  except(
    made,
    ["AwsSolutions-SMG4"],
    "The vendor issues these credentials, and rotating them needs its console; the installation's key is what stored values are sealed with and must not change.",
  );
  return made;
}

/**
 * Makes the installation's key once, inside AWS: it stands in no template and on no one's machine. CloudFormation's own generator cannot
 * make it, because the key is 32 bytes in base64, and that generator knows characters only.
 */
function maker(scope: Construct, installation: CfnSecret): Pick<Secrets, "key" | "keyMaker"> {
  const { role, logGroup } = identity(scope, "KeyMaker");
  role.addToPrincipalPolicy(
    new PolicyStatement({ actions: ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"], resources: [installation.ref] }),
  );
  const keyMaker = new LambdaFunction(scope, "KeyMaker", {
    description: "Makes the installation's key, once",
    runtime: Runtime.NODEJS_22_X,
    handler: "index.handler",
    code: Code.fromInline(readFileSync(join(ROOT, "infra/aws/key-maker/index.js"), "utf8")),
    role,
    logGroup,
    // Two calls, and Node's start.
    memorySize: 128,
    timeout: Duration.seconds(30),
  });
  sayWhyPlain(keyMaker, "It runs once a deployment, and CloudFormation tells what became of it.");
  except(keyMaker, ["AwsSolutions-L1"], "Node 22 is supported, and its few lines need nothing newer.");
  const key = new CustomResource(scope, "Key", { serviceToken: keyMaker.functionArn, properties: { SecretId: installation.ref } });
  // The role's policy is a resource of its own, and must be there before the first call.
  key.node.addDependency(role.node.findChild("DefaultPolicy"));
  return { key, keyMaker };
}

/** Lets a function read bundles, and keep those whose credentials change by themselves. */
export function grantSecrets(to: IGrantable, reads: readonly Bundle[], saves: readonly Bundle[]): void {
  const rights = [...reads.map((one) => [one.reads, one.arn] as const), ...saves.map((one) => [one.saves, one.arn] as const)];
  const actions = new Set(rights.map(([action]) => action));
  for (const action of actions) {
    const resources = [...new Set(rights.filter(([one]) => one === action).map(([, arn]) => arn))];
    to.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: [action], resources }));
  }
}
