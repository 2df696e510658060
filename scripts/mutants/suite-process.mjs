// Runs suites one after the other in one process, as its parent tells it: Jest is loaded once, not for each mutant.
// Message in: {suite, config}, the suite's path and Jest's configuration. Message out: {failed}, the first test that
// failed, or why the suite could not run; null where all passed.
import { runCLI } from "jest";

process.on("message", async ({ suite, config }) => {
  const told = {
    _: [suite],
    runTestsByPath: true,
    runInBand: true,
    silent: true,
    watchman: false,
    reporters: [],
  };
  try {
    const { results } = await runCLI({ ...told, config: JSON.stringify(config) }, [config.rootDir]);
    process.send({ failed: failureOf(results) });
  } catch (error) {
    process.send({ failed: String(error) });
  }
});
process.on("disconnect", () => process.exit());

function failureOf(results) {
  if (results.numTotalTests === 0 && results.numRuntimeErrorTestSuites === 0) return "it has no tests";
  const broken = results.testResults.find(({ testExecError }) => testExecError);
  if (broken) return `it could not run: ${broken.testExecError.message}`;
  const failed = results.testResults
    .flatMap((file) => file.testResults)
    .find(({ status }) => status === "failed");
  return failed ? failed.fullName : null;
}
