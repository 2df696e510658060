import { GoogleGenAI } from "@google/genai";
import type { BillEntry, BillTotal } from "../src/bill-entry.ts";
import { type EmulatorOptions, type RunningEmulator, startEmulator } from "../src/start-emulator.ts";

export interface Emulated {
  emulator: RunningEmulator;
  /** The real SDK, with every automatism off. */
  sdk: GoogleGenAI;
  bill(): Promise<{ calls: BillEntry[]; totals: Record<string, BillTotal> }>;
  rule(rule: object): Promise<Response>;
  record(recording: object): Promise<Response>;
  /** A request as it stands, without the SDK. */
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>;
}

/** A day on which no model of today is routed but 3.5-flash and 3.7-flash. */
const day = new Date("2026-11-30");

/** An emulator on a free port and the SDK that talks to it. Stop it when done. */
export async function emulate(options: Partial<EmulatorOptions> = {}): Promise<Emulated> {
  const emulator = await startEmulator({ port: 0, host: "127.0.0.1", date: day, ...options });
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
    record: (recording) => post("/_emulator/recordings", recording),
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
