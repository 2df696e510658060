import { join } from "node:path";

/**
 * How Jest runs suites on mutants: as `npm test` does, but on a Postgres that is there already.
 * @param root the sandbox
 * @param suites from the root
 */
export function jestConfig(root: string, suites: readonly string[]) {
  return {
    rootDir: root,
    testMatch: suites.map((suite) => join(root, suite)),
    // A mutant may do nothing where a test waits for something.
    testTimeout: 30_000,
    testEnvironment: join(root, "scripts/mutants/first-failure-environment.cjs"),
    extensionsToTreatAsEsm: [".ts"],
    modulePathIgnorePatterns: ["<rootDir>/.understudy", "/dist/"],
    transform: {
      "\\.ts$": [
        "@swc/jest",
        { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "es6" } },
      ],
    },
  };
}
