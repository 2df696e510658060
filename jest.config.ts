import type { Config } from "jest";

/** Kinds of test, by the end of the file's name: `x.test.ts` needs nothing but Node. */
const kinds = {
  unit: ["**/*.test.ts", "!**/*.{integration,e2e,long}.test.ts"],
  integration: ["**/*.integration.test.ts"],
  e2e: ["**/*.e2e.test.ts"],
  long: ["**/*.long.test.ts"],
};

const config: Config = {
  maxWorkers: 2,
  projects: Object.entries(kinds).map(([displayName, testMatch]) => ({
    displayName,
    testMatch,
    testEnvironment: "node",
    extensionsToTreatAsEsm: [".ts"],
    modulePathIgnorePatterns: ["<rootDir>/.understudy", "/dist/"],
    transform: {
      "\\.ts$": [
        "@swc/jest",
        { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "es6" } },
      ],
    },
  })),
};

export default config;
