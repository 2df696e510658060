import { GoogleGenAI } from "@google/genai";
import type { BillEntry, BillTotal } from "../src/bill-entry.ts";
import { type RunningEmulator, startEmulator } from "../src/start-emulator.ts";

export interface Emulated {
  emulator: RunningEmulator;
  /** The real SDK, with every automatism off. */
  sdk: GoogleGenAI;
  bill(): Promise<{ calls: BillEntry[]; totals: Record<string, BillTotal> }>;
  rule(rule: object): Promise<Response>;
  /** A request as it stands, without the SDK. */
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>;
}

/** An emulator on a free port and the SDK that talks to it. Stop it when done. */
export async function emulate(stateDir?: string): Promise<Emulated> {
  const emulator = await startEmulator({ port: 0, host: "127.0.0.1", stateDir });
  const post = (path: string, body: unknown, init: RequestInit = {}) =>
    fetch(`${emulator.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-goog-api-key": "key" },
      body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
      ...init,
    });
  return {
    emulator,
    // The SDK's own way to fetch wants undici's global dispatcher, which Jest's sandbox hides from it.
    sdk: new GoogleGenAI({ apiKey: "key", httpOptions: { baseUrl: emulator.url, fetch } }),
    bill: async () => (await (await fetch(`${emulator.url}/_emulator/bill`)).json()) as never,
    rule: (rule) => post("/_emulator/rules", rule),
    post,
  };
}

export const hello = { contents: [{ role: "user", parts: [{ text: "Say hello" }] }] };

export async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("the condition did not come true in 5 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
