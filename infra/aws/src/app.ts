/** The CDK app: one stack, held against the rules of AWS Solutions while it is made. */

import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { readOptions } from "./options.js";
import { SynclineStack } from "./stack.js";

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { writeSuppressionsToCloudFormation: true }));
try {
  new SynclineStack(app, readOptions(app.node));
  app.synth();
} catch (error) {
  // What an operator can mend is a sentence; where in this program it was noticed is of no help.
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
