import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { CfnOutput, Stack } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { except } from "../exceptions.js";
import type { Options } from "../options.js";

/** The one topic to which all alarms go. */
export function topic(scope: Construct, options: Options): Topic {
  const made = new Topic(scope, "Alarms", { displayName: `${options.stack} alarms`, enforceSSL: true });
  // Said here, because a topic that has a policy no longer lets the account's alarms in by itself.
  made.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
      actions: ["sns:Publish"],
      resources: [made.topicArn],
      conditions: { StringEquals: { "aws:SourceAccount": Stack.of(scope).account } },
    }),
  );
  except(
    made,
    ["CKV_AWS_26"],
    "An alarm carries names and numbers. AWS's own key for SNS lets no alarm through, and a key of your own would cost a dollar a month.",
  );
  if (options.alarmEmail !== undefined) {
    made.addSubscription(new EmailSubscription(options.alarmEmail));
  }
  new CfnOutput(scope, "AlarmTopic", { description: "Subscribe to it to hear of alarms", value: made.topicArn });
  return made;
}
