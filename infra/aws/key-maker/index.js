// Puts 32 random bytes into the secret of the installation's key, unless it has a value: a key that is there is never replaced, whatever
// happens to the stack. Runs in AWS Lambda, for CloudFormation; the value is in no answer and no log.
const { randomBytes } = require("node:crypto");
const { SecretsManagerClient, GetSecretValueCommand, PutSecretValueCommand } = require("@aws-sdk/client-secrets-manager");

async function ensureKey(client, id) {
  try {
    const { SecretString: known } = await client.send(new GetSecretValueCommand({ SecretId: id }));
    if (known) return;
  } catch (error) {
    // Thrown also for a secret that is there and has no value.
    if (error.name !== "ResourceNotFoundException") throw error;
  }
  const SecretString = JSON.stringify({ key: randomBytes(32).toString("base64") });
  await client.send(new PutSecretValueCommand({ SecretId: id, SecretString }));
}

exports.handler = async (event, context) => {
  const { StackId, RequestId, LogicalResourceId, ResponseURL, RequestType, ResourceProperties } = event;
  const answer = { Status: "SUCCESS", StackId, RequestId, LogicalResourceId, PhysicalResourceId: "installation-key" };
  try {
    if (RequestType !== "Delete") await ensureKey(new SecretsManagerClient(), ResourceProperties.SecretId);
  } catch (error) {
    answer.Status = "FAILED";
    answer.Reason = `the installation's key was not made: ${error.name}; the log stream ${context.logStreamName} has more`;
    console.error(error.name, error.message);
  }
  // Bytes, because a text would be sent with a content type, which the signature of the address does not cover.
  await fetch(ResponseURL, { method: "PUT", body: Buffer.from(JSON.stringify(answer)) });
};
