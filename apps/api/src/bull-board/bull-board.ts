import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { ExpressAdapter } from "@bull-board/express";
import { agents } from "@understudy/agents";
import type { Dispatcher } from "@understudy/queues";
import type { Queue } from "bullmq";
import type { RequestHandler } from "express";
import { AgentQueueAdapter } from "./agent-queue-adapter.ts";

/**
 * Bull Board with the queue of every registered agent, read-only unless `write`, and that of the ticks that close months:
 * always read-only, since nobody but those who fill it has to do with it.
 */
export function bullBoard(
  dispatcher: Dispatcher,
  charges: Queue,
  path: string,
  write: boolean,
): RequestHandler {
  const serverAdapter = new ExpressAdapter();
  serverAdapter.setBasePath(path);
  createBullBoard({
    queues: [
      ...agents.map((agent) => new AgentQueueAdapter(agent, dispatcher, write)),
      new BullMQAdapter(charges, {
        readOnlyMode: true,
        displayName: "Charges",
        description: "Each minute: closes the months that are over, as far as they are not closed yet",
      }),
    ],
    serverAdapter,
    options: { uiConfig: { boardTitle: "Understudy" } },
  });
  return serverAdapter.getRouter();
}
