import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { eventually, type Link, startLink } from "../src/index.ts";

/** Answers each line with its own name and the line. */
async function startServer(name: string): Promise<{ server: Server; port: number; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.setEncoding("utf8").on("data", (text: string) => socket.write(`${name}:${text}`));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port, sockets };
}

interface Client {
  socket: Socket;
  heard: string;
  /** How it ended: the error's code, or "ended". */
  end: string | undefined;
}

let servers: Awaited<ReturnType<typeof startServer>>[];
let link: Link;
const clients: Client[] = [];

async function open(): Promise<Client> {
  const socket = connect(link.port, "127.0.0.1");
  const client: Client = { socket, heard: "", end: undefined };
  clients.push(client);
  socket.setEncoding("utf8").on("data", (text: string) => {
    client.heard += text;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    client.end = error.code;
  });
  socket.on("close", () => {
    client.end ??= "ended";
  });
  await once(socket, "connect");
  return client;
}

const hears = (client: Client, text: string) => eventually(() => expect(client.heard).toBe(text));
const endsAs = (client: Client, how: RegExp) => eventually(() => expect(client.end).toMatch(how));

async function say(client: Client, text: string): Promise<void> {
  client.socket.write(text);
  await hears(client, `one:${text}`);
  client.heard = "";
}

/** Long enough that what passes would have come: another connection's answer has. */
async function whileOthersTalk(): Promise<void> {
  const other = connect(servers[0]?.port ?? 0, "127.0.0.1");
  for (let n = 0; n < 20; n++) {
    other.write("x");
    await once(other, "data");
    await nextTurn();
  }
  other.destroy();
}

beforeEach(async () => {
  servers = [await startServer("one"), await startServer("two")];
  link = await startLink(servers[0]?.port ?? 0);
});

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await link.close();
  for (const { server, sockets } of servers) {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

it("passes all on, and an end too: what comes back after it as well", async () => {
  const client = await open();
  await say(client, "hello");
  client.socket.end("last");
  await hears(client, "one:last");
  await endsAs(client, /ended/);
});

it("passes on more than fits into its buffers, in order", async () => {
  const client = await open();
  const text = Array.from({ length: 400_000 }, (_, n) => `${n},`).join("");
  client.socket.write(text);
  await eventually(() => expect(client.heard.replaceAll("one:", "").length).toBe(text.length));
  expect(client.heard.replaceAll("one:", "") === text).toBe(true);
});

it("leads new connections elsewhere, and leaves the others where they are", async () => {
  const first = await open();
  await say(first, "a");
  link.leadTo(servers[1]?.port ?? 0);
  const second = await open();
  second.socket.write("b");
  await hears(second, "two:b");
  await say(first, "c");
});

it("refuses: resets new connections, cuts those that are there, until it passes", async () => {
  const first = await open();
  await say(first, "a");
  link.refuse();
  await endsAs(first, /ended|ECONNRESET/);
  await open().then(
    (late) => endsAs(late, /ECONNRESET/),
    (error: NodeJS.ErrnoException) => expect(error.code).toBe("ECONNRESET"),
  );
  link.pass();
  await say(await open(), "b");
});

it("holds both directions and new connections, and loses nothing", async () => {
  const first = await open();
  await say(first, "a");
  link.hold();
  first.socket.write("b");
  servers[0]?.sockets[0]?.write("said by the server");
  const second = await open();
  second.socket.write("c");
  await whileOthersTalk();
  expect([first.heard, second.heard]).toEqual(["", ""]);
  link.pass();
  await eventually(() => expect([...first.heard].sort()).toEqual([..."said by the serverone:b"].sort()));
  await hears(second, "one:c");
});

it("holds an end as well", async () => {
  const client = await open();
  await say(client, "a");
  link.hold();
  servers[0]?.sockets[0]?.destroy();
  await whileOthersTalk();
  expect(client.end).toBeUndefined();
  link.pass();
  await endsAs(client, /ended/);
});

it("swallows for ever what connections say that are there, and their ends; new ones pass", async () => {
  const [first, second] = [await open(), await open()];
  await say(first, "a");
  await say(second, "a");
  link.swallow();
  first.socket.write("b");
  const server = servers[0]?.sockets;
  server?.[1]?.destroy();
  await say(await open(), "c");
  link.pass();
  await say(await open(), "d");
  expect([first.heard, first.end, second.end]).toEqual(["", undefined, undefined]);
  first.socket.destroy();
  await say(await open(), "e");
  expect(server?.[0]?.destroyed).toBe(false);
});

it("swallows what it has held", async () => {
  const client = await open();
  await say(client, "a");
  link.hold();
  client.socket.write("b");
  const late = await open();
  late.socket.write("c");
  await whileOthersTalk();
  link.swallow();
  await say(await open(), "d");
  expect([client.heard, late.heard]).toEqual(["", ""]);
});

it("delays each direction, in order, until told otherwise", async () => {
  const client = await open();
  await say(client, "a");
  link.delay(200);
  const begun = performance.now();
  client.socket.write("b");
  await hears(client, "one:b");
  expect(performance.now() - begun).toBeGreaterThan(395);
  client.heard = "";
  link.delay(600_000);
  client.socket.write("c");
  await whileOthersTalk();
  expect(client.heard).toBe("");
  client.socket.write("d");
  link.delay(0);
  await eventually(() => expect(client.heard.replaceAll("one:", "")).toBe("cd"));
});

it("cuts all, also what is held or late, and takes new ones", async () => {
  const first = await open();
  await say(first, "a");
  link.delay(600_000);
  first.socket.write("b");
  link.hold();
  const second = await open();
  link.cut();
  await endsAs(first, /ended|ECONNRESET/);
  await endsAs(second, /ended|ECONNRESET/);
  link.pass();
  await say(await open(), "c");
});

it("ends its connections where nobody listens behind it", async () => {
  servers[0]?.server.close();
  await endsAs(await open(), /ended|ECONNRESET/);
});
