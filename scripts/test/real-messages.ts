import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe } from "@jest/globals";

/** Real comments of fans: too many to keep here. */
export const realMessages = {
  file: fileURLToPath(new URL("../../../shared/data/fan-messages.csv", import.meta.url)),
  count: 1_586,
};

/** Tests that need them are skipped where they are not. */
export const whereRealMessagesAre = existsSync(realMessages.file) ? describe : describe.skip;
if (!existsSync(realMessages.file)) {
  console.warn(`Skipped: the replay of ${realMessages.count} messages needs ${realMessages.file}.`);
}
