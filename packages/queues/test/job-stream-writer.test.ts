import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { JobStreamWriter, type StreamItem } from "../src/job-stream/job-stream-writer.ts";

/** What was handed to Redis, write by write. */
let writes: StreamItem[][];
/** Which of them, by number, said that nothing comes after it. */
let ends: number[];
/** Ends the write that is under way. */
let settle: { resolve: () => void; reject: (error: Error) => void };

beforeEach(() => {
  jest.useFakeTimers();
  writes = [];
  ends = [];
});

afterEach(() => {
  jest.useRealTimers();
});

/** Of a job that nobody reads yet. */
function unreadWriterOf(attempt: number): JobStreamWriter {
  return new JobStreamWriter(attempt, (items, isEnd) => {
    writes.push(items);
    if (isEnd) ends.push(writes.length);
    return new Promise<void>((resolve, reject) => {
      settle = { resolve, reject };
    });
  });
}

function writerOf(attempt: number): JobStreamWriter {
  const writer = unreadWriterOf(attempt);
  writer.tell();
  return writer;
}

/** What was written since this was asked last. */
function written(): StreamItem[][] {
  const since = writes;
  writes = [];
  return since;
}

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

/** The write under way ends well, and the pause after it is over. */
async function writeEnds(): Promise<void> {
  settle.resolve();
  await pass(40);
}

const token = (step: string, at: number, text: string) => ({ kind: "token", step, at, text });
const retract = (step: string) => ({ kind: "retract", step, at: 0, text: "" });

describe("text that is shown", () => {
  it("is written at once, and then what has come since, when the write and its pause are over", async () => {
    const shown = writerOf(1).show("draft");
    shown.push("Hel");
    shown.push("lo");
    expect(written()).toEqual([[token("draft", 0, "Hel")]]);
    await pass(40);
    shown.push(" you");
    expect(written()).toEqual([]);
    settle.resolve();
    await pass(0);
    expect(written()).toEqual([[token("draft", 3, "lo you")]]);
    settle.resolve();
    await pass(39);
    shown.push("!");
    expect(written()).toEqual([]);
    await pass(1);
    expect(written()).toEqual([[token("draft", 9, "!")]]);
    await writeEnds();
    await pass(5_000);
    expect(written()).toEqual([]);
  });

  it("is completed by what is missing, or taken back where it was something else", async () => {
    const shown = writerOf(1).show("draft");
    shown.push("Hel");
    await writeEnds();
    shown.complete("Hello");
    await writeEnds();
    shown.complete("Hello");
    await writeEnds();
    expect(written()).toEqual([[token("draft", 0, "Hel")], [token("draft", 3, "lo")]]);
    shown.complete("Hallo");
    await writeEnds();
    expect(written().flat()).toEqual([retract("draft"), token("draft", 0, "Hallo")]);
  });

  it("of a step makes way for the next one's, whose own is all that is shown from then on", async () => {
    const writer = writerOf(1);
    const first = writer.show("first");
    first.push("one");
    const second = writer.show("second");
    second.push("two");
    const third = writer.show("third");
    third.push("three");
    first.push("more");
    second.complete("else");
    written();
    await writeEnds();
    expect(written()).toEqual([[retract("third"), token("third", 0, "three")]]);
  });

  it("is not taken back where none was", async () => {
    const writer = writerOf(1);
    writer.show("first");
    const second = writer.show("second");
    writer.retract();
    second.push("two");
    expect(written()).toEqual([[token("second", 0, "two")]]);
  });
});

