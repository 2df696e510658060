import { readBill } from "./calls.ts";
import type { JobWords, World } from "./world.ts";

/**
 * B: each request to the provider is made for the job that pays for it. It has that job's own words, and no
 * other's but of the same fan of the same creator, whose conversation it may have. Asked once, at the end: it
 * reads every request that the emulator still has.
 * @returns one line for each violation, beginning with the invariant's letter
 */
export async function requestsAstray(
  { database, emulatorUrl }: Pick<World, "database" | "emulatorUrl">,
  { pattern, words }: JobWords,
): Promise<string[]> {
  const [calls, bill] = await Promise.all([
    database.prisma.usageLog.findMany({
      select: { id: true, jobId: true, job: { select: { creatorId: true, fanId: true } } },
    }),
    readBill(emulatorUrl),
  ]);
  const byId = new Map(calls.map((call) => [call.id, call]));
  const jobs = new Map(calls.map(({ jobId, job }) => [jobId, job]));
  const ownerOf = new Map([...words].map(([jobId, own]) => [own, jobId]));
  const isConversation = (one: string, other: string) => {
    const [a, b] = [jobs.get(one), jobs.get(other)];
    return a?.fanId != null && a.fanId === b?.fanId && a.creatorId === b.creatorId;
  };
  const faults: string[] = [];
  for (const { id, callId } of bill) {
    const jobId = byId.get(callId ?? "")?.jobId ?? "";
    const own = words.get(jobId);
    const body = own && (await readRequest(emulatorUrl, id));
    if (!body) continue;
    const found = new Set(body.match(pattern));
    if (!found.has(own)) faults.push(`B: the request of ${callId} does not say what ${jobId} asks`);
    for (const word of found) {
      const owner = ownerOf.get(word);
      if (owner === undefined || owner === jobId || isConversation(jobId, owner)) continue;
      faults.push(`B: the request of ${callId} for ${jobId} has words of ${owner}`);
    }
  }
  return faults;
}

/** The body of a request as it arrived; undefined where the emulator has let go of it. */
async function readRequest(emulatorUrl: string, id: string): Promise<string | undefined> {
  const response = await fetch(`${emulatorUrl}/_emulator/requests/${id}`);
  const body = await response.text();
  return response.ok ? body : undefined;
}
