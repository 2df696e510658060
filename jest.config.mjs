/** Kinds of test, by the end of the file's name: `x.test.ts` needs nothing but Node. */
const kinds = {
  unit: ["**/*.test.ts", "!**/*.{integration,e2e,long}.test.ts"],
  integration: ["**/*.integration.test.ts"],
  e2e: ["**/*.e2e.test.ts"],
  long: ["**/*.long.test.ts"],
};

/** @type {import("jest").Config} */
const config = {
  maxWorkers: 2,
  testSequencer: "<rootDir>/scripts/test-sequencer.mjs",
  // Tests wait for conditions; this only bounds how long a failure takes on a busy machine.
  testTimeout: 150_000,
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
    ...(["integration", "long"].includes(displayName) && {
      globalSetup: "<rootDir>/packages/testkit/src/jest-global-setup.mjs",
      globalTeardown: "<rootDir>/packages/testkit/src/jest-global-teardown.mjs",
    }),
  })),
};

export default config;
