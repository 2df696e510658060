import { parseArgs } from "node:util";
import { LaunchError, messageOf } from "./launch-error.ts";

export const HELP = `npm start [-- --once]

Sets up and starts Understudy on this machine: Postgres, Redis, the Gemini emulator, API and worker; sends one
fan message, shows the reply and its cost, and stays up until Ctrl-C.

  --once   leave after that first reply (0 if it came)
  --help   this text

Environment (all of it optional, also read from .env):
  PORT, EMULATOR_PORT, HOST    default 3000, 3001, 127.0.0.1; a default port that is taken gives way to the next
  DATABASE_URL, REDIS_URL      your own Postgres and Redis instead of private ones under .understudy/
  GEMINI_API_KEY               the real Gemini instead of the emulator
  GEMINI_BASE_URL              another endpoint that speaks Gemini's protocol
  GEMINI_MODEL                 the model that comes first for texts (default: as the registry has it)
  UNDERSTUDY_ADMIN_KEY         the first admin key; otherwise one is made and kept in .understudy/admin-key
  LOG_LEVEL                    of the logs in .understudy/logs/ (info)
`;

export interface StartOptions {
  once: boolean;
  help: boolean;
}

/** @throws LaunchError for an option that does not exist */
export function readOptions(args: readonly string[]): StartOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        once: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    return values;
  } catch (err) {
    throw new LaunchError(`${messageOf(err)} (see npm start -- --help)`);
  }
}