describe("as long as nobody reads", () => {
  it("nothing is written, from the begin to the end", async () => {
    const writer = unreadWriterOf(1);
    writer.begin();
    writer.show("first").push("one");
    await pass(100);
    const second = writer.show("second");
    second.push("Hel");
    second.complete("Hello");
    await pass(5_000);
    writer.end({ response: "Hello" }, true);
    await pass(5_000);
    expect(written()).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it("all text so far is kept, written at once when somebody does, and then each piece", async () => {
    const writer = unreadWriterOf(1);
    writer.show("first").push("one");
    const shown = writer.show("draft");
    shown.push("Hel");
    shown.push("lo");
    writer.tell();
    expect(written()).toEqual([[token("draft", 0, "Hello")]]);
    await writeEnds();
    writer.tell();
    shown.push(" you");
    expect(written()).toEqual([[token("draft", 5, " you")]]);
  });

  it("what is in the result is still there for who comes after the end, and nothing else is", async () => {
    const kept = unreadWriterOf(1);
    kept.show("draft").push("Hello");
    kept.end({ response: "Hello" }, true);
    const gone = unreadWriterOf(1);
    gone.show("draft").push("secret");
    gone.end(undefined, true);
    expect([kept.isOver, gone.isOver]).toEqual([true, true]);
    gone.tell();
    expect(written()).toEqual([]);
    kept.tell();
    kept.tell();
    expect(written()).toEqual([[token("draft", 0, "Hello")]]);
    expect(ends).toEqual([1]);
  });

  it("what an earlier attempt wrote is taken back all the same, and this one's kept back", async () => {
    const writer = unreadWriterOf(2);
    writer.begin();
    const shown = writer.show("draft");
    shown.push("Hel");
    await writeEnds();
    shown.push("lo");
    await pass(5_000);
    expect(written()).toEqual([[retract("")]]);
    writer.tell();
    expect(written()).toEqual([[token("draft", 0, "Hello")]]);
  });
});

describe("an attempt", () => {
  it("takes back what earlier ones wrote, and nothing where it is the first", async () => {
    writerOf(1).begin();
    expect(written()).toEqual([]);
    writerOf(2).begin();
    expect(written()).toEqual([[retract("")]]);
  });

  it("that ends with the text leaves it, and writes the rest at once", async () => {
    const writer = writerOf(1);
    const shown = writer.show("draft");
    shown.push(" Hel");
    shown.push("lo ");
    written();
    writer.end({ tokens: 3, response: "Hello" }, true);
    expect(written()).toEqual([[token("draft", 4, "lo ")]]);
    expect(jest.getTimerCount()).toBe(0);
    shown.push("more");
    shown.complete("else");
    await writeEnds();
    await pass(5_000);
    expect(written()).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each([
    ["nothing", undefined],
    ["no text", {}],
    ["another text", { response: "Hello there" }],
  ])("that ends with %s takes it back", async (_what, result) => {
    const writer = writerOf(1);
    writer.show("draft").push("Hello");
    await writeEnds();
    written();
    writer.end(result, true);
    expect(written()).toEqual([[retract("draft")]]);
  });

  it("that has shown nothing but space takes that back", async () => {
    const writer = writerOf(1);
    writer.show("draft").push(" \n");
    await writeEnds();
    written();
    writer.end({ response: "Hello" }, true);
    expect(written()).toEqual([[retract("draft")]]);
  });

  it("that ends with nothing to tell says that alone, and nothing where it has told nothing", async () => {
    const quiet = writerOf(1);
    quiet.begin();
    quiet.show("draft");
    quiet.end({ response: "x" }, true);
    expect(written()).toEqual([]);
    const told = writerOf(1);
    told.show("draft").push("Hello");
    await writeEnds();
    told.end({ response: "Hello" }, true);
    expect(written()).toEqual([[token("draft", 0, "Hello")], []]);
    expect(ends).toEqual([2]);
  });

  it("that another goes on after says nothing of an end", async () => {
    const writer = writerOf(1);
    writer.show("draft").push("Hello");
    await writeEnds();
    writer.end(undefined, false);
    expect(written()).toEqual([[token("draft", 0, "Hello")], [retract("draft")]]);
    const kept = writerOf(2);
    kept.begin();
    await writeEnds();
    kept.end(undefined, false);
    expect(written()).toEqual([[retract("")]]);
    expect(ends).toEqual([]);
  });

  it("says with the last that it tells that nothing comes after it", async () => {
    const writer = writerOf(1);
    writer.show("draft").push("Hello");
    await writeEnds();
    writer.end(undefined, true);
    expect(written()).toEqual([[token("draft", 0, "Hello")], [retract("draft")]]);
    expect(ends).toEqual([2]);
  });
});

describe("a write that fails", () => {
  it("is followed by all of the text, a second later, since nobody knows what has come", async () => {
    const shown = writerOf(1).show("draft");
    shown.push("Hel");
    await writeEnds();
    shown.push("lo");
    written();
    settle.reject(new Error("Redis is away."));
    await pass(0);
    shown.push("!");
    await pass(999);
    expect(written()).toEqual([]);
    await pass(1);
    expect(written()).toEqual([[retract("draft"), token("draft", 0, "Hello!")]]);
  });

  it("is not followed by another once the attempt is over", async () => {
    const writer = writerOf(1);
    writer.show("draft").push("Hello");
    const { reject } = settle;
    writer.end({ response: "Hello" }, true);
    written();
    reject(new Error("Redis is away."));
    settle.reject(new Error("Redis is away."));
    await pass(5_000);
    expect(written()).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
