import { expect, it } from "@jest/globals";
import type { RegisteredModel } from "@understudy/contracts";
import { retiring } from "../src/pages/models/retiring.ts";

const now = new Date("2026-11-15T00:00:00Z");

const model = (retiresAt: string, more: Partial<RegisteredModel> = {}) =>
  ({ model: retiresAt, status: "active", retiresAt, roles: ["draft"], ...more }) as RegisteredModel;

it("shows models of roles that will end within 60 days, the soonest first", () => {
  const late = "2027-01-14T00:00:00.000Z";
  const soon = "2026-11-15T00:00:00.001Z";
  const others = [
    model("2027-01-14T00:00:00.001Z"),
    model("2026-11-15T00:00:00.000Z"),
    model(soon, { roles: [] }),
    model(soon, { status: "retired" }),
  ];
  expect(retiring([model(late), ...others, model(soon)], now).map(({ retiresAt }) => retiresAt)).toEqual([
    soon,
    late,
  ]);
});
