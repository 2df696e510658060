import { type ProblemCode, problemCodes } from "@understudy/contracts";
import type { Route } from "../http/define-route.ts";
import { ProblemError } from "../http/problem-error.ts";
import { presentProblem } from "../http/problem-responses.ts";

type CodesByStatus = Record<number, ProblemCode[]>;

/** Problems that a route may answer because of what kind of route it is, by status. */
function commonProblems({ method, scope, params, query, body }: Route): CodesByStatus {
  const parsed: ProblemCode[] = params || query || body ? ["invalid_request"] : [];
  return {
    400: body ? [...parsed, "invalid_json"] : parsed,
    ...(scope !== "public" && {
      401: ["unauthorized", "invalid_api_key"],
      403: method === "get" ? ["forbidden_scope"] : ["forbidden_scope", "csrf_token_invalid"],
      429: ["rate_limited"],
    }),
    ...(body && { 413: ["body_too_large"], 415: ["unsupported_media_type"] }),
    500: ["internal_error"],
    503: ["unavailable", "overloaded"],
  };
}

/** All problems that a route may answer, by status: its own, and those of every route of its kind. */
function problemsByStatus(route: Route): [status: number, codes: ProblemCode[]][] {
  const all = commonProblems(route);
  for (const [status, codes] of Object.entries(route.problems ?? {})) {
    all[Number(status)] = [...(codes ?? []), ...(all[Number(status)] ?? [])];
  }
  return Object.entries(all)
    .map(([status, codes]): [number, ProblemCode[]] => [Number(status), codes])
    .filter(([status, codes]) => codes.length > 0 && !(status in route.answers));
}

/** References to the responses of a route's problems, by status. */
export function problemResponsesOf(route: Route): Record<string, object> {
  const references = problemsByStatus(route).map(([status, codes]) => [
    status,
    { $ref: `#/components/responses/${nameOf(status, codes)}` },
  ]);
  return Object.fromEntries(references);
}

/** The responses of all problems of the routes, by name: routes share most of them. */
export function problemComponents(routes: readonly Route[]): Record<string, object> {
  const responses = routes.flatMap((route) =>
    problemsByStatus(route).map(([status, codes]) => [nameOf(status, codes), problemResponse(status, codes)]),
  );
  return Object.fromEntries(responses);
}

function nameOf(status: number, codes: ProblemCode[]): string {
  return `${status}.${codes.join(".")}`;
}

function problemResponse(status: number, codes: ProblemCode[]): object {
  return {
    description: codes.map((code) => `\`${code}\`: ${problemCodes[code]}`).join("\n\n"),
    content: {
      "application/problem+json": {
        schema: {
          allOf: [
            { $ref: "#/components/schemas/Problem" },
            { type: "object", properties: { code: { type: "string", enum: codes } } },
          ],
        },
        examples: Object.fromEntries(codes.map((code) => [code, { value: exampleOf(status, code) }])),
      },
    },
  };
}

function exampleOf(status: number, code: ProblemCode): unknown {
  const error = new ProblemError(status, code, problemCodes[code], {
    retryable: status === 429 || status >= 500,
    ...(code === "invalid_request" && { errors: [{ pointer: "#/fanId", detail: "must be a text" }] }),
  });
  return presentProblem(error, "req_2f1b0a52-6d0c-4b6e-9a55-0d3c8a3c1f5e").problem;
}
