export type Fields = Record<string, unknown>;

/** One small fault in one object of a statement's syntax tree. */
export interface Variant {
  /** What stands in place of the object. */
  object: Fields;
  /** The piece that the fault is about. */
  about: unknown;
  /** What stands instead of that piece; undefined where it is left out. */
  instead?: unknown;
  /** Said before the piece, for clauses that say nothing of themselves. */
  label?: string;
}

const clauses: Record<string, string> = {
  sortClause: "ORDER BY ",
  agg_order: "ORDER BY ",
  orderClause: "ORDER BY ",
  partitionClause: "PARTITION BY ",
  limitCount: "LIMIT ",
  lockingClause: "",
};
/** What differs by a hair, or is the other way round. */
const otherOperators: Record<string, string> = {
  "=": "<>",
  "<>": "=",
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
};
const otherFunctions: Record<string, string> = { sum: "max", max: "min", min: "max", bool_or: "bool_and" };
const otherKinds: Record<string, string> = {
  AEXPR_DISTINCT: "AEXPR_NOT_DISTINCT",
  AEXPR_NOT_DISTINCT: "AEXPR_DISTINCT",
  IS_NULL: "IS_NOT_NULL",
  IS_NOT_NULL: "IS_NULL",
  IS_GREATEST: "IS_LEAST",
  IS_LEAST: "IS_GREATEST",
};

const never = { A_Const: { boolval: {} } };
const always = { A_Const: { boolval: { boolval: true } } };

/**
 * The faults of one object: a node of the tree as `{Kind: fields}`, or the fields themselves.
 * @param isCondition it is left out as a whole in another mutant, which is harder to see than its opposite: so it is not
 *   turned round as well
 */
export function variantsOf(object: Fields, isCondition: boolean): Variant[] {
  const [kind = "", inner] = Object.entries(object)[0] ?? [];
  if (/^[A-Z]/.test(kind)) return (byKind[kind] ?? (() => []))(inner as Fields, object, isCondition);
  return [...clausesLeftOut(object), ...conditionsLeftOut(object)];
}

function clausesLeftOut(fields: Fields): Variant[] {
  return Object.entries(clauses)
    .filter(([key]) => fields[key] !== undefined)
    .map(([key, label]) => ({ object: without(fields, key), about: fields[key], label }));
}

function conditionsLeftOut(fields: Fields): Variant[] {
  const single = ["whereClause", "havingClause", "agg_filter"].filter((key) => isSingle(fields[key]));
  const variants: Variant[] = single.map((key) => ({ object: without(fields, key), about: fields[key] }));
  // `ON true` says nothing that could be left out.
  if (isSingle(fields.quals) && !isTrue(fields.quals))
    variants.push({ object: { ...fields, quals: always }, about: fields.quals });
  return variants;
}

/** Whether it is one condition: the parts of several are left out one by one. */
function isSingle(condition: unknown): boolean {
  if (condition === undefined) return false;
  return !["AND_EXPR", "OR_EXPR"].includes(String(((condition as Fields).BoolExpr as Fields)?.boolop));
}

function isTrue(condition: unknown): boolean {
  return ((condition as Fields).A_Const as { boolval?: Fields } | undefined)?.boolval?.boolval === true;
}

type VariantsOfKind = (fields: Fields, node: Fields, isCondition: boolean) => Variant[];

