import { agents } from "@understudy/agents";
import type { Route } from "../http/define-route.ts";
import { componentNameOf, components } from "./components.ts";
import { operationOf } from "./operation.ts";
import { problemComponents } from "./problems.ts";
import { SchemaBook } from "./schema-book.ts";
import { securitySchemes } from "./security.ts";
import { tags } from "./tags.ts";
import { webhookOperations } from "./webhook-events.ts";

const description = `The AI back office of a creator platform. An app hands it work (answer this fan, write this caption) and gets the result by webhook, stream or poll; what it cost and who pays is known to the last digit.

- Errors are problem details (RFC 9457) with a stable \`code\`, the \`requestId\`, and whether trying again can help.
- Times are ISO 8601 in UTC. Money is a decimal string in USD, never with an exponent.
- Lists answer \`{items, nextCursor?}\`; a cursor is opaque and belongs to its list and filters.
- What each agent takes and gives stands under its name: \`ChatInput\`, \`ChatResult\`.
- New optional fields may come at any time: ignore those that you do not know.`;

/** The OpenAPI document of the declared routes. */
export function createOpenApi(routes: readonly Route[]): object {
  const book = new SchemaBook();
  for (const [name, { direction, schema }] of Object.entries(components)) book.name(direction, name, schema);
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route, book) };
  }
  const webhooks = webhookOperations(book);
  const schemas = book.render();
  tellResults(schemas.Job as { properties: Record<string, object> });
  return {
    openapi: "3.1.1",
    info: {
      title: "Understudy",
      version: "0.1.0",
      description,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "This server" }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    webhooks,
    components: {
      schemas,
      responses: problemComponents(routes),
      headers: {
        RequestId: {
          description:
            "Finds the request in our logs: the client's own `x-request-id` where it is a sane one.",
          schema: { type: "string" },
          example: "req_2f1b0a52-6d0c-4b6e-9a55-0d3c8a3c1f5e",
        },
      },
      securitySchemes,
    },
  };
}

/** The contract of a job knows no agents; the document does. */
function tellResults({ properties }: { properties: Record<string, object> }): void {
  const results = agents.map(({ name }) => ({ $ref: `#/components/schemas/${componentNameOf(name)}Result` }));
  properties.result = { description: "What its agent gives.", anyOf: results };
}
