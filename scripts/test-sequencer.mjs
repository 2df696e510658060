import TestSequencer from "@jest/test-sequencer";

/** What takes longest where nothing is known of earlier runs: it waits most, so others run beside it. */
const first = [/^apps\/worker\/test\/(?:crashes|.*-faults|blame)\./, /^apps\/worker\//];

/** So many suites lie between two that start whole systems: those at once would starve each other on two cores. */
const apart = 15;

/** Longest first, so that nothing long is left for the end, when it would run alone; end to end one after the other. */
export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const fileOf = ({ path, context }) => path.slice(context.config.rootDir.length + 1);
    const rank = (test) => {
      const at = first.findIndex((pattern) => pattern.test(fileOf(test)));
      return at === -1 ? first.length : at;
    };
    const sorted = super.sort(tests);
    const whole = sorted.filter((test) => fileOf(test).endsWith(".e2e.test.ts"));
    const order = sorted
      .filter((test) => !whole.includes(test))
      .sort((one, other) => rank(one) - rank(other));
    for (const [place, test] of whole.entries()) order.splice(place * (apart + 1), 0, test);
    return order;
  }
}
