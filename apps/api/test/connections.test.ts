import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { eventually } from "@understudy/testkit";
import express from "express";
import { createExpressServer } from "../src/http/fast-server.ts";
import { ProblemError } from "../src/http/problem-error.ts";
import { problemResponses } from "../src/http/problem-responses.ts";
import { BodiesUnderWay, readJson } from "../src/http/read-json.ts";

const limits = {
  ...{
    headersTimeout: 200,
    requestTimeout: 2_000,
    keepAliveTimeout: 400,
    timeout: 5_000,
    connectionsCheckingInterval: 50,
  },
};

let server: ReturnType<typeof createExpressServer>;

beforeEach(async () => {
  const app = express();
  app.post("/refused", () => {
    throw new ProblemError(401, "unauthorized", "No key.");
  });
  app.post(
    "/read",
    readJson(1_000_000, new BodiesUnderWay()),
    (_request, response) => void response.json({ read: true }),
  );
  const few = new BodiesUnderWay(1_000);
  app.post("/small", readJson(1_000_000, few), (_request, response) => void response.json({ read: true }));
  app.use(problemResponses({ error: () => {} } as never, { note: () => {} } as never));
  server = createExpressServer(app, limits).listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** All that the server says until it closes the connection. */
function sayAndHear(words: string): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.write(words);
  return text(socket);
}

const head = (path: string) => `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n`;

describe("a connection", () => {
  it("is closed where the headers do not come to an end", async () => {
    expect(await sayAndHear(head("/read"))).toMatch(/^HTTP\/1.1 408 /);
  });

  it("is closed where the body does not", async () => {
    expect(await sayAndHear(`${head("/read")}content-length: 100\r\n\r\n{"half`)).toMatch(/^HTTP\/1.1 408 /);
  });

  it("is closed once a request is refused whose body has not come", async () => {
    const answer = await sayAndHear(`${head("/refused")}content-length: 100000\r\n\r\n{"half`);
    expect(answer).toMatch(/^HTTP\/1.1 401 /);
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
  });

  it("goes on for the next request, and is closed when none comes", async () => {
    const whole = `${head("/read")}content-length: 2\r\n\r\n{}`;
    const answers = await sayAndHear(whole + whole);
    expect(answers.match(/HTTP\/1.1 200 /g)).toHaveLength(2);
  });
});

describe("bodies that are under way", () => {
  const request = (size: number, body: string) =>
    sayAndHear(`${head("/small")}content-length: ${size}\r\nconnection: close\r\n\r\n${body}`);

  it("fill no memory: one for which there is no room is refused at once, and there is again when they are over", async () => {
    const waiting = request(900, "{");
    await eventually(async () => {
      const refused = await request(200, "{}");
      expect(refused).toMatch(/^HTTP\/1.1 503 /);
      expect(refused).toMatch(/"code":"overloaded"/);
    });
    expect(await request(2, "{}")).toMatch(/^HTTP\/1.1 200 /);
    // Cut off, since it does not come to an end.
    expect(await waiting).toMatch(/^HTTP\/1.1 408 /);
    expect(await request(900, `{"a":"${"x".repeat(892)}"}`)).toMatch(/^HTTP\/1.1 200 /);
  });
});
