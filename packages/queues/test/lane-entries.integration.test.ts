import { describe, expect, it } from "@jest/globals";
import {
  ask,
  clock,
  hour,
  job,
  jobs,
  lanes,
  redis,
  release,
  start,
  termsOf,
  worker,
} from "./lane-fixture.ts";

const at = (inHours: number) => ({ notBefore: new Date(start + inHours * hour) });
const pausing = (creatorId: string, isPaused: boolean) => ({ pause: [{ creatorId, isPaused }] });
const waitingOf = (...agents: string[]) => Promise.all(agents.map((agent) => lanes.waitingOf(agent)));
const nextInMs = async () => (await lanes.move({})).nextInMs;

describe("a job that enters again", () => {
  it("stands in its lane once, in the place that it had", async () => {
    const isPaused = true;
    await lanes.move({ enter: [job("psy", "a", { isPaused }), job("psy", "b", { isPaused })] });
    const { entered } = await lanes.move({
      enter: [job("psy", "a", { isPaused }), job("psy", "c", { isPaused })],
    });
    expect(entered.map(({ position, waiting }) => [position, waiting])).toEqual([
      [0, 3],
      [2, 3],
    ]);
    expect(await waitingOf("messaging")).toEqual([3]);
    expect(await release(pausing("psy", false))).toEqual(["a", "b", "c"]);
  });

  it("is released once while it is not known to have started", async () => {
    const [one, two] = [job("psy", "one"), job("psy", "two")];
    expect(await release({ enter: [one] })).toEqual(["one"]);
    const { released, entered } = await lanes.move({ enter: [one] });
    expect([released, entered[0]?.position]).toEqual([[], undefined]);
    expect(await release({ enter: [one, two] })).toEqual(["two"]);
    expect(await release({ enter: [two, one] })).toEqual([]);
    expect((await ask("psy", termsOf(20))).tokens).toBe(18);
  });

  it("may be released again once it has started: that is for Postgres to know", async () => {
    const one = job("psy", "one");
    await lanes.move({ enter: [one] });
    await lanes.move({ started: [one.entry] });
    expect(await release({ enter: [one] })).toEqual(["one"]);
  });

  it("brings its creator's terms along also while it is released", async () => {
    await lanes.move({ enter: jobs("psy", 2, { terms: termsOf(1) }) });
    const again = job("psy", "psy1", { terms: termsOf(2) });
    expect(await release({ enter: [again] })).toEqual(["psy2"]);
  });
});

describe("a job that must not start before a time", () => {
  it("waits for it outside of its lane, and goes in when it has come, with its own priority", async () => {
    const { entered } = await lanes.move({
      enter: [job("psy", "late", { ...at(1), priority: 1 }), job("iu", "soon", at(0.5))],
    });
    expect(entered.map(({ position, waiting }) => [position, waiting])).toEqual([
      [undefined, 0],
      [undefined, 0],
    ]);
    expect(await waitingOf("messaging")).toEqual([0]);
    expect(await nextInMs()).toBe(0.5 * hour);
    clock.now = start + 0.5 * hour - 0.25;
    expect(await release()).toEqual([]);
    clock.now = start + 0.5 * hour;
    expect(await release()).toEqual(["soon"]);
    expect(await nextInMs()).toBe(0.5 * hour);
    await lanes.move({ enter: [...jobs("psy", 2, { isPaused: true })] });
    clock.now = start + hour;
    await lanes.move({});
    expect(await waitingOf("messaging")).toEqual([3]);
    expect(await release(pausing("psy", false))).toEqual(["late", "psy1", "psy2"]);
    expect(await nextInMs()).toBeUndefined();
  });

  it("enters its lane at once where that is now, in its place among others", async () => {
    const enter = [job("psy", "now", at(0)), job("psy", "far", at(0.001)), job("psy", "any")];
    expect(await release({ enter })).toEqual(["now", "any"]);
    expect(await nextInMs()).toBe(0.001 * hour);
  });

  it("is released once when it enters again as its time comes", async () => {
    const enter = [job("psy", "one", at(1)), job("psy", "two", at(1))];
    await lanes.move({ enter });
    clock.now = start + hour;
    expect(await release({ enter })).toEqual(["one", "two"]);
    expect(await release({ started: enter.map(({ entry }) => entry) })).toEqual([]);
    expect(await waitingOf("messaging")).toEqual([0]);
    expect(await nextInMs()).toBeUndefined();
  });

  it("comes with so many others at once that a move stays short; the rest come with the next one", async () => {
    await lanes.move({ enter: jobs("psy", 450, { ...at(1), isPaused: true }) });
    clock.now = start + 2 * hour;
    expect(await lanes.move({})).toMatchObject({ nextInMs: 0 });
    expect(await waitingOf("messaging")).toEqual([200]);
    await lanes.move({});
    expect(await waitingOf("messaging")).toEqual([400]);
    expect(await nextInMs()).toBeUndefined();
    expect(await waitingOf("messaging")).toEqual([450]);
  });

  it("is released once also where it enters again before its turn among so many", async () => {
    const all = jobs("psy", 250, { ...at(1), terms: termsOf(1_000) });
    await lanes.move({ enter: all });
    clock.now = start + hour;
    // Those of one time come in the order of their names: this one would be among the last.
    const last = job("psy", "psy99", { ...at(1), terms: termsOf(1_000) });
    const first = await release({ enter: [last] });
    expect(first).toContain("psy99");
    const second = await release({ started: all.map(({ entry }) => entry) });
    expect([...first, ...second].sort()).toEqual(
      all.map(({ entry }) => entry.replace("-g1|messaging", "")).sort(),
    );
  });

  it("belongs to its creator, whatever that one is called", async () => {
    const creatorId = "a|b|c";
    await lanes.move({ enter: [job(creatorId, "one", at(1)), job("c", "two", at(1))] });
    clock.now = start + hour;
    const { released } = await lanes.move({});
    expect(new Set(released.map((each) => each.creatorId))).toEqual(new Set([creatorId, "c"]));
    expect(await release({ remove: [job(creatorId, "one")] })).toEqual([]);
  });
});

