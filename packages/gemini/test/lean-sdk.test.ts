import { once } from "node:events";
import { readFileSync } from "node:fs";
import { GoogleGenAI } from "@google/genai";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Agent } from "undici";
import { HttpExchange } from "../src/http-exchange.ts";
import { LeanGenAI } from "../src/lean-sdk.ts";
import { answerJson, answerWith, baseUrl, event, piece, requests } from "./scripted-gemini.ts";

let agent: Agent;
let lean: LeanGenAI;
let original: GoogleGenAI;

beforeEach(() => {
  const options = { vertexai: false, apiKey: "secret", httpOptions: { baseUrl, apiVersion: "v1beta" } };
  agent = new Agent();
  lean = new LeanGenAI(options, agent);
  original = new GoogleGenAI(options);
});

afterEach(() => agent.destroy());

const sent = { "x-understudy-call-id": "call_1", "x-goog-api-key": "other" };

/** What comes of a request, or the words of what was thrown instead. */
async function ask({ models }: GoogleGenAI, isStreamed: boolean, httpOptions: object = { headers: sent }) {
  const request = {
    model: "tunedModels/a b:ü",
    contents: [{ role: "user", parts: [{ text: "Hello" }] }],
    config: { automaticContinuation: false, systemInstruction: "Be kind.", maxOutputTokens: 7, httpOptions },
  };
  try {
    const answers: object[] = [];
    if (isStreamed)
      for await (const chunk of await models.generateContentStream(request)) answers.push(chunk);
    else answers.push(await models.generateContent(request));
    // What it tells of headers nobody reads.
    return answers.map((answer) => ({ ...answer, sdkHttpResponse: undefined }));
  } catch (error) {
    return (error as Error).message;
  }
}

/** What goes out, whatever connection it takes and however its encoding is spelt. */
const outgoing = () =>
  requests.map(({ clientPort: _port, headers, ...request }) => {
    const { connection: _c, accept: _a, "accept-language": _l, "accept-encoding": _e, ...rest } = headers;
    const { "sec-fetch-mode": _m, "sec-fetch-site": _s, "sec-fetch-dest": _d, ...own } = rest;
    return { ...request, headers: own };
  });

describe("the patched SDK", () => {
  it("is the one that the patch was made for", () => {
    const manifest = new URL("../node_modules/@google/genai/package.json", import.meta.url);
    // Of another version read `ApiClient` and `generateContentStreamInternal` first: what does its transport do now?
    expect(JSON.parse(readFileSync(manifest, "utf8")).version).toBe("3.1.0");
  });

  it.each([false, true])("asks as the original does, streamed: %s", async (isStreamed) => {
    answerWith(
      (response) => void response.end(isStreamed ? event(piece("Hi")) : JSON.stringify(piece("Hi"))),
    );
    const answers = await ask(original, isStreamed);
    expect(await ask(lean, isStreamed, new HttpExchange(sent))).toEqual(answers);
    const [originals, ours, ...more] = outgoing();
    expect(ours).toEqual(originals);
    expect(more).toEqual([]);
    expect(ours?.headers).toMatchObject({ ...sent, "content-type": "application/json" });
  });

  it.each([
    ["an object", '{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}', "application/json; charset=UTF-8"],
    ["a list", '[{"error":{"code":400}}]', "application/json"],
  ])("words an error as the original does: %s", async (_what, body, type) => {
    answerJson(body, 429, { "content-type": type });
    for (const isStreamed of [false, true]) {
      expect(await ask(lean, isStreamed, new HttpExchange(sent))).toBe(await ask(original, isStreamed));
    }
  });

  it("words an error that is a text in Gemini's form", async () => {
    answerJson("No way.", 403, { "content-type": "text/plain" });
    expect(JSON.parse(String(await ask(lean, true, new HttpExchange(sent))))).toEqual({
      error: { message: "No way." },
    });
  });

  it("asks nothing by another transport", async () => {
    expect(await ask(lean, false)).toMatch("without an exchange");
    await expect(lean.models.list()).rejects.toThrow("without an exchange");
    expect(requests).toEqual([]);
  });
});

describe("an exchange", () => {
  const get = async (exchange = new HttpExchange({})) => {
    await exchange.begin(agent, { origin: baseUrl, path: "/", method: "POST", body: "{}" });
    return exchange;
  };

  it("shows the status and all headers of its answer, but not of an interim one", async () => {
    answerWith((response) => {
      response.writeEarlyHints({ link: "</a>; rel=preload" });
      response.writeHead(201, { a: "1", "set-cookie": ["b=2", "c=3"] }).end("ü");
    });
    const exchange = await get();
    expect(exchange.seen).toEqual({
      status: 201,
      headers: expect.objectContaining({ a: "1", "set-cookie": "b=2, c=3" }),
    });
    expect(exchange.seen?.headers).not.toHaveProperty("link");
    expect(await exchange.text()).toBe("ü");
  });

  it("gives what has come before it is ended, and then throws", async () => {
    answerWith((response) => void response.write("data: 1\n\ndata: 2\n\n"));
    const exchange = await get();
    const heard: string[] = [];
    const hear = async () => {
      for await (const data of exchange.events((data) => data)) {
        heard.push(data);
        exchange.abort();
      }
    };
    await expect(hear()).rejects.toThrow("ended");
    expect(heard).toEqual(["1", "2"]);
  });

  it("that is read no further is ended, and its connection with it", async () => {
    let closed = Promise.resolve<unknown>(undefined);
    answerWith((response) => {
      closed = once(response, "close");
      response.write("data: piece\n\n");
    });
    for await (const data of (await get()).events((data) => data)) {
      expect(data).toBe("piece");
      break;
    }
    await closed;
  });

  it("that was ended before it began is not sent", async () => {
    const exchange = new HttpExchange({});
    exchange.abort();
    await expect(get(exchange)).rejects.toThrow("ended");
    expect(requests).toEqual([]);
  });

  it("that is ended while its connection is made is over at once, and not sent", async () => {
    const exchange = new HttpExchange({});
    const asked = get(exchange);
    exchange.abort();
    await expect(asked).rejects.toThrow("ended");
    await get();
    expect(requests).toHaveLength(1);
  });
});
