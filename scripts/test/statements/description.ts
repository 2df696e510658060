import type pg from "pg";
import { loadModule, parseSync } from "pgsql-parser";

/** A column of a statement's rows. */
export interface Column {
  name: string;
  /** As Postgres writes it: `timestamp with time zone`, `text[]`. */
  type: string;
  /** Of an enum. */
  words: string[] | null;
  /** It stands so in a table, whose column may be null. Outer joins and computed columns say nothing. */
  isNullable: boolean;
}

/** What a statement reads of its items. */
export interface ItemField {
  name: string;
  /** undefined where it is read as text, by `->>`. */
  type: string | undefined;
  /** Of an enum. */
  words: string[] | null;
  /** Of a list or an object inside, where the statement takes it apart. */
  fields: ItemField[];
}

export interface Description {
  columns: Column[];
  /** undefined where the statement takes no parameter. */
  items: ItemField[] | undefined;
}

interface Described {
  fields: pg.FieldDef[];
  parameters: number;
}

/** Prepares a statement without running it. @throws what Postgres says against it */
export async function describe(client: pg.Client, text: string): Promise<Description> {
  const { fields, parameters } = await prepared(client, text);
  if (parameters > 1) throw new Error(`it takes ${parameters} parameters, where statements take one`);
  return {
    columns: fields.length > 0 ? await columnsOf(client, fields) : [],
    items: parameters === 0 ? undefined : await itemFields(client, text),
  };
}

/** pg's connection, as far as a Submittable talks to it; pg's types say less. */
interface Connection extends pg.Connection {
  once(event: "parameterDescription", told: (message: { parameterCount: number }) => void): this;
}

function prepared(client: pg.Client, text: string): Promise<Described> {
  return new Promise((resolve, reject) => {
    const found: Described = { fields: [], parameters: 0 };
    client.query({
      submit(connection: pg.Connection) {
        (connection as Connection).once("parameterDescription", ({ parameterCount }) => {
          found.parameters = parameterCount;
        });
        connection.parse({ name: "", text, types: [] }, true);
        connection.describe({ type: "S", name: "" }, true);
        connection.sync();
      },
      handleRowDescription({ fields }: { fields: pg.FieldDef[] }) {
        found.fields = fields;
      },
      handleError: reject,
      handleReadyForQuery: () => resolve(found),
    } as unknown as pg.Submittable);
  });
}

async function columnsOf(client: pg.Client, fields: readonly pg.FieldDef[]): Promise<Column[]> {
  const { rows } = await client.query<{ type: string; words: string[] | null; isNullable: boolean }>({
    text: `
      SELECT format_type(field.type, NULL) AS "type",
        (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = field.type) AS "words",
        coalesce(NOT attnotnull, false) AS "isNullable"
      FROM unnest($1::oid[], $2::oid[], $3::int[]) WITH ORDINALITY AS field(type, "table", "column", place)
      LEFT JOIN pg_attribute ON attrelid = field."table" AND attnum = field."column" AND attnum > 0
      ORDER BY field.place`,
    values: [
      fields.map(({ dataTypeID }) => dataTypeID),
      fields.map(({ tableID }) => tableID),
      fields.map(({ columnID }) => columnID),
    ],
  });
  return rows.map((row, place) => ({ name: fields[place]?.name ?? "", ...row }));
}

type Tree = Record<string, unknown>;

/** A column of a list, with its type as the statement writes it. */
interface ListColumn {
  name: string;
  type: string;
}

/** Of `jsonb_to_recordset($1) AS r("id" text, …)`, of `$1 -> 0 ->> 'id'`, and of functions that are given `$1 -> 0`. */
async function itemFields(client: pg.Client, text: string): Promise<ItemField[]> {
  await loadModule();
  const lists = new Map<string, ListColumn[]>();
  const read = new Set<string>();
  const functions = new Set<string>();
  visit(parseSync(text), (name, node) => {
    if (name === "RangeFunction") noteList(node, lists);
    if (name === "A_Expr") noteRead(node, read);
    if (name === "FuncCall") noteFunction(node, functions);
  });
  for (const name of await readByFunctions(client, functions)) read.add(name);
  const columns = lists.get("") ?? [];
  const fields = columns.map(async (column) => ({
    ...(await typed(client, column)),
    fields: await Promise.all((lists.get(column.name) ?? []).map((inner) => typed(client, inner))),
  }));
  const others = [...read].filter((name) => !columns.some((column) => column.name === name));
  return [
    ...(await Promise.all(fields)),
    ...others.map((name) => ({ name, type: undefined, words: null, fields: [] })),
  ];
}

