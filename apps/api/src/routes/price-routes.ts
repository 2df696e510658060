import {
  newPrice,
  price,
  priceList,
  pricesQuery,
  type QuoteRequest,
  quote,
  quoteRequest,
} from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { listPrices, quoteUsage } from "@understudy/ledger";
import { addModelPrice, type ModelRegistry } from "@understudy/models";
import { defineRoute, type Route } from "../http/define-route.ts";
import { ProblemError } from "../http/problem-error.ts";
import { leftEmpty } from "./model-routes.ts";

/** Prices: what they are and were, new ones, and what a usage costs by them. */
export function priceRoutes(database: Database, registry: ModelRegistry): Route[] {
  const list = defineRoute({
    method: "get",
    path: "/api/ai/admin/prices",
    id: "listPrices",
    tag: "Prices",
    scope: "costs:read",
    summary: "List prices",
    description: "In USD for a million tokens, by model and tier, the latest first.",
    query: pricesQuery,
    answers: { 200: { description: "All prices that are, were and will be in force.", schema: priceList } },
    async handle({ query, reply }) {
      return reply(200, { items: await listPrices(database, query, database.clock.now()) });
    },
  });

  const add = defineRoute({
    method: "post",
    path: "/api/ai/admin/prices",
    id: "addPrice",
    tag: "Prices",
    scope: "admin",
    summary: "Add a price",
    description:
      "A price is never edited: a new one applies from `validFrom` on. One of nothing ends a model's calls.",
    body: newPrice,
    answers: { 201: { description: "The new price.", schema: price } },
    problems: { 409: ["price_exists", "role_left_empty"] },
    async handle({ body, reply }) {
      const addition = await addModelPrice(database, registry, body);
      switch (addition.kind) {
        case "added":
          return reply(201, addition.price);
        case "exists":
          throw new ProblemError(
            409,
            "price_exists",
            `${addition.model} has a price of that tier from ${addition.validFrom.toISOString()} already. A price is never edited: add one from a later time.`,
          );
        case "leaves_empty":
          throw leftEmpty(addition.roles);
        case "too_soon":
          throw new ProblemError(
            400,
            "invalid_request",
            `${addition.model} has a price of that tier. A new one must begin late enough for every process to know it: at ${addition.earliest.toISOString()} or later.`,
            { errors: [{ pointer: "#/validFrom", detail: "must be 60 seconds from now or later" }] },
          );
      }
    },
  });

  const quoteRoute = defineRoute({
    method: "post",
    path: "/api/ai/admin/prices/quote",
    id: "quoteUsage",
    tag: "Prices",
    scope: "costs:read",
    summary: "Work out what a usage costs",
    description: "Of Gemini's own `usageMetadata`, by the price in force at the time given.",
    body: quoteRequest,
    unaudited: true,
    answers: { 200: { description: "Line by line; the lines add up to the last digit.", schema: quote } },
    problems: { 400: ["unknown_model"] },
    async handle({ body, reply }) {
      const outcome = await quoteUsage(registry.prices, body, database.clock.now());
      switch (outcome.kind) {
        case "quoted":
          return reply(200, outcome.quote);
        case "unknown_model":
          throw unknownModel(body, outcome);
        case "no_usage":
          throw new ProblemError(400, "invalid_request", "The usage does not say how long the prompt is.", {
            errors: [
              {
                pointer: "#/usageMetadata",
                detail: "must be Gemini's usageMetadata, with its promptTokenCount; counts are whole numbers",
              },
            ],
          });
      }
    },
  });

  return [list, add, quoteRoute];
}

const reasons = { model: "", serviceTier: " in that tier", at: " at that time" };

function unknownModel(
  { model }: QuoteRequest,
  { field, models }: { field: keyof typeof reasons; models: string[] },
): ProblemError {
  const detail = `${model} has no price${reasons[field]}. Known: ${models.join(", ")}.`;
  return new ProblemError(400, "unknown_model", detail, {
    errors: [{ pointer: `#/${field}`, detail: "must be one that has a price" }],
    members: { models },
  });
}
