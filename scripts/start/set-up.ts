import { mkdirSync } from "node:fs";
import { applyMigrations } from "@understudy/database";
import { allowsPrivateWebhooks, needsEmulator, type StartConfig, stopSecondsMax } from "./config.ts";
import type { Instance } from "./instance.ts";
import { LaunchError, messageOf } from "./launch-error.ts";
import { endLeftovers } from "./leftovers.ts";
import { places } from "./places.ts";
import { choosePorts, giveWay, hostOf, type PortVariable } from "./ports.ts";
import { say, step } from "./progress.ts";
import { obtainSecretsKeys } from "./secrets-keys.ts";
import { startPrivatePostgres, startPrivateRedis } from "./services.ts";
import type { Stack } from "./stack.ts";
import { type AppSpec, superviseApp } from "./supervise.ts";

export interface SetUp {
  config: StartConfig;
  adminKey: string;
  /** The user's own, passed on to the apps. */
  environment: Record<string, string | undefined>;
  stack: Stack;
  /** Called when a part keeps dying. */
  giveUp: () => void;
  /** Whether the user wants all this to end meanwhile. */
  stopAsked: () => boolean;
}

/**
 * Starts everything, each part only after those it depends on.
 * @throws LaunchError or LocalServiceError; what was started by then is in the stack
 */
export async function setUp(context: SetUp): Promise<Instance> {
  const { config, adminKey, environment } = context;
  mkdirSync(places.logs, { recursive: true });
  await endLeftovers(stopSecondsMax(config), (line) => say(`  ${line}`));
  const ports = await choosePorts(config, needsEmulator(config));
  for (const note of ports.notes) say(`  ${note}`);
  checkpoint(context);

  const databaseUrl = config.DATABASE_URL ?? (await startService(context, "Postgres", startPrivatePostgres));
  const redisUrl = config.REDIS_URL ?? (await startService(context, "Redis", startPrivateRedis));
  await step("Migrations", async () => await migrate(config, databaseUrl), describeMigrations);
  checkpoint(context);

  const common = { ...environment, HOST: config.HOST, LOG_LEVEL: config.LOG_LEVEL };
  const emulatorUrl = needsEmulator(config)
    ? await startListening(context, "EMULATOR_PORT", ports.emulator, ports.api, (port) => ({
        name: "Emulator",
        app: "gemini-emulator",
        env: { ...common, EMULATOR_PORT: String(port), EMULATOR_STATE_DIR: places.emulator },
      }))
    : undefined;
  const env = {
    ...common,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    UNDERSTUDY_ADMIN_KEY: adminKey,
    UNDERSTUDY_SECRETS_KEYS: obtainSecretsKeys(config),
    WEBHOOK_ALLOW_PRIVATE: allowsPrivateWebhooks(config) ? "1" : "0",
    GEMINI_MODEL: config.GEMINI_MODEL,
    GEMINI_BASE_URL: emulatorUrl ?? config.GEMINI_BASE_URL,
    // The SDK wants some key; the emulator takes any.
    GEMINI_API_KEY: config.GEMINI_API_KEY ?? "emulator",
  };
  const url = await startListening(context, "PORT", ports.api, ports.emulator, (port) => ({
    name: "API",
    app: "api",
    env: { ...env, PORT: String(port) },
  }));
  await startApp(context, { name: "Worker", app: "worker", env });
  return {
    pid: process.pid,
    startedAt: new Date().toISOString(),
    url,
    ...(emulatorUrl === undefined ? {} : { emulatorUrl }),
  };
}

async function startService(
  context: SetUp,
  name: string,
  start: typeof startPrivatePostgres,
): Promise<string> {
  const service = await step(
    name,
    async (note) => await start(note, context.giveUp),
    ({ port }) => `${name} on 127.0.0.1:${port}`,
  );
  context.stack.add(service.part);
  checkpoint(context);
  return service.url;
}

/** @returns its URL, on the chosen port unless another program was faster there and it may give way */
async function startListening(
  context: SetUp,
  variable: PortVariable,
  chosen: number,
  reserved: number,
  specOn: (port: number) => AppSpec,
): Promise<string> {
  const { config } = context;
  for (let port = chosen; ; ) {
    const url = urlOf(hostOf(config, variable), port);
    try {
      await startApp(context, specOn(port), url);
      return url;
    } catch (err) {
      const other = await giveWay(config, variable, port, reserved);
      if (!other) throw err;
      say(`  ${other.note}`);
      port = other.port;
    }
  }
}

async function startApp(context: SetUp, app: AppSpec, url?: string): Promise<void> {
  checkpoint(context);
  const supervised = superviseApp(app, stopSecondsMax(context.config), context.giveUp);
  context.stack.add(supervised);
  await step(app.name, supervised.start, () => (url === undefined ? app.name : `${app.name} on ${url}`));
}

function checkpoint({ stopAsked }: SetUp): void {
  if (stopAsked()) throw new LaunchError("Stopped before everything was up.");
}

async function migrate(config: StartConfig, databaseUrl: string): Promise<string[]> {
  try {
    return await applyMigrations(config.DATABASE_DIRECT_URL ?? databaseUrl);
  } catch (err) {
    const whose = config.DATABASE_URL === undefined ? "" : " of DATABASE_URL";
    throw new LaunchError(`The database${whose} could not be brought up to date: ${messageOf(err)}`);
  }
}

function describeMigrations(applied: string[]): string {
  return applied.length === 0 ? "Database is up to date" : `Database: ${applied.length} migrations applied`;
}

/** For a person and for programs on this machine, whatever address it listens on. */
function urlOf(host: string, port: number): string {
  const isAnyAddress = host === "0.0.0.0" || host === "::";
  const name = isAnyAddress ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
