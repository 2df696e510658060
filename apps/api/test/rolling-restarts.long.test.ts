import { it } from "@jest/globals";
import { restartByTurns } from "./rolling-restarts.ts";

it("two APIs that are restarted twenty times each fail no request", () => restartByTurns(40), 600_000);
