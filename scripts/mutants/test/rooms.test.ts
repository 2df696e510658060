import { expect, it } from "@jest/globals";
import { rooms, sourcesOf, suitesOf } from "../rooms.ts";

const root = process.cwd();

it.each(rooms.map((room) => [room.name, room] as const))(
  "%s has code, and suites that judge it",
  (_, room) => {
    expect(sourcesOf(root, room).length).toBeGreaterThan(0);
    expect(suitesOf(root, room).length).toBeGreaterThan(0);
  },
);

it("gives each file to one room", () => {
  const files = rooms.flatMap((room) => sourcesOf(root, room));
  expect(files.filter((file, index) => files.indexOf(file) !== index)).toEqual([]);
});

it("leaves out declarations, generated code, and suites that start workers or run at full scale, unless it names them", () => {
  const all = rooms.flatMap((room) => [...sourcesOf(root, room), ...suitesOf(root, room)]);
  expect(
    all.filter((file) => /index\.ts$|generated|\.long\.test|worker\/test\/[^/]*integration/.test(file)),
  ).toEqual(["way", "worker"].map((part) => `apps/worker/test/webhook-${part}.integration.test.ts`));
});
