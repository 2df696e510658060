import { EventEmitter } from "node:events";
import { expect, it } from "@jest/globals";
import type { Response } from "express";
import { nobody, noteCaller } from "../src/http/caller.ts";
import { HeldRequests } from "../src/http/held-requests.ts";

function responseOf(name: string | undefined, kind: "key" | "jobToken" = "key"): Response {
  const response = Object.assign(new EventEmitter(), {
    ...{ locals: {}, closed: false, destroyed: false },
  }) as unknown as Response;
  const bounds = name === undefined ? undefined : { name, kind, owe: () => {} };
  noteCaller(response, nobody, async () => nobody, bounds);
  return response;
}

it("requests of one holder are held open up to a most, of each kind its own, and until they close", () => {
  const held = new HeldRequests({ key: 2, jobToken: 1 });
  const first = responseOf("key_1");
  expect(held.hold(first)).toBe(true);
  expect(held.hold(responseOf("key_1"))).toBe(true);
  expect(held.hold(responseOf("key_1"))).toBe(false);
  expect(held.hold(responseOf("key_2"))).toBe(true);
  expect(held.hold(responseOf("job_1", "jobToken"))).toBe(true);
  expect(held.hold(responseOf("job_1", "jobToken"))).toBe(false);
  first.emit("close");
  expect(held.hold(responseOf("key_1"))).toBe(true);
  expect(held.hold(responseOf("key_1"))).toBe(false);
  for (let count = 0; count < 10; count++) expect(held.hold(responseOf(undefined))).toBe(true);
});

it.each(["closed", "destroyed"])(
  "a request whose connection is %s already is not counted: nothing would end that",
  (state) => {
    const held = new HeldRequests({ key: 1, jobToken: 1 });
    for (let count = 0; count < 5; count++) {
      expect(held.hold(Object.assign(responseOf("key_1"), { [state]: true }))).toBe(true);
    }
    expect(held.hold(responseOf("key_1"))).toBe(true);
    expect(held.hold(responseOf("key_1"))).toBe(false);
  },
);
