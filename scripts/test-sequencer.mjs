import TestSequencer from "@jest/test-sequencer";

/** What takes longest where nothing is known of earlier runs: it waits most, so others run beside it. */
const first = [/\.e2e\.test\.ts$/, /^apps\/worker\/test\/(?:crashes|.*-faults|blame)\./, /^apps\/worker\//];

/** Longest first, so that nothing long is left for the end, when it would run alone. */
export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const rank = ({ path, context }) => {
      const file = path.slice(context.config.rootDir.length + 1);
      const at = first.findIndex((pattern) => pattern.test(file));
      return at === -1 ? first.length : at;
    };
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
}
