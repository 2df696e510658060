import { describe, expect, it } from "@jest/globals";
import { answerWith, client, event, piece, requestOf } from "./scripted-gemini.ts";

/** Streams an answer whose bytes come in these pieces, each on its own. @param breaks cuts the connection after them */
async function streamed(pieces: (string | Uint8Array)[], breaks = false) {
  answerWith((response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const write = (left: (string | Uint8Array)[]) => {
      const [next, ...others] = left;
      if (next !== undefined) response.write(next, () => setImmediate(write, others));
      else if (breaks) response.destroy();
      else response.end();
    };
    write(pieces);
  });
  let heard = "";
  const onText = (text: string) => {
    heard += text;
  };
  return { generation: await client.generate(requestOf({ onText })), heard: () => heard };
}

const usageMetadata = { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 };
const begun = event(piece("Hel"));
const ended = event({ ...piece("lo", { finishReason: "STOP" }), usageMetadata });
const whole = { kind: "answered", text: "Hello", finishReason: "STOP", usage: usageMetadata };
const error = { error: { code: 503, status: "UNAVAILABLE", message: "Overloaded." } };

describe("a streamed answer that was whole", () => {
  it.each([
    ["a break of the connection", "", true],
    ["[DONE]", "data: [DONE]\n\n", false],
    ["an event that is an error", `event: error\ndata: ${JSON.stringify(error)}\n\n`, false],
    ["an error in place of an event", `${JSON.stringify(error, undefined, 2)}\n\n`, false],
    ["data that is no JSON", "data: <html>\n\n", false],
    ["half an event", 'data: {"candidates": [', true],
    ["half an event, and a proper close", 'data: {"candidates": [', false],
    ["lines that are no event", "<html>\nBad gateway\n\n</html>", false],
    ["a usage that says nothing", event({ usageMetadata: { promptTokenCount: null } }), true],
  ])("is kept where %s follows", async (_what, rest, breaks) => {
    const { generation, heard } = await streamed([begun, ended, ...(rest ? [rest] : [])], breaks);
    expect(generation).toMatchObject({ ...whole, usage: expect.objectContaining(usageMetadata) });
    expect(heard()).toBe("Hello");
  });

  it("is kept where its usage comes after its end, and where it goes on past its deadline", async () => {
    const end = event(piece("lo", { finishReason: "STOP" }));
    expect((await streamed([begun, end, event({ usageMetadata })], true)).generation).toMatchObject(whole);
    answerWith((response) => {
      response.writeHead(200).write(begun + ended);
    });
    const late = await client.generate(requestOf({ onText: () => {}, timeoutSeconds: 0.3 }));
    expect(late).toMatchObject(whole);
  });

  it("is kept where it was a refusal, or its prompt was one", async () => {
    const refused = event({ ...piece("", { finishReason: "OTHER" }), usageMetadata });
    expect((await streamed([begun, refused], true)).generation).toMatchObject({ blockReason: "OTHER" });
    const blocked = event({ promptFeedback: { blockReason: "SAFETY" } });
    expect((await streamed([blocked], true)).generation).toMatchObject({ isPromptBlocked: true });
  });
});

describe("a streamed answer that was not whole", () => {
  it.each([
    ["the connection breaks", "", true],
    ["[DONE] follows", "data: [DONE]\n\n", false],
    ["an error follows", `data: ${JSON.stringify(error)}\n\n`, false],
    ["an error follows in place of an event", `${JSON.stringify([error], undefined, 2)}\n\n`, false],
    ["what is no JSON follows", "data: <html>\n\n", false],
    ["an end follows that is cut off", ended.slice(0, -20), false],
  ])("is lost where %s", async (_what, rest, breaks) => {
    const usageHeard = event({ ...piece("Hel"), usageMetadata: { promptTokenCount: 5 } });
    const { generation } = await streamed([usageHeard, ...(rest ? [rest] : [])], breaks);
    expect(generation).toMatchObject({
      kind: "lost",
      reason: "connection",
      usage: { promptTokenCount: 5 },
      ...(rest.includes("Overloaded") && { words: { message: "Overloaded." } }),
    });
  });

  it("is lost where it has an end but nothing of its price, and the connection breaks", async () => {
    const end = event(piece("lo", { finishReason: "STOP" }));
    expect((await streamed([begun, end], true)).generation).toMatchObject({ kind: "lost" });
    expect((await streamed([begun, end], false)).generation).toMatchObject({ kind: "answered" });
  });
});

describe("server-sent events", () => {
  const first = piece("Hé");
  const last = { ...piece("llo ✓", { finishReason: "STOP" }), usageMetadata };
  const pretty = (chunk: object) => JSON.stringify(chunk, undefined, 2).split("\n");
  const told = { kind: "answered", text: "Héllo ✓", usage: usageMetadata };

  const ways: [string, string[]][] = [
    ["as Google writes them", [`data: ${JSON.stringify(first)}`, "", `data: ${JSON.stringify(last)}`, ""]],
    [
      "with names, ids, times and comments around the data",
      [": welcome", "", "event: message", "id: 1", `data: ${JSON.stringify(first)}`, "retry: 5", ""].concat([
        ":",
        "id: 2",
        `data:${JSON.stringify(last)}`,
        "event: message",
        "",
      ]),
    ],
    [
      "with data of several lines",
      [
        ...pretty(first).map((line) => `data: ${line}`),
        "",
        ...pretty(last).map((line) => `data:${line}`),
        "",
      ],
    ],
    [
      "with blank lines to spare",
      ["", "", `data: ${JSON.stringify(first)}`, "", "", ""].concat([
        "data",
        "",
        "data:",
        "",
        `data: ${JSON.stringify(last)}`,
        "",
        "",
      ]),
    ],
    [
      "without a blank line at the end",
      [`data: ${JSON.stringify(first)}`, "", `data: ${JSON.stringify(last)}`],
    ],
    [
      "after a byte order mark",
      [`\ufeffdata: ${JSON.stringify(first)}`, "", `data: ${JSON.stringify(last)}`, ""],
    ],
  ];
  const lineEnds: [name: string, end: string][] = [
    ["LF", "\n"],
    ["CRLF", "\r\n"],
    ["CR", "\r"],
  ];

  const written = ways.flatMap(([way, lines]) =>
    lineEnds.map(([name, end]): [string, string, string] => [way, name, lines.join(end) + end]),
  );

  it.each(written)("are read %s, with %s, in one piece and byte by byte", async (_way, _name, text) => {
    const bytes = Buffer.from(text);
    expect((await streamed([bytes])).generation).toMatchObject(told);
    const { generation, heard } = await streamed([...bytes].map((byte) => Uint8Array.of(byte)));
    expect(generation).toMatchObject(told);
    expect(heard()).toBe("Héllo ✓");
  });

  it("of which one is an error end there, after those before it", async () => {
    const text = `${event(first)}event: error\ndata: ${JSON.stringify(error)}\n\n${event(last)}`;
    const { generation, heard } = await streamed([text]);
    expect(generation).toMatchObject({ kind: "lost", words: { message: "Overloaded." } });
    expect(heard()).toBe("Hé");
  });
});
