/** What every function has: a role of its own, and a place for its log. */

import { RemovalPolicy } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { except } from "../exceptions.js";

/** A role that may write to its own log, and nothing else yet. */
export function identity(scope: Construct, id: string): { role: Role; logGroup: LogGroup } {
  const logGroup = log(scope, `${id}Log`);
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  logGroup.grantWrite(role);
  return { role, logGroup };
}

/** A log for a month: long enough to look into what an alarm told. What was written to vendors stands in the history, not here. */
export function log(scope: Construct, id: string): LogGroup {
  const group = new LogGroup(scope, id, { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
  except(
    group,
    ["CKV_AWS_158"],
    "Logs hold decisions and names, never a field's value or a credential; AWS's own encryption is enough for them.",
  );
  return group;
}

/** Why a function has none of what scanners ask every function for. */
export function sayWhyPlain(made: LambdaFunction, deadLetters: string): void {
  except(
    made,
    ["CKV_AWS_115"],
    "How much runs at once is bounded where work comes in: by the queue's maximum concurrency, the gateway's throttle, one run a schedule. A reservation would also take from the account, and fails in a new one, which has ten in all.",
  );
  except(made, ["CKV_AWS_116"], deadLetters);
  except(made, ["W3005"], "CDK waits for the role together with its policy, which is right for the policy and said twice for the role.");
  except(
    made,
    ["CKV_AWS_117"],
    "It reaches vendors and AWS over TLS, and nothing in a private network; a NAT gateway would cost more than all else together.",
  );
}
