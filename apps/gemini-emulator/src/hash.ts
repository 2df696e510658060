/** FNV-1a, 32 bits: how every "chance" of the emulator is drawn from its input, so that it can be repeated. */
export function hash(text: string, seed = 0): number {
  let value = (0x811c9dc5 ^ seed) >>> 0;
  for (let at = 0; at < text.length; at++) {
    value ^= text.charCodeAt(at);
    value = Math.imul(value, 0x01000193);
  }
  // FNV's low bits mix poorly in short texts; murmur3's finisher spreads them.
  value ^= value >>> 16;
  value = Math.imul(value, 0x85ebca6b);
  value ^= value >>> 13;
  value = Math.imul(value, 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/** One of `choices`, drawn by `text` and `salt`; different salts draw independently. */
export function pick<T>(choices: readonly [T, ...T[]], text: string, salt: string): T {
  return choices[hash(`${salt}\u0000${text}`) % choices.length] ?? choices[0];
}

/** A number in [0, 1), drawn by `text` and `salt`. */
export function fraction(text: string, salt: string): number {
  return hash(`${salt}\u0000${text}`) / 2 ** 32;
}
