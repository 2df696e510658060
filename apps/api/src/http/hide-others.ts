import { creatorId, jobId } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import type { RequestHandler } from "express";
import { noSuchJob } from "../jobs.ts";
import { noSuchCreator } from "../routes/creator-routes.ts";
import { type Caller, callerOf, sees } from "./caller.ts";
import type { Route } from "./define-route.ts";

/**
 * For a key that is bound to creators others' creators and jobs do not exist: whatever a path names by the schemas
 * `creatorId` and `jobId` is tried here, for every route that there is and will be. Lists, bodies and what has other
 * ids see to it themselves.
 */
export function hideOthers({ prisma }: Database): (route: Route) => RequestHandler[] {
  async function isVisibleJob(caller: Caller, id: string): Promise<boolean> {
    if (!jobId.safeParse(id).success) return false;
    const job = await prisma.job.findUnique({ where: { id }, select: { creatorId: true } });
    return job !== null && sees(caller, job.creatorId);
  }

  return ({ params = {} }) => {
    const named = (schema: unknown) => Object.keys(params).filter((name) => params[name] === schema);
    const [creators, jobs] = [named(creatorId), named(jobId)];
    if (creators.length + jobs.length === 0) return [];
    return [
      async (request, response, next) => {
        const caller = callerOf(response);
        if (caller.creatorIds !== null) {
          const texts = request.params;
          if (creators.some((name) => !sees(caller, String(texts[name])))) throw noSuchCreator();
          for (const name of jobs) if (!(await isVisibleJob(caller, String(texts[name])))) throw noSuchJob();
        }
        next();
      },
    ];
  };
}
