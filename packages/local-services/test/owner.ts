/** Stands for a launcher: starts both services in a directory, says where they are, and waits to be killed. */
import { join } from "node:path";
import { startPostgres, startRedis } from "../src/index.ts";

const directory = process.argv[2] ?? "";
const endWithOwner = process.argv[3] === "endWithOwner";
const [postgres, redis] = await Promise.all([
  startPostgres({ directory: join(directory, "postgres"), endWithOwner }),
  startRedis({ directory: join(directory, "redis"), endWithOwner }),
]);
process.send?.({
  postgres: { url: postgres.url, port: postgres.port, pid: postgres.pid() },
  redis: { url: redis.url, port: redis.port, pid: redis.pid() },
});
