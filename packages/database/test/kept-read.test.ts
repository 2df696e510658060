import { beforeEach, describe, expect, it } from "@jest/globals";
import { KeptRead } from "../src/kept-read.ts";

let reads: number;
let fault: Error | undefined;

const read = async () => {
  reads++;
  if (fault) throw fault;
  return reads;
};

beforeEach(() => {
  reads = 0;
  fault = undefined;
});

describe("what was read", () => {
  it("is kept, for all who ask at once too, until it is read anew", async () => {
    const kept = new KeptRead(read, 60_000);
    expect(await Promise.all([kept.get(), kept.get()])).toEqual([1, 1]);
    kept.refresh();
    expect(await kept.get()).toBe(2);
  });

  it("is read again once its time is over", async () => {
    const kept = new KeptRead(read, -1);
    expect([await kept.get(), await kept.get()]).toEqual([1, 2]);
  });

  it("is not kept where it could not be read", async () => {
    const kept = new KeptRead(read, 60_000);
    fault = new Error("Postgres is away.");
    await expect(kept.get()).rejects.toThrow("away");
    fault = undefined;
    expect(await kept.get()).toBe(2);
  });

  it("is read anew for who misses something, though not at once again", async () => {
    const kept = new KeptRead(read, 60_000);
    const look = () =>
      kept.find(
        () => kept.get(),
        (value) => value > 1,
      );
    expect(await look()).toBe(1);
    const deadline = performance.now() + 10_000;
    while ((await look()) === 1 && performance.now() < deadline);
    expect([await look(), reads]).toEqual([2, 2]);
  });
});
