import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { applyMigrations, openDatabase } from "@understudy/database";
import { findFreePort, startPostgres } from "@understudy/local-services";
import {
  assertInvariants,
  createTestCertificate,
  createTestDatabase,
  eventually,
  type Pooler,
  type Stack,
  spawnService,
  startPgBouncer,
  startStack,
  type TestCertificate,
  temporaryDirectory,
  testSecretsKeys,
} from "@understudy/testkit";

let certificate: TestCertificate;
let pooler: Pooler;
let stack: Stack;

beforeAll(async () => {
  certificate = await createTestCertificate();
  const { url } = await createTestDatabase();
  pooler = await startPgBouncer(url, { certificate, timeZone: "UTC" });
  const tlsPort = await findFreePort(62_790);
  stack = await startStack({
    redisSettings: {
      "tls-port": String(tlsPort),
      "tls-cert-file": certificate.certificateFile,
      "tls-key-file": certificate.keyFile,
      "tls-auth-clients": "no",
    },
    environment: ({ databaseUrl, redis }) => ({
      DATABASE_URL: pooler.urlOf(databaseUrl),
      REDIS_URL: redis.url.replace("redis:", "rediss:").replace(String(redis.port), String(tlsPort)),
      NODE_EXTRA_CA_CERTS: certificate.certificateFile,
    }),
  });
});

afterAll(async () => {
  await stack?.stop();
  await pooler?.stop();
  await certificate?.remove();
});

describe("Postgres behind PgBouncer in transaction mode, and Redis over TLS", () => {
  it("run chats, many at once on three sessions that are handed around", async () => {
    const answers = await Promise.all(
      Array.from({ length: 30 }, async (_, number) => {
        const body = {
          creatorId: `c${number % 10}`,
          fanId: `f${number}`,
          message: "When is your next show?",
        };
        const response = await stack.request("POST", "/api/ai/chat", body, { prefer: "wait=60" });
        return (await response.json()) as { id: string; status: string };
      }),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(30).fill("completed"));
    await assertInvariants(
      stack,
      answers.map(({ id }) => id),
    );
  });

  it("tell alerts under a lock that others must not inherit", async () => {
    const { alert } = stack.database.prisma;
    await alert.create({ data: { id: "alert_1", type: "spend_spike", key: "test", payload: {} } });
    await eventually(async () =>
      expect((await alert.findUnique({ where: { id: "alert_1" } }))?.notifiedAt).not.toBeNull(),
    );
    expect(stack.workers[0]?.output()).not.toMatch(/prepared statement|startup parameter|failed/);
  });

  it("refuse what needs a session of its own", async () => {
    await expect(applyMigrations(pooler.urlOf(stack.databaseUrl))).rejects.toThrow("set DATABASE_DIRECT_URL");
  });
});

describe("a pooler whose sessions are not in UTC", () => {
  it("keeps the API from starting, with one line that names both remedies", async () => {
    const { url, drop } = await createTestDatabase();
    const zoned = await startPgBouncer(url, { certificate });
    try {
      const starting = spawnService("api", {
        ...{ DATABASE_URL: zoned.urlOf(url), REDIS_URL: "redis://127.0.0.1:1", PORT: "0" },
        ...{ UNDERSTUDY_ADMIN_KEY: stack.adminKey, UNDERSTUDY_SECRETS_KEYS: testSecretsKeys },
        NODE_EXTRA_CA_CERTS: certificate.certificateFile,
      });
      await expect(starting).rejects.toThrow(
        /America\/New_York, not in UTC.*ignore_startup_parameters.*ALTER ROLE/,
      );
    } finally {
      await zoned.stop();
      await drop();
    }
  });
});

describe("a pooler that is not said to be one", () => {
  it("refuses what sessions begin with, so nothing is found out later", async () => {
    const url = new URL(pooler.urlOf(stack.databaseUrl));
    url.searchParams.delete("pgbouncer");
    const database = openDatabase(url.href, 1);
    await expect(database.ping(5_000)).rejects.toThrow("unsupported startup parameter");
    await database.close();
  });
});

describe("a pooler without TLS", () => {
  it("takes clients as they come, on as many sessions as it is told", async () => {
    const plain = await startPgBouncer(stack.databaseUrl, { timeZone: "UTC", pool: 1 });
    const database = openDatabase(plain.urlOf(stack.databaseUrl), 5);
    const pids = await Promise.all(
      Array.from({ length: 5 }, () => database.execute({ name: "", text: "SELECT pg_backend_pid() AS pid" })),
    );
    expect(new Set(pids.map((rows) => JSON.stringify(rows))).size).toBe(1);
    await database.close();
    await plain.stop();
  });
});

describe("Postgres over TLS", () => {
  it("is asked where its certificate is known, and not otherwise", async () => {
    const { path } = await temporaryDirectory();
    const settings = {
      ssl: "on",
      ssl_cert_file: certificate.certificateFile,
      ssl_key_file: certificate.keyFile,
    };
    const postgres = await startPostgres({ directory: path, settings, endWithOwner: true });
    try {
      const known = `${postgres.url}?sslmode=verify-full&sslrootcert=${certificate.certificateFile}`;
      await expect(applyMigrations(known)).resolves.not.toHaveLength(0);
      const database = openDatabase(known, 1);
      expect(
        await database.prisma.$queryRaw`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`,
      ).toEqual([{ ssl: true }]);
      await database.close();
      await expect(applyMigrations(`${postgres.url}?sslmode=verify-full`)).rejects.toThrow(
        "self-signed certificate",
      );
    } finally {
      await postgres.remove();
    }
  });
});
