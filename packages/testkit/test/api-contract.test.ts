import { expect, it } from "@jest/globals";
import { ApiContract } from "../src/api-contract.ts";

const schemas = {
  Thing: {
    type: "object",
    properties: { id: { type: "string" }, part: { $ref: "#/components/schemas/Part" } },
    required: ["id"],
  },
  Part: { type: "object", properties: { at: { type: "string", format: "date-time" } } },
  Problem: {
    type: "object",
    properties: { code: { type: "string" } },
    required: ["code"],
    additionalProperties: {},
  },
};

const notFound = {
  content: {
    "application/problem+json": {
      schema: {
        allOf: [
          { $ref: "#/components/schemas/Problem" },
          { type: "object", properties: { code: { type: "string", enum: ["thing_not_found"] } } },
        ],
      },
    },
  },
};

const read = {
  responses: {
    200: {
      content: {
        "application/json": { schema: { $ref: "#/components/schemas/Thing" } },
        "text/csv": { schema: { type: "string" } },
      },
    },
    404: { $ref: "#/components/responses/404.thing_not_found" },
  },
};

const contract = new ApiContract({
  paths: {
    "/api/ai/things/{id}": { get: read, delete: { responses: { 204: {} } } },
    "/api/ai/things/all": { post: { responses: { 204: {} } } },
  },
  components: { schemas, responses: { "404.thing_not_found": notFound } },
});

const path = "/api/ai/things/x";

function faultOf(answer: Partial<Parameters<ApiContract["faultOf"]>[0]>, body?: unknown) {
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  return contract.faultOf({
    method: "GET",
    path,
    status: 200,
    contentType: "application/json",
    ...text,
    ...answer,
  });
}

it("lets answers pass that are as the document says", () => {
  const problem = { status: 404, contentType: "application/problem+json; charset=utf-8" };
  expect([
    faultOf({}, { id: "a", part: { at: "2026-11-22T18:04:05.678Z" } }),
    faultOf({ contentType: "text/csv; charset=utf-8" }),
    faultOf(problem, { code: "thing_not_found", things: [] }),
    faultOf({ method: "HEAD" }),
    faultOf({ method: "DELETE", path: "/api/ai/things/all", status: 204, contentType: null }),
    faultOf({ path: "/docs", contentType: "text/html" }),
    faultOf({ path: "/api/ai/nothing", status: 404 }, { code: "not_found" }),
  ]).toEqual(Array(7).fill(undefined));
});

it.each([
  ["a status", { status: 418 }, {}, "418 is not declared"],
  ["a media type", { contentType: "text/html" }, undefined, "not declared as text/html"],
  ["a missing field", {}, {}, "must have required property 'id'"],
  ["a field too many", {}, { id: "a", secret: "b" }, "must NOT have additional properties"],
  [
    "a field too many further in",
    {},
    { id: "a", part: { secret: "b" } },
    "must NOT have additional properties",
  ],
  ["a format", {}, { id: "a", part: { at: "yesterday" } }, "date-time"],
  [
    "another problem",
    { status: 404, contentType: "application/problem+json" },
    { code: "job_not_found" },
    "must be equal to one of the allowed values",
  ],
  ["a route", { path: "/api/ai/nothing" }, {}, "is not declared, and was answered with 200"],
])("finds %s that is not declared", (_what, answer, body, fault) => {
  expect(faultOf(answer, body)).toContain(fault);
});
