import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { migrations } from '../../../src/store/migrations/index.ts'
import type { Migration } from '../../../src/store/migrations/migration.ts'
import { openClient } from '../../../src/store/postgres/database.ts'
import { migrate } from '../../../src/store/postgres/migrate.ts'
import { emptyDatabase } from '../../support/postgres.ts'

const one: Migration = { name: '0001-one', sql: 'CREATE TABLE one (n int8); INSERT INTO one VALUES (1)' }
const two: Migration = { name: '0002-two', sql: 'CREATE TABLE two (n int8); INSERT INTO two VALUES (2)' }
const broken: Migration = { name: '0002-two', sql: 'CREATE TABLE two (n int8); SELECT 1 / 0' }

const drops: (() => Promise<void>)[] = []
after(() => Promise.all(drops.map(drop => drop())))

async function fresh(): Promise<string> {
  const { url, drop } = await emptyDatabase()
  drops.push(drop)
  return url
}

async function ask<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const session = await openClient(url, { applicationName: 'migrate.test' })
  try {
    return (await session.query<Row>(sql)).rows
  } finally {
    await session.end()
  }
}

test('the shipped migrations apply in order, and a second run finds nothing to do', async () => {
  const url = await fresh()
  assert.deepEqual(
    await migrate(url),
    migrations.map(step => step.name),
  )
  assert.deepEqual(await migrate(url), [])
  const names = migrations.map(step => step.name)
  assert.deepEqual(names, [...names].sort(), 'names sort as they are applied')
})

test('a later version applies only what is missing', async () => {
  const url = await fresh()
  assert.deepEqual(await migrate(url, { steps: [one] }), ['0001-one'])
  assert.deepEqual(await migrate(url, { steps: [one, two] }), ['0002-two'])
  assert.deepEqual(await ask(url, 'SELECT n FROM one'), [{ n: 1 }])
})

test('processes that start at once apply each step once', async () => {
  const url = await fresh()
  const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(url, { steps: [one, two] })))
  assert.deepEqual(applied.flat().sort(), ['0001-one', '0002-two'])
  assert.deepEqual(await ask(url, 'SELECT n FROM two'), [{ n: 2 }])
})

test('a step that fails is undone as a whole, and the steps before it stay', async () => {
  const url = await fresh()
  await assert.rejects(migrate(url, { steps: [one, broken] }), /division by zero/)
  assert.deepEqual(await ask(url, "SELECT to_regclass('one') IS NOT NULL AS one, to_regclass('two') AS two"), [
    { one: true, two: null },
  ])
  assert.deepEqual(await migrate(url, { steps: [one, two] }), ['0002-two'])
})

test('a database that is newer than the code is refused, and left alone', async () => {
  const url = await fresh()
  await migrate(url, { steps: [one, two] })
  await assert.rejects(migrate(url, { steps: [one, { name: '0003-three', sql: 'CREATE TABLE three ()' }] }), {
    code: 'database-newer-than-code',
    message: /0002-two/,
  })
  assert.deepEqual(await ask(url, "SELECT to_regclass('three') AS three"), [{ three: null }])
})

test('int8 is a number, and one that would lose digits is an error', async () => {
  const url = await fresh()
  assert.deepEqual(await ask(url, 'SELECT 9007199254740991::int8 AS n'), [{ n: Number.MAX_SAFE_INTEGER }])
  await assert.rejects(ask(url, 'SELECT 9007199254740993::int8 AS n'), RangeError)
})

test('a session that idles inside a transaction is ended by the server within about a second', async () => {
  const session = await openClient(await fresh(), { applicationName: 'migrate.test' })
  const ended = new Promise(resolve => session.once('end', resolve))
  await session.query('BEGIN')
  await ended
  await assert.rejects(session.query('SELECT 1'))
})
