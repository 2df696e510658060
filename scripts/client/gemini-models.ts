import { EnvHttpProxyAgent, fetch } from "undici";
import { z } from "zod";
import { CommandError, reasonOf } from "./command-error.ts";

/** Where Gemini answers, or what speaks its protocol. */
export interface GeminiAccess {
  /** Without a slash at its end. */
  url: string;
  key: string;
  /** The way out of the network, as the worker takes it. */
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

const version = "v1beta";
const timeoutMs = 10_000;
const pageSize = 1_000;

/** Past this many pages the list is taken to have no end. */
const pagesMax = 20;

const page = z.object({ models: z.array(listedModel).default([]), nextPageToken: z.string().optional() });
const refusal = z.object({
  error: z.object({ status: z.string().default(""), message: z.string().default("") }),
});

/** Where the environment says that Gemini is; undefined without a key. */
export function geminiAccess(environment: Record<string, string | undefined>): GeminiAccess | undefined {
  // Several keys of one account are separated by commas.
  const key = environment.GEMINI_API_KEY?.split(",")[0]?.trim();
  if (!key) return undefined;
  const url = (environment.GEMINI_BASE_URL || geminiUrl).replace(/\/+$/, "");
  const named = (name: string) => environment[name] ?? environment[name.toLowerCase()] ?? "";
  const proxy = {
    httpsProxy: named("HTTPS_PROXY"),
    httpProxy: named("HTTP_PROXY"),
    noProxy: named("NO_PROXY"),
  };
  return { url, key, proxy };
}

/** All models that the key may see. @throws CommandError that says in one line why there is no list */
export async function listGeminiModels(access: GeminiAccess): Promise<ListedModel[]> {
  const models: ListedModel[] = [];
  let pageToken = "";
  for (let pages = 0; pages < pagesMax; pages++) {
    const query = new URLSearchParams({ pageSize: String(pageSize), ...(pageToken && { pageToken }) });
    const answer = await ask(access, `models?${query}`).catch((error: unknown) => {
      throw new CommandError(
        `${new URL(access.url).host} doesn't answer (${reasonOf(error)}): see GEMINI_BASE_URL.`,
        1,
      );
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
    if (!read.data.nextPageToken) break;
    pageToken = read.data.nextPageToken;
  }
  return models;
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
  { url, key, proxy = { httpsProxy: "", httpProxy: "", noProxy: "" } }: GeminiAccess,
  path: string,
): Promise<{ httpStatus: number; body: unknown; isEmulated: boolean }> {
  // What is on this machine is never behind a proxy.
  const noProxy = proxy.noProxy.trim() === "*" ? "*" : `${proxy.noProxy},localhost,127.0.0.1,[::1]`;
  const dispatcher = new EnvHttpProxyAgent({ ...proxy, noProxy });
  try {
    const response = await fetch(`${url}/${version}/${path}`, {
      headers: { "x-goog-api-key": key },
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
