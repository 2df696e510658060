import { getEventListeners } from "node:events";
import { describe, expect, it } from "@jest/globals";
import { eventually } from "@understudy/testkit";
import { GeminiClient, type GenerationRequest } from "../src/gemini-client.ts";
import { cancelled } from "../src/generation.ts";
import {
  answerJson,
  answerWith,
  baseUrl,
  client,
  event,
  piece,
  requestOf,
  requests,
} from "./scripted-gemini.ts";

const generate = (more: Partial<GenerationRequest> = {}) => client.generate(requestOf(more));

/** Streams an answer. @returns what came of it, and the text as it was heard */
async function stream(more: Partial<GenerationRequest> = {}) {
  const heard: string[] = [];
  const generation = await generate({ onText: (text) => heard.push(text), ...more });
  return { generation, heard };
}

const usage = (totalTokenCount: number) => ({ usageMetadata: { totalTokenCount } });

describe("a request", () => {
  it("goes out as Gemini wants it, under the id of its call", async () => {
    await generate({ callId: "call_x", jsonSchema: { type: "object" }, serviceTier: "flex" });
    expect(requests).toMatchObject([
      {
        method: "POST",
        path: "/v1beta/models/gemini-2.5-flash:generateContent",
        headers: {
          "x-goog-api-key": "secret",
          "x-understudy-call-id": "call_x",
          "content-type": "application/json",
        },
      },
    ]);
    expect(requests[0]?.body).toEqual({
      contents: [{ role: "user", parts: [{ text: "Hello" }, { text: "again" }] }],
      systemInstruction: { role: "user", parts: [{ text: "Be kind." }] },
      serviceTier: "flex",
      generationConfig: {
        maxOutputTokens: 100,
        responseMimeType: "application/json",
        responseJsonSchema: { type: "object" },
        thinkingConfig: { thinkingBudget: 5 },
      },
    });
  });

  it("has nothing that it does not need, nor what its model does not know", async () => {
    await generate({ system: "", model: "gemini-2.0-flash", thinking: undefined });
    expect(requests[0]?.body).toEqual({
      contents: [{ role: "user", parts: [{ text: "Hello" }, { text: "again" }] }],
      generationConfig: { maxOutputTokens: 100 },
    });
  });

  it("is one, also where the answer ends at its limit or leads elsewhere", async () => {
    answerJson({ ...piece("Hi", { finishReason: "MAX_TOKENS" }), ...usage(3) });
    expect(await generate()).toMatchObject({ kind: "answered", finishReason: "MAX_TOKENS" });
    expect(requests).toHaveLength(1);
    answerJson("", 302, { location: `${baseUrl}/elsewhere` });
    expect(await generate()).toMatchObject({ kind: "refused", httpStatus: 302, retryable: false });
    expect(requests).toHaveLength(2);
  });

  it.each(["v1", "v1beta"] as const)("goes to the version of the API that is set: %s", async (apiVersion) => {
    const pinned = new GeminiClient({ apiKey: "secret", baseUrl, apiVersion });
    await pinned.generate(requestOf());
    await pinned.close();
    expect(requests[0]?.path).toBe(`/${apiVersion}/models/gemini-2.5-flash:generateContent`);
  });

  it("goes nowhere else, whatever the environment says to the SDK", async () => {
    const variables = ["GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE"];
    for (const name of variables) process.env[name] = "true";
    const own = new GeminiClient({ apiKey: "secret", baseUrl });
    for (const name of variables) delete process.env[name];
    expect(await own.generate(requestOf())).toMatchObject({ kind: "answered" });
    await own.close();
    expect(requests[0]?.path).toBe("/v1beta/models/gemini-2.5-flash:generateContent");
  });

  it("has the safety settings of its role, over those of all, and its own over both", async () => {
    const safe = new GeminiClient({
      apiKey: "secret",
      baseUrl,
      safetySettings: {
        "*": { HARM_CATEGORY_HARASSMENT: "BLOCK_ONLY_HIGH", HARM_CATEGORY_HATE_SPEECH: "OFF" },
        check: { HARM_CATEGORY_HARASSMENT: "BLOCK_NONE" },
      },
    });
    const sent = async (more: Partial<GenerationRequest>) => {
      await safe.generate(requestOf(more));
      return requests.at(-1)?.body.safetySettings;
    };
    const [all, hate] = [
      { category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_ONLY_HIGH" },
      { category: "HARM_CATEGORY_HATE_SPEECH", threshold: "OFF" },
    ];
    expect(await sent({})).toEqual([all, hate]);
    expect(await sent({ role: "draft" })).toEqual([all, hate]);
    expect(await sent({ role: "check" })).toEqual([{ ...all, threshold: "BLOCK_NONE" }, hate]);
    const own = { HARM_CATEGORY_HARASSMENT: "OFF" } as const;
    expect(await sent({ role: "check", safetySettings: own })).toEqual([{ ...all, threshold: "OFF" }, hate]);
    await safe.close();
  });

  it("goes over a connection that is open already, where one is free", async () => {
    const fresh = new GeminiClient({ apiKey: "secret", baseUrl });
    for (let call = 0; call < 6; call++) await fresh.generate(requestOf());
    await fresh.close();
    expect(new Set(requests.map(({ clientPort }) => clientPort)).size).toBeLessThan(6);
  });

  it("leaves nothing behind", async () => {
    const { signal } = new AbortController();
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    await generate();
    const before = timers();
    await Promise.all([generate({ signal }), generate({ signal }), generate({ signal })]);
    expect(getEventListeners(signal, "abort")).toEqual([]);
    expect(timers()).toBeLessThanOrEqual(before + 1);
  });
});

describe("an answer", () => {
  it("has its text and usage, and what its own headers tell, whatever is answered meanwhile", async () => {
    answerWith((response, { headers, body }) => {
      const isFirst = headers["x-understudy-call-id"] === "call_first";
      response.writeHead(isFirst ? 200 : 203, {
        "x-gemini-service-tier": isFirst ? "standard" : "PRIORITY",
        ...(!isFirst && { "x-understudy-provider": "emulator" }),
      });
      const last = (body.contents as { parts: { text: string }[] }[])[0]?.parts.at(-1)?.text;
      setTimeout(
        () => response.end(JSON.stringify({ ...piece(`to ${last}`, { finishReason: "STOP" }), ...usage(7) })),
        isFirst ? 40 : 0,
      );
    });
    const answers = await Promise.all([
      generate({ callId: "call_first", parts: ["one"], serviceTier: "priority" }),
      generate({ callId: "call_second", parts: ["two"] }),
    ]);
    const common = { kind: "answered", finishReason: "STOP", usage: { totalTokenCount: 7 } };
    expect(answers).toEqual([
      { ...common, text: "to one", serviceTier: "standard", provider: "other" },
      { ...common, text: "to two", serviceTier: "priority", provider: "emulator" },
    ]);
  });

  it("that is an error tells what it is, and how long to wait", async () => {
    const details = [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "3s" }];
    answerJson({ error: { code: 429, status: "RESOURCE_EXHAUSTED", details } }, 429);
    const refused = {
      kind: "refused",
      httpStatus: 429,
      errorCode: "resource_exhausted",
      retryAfterMs: 3_000,
    };
    expect(await generate()).toEqual({ ...refused, retryable: true, provider: "other" });
    const { generation, heard } = await stream();
    expect([generation, heard]).toEqual([{ ...refused, retryable: true, provider: "other" }, []]);
    answerJson("<html>", 503, { "x-understudy-provider": "emulator", "set-cookie": ["a=1", "b=2"] });
    expect(await generate()).toMatchObject({ errorCode: "http_503", provider: "emulator" });
  });

  it.each([
    [200, "answered"],
    [299, "answered"],
    [300, "refused"],
    [404, "refused"],
  ])("of status %i is %s", async (status, kind) => {
    answerJson(piece("Hi", { finishReason: "STOP" }), status);
    expect((await generate()).kind).toBe(kind);
  });

  it.each([
    ["nothing", {}],
    ["no candidate", { candidates: [] }],
    ["no end", piece("Hi")],
    ["no object", null],
  ])("that has %s was lost, whole or in pieces: it may have been billed", async (_what, body) => {
    answerJson(body, 200, { "x-request-id": "r1" });
    expect(await generate()).toMatchObject({ kind: "lost", reason: "connection" });
    answerWith((response) => {
      response.writeHead(200).end(`data: ${JSON.stringify(body)}\n\n`);
    });
    expect((await stream()).generation).toMatchObject({ kind: "lost", reason: "connection" });
  });

  it("that was none, or broke, says how the provider calls it", async () => {
    answerJson({ responseId: "own" }, 200, { "x-request-id": "r1" });
    expect(await generate()).toEqual({
      kind: "lost",
      reason: "connection",
      usage: null,
      words: { message: "", requestId: "r1" },
    });
    answerWith((response) => {
      response.writeHead(200).write(event({ ...piece("Hel"), responseId: "own" }), () => response.destroy());
    });
    expect((await stream()).generation).toMatchObject({ kind: "lost", words: { requestId: "own" } });
  });

  it("that is no JSON was lost: it may have been billed", async () => {
    answerJson('{"candidates": [');
    expect(await generate()).toEqual({ kind: "lost", reason: "connection", usage: null });
  });
});

