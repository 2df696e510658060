import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { GoogleGenAI } from "@google/genai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { ChatGoogleGenerativeAI, GoogleGenerativeAIEmbeddings } from "@langchain/google-genai";
import { embed, generateText, streamText } from "ai";
import { type Emulated, emulate } from "./emulated.ts";

/** Clients that nobody here wrote take the emulator for Gemini. */

const model = "gemini-3.5-flash-lite";
const embedder = "gemini-embedding-2";
const prompt = "Say hello";
const apiKey = "key";
const said = "Hello! What can I do for you?";

/** What a client made of three answers. */
interface Tried {
  text: string;
  streamed: string[];
  vector: number[];
  /** As the client counts them: of the prompt and of the answer. */
  tokens: [number | undefined, number | undefined];
}

let emulated: Emulated;
beforeAll(async () => {
  emulated = await emulate();
});
beforeEach(() => emulated.post("/_emulator/reset", {}));
afterAll(() => emulated.emulator.stop());

const clients: Record<string, (url: string) => Promise<Tried>> = {
  async "@google/genai"(baseUrl) {
    const { models } = new GoogleGenAI({ apiKey, httpOptions: { baseUrl, fetch } });
    const config = { automaticContinuation: false };
    const { text, usageMetadata } = await models.generateContent({ model, contents: prompt, config });
    const streamed: string[] = [];
    const stream = await models.generateContentStream({ model, contents: prompt, config });
    for await (const chunk of stream) streamed.push(chunk.text ?? "");
    const { embeddings } = await models.embedContent({ model: embedder, contents: prompt });
    return {
      text: text ?? "",
      streamed,
      vector: embeddings?.[0]?.values ?? [],
      tokens: [usageMetadata?.promptTokenCount, usageMetadata?.candidatesTokenCount],
    };
  },

  async "@ai-sdk/google"(url) {
    const google = createGoogleGenerativeAI({ apiKey, baseURL: `${url}/v1beta`, fetch });
    const { text, usage } = await generateText({ model: google(model), prompt });
    const streamed: string[] = [];
    for await (const chunk of streamText({ model: google(model), prompt }).textStream) streamed.push(chunk);
    const { embedding } = await embed({ model: google.embedding(embedder), value: prompt });
    return { text, streamed, vector: embedding, tokens: [usage.inputTokens, usage.outputTokens] };
  },

  async "@langchain/google-genai"(baseUrl) {
    const chat = new ChatGoogleGenerativeAI({ apiKey, baseUrl, model, maxRetries: 0 });
    const { content, usage_metadata } = await chat.invoke(prompt);
    // Its types lose the fields of this one.
    const usage = usage_metadata as { input_tokens: number; output_tokens: number } | undefined;
    const streamed: string[] = [];
    for await (const chunk of await chat.stream(prompt)) streamed.push(String(chunk.content));
    const vector = await new GoogleGenerativeAIEmbeddings({ apiKey, baseUrl, model: embedder }).embedQuery(
      prompt,
    );
    return {
      text: String(content),
      streamed,
      vector,
      tokens: [usage?.input_tokens, usage?.output_tokens],
    };
  },
};

describe.each(Object.entries(clients))("%s", (_name, tryOut) => {
  it("generates, streams and embeds, and counts what is billed", async () => {
    const { text, streamed, vector, tokens } = await tryOut(emulated.emulator.url);
    expect(text).toBe(said);
    expect(streamed.join("")).toBe(said);
    expect(streamed.filter(Boolean).length).toBeGreaterThan(1);
    expect(vector).toHaveLength(3072);
    const { calls } = await emulated.bill();
    expect(calls).toMatchObject([
      { method: "generateContent", model, modelVersion: model, status: 200, aborted: false },
      { method: "streamGenerateContent", model, modelVersion: model, status: 200, aborted: false },
      { method: expect.stringMatching(/^(embedContent|batchEmbedContents)$/), model: embedder, status: 200 },
    ]);
    const [generated, streaming] = calls.map(({ usageMetadata }) => usageMetadata);
    expect(tokens).toEqual([generated?.promptTokenCount, generated?.candidatesTokenCount]);
    expect(streaming).toEqual(generated);
  });
});
