import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table, TableEncryption, type ITable } from "aws-cdk-lib/aws-dynamodb";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { except } from "../exceptions.js";
import type { Options } from "../options.js";

/** One that the stack makes, or one that was there. */
export type StoreTable = Table | ITable;

/** What the store in `shared/aws` calls, and no more: it reads in batches, and never scans. */
const READS = ["dynamodb:BatchGetItem", "dynamodb:Query"];
const WRITES = ["dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem"];
/** The longest that AWS can go back. */
const RECOVERY_DAYS = 35;

/**
 * The one table: links, cursors, intents, budgets, holds, history.
 *
 * Its name is the stack's: where an earlier table was kept, deploying anew fails instead of beginning empty, which would search every
 * counterpart again. The attributes are those of `shared/aws/src/item.rs`.
 */
export function table(scope: Construct, options: Options): StoreTable {
  if (options.table !== undefined) {
    return Table.fromTableName(scope, "Table", options.table);
  }
  const made = new Table(scope, "Table", {
    tableName: options.stack.toLowerCase(),
    partitionKey: { name: "pk", type: AttributeType.STRING },
    sortKey: { name: "sk", type: AttributeType.STRING },
    timeToLiveAttribute: "e",
    // Work comes in bursts, at most hours nothing: what is reserved would be idle.
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true, recoveryPeriodInDays: RECOVERY_DAYS },
    encryption: TableEncryption.AWS_MANAGED,
    deletionProtection: !options.deletesData,
    removalPolicy: options.deletesData ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
  });
  except(
    made,
    ["CKV_AWS_119"],
    "Values in the table are keyed hashes or sealed with the installation's key, which is not in the table; a key of your own in KMS would cost a dollar a month and guard the same again.",
  );
  return made;
}

export function grantStore(to: IGrantable, store: StoreTable): void {
  store.grant(to, ...READS, ...WRITES);
}
