import fc from "fast-check";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  example?: string;
}

/** An operation as the OpenAPI document has it. */
export interface Operation {
  operationId: string;
  method: string;
  path: string;
  parameters: Parameter[];
  requestBody?: { content: { "application/json": { example: Json } } };
  responses: Record<string, object>;
}

/** A request as it goes over the wire. */
export interface WireRequest {
  method: string;
  /** With the query. */
  path: string;
  headers: Record<string, string>;
  body?: string | Uint8Array;
}

/** All operations of a document. */
export function operationsOf(document: { paths: Record<string, Record<string, Operation>> }): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      path,
      method: method.toUpperCase(),
    })),
  );
}

const nest = (depth: number): Json => (depth === 0 ? "x" : { a: nest(depth - 1) });

const hostileTexts = [
  "",
  " ",
  "\0",
  "\u0000\u0001\u001b[31m",
  "\u202e\u2066\ufeff",
  "💥".repeat(50),
  "a".repeat(3_000),
  "__proto__",
  "constructor",
  "undefined",
  "NaN",
  "-0",
  "1e999",
  "999999999999999999999999",
  "0.0000000000000000000001",
  '\'; DROP TABLE "Job";--',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what an attacker would send
  "${jndi:ldap://127.0.0.1/x}",
  "{{7*7}}",
  "../../../../etc/passwd",
  "<script>alert(1)</script>",
  "=cmd|'/c calc'!A1",
  "http://169.254.169.254/latest/meta-data",
  "file:///etc/passwd",
  "javascript:alert(1)",
  "2026-13-45T99:99:99Z",
  "0000-01-01T00:00:00Z",
  "0001-01-01T00:00:00+23:59",
  "9999-12-31T23:59:59Z",
  "9999-12-31T23:59:59-23:59",
  "2000-00",
  "0000-01-01",
  "\r\nset-cookie: x=1",
  ".",
  "..",
  "...",
  "%",
  "_",
  "\\",
];

/** Too long for a path: what patterns take n² steps for, of as many characters as fields may have, and more. */
const longTexts = [
  `<${" ".repeat(7_998)}x`,
  `[${" ".repeat(19_000)}`,
  "[a](".repeat(4_900),
  "a.".repeat(9_900),
  "1".repeat(19_900),
  "<a ".repeat(6_600),
  "\n".repeat(19_900),
  `< ${"\u200b".repeat(6_000)}`,
  "@".repeat(70_000),
];

const hostileValue: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Json>(...hostileTexts) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Json>(
      null,
      true,
      -1,
      0,
      1e308,
      2 ** 53,
      0.1,
      [],
      {},
      nest(40),
      [[[[]]]],
      "\ud800",
      Array.from({ length: 2_000 }, (_, index) => index),
      { toString: "x", constructor: { prototype: 1 } },
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<Json>(...longTexts) },
  { weight: 1, arbitrary: fc.constantFrom(...longTexts).map((text): Json => ({ a: text, [text]: "x" })) },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 200 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json> },
);

/** A body that was right once, changed in up to three places. */
function changed(example: Json): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.constantFrom(...pathsIn(example)),
    how: fc.constantFrom("replace", "remove", "add"),
    value: hostileValue,
  });
  return fc.array(change, { maxLength: 3 }).map((changes) => {
    const body = changes.reduce((before, { at, how, value }) => changeAt(before, at, how, value), example);
    return JSON.stringify(body) ?? "";
  });
}

function pathsIn(value: Json, at: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, part]) => pathsIn(part, [...at, key]))];
}

function changeAt(value: Json, [key, ...rest]: string[], how: string, by: Json): Json {
  if (key === undefined) {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return how === "add" && isObject ? { ...value, [JSON.stringify(by).slice(0, 50)]: by } : by;
  }
  if (typeof value !== "object" || value === null) return value;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  const parts = copy as Record<string, Json>;
  if (rest.length === 0 && how === "remove") delete parts[key];
  else parts[key] = changeAt(parts[key] ?? null, rest, how, by);
  return copy;
}

const tooBig = JSON.stringify({ creatorId: "psy", message: "x".repeat(1_100_000) });

