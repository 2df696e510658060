import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { type Stack, startStack } from "@understudy/testkit";
import { problemOf } from "./problem-of.ts";

let stack: Stack;
const token = "a token of the tests";

beforeAll(async () => {
  stack = await startStack({
    environment: { HOST: "0.0.0.0", METRICS_PORT: "0", WEBHOOK_ALLOW_PRIVATE: "0" },
  });
});

afterAll(() => stack.stop());

/** Of this machine, as others in its network reach it. */
const [outside] = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .filter(({ family, internal }) => family === "IPv4" && !internal);

it("metrics without a token are for this machine alone, and no proxy on it", async () => {
  const api = new URL(stack.url);
  const worker = new URL(String(stack.workers[0]?.details.metricsUrl));
  for (const { port } of [api, worker]) {
    const status = async (host: string, headers: Record<string, string> = {}) =>
      (await fetch(`http://${host}:${port}/metrics`, { headers })).status;
    expect(await status("127.0.0.1")).toBe(200);
    for (const header of ["x-forwarded-for", "forwarded", "x-forwarded-host"])
      expect(await status("127.0.0.1", { [header]: "192.0.2.1" })).toBe(401);
    expect(
      await status("127.0.0.1", { authorization: `Bearer ${token}`, "x-forwarded-for": "192.0.2.1" }),
    ).toBe(401);
    if (outside) expect(await status(outside.address)).toBe(401);
  }
  const refused = await fetch(`http://127.0.0.1:${api.port}/metrics`, {
    headers: { forwarded: "for=192.0.2.1" },
  });
  expect(await problemOf(refused)).toMatchObject({ code: "unauthorized" });
});
