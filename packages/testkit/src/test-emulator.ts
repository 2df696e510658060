import { type ServiceProcess, spawnService } from "./service-process.ts";

/**
 * The emulator in a process of its own.
 * @param date its own, as ISO 8601; today unless given
 */
export async function startTestEmulator(date?: string): Promise<ServiceProcess & { url: string }> {
  const emulator = await spawnService("gemini-emulator", {
    EMULATOR_PORT: "0",
    LOG_LEVEL: "warn",
    ...(date && { EMULATOR_DATE: date }),
  });
  return { ...emulator, url: String(emulator.details.url) };
}

/** Has an emulator answer as a rule says; see `apps/gemini-emulator`. @throws where it refuses the rule */
export async function addRule(emulatorUrl: string, rule: object): Promise<void> {
  const response = await fetch(`${emulatorUrl}/_emulator/rules`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(rule),
  });
  if (!response.ok) throw new Error(`The emulator refused the rule: ${await response.text()}`);
}
