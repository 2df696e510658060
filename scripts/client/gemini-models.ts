import { type GeminiApiVersion, geminiApiVersions } from "@understudy/contracts";
import { EnvHttpProxyAgent, fetch } from "undici";
import { z } from "zod";
import { CommandError, reasonOf } from "./command-error.ts";

/** Where Gemini answers, or what speaks its protocol. */
export interface GeminiAccess {
  /** Without a slash at its end. */
  url: string;
  /** Of one account; the first is asked with. */
  keys: readonly string[];
  version: GeminiApiVersion;
  /** The way out of the network, as the worker takes it; straight unless given. */
  proxy?: { httpsProxy: string; httpProxy: string; noProxy: string };
}

/** A model as Gemini lists it: limits, no price and nothing of its end. */
const listedModel = z.object({
  name: z.string().transform((name) => name.replace(/^models\//, "")),
  outputTokenLimit: z.int().optional(),
  thinking: z.boolean().optional(),
});

export type ListedModel = z.infer<typeof listedModel>;

/** What came of asking for one model, which is free. */
export type ModelAnswer =
  | { kind: "listed"; model: ListedModel; isEmulated: boolean }
  | { kind: "refused"; httpStatus: number; status: string; message: string }
  | { kind: "unreachable"; reason: string };

export const geminiUrl = "https://generativelanguage.googleapis.com";

const timeoutMs = 10_000;
const pageSize = 1_000;

/** Past this many pages the list is taken to have no end. */
const pagesMax = 20;

const page = z.object({ models: z.array(listedModel).default([]), nextPageToken: z.string().optional() });
const refusal = z.object({
  error: z.object({ status: z.string().default(""), message: z.string().default("") }),
});

/** Where the environment says that Gemini is; undefined without a key. @throws CommandError where its address is none */
export function geminiAccess(environment: Record<string, string | undefined>): GeminiAccess | undefined {
  const keys = (environment.GEMINI_API_KEY ?? "").split(",").map((key) => key.trim());
  const named = keys.filter((key) => key !== "");
  if (named.length === 0) return undefined;
  const url = (environment.GEMINI_BASE_URL || geminiUrl).replace(/\/+$/, "");
  if (!/^https?:/.test(url) || !URL.canParse(url))
    throw new CommandError("GEMINI_BASE_URL is no http(s) address.", 2);
  const version = geminiApiVersions.find((one) => one === environment.GEMINI_API_VERSION) ?? "v1beta";
  const way = (name: string) => environment[name.toLowerCase()] ?? environment[name] ?? "";
  const proxy = {
    httpsProxy: way("HTTPS_PROXY"),
    httpProxy: way("HTTP_PROXY"),
    noProxy: way("NO_PROXY"),
  };
  return { url, keys: named, version, proxy };
}

/**
 * The models that the key may see.
 * @param most as many at least as are looked for; all unless given
 * @throws CommandError that says in one line why there is no list
 */
export async function listGeminiModels(
  access: GeminiAccess,
  most = Number.POSITIVE_INFINITY,
): Promise<{ models: ListedModel[]; isEmulated: boolean }> {
  const models: ListedModel[] = [];
  let pageToken = "";
  let isEmulated = false;
  for (let pages = 0; pages < pagesMax; pages++) {
    const query = new URLSearchParams({
      pageSize: String(Math.min(pageSize, most)),
      ...(pageToken && { pageToken }),
    });
    const answer = await ask(access, `models?${query}`).catch((error: unknown) => {
      throw new CommandError(`${new URL(access.url).host} doesn't answer: ${reasonOf(error)}`, 1);
    });
    const read = page.safeParse(answer.body);
    if (answer.httpStatus !== 200 || !read.success) {
      const { status, message } = refusalOf(answer.body);
      throw new CommandError(
        `models.list is answered ${[answer.httpStatus, status, message].filter(Boolean).join(" ")}`,
        1,
      );
    }
    models.push(...read.data.models);
    isEmulated = answer.isEmulated;
    if (!read.data.nextPageToken || models.length >= most) break;
    pageToken = read.data.nextPageToken;
  }
  return { models, isEmulated };
}

/** Asks for one model, which costs nothing. */
export async function findGeminiModel(access: GeminiAccess, model: string): Promise<ModelAnswer> {
  try {
    const { httpStatus, body, isEmulated } = await ask(access, `models/${encodeURIComponent(model)}`);
    const read = listedModel.safeParse(body);
    if (httpStatus === 200 && read.success) return { kind: "listed", model: read.data, isEmulated };
    return { kind: "refused", httpStatus, ...refusalOf(body) };
  } catch (error) {
    return { kind: "unreachable", reason: reasonOf(error) };
  }
}

async function ask(
  { url, keys, version, proxy = { httpsProxy: "", httpProxy: "", noProxy: "" } }: GeminiAccess,
  path: string,
): Promise<{ httpStatus: number; body: unknown; isEmulated: boolean }> {
  // What is on this machine is never behind a proxy.
  const noProxy = proxy.noProxy.trim() === "*" ? "*" : `${proxy.noProxy},localhost,127.0.0.1,[::1]`;
  const dispatcher = new EnvHttpProxyAgent({ ...proxy, noProxy });
  try {
    const response = await fetch(`${url}/${version}/${path}`, {
      headers: { "x-goog-api-key": keys[0] ?? "" },
      signal: AbortSignal.timeout(timeoutMs),
      dispatcher,
    });
    const body: unknown = await response.json().catch(() => undefined);
    const isEmulated = response.headers.get("x-understudy-provider") === "emulator";
    return { httpStatus: response.status, body, isEmulated };
  } finally {
    await dispatcher.destroy();
  }
}

/** Google's own words. */
function refusalOf(body: unknown): { status: string; message: string } {
  return refusal.safeParse(body).data?.error ?? { status: "", message: "" };
}
