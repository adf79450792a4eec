/** Findings of cdk-nag, checkov and cfn-lint that are left as they are, written down at the resource, with the reason. */

import { CfnResource, Validations } from "aws-cdk-lib";
import type { Construct } from "constructs";

/** Rules by the tool that has them. An id of cdk-nag starts with `AwsSolutions-`, one of checkov with `CKV`, one of cfn-lint is a letter and digits. */
export function except(construct: Construct, ids: readonly string[], reason: string): void {
  const resource = CfnResource.isCfnResource(construct) ? construct : construct.node.defaultChild;
  if (!(resource instanceof CfnResource)) {
    throw new Error(`${construct.node.path} has no resource that could carry an exception`);
  }
  for (const id of ids) {
    if (id.startsWith("AwsSolutions-")) {
      Validations.of(construct).acknowledge({ id, reason });
    } else if (id.startsWith("CKV")) {
      add(resource, "checkov", "skip", { id, comment: reason });
    } else {
      const known = resource.getMetadata("cfn-lint") as { config: { ignore_checks: string[] } } | undefined;
      resource.addMetadata("cfn-lint", { config: { ignore_checks: [...(known?.config.ignore_checks ?? []), id] } });
      add(resource, "syncline", "reasons", { id, comment: reason });
    }
  }
}

function add(resource: CfnResource, tool: string, list: string, entry: { id: string; comment: string }): void {
  const known = resource.getMetadata(tool) as Record<string, unknown[]> | undefined;
  resource.addMetadata(tool, { ...known, [list]: [...(known?.[list] ?? []), entry] });
}
