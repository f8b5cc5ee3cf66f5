/**
 * The house rules that a reader of text can see: sizes, names, casts, clocks, module state, wire words, SQL.
 *
 * Each exception stands in a list with its number or place. The lists are exact, so an exception that is mended leaves its
 * list, and a new one fails: a list may only get shorter. Who may import what stands in `imports.test.ts`.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { functionLengths } from '../support/functions.ts'

const src = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../src')

interface Source {
  readonly file: string
  readonly text: string
  /** Without its comments. */
  readonly code: string
}

const sources: readonly Source[] = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts'))
  .map(file => file.split(path.sep).join('/'))
  .sort()
  .map(file => {
    const text = readFileSync(path.join(src, file), 'utf8')
    return { file, text, code: text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '') }
  })

/** The files whose code fits, with how often. */
const counted = (pattern: RegExp): Record<string, number> =>
  Object.fromEntries(
    sources
      .map(({ file, code }) => [file, [...code.matchAll(pattern)].length] as const)
      .filter(([, count]) => count > 0),
  )
const filesWith = (pattern: RegExp): string[] => Object.keys(counted(pattern))

test('a file has at most 350 lines', () => {
  const long = sources.filter(({ text }) => text.split('\n').length - 1 > 350).map(({ file }) => file)
  assert.deepEqual(long, LONG)
})

/** The functions of more lines than a reader sees at once. */
const longFunctions = (texts: ReadonlyMap<string, string>): string[] => {
  const lengths = functionLengths(texts)
  assert.ok(lengths.length > 0)
  return lengths.filter(({ lines }) => lines > 70).map(({ name, lines }) => `${name} has ${lines} lines`)
}

test('a function has at most 70 lines', () => {
  assert.deepEqual(longFunctions(new Map(sources.map(({ file, text }) => [file, text]))), LONG_FUNCTIONS)
})

test('a long function is found, whatever form it has', () => {
  const calls = (count: number) => '  call()\n'.repeat(count)
  const made = `
/** Not counted: function () {
${'\n'.repeat(80)} } */
export function short() {
${calls(68)}}
export async function* long() {
${calls(69)}}
const arrow = (
  some: string,
) => {
${calls(68)}}
class Made {
  readonly field = { nested: () => [
${'    1,\n'.repeat(70)}  ] }
  constructor() {
    // ${'\n    // and'.repeat(69)}
  }
  get value() {
${'\n'.repeat(70)}    return \`\${one(function () {
${calls(70)}    })}\`
  }
  #hidden() {${calls(71)}}
}
`
  assert.deepEqual(longFunctions(new Map([['made.ts', made]])), [
    'made.ts: long has 71 lines',
    'made.ts: arrow has 72 lines',
    'made.ts: Made.field.nested has 72 lines',
    'made.ts: Made.constructor has 72 lines',
    'made.ts: Made.value has 144 lines',
    'made.ts: Made.value has 72 lines',
    'made.ts: Made.#hidden has 72 lines',
  ])
})

