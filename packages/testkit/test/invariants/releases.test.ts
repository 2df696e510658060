import { describe, expect, it } from "@jest/globals";
import { type BucketTerms, worstWindow } from "../../src/invariants/releases.ts";
import { ReleaseSightings } from "../../src/invariants/sightings.ts";

/** One token a second. */
const terms: BucketTerms = { from: 0, until: null, ratePerHour: 3_600, burst: 3 };
const at = (...times: number[]) => times.map((time) => ({ from: time, until: time }));

describe("windows of releases", () => {
  it("may have the burst and what comes in them", () => {
    expect(worstWindow([], [terms])).toBeUndefined();
    expect(worstWindow(at(0, 0, 0), [terms])).toBeUndefined();
    expect(worstWindow(at(0, 0, 0, 1_000, 2_000, 3_000), [terms])).toBeUndefined();
  });

  it("may not have more: the worst is told", () => {
    expect(worstWindow(at(0, 0, 0, 500), [terms])).toMatchObject({ from: 0, until: 500, releases: 4 });
    expect(worstWindow(at(0, 60_000, 60_000, 60_000, 60_000), [terms])).toMatchObject({
      ...{ from: 60_000, until: 60_000, releases: 4 },
      tokens: expect.closeTo(3.1, 5),
    });
  });

  it("are not passed by releases that may have been before or after", () => {
    const waited = { from: 0, until: 10_000 };
    expect(worstWindow([waited, waited, ...at(10_000, 10_000, 10_000)], [terms])).toBeUndefined();
    const came = { from: 9_900, until: 10_100 };
    expect(worstWindow([came, came, ...at(10_000, 10_000, 10_000)], [terms])).toMatchObject({ releases: 5 });
  });

  it("have the largest of the terms that were in force in them, and a minute after those had changed", () => {
    const larger = { from: 100_000, until: 200_000, ratePerHour: 36_000, burst: 3 };
    const changing = [{ ...terms, until: 100_000 }, larger, { ...terms, from: 200_000 }];
    // Ten tokens a second come from 100 s to 260 s, and one a second before and after.
    const many = (time: number) => at(...Array.from({ length: 13 }, () => time), time + 1_000);
    const spread = (from: number) => at(...Array.from({ length: 13 }, (_, index) => from + index * 100));
    expect(worstWindow(spread(150_000), changing)).toBeUndefined();
    expect(worstWindow(spread(250_000), changing)).toBeUndefined();
    expect(worstWindow(spread(50_000), changing)).toMatchObject({ from: 50_000 });
    expect(worstWindow(spread(261_000), changing)).toMatchObject({ from: 261_000 });
    expect(worstWindow(many(150_000), changing)).toMatchObject({ from: 150_000, until: 150_000 });
  });
});

describe("releases as they are seen", () => {
  const nothing = {
    inLanes: new Map<string, string>(),
    released: new Map<string, number>(),
    inQueues: new Set<string>(),
    twice: new Map<string, string>(),
  };
  const start = { creatorId: "psy", acceptedAt: 50, from: 50, until: null };

  it("happened between two looks, or when Redis says", () => {
    const sightings = new ReleaseSightings();
    const lane = new Map(["job_a-g1", "job_b-g1", "job_c-g1"].map((delivery) => [delivery, "psy"]));
    sightings.look({ ...nothing, at: 100, born: 10, inLanes: lane });
    sightings.look({
      ...nothing,
      at: 200,
      born: 10,
      inLanes: new Map([["job_c-g1", "psy"]]),
      released: new Map([["job_a-g1", 150]]),
    });
    // Noted as overdue: its time is moved on.
    sightings.look({
      ...nothing,
      at: 300,
      born: 10,
      inLanes: new Map([["job_c-g1", "psy"]]),
      released: new Map([["job_a-g1", 250]]),
    });
    const starts = [
      { ...start, id: "job_a", until: 400 },
      { ...start, id: "job_b", until: 180 },
      { ...start, id: "job_c" },
    ];
    expect(sightings.releases(starts)).toEqual([
      { creatorId: "psy", from: 100, until: 150 },
      { creatorId: "psy", from: 100, until: 180 },
    ]);
  });

  it("are none of what has its token already", () => {
    const sightings = new ReleaseSightings();
    sightings.look({ ...nothing, at: 100, born: 10, released: new Map([["job_a-g2", 90]]) });
    expect(sightings.releases([{ ...start, id: "job_a", until: 95 }])).toEqual([]);
  });

  it("are known of jobs that are older than this Redis only as far as it says so itself", () => {
    const sightings = new ReleaseSightings();
    const lane = new Map(["job_a-g1", "job_b-g1"].map((delivery) => [delivery, "psy"]));
    sightings.look({ ...nothing, at: 100, born: 60, inLanes: lane });
    sightings.look({ ...nothing, at: 200, born: 60, released: new Map([["job_a-g1", 150]]) });
    const starts = ["job_a", "job_b"].map((id) => ({ ...start, id, until: 180 }));
    expect(sightings.releases(starts)).toEqual([{ creatorId: "psy", from: 100, until: 150 }]);
  });

  it("are those of one generation of a job that was asked for again", () => {
    const sightings = new ReleaseSightings();
    sightings.look({ ...nothing, at: 100, born: 10, inLanes: new Map([["job_a-g1", "psy"]]) });
    sightings.look({ ...nothing, at: 200, born: 10, inLanes: new Map([["job_a-g2", "psy"]]) });
    expect(sightings.releases([{ ...start, id: "job_a", until: 300 }])).toEqual([
      { creatorId: "psy", from: 200, until: 300 },
    ]);
  });
});
