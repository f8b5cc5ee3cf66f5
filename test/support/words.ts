/** Which words sources make: texts that become a value, and are not only compared, listed, or the name of something. */
import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast'
import {
  isArrayLiteralExpression,
  isAsExpression,
  isBinaryExpression,
  isCallExpression,
  isCaseClause,
  isConditionalExpression,
  isElementAccessExpression,
  isIdentifier,
  isLiteralTypeNode,
  isNoSubstitutionTemplateLiteral,
  isParenthesizedExpression,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isStringLiteral,
  isTypeAliasDeclaration,
  isUnionTypeNode,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is'
import { walk } from './syntax.ts'

export interface Made {
  readonly word: string
  /** The property or variable that it becomes the value of; null of an argument or a result. */
  readonly field: string | null
}

const COMPARES: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.EqualsEqualsEqualsToken,
  SyntaxKind.ExclamationEqualsEqualsToken,
  SyntaxKind.InKeyword,
])
/** What is called so looks for a word or says what may be read, and makes none. */
const LOOKS: ReadonlySet<string> = new Set(['includes', 'has', 'get', 'delete', 'literal', 'enum', 'without'])

const textOf = (node: Node | undefined): string | null =>
  node !== undefined && (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) ? node.text : null

/** Each text that becomes a value somewhere in the source. */
export function wordsMadeIn(source: SourceFile): Made[] {
  const made: Made[] = []
  walk(source, node => {
    const word = textOf(node)
    if (word !== null && isMade(node)) made.push({ word, field: fieldOf(node) })
  })
  return made
}

/** Each text that a value is compared with: by `===` or `!==`, or as a case. */
export function wordsComparedIn(source: SourceFile): Set<string> {
  const compared = new Set<string>()
  walk(source, node => {
    const word = textOf(node)
    const { parent } = node
    if (word === null) return
    if (isCaseClause(parent) || (isBinaryExpression(parent) && COMPARES.has(parent.operatorToken.kind)))
      compared.add(word)
  })
  return compared
}

/** The first element of each list that begins with a text, which is how messages are written. */
export function firstWordsIn(source: SourceFile): Set<string> {
  const first = new Set<string>()
  walk(source, node => {
    const word = isArrayLiteralExpression(node) ? textOf(node.elements[0]) : null
    if (word !== null) first.add(word)
  })
  return first
}

/** The types that are a choice of words, by name. */
export function wordTypesIn(source: SourceFile): Map<string, readonly string[]> {
  const types = new Map<string, readonly string[]>()
  for (const statement of source.statements) {
    if (!isTypeAliasDeclaration(statement) || !isUnionTypeNode(statement.type)) continue
    const words = statement.type.types.map(type => (isLiteralTypeNode(type) ? textOf(type.literal) : null))
    if (words.every(word => word !== null)) types.set(statement.name.text, words)
  }
  return types
}

/** The members of an object of this name that the source uses. */
export function membersUsedIn(source: SourceFile, object: string): Set<string> {
  const used = new Set<string>()
  walk(source, node => {
    if (isPropertyAccessExpression(node) && isIdentifier(node.expression) && node.expression.text === object)
      used.add(node.name.text)
  })
  return used
}

function isMade(word: Node): boolean {
  const { parent } = word
  if (isLiteralTypeNode(parent) || isCaseClause(parent) || isElementAccessExpression(parent)) return false
  if (isBinaryExpression(parent)) return !COMPARES.has(parent.operatorToken.kind)
  if (isArrayLiteralExpression(parent)) return false
  if ((parent as { readonly name?: Node }).name === word) return false
  return !(isCallExpression(parent) && LOOKS.has(calledBy(parent.expression)))
}

function calledBy(called: Node): string {
  if (isPropertyAccessExpression(called)) return called.name.text
  return isIdentifier(called) ? called.text : ''
}

/** `as const`, brackets and choices between values lead to the property or variable. */
function fieldOf(word: Node): string | null {
  let value = word
  for (;;) {
    const { parent } = value
    if (isPropertyAssignment(parent) || isVariableDeclaration(parent))
      return (parent.name as { readonly text?: string } | undefined)?.text ?? null
    const isPassedOn =
      isAsExpression(parent) ||
      isParenthesizedExpression(parent) ||
      isBinaryExpression(parent) ||
      (isConditionalExpression(parent) && parent.condition !== value)
    if (!isPassedOn) return null
    value = parent
  }
}

/** The first argument of each call of a method of this name. */
export function firstArgumentsIn(source: SourceFile, method: string): Set<string> {
  const given = new Set<string>()
  walk(source, node => {
    const word = isCallExpression(node) && calledBy(node.expression) === method ? textOf(node.arguments[0]) : null
    if (word !== null) given.add(word)
  })
  return given
}
