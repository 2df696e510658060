import type { Provider, ServiceTier } from "@understudy/contracts";
import type { Exchange } from "./http-exchange.ts";

/** What an answer names its tier, in lower case: the Developer API's names, then those of Vertex AI's `trafficType`. */
const tiers: ReadonlyMap<string, ServiceTier> = new Map([
  ["standard", "standard"],
  ["flex", "flex"],
  ["priority", "priority"],
  ["on_demand", "standard"],
  ["on_demand_flex", "flex"],
  ["on_demand_priority", "priority"],
]);

/** The tier of that name; undefined where none is, or none that is priced. */
export function tierNamed(name: unknown): ServiceTier | undefined {
  return typeof name === "string" ? tiers.get(name.toLowerCase()) : undefined;
}

/**
 * The tier that was served, which may be a lower one than was asked for. The body is believed first: a streamed
 * answer names it there alone.
 * @param usage `usageMetadata`
 */
export function servedTier(usage: unknown, exchange: Exchange | undefined): ServiceTier | undefined {
  const { serviceTier, trafficType } = (usage ?? {}) as { serviceTier?: unknown; trafficType?: unknown };
  return (
    tierNamed(serviceTier) ?? tierNamed(trafficType) ?? tierNamed(exchange?.headers["x-gemini-service-tier"])
  );
}

const googlesHosts = /^(?:[a-z0-9-]{1,63}\.)*googleapis\.com$/i;

/** Who answers at an address: Gemini at Google's own hosts alone. */
export function providerAt(baseUrl: string): Exclude<Provider, "emulator"> {
  return URL.canParse(baseUrl) && googlesHosts.test(new URL(baseUrl).hostname) ? "gemini" : "other";
}

/** The emulator says in each answer that it is one. @param atAddress who answers at the address that was asked */
export function providerOf(exchange: Exchange | undefined, atAddress: Provider): Provider {
  return exchange?.headers["x-understudy-provider"] === "emulator" ? "emulator" : atAddress;
}

/** What the provider calls the request; undefined where it does not say, or says it oddly. */
export function requestIdOf(exchange: Exchange | undefined, responseId?: unknown): string | undefined {
  const { headers = {} } = exchange ?? {};
  const ids: unknown[] = [headers["x-goog-request-id"], headers["x-request-id"], responseId];
  return ids.find((id): id is string => typeof id === "string" && requestId.test(id) && !id.includes("AIza"));
}

const requestId = /^[\w.:/+=-]{1,200}$/;
