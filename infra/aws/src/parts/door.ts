/** What the internet can reach: one HTTP API with the routes that the config needs, and no others. */

import { CfnOutput } from "aws-cdk-lib";
import { AccessLogField, AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import { HttpApi, HttpMethod, HttpStage, LogGroupLogDestination, type HttpRoute } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Construct } from "constructs";
import { except } from "../exceptions.js";
import type { Functions, Supplies } from "./functions.js";
import { log } from "./identity.js";

/** Requests a second, and how many more at once: a vendor's busiest minute, and far below what would cost anything. */
const REQUESTS_PER_SECOND = 25;
const REQUESTS_BURST = 100;

/** `undefined` where the config has neither webhooks nor a panel: then nothing is public. */
export function door(scope: Construct, made: Functions, { config, profiles, options }: Supplies): HttpApi | undefined {
  if (made.webhook === undefined && made.panel === undefined) {
    return undefined;
  }
  const folder = new Construct(scope, "Door");
  const api = new HttpApi(folder, "Api", {
    apiName: options.stack,
    description: "Webhooks and the requester panel",
    createDefaultStage: false,
  });
  new HttpStage(folder, "Stage", {
    httpApi: api,
    // The functions read paths from their root; any other stage would stand before them.
    stageName: "$default",
    autoDeploy: true,
    throttle: { rateLimit: REQUESTS_PER_SECOND, burstLimit: REQUESTS_BURST },
    accessLogSettings: {
      destination: new LogGroupLogDestination(log(folder, "Log")),
      // The route, never the path or the query: the one may end in a secret, the other carries the panel's token.
      format: AccessLogFormat.custom(
        JSON.stringify({
          at: AccessLogField.contextRequestTime(),
          route: "$context.routeKey",
          status: AccessLogField.contextStatus(),
          bytes: AccessLogField.contextResponseLength(),
          milliseconds: AccessLogField.contextResponseLatency(),
          request: AccessLogField.contextRequestId(),
        }),
      ),
    },
  });
  const open = (integration: HttpLambdaIntegration, method: HttpMethod, path: string): void => {
    for (const route of api.addRoutes({ path, methods: [method], integration })) {
      sayWhyOpen(route);
    }
  };
  if (made.webhook !== undefined) {
    const integration = new HttpLambdaIntegration("Webhook", made.webhook);
    for (const [connection, profile] of profiles) {
      const pattern = profile.webhooks;
      if (pattern !== undefined && config.connections.has(connection)) {
        const path = pattern.replace(/^POST /, "").replace("<connection>", connection);
        open(integration, HttpMethod.POST, path);
        new CfnOutput(folder, `Webhooks-${connection}`, {
          description: `Where ${connection} sends its webhooks`,
          value: `${api.apiEndpoint}${path.replace("{rest+}", "<webhook_secret>")}`,
        });
      }
    }
  }
  if (made.panel !== undefined) {
    const integration = new HttpLambdaIntegration("Panel", made.panel);
    open(integration, HttpMethod.POST, "/panel/token");
    open(integration, HttpMethod.GET, "/panel");
    new CfnOutput(folder, "Panel", { description: "The panel's host, for the helpdesk's app", value: api.apiEndpoint });
  }
  return api;
}

function sayWhyOpen(route: HttpRoute): void {
  except(
    route,
    ["AwsSolutions-APIG4"],
    "Vendors and agents' browsers have no AWS identity. The function checks the vendor's secret or the panel's token before anything else; public.json names each guard.",
  );
}
