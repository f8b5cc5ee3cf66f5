import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import test, { after, before } from 'node:test'
import { sql } from 'kysely'
import {
  listSigningKeys,
  loadOrCreateSigningKey,
  retireSigningKey,
  rotateSigningKey,
} from '../../../src/access/tables/key-table.ts'
import { loadOrCreateClock } from '../../../src/store/log/clock-anchor.ts'
import { type Database, openDatabase } from '../../../src/store/postgres/database.ts'
import { testDatabase } from '../../support/postgres.ts'

let databases: Database[]
let drop: () => Promise<void>

before(async () => {
  const made = await testDatabase()
  drop = made.drop
  databases = [1, 2, 3].map(() => openDatabase(made.url))
})
after(async () => {
  await Promise.all(databases.map(database => database.destroy()))
  await drop()
})

test('processes that start at once sign with one and the same key', async () => {
  const keys = await Promise.all(databases.map(loadOrCreateSigningKey))
  assert.deepEqual(keys[1], keys[0])
  assert.deepEqual(keys[2], keys[0])
  assert.deepEqual(await loadOrCreateSigningKey(databases[0]!), keys[0])
  const stored = await databases[0]!.selectFrom('auth.signing_keys').select('kid').execute()
  assert.deepEqual(stored, [{ kid: keys[0]!.kid }])
})

test('the key pair is Ed25519, its halves belong together, and the public half holds no secret', async () => {
  const { privateJwk, publicJwk } = await loadOrCreateSigningKey(databases[0]!)
  assert.equal(privateJwk.crv, 'Ed25519')
  assert.equal('d' in publicJwk, false)
  const signature = sign(null, Buffer.from('trip'), createPrivateKey({ key: privateJwk, format: 'jwk' }))
  const publicKey = createPublicKey({ key: publicJwk, format: 'jwk' })
  assert.equal(verify(null, Buffer.from('trip'), publicKey, signature), true)
  assert.equal(verify(null, Buffer.from('trap'), publicKey, signature), false)
})

test('a new key signs, and the one before can be retired, although the clock was set back in between', async () => {
  const [database] = databases
  const leaked = await loadOrCreateSigningKey(database!)
  await sql`UPDATE auth.signing_keys SET created_at = created_at + interval '3 hours'`.execute(database!)
  const [second, third] = [await rotateSigningKey(database!), await rotateSigningKey(database!)]
  assert.equal((await loadOrCreateSigningKey(database!)).kid, third.kid)
  assert.equal(await retireSigningKey(database!, leaked.kid), 'retired')
  const listed = await listSigningKeys(database!)
  assert.deepEqual(
    listed.map(({ kid }) => kid),
    [third.kid, second.kid, leaked.kid],
  )
})

test('the first start anchors region time at that moment, and later starts keep the anchor', async () => {
  const [database] = databases
  const first = await loadOrCreateClock(database!, { rate: 1, wallMs: 1_000 })
  assert.deepEqual(first, { anchorRegionMs: 1_000, anchorWallMs: 1_000, rate: 1 })
  assert.deepEqual(await loadOrCreateClock(database!, { rate: 1, wallMs: 9_000 }), first)
})

test('another clock rate replaces the clock of a database without records', async () => {
  const replaced = await loadOrCreateClock(databases[0]!, { rate: 60, wallMs: 5_000 })
  assert.deepEqual(replaced, { anchorRegionMs: 5_000, anchorWallMs: 5_000, rate: 60 })
  assert.deepEqual(await loadOrCreateClock(databases[0]!, { rate: 60, wallMs: 6_000 }), replaced)
})

test('another clock rate is refused once there are records', async () => {
  const row = { region: 'metro', position: 1, recorded_at_ms: 1, epoch: 1, principal: 'system', events: '[]' }
  await databases[0]!.insertInto('log.records').values(row).execute()
  await assert.rejects(loadOrCreateClock(databases[0]!, { rate: 1, wallMs: 7_000 }), {
    code: 'clock-rate-differs',
    message: /GOLDENHOUR_CLOCK_RATE=60/,
  })
  assert.equal((await loadOrCreateClock(databases[0]!, { rate: 60, wallMs: 7_000 })).anchorWallMs, 5_000)
})
