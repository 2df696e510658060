import { expect, it } from "@jest/globals";
import { oneAtATime } from "../src/one-at-a-time.ts";

/** A connection that answers when it is told to, and what it was asked so far. */
function connection() {
  const asked: string[] = [];
  const answers: { resolve(answer: string): void; reject(error: Error): void }[] = [];
  const ask = oneAtATime((question) => {
    asked.push(String(question));
    return new Promise<string>((resolve, reject) => answers.push({ resolve, reject }));
  }) as (question: string) => Promise<string>;
  return { asked, answers, ask };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it("asks at once where nothing is under way, and else in the order in which it came", async () => {
  const { asked, answers, ask } = connection();
  const [one, two, three] = [ask("one"), ask("two"), ask("three")];
  expect(asked).toEqual(["one"]);
  answers[0]?.resolve("1");
  expect(await one).toBe("1");
  await turn();
  expect(asked).toEqual(["one", "two"]);
  answers[1]?.reject(new Error("no"));
  await expect(two).rejects.toThrow("no");
  await turn();
  answers[2]?.resolve("3");
  expect(await three).toBe("3");
  void ask("four");
  expect(asked).toEqual(["one", "two", "three", "four"]);
});

it("leaves alone what is answered by a callback", () => {
  expect(oneAtATime(() => undefined)()).toBeUndefined();
});