async function typed(client: pg.Client, { name, type }: ListColumn): Promise<ItemField> {
  const { rows } = await client.query<{ type: string; words: string[] | null }>(
    `SELECT format_type($1::regtype, NULL) AS "type",
      (SELECT array_agg(enumlabel::text) FROM pg_enum WHERE enumtypid = $1::regtype) AS "words"`,
    [type],
  );
  const [{ type: known, words } = { type, words: null }] = rows;
  return { name, type: known, words, fields: [] };
}

/** What functions of the schema read of an item: `what ->> 'agent'`. */
async function readByFunctions(client: pg.Client, names: ReadonlySet<string>): Promise<string[]> {
  const { rows } = await client.query<{ prosrc: string }>(
    "SELECT prosrc FROM pg_proc WHERE proname = ANY ($1)",
    [[...names]],
  );
  return rows.flatMap(({ prosrc }) => [...prosrc.matchAll(/->>? '(\w+)'/g)].map(([, name = ""]) => name));
}

function visit(value: unknown, found: (name: string, node: Tree) => void): void {
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === "object" && inner !== null && !Array.isArray(inner)) found(name, inner as Tree);
    visit(inner, found);
  }
}

/** Notes the columns of a list under the name of the item's field that it is made of; under `""` those of the items. */
function noteList(node: Tree, lists: Map<string, ListColumn[]>): void {
  const columns = node.coldeflist as Tree[] | undefined;
  const [call] = (node.functions as { List: { items: Tree[] } }[])[0]?.List.items ?? [];
  const { funcname = [], args = [] } = (call?.FuncCall ?? {}) as { funcname?: Tree[]; args?: Tree[] };
  if (!columns || !/^jsonb?_to_record(set)?$/.test(lastName(funcname)) || !args[0]) return;
  const column = args[0].ColumnRef as { fields: Tree[] } | undefined;
  const of = isParameter(args[0]) ? "" : column && lastName(column.fields);
  if (of === undefined) return;
  const known = lists.get(of) ?? [];
  lists.set(of, [...known, ...columns.map(({ ColumnDef }) => columnOf(ColumnDef as Tree))]);
}

function columnOf(definition: Tree): ListColumn {
  const { names, arrayBounds } = definition.typeName as { names: Tree[]; arrayBounds?: unknown[] };
  const type = names.map((name) => `"${(name.String as { sval: string }).sval}"`).join(".");
  return { name: definition.colname as string, type: arrayBounds ? `${type}[]` : type };
}

/** `$1::jsonb -> 0 ->> 'id'` */
function noteRead(node: Tree, read: Set<string>): void {
  const word = ((node.rexpr as Tree | undefined)?.A_Const as { sval?: { sval: string } } | undefined)?.sval
    ?.sval;
  if (word !== undefined && isArrow(node) && isItem(node.lexpr as Tree)) read.add(word);
}

function noteFunction({ funcname, args = [] }: Tree, functions: Set<string>): void {
  if ((args as Tree[]).some(isItem)) functions.add(lastName(funcname as Tree[]));
}

/** `$1::jsonb -> 0` */
function isItem({ A_Expr }: Tree): boolean {
  const expression = A_Expr as Tree | undefined;
  return expression !== undefined && isArrow(expression) && isParameter(expression.lexpr as Tree);
}

function isArrow({ name }: Tree): boolean {
  return ["->", "->>"].includes(lastName(name as Tree[]));
}

function isParameter(node: Tree): boolean {
  const cast = node.TypeCast as { arg: Tree } | undefined;
  return "ParamRef" in (cast?.arg ?? node);
}

function lastName(names: readonly Tree[]): string {
  return ((names.at(-1)?.String ?? {}) as { sval?: string }).sval ?? "";
}
