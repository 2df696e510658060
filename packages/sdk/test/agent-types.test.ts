import { readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { z } from "zod";
import { agentTypes } from "../scripts/agent-types.ts";
import { type JsonSchema, typescriptOf } from "../scripts/typescript-of.ts";

it("the types of all agents are those of the registry", () => {
  const kept = readFileSync(new URL("../src/generated/agents.ts", import.meta.url), "utf8");
  // Differs? Run `npm run agent-types` in packages/sdk.
  expect(kept).toBe(agentTypes());
});

it("schemas become types with their descriptions and bounds", () => {
  const schema = z.object({
    name: z.string().min(1).max(2000).describe("who it is"),
    share: z.number().min(0).max(1).optional(),
    kind: z.union([z.literal("a"), z.literal("b"), z.null()]),
    tags: z.array(z.enum(["x", "y"])).max(5),
    free: z.unknown().optional(),
    by: z.record(z.string(), z.int()),
  });
  expect(typescriptOf(z.toJSONSchema(schema, { io: "input" }) as JsonSchema)).toBe(`{
  /** Who it is. 1 to 2,000 characters. */
  name: string;
  /** From 0 to 1. */
  share?: number | undefined;
  kind: "a" | "b" | null;
  /** At most 5. */
  tags: ("x" | "y")[];
  free?: unknown;
  by: Record<string, number>;
}`);
});
