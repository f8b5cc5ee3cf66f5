/**
 * Builds the web pages that come with the engine: TypeScript and its libraries into a few files below `dist/console`, each
 * compressed once, with a list of all (`src/gateway/web-files.ts` reads it).
 *
 * esbuild does it in a third of a second; it comes with tsx, which runs this program too. Compressing takes two seconds, so a
 * build that is still of these sources is left as it is.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync, constants as zlib } from 'node:zlib'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const CONSOLE = path.join(ROOT, 'src/console')
const MODULES = path.join(ROOT, 'node_modules')
const MAP = path.join(MODULES, 'maplibre-gl')

/** Each page is a text with places for the names of its files. */
const PAGES = ['index.html', 'driver.html', 'driver.webmanifest'] as const
/** By the name of each file without its hash. */
const ENTRIES = {
  app: path.join(CONSOLE, 'app.tsx'),
  theme: path.join(CONSOLE, 'style/theme.css'),
  console: path.join(CONSOLE, 'style/console.css'),
  office: path.join(CONSOLE, 'style/office.css'),
  crew: path.join(CONSOLE, 'style/crew.css'),
  icon: path.join(CONSOLE, 'icon.svg'),
  'icon-192': path.join(CONSOLE, 'icon-192.png'),
  'icon-512': path.join(CONSOLE, 'icon-512.png'),
  // Built together with the page, a worker shares what both need: the library's own two files hold it twice.
  worker: path.join(MAP, 'src/source/worker.ts'),
} as const
/** What shares nothing with the console: a part for both would bring a phone the half of it that only the console uses. The workers stand alone. */
const CREW_ENTRIES = {
  crew: path.join(CONSOLE, 'crew/crew-app.tsx'),
  'driver-worker': path.join(CONSOLE, 'page-worker.ts'),
  'console-worker': path.join(CONSOLE, 'page-worker.ts'),
} as const
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
}

/** Of esbuild, which comes with tsx. */
interface Esbuild {
  build(options: Readonly<Record<string, unknown>>): Promise<{
    readonly outputFiles: readonly { readonly path: string; readonly contents: Uint8Array }[]
    readonly metafile: {
      readonly inputs: Readonly<Record<string, unknown>>
      readonly outputs: Readonly<Record<string, { readonly entryPoint?: string }>>
    }
  }>
}

/** Whether the libraries of the pages are here; an install without what only development needs has none. */
export const canBuild = (): boolean => ['maplibre-gl', 'preact'].every(name => existsSync(path.join(MODULES, name)))

/** Builds what is not of these sources. Output: whether it had to. Errors: those of esbuild, which name file and line. */
export async function buildConsole(dir: string = path.join(ROOT, 'dist/console')): Promise<boolean> {
  if (isOfTheseSources(dir)) return false
  const making = `${dir}.${process.pid}`
  mkdirSync(making, { recursive: true })
  try {
    const { files, inputs } = await bundled()
    for (const page of PAGES)
      files.set(page, Buffer.from(pageWith(files, readFileSync(path.join(CONSOLE, page), 'utf8'))))
    files.set('licenses.txt', Buffer.from(licensesOf(inputs)))
    writeFiles(making, files)
    const own = inputs
      .filter(file => !file.startsWith('node_modules/'))
      .concat(PAGES.map(page => `src/console/${page}`))
    writeFileSync(path.join(making, 'state.json'), JSON.stringify({ own, hash: hashOf(own) }))
    // Another program may read what is there, or build as well: each finds a whole one.
    rmSync(dir, { recursive: true, force: true })
    renameSync(making, dir)
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
  return true
}

function isOfTheseSources(dir: string): boolean {
  try {
    const { own, hash } = JSON.parse(readFileSync(path.join(dir, 'state.json'), 'utf8')) as {
      own: string[]
      hash: string
    }
    return hash === hashOf(own)
  } catch {
    return false
  }
}

/** What the pages are made of: own sources, the builder, and the versions of all libraries. */
function hashOf(own: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of [...own, 'tools/console/build.ts', 'package-lock.json']) {
    hash.update(`${file}\n`).update(readFileSync(path.join(ROOT, file)))
  }
  return hash.digest('hex')
}

