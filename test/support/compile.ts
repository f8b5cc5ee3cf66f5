/**
 * A copy of the checkout in which the JavaScript of every source stands beside it, and large packages and the program
 * `goldenhour` are a few files: it loads in a fifth of the time.
 */
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, symlink } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildConsole, canBuild } from '../../tools/console/build.ts'
import { bundlePackages, bundleProgram } from './bundle.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** The directories with TypeScript; of all else in the checkout, but for packages, the copy has links. */
const SOURCES = ['src', 'test', 'bench', 'tools']
const TSC = path.join(ROOT, 'node_modules/typescript/bin/tsc')
/** Types are what `npm run check` looks at. */
const FLAGS = ['--noCheck', '--noEmit', 'false', '--inlineSourceMap']
const IMPORTS = ['--allowImportingTsExtensions', 'false', '--rewriteRelativeImportExtensions']

/** Makes the copy in a new directory. Errors: those of tsc, with what it says, and of the file system. */
export async function compileCheckout(dir: string): Promise<void> {
  if (canBuild()) await buildConsole()
  await mkdir(dir)
  for (const name of await readdir(ROOT)) {
    if (SOURCES.includes(name)) await cp(path.join(ROOT, name), path.join(dir, name), { recursive: true })
    else if (name !== 'node_modules') await symlink(path.join(ROOT, name), path.join(dir, name))
  }
  const modules = path.join(dir, 'node_modules')
  await Promise.all([bundlePackages(modules), tsc('-p', ROOT, '--rootDir', ROOT, '--outDir', dir)])
  await bundleProgram(dir)
}

/** Compiles one file of such a copy anew. Errors: as above. */
export function compileAgain(file: string): Promise<void> {
  const like = ['--ignoreConfig', '--noResolve', '--target', 'ES2022', '--module', 'ESNext', '--verbatimModuleSyntax']
  return tsc(...like, '--outDir', path.dirname(file), file)
}

async function tsc(...args: string[]): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, [TSC, ...FLAGS, ...IMPORTS, ...args])
  } catch (error) {
    throw new Error(`The sources cannot be compiled:\n${(error as { stdout?: string }).stdout}`, { cause: error })
  }
}
