import { describe, expect, it } from "@jest/globals";
import type { Column, ItemField } from "./description.ts";
import { faultsOf } from "./faults.ts";
import type { Shape } from "./shape.ts";
import type { Use } from "./uses.ts";

type Kinds = Shape["kinds"] extends ReadonlySet<infer Kind> ? Kind : never;

const shape = (kinds: Kinds[], over: Partial<Shape> = {}): Shape => ({
  kinds: new Set(kinds),
  words: undefined,
  element: undefined,
  properties: new Map(),
  text: kinds.join(" | "),
  ...over,
});

const objectOf = (properties: Record<string, Shape>) =>
  shape(["object"], { properties: new Map(Object.entries(properties)) });

const column = (name: string, type = "text", over: Partial<Column> = {}): Column => ({
  name,
  type,
  words: null,
  isNullable: false,
  ...over,
});

const field = (name: string, type?: string, over: Partial<ItemField> = {}): ItemField => ({
  name,
  type,
  words: null,
  fields: [],
  ...over,
});

function use(row: Record<string, Shape>, item?: Record<string, Shape>, isTest = false): Use {
  return { file: "x.sql", at: "x.ts:1", isTest, row: objectOf(row), item: item && objectOf(item) };
}

const rows = (columns: Column[], row: Record<string, Shape>) =>
  faultsOf({ columns, items: undefined }, [use(row)]);
const items = (fields: ItemField[], item: Record<string, Shape>, isTest = false) =>
  faultsOf({ columns: [], items: fields }, [use({}, item, isTest)]);

const string = shape(["string"]);

describe("rows", () => {
  it("fit", () => {
    const columns = [
      column("id"),
      column("sum", "numeric"),
      column("n", "integer"),
      column("at", "timestamp with time zone"),
    ];
    expect(
      rows(columns, { id: string, sum: string, n: shape(["number"]), at: shape(["time", "null"]) }),
    ).toEqual([]);
  });

  it("have all columns that are asked for, and no others", () => {
    expect(rows([column("id"), column("more")], { id: string, less: string })).toEqual([
      'nobody takes the column "more"',
      'x.ts:1: the row\'s "less" is no column',
    ]);
    expect(rows([column("id"), column("id")], { id: string })).toEqual(['two columns are "id"']);
  });

  it("may be counted by one column", () => {
    expect(rows([column("id")], {})).toEqual([]);
    expect(rows([column("id"), column("more")], {})).toHaveLength(2);
  });

  it("may have less than all that a type knows", () => {
    expect(rows([column("id")], { id: string, terms: shape(["object", "undefined"]) })).toEqual([]);
  });

  it.each([
    ["bigint", "number"],
    ["numeric", "number"],
    ["integer", "string"],
    ["timestamp with time zone", "string"],
    ["boolean", "number"],
    ["text[]", "string"],
  ] as const)("give %s as no %s", (type, kind) => {
    expect(rows([column("a", type)], { a: shape([kind]) })).toEqual([
      `x.ts:1: the row's "a" is ${kind}, where Postgres gives ${type}`,
    ]);
  });

  it("say where there may be none", () => {
    const columns = [column("a", "text", { isNullable: true })];
    const fault = (kind: string) => `x.ts:1: the row's "a" is ${kind}, where the table may have none`;
    expect(rows(columns, { a: string })).toEqual([fault("string")]);
    // As if Postgres would leave it out.
    expect(rows(columns, { a: shape(["string", "undefined"]) })).toEqual([fault("string | undefined")]);
    expect(rows(columns, { a: shape(["string", "null"]) })).toEqual([]);
    // Of a union: where it is null, another member stands.
    expect(rows(columns, { a: shape(["string", "absent"]) })).toEqual([]);
  });

  it("have the words of their enum", () => {
    const status = shape(["string"], { words: ["open", "gone"] });
    expect(rows([column("a", '"Status"', { words: ["open", "closed"] })], { a: status })).toEqual([
      'x.ts:1: the row\'s "a" is string, where "Status" has no "gone"',
    ]);
  });
});

describe("items", () => {
  it("fit", () => {
    const fields = [
      field("id", "text"),
      field("at", "timestamp with time zone"),
      field("usd", "numeric"),
      field("q"),
    ];
    const item = {
      id: string,
      at: shape(["time"]),
      usd: shape(["decimal"]),
      q: shape(["undefined", "number"]),
    };
    expect(items(fields, item)).toEqual([]);
  });

  it("give all that is read, and nothing else; a test may leave out some", () => {
    const faults = ['x.ts:1: the item\'s "more" is not read', 'x.ts:1: the item\'s "id" is never given'];
    expect(items([field("id", "text")], { more: string })).toEqual(faults);
    expect(items([field("id", "text")], { more: string }, true)).toEqual(faults.slice(0, 1));
    expect(faultsOf({ columns: [], items: [field("id", "text")] }, [use({})])).toEqual([
      "x.ts:1: it is given no items",
    ]);
  });

  it("are read as what they are", () => {
    expect(items([field("n", "integer")], { n: string })).toEqual([
      'x.ts:1: the item\'s "n" is string, and is read as integer',
    ]);
    const status = field("s", '"Status"', { words: ["open"] });
    expect(items([status], { s: shape(["string"], { words: ["gone"] }) })).toEqual([
      'x.ts:1: the item\'s "s" is string, where "Status" has no gone',
    ]);
  });

  it("are looked into where the statement takes them apart", () => {
    const list = field("steps", "jsonb", { fields: [field("key", "text")] });
    const steps = shape(["list"], { element: objectOf({ name: string }) });
    expect(items([list], { steps })).toEqual([
      'x.ts:1: "steps"\'s "name" is not read',
      'x.ts:1: "steps"\'s "key" is never given',
    ]);
  });
});

it("a statement that nobody runs is a fault", () => {
  expect(faultsOf({ columns: [], items: undefined }, [])).toEqual([
    "nobody runs it by execute(statement, items)",
  ]);
});
