import type { AgentDescription } from "@understudy/contracts";
import { type Field, fieldsOf } from "./json-schema.ts";

/** One agent, and what it takes. */
export interface AgentForm {
  name: string;
  title: string;
  summary: string;
  fields: Field[];
}

export function agentForm({ name, title, summary, input }: AgentDescription): AgentForm {
  return { name, title, summary, fields: fieldsOf(input, input) };
}
