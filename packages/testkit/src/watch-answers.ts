import { ApiContract } from "./api-contract.ts";

interface Watch {
  contract: ApiContract;
  faults: Set<string>;
  /** Answers that are being read. */
  pending: Set<Promise<void>>;
}

/** By the origin of the API. */
const watches = new Map<string, Watch>();

const realFetch = globalThis.fetch;

/**
 * From now on every answer of this API that the test gets by `fetch`, whoever calls it, must fit the API's own
 * OpenAPI document.
 * @returns to be called at the end: throws where answers did not fit
 */
export async function watchAnswers(url: string): Promise<() => Promise<void>> {
  const watch: Watch = { contract: await ApiContract.of(url), faults: new Set(), pending: new Set() };
  const { origin } = new URL(url);
  watches.set(origin, watch);
  globalThis.fetch = watchedFetch;
  return async () => {
    watches.delete(origin);
    if (watches.size === 0) globalThis.fetch = realFetch;
    await Promise.all(watch.pending);
    if (watch.faults.size === 0) return;
    throw new Error(`Answers that are not as /openapi.json says:\n${[...watch.faults].join("\n")}`);
  };
}

async function watchedFetch(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
  const response = await realFetch(input, init);
  const { origin, pathname } = new URL(input instanceof Request ? input.url : input);
  const watch = watches.get(origin);
  if (watch) {
    const method = init?.method ?? (input instanceof Request ? input.method : "GET");
    const reading = note(watch, method.toUpperCase(), pathname, response).finally(() =>
      watch.pending.delete(reading),
    );
    watch.pending.add(reading);
  }
  return response;
}

async function note(watch: Watch, method: string, path: string, response: Response): Promise<void> {
  const contentType = response.headers.get("content-type");
  const isJson = /^application\/(problem\+)?json\b/.test(contentType ?? "");
  // The copy is cut off where the test gives the answer up: it says nothing then.
  const body =
    isJson && method !== "HEAD"
      ? await response
          .clone()
          .text()
          .catch(() => undefined)
      : undefined;
  const fault = watch.contract.faultOf({
    method,
    path,
    status: response.status,
    contentType,
    ...(body !== undefined && body !== "" && { body }),
  });
  if (fault !== undefined) watch.faults.add(fault);
}
