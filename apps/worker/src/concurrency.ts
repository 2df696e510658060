const gibibyte = 2 ** 30;

/** Jobs at once unless an operator says how many: most of them wait for Gemini, and each takes memory meanwhile. */
export function concurrencyFor(heapBytesMax: number): number {
  return heapBytesMax >= gibibyte ? 500 : 100;
}
