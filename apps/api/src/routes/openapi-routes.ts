import { z } from "zod";
import { defineRoute, type Route, sent } from "../http/define-route.ts";
import { createOpenApi } from "../openapi/create-openapi.ts";

/** The document of all routes, itself included. @param others all other routes */
export function openApiRoutes(others: readonly Route[]): Route[] {
  let text: string | undefined;

  const read = defineRoute({
    method: "get",
    path: "/openapi.json",
    id: "readOpenApi",
    tag: "Operations",
    scope: "public",
    summary: "Read this document",
    answers: {
      200: {
        description: "OpenAPI 3.1.",
        schema: z.looseObject({ openapi: z.string() }),
        example: { openapi: "3.1.1", info: { title: "Understudy", version: "0.1.0" }, paths: {} },
      },
    },
    handle({ response }) {
      // Made when it is first asked for, once: it takes half as long as all the rest of a start.
      text ??= JSON.stringify(createOpenApi([...others, read]));
      response.type("application/json").send(text);
      return sent;
    },
  });

  return [read];
}
