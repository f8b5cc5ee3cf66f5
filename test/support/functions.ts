/** How long the functions of some sources are, by the tree that the TypeScript compiler makes of them. */
import type { Node, SourceFile } from 'typescript/unstable/ast'
import { isConstructorDeclaration, isFunctionLikeDeclaration } from 'typescript/unstable/ast/is'
import { createVirtualFileSystem } from 'typescript/unstable/fs'
import { API } from 'typescript/unstable/sync'

interface FunctionLength {
  /** As `actors/clock.ts: RegionClock.nowMs`; one without a name goes by the names around it. */
  readonly name: string
  /** From its first word to its closing bracket: its own comments and blank lines too, and the functions in it. */
  readonly lines: number
}

const DIR = '/sources'

/** Input: the text of each file, by its path. */
export function functionLengths(texts: ReadonlyMap<string, string>): FunctionLength[] {
  const config = `${DIR}/tsconfig.json`
  // No library, no import and no type is looked up: it is the parser that is wanted.
  const options = { compilerOptions: { noLib: true, noResolve: true, types: [] }, files: [...texts.keys()] }
  const files = Object.fromEntries([...texts].map(([file, text]) => [`${DIR}/${file}`, text]))
  const api = new API({ cwd: DIR, fs: createVirtualFileSystem({ ...files, [config]: JSON.stringify(options) }) })
  try {
    const { program } = api.updateSnapshot({ openProjects: [config] }).getProject(config)!
    return [...texts.keys()].flatMap(file => lengthsIn(program.getSourceFile(`${DIR}/${file}`)!, file))
  } finally {
    api.close()
  }
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
