import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { ServerConnections } from "../src/index.ts";

let server: Server;
let connections: ServerConnections;
/** Answers that the test gives itself, by path. */
let held: Map<string, ServerResponse>;

/** Longer than any of this takes, on a busy machine too: who closes within it has not cut off anybody. */
const graceMs = 60_000;

/** Longer than an idle connection is kept. */
const longMs = 900;

const bigBytes = 32 * 1024 * 1024;

beforeEach(async () => {
  held = new Map();
  server = createServer((request, response) => {
    if (request.url === "/big") response.end(Buffer.alloc(bigBytes, "b"));
    else if (request.url?.startsWith("/held")) held.set(request.url, response);
    else response.end("answer");
  });
  connections = new ServerConnections(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
});

afterEach(() => connections.close(0));

async function open(sent = ""): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(sent);
  return socket;
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: here\r\n\r\n`;

/** Until what was begun before has had its turn. */
const turn = () => sleep(20);

/** @returns how long it took */
async function close(ms: number): Promise<number> {
  const since = performance.now();
  await connections.close(ms);
  return performance.now() - since;
}

it("closes at once where nobody is connected", async () => {
  expect(await close(graceMs)).toBeLessThan(graceMs);
});

it("closes who says nothing, before anything was asked and after an answer", async () => {
  const silent = await open();
  const idle = await open(get("/"));
  await once(idle, "data");
  expect(await close(graceMs)).toBeLessThan(graceMs);
  expect(await Promise.all([text(silent), text(idle)])).toEqual(["", ""]);
});

it("keeps a connection open that was just free: the next request is answered, and told that it was the last", async () => {
  const socket = await open(get("/"));
  await once(socket, "data");
  const closed = close(graceMs);
  await turn();
  socket.write(get("/"));
  expect(await text(socket)).toMatch(/connection: close\r\n.*answer$/is);
  expect(await closed).toBeLessThan(graceMs);
});

it("takes no more connections", async () => {
  const { port } = server.address() as AddressInfo;
  await open(get("/held"));
  const closed = close(1_000);
  await turn();
  const late = connect(port, "127.0.0.1");
  await expect(once(late, "connect")).rejects.toThrow("ECONNREFUSED");
  await closed;
});

it("takes connections while it drains, and says to each that it closes, also to who waits already", async () => {
  const waiting = await open(get("/held"));
  while (!held.has("/held")) await sleep(1);
  connections.drain();
  expect(await text(await open(get("/")))).toMatch(/connection: close\r\n/i);
  held.get("/held")?.end();
  expect(await text(waiting)).toMatch(/connection: close\r\n/i);
});

it("waits for what is half sent", async () => {
  const first = await open("GET / HTT");
  const next = await open(get("/"));
  await once(next, "data");
  next.write("GET / HT");
  // Both beginnings have been read when this is answered.
  await once(await open(get("/")), "data");
  const closed = close(graceMs);
  await sleep(longMs);
  first.write("P/1.1\r\nhost: here\r\n\r\n");
  next.write("TP/1.1\r\nhost: here\r\n\r\n");
  for (const answer of await Promise.all([text(first), text(next)])) expect(answer).toMatch(/answer$/);
  expect(await closed).toBeLessThan(graceMs);
});

it("waits for who reads slowly what was answered, to the last byte", async () => {
  const socket = await open(get("/big"));
  await once(socket, "readable");
  const closed = close(graceMs);
  await sleep(longMs);
  expect((await text(socket)).length).toBeGreaterThan(bigBytes);
  await closed;
});

it("answers all that was asked on one connection before it closes, the last of them saying so", async () => {
  const socket = await open(get("/held/1") + get("/held/2"));
  while (held.size < 2) await sleep(1);
  const closed = close(graceMs);
  // Asked when the others have been told.
  socket.write(get("/held/3"));
  while (held.size < 3) await sleep(1);
  for (const [path, answer] of held) answer.end(path);
  const heads = (await text(socket)).match(/connection: [\w-]+|\/held\/\d/gi);
  expect(heads).toEqual([
    ...["Connection: keep-alive", "/held/1", "Connection: keep-alive", "/held/2"],
    ...["Connection: close", "/held/3"],
  ]);
  expect(await closed).toBeLessThan(graceMs);
});

it("ends a stream's connection when the stream ends, though its head said that it would stay", async () => {
  const socket = await open(get("/held"));
  while (!held.has("/held")) await sleep(1);
  held.get("/held")?.write("piece");
  await once(socket, "readable");
  const closed = close(graceMs);
  held.get("/held")?.end();
  expect(await text(socket)).toMatch(/keep-alive.*piece\r\n0\r\n\r\n$/s);
  expect(await closed).toBeLessThan(graceMs);
});

it("cuts off what takes longer than its grace", async () => {
  const stuck = await Promise.all([open("GET / HT"), open(get("/held")), open(get("/big"))]);
  await once(stuck[2] as Socket, "readable");
  expect(await close(700)).toBeGreaterThan(690);
  for (const socket of stuck) socket.destroy();
});
