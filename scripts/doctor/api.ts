import { reasonOf } from "../client/command-error.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const timeoutMs = 10_000;

/** Whether the API answers, what it says of its dependencies, and whether it takes the admin key. */
export async function checkApi(url: string, key: string | undefined): Promise<Finding[]> {
  const ask = (path: string, headers = {}) =>
    fetch(`${url}${path}`, { headers, signal: AbortSignal.timeout(timeoutMs), redirect: "manual" });
  try {
    const ready = await ask("/readyz");
    const { status } = (await ready.json()) as { status?: string };
    const findings = [
      status === "ok"
        ? ok("api", `${url} is ready`)
        : (status === "degraded" ? warn : fail)(
            "api",
            `${url} says that it is ${status}`,
            `see ${url}/readyz`,
          ),
    ];
    if (key === undefined) return findings;
    const asked = await ask("/api/ai/admin/plans", { authorization: `Bearer ${key}` });
    await asked.body?.cancel();
    const isTaken = asked.status === 200;
    return [
      ...findings,
      isTaken
        ? ok("api", "takes the admin key")
        : fail(
            "api",
            `answers ${asked.status} to the admin key`,
            "start the API with this UNDERSTUDY_ADMIN_KEY",
          ),
    ];
  } catch (error) {
    return [fail("api", `${url} does not answer: ${reasonOf(error)}`, "start it, or name it with --url")];
  }
}
