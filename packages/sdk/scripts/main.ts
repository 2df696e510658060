import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { agentTypes } from "./agent-types.ts";

writeFileSync(fileURLToPath(new URL("../src/generated/agents.ts", import.meta.url)), agentTypes());
