import { expect, it } from "@jest/globals";
import { refusedWrites } from "../../src/invariants/refused-writes.ts";

const line = (code: string, message: string) =>
  JSON.stringify({
    level: 50,
    err: { message, code, sqlState: code },
    msg: "the end of a job can't be stored",
  });

it("tells what Postgres refused for what was written, each once", () => {
  const log = [
    line("P0001", "a terminal job keeps its state"),
    line("P0001", "a terminal job keeps its state"),
    line("23505", "duplicate key"),
  ].join("\n");
  expect(refusedWrites("worker-0", log)).toEqual([
    "X: Postgres refused what worker-0 wrote: P0001 a terminal job keeps its state",
    "X: Postgres refused what worker-0 wrote: 23505 duplicate key",
  ]);
});

it("lets pass that Postgres is away or busy, and what is no JSON", () => {
  const away = ["08006", "25006", "40001", "53300", "55P03", "57014", "57P03", "XX000"];
  expect(refusedWrites("api-0", [...away.map((code) => line(code, "no")), "started", ""].join("\n"))).toEqual(
    [],
  );
});
