import { describe, expect, it } from "@jest/globals";
import { creatorId, fanId, jobId } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import type { Request, Response } from "express";
import { adminCaller, type Caller, nobody, sees, visibleTo } from "../../src/http/caller.ts";
import type { Route } from "../../src/http/define-route.ts";
import { hideOthers } from "../../src/http/hide-others.ts";

const bound: Caller = { ...adminCaller, keyId: "key_1", creatorIds: new Set(["psy", "eminem"]) };
const jobs: Record<string, string> = { job_1: "psy", job_2: "rihanna" };

/** What becomes of a request for a path with these parameters, named by these schemas. */
async function ask(caller: Caller, schemas: object, params: Record<string, string>) {
  const looks: string[] = [];
  const findUnique = async ({ where: { id } }: { where: { id: string } }) => {
    looks.push(id);
    return id in jobs ? { creatorId: jobs[id] } : null;
  };
  const database = { prisma: { job: { findUnique } } } as unknown as Database;
  const handlers = hideOthers(database)({ params: schemas } as unknown as Route);
  let passed = 0;
  const response = { locals: { caller } } as unknown as Response;
  const fault = await Promise.resolve()
    .then(async () => {
      for (const handler of handlers)
        await handler({ params } as unknown as Request, response, () => void passed++);
    })
    .then(
      () => undefined,
      (error: { status: number; code: string }) => `${error.status} ${error.code}`,
    );
  return { outcome: fault ?? (passed === handlers.length ? "passes" : "hangs"), looks };
}

describe("a path", () => {
  it.each([
    ["psy", "passes"],
    ["eminem", "passes"],
    ["rihanna", "404 creator_not_found"],
    ["nobody", "404 creator_not_found"],
  ])("that names the creator %s for a key that is bound: %s", async (id, outcome) => {
    expect(await ask(bound, { id: creatorId, fanId }, { id, fanId: "rihanna" })).toEqual({
      outcome,
      looks: [],
    });
    expect(await ask(adminCaller, { id: creatorId }, { id })).toEqual({ outcome: "passes", looks: [] });
  });

  it.each([
    ["job_1", "passes"],
    ["job_2", "404 job_not_found"],
    ["job_3", "404 job_not_found"],
    ["none", "404 job_not_found"],
  ])("that names the job %s for a key that is bound: %s", async (id, outcome) => {
    expect(await ask(bound, { id: jobId }, { id })).toMatchObject({ outcome });
    expect(await ask(adminCaller, { id: jobId }, { id })).toEqual({ outcome: "passes", looks: [] });
  });

  it("that names no id of a job is not looked for", async () => {
    expect((await ask(bound, { id: jobId }, { id: "job_1'--" })).looks).toEqual([]);
  });

  it("that names several is refused for each that is another's", async () => {
    const schemas = { one: creatorId, other: creatorId, id: jobId, last: jobId };
    const own = { one: "psy", other: "eminem", id: "job_1", last: "job_1" };
    expect(await ask(bound, schemas, own)).toMatchObject({ outcome: "passes" });
    for (const [name, text] of [
      ["one", "rihanna"],
      ["other", "rihanna"],
      ["id", "job_2"],
      ["last", "job_2"],
    ] as const)
      expect((await ask(bound, schemas, { ...own, [name]: text })).outcome).toMatch(/^404/);
  });

  it("that names nobody is everybody's", async () => {
    expect(await ask(bound, { name: fanId }, { name: "rihanna" })).toMatchObject({ outcome: "passes" });
    expect(hideOthers({ prisma: {} } as Database)({} as Route)).toEqual([]);
    expect(hideOthers({ prisma: {} } as Database)({ params: { id: fanId } } as unknown as Route)).toEqual([]);
  });

  it("of anybody does not exist for who has shown no key", async () => {
    expect(await ask(nobody, { id: creatorId }, { id: "psy" })).toMatchObject({
      outcome: "404 creator_not_found",
    });
  });
});

describe("the creators that exist for a caller", () => {
  it("are those that its key is bound to, else all, and none for nobody", () => {
    const all = ["psy", "eminem", "rihanna"];
    expect(all.map((id) => sees(bound, id))).toEqual([true, true, false]);
    expect(all.map((id) => sees(adminCaller, id))).toEqual([true, true, true]);
    expect(all.map((id) => sees(nobody, id))).toEqual([false, false, false]);
    expect([bound, adminCaller, nobody].map(visibleTo)).toEqual([["psy", "eminem"], undefined, []]);
  });
});
