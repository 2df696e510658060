import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "@jest/globals";
import express from "express";
import { problemResponses } from "../src/http/problem-responses.ts";
import { shedLoad } from "../src/http/shed-load.ts";

let close = (): void => {};

afterEach(() => close());

/** An app whose every request keeps the event loop busy for so long. @returns what asks for paths, all in one moment */
async function busyApp(busyMs: number): Promise<(paths: string[]) => Promise<string[]>> {
  const app = express();
  app.use(shedLoad());
  app.get(["/healthz", "/work"], (request, response) => {
    const until = performance.now() + (request.path === "/work" ? busyMs : 0);
    while (performance.now() < until);
    response.json({ status: "ok" });
  });
  app.use(problemResponses({ error: () => {} } as never, { note: () => {} } as never));
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  close = () => void server.close();
  return async (paths) => {
    const sockets = paths.map(() => connect((server.address() as AddressInfo).port, "127.0.0.1"));
    // Connections are accepted one a turn: once each has been heard, all are.
    for (const socket of sockets) socket.write("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n");
    await Promise.all(sockets.map((socket) => once(socket, "data")));
    // Written before anything is read: the server finds all in one turn.
    for (const [index, socket] of sockets.entries()) {
      socket.write(`GET ${paths[index]} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
    }
    return await Promise.all(sockets.map((socket) => text(socket)));
  };
}

const statusOf = (answer: string) => Number(answer.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length));

describe("more to do than can be done", () => {
  it("is refused so that others are answered, and health is always told", async () => {
    const ask = await busyApp(50);
    const paths = Array.from({ length: 100 }, (_, index) => (index % 5 === 4 ? "/healthz" : "/work"));
    const answers = await ask(paths);
    const work = answers.filter((_, index) => paths[index] === "/work");
    const statuses = work.map(statusOf);
    // Some ten of 50 ms are begun in half a second.
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(5);
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(20);
    const refused = work.find((answer) => statusOf(answer) === 503);
    expect(refused).toMatch(/\r\nretry-after: 1\r\n/i);
    expect(refused).toMatch(/"code":"overloaded"/);
    const health = answers.filter((_, index) => paths[index] === "/healthz");
    expect(new Set(health.map(statusOf))).toEqual(new Set([200]));
    // And it goes on.
    expect((await ask(["/work"])).map(statusOf)).toEqual([200]);
  });

  it("is no matter of how many come, where they cost little", async () => {
    const ask = await busyApp(0);
    const answers = await ask(Array.from({ length: 300 }, () => "/work"));
    expect(new Set(answers.map(statusOf))).toEqual(new Set([200]));
  });
});
