import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { EventParser, readEvents, type ServerSentEvent } from "../src/jobs/server-sent-events.ts";

const stream = [
  '\uFEFFevent: status\r\nid: 1\r\ndata: {"a":1}\r\n\r\n',
  ": still here\n\n",
  "event:token\rdata: zwei\rdata:  Zeilen\r\r",
  "id\ndata\n\n",
  "event: nothing comes of this\n\n",
  "data: füß 🎉\nid: 7\nretry: 10\nunknown: x\n\n",
  "event: cut off\ndata: never whole",
].join("");

const events: ServerSentEvent[] = [
  { event: "status", data: '{"a":1}', id: "1" },
  { event: "token", data: "zwei\n Zeilen", id: "1" },
  { event: "message", data: "", id: "" },
  { event: "message", data: "füß 🎉", id: "7" },
];

function bodyOf(
  pieces: Uint8Array[],
  more: (controller: ReadableStreamDefaultController) => void = (c) => c.close(),
) {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      more(controller);
    },
  });
}

async function collect(body: ReadableStream<Uint8Array>, idleMs = 10_000): Promise<ServerSentEvent[]> {
  const seen: ServerSentEvent[] = [];
  for await (const event of readEvents(body, { firstEventMs: idleMs, idleMs })) seen.push(event);
  return seen;
}

describe("server-sent events", () => {
  it("are the same wherever the bytes are cut", async () => {
    const bytes = new TextEncoder().encode(stream);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 40 }), async (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((end, index) => bytes.slice(places[index], end));
        expect(await collect(bodyOf(pieces))).toEqual(events);
      }),
    );
  });

  it("end when nothing comes for too long, and when the connection breaks off", async () => {
    const piece = new TextEncoder().encode("data: one\n\n");
    const one = [{ event: "message", data: "one", id: "" }];
    let isCancelled = false;
    const silent = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(piece),
      cancel: () => {
        isCancelled = true;
      },
    });
    expect(await collect(silent, 50)).toEqual(one);
    expect(isCancelled).toBe(true);
    let pulls = 0;
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pulls++ === 0) controller.enqueue(piece);
        else controller.error(new Error("reset"));
      },
    });
    expect(await collect(broken)).toEqual(one);
  });

  it("close the connection when their reader stops", async () => {
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\ndata: 2\n\n")),
      cancel: () => {
        isCancelled = true;
      },
    });
    for await (const _ of readEvents(body, { firstEventMs: 1_000, idleMs: 1_000 })) break;
    expect(isCancelled).toBe(true);
  });

  it("keep an id that has no U+0000 in it", () => {
    const parser = new EventParser();
    expect(parser.push("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n").map(({ id }) => id)).toEqual(["1", "1"]);
  });
});
