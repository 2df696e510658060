import type { Database } from "@understudy/database";
import type { Caller } from "../http/caller.ts";
import { ProblemError } from "../http/problem-error.ts";
import { seesEndpoint } from "./visible-endpoints.ts";

/** Where a job's end is told, and the endpoint whose secret signs it. */
interface Callback {
  callbackUrl: string;
  callbackEndpointId: string;
}

/**
 * The registered endpoint that a job's callbackUrl belongs to: its URL begins with the endpoint's. Of several the most
 * exact one.
 * @throws a 400 problem where there is none for that caller that may hear of that creator
 */
export async function callbackFor(
  database: Database,
  caller: Caller,
  creatorId: string,
  callbackUrl: string,
): Promise<Callback> {
  const endpoints = await database.prisma.webhookEndpoint.findMany({
    where: { deletedAt: null, OR: [{ creatorIds: { isEmpty: true } }, { creatorIds: { has: creatorId } }] },
    select: { id: true, url: true, creatorIds: true },
  });
  const [best] = endpoints
    .filter((endpoint) => seesEndpoint(caller, endpoint) && beginsWith(callbackUrl, endpoint.url))
    .sort((one, other) => other.url.length - one.url.length);
  if (best) return { callbackUrl, callbackEndpointId: best.id };
  throw new ProblemError(
    400,
    "callback_not_allowed",
    "No webhook endpoint is registered for that callbackUrl and creator.",
    {
      errors: [
        { pointer: "#/options/callbackUrl", detail: "must begin with the URL of a registered endpoint" },
      ],
    },
  );
}

/** Whole parts alone: `https://a.test/hook` registers `https://a.test/hook/1`, not `https://a.test/hooks` nor `https://a.test.evil`. */
function beginsWith(callbackUrl: string, endpointUrl: string): boolean {
  const callback = new URL(callbackUrl);
  const { href: start } = new URL(endpointUrl);
  if (callback.username !== "" || callback.password !== "" || !callback.href.startsWith(start)) return false;
  const rest = callback.href.slice(start.length);
  return rest === "" || /[/?&=]$/.test(start) || /^[/?&#]/.test(rest);
}
