/**
 * What consists of hundreds of files as a few: every process of a run of all tests loads the same packages, those that are
 * started as `goldenhour` also the engine, and to load them takes longer than most tests do.
 */
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { BUNDLED_PROGRAM } from './program.ts'

/** Of esbuild, which comes with tsx. */
interface Esbuild {
  build(options: Readonly<Record<string, unknown>>): Promise<unknown>
}

interface Loading {
  onLoad(what: { filter: RegExp }, load: (file: { path: string }) => Promise<{ contents: string }>): void
}

const LIKE = { bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error' } as const
const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))
/** By what is imported of them. What has native parts, or reads its own directory, stays outside. */
const BUNDLED = ['jose', 'kysely', 'pg', 'prom-client', 'ws', 'zod', 'ajv/dist/2020.js', 'hdr-histogram-js']
const EXTERNAL = ['pg-native', 'bufferutil', 'utf-8-validate']

/** Makes a directory of modules: links to those of the checkout, and the packages above. */
export async function bundlePackages(dir: string): Promise<void> {
  await mkdir(dir)
  const bundled = new Set(BUNDLED.map(spec => spec.split('/')[0]!))
  for (const name of await readdir(MODULES)) {
    if (!bundled.has(name)) await symlink(path.join(MODULES, name), path.join(dir, name))
  }
  await Promise.all(BUNDLED.map(spec => bundle(spec, dir)))
}

function esbuild(): Esbuild {
  return createRequire(import.meta.url)('esbuild') as Esbuild
}

async function bundle(spec: string, dir: string): Promise<void> {
  const name = spec.split('/')[0]!
  // What is exported says the package itself: of CommonJS, nobody can read that from its text.
  const names = Object.keys(await import(spec)).filter(each => each !== 'default' && each !== 'module.exports')
  const contents = `import * as all from '${spec}'
export const { ${names.join(', ')} } = all
export default all.default
`
  const to = path.join(dir, name)
  await esbuild().build({
    ...LIKE,
    stdin: { contents, resolveDir: MODULES, sourcefile: 'all.mjs' },
    outfile: path.join(to, 'index.mjs'),
    external: EXTERNAL,
    // For what is CommonJS inside.
    banner: {
      js: `import { createRequire } from 'node:module'
const require = createRequire(${JSON.stringify(path.join(MODULES, name, 'package.json'))})`,
    },
  })
  // Who asks in the other way gets the package as it is.
  await writeFile(path.join(to, 'index.cjs'), `module.exports = require(${JSON.stringify(path.join(MODULES, spec))})\n`)
  const place = spec === name ? '.' : `./${spec.slice(name.length + 1)}`
  const exports = { [place]: { import: './index.mjs', require: './index.cjs' } }
  await writeFile(path.join(to, 'package.json'), JSON.stringify({ name, type: 'module', exports }))
}

/** Input: a directory with the JavaScript of every source. What it makes runs as `src/cli/index.js` there does. */
export async function bundleProgram(dir: string): Promise<void> {
  await esbuild().build({
    ...LIKE,
    entryPoints: [path.join(dir, 'src/cli/index.js')],
    outdir: path.join(dir, BUNDLED_PROGRAM),
    splitting: true,
    sourcemap: 'linked',
    packages: 'external',
    plugins: [{ name: 'own places', setup: keepPlaces }],
  })
}

/** A module finds what lies beside it by its own URL, which is that of its source here too. */
function keepPlaces(loading: Loading): void {
  loading.onLoad({ filter: /\.js$/ }, async ({ path: file }) => {
    const text = await readFile(file, 'utf8')
    return { contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(file).href)) }
  })
}
