import type { DispatchableJob } from "@understudy/contracts";
import { type Database, groupCommit } from "@understudy/database";
import { isFarAhead } from "@understudy/jobs";
import type { Dispatcher, Placement } from "@understudy/queues";
import type { Logger } from "@understudy/service";
import { DispatchNotes } from "./dispatch-notes.ts";

const groupMax = 500;

/**
 * Lets a job into its lane, together with others that come meanwhile, and notes that it stands there.
 * @returns where it stands; undefined where its time is too far ahead, or it needs no lane
 * @throws where Redis does not take it: then the reconciler will
 */
export type Dispatch = (job: DispatchableJob) => Promise<Placement | undefined>;

export function createDispatch(database: Database, dispatcher: Dispatcher, logger: Logger): Dispatch {
  const notes = new DispatchNotes(database, logger);
  const together = groupCommit(
    groupMax,
    (job: DispatchableJob) => job.id,
    async (jobs) => {
      const placements = await dispatcher.dispatch(jobs);
      // Nobody waits for this: what is not noted is let in again by the reconciler, which changes nothing.
      notes.add(jobs);
      return placements;
    },
  );
  return async (job) => (isFarAhead(job, database.clock.now()) ? undefined : await together(job));
}
