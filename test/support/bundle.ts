/**
 * Packages that consist of hundreds of files, each as one: every process of a run of all tests loads them, and to load
 * them takes longer than most tests do.
 */
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Of esbuild, which comes with tsx. */
interface Esbuild {
  build(options: Readonly<Record<string, unknown>>): Promise<unknown>
}

const require = createRequire(import.meta.url)
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

async function bundle(spec: string, dir: string): Promise<void> {
  const name = spec.split('/')[0]!
  // What is exported says the package itself: of CommonJS, nobody can read that from its text.
  const names = Object.keys(await import(spec)).filter(each => each !== 'default' && each !== 'module.exports')
  const contents = `import * as all from '${spec}'
export const { ${names.join(', ')} } = all
export default all.default
`
  const to = path.join(dir, name)
  const { build } = require('esbuild') as Esbuild
  await build({
    stdin: { contents, resolveDir: MODULES, sourcefile: 'all.mjs' },
    outfile: path.join(to, 'index.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: EXTERNAL,
    // For what is CommonJS inside.
    banner: {
      js: `import { createRequire } from 'node:module'
const require = createRequire(${JSON.stringify(path.join(MODULES, name, 'package.json'))})`,
    },
    logLevel: 'error',
  })
  const exports = { [spec === name ? '.' : `./${spec.slice(name.length + 1)}`]: './index.mjs' }
  await writeFile(path.join(to, 'package.json'), JSON.stringify({ name, type: 'module', exports }))
}
