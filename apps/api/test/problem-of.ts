import { expect } from "@jest/globals";
import type { Problem } from "@understudy/contracts";

/** The problem that a response is, after checking what must be true of each: its form, and that nothing leaks. */
export async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get("content-type")).toContain("application/problem+json");
  const problem = (await response.json()) as Problem;
  expect(problem).toMatchObject({ status: response.status, requestId: response.headers.get("x-request-id") });
  expect(JSON.stringify(problem)).not.toMatch(/\.ts|node_modules|at .*\(/);
  return problem;
}
