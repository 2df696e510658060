import { reasonOf } from "../client/command-error.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import type { Settings } from "./settings.ts";

const timeoutMs = 10_000;
const geminiUrl = "https://generativelanguage.googleapis.com";

/** Asks the model to count tokens, which is free; with each key, at the version of the API that workers ask. */
export async function checkGemini(settings: Settings): Promise<Finding[]> {
  const { GEMINI_API_KEY: list, GEMINI_MODEL: model = "gemini-3.5-flash-lite" } = settings;
  if (list === undefined) return [];
  const keys = list.split(",").map((key) => key.trim());
  const findings: Finding[] = [];
  for (const key of keys.filter((each) => each !== "" || keys.length === 1)) {
    findings.push(await checkKey(settings, model, key));
  }
  return findings;
}

async function checkKey(settings: Settings, model: string, key: string): Promise<Finding> {
  const { GEMINI_BASE_URL = geminiUrl, GEMINI_API_VERSION: version = "v1beta" } = settings;
  const url = GEMINI_BASE_URL.replace(/\/+$/, "");
  try {
    const response = await fetch(`${url}/${version}/models/${encodeURIComponent(model)}:countTokens`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-goog-api-key": key },
      body: JSON.stringify({ contents: [{ role: "user", parts: [{ text: "Hello" }] }] }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    if (!response.ok) {
      const todo =
        response.status === 404 ? "see GEMINI_MODEL" : "see GEMINI_API_KEY and its project's limits";
      return fail("gemini", `${model} answers ${response.status}`, todo);
    }
    if (response.headers.get("x-understudy-provider") === "emulator") {
      return warn("gemini", `the emulator answers for ${model}`, "unset GEMINI_BASE_URL for Gemini itself");
    }
    return ok("gemini", `${model} answers`);
  } catch (error) {
    return fail(
      "gemini",
      `${new URL(url).host} does not answer: ${reasonOf(error)}`,
      "see that it may be reached",
    );
  }
}
