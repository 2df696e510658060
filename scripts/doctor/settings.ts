import { geminiApiVersions } from "@understudy/contracts";
import { safetySettings } from "@understudy/gemini";
import { adminKey, namesUpstashRest, secretsKeys, upstashAdvice } from "@understudy/service";
import { z } from "zod";
import { type Finding, fail, ok } from "./finding.ts";

const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ });

/** What a deployment's settings must be; .env.example tells of each. */
const schema = z.object({
  DATABASE_URL: postgresUrl,
  DATABASE_DIRECT_URL: postgresUrl.optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }),
  UNDERSTUDY_ADMIN_KEY: adminKey,
  UNDERSTUDY_SECRETS_KEYS: secretsKeys,
  GEMINI_API_KEY: z.string(),
  GEMINI_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  GEMINI_API_VERSION: z.enum(geminiApiVersions).default("v1beta"),
  GEMINI_SAFETY_SETTINGS: safetySettings.optional(),
  GEMINI_MODEL: z.string().optional(),
});

/** Those that are well-formed; the others have a finding. */
export type Settings = Partial<z.infer<typeof schema>>;

/** Reads each setting by itself, so that one that is wrong keeps no other from being checked. */
export function readSettings(environment: Record<string, string | undefined>): {
  settings: Settings;
  findings: Finding[];
} {
  const findings: Finding[] = [];
  const settings = Object.fromEntries(
    Object.entries(schema.shape).flatMap(([name, one]) => {
      const parsed = one.safeParse(environment[name] || undefined);
      if (parsed.success) return [[name, parsed.data]];
      const isRest = name === "REDIS_URL" && namesUpstashRest(environment);
      const reason = parsed.error.issues.map(({ message }) => message).join("; ");
      findings.push(
        fail("settings", `${name}: ${environment[name] ? reason : "is not set"}`, todoOf(name, isRest)),
      );
      return [];
    }),
  ) as Settings;
  if (findings.length === 0) findings.push(ok("settings", "all that are needed are set and well-formed"));
  return { settings, findings: [...findings, ...doubts(environment)] };
}

function todoOf(name: string, isRest: boolean): string {
  if (isRest) return upstashAdvice;
  if (name === "UNDERSTUDY_SECRETS_KEYS")
    return 'set it to "k1:" and the output of `openssl rand -base64 32`';
  if (name === "UNDERSTUDY_ADMIN_KEY") return "set it to the output of `openssl rand -hex 24`";
  return "set it as .env.example says";
}

function doubts(environment: Record<string, string | undefined>): Finding[] {
  const isPooled = environment.DATABASE_URL?.includes("pgbouncer=true");
  return [
    ...(isPooled && !environment.DATABASE_DIRECT_URL
      ? [fail("settings", "DATABASE_URL is a pooler's", "set DATABASE_DIRECT_URL, which migrations need")]
      : []),
  ];
}
