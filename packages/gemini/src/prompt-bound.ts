/** Room for what the protocol itself adds around each part: roles and separators. */
const tokensPerPart = 16;

/**
 * An upper bound of a prompt's tokens: its bytes in UTF-8, since no token is shorter than a byte.
 * countTokens would be closer, but costs a request.
 */
export function promptTokensMax(prompt: { system: string; parts: string[]; jsonSchema?: object }): number {
  const texts = [prompt.system, ...prompt.parts, prompt.jsonSchema ? JSON.stringify(prompt.jsonSchema) : ""];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text) + tokensPerPart, 0);
}