const rawBody = fc.constantFrom<string | Uint8Array>(
  "",
  "{",
  "[]",
  "null",
  '"x"',
  '{"a":1e999}',
  '{"__proto__":{"polluted":true},"creatorId":"psy"}',
  '{"creatorId":"psy","fanId":"f","message":"m","context":{"__proto__":{"a":1}}}',
  '{"creatorId":"psy","prompt":"p","options":{"metadata":{"__proto__":"x"}}}',
  '{"jobs":[null,1,"x",[],{}]}',
  '{"plan":"business","quotaUsd":null,"bucket":null}',
  '{"creatorId":"psy","creatorId":"other"}',
  `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
  Uint8Array.from([0xff, 0xfe, 0x7b]),
  Uint8Array.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]),
);

const contentType = fc.oneof(
  { weight: 12, arbitrary: fc.constant("application/json") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "text/plain",
      "application/json; charset=utf-16",
      "application/json; charset=utf8",
      'application/json;charset="UTF-8"',
      "application/json;;;",
      "multipart/form-data",
      "x",
    ),
  },
);

/** Header values that a client may send: what Node's parser refuses by itself never gets here. */
const headerValue = fc.oneof(
  fc.constantFrom(
    "",
    "x",
    "0",
    "-1",
    '"',
    "wait=0",
    "wait=-5",
    "text/csv",
    "*/*;q=0",
    "0-0.0.running",
    "a".repeat(2_000),
  ),
  fc.stringMatching(/^[\x21-\x7e\xa1-\xff]{0,100}$/),
);

/**
 * Requests to an operation as someone would send them who means harm, or has a bug: parts of the path, query, headers
 * and body are right, nearly right, or anything.
 * @param known values for parameters of the path by name, of things that are there
 */
export function hostileRequests(
  { method, path, parameters, requestBody, responses }: Operation,
  known: Record<string, string>,
  authorization: string,
): fc.Arbitrary<WireRequest> {
  const inPath = parameters.filter((parameter) => parameter.in === "path");
  const segments = inPath.map(({ name, example }) =>
    fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(known[name] ?? String(example), String(example)) },
      { weight: 2, arbitrary: fc.constantFrom(...hostileTexts.filter(Boolean)).map(encodeURIComponent) },
      { weight: 1, arbitrary: fc.constantFrom("%00", "%ff", "%zz", "%2e%2e%2f", "%ED%A0%80", "a%2Fb") },
      { weight: 1, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }).map(encoded) },
    ),
  );
  const names = parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name);
  const queryEntry = fc.tuple(
    fc.constantFrom(...names, ...names, "x", "__proto__", "a[b]", "limit", "cursor"),
    fc.constantFrom(...hostileTexts, "psy", "10", "completed", "2026-10"),
  );
  const headerNames = [
    ...["accept", "x-request-id", "user-agent", "cookie", "origin", "sec-fetch-site", "x-csrf-token"],
    ...["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"],
  ].concat(parameters.filter((parameter) => parameter.in === "header").map(({ name }) => name));
  const streams = JSON.stringify(responses).includes("text/event-stream");
  const body = requestBody
    ? fc.oneof(
        { weight: 10, arbitrary: changed(requestBody.content["application/json"].example) },
        { weight: 2, arbitrary: rawBody },
      )
    : fc.constantFrom<string | undefined>(undefined, undefined, "{", "x".repeat(1_000));
  return fc
    .record({
      segments: fc.tuple(...segments),
      query: fc.array(queryEntry, { maxLength: 3 }),
      headers: fc.dictionary(fc.constantFrom(...headerNames), headerValue, { maxKeys: 2 }),
      body: method === "GET" || streams ? fc.constant(undefined) : body,
      contentType,
      isTooBig: fc.nat(400).map((roll) => roll === 0 && requestBody !== undefined),
    })
    .map(({ segments, query, headers, body, contentType, isTooBig }) => {
      const places = inPath.map(({ name }, index) => [name, String(segments[index])] as const);
      const filled = places.reduce((text, [name, segment]) => text.replace(`{${name}}`, () => segment), path);
      const search = query.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&");
      return {
        method,
        path: search === "" ? filled : `${filled}?${search}`,
        headers: { authorization, ...(body !== undefined && { "content-type": contentType }), ...headers },
        ...(isTooBig ? { body: tooBig } : body !== undefined && { body }),
      };
    });
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
