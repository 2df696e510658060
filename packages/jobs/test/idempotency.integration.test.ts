import { beforeEach, expect, it } from "@jest/globals";
import { newId, type Statement } from "@understudy/database";
import { findRepeatedJobs, noteAdmissions } from "../src/index.ts";
import { JobDatabase, time } from "./job-database.ts";

const jobs = await JobDatabase.open();

beforeEach(() => jobs.clear());

const key = { ownerId: "admin", key: "a" };
const daySeconds = 86_400;

/** A wish for a job under a key. */
const under = ({ ownerId, key: text }: Partial<typeof key> = {}, fingerprint = "f") => ({
  id: newId("job"),
  idempotency: { ownerId: ownerId ?? key.ownerId, key: text ?? key.key, fingerprint },
});

const written = async (wishes: Parameters<JobDatabase["create"]>[0]) =>
  (await jobs.create(wishes)).map(({ createdAt }) => createdAt !== null);

const found = async (keys = [key]) =>
  (await findRepeatedJobs(jobs.database, keys)).map((repeated) => repeated?.id);

it("gives a batch's first job the key that several of it name, and leaves those without a key alone", async () => {
  const [first, plain, second, third] = [under(), {}, under(), under()];
  expect(await written([third, plain, first, second])).toEqual([false, true, true, false]);
  expect(await found()).toEqual([first.id]);
});

it("tells keys apart by their text and by whose they are", async () => {
  const wishes = [under(), under({ key: "b" }), under({ ownerId: "key_1" })];
  expect(await written(wishes)).toEqual([true, true, true]);
  const keys = [key, { ...key, key: "b" }, { ...key, ownerId: "key_1" }, { ownerId: "key_1", key: "b" }];
  expect(await found(keys)).toEqual([...wishes.map(({ id }) => id), undefined]);
});

it("tells of a repeat what it needs to be answered again", async () => {
  const wish = under({}, "of the first request");
  const notBefore = time(60);
  await jobs.create([
    { ...wish, agent: "messaging", creatorId: "mia", notBefore: notBefore.toISOString() },
    under({ key: "b" }),
  ]);
  expect(await findRepeatedJobs(jobs.database, [key])).toEqual([
    {
      ...key,
      fingerprint: "of the first request",
      admission: null,
      id: wish.id,
      agent: "messaging",
      creatorId: "mia",
      createdAt: time(0),
      notBefore,
    },
  ]);
});

it("keeps the first job where the key comes again, whatever it comes with", async () => {
  const first = under();
  expect(await written([first])).toEqual([true]);
  await jobs.at(daySeconds - 0.001);
  expect(await jobs.create([under({}, "another"), {}])).toMatchObject([
    { createdAt: null, isKnown: true },
    { createdAt: time(daySeconds - 0.001) },
  ]);
  expect(await findRepeatedJobs(jobs.database, [key])).toMatchObject([{ id: first.id, fingerprint: "f" }]);
});

it("forgets a key after 24 hours, to the millisecond, and takes it for the next job", async () => {
  const [first, next] = [under(), under({}, "another")];
  await jobs.create([first]);
  const answer = { admission: { state: "waiting" } as never };
  await noteAdmissions(jobs.database, [{ ...key, jobId: first.id, ...answer }]);
  await jobs.at(daySeconds - 0.001);
  expect(await found()).toEqual([first.id]);
  await jobs.at(daySeconds);
  expect(await found()).toEqual([undefined]);
  expect(await written([next])).toEqual([true]);
  expect(await findRepeatedJobs(jobs.database, [key])).toMatchObject([
    { id: next.id, fingerprint: "another", admission: null },
  ]);
  // For 24 hours of its own.
  await jobs.at(2 * daySeconds - 0.001);
  expect(await found()).toEqual([next.id]);
});

it("keeps no key of a job for which there is no room, or no creator", async () => {
  expect(await written([{ ...under(), requiredUsd: "10.1" }])).toEqual([false]);
  expect(await written([{ ...under(), creatorId: "nobody", createCreator: false }])).toEqual([false]);
  expect(await found()).toEqual([undefined]);
  expect(await written([under()])).toEqual([true]);
});

it("does not wait for another batch that brings the same keys in another order", async () => {
  const jobId = await jobs.job();
  const keys = ["admin", "key_1"].flatMap((ownerId) =>
    Array.from({ length: 5 }, (_, n) => ({ ownerId, key: `key ${n}`, jobId })),
  );
  const take: Statement = {
    text: `INSERT INTO "IdempotencyRecord" ("ownerId", "key", "fingerprint", "jobId") SELECT r."ownerId", r."key", 'g', r."jobId"
      FROM jsonb_to_recordset($1::jsonb) AS r("ownerId" text, "key" text, "jobId" text)`,
    name: "test-take-keys",
  };
  const records = await jobs.during(
    ({ execute }) => execute(take, keys.slice(0, 1)),
    () => jobs.create(keys.map((one) => under(one)).reverse()),
    ({ execute }) => execute(take, keys.slice(1)),
  );
  expect(records.map(({ createdAt }) => createdAt)).toEqual(Array(10).fill(null));
});

it("notes what the first answers said of each of them, and nothing of another key or another's job", async () => {
  const [one, two, three] = [under(), under({ key: "b" }), under({ ownerId: "key_1" })];
  await jobs.create([one, two, three]);
  const say = (n: number) => ({ state: "waiting", position: n }) as never;
  await noteAdmissions(jobs.database, [
    { ...key, jobId: one.id, admission: say(1) },
    { ...key, key: "b", jobId: two.id, admission: say(2) },
  ]);
  // Its key was taken over since.
  await noteAdmissions(jobs.database, [{ ...key, jobId: two.id, admission: say(3) }]);
  const rows = await jobs.database.prisma.idempotencyRecord.findMany();
  expect(new Map(rows.map(({ jobId, admission }) => [jobId, admission]))).toEqual(
    new Map([
      [one.id, say(1)],
      [two.id, say(2)],
      [three.id, null],
    ]),
  );
});
