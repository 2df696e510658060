import { readFileSync } from "node:fs";

/** From the sources, and from the build in dist/. */
const places = ["../../../package.json", "../package.json"];

/** The version that the repository's package.json names. */
export function productVersion(): string {
  for (const place of places) {
    try {
      const text = readFileSync(new URL(place, import.meta.url), "utf8");
      const { name, version } = JSON.parse(text) as { name?: string; version?: string };
      if (name === "understudy" && version) return version;
    } catch {
      // It is not there.
    }
  }
  return "unknown";
}
