/**
 * The house rules that a reader of sources can see: sizes, names, casts, surroundings, module state, wire words, SQL.
 *
 * Each exception stands in a list with its number or place. The lists are exact, so an exception that is mended leaves its
 * list, and a new one fails: a list may only get shorter. Who may import what stands in `imports.test.ts`; that
 * each row of a table is used, in `tables.test.ts`.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import type { SourceFile } from 'typescript/unstable/ast'
import { functionLengths } from '../support/functions.ts'
import { moduleStateOf, surroundingsOf } from '../support/surroundings.ts'
import { treesOf } from '../support/syntax.ts'

const src = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../src')

interface Source {
  readonly file: string
  readonly text: string
  /** Without its comments. */
  readonly code: string
}

const sources: readonly Source[] = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter(file => /\.tsx?$/.test(file))
  .map(file => file.split(path.sep).join('/'))
  .sort()
  .map(file => {
    const text = readFileSync(path.join(src, file), 'utf8')
    return { file, text, code: text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '') }
  })

const trees = treesOf(new Map(sources.map(({ file, text }) => [file, text])))

/** The files whose code fits, with how often. */
const counted = (pattern: RegExp): Record<string, number> =>
  Object.fromEntries(
    sources
      .map(({ file, code }) => [file, [...code.matchAll(pattern)].length] as const)
      .filter(([, count]) => count > 0),
  )

test('a file has at most 350 lines', () => {
  const long = sources.filter(({ text }) => text.split('\n').length - 1 > 350).map(({ file }) => file)
  assert.deepEqual(long, LONG)
})

/** The functions of more lines than a reader sees at once. */
const longFunctions = (some: typeof trees): string[] => {
  const lengths = functionLengths(some)
  assert.ok(lengths.length > 0)
  return lengths.filter(({ lines }) => lines > 70).map(({ name, lines }) => `${name} has ${lines} lines`)
}

