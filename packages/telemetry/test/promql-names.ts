const keywords = new Set(["and", "or", "unless", "bool", "offset", "inf", "nan"]);

/** Names of the series that a PromQL expression reads. */
export function seriesIn(expression: string): string[] {
  const bare = expression
    .replaceAll(/"[^"]*"|'[^']*'/g, "")
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, "")
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, "");
  const names = [...bare.matchAll(/\b[a-zA-Z_:][\w:]*\b(?!\s*\()/g)].map(([name]) => name);
  return names.filter((name) => !keywords.has(name));
}

/** Which labels an expression asks of which series: `[series, label]`. */
export function matchersIn(expression: string): [series: string, label: string][] {
  return [...expression.matchAll(/([a-zA-Z_:][\w:]*)\{([^}]*)\}/g)].flatMap(([, series = "", inside = ""]) =>
    [...inside.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = ""]): [string, string] => [
      series,
      label,
    ]),
  );
}
