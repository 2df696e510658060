import { type Spending, spending, spendingUpdate } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { defineRoute, type Route } from "../http/define-route.ts";

/** The switch that stops all spending. */
export function spendingRoutes(database: Database): Route[] {
  const { spendingSwitch } = database.prisma;

  const readSwitch = defineRoute({
    method: "get",
    path: "/api/ai/admin/spending",
    id: "readSpending",
    tag: "Costs",
    scope: "admin",
    summary: "Tell whether spending is stopped",
    answers: { 200: { description: "How the switch stands.", schema: spending } },
    handle: async ({ reply }) => reply(200, await read()),
  });

  const turnSwitch = defineRoute({
    method: "post",
    path: "/api/ai/admin/spending",
    id: "setSpending",
    tag: "Costs",
    scope: "admin",
    summary: "Stop or allow all spending",
    description: "While it is stopped no call is made, and jobs wait.",
    body: spendingUpdate,
    answers: { 200: { description: "How the switch stands now.", schema: spending } },
    async handle({ body: { stopped }, reply }) {
      await spendingSwitch.updateMany({
        where: { stopped: !stopped },
        data: { stopped, changedAt: database.clock.now() },
      });
      return reply(200, await read());
    },
  });

  async function read(): Promise<Spending> {
    const { stopped, changedAt } = await spendingSwitch.findUniqueOrThrow({ where: { id: 1 } });
    return { stopped, changedAt: changedAt.toISOString() };
  }

  return [readSwitch, turnSwitch];
}
