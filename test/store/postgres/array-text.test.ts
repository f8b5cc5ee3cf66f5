import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type pg from 'pg'
import { arrayText, arrayTextOfJson } from '../../../src/store/postgres/array-text.ts'
import { openClient } from '../../../src/store/postgres/database.ts'
import { testDatabase } from '../../support/postgres.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
let client: pg.Client

before(async () => {
  owned = await testDatabase()
  client = await openClient(owned.url, { applicationName: 'test' })
})
after(async () => {
  await client.end()
  await owned.drop()
})

const TEXTS = [
  '',
  ' ',
  'plain',
  'NULL',
  'a "b" \\c\\ \\"',
  '{x,y}',
  "it's",
  'line\nbreak\ttab\r',
  '\u2028 é 漢 😀 \u007f',
  '\\',
]

test('Postgres reads each element as it was', async () => {
  const values = [...TEXTS, null]
  const { rows } = await client.query(
    'SELECT $1::text[] AS texts, $2::bigint[] AS numbers, $3::boolean[] AS booleans',
    [arrayText(values), arrayText([0, -1, 2 ** 53 - 1, null]), arrayText([true, false, null])],
  )
  assert.deepEqual(rows[0].texts, values)
  assert.deepEqual(
    rows[0].numbers.map((n: unknown) => (n === null ? null : Number(n))),
    [0, -1, 2 ** 53 - 1, null],
  )
  assert.deepEqual(rows[0].booleans, [true, false, null])
})

test('Postgres reads JSON in an array as it was', async () => {
  const values = [...TEXTS.map(text => ({ [text]: [text, { text }] })), null, 1, 'a', []]
  const { rows } = await client.query(
    'SELECT e::jsonb AS value FROM unnest($1::text[]) WITH ORDINALITY AS u (e, n) ORDER BY n',
    [arrayTextOfJson(values.map(value => JSON.stringify(value)))],
  )
  assert.deepEqual(
    rows.map(row => row.value),
    values,
  )
})

test('an array of nothing is one', async () => {
  const { rows } = await client.query('SELECT $1::text[] AS texts, $2::jsonb[] AS json', [
    arrayText([]),
    arrayTextOfJson([]),
  ])
  assert.deepEqual(rows, [{ texts: [], json: [] }])
})
