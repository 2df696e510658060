import { type Database, loadStatement } from "@understudy/database";
import { isGooglesOwn } from "@understudy/service";
import { reasonOf } from "../client/command-error.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** The same lines, in the same order, stand in docs/operations.md under "Hardening". */
const check = "hardening";

const auditStatement = loadStatement(new URL("./audit-privileges.sql", import.meta.url));

type Environment = Record<string, string | undefined>;

/** Whether what is answered costs real money: the emulator does not. */
const isProduction = ({ GEMINI_BASE_URL, NODE_ENV }: Environment) =>
  isGooglesOwn(GEMINI_BASE_URL) || NODE_ENV === "production";

const isOn = (flag: string | undefined) => flag === "1" || flag === "true";
const isOff = (flag: string | undefined) => flag === "0" || flag === "false";

/** What the settings alone tell of what strangers, and keys that leak, can do. @param url of the API, as others reach it */
export function checkHardening(environment: Environment, url: string): Finding[] {
  const severe = isProduction(environment) ? fail : warn;
  const isProxyTrusted = !["", "0"].includes(environment.TRUST_PROXY ?? "");
  const isPublic = !/^https?:\/\/(localhost|127\.|\[::1\])/.test(url);
  return [
    isOff(environment.CREATE_UNKNOWN_CREATORS) || environment.PLATFORM_QUOTA_USD
      ? ok(check, "spending has a bound, whoever has a key")
      : severe(
          check,
          "a key that leaks can create creators, and spend, without end",
          "set PLATFORM_QUOTA_USD, or CREATE_UNKNOWN_CREATORS=0",
        ),
    isOn(environment.WEBHOOK_ALLOW_PRIVATE)
      ? severe(check, "webhooks may go to private addresses", "unset WEBHOOK_ALLOW_PRIVATE")
      : ok(check, "webhooks go to public addresses only"),
    environment.METRICS_TOKEN
      ? ok(check, "metrics want a token")
      : severe(
          check,
          "metrics are shown to whatever asks from the machine itself, a proxy on it too",
          "set METRICS_TOKEN, and have Prometheus send it",
        ),
    !isPublic || url.startsWith("https://")
      ? ok(check, isPublic ? "the API is reached over TLS" : "the API is asked on this machine")
      : fail(
          check,
          `${url} is reached without TLS: keys and messages can be read on the way`,
          "put a proxy with TLS before it",
        ),
    !isPublic || isProxyTrusted
      ? ok(check, isProxyTrusted ? "the proxy is believed" : "no proxy stands before the API")
      : warn(
          check,
          "behind a proxy all clients look like one, and cookies are not marked for TLS",
          "set TRUST_PROXY to the proxy's addresses, such as uniquelocal, or to how many there are",
        ),
    isOn(environment.BULL_BOARD_WRITE)
      ? warn(check, "Bull Board may change queues", "unset BULL_BOARD_WRITE when it is not needed any more")
      : ok(check, "Bull Board only shows"),
  ];
}

/** Whether the role of API and workers can only append to the audit log. */
export async function checkAuditRole(database: Database): Promise<Finding> {
  const [row] = await database.execute<{ mayEmpty: boolean }>(auditStatement);
  return row?.mayEmpty === false
    ? ok(check, "API and workers can only append to the audit log")
    : warn(
        check,
        "the role of DATABASE_URL owns the audit log, and so could empty it",
        "run migrations as an owner (DATABASE_DIRECT_URL) with DATABASE_APP_ROLE, and connect as that role",
      );
}

/** Whether strangers see metrics where others reach the API. */
export async function checkOpenMetrics(url: string): Promise<Finding[]> {
  try {
    const { status, body } = await fetch(`${url}/metrics`, {
      headers: { "x-forwarded-for": "192.0.2.1" },
      signal: AbortSignal.timeout(5_000),
    });
    await body?.cancel();
    return [
      status === 200
        ? fail(check, `${url}/metrics is shown to strangers`, "set METRICS_TOKEN")
        : ok(check, "metrics are not shown to strangers"),
    ];
  } catch (error) {
    return [warn(check, `${url}/metrics can't be asked: ${reasonOf(error)}`, "see the line on the API")];
  }
}
