import { dirname, relative, resolve } from "node:path";
import {
  type CallExpression,
  type Expression,
  isCallExpression,
  isFunctionDeclaration,
  isNewExpression,
  isObjectLiteralExpression,
  isParameterDeclaration,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isSpreadAssignment,
  isStringLiteral,
  isVariableDeclaration,
  type Node,
  type ParameterDeclaration,
  type SourceFile,
} from "typescript/unstable/ast";
import { API, type Project, type Type } from "typescript/unstable/sync";
import { type Shape, shapeOf } from "./shape.ts";

/** A place that runs a statement. */
export interface Use {
  /** The .sql file, from the project's root. */
  file: string;
  /** `path:line` */
  at: string;
  isTest: boolean;
  /** Of the rows that it takes. */
  row: Shape;
  /** Of each item that it gives; undefined where it gives none. */
  item: Shape | undefined;
}

/** Every place in the project's sources that runs a statement out of a .sql file. */
export function statementUses(root: string): Use[] {
  const api = new API({ cwd: root });
  try {
    const [project] = api.updateSnapshot({ openProjects: [resolve(root, "tsconfig.json")] }).getProjects();
    if (!project) throw new Error("TypeScript opens no project.");
    return project.program
      .getSourceFileNames()
      .filter(
        (name) =>
          name.startsWith(`${root}/`) && !name.includes("/node_modules/") && !name.includes("/generated/"),
      )
      .flatMap((name) => {
        const source = project.program.getSourceFile(name);
        return source?.text.includes("xecute") ? usesIn(project, source, root) : [];
      });
  } finally {
    api.close();
  }
}

function usesIn(project: Project, source: SourceFile, root: string): Use[] {
  return callsIn(source).flatMap((call) => {
    const [statement, items] = call.arguments;
    if (!statement || !/(^|\.)#?execute$/.test(call.expression.getText(source))) return [];
    const { line } = source.getLineAndCharacterOfPosition(call.getStart(source));
    const path = relative(root, source.fileName);
    return sqlFiles(project, statement).map((file) => ({
      file: relative(root, file),
      at: `${path}:${line + 1}`,
      isTest: path.includes("/test/"),
      row: elementShape(project, typeOfRows(project, call)),
      item: items && elementShape(project, required(project.checker.getTypeAtLocation(items))),
    }));
  });
}

function callsIn(source: SourceFile): CallExpression[] {
  const calls: CallExpression[] = [];
  const visit = (node: Node): undefined => {
    if (isCallExpression(node)) calls.push(node);
    node.forEachChild(visit);
  };
  source.forEachChild(visit);
  return calls;
}

/** The files that a statement may have been loaded from, followed through variables, properties and parameters. */
function sqlFiles(project: Project, expression: Node): string[] {
  if (isCallExpression(expression)) {
    if (expression.expression.getText() === "loadStatement") return loadedFile(expression);
    return expression.arguments.flatMap((argument) => sqlFiles(project, argument));
  }
  if (isObjectLiteralExpression(expression)) {
    return expression.properties
      .filter(isSpreadAssignment)
      .flatMap((spread) => sqlFiles(project, spread.expression));
  }
  const isProperty = isPropertyAccessExpression(expression);
  const symbol = project.checker.getSymbolAtLocation(isProperty ? expression.name : expression);
  const declaration = symbol?.valueDeclaration?.resolve();
  if (declaration && (isVariableDeclaration(declaration) || isPropertyAssignment(declaration))) {
    return declaration.initializer ? sqlFiles(project, declaration.initializer) : [];
  }
  if (declaration && isParameterDeclaration(declaration)) return passedFiles(project, declaration);
  // Such as `ways.claim.statement`: what is known is where `ways.claim` is from.
  return isProperty ? sqlFiles(project, expression.expression) : [];
}

/** Of `loadStatement(new URL("./x.sql", import.meta.url))`. */
function loadedFile(call: CallExpression): string[] {
  const [url] = call.arguments;
  const [path] = (url && isNewExpression(url) && url.arguments) || [];
  return path && isStringLiteral(path) ? [resolve(dirname(sourceOf(call).fileName), path.text)] : [];
}

/** What a function's own file passes to it. */
function passedFiles(project: Project, parameter: ParameterDeclaration): string[] {
  const { parent } = parameter;
  if (!isFunctionDeclaration(parent)) return [];
  const place = parent.parameters.indexOf(parameter);
  return callsIn(sourceOf(parameter)).flatMap((call) => {
    const called = project.checker.getSymbolAtLocation(call.expression)?.valueDeclaration?.resolve();
    const argument = called === parent ? call.arguments[place] : undefined;
    return argument ? sqlFiles(project, argument) : [];
  });
}

function sourceOf(node: Node): SourceFile {
  return node.parent ? sourceOf(node.parent) : (node as SourceFile);
}

/** Of `execute<Row>(…): Promise<Row[]>`, also where Row is only inferred. */
function typeOfRows(project: Project, call: Expression): Type {
  const { checker } = project;
  const promise = required(checker.getTypeAtLocation(call));
  if (!promise.isTypeReference()) throw new Error(`${checker.typeToString(promise)} is no promise of rows.`);
  return required(checker.getTypeArguments(promise)[0]);
}

function elementShape(project: Project, list: Type): Shape {
  const [index] = project.checker.getIndexInfosOfType(list);
  return shapeOf(project, required(index).valueType);
}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("TypeScript does not know the type.");
  return value;
}
