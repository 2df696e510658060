import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type LookupFunction,
  type Server,
} from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { createTestCertificate, eventually } from "@understudy/testkit";
import { type EventPoster, openPoster, type PostSettings } from "../src/webhooks/post-event.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const kiB = 1024;
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    requests.push({ request, body: Buffer.concat(chunks).toString() });
    answer(request, response);
  });
});
const requests: { request: IncomingMessage; body: string }[] = [];
let answer: Answer;
let url: string;
const posters: EventPoster[] = [];

async function listen(listener: Server): Promise<number> {
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return (listener.address() as AddressInfo).port;
}

beforeAll(async () => {
  url = `http://127.0.0.1:${await listen(server)}`;
});

afterEach(async () => {
  for (const poster of posters.splice(0)) await poster.close();
  requests.splice(0);
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function open(more: Partial<PostSettings> = {}): EventPoster {
  const poster = openPoster({ timeoutMs: 10_000, allowPrivate: true, ...more });
  posters.push(poster);
  return poster;
}

/** What is given to who posts to a receiver that answers so. */
function post(receiver: Answer, more: Partial<PostSettings> = {}) {
  answer = receiver;
  return open(more).post(`${url}/hook`, {}, "{}");
}

const sockets = () => new Set(requests.map(({ request }) => request.socket)).size;

describe("a posted event", () => {
  it("comes as it was sent, to that path", async () => {
    answer = (_request, response) => response.writeHead(204).end();
    const headers = { "content-type": "application/json", "webhook-id": "evt_1" };
    const given = await open().post(`${url}/hook/1?x=%20y&z#part`, headers, '{"n":"é"}');
    expect(given).toStrictEqual({ ms: expect.any(Number), httpStatus: 204 });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      body: '{"n":"é"}',
      request: { method: "POST", url: "/hook/1?x=%20y&z", headers },
    });
  });

  it("is answered after so many whole milliseconds", async () => {
    const { ms } = await post((_request, response) => setTimeout(() => response.end(), 60));
    expect(ms).toBeGreaterThanOrEqual(55);
    expect(ms).toBeLessThan(5_000);
    expect(Number.isInteger(ms)).toBe(true);
  });

  it.each([
    [299, undefined],
    [300, "redirect"],
    [304, "redirect"],
    [399, "redirect"],
    [400, undefined],
    [500, undefined],
  ])("that is answered %d has the error %s", async (status, error) => {
    const { httpStatus, error: given } = await post((_request, response) => response.writeHead(status).end());
    expect({ httpStatus, given }).toEqual({ httpStatus: status, given: error });
  });

  it("is answered after interim answers that nobody asked for", async () => {
    const other = createTcpServer((socket) => {
      socket
        .on("error", () => {})
        .once("data", () => {
          socket.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n");
          setTimeout(() => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"), 20);
        });
    });
    const port = await listen(other);
    expect(await open().post(`http://127.0.0.1:${port}/`, {}, "{}")).toEqual({
      ms: expect.any(Number),
      httpStatus: 200,
      body: "ok",
    });
    other.close();
  });

  it("is left alone where interim answers come without end, or another protocol", async () => {
    const other = createTcpServer((socket) => {
      socket
        .on("error", () => {})
        .once("data", (data) => {
          if (String(data).includes("/upgrade"))
            socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n");
          else {
            const flood = () => {
              while (socket.writable && socket.write("HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000)));
            };
            socket.on("drain", flood);
            flood();
          }
        });
    });
    const port = await listen(other);
    for (const path of ["/flood", "/upgrade"]) {
      const { ms, error } = await open().post(`http://127.0.0.1:${port}${path}`, {}, "{}");
      expect({ path, error }).toEqual({ path, error: "answer_not_http" });
      expect(ms).toBeLessThan(5_000);
    }
    other.close();
  });

  it("comes once more where its connection was closed as it was taken up again", async () => {
    const poster = open();
    answer = (_request, response) => void response.end("ok");
    expect(await poster.post(url, {}, "1")).toMatchObject({ httpStatus: 200 });
    await nextTurn();
    // Closed unanswered when something comes, as a receiver does whose time for idle ones is over.
    let isFirst = true;
    answer = (request, response) => {
      if (isFirst) request.socket.destroy();
      else response.end("ok");
      isFirst = false;
    };
    expect(await poster.post(url, {}, "2")).toMatchObject({ httpStatus: 200, body: "ok" });
    expect(requests.map(({ body }) => body)).toEqual(["1", "2", "2"]);
    // One that was made for it and is lost was not idle.
    answer = (request) => void request.socket.destroy();
    expect(await open().post(url, {}, "3")).toMatchObject({ error: "connection_lost" });
    expect(requests.filter(({ body }) => body === "3")).toHaveLength(1);
  });

  it.each([
    [[["retry-after", "7"]], "7"],
    [
      [
        ["retry-after", "8"],
        ["retry-after", "9"],
      ],
      "8",
    ],
    [[], undefined],
  ])("has the first Retry-After of %j", async (headers, retryAfter) => {
    const given = await post((_request, response) =>
      response.writeHead(503, (headers as string[][]).flat()).end(),
    );
    expect(given.retryAfter).toBe(retryAfter);
    expect("retryAfter" in given).toBe(retryAfter !== undefined);
  });
});

describe("of an answer", () => {
  it.each([1, 1023, 1024, 1025, 5_000])("of %d bytes the first KiB is kept", async (size) => {
    const text = Array.from({ length: size }, (_, at) => at % 10).join("");
    expect(await post((_request, response) => response.end(text))).toMatchObject({
      body: text.slice(0, 1024),
    });
  });

  it("that comes in parts the first KiB of all together is kept", async () => {
    const { body } = await post((_request, response) => {
      const parts = ["a", "b", "c"].map((letter) => letter.repeat(600));
      const next = () => {
        const part = parts.shift();
        if (part === undefined) response.end();
        else response.write(part, () => setTimeout(next, 20));
      };
      next();
    });
    expect(body).toBe("a".repeat(600) + "b".repeat(424));
  });

  it("what Postgres can't store is replaced", async () => {
    const { body } = await post((_request, response) => response.end("no\0way\0"));
    expect(body).toBe("no\uFFFDway\uFFFD");
  });

  it.each([
    [64 * kiB, 1],
    [64 * kiB + 1, 2],
  ])("%d bytes are read, and then %d connections made for two", async (size, connections) => {
    const poster = open();
    answer = (_request, response) =>
      response.writeHead(200, { "content-length": size }).end("x".repeat(size));
    for (let turn = 0; turn < 2; turn++) {
      expect(await poster.post(url, {}, "{}")).toEqual({
        ms: expect.any(Number),
        httpStatus: 200,
        body: "x".repeat(1024),
      });
      // A connection that is kept is free by then.
      await nextTurn();
    }
    expect(sockets()).toBe(connections);
  });

  it("that never ends no more is read, and it counts as it began", async () => {
    let closed = false;
    const given = await post((_request, response) => {
      response.on("close", () => {
        closed = true;
      });
      const pour = () => {
        while (response.writable && response.write("x".repeat(16 * kiB)));
      };
      response.on("drain", pour);
      pour();
    });
    expect(given).toEqual({ ms: expect.any(Number), httpStatus: 200, body: "x".repeat(1024) });
    await eventually(() => expect(closed).toBe(true));
  });

  it("headers of more than 16 KiB are not read", async () => {
    const withHeader = (size: number) =>
      post((_request, response) => response.writeHead(200, { filler: "x".repeat(size) }).end());
    expect(await withHeader(15 * kiB)).toMatchObject({ httpStatus: 200 });
    expect(await withHeader(17 * kiB)).toMatchObject({ error: "answer_not_http" });
  });
});

describe("a receiver that takes too long", () => {
  const short = { timeoutMs: 150 };

  it("is left alone after that time, whether it says nothing or never ends", async () => {
    const silent = await post(() => {}, short);
    expect(silent).toEqual({ ms: expect.any(Number), error: "timeout" });
    expect(silent.ms).toBeGreaterThanOrEqual(145);
    expect(silent.ms).toBeLessThan(5_000);
    let closed = false;
    const dripping = await post((_request, response) => {
      const timer = setInterval(() => response.write("."), 10);
      response.on("close", () => {
        clearInterval(timer);
        closed = true;
      });
    }, short);
    expect(dripping).toMatchObject({
      httpStatus: 200,
      error: "timeout",
      body: expect.stringMatching(/^\.+$/),
    });
    await eventually(() => expect(closed).toBe(true));
  });

  it("to be found is not called after that time", async () => {
    const answers: (() => void)[] = [];
    const here = [{ address: "127.0.0.1", family: 4 }];
    /** Answers the first look when it is told to, and all others at once. */
    const late: LookupFunction = (_hostname, _options, callback) => {
      if (answers.push(() => callback(null, here)) > 1) callback(null, here);
    };
    answer = (_request, response) => response.end();
    const poster = open({ timeoutMs: 150, lookup: late });
    const named = `http://late.test:${new URL(url).port}/`;
    expect(await poster.post(named, {}, "late")).toMatchObject({ error: "timeout" });
    answers[0]?.();
    await eventually(async () =>
      expect(await poster.post(named, {}, "next")).toMatchObject({ httpStatus: 200 }),
    );
    expect(requests.map(({ body }) => body)).not.toContain("late");
  });
});

describe("what went wrong is named in words of ours", () => {
  const failing = (fault: object) => {
    const lookup: LookupFunction = (_hostname, _options, callback) =>
      callback(Object.assign(new Error("no"), fault), []);
    return open({ lookup, allowPrivate: false }).post("http://app.test/", {}, "{}");
  };

  it.each([
    ["ENOTFOUND", "name_not_found"],
    ["EAI_AGAIN", "name_not_found"],
    ["ETIMEDOUT", "timeout"],
    ["ESOCKETTIMEDOUT", "timeout"],
    ["ECONNREFUSED", "connection_refused"],
    ["ECONNRESET", "connection_lost"],
    ["EPIPE", "connection_lost"],
    ["CERT_HAS_EXPIRED", "certificate_refused"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "certificate_refused"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "certificate_refused"],
    ["ERR_TLS_HANDSHAKE", "certificate_refused"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "certificate_refused"],
    ["EPROTO", "certificate_refused"],
    ["HPE_HEADER_OVERFLOW", "answer_not_http"],
    ["HPE_INVALID_CONSTANT", "answer_not_http"],
    ["EHOSTUNREACH", "connection_failed"],
    ["EPROTONOSUPPORT", "connection_failed"],
    ["ERR_HTTP_CONTENT_LENGTH_MISMATCH", "connection_failed"],
    [42, "connection_failed"],
    [undefined, "connection_failed"],
  ])("%s: %s", async (code, error) => {
    expect(await failing(code === undefined ? {} : { code })).toStrictEqual({
      ms: expect.any(Number),
      error,
    });
  });

  it("a receiver that is not there, breaks off, or does not speak HTTP", async () => {
    const other = createTcpServer(
      (socket) =>
        void socket
          .on("error", () => {})
          .resume()
          .end("220 mail.test ready\r\n"),
    );
    const port = await listen(other);
    expect(await open().post(`http://127.0.0.1:${port}/`, {}, "{}")).toMatchObject({
      error: "answer_not_http",
    });
    other.close();
    await once(other, "close");
    expect(await open().post(`http://127.0.0.1:${port}/`, {}, "{}")).toMatchObject({
      error: "connection_refused",
    });
    expect(await post((request) => request.socket.destroy())).toMatchObject({ error: "connection_lost" });
  });

  it("a receiver whose certificate nobody vouches for", async () => {
    const { certificateFile, keyFile, remove } = await createTestCertificate();
    const [cert, key] = [certificateFile, keyFile].map((file) => readFileSync(file));
    const secure = createTlsServer({ cert, key }, (_request, response) => response.end());
    const port = await listen(secure);
    expect(await open().post(`https://127.0.0.1:${port}/`, {}, "{}")).toEqual({
      ms: expect.any(Number),
      error: "certificate_refused",
    });
    secure.close();
    await remove();
  });

  it("what is no URL, or can't be sent", async () => {
    const failed = { ms: expect.any(Number), error: "connection_failed" };
    expect(await open().post("hook", {}, "{}")).toEqual(failed);
    expect(await open().post(url, { "bad header": "x" }, "{}")).toEqual(failed);
    expect(requests).toEqual([]);
  });

  it("what is broken off as we stop", async () => {
    const poster = open();
    answer = () => void poster.close();
    expect(await poster.post(url, {}, "{}")).toEqual({ ms: expect.any(Number), error: "connection_failed" });
  });
});
