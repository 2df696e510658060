import { describe, expect, it } from "@jest/globals";
import { clock, job, jobs, lanes, release, start, termsOf, worker } from "./lane-fixture.ts";

const weighing = (weight: number) => ({ terms: termsOf(1_000, 1, weight) });

const entriesOf = (...all: { entry: string }[]) => all.map(({ entry }) => entry);

describe("creators in line", () => {
  it("take turns by their weight: whose share is larger comes back sooner", async () => {
    const enter = [
      ...jobs("one", 4, weighing(1)),
      ...jobs("four", 9, weighing(4.3)),
      ...jobs("some", 4, weighing(1.7)),
    ];
    const order = await release({ enter });
    expect(order.slice(0, 3).sort()).toEqual(["four1", "one1", "some1"]);
    // In the order of what their jobs before have cost of their shares: 1 / 4.3, 2 / 4.3, 1 / 1.7, …
    expect(order.slice(3, 8)).toEqual(["four2", "four3", "some2", "four4", "four5"]);
    expect(order.slice(8, 14)).toEqual(["one2", "four6", "some3", "four7", "four8", "some4"]);
    expect(order.slice(14)).toEqual(["four9", "one3", "one4"]);
  });

  it("pay for a job as many calls as it is expected to make; for an agent that is not known, one", async () => {
    const enter = [
      ...jobs("chats", 2, { agent: "chat" }),
      ...jobs("others", 7, { agent: "unheard", terms: termsOf(20, 1, 1.001) }),
    ];
    const order = await release({ enter });
    expect(order.slice(0, 2).sort()).toEqual(["chats1", "others1"]);
    expect(order.slice(2)).toEqual([
      "others2",
      "others3",
      "others4",
      "others5",
      "others6",
      "chats2",
      "others7",
    ]);
  });

  it("that were away come back in line with the others, not before them", async () => {
    await lanes.move({ enter: [job("back", "early", weighing(1)), ...jobs("steady", 10, weighing(1))] });
    const enter = [
      ...jobs("steady", 4, weighing(1)).map((each) => ({ ...each, entry: `later_${each.entry}` })),
      ...jobs("back", 3, weighing(0.9)),
      ...jobs("new", 3, weighing(0.8)),
    ];
    const order = await release({ enter });
    expect(order.slice(0, 2).sort()).toEqual(["back1", "new1"]);
    expect(order.slice(2)).toEqual([
      "later_steady1",
      "back2",
      "new2",
      "later_steady2",
      "back3",
      "new3",
      "later_steady3",
      "later_steady4",
    ]);
  });

  it("that have had more than their share let the others catch up", async () => {
    await lanes.move({ enter: [job("ahead", "long", { agent: "chat" })] });
    const order = await release({ enter: [job("ahead", "next"), ...jobs("other", 6, weighing(0.99))] });
    expect(order).toEqual(["other1", "other2", "other3", "other4", "other5", "next", "other6"]);
  });

  it("are told apart by whether they had anything waiting for their share", async () => {
    const isNew = async (enter: ReturnType<typeof jobs>) =>
      (await lanes.move({ enter })).released.map((each) => each.isNew);
    expect(await isNew(jobs("psy", 3))).toEqual([true, false, false]);
    // The share that was taken last is used up when others have had as much.
    expect(await isNew([job("psy", "more")])).toEqual([false]);
    await lanes.move({ enter: jobs("iu", 8) });
    expect(await isNew([job("psy", "again")])).toEqual([true]);
  });

  it("are released with their own name, in the order in which they go", async () => {
    const enter = [job("psy", "a"), job("iu", "b", { agent: "chat" })];
    const { released } = await lanes.move({ enter });
    expect(released.sort((one, other) => one.entry.localeCompare(other.entry))).toEqual([
      { entry: "a-g1|messaging", creatorId: "psy", isNew: true },
      { entry: "b-g1|chat", creatorId: "iu", isNew: true },
    ]);
  });

  it("keep their place while they wait, whatever is told of them meanwhile", async () => {
    worker.freeSlots = 0;
    await lanes.move({ enter: jobs("busy", 8, weighing(1)) });
    await lanes.move({ enter: jobs("late", 2, weighing(0.9)) });
    await lanes.move({
      enter: [job("late", "more", weighing(0.9))],
      terms: [{ creatorId: "busy", ...termsOf(1_000) }],
    });
    // busy has had four: late goes first, and they take turns once it has caught up.
    worker.freeSlots = 7;
    expect(await release()).toEqual(["late1", "busy5", "late2"]);
  });
});

