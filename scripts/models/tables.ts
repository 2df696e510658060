import { modelRoles, type OwnRoleModels, type Price, type RegisteredModel } from "@understudy/contracts";
import Table from "cli-table3";
import type { ModelFinding } from "./check.ts";

/** No colours: the table may go to a file. */
const plain = { style: { head: [], border: [], compact: true } };

/** @param prices as the API lists them: those in force are shown */
export function modelsTable(models: readonly RegisteredModel[], prices: readonly Price[]): string {
  const table = new Table({
    ...plain,
    head: ["provider", "model", "status", "retires", "routed to", "roles", "in", "out"],
  });
  for (const { provider, model, status, retiresAt, routedTo, roles } of models) {
    const price = prices.find((one) => one.model === model && one.serviceTier === "standard" && one.inForce);
    table.push([
      provider,
      model,
      status,
      retiresAt?.slice(0, 10) ?? "",
      routedTo ?? "",
      roles.join(", "),
      price?.inputUsd ?? "",
      price?.outputUsd ?? "",
    ]);
  }
  return table.toString();
}

/** In the order of the roles; of a plan only what differs. */
export function rolesTable(roles: OwnRoleModels): string {
  const table = new Table({ ...plain, head: ["role", "models, the first that can be called answers"] });
  for (const role of modelRoles) if (roles[role]) table.push([role, roles[role].join(", ")]);
  return table.toString();
}

export function findingsTable(findings: readonly ModelFinding[]): string {
  const table = new Table({ ...plain, head: ["model", "what", "wrong"] });
  for (const { model, what, isWrong } of findings) table.push([model, what, isWrong ? "YES" : ""]);
  return table.toString();
}
