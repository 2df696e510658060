/** What Prisma's `contains` is to find as it stands: `%` and `_` would stand for anything, also in ids that have them. */
export function literally(text: string): string {
  return text.replaceAll(/[\\%_]/g, "\\$&");
}
