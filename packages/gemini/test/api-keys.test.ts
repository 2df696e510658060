import { describe, expect, it } from "@jest/globals";
import { ApiKeys } from "../src/api-keys.ts";
import { GeminiClient } from "../src/gemini-client.ts";
import { answerJson, answerWith, baseUrl, piece, requestOf, requests } from "./scripted-gemini.ts";

const keyInvalid = {
  error: {
    code: 400,
    status: "INVALID_ARGUMENT",
    message: "API key not valid.",
    details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID" }],
  },
};

/** A client with these keys, of a Gemini that refuses some of them so. @returns what it answered, and the keys it was sent */
async function ask(apiKey: string, calls: number, refuses: Record<string, [number, object]> = {}) {
  answerWith((response, { headers }) => {
    const [status, body] = refuses[String(headers["x-goog-api-key"])] ?? [
      200,
      piece("Hi", { finishReason: "STOP" }),
    ];
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  const client = new GeminiClient({ apiKey, baseUrl });
  const kinds: string[] = [];
  for (let call = 0; call < calls; call++) kinds.push((await client.generate(requestOf())).kind);
  await client.close();
  return { kinds, sent: requests.map(({ headers }) => headers["x-goog-api-key"]) };
}

describe("several API keys", () => {
  it("are used in turn", async () => {
    expect((await ask(" one, two,,three,one ", 4)).sent).toEqual(["one", "two", "three", "one"]);
  });

  it.each<[number, object]>([
    [401, {}],
    [403, { error: { status: "PERMISSION_DENIED" } }],
    [400, keyInvalid],
  ])("of which one is refused with %i go on without it", async (status, body) => {
    const { kinds, sent } = await ask("one,two", 4, { one: [status, body] });
    expect(kinds).toEqual(["answered", "answered", "answered", "answered"]);
    expect(sent).toEqual(["one", "two", "two", "two", "two"]);
  });

  it("that are all refused are tried once each, and the last refusal is told", async () => {
    const { kinds, sent } = await ask("one,two,three", 1, {
      one: [403, {}],
      two: [401, {}],
      three: [403, {}],
    });
    expect(kinds).toEqual(["refused"]);
    expect(sent).toEqual(["one", "two", "three"]);
  });

  it("are not tried one after the other where the request is at fault, or the quota is", async () => {
    for (const status of [400, 404, 429, 500]) {
      requests.length = 0;
      const { kinds, sent } = await ask("one,two", 1, { one: [status, { error: { status: "X" } }] });
      expect([kinds, sent]).toEqual([["refused"], ["one"]]);
    }
  });

  it("of which there is one are that one, refused or not", async () => {
    answerJson(keyInvalid, 400);
    expect((await ask("one", 2, { one: [400, keyInvalid] })).sent).toEqual(["one", "one"]);
  });
});

describe("a key that was refused", () => {
  it("is back after five minutes, and before where no other is left", () => {
    let now = 0;
    const keys = new ApiKeys("one,two", () => now);
    expect([keys.next(), keys.leaveOut("one"), keys.next(), keys.next()]).toEqual([
      "one",
      true,
      "two",
      "two",
    ]);
    now = 299_999;
    expect([keys.next(), keys.next()]).toEqual(["two", "two"]);
    expect(keys.leaveOut("two")).toBe(false);
    expect(new Set([keys.next(), keys.next()])).toEqual(new Set(["one", "two"]));
    now = 300_000;
    expect([keys.next(), keys.next()]).toEqual(["one", "one"]);
  });

  it("is none where none is given", () => {
    expect(new ApiKeys(" , ").next()).toBe("");
    expect(new ApiKeys("").all).toEqual([""]);
  });
});
