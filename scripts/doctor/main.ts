import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { CommandError, exitCodeOf, reasonOf } from "../client/command-error.ts";
import { geminiAccess } from "../client/gemini-models.ts";
import { checkApi } from "./api.ts";
import type { Finding } from "./finding.ts";
import { checkGemini } from "./gemini.ts";
import { checkHardening, checkOpenMetrics } from "./hardening.ts";
import { checkMachine } from "./machine.ts";
import { checkModels, readRoles } from "./models.ts";
import { type DoctorOptions, readOptions } from "./options.ts";
import { checkPostgres } from "./postgres.ts";
import { checkRedis } from "./redis.ts";
import { readSettings } from "./settings.ts";

const root = resolve(import.meta.dirname, "../..");
const marks = { ok: "✓", warn: "!", fail: "✗" };

async function examine(options: DoctorOptions): Promise<Finding[]> {
  const environment = { ...readEnvFile(options.envFile), ...process.env };
  const { settings, findings } = readSettings(environment);
  const url = options.url || environment.UNDERSTUDY_URL || `http://127.0.0.1:${environment.PORT || 3000}`;
  const base = url.replace(/\/+$/, "");
  const roles = readRoles(settings);
  const access = geminiAccess({ ...environment, GEMINI_BASE_URL: settings.GEMINI_BASE_URL });
  const groups = await Promise.all([
    checkMachine(root),
    findings,
    checkPostgres(settings),
    checkRedis(settings),
    roles.then(checkModels),
    roles.then((known) => checkGemini(access, settings, known, options.live)),
    checkApi(base, settings.UNDERSTUDY_ADMIN_KEY),
    checkHardening(environment, base),
    checkOpenMetrics(base),
  ]);
  return groups.flat();
}

function readEnvFile(file: string | undefined): Record<string, string | undefined> {
  if (file === undefined) return {};
  try {
    return parseEnv(readFileSync(file, "utf8"));
  } catch (error) {
    throw new CommandError(`${file} can't be read: ${reasonOf(error)}`, 2);
  }
}

function print(findings: Finding[]): void {
  for (const { check, status, message, todo } of findings) {
    console.log(
      `${marks[status]} ${check.padEnd(10)} ${message}${todo === undefined ? "" : `\n             → ${todo}`}`,
    );
  }
  const count = (wanted: Finding["status"]) => findings.filter(({ status }) => status === wanted).length;
  console.log(`\n${count("ok")} ok, ${count("warn")} to look at, ${count("fail")} failed`);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const findings = await examine(options);
  const isOk = findings.every(({ status }) => status !== "fail");
  if (options.json) console.log(JSON.stringify({ ok: isOk, findings }, null, 2));
  else print(findings);
  return isOk ? 0 : 1;
}

process.exitCode = await main().catch(exitCodeOf);
