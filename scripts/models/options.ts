import { type ModelRole, modelRoles, modelStatuses } from "@understudy/contracts";
import { Argument, Command, Option } from "commander";
import { throwInsteadOfExit } from "../client/command-error.ts";
import { jsonObject } from "../client/json-object.ts";
import { moment } from "../client/moment.ts";

/** Where Understudy is: of every command. */
export interface Connection {
  url?: string;
  key?: string;
}

export interface SetOptions {
  provider: string;
  status?: string;
  /** ISO 8601; null takes it away. */
  retiresAt?: string | null;
  routedTo?: string | null;
  source?: string;
  /** The model whose capabilities it has as well. */
  like?: string;
  capabilities?: object;
}

export interface RolesOptions {
  plan?: string;
  /** Takes the plan's own list away. */
  asAll: boolean;
}

/** What each command does, once its line is read. */
export interface ModelCommands {
  list(connection: Connection): Promise<void>;
  set(connection: Connection, model: string, options: SetOptions): Promise<void>;
  roles(
    connection: Connection,
    role: ModelRole | undefined,
    models: string[],
    options: RolesOptions,
  ): Promise<void>;
  /** @param at ISO 8601 */
  check(connection: Connection, options: { at?: string }): Promise<void>;
}

/**
 * Reads the command line and runs its command.
 * @throws CommanderError with exit code 0 after `--help`, 2 for what is wrong (already printed)
 */
export async function runCommand(argv: readonly string[], commands: ModelCommands): Promise<void> {
  const program = new Command("npm run models --")
    .description("The registry of models: which there are, how long they live, and which answer for a role.")
    .option("--url <url>", "where Understudy answers (UNDERSTUDY_URL; default: this clone's instance)")
    .option("--key <key>", "API key of an admin (UNDERSTUDY_ADMIN_KEY; default: this clone's)")
    .addHelpText(
      "after",
      "\nExit codes: 0 done; 1 it did not work, or check finds something wrong; 2 wrong usage.",
    );
  // Commands take this over, so it comes before them.
  throwInsteadOfExit(program);
  program
    .command("list")
    .description("shows all models, with their roles and the price of today, and the models of each role")
    .action(() => commands.list(program.opts()));
  addSet(program, commands);
  addRoles(program, commands);
  program
    .command("check")
    .description(
      "compares the registry with Gemini's models.list (GEMINI_API_KEY, GEMINI_BASE_URL) and with the installed @pydantic/genai-prices: what is missing, retired or to be retired within 60 days, has another price or other limits, or stands within 24 hours of a change of price",
    )
    .option("--at <time>", "judges as of then (default: now)", moment)
    .action((options: { at?: string }) => commands.check(program.opts(), options));
  await program.parseAsync(argv, { from: "user" });
}

function addSet(program: Command, commands: ModelCommands): void {
  const statuses = modelStatuses.filter((status) => status !== "unavailable");
  program
    .command("set")
    .description(
      "changes a model, or adds one: what is left out stays. A new one also needs a price: npm run prices -- add",
    )
    .argument("<model>", "such as gemini-3.5-flash-lite")
    .option("--provider <name>", "who has it", "gemini")
    .addOption(new Option("--status <status>", "how it stands").choices(statuses))
    .option("--retires-at <time>", "when it ends, or none", momentOrNone)
    .option("--routed-to <model>", "who answers in its place, and is paid, or none")
    .option("--source <text>", "where that was read, with its date")
    .option("--like <model>", "it can do what that model can")
    .option("--capabilities <json>", "what it can do, as the API takes it", jsonObject)
    .action((model: string, { retiresAt, routedTo, ...options }: SetOptions) => {
      if (options.like !== undefined && options.capabilities !== undefined)
        program.error("error: --like and --capabilities say the same: give one of them");
      return commands.set(program.opts(), model, {
        ...options,
        ...(retiresAt !== undefined && { retiresAt: unlessNone(retiresAt) }),
        ...(routedTo !== undefined && { routedTo: unlessNone(routedTo) }),
      });
    });
}

/** Commander takes a value of null for none at all, so `none` is read once it is done. */
function momentOrNone(text: string): string {
  return text === "none" ? text : moment(text);
}

function unlessNone(text: string | null): string | null {
  return text === "none" ? null : text;
}

function addRoles(program: Command, commands: ModelCommands): void {
  program
    .command("roles")
    .description("shows the models of each role, or sets those of one: the first that can be called answers")
    .addArgument(new Argument("[role]", "what they are called for").choices(modelRoles))
    .argument("[models...]", "in their order")
    .option("--plan <name>", "for that plan's creators alone")
    .option("--as-all", "takes the plan's own list of the role away", false)
    .action((role: ModelRole | undefined, models: string[], options: RolesOptions) => {
      const isWhole = options.asAll
        ? options.plan !== undefined && models.length === 0
        : role === undefined || models.length > 0;
      if (!isWhole || (options.asAll && role === undefined))
        program.error("error: give a role with its models, or a role with --plan and --as-all");
      return commands.roles(program.opts(), role, models, options);
    });
}
