import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Agent } from "undici";
import { type Exchange, leanFetch } from "../src/lean-fetch.ts";

let server: Server;
let agent: Agent;
let url: URL;
/** How the server answers, and the method of what it was asked last. */
let answer: (response: ServerResponse) => void;
let method: string | undefined;
/** What was seen, by the id of its call. */
let observed: [callId: string, exchange: Exchange][];
let fetchLean: typeof fetch;

beforeEach(async () => {
  server = createServer((request, response) => {
    method = request.method;
    answer(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  agent = new Agent();
  observed = [];
  fetchLean = leanFetch(agent, "x-call", (callId, exchange) => observed.push([callId, exchange]));
});

afterEach(async () => {
  await agent.destroy();
  server.closeAllConnections();
  server.close();
});

const get = (headers: Record<string, string> = {}) => fetchLean(url, { headers: Object.entries(headers) });

describe("a lean answer", () => {
  it("is seen under the id of its call, with all of its headers", async () => {
    answer = (response) => response.writeHead(201, { a: "1", "set-cookie": ["b=2", "c=3"] }).end();
    await get({ "x-call": "call_1" });
    expect(observed).toEqual([
      ["call_1", { status: 201, headers: expect.objectContaining({ a: "1", "set-cookie": "b=2, c=3" }) }],
    ]);
    expect(method).toBe("GET");
  });

  it("of a call without an id is seen by nobody", async () => {
    answer = (response) => response.end();
    await get();
    expect(observed).toEqual([]);
  });

  it("is read whole, as text or as JSON", async () => {
    answer = (response) => response.end('{"a":1}');
    expect(await (await get()).text()).toBe('{"a":1}');
    expect(await (await get()).json()).toEqual({ a: 1 });
  });

  it("has its headers where it is an error, and is well below 300", async () => {
    const read = async (status: number) => {
      answer = (response) => response.writeHead(status, { a: "1" }).end();
      const { ok, headers } = await get();
      return [ok, headers.get("a")];
    };
    expect(await Promise.all([await read(200), await read(299), await read(300)])).toEqual([
      [true, null],
      [true, null],
      [false, "1"],
    ]);
  });

  it("that is read no further is ended, and its connection with it", async () => {
    let closed = Promise.resolve<unknown>(undefined);
    answer = (response) => {
      closed = once(response, "close");
      response.write("data: piece\n\n");
    };
    const reader = (await get()).body?.getReader();
    expect(String((await reader?.read())?.value)).toBe("data: piece\n\n");
    reader?.releaseLock();
    await closed;
  });
});