describe("a job that is taken out", () => {
  it("leaves its lane, and frees no token; others move up", async () => {
    const all = jobs("psy", 4, { isPaused: true });
    await lanes.move({ enter: [...all, ...jobs("iu", 2, { isPaused: true, agent: "chat" })] });
    await lanes.move({ remove: [job("psy", "psy2"), job("psy", "psy3")] });
    expect(await waitingOf("messaging", "chat")).toEqual([2, 2]);
    expect(await ask("psy", termsOf(20), { isPaused: true })).toMatchObject({ waiting: 2, tokens: 20 });
    expect(await release(pausing("psy", false))).toEqual(["psy1", "psy4"]);
  });

  it("waits for its time no more; another one at the same time does", async () => {
    await lanes.move({
      enter: [
        job("psy", "gone", at(1)),
        job("psy", "kept", at(1)),
        job("iu", "too", { ...at(2), priority: 7 }),
      ],
    });
    await lanes.move({ remove: [job("psy", "gone"), job("iu", "too", { priority: 7 })] });
    clock.now = start + hour;
    expect(await release()).toEqual(["kept"]);
    expect(await nextInMs()).toBeUndefined();
  });

  it("is not among those that were released any more, so that another may go", async () => {
    worker.freeSlots = 0;
    await lanes.move({ enter: jobs("psy", 6) });
    expect(await release({ remove: [job("psy", "psy2")] })).toEqual(["psy5"]);
    expect(await lanes.overdue(0, 10)).toEqual(
      ["psy1", "psy3", "psy4", "psy5"].map((name) => job("", name).entry),
    );
    // It may enter again, as a job does that is tried once more.
    await lanes.move({ started: [job("psy", "psy1").entry] });
    expect(await release({ enter: [job("psy", "psy2")], started: [job("psy", "psy3").entry] })).toEqual([
      "psy2",
    ]);
  });

  it("changes nothing where it does not stand", async () => {
    await lanes.move({
      enter: [...jobs("psy", 1, { isPaused: true }), job("psy", "later", { ...at(1), isPaused: true })],
    });
    await lanes.move({
      remove: [job("psy", "unheard"), job("nobody", "psy1"), job("psy", "later", { priority: 5 })],
    });
    expect(await waitingOf("messaging")).toEqual([1]);
    expect(await redis.keys("*nobody*")).toEqual([]);
    expect(await nextInMs()).toBe(hour);
    expect(await release(pausing("psy", false))).toEqual(["psy1"]);
  });

  it("leaves nothing to wait for where it was the last", async () => {
    const terms = termsOf(1);
    await lanes.move({ enter: jobs("psy", 2, { terms }) });
    expect(await nextInMs()).toBe(hour);
    await lanes.move({ remove: [job("psy", "psy2")] });
    expect(await nextInMs()).toBeUndefined();
    clock.now = start + hour;
    expect(await release()).toEqual([]);
  });

  it("gives up its creator's turn where it was the last", async () => {
    worker.freeSlots = 0;
    await lanes.move({ enter: jobs("busy", 4) });
    await lanes.move({ enter: [...jobs("psy", 1), ...jobs("iu", 1)] });
    worker.freeSlots = 5;
    expect(await release({ remove: [job("iu", "iu1")] })).toEqual(["psy1"]);
  });
});

