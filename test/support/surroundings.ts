/** What a source takes from around it, past every port: clocks, chance, timers, the environment, and state of a module's own. */
import { type Node, NodeFlags, type SourceFile } from 'typescript/unstable/ast'
import {
  isBindingElement,
  isElementAccessExpression,
  isIdentifier,
  isImportDeclaration,
  isImportSpecifier,
  isMethodDeclaration,
  isMethodSignatureDeclaration,
  isNamedImports,
  isNewExpression,
  isObjectBindingPattern,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isPropertyDeclaration,
  isPropertySignatureDeclaration,
  isStringLiteral,
  isTypeQueryNode,
  isVariableDeclaration,
  isVariableStatement,
} from 'typescript/unstable/ast/is'
import { walk } from './syntax.ts'

const MEMBERS: ReadonlySet<string> = new Set([
  'Date.now',
  'performance.now',
  'performance.timeOrigin',
  'Math.random',
  'process.env',
  'process.hrtime',
])
const TIMERS: ReadonlySet<string> = new Set(['setTimeout', 'setInterval'])
const TIMER_MODULES = /^(node:)?timers(\/promises)?$/

/** Output: which of them a source uses, sorted, each once. */
export function surroundingsOf(source: SourceFile): string[] {
  const found = new Set<string>()
  walk(source, node => {
    for (const name of usesAt(node)) found.add(name)
  })
  return [...found].sort()
}

function usesAt(node: Node): readonly string[] {
  if (isPropertyAccessExpression(node)) return memberOf(node.expression, node.name.text)
  if (isElementAccessExpression(node)) {
    const key = node.argumentExpression
    return key !== undefined && isStringLiteral(key) ? memberOf(node.expression, key.text) : []
  }
  if (isVariableDeclaration(node)) return takenApart(node.name, node.initializer)
  if (isNewExpression(node)) {
    return nameOf(node.expression) === 'Date' && (node.arguments ?? []).length === 0 ? ['new Date()'] : []
  }
  if (isImportDeclaration(node)) return imported(node)
  return isIdentifier(node) && TIMERS.has(node.text) && isUsed(node) ? [node.text] : []
}

/** `Date` of `Date` and of `globalThis.Date`. */
function nameOf(node: Node): string | null {
  if (isIdentifier(node)) return node.text
  if (isPropertyAccessExpression(node) && nameOf(node.expression) === 'globalThis') return node.name.text
  return null
}

function memberOf(owner: Node, member: string): readonly string[] {
  const name = nameOf(owner)
  if (name === 'globalThis') return TIMERS.has(member) ? [member] : []
  return MEMBERS.has(`${name}.${member}`) ? [`${name}.${member}`] : []
}

/** `const { env } = process` */
function takenApart(pattern: Node, from: Node | undefined): readonly string[] {
  if (from === undefined || !isObjectBindingPattern(pattern)) return []
  return pattern.elements.flatMap(element => {
    const member = isBindingElement(element) ? (element.propertyName ?? element.name) : undefined
    return member !== undefined && isIdentifier(member) ? memberOf(from, member.text) : []
  })
}

function imported(node: Node): readonly string[] {
  if (!isImportDeclaration(node) || !isStringLiteral(node.moduleSpecifier)) return []
  const from = node.moduleSpecifier.text
  const bindings = node.importClause?.namedBindings
  const names =
    bindings !== undefined && isNamedImports(bindings)
      ? bindings.elements.map(({ name, propertyName }) => (propertyName ?? name).text)
      : ['timers']
  if (TIMER_MODULES.test(from)) return names.filter(name => name !== 'setImmediate')
  if (/^(node:)?process$/.test(from))
    return names.filter(name => name === 'env' || name === 'hrtime').map(name => `process.${name}`)
  return []
}

/** Whether the global of this name is meant, and not a type or a member that is called so. */
function isUsed(name: Node): boolean {
  const { parent } = name
  if (isPropertyAccessExpression(parent)) return parent.expression === name
  const isMember =
    isPropertyAssignment(parent) ||
    isPropertyDeclaration(parent) ||
    isPropertySignatureDeclaration(parent) ||
    isMethodDeclaration(parent) ||
    isMethodSignatureDeclaration(parent)
  if (isMember && parent.name === name) return false
  return !isTypeQueryNode(parent) && !isImportSpecifier(parent)
}

/** The variables of a module that can be set anew, by name; `var` too. */
export function moduleStateOf(source: SourceFile): string[] {
  return source.statements.flatMap(statement => {
    if (!isVariableStatement(statement)) return []
    const { flags, declarations } = statement.declarationList
    if ((flags & NodeFlags.Const) !== 0 || (flags & NodeFlags.Using) !== 0) return []
    return declarations.flatMap(({ name }) => namesIn(name))
  })
}

/** Of a pattern each name that it binds. */
function namesIn(name: Node | undefined): string[] {
  if (name === undefined) return []
  if (isIdentifier(name)) return [name.text]
  const names: string[] = []
  name.forEachChild(element => void (isBindingElement(element) && names.push(...namesIn(element.name))))
  return names
}
