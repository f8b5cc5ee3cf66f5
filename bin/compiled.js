// JavaScript of the sources, kept below node_modules/.cache: it loads in a third of the time that tsx takes, and needs no
// compiler beside the program. Each state of the sources has a directory of its own, so a program that runs goes on with
// what it began with, and programs that start together do not meet half a file.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Types are what `npm run check` looks at. */
const FLAGS = [
  ...['--ignoreConfig', '--noCheck', '--noResolve', '--types', '', '--target', 'ES2022', '--module', 'NodeNext'],
  ...['--verbatimModuleSyntax', '--rewriteRelativeImportExtensions', '--inlineSourceMap', '--inlineSources'],
]
/** What was compiled before these was of sources that have changed as often since. */
const KEPT = 5
/** A directory of one state of the sources, or one that is being made. */
const STATE = /^[0-9a-f]{16}\b/

/**
 * The directory with the JavaScript of the sources as they are now, compiled first unless it was before: about a second.
 * Null where it cannot be: there is no compiler, or no right to write, as in an installed package.
 */
export function compiled(sources) {
  const root = fileURLToPath(new URL('../', sources))
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
  const cache = path.join(root, 'node_modules/.cache/goldenhour')
  try {
    const { files, state } = sourcesIn(path.join(root, 'src'), tsc)
    const kept = path.join(cache, state)
    if (!existsSync(kept)) {
      keep(kept, root, tsc, files)
      removeOld(cache)
    }
    return pathToFileURL(path.join(kept, 'src/'))
  } catch {
    return null
  }
}

/** All files, and a name for the state that they and the compiler are in; a file that changes has another time or size. */
function sourcesIn(dir, tsc) {
  const files = readdirSync(dir, { recursive: true }).map(name => path.join(dir, name))
  const hash = createHash('sha256')
  for (const file of [...files, tsc, fileURLToPath(import.meta.url)].sort()) {
    const { mtimeMs, size } = statSync(file)
    hash.update(`${file} ${mtimeMs} ${size}\n`)
  }
  return { files, state: hash.digest('hex').slice(0, 16) }
}

/** Makes the directory as a whole or not at all. Errors: those of the file system and of the compiler. */
function keep(kept, root, tsc, files) {
  const making = `${kept}.${process.pid}`
  try {
    mkdirSync(making, { recursive: true })
    // The sources look for what stands beside them: the version, the program, the description of its routes, the web pages.
    for (const name of ['package.json', 'bin', 'docs', 'dist'])
      symlinkSync(path.join(root, name), path.join(making, name))
    const src = path.join(root, 'src')
    cpSync(src, path.join(making, 'src'), { recursive: true, filter: file => !file.endsWith('.ts') })
    const modules = files.filter(file => file.endsWith('.ts'))
    const out = ['--rootDir', src, '--outDir', path.join(making, 'src')]
    execFileSync(process.execPath, [tsc, ...FLAGS, ...out, ...modules], { stdio: 'ignore' })
    renameSync(making, kept)
  } catch (error) {
    // Another program may have been faster.
    if (!existsSync(kept)) throw error
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
}

function removeOld(cache) {
  const byAge = readdirSync(cache)
    .filter(name => STATE.test(name))
    .map(name => path.join(cache, name))
    .map(dir => ({ dir, madeAtMs: statSync(dir, { throwIfNoEntry: false })?.mtimeMs }))
    // Another program that began together with this one may have taken its own away meanwhile.
    .filter(({ madeAtMs }) => madeAtMs !== undefined)
    .sort((a, b) => b.madeAtMs - a.madeAtMs)
  for (const { dir } of byAge.slice(KEPT)) rmSync(dir, { recursive: true, force: true })
}