test('a file imports from at most 20 others', () => {
  const many = sources
    .filter(({ code }) => [...code.matchAll(/^(?:import|export)\b[^;]*?\bfrom '/gm)].length > 20)
    .map(({ file }) => file)
  assert.deepEqual(many, MANY_IMPORTS)
})

test('what a constructor is given has at most eight members', () => {
  const bags = sources.flatMap(({ code }) =>
    [
      ...code.matchAll(
        /interface (\w*(?:Ports|Settings|Parts|Options|Context|Door|Handlers|Hooks))\b[^{]*\{([\s\S]*?)\n\}/g,
      ),
    ]
      .filter(([, , body]) => (body!.match(/^ {2}(?:readonly )?\w+\??[(:]/gm) ?? []).length > 8)
      .map(([, name]) => name!),
  )
  assert.deepEqual(bags.sort(), LARGE_BAGS)
})

test('an exported name stands for one thing', () => {
  const places = new Map<string, Set<string>>()
  for (const { file, text } of sources) {
    const named = text.matchAll(
      /^export (?:abstract )?(?:async )?(?:const|function\*?|class|interface|type|enum) (\w+)/gm,
    )
    for (const [, name] of named) places.set(name!, (places.get(name!) ?? new Set()).add(file))
  }
  const twice = [...places].filter(([, files]) => files.size > 1).map(([name, files]) => `${name}: ${[...files]}`)
  assert.ok(places.size > 1_000)
  assert.deepEqual(twice, [])
})

test('no value is told to be of another type', () => {
  assert.deepEqual(counted(/as unknown as|as Partial</g), CASTS)
})

test('a module keeps no state of its own', () => {
  assert.deepEqual(counted(/^(?:export )?let /gm), MODULE_STATE)
})

test('time and chance come from a port', () => {
  const wild = filesWith(/\bDate\.now\b|\bperformance\.now\b|\bMath\.random\b|(?<![.\w])(?:setTimeout|setInterval)\(/g)
  assert.deepEqual(wild, OWN_TIME)
})

test('units of the wire and frames stay at the edge', () => {
  const inside = sources.filter(({ file }) => !/^(protocol|client|demo)\//.test(file))
  const wire = inside
    .filter(({ code }) => /\b\w*(?:E7|Cmps)\b|\bWire(?!Format)[A-Z]\w*/.test(code))
    .map(({ file }) => file)
  assert.deepEqual(wire, WIRE_UNITS)
  const errors = sources.filter(({ code }) => /\['error', /.test(code)).map(({ file }) => file)
  assert.deepEqual(errors, ['protocol/encode.ts'])
})

test('the SQL of a schema stands in one room', () => {
  const rooms = new Map<string, Set<string>>()
  for (const { file, code } of sources) {
    for (const [, schema] of code.matchAll(
      /\b(?:FROM|INTO|UPDATE|JOIN|TABLE) (log|auth|location|reference|audit)\.\w/g,
    )) {
      const [first, second] = file.split('/')
      rooms.set(schema!, (rooms.get(schema!) ?? new Set()).add(`${first}/${second}`))
    }
  }
  // Steps of migrations make all of them.
  const found = Object.fromEntries(
    [...rooms].map(([schema, dirs]) => [schema, [...dirs].filter(dir => dir !== 'store/migrations').sort()]),
  )
  assert.deepEqual(found, SQL_ROOMS)
})

/** Files that are longer. */
const LONG: readonly string[] = ['domain/events.ts', 'domain/trip.ts', 'protocol/messages.ts', 'protocol/wire.ts']
/** Functions that are longer. */
const LONG_FUNCTIONS: readonly string[] = []
/** Assembly, mostly: what wires parts knows them. */
const MANY_IMPORTS: readonly string[] = [
  'actors/region/live/live-view.ts',
  'actors/region/memory.ts',
  'client/index.ts',
  'engine.ts',
  'gateway/conversation.ts',
  'gateway/routes/index.ts',
]
const LARGE_BAGS: readonly string[] = []
/** Libraries whose types say less than they give, and checks that exist for the compiler alone. */
const CASTS: Readonly<Record<string, number>> = {
  'cli/checked-command.ts': 1,
  'client/socket.ts': 2,
  'gateway/route.ts': 2,
  'gateway/transport/native.ts': 3,
  'gateway/transport/portable/portable.ts': 2,
  'process/caretaker.ts': 1,
  'process/run-file.ts': 1,
  'protocol/event-schemas.ts': 1,
  'protocol/parse.ts': 2,
  'protocol/server-schemas.ts': 1,
  'protocol/view-schemas.ts': 1,
  'store/postgres/unreachable.ts': 1,
  'store/reference/reference-store.ts': 1,
  'telemetry/counted-histogram.ts': 1,
}
/** Scratch that one call fills and empties, what a process has once, and counts of it. */
const MODULE_STATE: Readonly<Record<string, number>> = {
  'actors/actor-system.ts': 3,
  'cli/interruption.ts': 1,
  'gateway/routes/openapi.ts': 1,
  'gateway/routes/track.ts': 1,
  'gateway/transport/uws.ts': 1,
  'process/stop-asked.ts': 1,
  'protocol/fix-frame.ts': 1,
  'telemetry/log-sink.ts': 1,
}
/** The ports themselves; programs of the command line; what waits for a process or the disk, which no simulation has. */
const OWN_TIME: readonly string[] = [
  'access/oidc.ts',
  'access/passwords.ts',
  'access/sign-in.ts',
  'access/tables/revocation-table.ts',
  'access/tokens.ts',
  'base/time.ts',
  'cli/audit.ts',
  'cli/audited.ts',
  'cli/demo.ts',
  'cli/device.ts',
  'cli/start-check.ts',
  'cli/stop.ts',
  'cli/user.ts',
  'client/device.ts',
  'client/timing.ts',
  'demo/crew.ts',
  'demo/desk.ts',
  'gateway/ask-here.ts',
  'gateway/gateway.ts',
  'gateway/tls.ts',
  'gateway/transport/portable/portable.ts',
  'main.ts',
  'process/endings.ts',
  'process/stop-asked.ts',
  'store/embedded/embedded-postgres.ts',
  'store/embedded/postgres-binaries.ts',
  'store/embedded/postmaster.ts',
  'store/embedded/server.ts',
  'store/embedded/users.ts',
  'store/embedded/watch.ts',
  'store/leases/memory-lease-table.ts',
  'store/location/track.ts',
  'store/postgres/live-time.ts',
  'store/reference/reference-store.ts',
  'telemetry/log-sink.ts',
]
/** Stored segments have the grid of the wire; the other two name the field of a message that a refusal is about. */
const WIRE_UNITS: readonly string[] = [
  'domain/dispatch/place.ts',
  'gateway/routes/calls.ts',
  'store/location/segment-codec.ts',
]
/** The journal reads segments and marks with its records in one statement; followers and leases keep their rows beside the log. */
const SQL_ROOMS: Readonly<Record<string, readonly string[]>> = {
  audit: ['store/audit'],
  auth: ['access/tables'],
  location: ['store/location', 'store/log'],
  log: ['store/audit', 'store/followers', 'store/leases', 'store/log'],
  reference: ['store/reference'],
}
