/** How long the functions of some sources are. */
import type { Node, SourceFile } from 'typescript/unstable/ast'
import { isConstructorDeclaration, isFunctionLikeDeclaration } from 'typescript/unstable/ast/is'

interface FunctionLength {
  /** As `actors/clock.ts: RegionClock.nowMs`; one without a name goes by the names around it. */
  readonly name: string
  /** From its first word to its closing bracket: its own comments and blank lines too, and the functions in it. */
  readonly lines: number
}

/** Input: the tree of each file, by its path. */
export function functionLengths(trees: ReadonlyMap<string, SourceFile>): FunctionLength[] {
  return [...trees].flatMap(([file, source]) => lengthsIn(source, file))
}

function lengthsIn(source: SourceFile, file: string): FunctionLength[] {
  const found: FunctionLength[] = []
  const lineAt = (position: number): number => source.getLineAndCharacterOfPosition(position).line
  const visit = (node: Node, around: readonly string[]): void => {
    const own = ownName(node)
    const names = own === null ? around : [...around, own]
    if (isFunctionLikeDeclaration(node)) {
      const lines = lineAt(node.getEnd()) - lineAt(node.getStart(source)) + 1
      found.push({ name: `${file}: ${names.join('.')}`, lines })
    }
    node.forEachChild(child => visit(child, names))
  }
  visit(source, [])
  return found
}

/** Of what is declared here, and of a value the name that it is given. */
function ownName(node: Node): string | null {
  if (isConstructorDeclaration(node)) return 'constructor'
  return (node as { readonly name?: { readonly text?: string } }).name?.text ?? null
}
