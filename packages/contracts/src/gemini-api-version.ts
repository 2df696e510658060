/** Versions of the Gemini API that are spoken; the first unless GEMINI_API_VERSION names the other. */
export const geminiApiVersions = ["v1beta", "v1"] as const;

export type GeminiApiVersion = (typeof geminiApiVersions)[number];
