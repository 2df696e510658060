import { z } from "zod";
import type { AnswerDeclaration, Route } from "../http/define-route.ts";
import { exampleOf } from "./components.ts";
import { problemResponsesOf } from "./problems.ts";
import type { SchemaBook } from "./schema-book.ts";
import { securityOf } from "./security.ts";

/** A route as an operation of the document. */
export function operationOf(route: Route, book: SchemaBook): object {
  const { id, tag, summary, description, scope, answers } = route;
  const body = bodyOf(route, book);
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: securityOf(route),
    ...(scope !== "public" && { "x-understudy-scope": scope }),
    parameters: parametersOf(route, book),
    ...(body && { requestBody: body }),
    responses: {
      ...mapValues(answers, (answer) => responseOf(answer, book)),
      ...problemResponsesOf(route),
    },
  };
}

function parametersOf({ params = {}, query, headers = {}, example = {} }: Route, book: SchemaBook): object[] {
  const fields = ((query as z.ZodObject | undefined)?.shape ?? {}) as Record<string, z.ZodType>;
  const heeded = mapValues(headers, (says) => z.string().optional().describe(says));
  return [
    ...placed("path", params, example.params),
    ...placed("query", fields, example.query),
    ...placed("header", heeded),
  ];

  function placed(place: string, schemas: Record<string, z.ZodType>, examples: unknown = {}): object[] {
    return Object.entries(schemas).map(([name, schema]) => ({
      name,
      in: place,
      ...(schema.description !== undefined && { description: schema.description }),
      required: !schema.safeParse(undefined).success,
      schema: book.add("input", schema),
      ...shown((examples as Record<string, unknown>)[name] ?? exampleOf(schema)),
    }));
  }
}

function bodyOf({ body, documentedBody = body, example }: Route, book: SchemaBook): object | undefined {
  if (!documentedBody) return undefined;
  const json = {
    schema: book.add("input", documentedBody),
    ...shown(example?.body ?? exampleOf(documentedBody)),
  };
  return { required: !documentedBody.safeParse(undefined).success, content: { "application/json": json } };
}

function responseOf(answer: AnswerDeclaration, book: SchemaBook): object {
  const { description, schema, example, text = {}, headers = {} } = answer;
  const content = {
    ...(schema && {
      "application/json": { schema: book.add("output", schema), ...shown(example ?? exampleOf(schema)) },
    }),
    ...mapValues(text, (example) => ({ schema: { type: "string" }, example })),
  };
  return {
    description,
    headers: {
      "x-request-id": { $ref: "#/components/headers/RequestId" },
      ...mapValues(headers, (says) => ({ description: says, schema: { type: "string" } })),
    },
    ...(Object.keys(content).length > 0 && { content }),
  };
}

function shown(example: unknown): { example?: unknown } {
  return example === undefined ? {} : { example };
}

function mapValues<From, To>(from: Record<string, From>, to: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, to(value)]));
}