async function bundled(): Promise<{ readonly files: Map<string, Uint8Array>; readonly inputs: readonly string[] }> {
  const require = createRequire(createRequire(import.meta.url).resolve('tsx'))
  const esbuild = require('esbuild') as Esbuild
  const built = [
    await esbuild.build(optionsFor(ENTRIES, { splitting: true })),
    await esbuild.build(optionsFor(CREW_ENTRIES, { splitting: false })),
  ]
  const outputs = built.flatMap(({ outputFiles }) => outputFiles)
  const files = new Map(outputs.map(({ path: file, contents }) => [nameOf(file), contents]))
  return { files, inputs: [...new Set(built.flatMap(({ metafile }) => Object.keys(metafile.inputs)))] }
}

/** A service worker is asked for by one name, so that a browser sees that it has changed. */
const nameOf = (file: string): string =>
  path.basename(file).replace(/^(driver|console)-worker-\w+\.js$/, '$1-worker.js')

interface LoadHooks {
  onLoad(which: { readonly filter: RegExp }, load: (file: { readonly path: string }) => object): void
}

/** The map library asks its package for its version, and would bring all of it. */
const VERSION_ALONE = {
  name: 'version-alone',
  setup({ onLoad }: LoadHooks): void {
    onLoad({ filter: /maplibre-gl[\\/]package\.json$/ }, ({ path: file }) => {
      const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
      return { contents: JSON.stringify({ version }), loader: 'json' }
    })
  },
}

function optionsFor(
  entryPoints: Readonly<Record<string, string>>,
  { splitting }: { readonly splitting: boolean },
): Readonly<Record<string, unknown>> {
  return {
    absWorkingDir: ROOT,
    entryPoints,
    outdir: path.join(ROOT, 'dist/console'),
    entryNames: '[name]-[hash]',
    chunkNames: 'part-[hash]',
    assetNames: '[name]-[hash]',
    bundle: true,
    splitting,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    // From these on browsers have `light-dark()`.
    target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    // As the map library compiles itself: a field that is only declared must not undo what the constructor of its base has set.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
    legalComments: 'none',
    loader: { '.svg': 'copy', '.png': 'copy' },
    // The client looks for it only where the platform has no WebSocket.
    external: ['ws'],
    alias: {
      'maplibre-gl': path.join(MAP, 'src/index.ts'),
      '@maplibre/mlt': path.join(ROOT, 'tools/console/no-mlt.ts'),
    },
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [VERSION_ALONE],
    logLevel: 'warning',
  }
}

/** Puts the names of files, with their hashes, where the page has `{app.js}` and the like. */
function pageWith(files: ReadonlyMap<string, Uint8Array>, page: string): string {
  return page.replaceAll(/\{([\w-]+)\.(\w+)\}/g, (_, name: string, type: string) => {
    const file = [...files.keys()].find(each => each.startsWith(`${name}-`) && each.endsWith(`.${type}`))
    if (file === undefined) throw new Error(`The page asks for ${name}.${type}, which was not built.`)
    return `/assets/${file}`
  })
}

/** The licences of the libraries in the bundle ask to be handed on with it. */
function licensesOf(inputs: readonly string[]): string {
  const packages = new Set(
    inputs.map(file => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]).filter(name => name !== undefined),
  )
  return [...packages]
    .sort()
    .map(name => {
      const dir = path.join(MODULES, name)
      const file = readdirSync(dir).find(each => /^licen[cs]e/i.test(each))
      const { license } = JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8')) as { license?: string }
      const text = file === undefined ? `License: ${license}` : readFileSync(path.join(dir, file), 'utf8').trim()
      return `${name}\n${'='.repeat(name.length)}\n\n${text}\n`
    })
    .join('\n\n')
}

function writeFiles(dir: string, files: ReadonlyMap<string, Uint8Array>): void {
  const list: Record<string, { contentType: string; etag: string; codings: ('br' | 'gzip')[] }> = {}
  for (const [name, bytes] of files) {
    const contentType = TYPES[path.extname(name)]
    if (contentType === undefined) throw new Error(`Nobody knows of what type ${name} is.`)
    const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 22)
    writeFileSync(path.join(dir, name), bytes)
    const params = { [zlib.BROTLI_PARAM_SIZE_HINT]: bytes.length }
    writeFileSync(path.join(dir, `${name}.br`), brotliCompressSync(bytes, { params }))
    writeFileSync(path.join(dir, `${name}.gz`), gzipSync(bytes, { level: 9 }))
    list[name] = { contentType, etag: `"${hash}"`, codings: ['br', 'gzip'] }
  }
  writeFileSync(path.join(dir, 'files.json'), JSON.stringify(list, null, 1))
}
