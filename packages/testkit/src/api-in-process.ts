import { join } from "node:path";
import { createLogger, parseEnvironment, type RunningService } from "@understudy/service";

/** Where `npm run mutants` runs: there alone Stryker sees which code a test reaches. */
export const isApiInProcess = process.env.UNDERSTUDY_API_IN_PROCESS === "1";

/** Starts the API in this process, from its sources. */
export async function startApiInProcess(
  root: string,
  environment: Record<string, string>,
): Promise<RunningService> {
  const source = (name: string) => import(join(root, "apps/api/src", name));
  const { environment: schema } = await source("config.ts");
  const { startApi } = await source("start-api.ts");
  return await startApi(parseEnvironment(schema, environment), createLogger("api", "silent"));
}
