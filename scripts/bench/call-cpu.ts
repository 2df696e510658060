import { GeminiClient } from "@understudy/gemini";
import pMap from "p-map";
import { ownCpuUs } from "./cpu-time.ts";

const warmUpCalls = 1_000;
const calls = 2_000;

/** Calls at once. */
const concurrency = 50;

const jsonSchema = {
  type: "object",
  properties: { response: { type: "string" }, confidence: { type: "number" } },
  required: ["response", "confidence"],
};

/** CPU in µs that a call to Gemini takes in this process, from its request to its answer. One figure a round. */
export async function callCpuUs(
  emulatorUrl: string,
  message: string,
  isStreamed: boolean,
  rounds: number,
): Promise<number[]> {
  const gemini = new GeminiClient({ apiKey: "emulator", baseUrl: emulatorUrl });
  let made = 0;
  const call = async () => {
    const { kind } = await gemini.generate({
      callId: `call_${isStreamed ? "streamed" : "whole"}_${++made}`,
      model: "gemini-3.5-flash-lite",
      role: "draft",
      system: "You draft replies to fans for a creator. ".repeat(40),
      parts: [message],
      jsonSchema,
      serviceTier: "standard",
      maxOutputTokens: 512,
      thinking: undefined,
      timeoutSeconds: 30,
      signal: new AbortController().signal,
      ...(isStreamed && { onText: () => {} }),
    });
    if (kind !== "answered") throw new Error(`The emulator's answer was ${kind}.`);
  };
  const callAll = (count: number) => pMap(Array.from({ length: count }), call, { concurrency });
  try {
    await callAll(warmUpCalls);
    return await ownCpuUs(rounds, calls, callAll);
  } finally {
    await gemini.close();
  }
}
