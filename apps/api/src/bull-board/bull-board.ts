import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { ExpressAdapter } from "@bull-board/express";
import { agents } from "@understudy/agents";
import type { Dispatcher } from "@understudy/queues";
import type { RequestHandler } from "express";

/** Bull Board with the queue of every registered agent; read-only unless `write`. */
export function bullBoard(dispatcher: Dispatcher, path: string, write: boolean): RequestHandler {
  const serverAdapter = new ExpressAdapter();
  serverAdapter.setBasePath(path);
  createBullBoard({
    queues: agents.map(
      (agent) =>
        new BullMQAdapter(dispatcher.queue(agent.name), {
          readOnlyMode: !write,
          displayName: agent.title,
          description: agent.summary,
        }),
    ),
    serverAdapter,
    options: { uiConfig: { boardTitle: "Understudy" } },
  });
  return serverAdapter.getRouter();
}
