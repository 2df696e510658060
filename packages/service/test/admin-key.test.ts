import { expect, it } from "@jest/globals";
import { adminKey } from "../src/admin-key.ts";

const isTaken = (key: string) => adminKey.safeParse(key).success;

it.each([
  "fifteen letters",
  "aaaaaaaaaaaaaaaa",
  "abababababababababab",
  "1234567812345678",
  "abcdefghabcdefghabcdefgh",
  "changeme-changeme-1",
  "change_me_in_production",
  "MyPassword1234567",
  "your-admin-key-here-1",
  "aabbccaabbccaabbaabc",
  "1234567890123456",
  "abcdefghijklmnop",
  "zyxwvutsrqponmlk",
  "qwertyuiopasdfgh",
  "understudy-admin",
  "letmein-letmein1",
  "Passw0rd12345678",
  "a".repeat(64),
])("an admin key that can be guessed is refused: %s", (key) => expect(isTaken(key)).toBe(false));

it.each([
  "us_local_Zq1Xn8cVt4Lr9Ws2",
  "9f1c3a7be04d2f6891ac53de7b20f4c8a1d5e6f709b3c4d2",
  "us_test_admin_0123456789abcdefghijklmnop",
  "correct horse battery staple",
])("an admin key that can't is taken: %s", (key) => expect(isTaken(key)).toBe(true));