describe("a creator that is paused", () => {
  it("starts nothing until it goes on, by a word of its own or with a job that enters", async () => {
    await lanes.move({ enter: jobs("psy", 1, { isPaused: true }) });
    await lanes.move(pausing("iu", true));
    expect(await redis.keys("*iu*")).toEqual([]);
    expect(await release({ enter: [job("psy", "two")] })).toEqual(["psy1", "two"]);
    expect(await release({ enter: [job("psy", "three", { isPaused: true })] })).toEqual([]);
    expect(await release({ enter: [job("iu", "other")] })).toEqual(["other"]);
    expect(
      await release({ pause: [pausing("psy", false), pausing("psy", true)].flatMap(({ pause }) => pause) }),
    ).toEqual([]);
    expect(await release(pausing("psy", false))).toEqual(["three"]);
  });

  it("loses its turn while it waits for room, and gets it again", async () => {
    worker.freeSlots = 0;
    await lanes.move({ enter: jobs("busy", 4) });
    await lanes.move({ enter: jobs("psy", 1) });
    worker.freeSlots = 5;
    expect(await release(pausing("psy", true))).toEqual([]);
    expect(await release(pausing("psy", false))).toEqual(["psy1"]);
  });

  it("wakes nobody when its next token comes", async () => {
    await lanes.move({
      enter: [...jobs("psy", 2, { terms: termsOf(1, 2) }), ...jobs("iu", 2, { terms: termsOf(1) })],
    });
    expect(await nextInMs()).toBe(hour / 2);
    await lanes.move(pausing("psy", true));
    expect(await nextInMs()).toBe(hour);
    clock.now = start + hour;
    expect(await release()).toEqual(["iu2"]);
    await lanes.move(pausing("psy", false));
    expect(await nextInMs()).toBeUndefined();
  });
});

describe("when something may be released next", () => {
  it("is when the next token comes, or the time of a job, whichever is sooner", async () => {
    expect(await nextInMs()).toBeUndefined();
    await lanes.move({ enter: jobs("psy", 2, { terms: termsOf(1) }) });
    expect(await nextInMs()).toBe(hour);
    await lanes.move({ enter: [job("iu", "later", at(2))] });
    expect(await nextInMs()).toBe(hour);
    await lanes.move({ enter: [job("iu", "soon", at(0.25))] });
    expect(await nextInMs()).toBe(hour / 4);
    await lanes.move({ terms: [{ creatorId: "psy", ...termsOf(1, 10) }] });
    expect(await nextInMs()).toBe(hour / 10);
    // While the workers are busy, time alone brings nothing.
    clock.now = start + hour / 10;
    worker.freeSlots = 0;
    await lanes.move({ enter: jobs("busy", 9) });
    expect(await nextInMs()).toBe((0.25 - 0.1) * hour);
  });
});

describe("so many at once", () => {
  it("that one command does not take them: all are released, and noted as started", async () => {
    const enter = jobs("psy", 4_503, { terms: termsOf(10_000) });
    expect(await release({ enter })).toHaveLength(4_503);
    const started = enter.map(({ entry }) => entry);
    worker.freeSlots = 0;
    // A fiftieth of those that have started may be released ahead.
    expect(await release({ started, enter: jobs("iu", 100, { terms: termsOf(100) }) })).toHaveLength(91);
    expect(await lanes.overdue(0, 10_000)).toHaveLength(91);
  });

  it("that a move stays short: of creators whose token has come, the rest follow with the next one", async () => {
    const creators = Array.from({ length: 250 }, (_, index) => `creator${index}`);
    const terms = termsOf(1);
    const enter = creators.flatMap((creatorId) => jobs(creatorId, 2, { terms }));
    expect(await release({ enter })).toHaveLength(250);
    clock.now = start + hour - 0.25;
    expect(await release()).toEqual([]);
    clock.now = start + hour;
    expect(await release()).toHaveLength(200);
    expect(await release()).toHaveLength(50);
  });
});

