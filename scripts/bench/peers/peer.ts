import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { z } from "zod";

/** What the bench gave this peer. */
export function peerOptions<Schema extends z.ZodType>(schema: Schema): z.output<Schema> {
  return schema.parse(JSON.parse(process.argv[2] ?? "{}"));
}

/** Tells the bench something; from then on the peer ends when the bench does. */
export function tellBench(details: Record<string, string | number>): void {
  process.once("disconnect", () => process.exit(0));
  process.send?.(details);
}

/** Listens on a free port, and tells the bench its `url`. */
export async function serve(server: Server): Promise<void> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  tellBench({ url: `http://127.0.0.1:${port}` });
}
