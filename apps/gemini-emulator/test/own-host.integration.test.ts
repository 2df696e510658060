import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readConfig } from "../src/config.ts";
import { type RunningEmulator, startEmulator } from "../src/start-emulator.ts";

let emulator: RunningEmulator;

beforeAll(async () => {
  emulator = await startEmulator({ port: 0, host: "127.0.0.1", allowedHosts: ["gemini-emulator"] });
});

afterAll(() => emulator.stop());

/** What it answers to a request with such headers, which `fetch` would not send. */
function statusOf(method: string, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(emulator.url + path, { method, headers }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    });
    asked.on("error", reject).end();
  });
}

const bill = (headers: Record<string, string>) => statusOf("GET", "/_emulator/bill", headers);

describe("the emulator", () => {
  it("answers by its own names, with any port", async () => {
    for (const host of ["localhost", "127.0.0.1", "[::1]", "gemini-emulator", "LOCALHOST"]) {
      expect(await bill({ host: `${host}:${emulator.port}` })).toBe(200);
      expect(await bill({ host })).toBe(200);
    }
  });

  it.each(["evil.test", "127.0.0.1.evil.test", "localhost.evil.test:3001", ":3001", "10.0.0.1"])(
    "answers no other: %s",
    async (host) => {
      expect(await bill({ host })).toBe(403);
      expect(await statusOf("POST", "/_emulator/reset", { host })).toBe(403);
      expect(await statusOf("POST", "/v1beta/models/gemini-3.5-flash-lite:generateContent", { host })).toBe(
        403,
      );
    },
  );

  it("answers no page of another site", async () => {
    for (const origin of ["https://evil.test", "null", "http://127.0.0.1.evil.test", "file://"]) {
      expect(await statusOf("POST", "/_emulator/reset", { origin })).toBe(403);
    }
    for (const origin of [emulator.url, "http://localhost:3000", "https://gemini-emulator"]) {
      expect(await statusOf("POST", "/_emulator/reset", { origin })).toBe(204);
    }
  });

  it("listens on this machine alone, whatever HOST the others have", () => {
    expect(readConfig({ HOST: "0.0.0.0" })).toMatchObject({ host: "127.0.0.1", allowedHosts: [] });
    expect(readConfig({ EMULATOR_HOST: "0.0.0.0", EMULATOR_ALLOWED_HOSTS: "a, B ,," })).toMatchObject({
      host: "0.0.0.0",
      allowedHosts: ["a", "b"],
    });
  });
});
