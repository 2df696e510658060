import { it } from "@jest/globals";
import { restartByTurns } from "./rolling-restarts.ts";

it("two APIs that are restarted by turns for a minute fail no request", () => restartByTurns(24), 600_000);
