import type { Column, Description, ItemField } from "./description.ts";
import type { Shape } from "./shape.ts";
import type { Use } from "./uses.ts";

/** What each type of Postgres is in a row, as pg reads it. What is not named is a string. */
const inRows: Record<string, string> = {
  smallint: "number",
  integer: "number",
  oid: "number",
  real: "number",
  "double precision": "number",
  boolean: "boolean",
  "timestamp with time zone": "time",
  date: "time",
  "text[]": "list",
  "integer[]": "list",
  bytea: "object",
};

/** What may stand in an item's JSON for each type. What is not named is a string or what becomes one. */
const inItems: Record<string, string[]> = {
  smallint: ["number"],
  integer: ["number"],
  bigint: ["number", "string"],
  real: ["number"],
  "double precision": ["number"],
  numeric: ["number", "string", "decimal"],
  boolean: ["boolean"],
  "text[]": ["list"],
  "integer[]": ["list"],
};

const isJson = (type: string) => ["json", "jsonb"].includes(type);

/** What of a statement does not fit its uses: each line says where, which column, and what is wrong. */
export function faultsOf({ columns, items }: Description, uses: readonly Use[]): string[] {
  if (uses.length === 0) return ["nobody runs it by execute(statement, items)"];
  return [
    ...untaken(columns, uses),
    ...uses.flatMap(({ at, isTest, row, item }) =>
      [...rowFaults(columns, row), ...itemFaults(items, item, isTest)].map((fault) => `${at}: ${fault}`),
    ),
  ];
}

function untaken(columns: readonly Column[], uses: readonly Use[]): string[] {
  const names = columns.map(({ name }) => name);
  const taken = new Set(uses.flatMap(({ row }) => [...row.properties.keys()]));
  // Who wants to know only whether there are rows, or how many, takes `object`s: they need one column to stand on.
  const isCounted = taken.size === 0 && names.length === 1;
  return [
    ...names.filter((name, place) => names.indexOf(name) < place).map((name) => `two columns are "${name}"`),
    ...names
      .filter((name) => !isCounted && !taken.has(name))
      .map((name) => `nobody takes the column "${name}"`),
  ];
}

function rowFaults(columns: readonly Column[], row: Shape): string[] {
  return [...row.properties].flatMap(([name, shape]) => {
    const column = columns.find((one) => one.name === name);
    if (column)
      return columnFaults(column, shape).map((fault) => `the row's "${name}" is ${shape.text}, ${fault}`);
    return shape.kinds.has("undefined") ? [] : [`the row's "${name}" is no column`];
  });
}

function columnFaults({ type, words, isNullable }: Column, { kinds, words: known = [] }: Shape): string[] {
  if (kinds.has("anything")) return [];
  const wanted = inRows[type] ?? "string";
  const others = [...kinds].filter((kind) => !["null", "undefined", "absent", wanted].includes(kind));
  const strange = known.filter((word) => words && !words.includes(word));
  return [
    ...(others.length > 0 && !isJson(type) ? [`where Postgres gives ${type}`] : []),
    ...strange.map((word) => `where ${type} has no "${word}"`),
    ...(isNullable && !kinds.has("null") && !kinds.has("absent") ? ["where the table may have none"] : []),
  ];
}

function itemFaults(fields: readonly ItemField[] = [], item: Shape | undefined, isTest: boolean): string[] {
  if (item) return fieldFaults("the item's", fields, item, isTest);
  return fields.length > 0 ? ["it is given no items"] : [];
}

function fieldFaults(whose: string, fields: readonly ItemField[], item: Shape, isTest: boolean): string[] {
  const given = [...item.properties.keys()];
  return [
    ...given
      .filter((name) => !fields.some((field) => field.name === name))
      .map((name) => `${whose} "${name}" is not read`),
    ...fields.flatMap((field) => {
      const shape = item.properties.get(field.name);
      // A test may leave out what does not matter to it.
      if (!shape) return isTest ? [] : [`${whose} "${field.name}" is never given`];
      const fault = valueFault(field, shape);
      return [
        ...(fault ? [`${whose} "${field.name}" is ${shape.text}, ${fault}`] : []),
        ...(field.fields.length > 0
          ? fieldFaults(`"${field.name}"'s`, field.fields, shape.element ?? shape, isTest)
          : []),
      ];
    }),
  ];
}

function valueFault({ type, words }: ItemField, { kinds, words: known = [] }: Shape): string | undefined {
  if (type === undefined || isJson(type)) return undefined;
  const wanted = inItems[type] ?? ["string", "time", "decimal"];
  const fits = [...kinds].every((kind) =>
    ["null", "undefined", "absent", "anything", ...wanted].includes(kind),
  );
  if (!fits) return `and is read as ${type}`;
  const strange = known.filter((word) => words && !words.includes(word));
  return strange.length > 0 ? `where ${type} has no ${strange.join(", ")}` : undefined;
}
