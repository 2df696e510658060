import { expect, test } from "@jest/globals";
import { Timely } from "../src/platform/timely.ts";

test("scrapes that come together share one look, and the next ones its answer for a while", async () => {
  let looks = 0;
  const timely = new Timely(async () => ++looks);
  expect(await Promise.all([timely.get(), timely.get()])).toEqual([1, 1]);
  expect(await timely.get()).toBe(1);
});

test("what hangs is neither waited for nor begun again, and shown once it answers", async () => {
  let looks = 0;
  let answer = (_value: string) => {};
  const timely = new Timely(() => {
    looks++;
    return new Promise<string>((resolve) => {
      answer = resolve;
    });
  });
  expect(await Promise.all([timely.get(), timely.get()])).toEqual([undefined, undefined]);
  expect(await timely.get()).toBeUndefined();
  expect(looks).toBe(1);
  const late = timely.get();
  answer("here");
  expect(await late).toBe("here");
});

test("what fails is not shown, and is tried again at the next scrape", async () => {
  let isAway = true;
  const timely = new Timely(async () => {
    if (isAway) throw new Error("away");
    return "back";
  });
  expect(await timely.get()).toBeUndefined();
  isAway = false;
  expect(await timely.get()).toBe("back");
});
