import { relative } from "node:path";
import { allowsPrivateWebhooks, type StartConfig } from "./config.ts";
import { FIRST_MESSAGE, type FirstReply } from "./first-reply.ts";
import type { Instance } from "./instance.ts";
import { places } from "./places.ts";
import { say } from "./progress.ts";

/** The message, its reply, who gave it, and what it cost. */
export function sayReply(reply: FirstReply, seconds: number): void {
  say("");
  say(`  ${FIRST_MESSAGE.fanId} to ${FIRST_MESSAGE.creatorId}:  ${FIRST_MESSAGE.message}`);
  say(`  reply:  ${reply.response.replaceAll("\n", "\n          ")}`);
  say(
    `  ${describeProvider(reply)} · ${reply.calls} ${reply.calls === 1 ? "call" : "calls"} · ${seconds.toFixed(1)} s · cost $${reply.costUsd}`,
  );
  say("");
}

/** A setting for development that others must not find in production unsaid. */
export function sayWebhooks(config: StartConfig): void {
  if (!allowsPrivateWebhooks(config)) return;
  say(
    "  Webhooks may go to private addresses, this machine's too (WEBHOOK_ALLOW_PRIVATE=1, for development)",
  );
}

/** Where to look; of the pages only those that this API serves. */
export async function sayLinks(instance: Instance): Promise<void> {
  const { url, emulatorUrl } = instance;
  const pages = [
    ["Console", `${url}/`],
    ["API docs", `${url}/docs`],
    ["Queues", `${url}/admin/queues`],
  ] as const;
  const served = await Promise.all(pages.map(async ([, link]) => await isServed(link)));
  const links = [
    ["API", url],
    ...pages.filter((_, index) => served[index]),
    ...(emulatorUrl ? [["Emulator's bill", `${emulatorUrl}/_emulator/bill`]] : []),
    ["Logs", `${relative(process.cwd(), places.logs)}/`],
  ];
  for (const [name = "", link = ""] of links) say(`  ${name.padEnd(16)}${link}`);
}

/** Whether there is a page, be it behind a sign-in. */
async function isServed(link: string): Promise<boolean> {
  try {
    const { status } = await fetch(link, { redirect: "manual", signal: AbortSignal.timeout(3000) });
    return status !== 404;
  } catch {
    return false;
  }
}

/** An emulated reply is never passed off as Gemini's. */
function describeProvider({ provider, model }: FirstReply): string {
  if (provider === "gemini") return `answered by Gemini (${model})`;
  if (provider === "emulator") return `answered by the emulator in place of ${model}, not by Gemini`;
  return `answered by ${provider} (${model})`;
}
