import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readUsage } from "@understudy/ledger";
import {
  oddEnds,
  type Recording,
  readRecording,
  recordingNames,
} from "@understudy/testkit/gemini-recordings";
import { GeminiClient } from "../src/gemini-client.ts";
import type { Generation } from "../src/generation.ts";
import { requestOf } from "./scripted-gemini.ts";

const names = recordingNames ?? [];
let playing: Recording;
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    // As it is played here: neither compressed, nor in the pieces or of the length that it came in.
    const {
      "content-encoding": _coded,
      "transfer-encoding": _sent,
      "content-length": _length,
      ...headers
    } = playing.headers;
    response.writeHead(playing.status, headers).end(playing.body);
  });
});
let client: GeminiClient;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new GeminiClient({ apiKey: "secret", baseUrl });
});

afterAll(async () => {
  await client.close();
  server.close();
});

async function play(name: string): Promise<{ generation: Generation; heard: string; recording: Recording }> {
  playing = readRecording(name);
  let heard = "";
  const onText = (text: string) => {
    heard += text;
  };
  const generation = await client.generate(requestOf(playing.stream ? { onText } : {}));
  return { generation, heard, recording: playing };
}

/** The last usage of a body that is told by its prompt, as the wire has it. */
function lastUsage({ stream, body }: Recording): Record<string, number> | undefined {
  const chunks = stream
    ? body.split(/\r?\n\r?\n/).flatMap((event) => (event.startsWith("data:") ? [event.slice(5)] : []))
    : [body];
  return chunks.map((chunk) => JSON.parse(chunk).usageMetadata).findLast((usage) => usage?.promptTokenCount);
}

const sum = (...counts: (number | undefined)[]) => counts.reduce((all: number, each = 0) => all + each, 0);

if (recordingNames === undefined) {
  it.skip("real answers of Gemini: there is no shared/data/gemini-recordings beside or above the project", () => {});
} else {
  describe("a real answer of Gemini", () => {
    it("is told of here where it has an odd end", () => {
      expect(Object.keys(oddEnds).filter((name) => !names.includes(name))).toEqual([]);
      expect(names).toHaveLength(62);
    });

    it.each(names)("ends as it has to: %s", async (name) => {
      const { generation, heard, recording } = await play(name);
      const end = oddEnds[name] ?? { finishReason: "STOP" };
      expect(generation).toMatchObject({ kind: "answered", ...end });
      if (generation.kind !== "answered") return;
      if (generation.blockReason === undefined) expect(generation.text.trim()).not.toBe("");
      if (recording.stream) expect(generation.text).toBe(heard);

      const told = lastUsage(recording);
      const read = readUsage(generation.usage);
      if (told === undefined) {
        expect(read).toBeUndefined();
        return;
      }
      expect(read).toMatchObject({
        prompt: told.promptTokenCount,
        cached: told.cachedContentTokenCount ?? 0,
        toolUse: told.toolUsePromptTokenCount ?? 0,
        thoughts: told.thoughtsTokenCount ?? 0,
        thoughtsInside: false,
        output: sum(told.candidatesTokenCount, read?.unnamed),
      });
      expect(sum(read?.prompt, read?.toolUse, read?.output, read?.thoughts)).toBe(told.totalTokenCount);
    });
  });
}
