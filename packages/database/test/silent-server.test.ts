import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, it } from "@jest/globals";
import { type Database, databaseFault, openDatabase } from "../src/index.ts";

let server: Server;
let database: Database;
const sockets: Socket[] = [];

afterEach(async () => {
  await database.close().catch(() => {});
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

/** A message of Postgres', of this type. */
function message(type: string, ...parts: (string | number[])[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + body.length);
  return Buffer.concat([Buffer.from(type), length, body]);
}

const ready = message("Z", "I");

/** One row with one column, `ms`, of type float8: the answer to what each connection asks first. */
const time = Buffer.concat([
  message("T", [0, 1], "ms\0", [0, 0, 0, 0, 0, 0], [0, 0, 2, 0xbd, 0, 8, 0xff, 0xff, 0xff, 0xff, 0, 0]),
  message("D", [0, 1, 0, 0, 0, 1], "0"),
  message("C", "SELECT 1\0"),
  ready,
]);

/** A server that lets anyone in, tells the time, and then does `onQuery`; without that it says nothing. */
async function serve(
  queryTimeoutMs: number,
  onQuery: ((socket: Socket) => void) | undefined,
  { tellsTime = true } = {},
): Promise<Database> {
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    const answers = [Buffer.concat([message("R", [0, 0, 0, 0]), ready]), ...(tellsTime ? [time] : [])];
    socket.on("data", () => {
      if (!onQuery) return;
      const answer = answers.shift();
      answer ? socket.write(answer) : onQuery(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  database = openDatabase(`postgresql://u:p@127.0.0.1:${port}/x`, 1, { queryTimeoutMs });
  return database;
}

const fault = async (asking: Promise<unknown>) =>
  databaseFault(
    await asking.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );

it("is away through Prisma where a connection is a black hole", async () => {
  const { prisma } = await serve(500, undefined);
  expect(await fault(prisma.price.findMany())).toBe("away");
});

it("is away through Prisma where an answer does not come", async () => {
  const { prisma } = await serve(500, () => {});
  expect(await fault(prisma.price.findMany())).toBe("away");
});

it("is away through Prisma, in seconds, where Postgres does not even tell the time", async () => {
  const { prisma } = await serve(20_000, () => {}, { tellsTime: false });
  expect(await fault(prisma.price.findMany())).toBe("away");
});

it("is away through Prisma where the connection is cut without a word (kill -9 of a proxy, a reset)", async () => {
  const { prisma } = await serve(500, (socket) => socket.destroy());
  expect(await fault(prisma.price.findMany())).toBe("away");
});

it("is away through Prisma where all connections are busy for 5 s", async () => {
  const { prisma, execute } = await serve(8_000, () => {});
  const busy = execute({ name: "", text: "SELECT 1" }).catch(() => {});
  expect(await fault(prisma.price.findMany())).toBe("away");
  await busy;
});