test('a function has at most 70 lines', () => {
  assert.deepEqual(longFunctions(trees), LONG_FUNCTIONS)
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
  assert.deepEqual(longFunctions(treesOf(new Map([['made.ts', made]]))), [
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

test('the name of a file stands for one thing', () => {
  const places = new Map<string, string[]>()
  for (const { file } of sources) {
    const name = path.posix.basename(file)
    if (name !== 'index.ts') places.set(name, [...(places.get(name) ?? []), path.posix.dirname(file)])
  }
  const shared = [...places].filter(([, dirs]) => dirs.length > 1).map(([name, dirs]) => [name, dirs.join(' ')])
  assert.deepEqual(Object.fromEntries(shared), SHARED_FILE_NAMES)
})

/** Of each file that has some, its findings in one line. */
const found = (look: (tree: SourceFile) => readonly string[]): Record<string, string> =>
  Object.fromEntries(
    [...trees].map(([file, tree]) => [file, look(tree).join(' ')] as const).filter(([, line]) => line !== ''),
  )

test('a module keeps no state of its own', () => {
  const listed = Object.entries(MODULE_STATE).map(([file, names]) => [file, Object.keys(names).join(' ')])
  assert.deepEqual(found(moduleStateOf), Object.fromEntries(listed))
})

test('time, chance and the environment come from a port', () => {
  const listed = Object.values(OWN_SURROUNDINGS).flatMap(files => Object.entries(files))
  assert.equal(new Set(listed.map(([file]) => file)).size, listed.length)
  assert.deepEqual(found(surroundingsOf), Object.fromEntries(listed))
})

test('module state and what is taken from around are found in every form, and no comment or text is taken for them', () => {
  const cases = [
    ['const at = Date.now() // Math.random()', 'Date.now'],
    ['run(globalThis.Date.now, performance["now"])', 'Date.now performance.now'],
    ['const { now } = Date, { env: all } = process', 'Date.now process.env'],
    ['const at = () => [new Date(), new Date(0)]', 'new Date()'],
    ['setTimeout(run); globalThis.setInterval(run)', 'setInterval setTimeout'],
    ['const timers = { setTimeout }', 'setTimeout'],
    ["import { setTimeout as sleep, setImmediate } from 'node:timers/promises'", 'setTimeout'],
    ["import * as timers from 'timers'; import { env } from 'node:process'", 'process.env timers'],
    ['let one = 1, two = 2; export let three: number; var four', 'one two three four'],
    ['let [five, { six }] = some', 'five six'],
    ['const own = () => { let inner = 1; var other; return inner }; using held = own()', ''],
    ["/* Date.now() */ const text = 'Math.random() let a', more = `process.env`", ''],
    ['timers.setTimeout(run); const own = { setTimeout: run, now: own.now() }', ''],
    ['interface Timers { setTimeout(): void; kept: ReturnType<typeof setInterval> }', ''],
  ] as const
  const made = treesOf(new Map(cases.map(([text], number) => [`${number}.ts`, text])))
  const told = [...made.values()].map(tree => [...surroundingsOf(tree), ...moduleStateOf(tree)].join(' '))
  assert.deepEqual(
    told.map((findings, number) => [cases[number]![0], findings]),
    cases,
  )
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
      /\b(?:FROM|INTO|UPDATE|JOIN|TABLE) (log|auth|location|reference|audit|views|webhooks)\.\w/g,
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
const LONG: readonly string[] = []
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
  'store/migrations/index.ts',
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
/** A folder says which one is meant, and its first sentence what it is. A new file needs a name of its own. */
const SHARED_FILE_NAMES: Readonly<Record<string, string>> = {
  'alarms.ts': 'domain domain/dispatch',
  'audit.ts': 'cli store/audit',
  'comeback.ts': 'actors/region client',
  'commands.ts': 'actors/region client domain',
  'config.ts': 'cli config',
  'connection.ts': 'client gateway',
  'deadlines.ts': 'domain/dispatch gateway/limits',
  'desk.ts': 'actors/region demo',
  'device.ts': 'cli client',
  'devices.ts': 'access gateway/routes',
  'errors.ts': 'client protocol',
  'fix-refusals.ts': 'actors/driver client',
  'ids.ts': 'actors domain',
  'messages.ts': 'actors/region protocol',
  'migrate.ts': 'cli store/postgres',
  'policies.ts': 'gateway/routes store/reference',
  'policy.ts': 'cli domain protocol',
  'quarantine.ts': 'actors/region gateway/routes',
  'reference.ts': 'actors/region gateway/routes protocol',
  'refusals.ts': 'actors gateway',
  'region.ts': 'actors/region cli',
  'regions.ts': 'gateway/routes store/reference',
  'release.ts': 'actors/region domain',
  'settings.ts': 'config store/embedded',
  'sign-in.ts': 'access client',
  'socket.ts': 'client gateway/transport/portable',
  'track.ts': 'cli gateway/routes store/location',
  'users.ts': 'gateway/routes store/embedded',
  'views.ts': 'actors/region cli',
}
/** By file and name: why the process has one of it. */
const MODULE_STATE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'actors/actor-system.ts': {
    waitingDrain: 'the queue of comedy, which is one a process',
    schedulerTaken: 'its scheduler is replaced once a process',
    isPumping: 'whoever pumps drains that one queue',
  },
  'cli/interruption.ts': { interruptCurrent: 'signals come to the process; the command that runs takes them' },
  'gateway/routes/openapi.ts': {
    text: 'a file that does not change while the program runs, read when first asked for',
  },
  'gateway/routes/track.ts': { searches: 'a bound on the memory of the process, whichever caller asks' },
  'gateway/transport/uws.ts': { loaded: 'a native library is loaded once a process' },
  'process/stop-asked.ts': { exitsInOrder: 'the terminal is let go once, when the process exits' },
  'protocol/fix-frame.ts': { at: 'the cursor of a reader that is synchronous; one an object would cost on each fix' },
  'telemetry/log-sink.ts': { standardOutput: 'the process has one standard output' },
}
/** By reason. A clock that is given is no exception: these files make one up, at the latest as a default. */
const OWN_SURROUNDINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'the ports themselves': {
    'base/time.ts': 'Date.now performance.now setTimeout',
    'client/device.ts': 'Math.random',
    'client/timing.ts': 'Date.now performance.now setTimeout',
    'config/index.ts': 'process.env',
  },
  'the default of a port that tests give': {
    'access/passwords.ts': 'performance.now',
    'access/tables/revocation-table.ts': 'Date.now',
    'store/leases/memory-lease-table.ts': 'performance.now performance.timeOrigin',
    'store/reference/reference-store.ts': 'Date.now',
  },
  'ages of credentials, which other machines date by the wall clock': {
    'access/oidc.ts': 'Date.now performance.now',
    'access/sign-in.ts': 'performance.now',
    'access/tables/key-table.ts': 'new Date()',
    'access/tokens.ts': 'Date.now',
  },
  'the page of a browser, which works for a person': {
    'console/passing-time.ts': 'Date.now performance.now setInterval setTimeout',
  },
  'programs of the command line': {
    'cli/since.ts': 'Date.now',
    'cli/audited.ts': 'Date.now',
    'cli/demo-guest.ts': 'Date.now',
    'cli/demo.ts': 'Math.random performance.now setTimeout',
    'cli/device.ts': 'Date.now',
    'cli/start-check.ts': 'Date.now',
    'cli/stop.ts': 'performance.now setTimeout',
    'cli/user.ts': 'Date.now',
    'demo/crew.ts': 'setInterval',
    'demo/desk.ts': 'setTimeout',
  },
  'what waits for a process, a file or a socket, or goes by the age of one, which no simulation has': {
    'gateway/ask-here.ts': 'setTimeout',
    'gateway/gateway.ts': 'Date.now setTimeout',
    'gateway/tls.ts': 'Date.now setInterval',
    'gateway/transport/portable/portable.ts': 'setInterval',
    'main.ts': 'performance.now setTimeout',
    'process/endings.ts': 'setTimeout',
    'process/stop-asked.ts': 'setInterval',
    'store/age/pack-segments.ts': 'performance.now',
    'store/embedded/embedded-postgres.ts': 'performance.now setTimeout',
    'store/embedded/postgres-binaries.ts': 'Date.now',
    'store/embedded/postmaster.ts': 'Date.now',
    'store/embedded/server.ts': 'Math.random performance.now setTimeout',
    'store/embedded/users.ts': 'performance.now setTimeout',
    'store/embedded/watch.ts': 'performance.now setTimeout',
    'store/location/track.ts': 'performance.now',
    'store/postgres/live-time.ts': 'setTimeout',
    'store/postgres/retry-while-away.ts': 'setTimeout',
    'telemetry/log-sink.ts': 'Date.now performance.now setTimeout',
  },
  'a library that is told by the environment': { 'gateway/transport/uws.ts': 'process.env' },
}
/** Stored segments have the grid of the wire; the other two name the field of a message that a refusal is about. */
const WIRE_UNITS: readonly string[] = [
  'domain/dispatch/place.ts',
  'gateway/routes/calls.ts',
  'store/location/segment-codec.ts',
]
/**
 * The journal reads segments and marks with its records in one statement; followers and leases keep their rows beside the log. A
 * backup is of all of them, and brings them back to one moment.
 */
const SQL_ROOMS: Readonly<Record<string, readonly string[]>> = {
  audit: ['store/audit', 'store/backup'],
  auth: ['access/tables'],
  location: ['store/backup', 'store/location', 'store/log'],
  log: ['store/age', 'store/audit', 'store/backup', 'store/followers', 'store/leases', 'store/log'],
  reference: ['store/reference'],
  views: ['store/views'],
  webhooks: ['store/backup', 'store/webhooks'],
}