describe("jobs of one creator", () => {
  it("go by priority, then by arrival, over several moves and agents", async () => {
    const isPaused = true;
    await lanes.move({
      enter: [job("psy", "c", { isPaused }), job("psy", "d", { isPaused, agent: "chat" })],
    });
    await lanes.move({
      enter: [
        job("psy", "e", { isPaused, priority: 101 }),
        job("psy", "b", { isPaused, priority: 99 }),
        job("psy", "f", { isPaused, priority: 2_000_000 }),
        job("psy", "a", { isPaused, priority: 1 }),
      ],
    });
    const { entered } = await lanes.move({
      enter: [job("psy", "c2", { isPaused }), job("psy", "a2", { isPaused, priority: 1 })],
    });
    expect(entered.map(({ position, waiting }) => [position, waiting])).toEqual([
      [5, 8],
      [1, 8],
    ]);
    const order = await release({ pause: [{ creatorId: "psy", isPaused: false }] });
    expect(order).toEqual(["a", "a2", "b", "c", "d", "c2", "e", "f"]);
  });
});

describe("how far ahead of the workers jobs are released", () => {
  it("is a few jobs, or as many as a process has room for", async () => {
    worker.freeSlots = 0;
    expect(await release({ enter: jobs("psy", 20) })).toHaveLength(4);
    expect(await release()).toEqual([]);
    worker.freeSlots = 4;
    expect(await release()).toEqual([]);
    worker.freeSlots = 6;
    expect(await release()).toEqual(["psy5", "psy6"]);
  });

  it("makes room for one by each that has started or is cancelled, and by no other", async () => {
    worker.freeSlots = 0;
    await lanes.move({ enter: jobs("psy", 9) });
    const [first, second, third] = [job("psy", "psy1"), job("psy", "psy2"), job("psy", "psy3")];
    expect(await release({ started: entriesOf(first, second) })).toEqual(["psy5", "psy6"]);
    expect(await release({ started: entriesOf(first, job("psy", "unheard")) })).toEqual([]);
    expect(await release({ remove: [third] })).toEqual(["psy7"]);
    expect(await release({ remove: [third, job("psy", "unheard")] })).toEqual([]);
  });

  it("is a fiftieth of what starts in a second, this one or the last, where that is more", async () => {
    const startMany = async (count: number) => {
      worker.freeSlots = 10_000;
      const enter = jobs(`many${clock.now}of${count}.`, count, weighing(1));
      await lanes.move({ enter });
      worker.freeSlots = 0;
      await lanes.move({ started: entriesOf(...enter) });
    };
    const depth = async () => {
      const enter = jobs("waiting", 50, weighing(1));
      const { released } = await lanes.move({ enter });
      await lanes.move({ remove: enter });
      return released.length;
    };
    await startMany(150);
    expect(await depth()).toBe(4);
    await startMany(100);
    expect(await depth()).toBe(5);
    await startMany(1);
    expect(await depth()).toBe(6);
    clock.now = start + 999;
    await startMany(249);
    expect(await depth()).toBe(10);
    // In the next second the last one still counts, and then no more.
    clock.now = start + 1_000;
    await startMany(260);
    expect(await depth()).toBe(10);
    clock.now = start + 2_999;
    expect(await depth()).toBe(6);
    clock.now = start + 3_000;
    expect(await depth()).toBe(4);
    await startMany(300);
    clock.now = start + 5_000;
    expect(await depth()).toBe(4);
  });
});
