import type { Provider, ServiceTier } from "@understudy/contracts";
import type { Exchange } from "./lean-fetch.ts";

/** The tier that was served, where the answer says so: it may be a lower one than was asked for. */
export function servedTier(exchange: Exchange | undefined): ServiceTier | undefined {
  const tier = exchange?.headers["x-gemini-service-tier"]?.toLowerCase();
  return tier === "standard" || tier === "flex" || tier === "priority" ? tier : undefined;
}

/** The emulator says in each answer that it is one. */
export function providerOf(exchange: Exchange | undefined): Provider {
  return exchange?.headers["x-understudy-provider"] === "emulator" ? "emulator" : "gemini";
}