describe("jobs that were released", () => {
  it("are found when they have not started for so long, the oldest first", async () => {
    await lanes.move({ enter: [job("psy", "b"), job("psy", "c")] });
    clock.now = start + 2_000;
    await lanes.move({ enter: [job("psy", "a")] });
    clock.now = start + 9_999;
    expect(await lanes.overdue(10_000, 10)).toEqual([]);
    clock.now = start + 10_000;
    expect(await lanes.overdue(10_000, 10)).toEqual([job("", "b").entry, job("", "c").entry]);
    clock.now = start + 12_000;
    expect(await lanes.overdue(10_000, 10)).toHaveLength(3);
    expect(await lanes.overdue(10_000, 2)).toHaveLength(2);
    await lanes.move({ started: [job("", "b").entry, job("", "a").entry] });
    expect(await lanes.overdue(0, 10)).toEqual([job("", "c").entry]);
  });

  it("are counted no more among those that wait, each agent by itself", async () => {
    const isPaused = true;
    const terms = termsOf(2);
    await lanes.move({
      enter: [
        ...jobs("psy", 4, { terms, isPaused }),
        ...jobs("iu", 3, { terms, isPaused, agent: "chat" }),
        job("rain", "one", { isPaused, agent: "chat" }),
        job("rain", "two", { isPaused, agent: "test" }),
      ],
    });
    expect(await waitingOf("messaging", "chat", "test", "sales")).toEqual([4, 4, 1, 0]);
    await lanes.move({ pause: ["psy", "iu"].map((creatorId) => ({ creatorId, isPaused: false })) });
    expect(await waitingOf("messaging", "chat", "test")).toEqual([2, 2, 1]);
  });
});

/** How long Redis still keeps what it knows of a creator, in hours; a minute more than needed. */
async function keptHours(creatorId: string): Promise<number> {
  return Math.round(((await redis.pttl(`{lanes}:creator:${creatorId}`)) - 60_000) / 36_000) / 100;
}

describe("what is kept of a creator with an empty lane", () => {
  const terms = termsOf(5);

  it("goes when its bucket is full again, and not before a bucket of when Redis began would be", async () => {
    await lanes.move({ enter: jobs("psy", 1, { terms }) });
    expect(await keptHours("psy")).toBe(5);
    clock.now = start + 4 * hour;
    await lanes.move({ enter: jobs("iu", 3, { terms }) });
    expect(await keptHours("iu")).toBe(3);
  });

  it("goes a minute after it is looked at last where its bucket is full", async () => {
    await lanes.move({ enter: jobs("psy", 1, { terms }) });
    clock.now = start + 50 * hour;
    await lanes.move({ pause: [{ creatorId: "psy", isPaused: true }] });
    expect(await keptHours("psy")).toBeCloseTo(0);
  });

  it("stays for the last of its jobs that wait for a time, in whichever order they came", async () => {
    const until = (inHours: number) => ({ ...at(inHours), terms });
    await lanes.move({
      enter: [job("psy", "a", until(9)), job("psy", "b", until(7)), job("iu", "c", until(7))],
    });
    await lanes.move({ enter: [job("iu", "d", until(9))] });
    await lanes.move({ enter: [job("psy", "e", until(8))] });
    expect([await keptHours("psy"), await keptHours("iu")]).toEqual([9, 9]);
  });

  it("stays for 32 days at most, however slow its bucket is", async () => {
    await lanes.move({ enter: jobs("psy", 1, { terms: termsOf(1_000, 0.000_001) }) });
    expect((await redis.pttl("{lanes}:creator:psy")) / 86_400_000).toBeCloseTo(32, 2);
  });

  it("stays as long as something waits, and again goes when that has started", async () => {
    await lanes.move({ enter: jobs("psy", 1, { terms }) });
    await lanes.move({ enter: [job("psy", "waits", { terms, isPaused: true })] });
    expect(await redis.pttl("{lanes}:creator:psy")).toBe(-1);
    await lanes.move(pausing("psy", false));
    expect(await keptHours("psy")).toBe(5);
  });
});
