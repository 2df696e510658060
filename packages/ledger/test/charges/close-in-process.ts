import { openDatabase } from "@understudy/database";
import { closeMonth } from "../../src/index.ts";

// Closes a month as a process of its own: says when it is ready, begins when it is told to, sends what came of it.
const [, , url = "", month = ""] = process.argv;
const database = openDatabase(url, 2);
await database.ping(5_000);
process.once("message", async () => {
  process.send?.({ closing: await closeMonth(database, month) });
  await database.close();
  process.disconnect();
});
process.send?.({ ready: true });
