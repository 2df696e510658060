// A suite that has failed has killed its mutant: its other tests would say nothing more.
// CommonJS, since Stryker loads it by require.
const { TestEnvironment } = require("jest-environment-node");

module.exports = class FirstFailureEnvironment extends TestEnvironment {
  #hasFailed = false;

  handleTestEvent(event) {
    if (event.name === "test_fn_failure" || event.name === "hook_failure") this.#hasFailed = true;
    if (event.name === "test_start" && this.#hasFailed) event.test.mode = "skip";
  }
};
