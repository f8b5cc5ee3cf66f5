/**
 * The page of states has every phase, status, command, deadline and event, and each of its cells is an outcome. That the cells are
 * what the code answers now is shown by `files.test.ts`; a few are given here by hand, from the rules.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { TRIP_PHASES, UNIT_STATUSES } from '../../src/domain/vocabulary.ts'
import { ERRORS } from '../../src/protocol/errors.ts'
import { rowOf } from '../../src/protocol/messages.ts'
import { CLIENT_TYPES, type ClientTypeName } from '../../src/protocol/wire/message-types.ts'
import { EVENT_TYPES } from '../../src/store/log/event-forms.ts'
import { ABOUT_NOTHING } from '../../tools/protocol/states/commands.ts'
import { gathered } from '../../tools/protocol/states/gathered.ts'
import { variantsOf } from '../../tools/protocol/states/variants.ts'

const PAGE = readFileSync(new URL('../../docs/protocol/states.md', import.meta.url), 'utf8')

interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

const cellsOf = (line: string): string[] => line.slice(2, -2).split(' | ')

function tableUnder(heading: string): Table {
  const section = PAGE.split('\n## ').find(each => each.startsWith(`${heading}\n`))
  assert.ok(section !== undefined, heading)
  const [head, , ...rows] = section.split('\n').filter(line => line.startsWith('| '))
  return { head: cellsOf(head!), rows: rows.map(cellsOf) }
}

const SUBJECTS = { trip: TRIP_PHASES, unit: UNIT_STATUSES, call: ['open', 'closed', 'cancelled'] } as const
const HEADINGS = [...PAGE.matchAll(/^## (What .+ makes of a (trip|unit|call))$/gm)].map(([, heading, subject]) => ({
  heading: heading!,
  subject: subject as keyof typeof SUBJECTS,
}))

test('every phase, status and state of a call has a column in each of its tables', () => {
  assert.equal(HEADINGS.length, 7)
  for (const { heading, subject } of HEADINGS) {
    const columns = new Set(tableUnder(heading).head.map(name => name.split(', ')[0]!))
    for (const state of SUBJECTS[subject]) assert.ok(columns.has(state), `${heading}: ${state}`)
  }
})

test('every command and every event has a row', () => {
  const named = new Set([...PAGE.matchAll(/`([\w-]+)`/g)].map(([, name]) => name!))
  const commands = (Object.keys(CLIENT_TYPES) as ClientTypeName[]).filter(type => rowOf(type).rate === 'command')
  assert.ok(commands.length > 15)
  const missing = [...commands, 'release-held', ...EVENT_TYPES].filter(name => !named.has(name))
  assert.deepEqual(missing, [])
  // Whatever names a trip, a call, an offer, an alarm or a unit has rows in the tables; these are told in a sentence.
  assert.deepEqual(ABOUT_NOTHING, ['enter-call', 'close-roads', 'reopen-roads'])
})

test('every cell is an outcome', () => {
  const words = [...TRIP_PHASES, ...UNIT_STATUSES, 'open'].join('|')
  const change = new RegExp(`^(?:(?:[AB] |its trip )?(?:${words})(?:, [a-z ]+)*|alarm [a-z-]+)$`)
  for (const { heading } of HEADINGS) {
    const { head, rows } = tableUnder(heading)
    for (const row of rows) {
      assert.equal(row.length, head.length, row[0])
      for (const cell of row.slice(head.includes('by') ? 2 : 1)) {
        const code = /^`(.+)`$/.exec(cell)?.[1]
        const isOutcome =
          code === undefined
            ? ['=', '—'].includes(cell) || cell.split('; ').every(part => change.test(part))
            : Object.hasOwn(ERRORS, code) && code !== 'internal'
        assert.ok(isOutcome, `${heading}, ${row[0]}: ${cell}`)
      }
    }
  }
})

test('cells say what the rules say', () => {
  const cell = (heading: string, name: string, by: string | null, state: string): string => {
    const { head, rows } = tableUnder(heading)
    const row = rows.find(([first, second]) => first === name && (by === null || second === by))
    return row?.[head.indexOf(state)] ?? assert.fail(`${name} by ${by}`)
  }
  const ofTrip = 'What a command makes of a trip'
  const ofUnit = 'What a command makes of a unit'
  assert.equal(cell(ofTrip, '`accept-offer`', 'its crew', 'offered, as an order'), 'assigned; A assigned')
  assert.equal(cell(ofTrip, '`decline-offer` too-far, other', 'its crew', 'offered, as an order'), '`not-declinable`')
  assert.equal(cell(ofTrip, '`report-phase` en-route', 'the desk', 'offered'), 'en-route; A en-route')
  assert.equal(cell(ofTrip, '`report-phase` transporting', 'its crew', 'on-scene'), 'transporting; A transporting')
  assert.equal(cell(ofTrip, '`cancel-trip`', 'the desk', 'en-route'), 'cancelled; A available')
  assert.equal(cell(ofTrip, '`cancel-trip`', 'the desk', 'on-scene'), 'cancelled; A standing-down')
  assert.equal(cell(ofTrip, '`cancel-trip`', 'the desk', 'transporting'), '`wrong-phase`')
  assert.equal(cell(ofUnit, '`sign-off`', 'its crew', 'assigned'), '`unit-has-trip`')
  assert.equal(cell(ofUnit, '`sign-off`', 'its crew', 'offered'), 'off-duty; its trip pending')
  assert.equal(cell(ofUnit, '`assign-unit`', 'the desk', 'standing-down'), '`unit-not-fit`')
  assert.equal(cell('What time makes of a trip', '`disconnect-grace`', null, 'en-route'), 'alarm app-lost')
  assert.equal(cell('What an event makes of a unit', '`UnitCleared`', null, 'available'), '—')
})

test('a field that nobody has given a value asks for one, and each word of a closed list is tried', () => {
  const schema = {
    properties: {
      id: { type: 'string' },
      reason: { anyOf: [{ enum: ['one', 'two'] }, { type: 'null' }] },
      flag: { const: true },
      more: { type: 'string' },
    },
    required: ['id', 'reason'],
  }
  const variants = variantsOf('new-command', schema, { id: { one: 'c-1' } })
  assert.deepEqual(
    variants.map(({ values }) => values),
    ['one', 'two', null].flatMap(reason => [
      { id: 'c-1', reason },
      { id: 'c-1', reason, flag: true },
    ]),
  )
  assert.deepEqual([...variants[1]!.words.values()], ['one', '`flag`'])
  assert.throws(() => variantsOf('new-command', schema, {}), /values\.ts what `id` of new-command/)
})

test('rows that say the same are one, and a word that does not matter is not told', () => {
  const tried = ['crew', 'desk'].flatMap(by =>
    ['near', 'far'].flatMap(to =>
      ['a', 'b', 'c'].map(why => ({
        words: new Map(Object.entries({ by, to, why })),
        cells: [by === 'crew' ? 'no' : to === 'far' && why === 'c' ? 'late' : 'yes'],
      })),
    ),
  )
  const told = gathered(tried, 'by').map(({ words, cells }) => [
    ...[...words].map(([field, some]) => `${field} ${some.join('+')}`),
    cells[0],
  ])
  assert.deepEqual(told, [
    ['by crew', 'no'],
    ['by desk', 'to near', 'yes'],
    ['by desk', 'to far', 'why a+b', 'yes'],
    ['by desk', 'to far', 'why c', 'late'],
  ])
})