describe("an answer that is streamed", () => {
  it("is heard piece by piece, and is whole in the end", async () => {
    answerWith((response) => {
      response.writeHead(200, { "content-type": "text/event-stream", "x-gemini-service-tier": "flex" });
      response.write(event({ ...piece("Hel"), ...usage(1) }));
      response.end(event({ ...piece("lo", { finishReason: "STOP" }), ...usage(2) }));
    });
    const { generation, heard } = await stream();
    expect(requests[0]?.path).toBe("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    expect(heard).toEqual(["Hel", "lo"]);
    expect(generation).toMatchObject({
      kind: "answered",
      text: "Hello",
      serviceTier: "flex",
      usage: { totalTokenCount: 2 },
    });
  });

  it("is lost where it ends without a reason, with the usage that was heard last", async () => {
    answerWith((response) => {
      response.writeHead(200).end(event({ ...piece("Hel"), ...usage(4) }));
    });
    const { generation, heard } = await stream();
    expect(generation).toEqual({ kind: "lost", reason: "connection", usage: { totalTokenCount: 4 } });
    expect(heard).toEqual(["Hel"]);
  });

  it("is lost where the connection breaks", async () => {
    answerWith((response) => {
      response.writeHead(200).write(event({ ...piece("Hel"), ...usage(5) }), () => response.destroy());
    });
    const { generation } = await stream();
    expect(generation).toEqual({ kind: "lost", reason: "connection", usage: { totalTokenCount: 5 } });
  });

  it("is whole where the prompt itself was blocked", async () => {
    answerWith((response) => {
      response.writeHead(200).end(event({ promptFeedback: { blockReason: "SAFETY" } }));
    });
    expect((await stream()).generation).toMatchObject({ kind: "answered", blockReason: "SAFETY" });
  });
});

describe("a call that takes too long, or is not wanted any more", () => {
  /** Answers with headers and a first piece, and no more. */
  function stall(): void {
    answerWith((response) => {
      response.writeHead(200).write(event({ ...piece("Hel"), ...usage(6) }));
    });
  }

  it("is lost at its deadline, the body included", async () => {
    answerWith(() => {});
    expect(await generate({ timeoutSeconds: 0.05 })).toEqual({
      kind: "lost",
      reason: "timeout",
      usage: null,
    });
    stall();
    expect((await stream({ timeoutSeconds: 0.3 })).generation).toMatchObject({
      kind: "lost",
      reason: "timeout",
    });
  });

  it.each([
    ["aborted", undefined],
    ["cancelled", cancelled],
  ])("is lost when it is %s", async (reason, why) => {
    const controller = new AbortController();
    const onText = () => controller.abort(why);
    stall();
    const generation = await generate({ signal: controller.signal, onText });
    expect(generation).toEqual({ kind: "lost", reason, usage: { totalTokenCount: 6 } });
    const unanswered = new AbortController();
    answerWith(() => unanswered.abort(why));
    expect(await generate({ signal: unanswered.signal })).toEqual({ kind: "lost", reason, usage: null });
  });

  it("is not sent where it was given up before", async () => {
    const refused = { kind: "refused", errorCode: "aborted_before_sending", retryable: true };
    for (const why of [undefined, cancelled]) {
      expect(await generate({ signal: AbortSignal.abort(why) })).toEqual(refused);
    }
    expect(requests).toEqual([]);
  });
});

describe("a client", () => {
  it("ends what is under way when it is closed", async () => {
    const closing = new GeminiClient({ apiKey: "secret", baseUrl });
    answerWith(() => {});
    const call = closing.generate(requestOf());
    await eventually(() => expect(requests).toHaveLength(1));
    await closing.close();
    expect(await call).toMatchObject({ kind: "lost", reason: "connection" });
  });
});
