import { type Checker, type Project, type Type, TypeFlags } from "typescript/unstable/sync";

type Kind =
  | "string"
  | "number"
  | "boolean"
  | "time"
  | "decimal"
  | "list"
  | "object"
  | "null"
  | "undefined"
  | "absent"
  | "anything"
  | "other";

/** What values of a TypeScript type may be, as far as a statement can tell. */
export interface Shape {
  kinds: ReadonlySet<Kind>;
  /** Where all strings are known: which. */
  words: readonly string[] | undefined;
  /** Of a list's elements. */
  element: Shape | undefined;
  /** Of an object. What only some members of a union have may be absent. */
  properties: ReadonlyMap<string, Shape>;
  /** As TypeScript writes the type. */
  text: string;
}

/** How far into lists and objects a statement looks: an item's list, its elements and what those hold. */
const depthMax = 4;

export function shapeOf(project: Project, type: Type, depth = 0): Shape {
  const { checker } = project;
  const parts = membersOf(checker, type);
  const kinds = new Set(parts.map((part) => kindOf(checker, part)));
  const objects = parts.filter((part) => kindOf(checker, part) === "object");
  const isDeep = depth >= depthMax;
  return {
    kinds,
    words: wordsOf(parts),
    element: isDeep ? undefined : elementOf(project, parts, depth),
    properties: isDeep ? new Map() : propertiesOf(project, objects, depth),
    text: checker.typeToString(type),
  };
}

function membersOf(checker: Checker, type: Type): Type[] {
  if (type.isUnionType()) return type.getTypes().flatMap((part) => membersOf(checker, part));
  if (type.isTypeParameter()) {
    const constraint = checker.getBaseConstraintOfType(type);
    return constraint ? membersOf(checker, constraint) : [type];
  }
  return [type];
}

function kindOf(checker: Checker, type: Type): Kind {
  const { flags } = type;
  if (flags & TypeFlags.Null) return "null";
  if (flags & (TypeFlags.Undefined | TypeFlags.Void)) return "undefined";
  if (flags & TypeFlags.StringLike) return "string";
  if (flags & TypeFlags.NumberLike) return "number";
  if (flags & TypeFlags.BooleanLike) return "boolean";
  if (flags & TypeFlags.AnyOrUnknown) return "anything";
  if (type.isIntersectionType())
    return (
      type
        .getTypes()
        .map((part) => kindOf(checker, part))
        .find((kind) => kind !== "object") ?? "object"
    );
  if (checker.isArrayLikeType(type)) return "list";
  const name = type.getSymbol()?.name;
  if (name === "Date") return "time";
  if (name === "Decimal") return "decimal";
  return flags & (TypeFlags.Object | TypeFlags.NonPrimitive) ? "object" : "other";
}

function wordsOf(parts: readonly Type[]): string[] | undefined {
  const strings = parts.filter(({ flags }) => flags & TypeFlags.StringLike);
  const words = strings.flatMap((part) => (part.isStringLiteralType() ? [part.value] : []));
  return strings.length > 0 && words.length === strings.length ? words : undefined;
}

function elementOf(project: Project, parts: readonly Type[], depth: number): Shape | undefined {
  const list = parts.find((part) => project.checker.isArrayLikeType(part));
  const [index] = list ? project.checker.getIndexInfosOfType(list) : [];
  return index && shapeOf(project, index.valueType, depth + 1);
}

function propertiesOf(project: Project, objects: readonly Type[], depth: number): Map<string, Shape> {
  const found = new Map<string, Shape[]>();
  for (const object of objects)
    for (const property of project.checker.getPropertiesOfType(object)) {
      const type = project.checker.getTypeOfSymbol(property);
      if (type)
        found.set(property.name, [...(found.get(property.name) ?? []), shapeOf(project, type, depth + 1)]);
    }
  return new Map([...found].map(([name, shapes]) => [name, joined(shapes, shapes.length < objects.length)]));
}

function joined(shapes: readonly Shape[], isSometimesAbsent: boolean): Shape {
  const [first] = shapes as [Shape];
  const kinds = new Set(shapes.flatMap((shape) => [...shape.kinds]));
  if (isSometimesAbsent) kinds.add("absent");
  const withStrings = shapes.filter((shape) => shape.kinds.has("string"));
  const areKnown = withStrings.length > 0 && withStrings.every(({ words }) => words);
  return {
    kinds,
    words: areKnown ? withStrings.flatMap(({ words }) => words ?? []) : undefined,
    element: shapes.find(({ element }) => element)?.element,
    properties: new Map(shapes.flatMap(({ properties }) => [...properties])),
    text: [...new Set(shapes.map(({ text }) => text))].join(" | ") || first.text,
  };
}
