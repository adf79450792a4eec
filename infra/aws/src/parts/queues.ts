import { Duration, Stack } from "aws-cdk-lib";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { except } from "../exceptions.js";
import { RECEIVES_MAX, RETENTION_DAYS, VISIBILITY_S } from "../limits.js";

const ENCRYPTED =
  "It is encrypted, with the key that SQS keeps; the check asks for one in KMS. What a message carries of values is sealed with the installation's key besides.";

/** A connection's queue and where its messages go that nobody could finish. */
export interface Lane {
  readonly queue: Queue;
  /**
   * The same for all connections: nobody reads it but a person, one alarm tells of it, and SQS knows of each message which queue it came from,
   * and moves it back there.
   */
  readonly dead: Queue;
}

/** One standard queue a target connection, so that one vendor's outage delays no other (large batches are why it is no FIFO queue). */
export function lanes(scope: Construct, connections: Iterable<string>): ReadonlyMap<string, Lane> {
  const folder = new Construct(scope, "Queues");
  const dead = setAside(folder, "Dead");
  return new Map([...connections].map((connection) => [connection, lane(new Construct(folder, connection), dead)]));
}

function lane(scope: Construct, dead: Queue): Lane {
  const queue = new Queue(scope, "Queue", {
    visibilityTimeout: Duration.seconds(VISIBILITY_S),
    retentionPeriod: Duration.days(RETENTION_DAYS),
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    deadLetterQueue: { queue: dead, maxReceiveCount: RECEIVES_MAX },
  });
  except(queue, ["CKV_AWS_27"], ENCRYPTED);
  return { queue, dead };
}

/** A queue for what needs a person. */
export function setAside(scope: Construct, id: string): Queue {
  const queue = new Queue(scope, id, {
    retentionPeriod: Duration.days(RETENTION_DAYS),
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
  });
  except(queue, ["CKV_AWS_27"], ENCRYPTED);
  except(queue, ["AwsSolutions-SQS3"], "This is where messages end that could not be handled: it has an alarm, and nothing behind it.");
  return queue;
}

/** `SYNCLINE_QUEUES` for a function: the URL of each of these connections' queues. */
export function queueUrls(scope: Construct, all: ReadonlyMap<string, Lane>, connections: readonly string[]): string {
  const urls = connections.flatMap((connection) => {
    const lane = all.get(connection);
    return lane === undefined ? [] : [[connection, lane.queue.queueUrl] as const];
  });
  return Stack.of(scope).toJsonString(Object.fromEntries(urls));
}
