// Runs a command from one file of JavaScript with all its packages inside: its modules, read one by one and transpiled at
// each run, take three times the CPU of what most commands do.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundling, hashOf } from "./build-apps.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const commands = join(root, ".understudy", "commands");

/**
 * Runs a command of this checkout in this process. It is built anew where a source of it has changed since the last time.
 * @param {string} path of its main.ts, from the root
 * @throws with esbuild's own words where a source is at fault
 */
export async function runCommand(path) {
  const file = join(commands, `${path.replaceAll("/", "-")}.mjs`);
  if (!isUpToDate(file)) await build(path, file);
  await import(pathToFileURL(file).href);
}

/** The first line of a build says what it was made from. */
function isUpToDate(file) {
  try {
    const [, madeFrom] = /^\/\/ (.+)/.exec(readFileSync(file, "utf8"));
    const { root: builtIn, inputs, hash } = JSON.parse(madeFrom);
    return builtIn === root && hashOf(inputs) === hash;
  } catch {
    // Never built, or a source is gone.
    return false;
  }
}

async function build(path, file) {
  const esbuild = await import("esbuild");
  const { metafile, outputFiles } = await esbuild.build({
    ...bundling(),
    entryPoints: [path],
    plugins: [staysInPlace],
    metafile: true,
    write: false,
  });
  // What is npm's changes with pnpm-lock.yaml only.
  const own = Object.keys(metafile.inputs).filter((input) => /^(apps|packages|scripts)\//.test(input));
  const inputs = [...own, "scripts/run-command.mjs"];
  const draft = `${file}.${process.pid}`;
  mkdirSync(commands, { recursive: true });
  writeFileSync(
    draft,
    `// ${JSON.stringify({ root, inputs, hash: hashOf(inputs) })}\n${outputFiles[0].text}`,
  );
  // Others may run it at the same time.
  renameSync(draft, file);
}

/** Sources see themselves where they lie, so that they find the files beside them, and the root. */
const staysInPlace = {
  name: "stays in place",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({
      loader: "ts",
      contents: readFileSync(path, "utf8")
        .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href))
        .replaceAll("import.meta.dirname", JSON.stringify(dirname(path))),
    }));
  },
};
