/** Sources as the trees that the TypeScript compiler makes of them, so that no comment and no text is taken for code. */
import type { Node, SourceFile } from 'typescript/unstable/ast'
import { createVirtualFileSystem } from 'typescript/unstable/fs'
import { API } from 'typescript/unstable/sync'

const DIR = '/sources'

/** Input: the text of each file, by its path. Output: its tree, by the same path, in the same order. */
export function treesOf(texts: ReadonlyMap<string, string>): Map<string, SourceFile> {
  const config = `${DIR}/tsconfig.json`
  // No library, no import and no type is looked up: it is the parser that is wanted.
  const options = { compilerOptions: { noLib: true, noResolve: true, types: [] }, files: [...texts.keys()] }
  const files = Object.fromEntries([...texts].map(([file, text]) => [`${DIR}/${file}`, text]))
  const api = new API({ cwd: DIR, fs: createVirtualFileSystem({ ...files, [config]: JSON.stringify(options) }) })
  try {
    const { program } = api.updateSnapshot({ openProjects: [config] }).getProject(config)!
    return new Map([...texts.keys()].map(file => [file, program.getSourceFile(`${DIR}/${file}`)!]))
  } finally {
    api.close()
  }
}

/** Visits a node and all below it, each before what it holds. */
export function walk(node: Node, visit: (node: Node) => void): void {
  visit(node)
  node.forEachChild(child => walk(child, visit))
}
