import { availableParallelism } from "node:os";
import { Command } from "commander";
import { z } from "zod";

const processesMax = 64;

const fault = `must be auto or a whole number from 1 to ${processesMax}`;

/** `API_PROCESSES`, `WORKER_PROCESSES` or `--processes`: in how many processes an app runs; `auto`: one for each core. */
export const processCount = z
  .string()
  .default("1")
  .transform((text) => (text === "auto" ? Math.min(availableParallelism(), processesMax) : Number(text)))
  .refine((count) => Number.isInteger(count) && count >= 1 && count <= processesMax, fault);

/**
 * Reads what an app was started with. Ends this process where it was asked for help, or for what there is not.
 * @param argv of this process
 * @returns settings that come before those of the environment
 */
export function readFlags(app: "api" | "worker", argv: string[]): Record<string, string> {
  const variable = `${app.toUpperCase()}_PROCESSES`;
  const { processes } = new Command(app)
    .description(`Understudy's ${app}. Everything else is set by the environment: see .env.example.`)
    .option("--processes <count>", `how many to run in, or auto: one for each core (${variable}; else 1)`)
    .parse(argv)
    .opts<{ processes?: string }>();
  return processes === undefined ? {} : { [variable]: processes };
}
