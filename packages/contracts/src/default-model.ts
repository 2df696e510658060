/** The model of agents that name none, where GEMINI_MODEL names none either. */
export const defaultModel = "gemini-3.5-flash-lite";
