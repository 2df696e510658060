import { readFile } from "node:fs/promises";
import { problemCodes } from "@understudy/contracts";
import { ApiContract, type Stack } from "@understudy/testkit";
import fc from "fast-check";
import { Pool } from "undici";
import { hostileRequests, type Operation, operationsOf, type WireRequest } from "./hostile-requests.ts";

const connections = 16;

/** Of a thing of ours that a stranger should not read in an answer. */
const leaks = /node_modules|\bat .+:\d+:\d+|\.ts:\d|prisma|postgres|SELECT |ECONN|us_test_admin|redis:\/\//i;

/** What a fuzzed request has shown to be wrong. */
export interface Finding {
  operation: string;
  request: string;
  fault: string;
}

/** Sends hostile requests to every operation of the API's document. @returns the first findings of each operation */
export async function fuzz(stack: Stack, requestsEach: number, seed: number): Promise<Finding[]> {
  const document = JSON.parse(await (await fetch(`${stack.url}/openapi.json`)).text());
  const contract = new ApiContract(document);
  const known = await thingsThatAreThere(stack);
  const pool = new Pool(stack.url, { connections });
  const findings: Finding[] = [];
  try {
    for (const operation of operationsOf(document)) {
      const requests = fc.sample(hostileRequests(operation, known, `Bearer ${stack.adminKey}`), {
        numRuns: requestsEach,
        seed,
      });
      findings.push(...(await fuzzOperation(pool, contract, operation, requests)));
    }
  } finally {
    await pool.destroy();
  }
  return findings;
}

/** Bytes that the API's process holds. */
export async function residentBytes(stack: Stack): Promise<number> {
  const status = await readFile(`/proc/${stack.api.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

async function thingsThatAreThere(stack: Stack): Promise<Record<string, string>> {
  await stack.request("PUT", "/api/ai/creators/psy", { plan: "business" });
  const id = await stack.submit("test", { creatorId: "psy", input: { prompt: "hello" } });
  return { id, creatorId: "psy" };
}

async function fuzzOperation(
  pool: Pool,
  contract: ApiContract,
  { operationId }: Operation,
  requests: WireRequest[],
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const left = requests.values();
  const work = async () => {
    for (const request of left) {
      const fault = await send(pool, contract, request);
      if (fault === undefined || findings.length >= 3) continue;
      const { body, ...head } = request;
      const shown = `${JSON.stringify(head)} ${String(body ?? "").slice(0, 300)}`;
      findings.push({ operation: operationId, request: shown, fault });
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  return findings;
}

/** @returns what is wrong with the answer */
async function send(pool: Pool, contract: ApiContract, request: WireRequest): Promise<string | undefined> {
  const { method, path, headers } = request;
  const response = await pool.request({
    method: method as "GET",
    path,
    headers,
    ...(request.body !== undefined && { body: request.body }),
  });
  const status = response.statusCode;
  const contentType = response.headers["content-type"]?.toString() ?? null;
  if (contentType?.startsWith("text/event-stream")) {
    // What it tells goes on as long as the job.
    response.body.on("error", () => {}).destroy();
    return undefined;
  }
  const body = await response.body.text();
  if (status >= 500) return `${status} ${body}`;
  const isJson = contentType?.includes("json") ?? false;
  const fault = contract.faultOf({
    method,
    path: path.split("?")[0] ?? path,
    status,
    contentType,
    ...(isJson && body !== "" && { body }),
  });
  if (fault !== undefined) return fault;
  if (status < 400) return undefined;
  if (contentType !== "application/problem+json; charset=utf-8")
    return `${status} as ${contentType}: ${body}`;
  const { code } = JSON.parse(body) as { code: string };
  if (!(code in problemCodes)) return `an unknown code: ${body}`;
  return leaks.test(body) ? `tells too much: ${body}` : undefined;
}
