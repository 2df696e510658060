import { newPrice, pricesQuery, quoteRequest } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { addPrice, listPrices, type PriceBook, quoteUsage } from "@understudy/ledger";
import { Router } from "express";
import { parseBody, parseQuery } from "../http/parse.ts";
import { ProblemError } from "../http/problem-error.ts";

/** Prices: what they are and were, new ones, and what a usage costs by them. */
export function priceRoutes(database: Database, prices: PriceBook): Router {
  const router = Router();

  router.get("/admin/prices", async (request, response) => {
    response.json({ items: await listPrices(database, parseQuery(pricesQuery, request), new Date()) });
  });

  router.post("/admin/prices", async (request, response) => {
    const addition = await addPrice(database, prices, parseBody(newPrice, request), new Date());
    switch (addition.kind) {
      case "added":
        response.status(201).json(addition.price);
        return;
      case "exists":
        throw new ProblemError(
          409,
          "price_exists",
          `${addition.model} has a price of that tier from ${addition.validFrom.toISOString()} already. A price is never edited: add one from a later time.`,
        );
      case "too_soon":
        throw new ProblemError(
          400,
          "invalid_request",
          `${addition.model} has a price of that tier. A new one must begin late enough for every process to know it: at ${addition.earliest.toISOString()} or later.`,
          { errors: [{ pointer: "#/validFrom", detail: "must be 60 seconds from now or later" }] },
        );
    }
  });

  router.post("/admin/prices/quote", async (request, response) => {
    const body = parseBody(quoteRequest, request);
    const outcome = await quoteUsage(prices, body, new Date());
    switch (outcome.kind) {
      case "quoted":
        response.json(outcome.quote);
        return;
      case "unknown_model":
        throw new ProblemError(
          400,
          "unknown_model",
          `${body.model} has no price${reasons[outcome.field]}. Known: ${outcome.models.join(", ")}.`,
          {
            errors: [{ pointer: `#/${outcome.field}`, detail: "must be one that has a price" }],
            members: { models: outcome.models },
          },
        );
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
  });

  return router;
}

const reasons = { model: "", serviceTier: " in that tier", at: " at that time" };
