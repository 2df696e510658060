import { afterEach, describe, expect, it } from "@jest/globals";
import type { Database } from "@understudy/database";
import type { Logger } from "@understudy/service";
import { eventually } from "@understudy/testkit";
import { type Pump, startPump } from "../src/webhooks/pump.ts";

interface Round {
  at: number;
  /** Items of the statements that it ran, by their names. */
  ran: Record<string, object>;
}

let pump: Pump | undefined;

afterEach(async () => {
  await pump?.stop();
  pump = undefined;
});

/** A pump that finds so many events in each round, one after another, and then none; and these deliveries in each. */
function start({ events = [], due = [], faults = 0, room = 1_000, claim = async () => {} }: Scene = {}) {
  const rounds: Round[] = [];
  const begun: unknown[][] = [];
  const warnings: unknown[] = [];
  const execute = async ({ name }: { name: string }, [item]: object[]) => {
    if (name === "publish-events") {
      rounds.push({ at: performance.now(), ran: { [name]: item ?? {} } });
      if (rounds.length <= faults) throw new Error("away");
      return [{ events: events[rounds.length - 1] ?? 0 }];
    }
    Object.assign(rounds.at(-1)?.ran ?? {}, { [name]: item });
    await claim();
    return due[rounds.length - 1] ?? [];
  };
  pump = startPump({
    database: { execute } as unknown as Database,
    logger: { warn: (fields: object) => warnings.push(fields) } as unknown as Logger,
    leaseSeconds: 20,
    room: () => room,
    begin: (claimed) => void begun.push(claimed),
  });
  const until = (count: number) => eventually(() => expect(rounds.length).toBeGreaterThanOrEqual(count));
  const pauses = () => rounds.slice(1).map(({ at }, index) => at - (rounds[index]?.at ?? 0));
  return { pump, rounds, begun, warnings, until, pauses };
}

interface Scene {
  events?: number[];
  due?: object[][];
  faults?: number;
  room?: number;
  claim?: () => Promise<void>;
}

describe("the pump of webhooks", () => {
  it("takes events out and begins tries of deliveries whose time has come, each second", async () => {
    const due = [{ id: "dlv_1", generation: 1, tries: 0 }];
    const { rounds, begun, warnings, until, pauses } = start({ events: [499], due: [due] });
    await until(2);
    expect(rounds.map(({ ran }) => ran)).toEqual(
      Array(2).fill({
        "publish-events": { limit: 500 },
        "claim-deliveries": { limit: 200, perEndpoint: 100, perFailing: 10, leaseSeconds: 20 },
      }),
    );
    expect(begun).toEqual([due]);
    expect(pauses()[0]).toBeGreaterThan(950);
    expect(warnings).toEqual([]);
  });

  it("claims no more than there is room for, and nothing where there is none", async () => {
    const some = start({ room: 7 });
    await some.until(1);
    await some.pump.stop();
    expect(some.rounds[0]?.ran).toMatchObject({ "claim-deliveries": { limit: 7 } });
    const none = start({ room: 0 });
    await none.until(1);
    await none.pump.stop();
    expect(none.rounds[0]?.ran).toEqual({ "publish-events": { limit: 500 } });
  });

  it("goes on at once as long as it claims many, which may be no more than their shares", async () => {
    const { begun, until, pauses } = start({ due: [[{}, {}, {}], [{}, {}], [{}]] });
    await until(4);
    expect(begun.map(({ length }) => length)).toEqual([3, 2, 1]);
    const [first = 0, second = 0, third = 0] = pauses();
    expect(Math.max(first, second)).toBeLessThan(900);
    expect(third).toBeGreaterThan(950);
  });

  it("goes on at once as long as there may be more events", async () => {
    const { until, pauses } = start({ events: [500, 500, 3] });
    await until(4);
    const [first = 0, second = 0, third = 0] = pauses();
    expect(Math.max(first, second)).toBeLessThan(900);
    expect(Math.min(first, second)).toBeGreaterThan(9);
    expect(third).toBeGreaterThan(950);
  });

  it("goes on where it failed, and says so", async () => {
    const { warnings, until, rounds, pump } = start({ faults: 1 });
    await until(1);
    pump.wake();
    await until(2);
    expect(warnings).toEqual([{ err: expect.objectContaining({ message: "away" }) }]);
    expect(rounds[0]?.ran).not.toHaveProperty("claim-deliveries");
  });

  it("looks at once where it is woken, also in the middle of a round", async () => {
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { pump, rounds, until, pauses } = start({ claim: () => held });
    await until(1);
    pump.wake();
    goOn();
    await until(2);
    pump.wake(-5);
    await until(3);
    expect(Math.max(...pauses())).toBeLessThan(900);
    expect(rounds).toHaveLength(3);
  });

  it("looks when it is told to look later, where that is sooner than it would by itself", async () => {
    const { pump, until, pauses } = start();
    await until(1);
    pump.wake(1_000);
    pump.wake(60_000);
    pump.wake(300);
    await until(3);
    const [first = 0, second = 0] = pauses();
    expect(first).toBeGreaterThan(280);
    expect(first).toBeLessThan(900);
    // Woken for the times that lie further off it was not.
    expect(second).toBeGreaterThan(950);
  });

  it("ends with the round under way, and begins none", async () => {
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { pump, rounds, until } = start({ claim: () => held, events: [500] });
    await until(1);
    pump.wake(20);
    let ended = false;
    const stopped = pump.stop().then(() => {
      ended = true;
    });
    await new Promise((done) => setTimeout(done, 60));
    expect(ended).toBe(false);
    goOn();
    await stopped;
    expect(rounds).toHaveLength(1);
  });

  it("ends at once while it rests", async () => {
    const { pump, rounds, until } = start();
    await until(1);
    const before = performance.now();
    await pump.stop();
    expect(performance.now() - before).toBeLessThan(900);
    expect(rounds).toHaveLength(1);
  });
});
