import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { startEmulator } from "../src/start-emulator.ts";
import { emulate, hello } from "./emulated.ts";

const root = resolve(import.meta.dirname, "../../..");
let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "emulator-"));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

async function spawnEmulator(
  environment: Record<string, string>,
): Promise<{ child: ChildProcess; url: string; lines: string[] }> {
  const child = spawn(process.execPath, ["--import", "tsx", "apps/gemini-emulator/src/main.ts"], {
    cwd: root,
    env: { ...process.env, EMULATOR_PORT: "0", EMULATOR_DATE: "2026-11-30", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const url = await new Promise<string>((found) => {
    let out = "";
    const read = (chunk: Buffer) => {
      out += chunk.toString();
      lines.splice(0, lines.length, ...out.split("\n").filter(Boolean));
      const ready = /"url":"([^"]+)"/.exec(out)?.[1];
      if (ready) found(ready);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.on("exit", () => found(""));
  });
  return { child, url, lines };
}

describe("the bill", () => {
  it("survives a kill -9 in the middle of a stream", async () => {
    const { child, url } = await spawnEmulator({ EMULATOR_STATE_DIR: stateDir });
    const post = (path: string, body: unknown) =>
      fetch(url + path, { method: "POST", headers: { "x-goog-api-key": "key" }, body: JSON.stringify(body) });
    await post("/v1/models/gemini-2.5-flash:generateContent", hello);
    await post("/_emulator/rules", { match: {}, respond: { chunkDelayMs: 60_000 } });
    const response = await post("/v1/models/gemini-2.5-flash:streamGenerateContent?alt=sse", hello);
    const first = await response.body?.getReader().read();
    const event = JSON.parse(new TextDecoder().decode(first?.value as Uint8Array).replace(/^data: /, ""));
    child.kill("SIGKILL");
    await once(child, "exit");
    const emulated = await emulate({ stateDir });
    const { calls } = await emulated.bill();
    expect(calls).toMatchObject([
      { method: "generateContent", usageMetadata: { candidatesTokenCount: 8 } },
      { method: "streamGenerateContent", usageMetadata: event.usageMetadata },
    ]);
    await emulated.emulator.stop();
  });

  it("takes a line that a kill cut off its file, and goes on after it", async () => {
    const first = await emulate({ stateDir });
    await first.post("/v1/models/gemini-2.5-flash:generateContent", hello);
    await first.emulator.stop();
    appendFileSync(join(stateDir, "bill.jsonl"), '{"id":"torn","callId":nu');
    for (const count of [2, 3]) {
      const next = await emulate({ stateDir });
      await next.post("/v1/models/gemini-2.5-flash:generateContent", hello);
      expect((await next.bill()).calls).toHaveLength(count);
      await next.emulator.stop();
    }
    const last = await emulate({ stateDir });
    await last.post("/_emulator/reset", {});
    await last.emulator.stop();
    const empty = await emulate({ stateDir });
    expect((await empty.bill()).calls).toEqual([]);
    await empty.emulator.stop();
  });

  it("reads entries from before there was a modelVersion", async () => {
    const entry = { id: "1", callId: null, at: "2026-11-01T00:00:00.000Z", method: "generateContent" };
    const rest = { model: "gemini-2.5-flash", status: 200, serviceTier: "standard", aborted: false };
    const line = { ...entry, ...rest, usageMetadata: { promptTokenCount: 3 } };
    writeFileSync(join(stateDir, "bill.jsonl"), `${JSON.stringify(line)}\n`);
    const emulated = await emulate({ stateDir });
    expect((await emulated.bill()).calls).toEqual([{ ...line, modelVersion: null }]);
    await emulated.emulator.stop();
  });

  it("keeps every one of many calls at once", async () => {
    const emulated = await emulate();
    const batches = Array.from({ length: 20 }, () => 50);
    for (const size of batches) {
      await Promise.all(
        Array.from({ length: size }, async () =>
          (await emulated.post("/v1/models/gemini-2.5-flash-lite:generateContent", hello)).arrayBuffer(),
        ),
      );
    }
    const { calls, totals } = await emulated.bill();
    expect(calls).toHaveLength(1000);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(1000);
    expect(calls.map(({ id }) => id)).toEqual(calls.map(({ id }) => id).sort());
    expect(totals["gemini-2.5-flash-lite"]).toMatchObject({ calls: 1000, promptTokenCount: 3000 });
    await emulated.emulator.stop();
  });
});

describe("starting", () => {
  it("says in one line that a port is taken", async () => {
    const emulator = await startEmulator({ port: 0, host: "127.0.0.1" });
    await expect(startEmulator({ port: emulator.port, host: "127.0.0.1" })).rejects.toThrow(
      /^Port \d+ .* is taken/,
    );
    const { lines } = await spawnEmulator({ EMULATOR_PORT: String(emulator.port) });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("is taken");
    await emulator.stop();
  });

  it("ends the answers that are under way when it stops, and bills them", async () => {
    const emulated = await emulate({ stateDir, latencyMs: 300 });
    const answer = emulated.post("/v1/models/gemini-2.5-flash-lite:generateContent", hello);
    // It has the request: another, on a connection that came later, is answered.
    await (await fetch(`${emulated.emulator.url}/_emulator/bill`)).arrayBuffer();
    await emulated.emulator.stop();
    expect((await answer).status).toBe(200);
    const again = await emulate({ stateDir });
    expect((await again.bill()).calls).toHaveLength(1);
    await again.emulator.stop();
  });

  it("stops while requests hang, and logs neither prompt nor key", async () => {
    const { child, url, lines } = await spawnEmulator({ LOG_LEVEL: "trace" });
    await fetch(`${url}/_emulator/rules`, {
      method: "POST",
      body: JSON.stringify({ respond: { hang: true } }),
    });
    const hanging = fetch(`${url}/v1/models/gemini-2.5-flash:generateContent`, {
      method: "POST",
      headers: { "x-goog-api-key": "secret-key" },
      body: JSON.stringify({ contents: [{ parts: [{ text: "secret-prompt" }] }] }),
    }).catch(() => "cut");
    for (let waiting = true; waiting; ) {
      const bill = (await (await fetch(`${url}/_emulator/bill`)).json()) as { calls: unknown[] };
      waiting = bill.calls.length === 0;
    }
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
    expect(await hanging).toBe("cut");
    expect(lines.join("\n")).not.toMatch(/secret/);
  });
});
