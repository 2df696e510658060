// Plants faults in a Lua script: each condition, sum, order and command is left out or turned round.
import { type Chunk, type Expression, type Node, parse } from "luaparse";
import { type Mutant, oneLine } from "./mutant.ts";

/** What stands instead of a piece of the text; "" where it is left out. */
interface Edit {
  node: Node;
  instead: string;
}

const otherOperators: Record<string, string> = {
  "==": "~=",
  "~=": "==",
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
};
/** Names of functions and of Redis' commands that are the other way round. */
const otherNames: Record<string, string> = {
  "math.max": "math.min",
  "math.min": "math.max",
  "math.floor": "math.ceil",
  "math.ceil": "math.floor",
  "'ZPOPMIN'": "'ZPOPMAX'",
  "'NX'": "",
};

/** @returns every mutant of the script, in the order of its text */
export function luaMutants(file: string, text: string): Mutant[] {
  const chunk: Chunk = parse(text, { ranges: true, locations: true, luaVersion: "5.1" });
  const wording = (node: Node) => text.slice(...rangeOf(node));
  const edits: Edit[] = [];
  visit(chunk, (node) => edits.push(...editsOf(node, wording)));
  return edits
    .sort((a, b) => rangeOf(a.node)[0] - rangeOf(b.node)[0])
    .map(({ node, instead }) => ({
      file,
      line: node.loc?.start.line ?? 0,
      before: oneLine(wording(node)),
      after: oneLine(instead),
      text: withEdit(text, rangeOf(node), instead),
    }));
}

function editsOf(node: Node, wording: (node: Node) => string): Edit[] {
  switch (node.type) {
    case "IfClause":
    case "ElseifClause":
    case "WhileStatement":
      return [...(node.type === "WhileStatement" ? [] : ["true"]), "false"].map((instead) => ({
        node: node.condition,
        instead,
      }));
    case "LogicalExpression":
      return [node.left, node.right].map((kept) => ({ node, instead: `(${wording(kept)})` }));
    case "UnaryExpression":
      return node.operator === "not" ? [{ node, instead: wording(node.argument) }] : [];
    case "BinaryExpression": {
      const other = otherOperators[node.operator];
      if (!other) return [];
      return [{ node, instead: `(${wording(node.left)} ${other} ${wording(node.right)})` }];
    }
    case "CallExpression": {
      const other = otherNames[wording(node.base)];
      const turned = other ? [{ node: node.base, instead: other }] : [];
      return [...turned, ...node.arguments.flatMap((argument) => argumentEdits(argument, wording))];
    }
    // Left out. A local's first value is not: whatever reads it would only fail.
    case "CallStatement":
      return [{ node, instead: "" }];
    case "AssignmentStatement":
      return [{ node, instead: "" }];
    default:
      return [];
  }
}

function argumentEdits(argument: Expression, wording: (node: Node) => string): Edit[] {
  const other = otherNames[wording(argument)];
  if (other === undefined || argument.type !== "StringLiteral") return [];
  // Redis takes an argument that says what is the case anyhow in place of one that forbids.
  return [{ node: argument, instead: other === "" ? "'CH'" : other }];
}

function visit(value: unknown, found: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, found);
  } else if (typeof value === "object" && value !== null) {
    if ("type" in value) found(value as Node);
    for (const inner of Object.values(value)) visit(inner, found);
  }
}

function rangeOf(node: Node): [number, number] {
  return (node as Node & { range: [number, number] }).range;
}

function withEdit(text: string, [from, to]: [number, number], instead: string): string {
  return text.slice(0, from) + instead + text.slice(to);
}
