import { expect, it } from "@jest/globals";
import express from "express";
import { trustProxy } from "../src/http/trust-proxy.ts";

it.each([
  ["1", 1],
  ["0", 0],
  ["uniquelocal", ["uniquelocal"]],
  ["loopback, 10.0.0.0/8", ["loopback", "10.0.0.0/8"]],
  ["2001:db8::/32", ["2001:db8::/32"]],
])("TRUST_PROXY=%s is what Express takes", (text, value) => {
  expect(trustProxy.parse(text)).toEqual(value);
  express().set("trust proxy", value);
});

it.each(["true", "yes", "-1", "1.5.5", "10.0.0.0/33", "proxy.example.com", ",", "10.0.0.1,,"])(
  "TRUST_PROXY=%s is refused: whoever can't be told from others would be believed",
  (text) => expect(trustProxy.safeParse(text).success).toBe(false),
);
