import { it } from "@jest/globals";
import { restartByTurns } from "./rolling-restarts.ts";

it(
  "two APIs that are restarted by turns behind a proxy that keeps its connections fail no request",
  () => restartByTurns(4),
  120_000,
);
