import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import express from "express";
import { createExpressServer } from "../src/http/fast-server.ts";
import { ProblemError } from "../src/http/problem-error.ts";
import { problemResponses } from "../src/http/problem-responses.ts";
import { readJson } from "../src/http/read-json.ts";

const limits = {
  ...{ headersTimeout: 200, requestTimeout: 400, keepAliveTimeout: 400, connectionsCheckingInterval: 50 },
};

let server: ReturnType<typeof createExpressServer>;

beforeEach(async () => {
  const app = express();
  app.post("/refused", () => {
    throw new ProblemError(401, "unauthorized", "No key.");
  });
  app.post("/read", readJson(1_000_000), (_request, response) => void response.json({ read: true }));
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
