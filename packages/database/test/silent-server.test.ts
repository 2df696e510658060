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

/** A server that lets anyone in, and then does `onQuery`; without it, it says nothing at all. */
async function serve(
  queryTimeoutMs: number,
  onQuery: ((socket: Socket) => void) | undefined,
): Promise<Database> {
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    let isIn = false;
    socket.on("data", () => {
      if (!onQuery) return;
      if (isIn) return onQuery(socket);
      isIn = true;
      socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]));
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
