import { type Agent, agents } from "@understudy/agents";
import { z } from "zod";
import { type JsonSchema, typescriptOf } from "./typescript-of.ts";

/** The SDK's types of all registered agents: what stands in `src/generated/agents.ts`. */
export function agentTypes(): string {
  return `// Made from the registry by \`npm run agent-types\` in packages/sdk; a test compares the two.

/** Any JSON. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
${agents.map(typesOf).join("")}
/** Input and result of each agent. */
export interface Agents {
${agents.map(lineOf).join("\n")}
}
`;
}

function typesOf({ name, summary, input, output }: Agent): string {
  return `
/** Input of \`${name}\`: ${summary} */
export interface ${pascal(name)}Input ${bodyOf(input, "input")}

/** Result of \`${name}\`. */
export interface ${pascal(name)}Result ${bodyOf(output, "output")}
`;
}

function lineOf({ name, summary }: Agent): string {
  return `  /** ${summary} */\n  "${name}": { input: ${pascal(name)}Input; result: ${pascal(name)}Result };`;
}

function bodyOf(schema: z.ZodObject, io: "input" | "output"): string {
  return typescriptOf(z.toJSONSchema(schema, { io, unrepresentable: "any" }) as JsonSchema);
}

/** `my-agent` as `MyAgent`. */
function pascal(name: string): string {
  return name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
