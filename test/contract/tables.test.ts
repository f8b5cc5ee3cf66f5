/**
 * Each row of a table is used: messages are sent and taken, rights and rates are asked for, events are folded and made,
 * codes are raised, words are produced.
 *
 * Other tests hold the tables against the documents (`protocol-doc.test.ts`) and have a case for each message and route
 * (`matrix/`); the compiler asks for a row's schema, right and rate. A word is known by its text alone, so one that two lists
 * share counts as made for both.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import type { SourceFile } from 'typescript/unstable/ast'
import { routeName } from '../../src/gateway/route.ts'
import { ROUTES } from '../../src/gateway/routes/index.ts'
import { CLOSE_CODES, ERRORS } from '../../src/protocol/errors.ts'
import { RATE_CLASSES } from '../../src/protocol/limits.ts'
import { CREW_MESSAGES } from '../../src/protocol/messages/crew-messages.ts'
import { DESK_MESSAGES } from '../../src/protocol/messages/desk-messages.ts'
import { FEED_MESSAGES } from '../../src/protocol/messages/feed-messages.ts'
import { NOTE_MESSAGES } from '../../src/protocol/messages/note-messages.ts'
import { ROAD_MESSAGES } from '../../src/protocol/messages/road-messages.ts'
import { SESSION_MESSAGES } from '../../src/protocol/messages/session-messages.ts'
import { WATCH_MESSAGES } from '../../src/protocol/messages/watch-messages.ts'
import { CLIENT_MESSAGES } from '../../src/protocol/messages.ts'
import { RIGHTS } from '../../src/protocol/rights.ts'
import { CLIENT_TYPES, SERVER_TYPES } from '../../src/protocol/wire/message-types.ts'
import { EVENT_TYPES } from '../../src/store/log/event-forms.ts'
import { treesOf } from '../support/syntax.ts'
import {
  firstArgumentsIn,
  firstWordsIn,
  type Made,
  membersUsedIn,
  wordsComparedIn,
  wordsMadeIn,
  wordTypesIn,
} from '../support/words.ts'

const CHECKOUT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const SRC = path.join(CHECKOUT, 'src')

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts'))
  .map(file => file.split(path.sep).join('/'))
  .sort()
const trees = treesOf(new Map(files.map(file => [file, readFileSync(path.join(SRC, file), 'utf8')])))

const treesIn = (folders: RegExp): SourceFile[] =>
  [...trees].filter(([file]) => folders.test(file)).map(([, tree]) => tree)
const allOf = <T>(some: readonly SourceFile[], look: (tree: SourceFile) => Iterable<T>): Set<T> =>
  new Set(some.flatMap(tree => [...look(tree)]))

/** What runs in an engine; schemas say what may be read, and make nothing. */
const ENGINE = treesIn(/^(?!(?:client|cli|demo)\/|protocol\/[\w-]*schemas\.ts)/)
const CLIENT = treesIn(/^client\//)

const made: readonly Made[] = ENGINE.flatMap(wordsMadeIn)
const MADE: ReadonlySet<string> = new Set(made.map(({ word }) => word))
const madeAs = (field: string, some: readonly Made[] = made): Set<string> =>
  new Set(some.filter(one => one.field === field).map(({ word }) => word))

const without = (names: readonly string[], used: ReadonlySet<string>): string[] => names.filter(name => !used.has(name))

test('the client library sends every message of a client, and takes every message of the server', () => {
  assert.deepEqual(without(Object.keys(CLIENT_TYPES), allOf(CLIENT, firstWordsIn)), [])
  // That file says whether a message has its form, and passes on all that have.
  const receivers = treesIn(/^client\/(?!server-message\.ts)/)
  const heard = allOf(receivers, tree => [...wordsComparedIn(tree), ...firstArgumentsIn(tree, 'on')])
  assert.deepEqual(without(Object.keys(SERVER_TYPES), heard), [])
})

test('a message has its row in one file', () => {
  const files = [
    SESSION_MESSAGES,
    CREW_MESSAGES,
    DESK_MESSAGES,
    NOTE_MESSAGES,
    ROAD_MESSAGES,
    WATCH_MESSAGES,
    FEED_MESSAGES,
  ]
  const rows = files.flatMap(rows => Object.keys(rows))
  assert.deepEqual(rows.sort(), Object.keys(CLIENT_TYPES).sort())
  assert.deepEqual(Object.keys(CLIENT_MESSAGES).sort(), rows)
})

test('every right and every rate is asked for', () => {
  const actions = [...Object.keys(CLIENT_MESSAGES), ...ROUTES.map(({ action }) => action)]
  assert.deepEqual(without(Object.keys(RIGHTS), new Set(actions.filter(action => action !== null))), [])
  // A crew's commands are of a class that no row names.
  const rates = [...Object.values(CLIENT_MESSAGES), ...ROUTES].map(({ rate }): string => rate)
  const byRole = allOf(treesIn(/^gateway\/limits\/message-cost\.ts$/), wordsMadeIn)
  assert.deepEqual(without(RATE_CLASSES, new Set([...rates, ...[...byRole].map(({ word }) => word)])), [])
})

test('every route has a metric of its own', () => {
  const labels = ROUTES.map(({ metric }) => `${metric.method} ${metric.route}`)
  assert.deepEqual(labels, ROUTES.map(routeName))
  assert.equal(new Set(labels).size, labels.length)
})

test('every event is made, and changes a state', () => {
  const domain = treesIn(/^(domain|actors)\//)
  assert.ok(EVENT_TYPES.length > 30)
  assert.deepEqual(without(EVENT_TYPES, madeAs('type', domain.flatMap(wordsMadeIn))), [])
  const folded = allOf(
    treesIn(/^domain\/(call|alarms|region-state|trip\/trip-fold|unit\/driver-fold)\.ts$/),
    wordsComparedIn,
  )
  assert.deepEqual(without(EVENT_TYPES, folded), [])
})

test('every error code is raised, and every close code is used', () => {
  const raised = new Set(made.filter(({ field }) => field === null || field === 'code').map(({ word }) => word))
  assert.deepEqual(without(Object.keys(ERRORS), raised), [])
  assert.deepEqual(
    without(
      Object.keys(CLOSE_CODES),
      allOf(ENGINE, tree => membersUsedIn(tree, 'CLOSE_CODES')),
    ),
    [],
  )
})

/** Every list and every type of words of the domain and the protocol, by name. */
async function vocabularies(): Promise<Map<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>()
  for (const [file, tree] of trees) {
    if (!/^(domain|protocol)\//.test(file)) continue
    for (const [name, words] of wordTypesIn(tree)) found.set(name, words)
    for (const [name, value] of Object.entries(await import(`../../src/${file}`))) {
      const isWords = Array.isArray(value) && value.length > 0 && value.every(word => typeof word === 'string')
      if (isWords) found.set(name, value)
    }
  }
  return found
}

/** Every word that a message of a client, or a request, may hold; the files are held against the schemas by tests of their own. */
function wordsOfClients(): Set<string> {
  const words = new Set<string>()
  const look = (schema: unknown): void => {
    if (typeof schema !== 'object' || schema === null) return
    const { enum: choice, const: only } = schema as { readonly enum?: unknown; readonly const?: unknown }
    for (const word of [...(Array.isArray(choice) ? choice : []), only]) if (typeof word === 'string') words.add(word)
    for (const part of Object.values(schema)) look(part)
  }
  const read = (file: string) => JSON.parse(readFileSync(path.join(CHECKOUT, 'docs/protocol', file), 'utf8'))
  look(read('client-messages.schema.json'))
  for (const route of Object.values<Record<string, { readonly requestBody?: unknown; readonly parameters?: unknown }>>(
    read('openapi.json').paths,
  ))
    for (const { requestBody, parameters } of Object.values(route)) look([requestBody, parameters])
  return words
}

test('every word of a closed list is produced: the engine makes it, or a client may send it', async () => {
  const all = await vocabularies()
  assert.ok(all.size > 25)
  const known = new Set([...MADE, ...wordsOfClients()])
  const unknown = [...all].map(([name, words]) => [name, without(words, known).join(' ')] as const)
  assert.deepEqual(Object.fromEntries(unknown.filter(([, words]) => words !== '')), NOT_MADE)
})

test('a word that is compared, listed, typed, looked for or told in a comment is not made', () => {
  const tree = treesOf(
    new Map([
      [
        'made.ts',
        `
// const a = { code: 'commented' }
type Choice = 'typed' | 'typed-too'
const LISTED = ['listed'] as const
const read = z.enum(['schema']), only = z.literal('literal')
function look(given: 'parameter') {
  switch (given) { case 'case': return { code: given === 'compared' ? ('first' as const) : 'second' } }
  if (SET.has('looked-for') || given !== 'compared-too' || 'key' in own || own['index'] === \`template\`) return 'result'
  const type = own ? 'variable' : other
  return refuse('argument', { 'name': other ?? 'default', text: "{ code: 'in-text' }" })
}`,
      ],
    ]),
  ).get('made.ts')!
  assert.deepEqual(
    wordsMadeIn(tree).map(({ word, field }) => [word, field]),
    [
      ['first', 'code'],
      ['second', 'code'],
      ['result', null],
      ['variable', 'type'],
      ['argument', null],
      ['default', 'name'],
      ["{ code: 'in-text' }", 'text'],
    ],
  )
  assert.deepEqual([...wordsComparedIn(tree)], ['case', 'compared', 'compared-too', 'key', 'template'])
  assert.deepEqual([...wordTypesIn(tree)], [['Choice', ['typed', 'typed-too']]])
})

/** What no text in the sources becomes, by list. */
const NOT_MADE: Readonly<Record<string, string>> = {
  // The elements of a fix, which are sent without their names.
  FEED_FIX_FIELDS: 'channel seq lonE7 latE7 accuracyDm speedCmps headingDd',
  FIX_FIELDS: 'seq lonE7 latE7 accuracyDm speedCmps headingDd',
  // Rows of messages name it, in lists.
  Owner: 'own-unit',
}