const byKind: Record<string, VariantsOfKind> = {
  BoolExpr({ boolop, args }, node) {
    const parts = args as Fields[];
    if (boolop === "NOT_EXPR") return [{ object: parts[0] as Fields, about: node, instead: parts[0] }];
    return parts.map((part, index) => {
      const others = parts.filter((_, other) => other !== index);
      const object = others.length === 1 ? (others[0] as Fields) : { BoolExpr: { boolop, args: others } };
      return { object, about: part, label: boolop === "OR_EXPR" ? "OR " : "AND " };
    });
  },
  A_Expr(fields, node, isCondition) {
    const operator = (((fields.name as Fields[])?.[0]?.String as Fields)?.sval ?? "") as string;
    const other = otherOperators[operator];
    const kind = otherKinds[String(fields.kind)];
    if (isCondition && (kind || ["=", "<>"].includes(operator))) return [];
    if (kind) return [turned("A_Expr", { ...fields, kind }, node)];
    if (!other || fields.kind !== "AEXPR_OP" || !fields.lexpr) return [];
    return [turned("A_Expr", { ...fields, name: [{ String: { sval: other } }] }, node)];
  },
  NullTest(fields, node, isCondition) {
    if (isCondition) return [];
    return [turned("NullTest", { ...fields, nulltesttype: otherKinds[String(fields.nulltesttype)] }, node)];
  },
  MinMaxExpr: (fields, node) => [
    turned("MinMaxExpr", { ...fields, op: otherKinds[String(fields.op)] }, node),
  ],
  FuncCall(fields, node) {
    const name = (fields.funcname as Fields[]).at(-1) as { String: { sval: string } };
    if (name.String.sval.startsWith("pg_advisory"))
      return [{ object: { A_Const: { isnull: true } }, about: node }];
    const other = otherFunctions[name.String.sval];
    const variants = other
      ? [turned("FuncCall", { ...fields, funcname: [{ String: { sval: other } }] }, node)]
      : [];
    if (fields.agg_distinct) variants.push(turned("FuncCall", without(fields, "agg_distinct"), node));
    return variants;
  },
  CoalesceExpr({ args }, node) {
    const parts = args as Fields[];
    return parts.map((_, index) => {
      const others = parts.filter((_, other) => other !== index);
      const object = others.length === 1 ? (others[0] as Fields) : { CoalesceExpr: { args: others } };
      return { object, about: node, instead: object };
    });
  },
  CaseExpr(fields, node) {
    const whens = fields.args as Fields[];
    const variants = whens.map((_, index): Variant => {
      const others = whens.filter((_, other) => other !== index);
      const otherwise = (fields.defresult as Fields | undefined) ?? { A_Const: { isnull: true } };
      const object = others.length === 0 ? otherwise : { CaseExpr: { ...fields, args: others } };
      return { object, about: node, instead: object };
    });
    if (fields.defresult) variants.push(turned("CaseExpr", without(fields, "defresult"), node));
    return variants;
  },
  CaseWhen(fields) {
    return [{ object: { CaseWhen: { ...fields, expr: always } }, about: fields.expr, instead: always }];
  },
  SortBy(fields, node) {
    const isDescending = fields.sortby_dir === "SORTBY_DESC";
    return [turned("SortBy", { ...fields, sortby_dir: isDescending ? "SORTBY_ASC" : "SORTBY_DESC" }, node)];
  },
  LockingClause(fields, node) {
    if (fields.waitPolicy !== "LockWaitSkip") return [];
    return [turned("LockingClause", { ...fields, waitPolicy: "LockWaitBlock" }, node)];
  },
  JoinExpr(fields) {
    const shared = (fields.usingClause ?? []) as Fields[];
    const variants = shared.flatMap((column, index): Variant[] => {
      if (shared.length === 1) return [];
      const usingClause = shared.filter((_, other) => other !== index);
      return [{ object: { JoinExpr: { ...fields, usingClause } }, about: column, label: "USING " }];
    });
    if (fields.jointype !== "JOIN_LEFT") return variants;
    const object = { JoinExpr: { ...fields, jointype: "JOIN_INNER" } };
    return [...variants, { object, about: fields.rarg, label: "LEFT JOIN " }];
  },
  LockStmt(_, node) {
    const object = {
      SelectStmt: {
        targetList: [{ ResTarget: { val: always } }],
        limitOption: "LIMIT_OPTION_DEFAULT",
        op: "SETOP_NONE",
      },
    };
    return [{ object, about: node }];
  },
  SelectStmt(fields) {
    const variants: Variant[] = [];
    if (fields.distinctClause) {
      variants.push({
        object: { SelectStmt: without(fields, "distinctClause") },
        about: fields.targetList,
        label: "DISTINCT ",
      });
    }
    if (fields.op === "SETOP_UNION") {
      for (const [kept, left] of [
        ["larg", "rarg"],
        ["rarg", "larg"],
      ] as const) {
        variants.push({
          object: { SelectStmt: fields[kept] },
          about: { SelectStmt: fields[left] },
          label: "UNION ",
        });
      }
    }
    return variants;
  },
  UpdateStmt: (fields, node) => [
    ...assignmentsLeftOut(fields, (targetList) => ({ UpdateStmt: { ...fields, targetList } })),
    { object: { UpdateStmt: { ...fields, whereClause: never } }, about: node },
  ],
  DeleteStmt: (fields, node) => [{ object: { DeleteStmt: { ...fields, whereClause: never } }, about: node }],
  InsertStmt(fields, node) {
    const select = (fields.selectStmt as { SelectStmt: Fields } | undefined)?.SelectStmt;
    const none = { SelectStmt: { ...select, whereClause: never } };
    const variants: Variant[] =
      select && !select.valuesLists && select.op === "SETOP_NONE"
        ? [{ object: { InsertStmt: { ...fields, selectStmt: none } }, about: node }]
        : [];
    const conflict = fields.onConflictClause as Fields | undefined;
    if (conflict?.targetList) {
      variants.push(
        ...assignmentsLeftOut(conflict, (targetList) => ({
          InsertStmt: { ...fields, onConflictClause: { ...conflict, targetList } },
        })),
      );
    }
    return variants;
  },
  A_Const(fields, node, isCondition) {
    if (isCondition || !("boolval" in fields)) return [];
    const isTrue = (fields.boolval as Fields).boolval === true;
    return [{ object: isTrue ? never : always, about: node, instead: isTrue ? never : always }];
  },
};

/** The node with other fields. */
function turned(kind: string, fields: Fields, node: Fields): Variant {
  const object = { [kind]: fields };
  return { object, about: node, instead: object };
}

/** Each of several assignments; a single one is the write itself. */
function assignmentsLeftOut(fields: Fields, made: (targetList: Fields[]) => Fields): Variant[] {
  const targets = fields.targetList as { ResTarget: Fields }[];
  if (targets.length < 2) return [];
  return targets.map((target, index) => ({
    object: made(targets.filter((_, other) => other !== index)),
    about: target.ResTarget.val,
    label: `${target.ResTarget.name} = `,
  }));
}

function without(fields: Fields, key: string): Fields {
  const { [key]: _, ...others } = fields;
  return others;
}
