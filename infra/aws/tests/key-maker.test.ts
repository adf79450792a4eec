import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../src/options.js";

const CODE = readFileSync(join(ROOT, "infra/aws/key-maker/index.js"), "utf8");

interface Answer {
  Status: string;
  Reason?: string;
}

/** Runs the code as Lambda would, against a secret in memory. */
async function run(type: string, secret: { value?: string; refuses?: string }): Promise<{ answer: Answer; said: string }> {
  class Command {
    constructor(readonly input: { SecretId: string; SecretString?: string }) {}
  }
  class Get extends Command {}
  class Put extends Command {}
  class Client {
    async send(command: Command): Promise<object> {
      assert.equal(command.input.SecretId, "the-secret");
      if (secret.refuses !== undefined) {
        throw Object.assign(new Error("no"), { name: secret.refuses });
      }
      if (command instanceof Put) {
        secret.value = command.input.SecretString ?? "";
      } else if (secret.value === undefined) {
        throw Object.assign(new Error("no value"), { name: "ResourceNotFoundException" });
      }
      return { SecretString: secret.value };
    }
  }
  let said = "";
  const load = (name: string): unknown => {
    const sdk = { SecretsManagerClient: Client, GetSecretValueCommand: Get, PutSecretValueCommand: Put };
    return name === "@aws-sdk/client-secrets-manager" ? sdk : require(name);
  };
  const fetched = async (_: string, request: { body: Buffer; headers?: unknown }): Promise<void> => {
    assert.equal(request.headers, undefined);
    said = request.body.toString();
  };
  const exported: { handler?: (event: object, context: object) => Promise<void> } = {};
  new Function("require", "exports", "fetch", "console", CODE)(load, exported, fetched, { error: () => undefined });
  const event = { RequestType: type, ResponseURL: "https://answer.example", ResourceProperties: { SecretId: "the-secret" } };
  await exported.handler?.({ ...event, StackId: "stack", RequestId: "request", LogicalResourceId: "Key" }, { logStreamName: "log" });
  return { answer: JSON.parse(said) as Answer, said };
}

test("the key is 32 bytes in base64, made once, and told to nobody", async () => {
  const secret: { value?: string } = {};
  const { answer, said } = await run("Create", secret);
  assert.equal(answer.Status, "SUCCESS");
  const { key } = JSON.parse(secret.value ?? "{}") as { key: string };
  assert.equal(Buffer.from(key, "base64").length, 32);
  assert.equal(Buffer.from(key, "base64").toString("base64"), key);
  assert.ok(!said.includes(key));
  const before = secret.value;
  for (const type of ["Create", "Update", "Delete"]) {
    assert.equal((await run(type, secret)).answer.Status, "SUCCESS");
    assert.equal(secret.value, before);
  }
});

test("an empty value is no key", async () => {
  const secret = { value: "" };
  assert.equal((await run("Create", secret)).answer.Status, "SUCCESS");
  assert.ok(secret.value.includes('"key"'));
});

test("a deletion makes nothing, and a refusal is told without a key being replaced", async () => {
  const secret: { value?: string } = {};
  assert.equal((await run("Delete", secret)).answer.Status, "SUCCESS");
  assert.equal(secret.value, undefined);
  const { answer } = await run("Create", { refuses: "AccessDeniedException" });
  assert.equal(answer.Status, "FAILED");
  assert.match(answer.Reason ?? "", /AccessDeniedException/);
});

test("the code fits into a template", () => {
  assert.ok(CODE.length <= 4096);
});
