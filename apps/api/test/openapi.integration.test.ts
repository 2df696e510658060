import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { agents } from "@understudy/agents";
import { type Stack, startStack } from "@understudy/testkit";

type Json = Record<string, unknown>;
interface Operation {
  operationId: string;
  parameters: { name: string; in: string; example?: unknown }[];
  requestBody?: { content: Record<string, Json> };
  responses: Record<string, { content?: Record<string, Json> }>;
  "x-understudy-scope"?: string;
}

let stack: Stack;
let text: string;
let operations: Operation[];
let document: { paths: Record<string, Record<string, Operation>>; components: Record<string, Json> };

beforeAll(async () => {
  stack = await startStack({ workers: 0 });
  text = await (await fetch(`${stack.url}/openapi.json`)).text();
  document = JSON.parse(text);
  operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
});

afterAll(() => stack.stop());

it("the document passes a linter that is not ours, with its examples", async () => {
  const config = await createConfig({
    extends: ["recommended-strict"],
    rules: {
      "no-invalid-media-type-examples": "error",
      "no-invalid-schema-examples": "error",
      "no-invalid-parameter-examples": "error",
      // Those of health take nothing that could be wrong.
      "operation-4xx-response": "off",
    },
  });
  const problems = await lintFromString({ source: text, absoluteRef: "/openapi.json", config });
  expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual(
    [],
  );
});

it("has an example of every body, answer and parameter of a path", () => {
  const without = operations.flatMap(({ operationId, requestBody, responses, parameters }) => {
    const contents = [requestBody, ...Object.values(responses)].flatMap((part) =>
      Object.entries(part?.content ?? {}),
    );
    return [
      ...contents.filter(([, content]) => !("example" in content || "examples" in content)),
      ...parameters.filter((parameter) => parameter.in === "path" && !("example" in parameter)),
    ].map((part) => [operationId, part]);
  });
  expect(without).toEqual([]);
});

it("has each agent's input and result by name, and an example of both", () => {
  const { schemas } = document.components;
  for (const { name, example } of agents) {
    const component = name[0]?.toUpperCase() + name.slice(1);
    expect(schemas).toHaveProperty(`${component}Input`);
    expect(schemas).toHaveProperty(`${component}Result`);
    expect([name, example]).toEqual([name, { input: expect.anything(), output: expect.anything() }]);
  }
});

it("names the scope of every route that asks for a key", () => {
  const scopeless = operations.filter((operation) => operation["x-understudy-scope"] === undefined);
  expect(scopeless.map(({ operationId }) => operationId).sort()).toEqual([
    "listProblems",
    "readHealth",
    "readMetrics",
    "readOpenApi",
    "readProblem",
    "readReadiness",
    "readSession",
    "signIn",
  ]);
});

it("the reference is served without the internet, and lets nothing else in", async () => {
  const page = await fetch(`${stack.url}/docs`);
  expect(page.headers.get("content-security-policy")).toMatch(/default-src 'none'.*script-src 'self';/);
  const html = await page.text();
  const sources = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => String(source));
  expect(sources).toHaveLength(5);
  for (const source of sources.filter((source) => !source.startsWith("data:"))) {
    const asset = await fetch(new URL(source, `${stack.url}/docs`));
    expect([source, asset.status]).toEqual([source, 200]);
    expect(asset.url.startsWith(stack.url)).toBe(true);
    await asset.arrayBuffer();
  }
});
