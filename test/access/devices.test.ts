/** Device keys: who they speak for, and what a key that is none learns. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { CredentialChecker } from '../../src/access/authenticator.ts'
import { verifyDeviceKey } from '../../src/access/device-keys.ts'
import { Devices } from '../../src/access/devices.ts'
import { OidcIssuers } from '../../src/access/oidc.ts'
import { type Device, DeviceStore, hashOf, type NewDevice } from '../../src/access/tables/device-table.ts'
import { RevocationStore } from '../../src/access/tables/revocation-table.ts'
import { TicketMint } from '../../src/access/tickets.ts'
import { KeyRing, TOKEN_INVALID } from '../../src/access/tokens.ts'
import { type Database, openDatabase } from '../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../src/store/reference/reference-store.ts'
import { makeKey } from '../gateway/harness.ts'
import { testDatabase } from '../support/postgres.ts'

const NOW_MS = 1_700_000_000_000
const HOUR_MS = 3_600_000
const FEED: NewDevice = { name: 'the partner', role: 'feed', region: 'akl', unit: null, units: null }
const TRACKER: NewDevice = { ...FEED, name: 'tracker of A-7', role: 'driver', unit: 'A-7' }

let url: string
let database: Database
let drop: () => Promise<void>
before(async () => {
  ;({ url, drop } = await testDatabase())
  database = openDatabase(url)
  const reference = new ReferenceStore(database)
  await reference.addRegion({ region: 'akl', name: 'akl', timeZone: 'UTC', dispatchMode: 'ordered' })
  const plain = { levelOfCare: 'als', capabilities: [], homeStation: null } as const
  await reference.importUnits('akl', [{ ...plain, unitId: 'A-7', callSign: 'A-7' }])
})
after(async () => {
  await database.destroy()
  await drop()
})

const audited: string[] = []

/** What administration answers: a device with its key, or the field that was refused. */
async function add(device: NewDevice) {
  const added = await database.transaction().execute(transaction =>
    devices().add(transaction, device, async (_, { action, subject, details }) => {
      audited.push(JSON.stringify({ action, subject, details }))
    }),
  )
  return added.ok ? added.value : `${added.refusal.code} ${added.refusal.details?.path}`
}

async function added(device: NewDevice): Promise<{ readonly device: Device; readonly key: string }> {
  const answer = await add(device)
  assert.ok(typeof answer !== 'string', String(answer))
  return answer
}

async function setDisabled(id: string, disabled: boolean): Promise<void> {
  await database.transaction().execute(async transaction => {
    const current = await new DeviceStore(transaction).hold(id)
    assert.equal((await devices().change(transaction, current!, { disabled }, async () => {})).ok, true)
  })
}

const devices = () => new Devices({ revocations: new RevocationStore(database, () => NOW_MS), wallClock: () => NOW_MS })

/** Any query of it fails. */
async function databaseAway(): Promise<Database> {
  const gone = openDatabase(url)
  // Of what was never used there is nothing to end, and it would come to life with the first query.
  await new DeviceStore(gone).find('none')
  await gone.destroy()
  return gone
}

test('the key of a feed speaks for its region and its units', async () => {
  for (const units of [null, ['A-7', 'not-imported-yet']]) {
    const { device, key } = await added({ ...FEED, units })
    const principal = `device:${device.id}`
    assert.deepEqual(await verifyDeviceKey(key, database, NOW_MS), {
      ok: true,
      value: { sub: principal, role: 'feed', regions: ['akl'], unit: null, units, sid: principal, authAtMs: NOW_MS },
    })
  }
})

test('the key of a tracker speaks for one unit', async () => {
  const { key } = await added(TRACKER)
  const verified = await verifyDeviceKey(key, database, NOW_MS)
  assert.ok(verified.ok)
  assert.deepEqual([verified.value.role, verified.value.unit, verified.value.units], ['driver', 'A-7', null])
})

test('a key is 256 random bits, of which the database has a hash and the audit nothing', async () => {
  const { device, key } = await added(FEED)
  const secret = key.slice(`ghd_${device.id}_`.length)
  assert.equal(Buffer.from(secret, 'base64url').length, 32)
  const stored = await new DeviceStore(database).withSecret(device.id)
  assert.deepEqual(stored!.secretHash, hashOf(secret))
  const row = await database
    .selectFrom('auth.devices')
    .selectAll()
    .where('id', '=', device.id)
    .executeTakeFirstOrThrow()
  assert.ok(!JSON.stringify(row).includes(secret))
  assert.ok(audited.some(entry => entry.includes(device.id)))
  assert.ok(!audited.some(entry => entry.includes(secret)))
})

test('a wrong secret, an unknown device and a disabled one are answered alike', async () => {
  const [one, other] = [await added(FEED), await added(FEED)]
  const mixed = `ghd_${one.device.id}_${other.key.slice(-43)}`
  const unknown = `ghd_${'0'.repeat(12)}_${one.key.slice(-43)}`
  await setDisabled(other.device.id, true)
  for (const key of [mixed, unknown, other.key]) {
    assert.deepEqual(await verifyDeviceKey(key, database, NOW_MS), TOKEN_INVALID)
  }
  await setDisabled(other.device.id, false)
  assert.equal((await verifyDeviceKey(other.key, database, NOW_MS)).ok, true)
})

test('what is no key at all is refused before anything is looked up', async () => {
  const { key } = await added(FEED)
  const gone = await databaseAway()
  const near = fc.nat(key.length - 1).map(at => `${key.slice(0, at)}!${key.slice(at + 1)}`)
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        near,
        fc.string().map(text => `ghd_${text}`),
      ),
      async text => {
        assert.deepEqual(await verifyDeviceKey(text, gone, NOW_MS), TOKEN_INVALID)
      },
    ),
  )
})

test('while the database is away a key is not called bad', async () => {
  const { key } = await added(FEED)
  const gone = await databaseAway()
  const checker = new CredentialChecker({
    keys: new KeyRing([makeKey()]),
    tickets: new TicketMint([{ id: 1, secret: Buffer.alloc(32) }], HOUR_MS, () => NOW_MS),
    oidc: new OidcIssuers([], () => {}),
    database: gone,
    wallClock: () => NOW_MS,
  })
  const verified = await checker.verify(key)
  assert.equal(verified.ok ? 'ok' : verified.refusal.code, 'unavailable')
})

test('the last use is known to the hour', async () => {
  const { device, key } = await added(FEED)
  const lastUsed = async () => (await new DeviceStore(database).find(device.id))!.lastUsedAtMs
  assert.equal(await lastUsed(), null)
  for (const [atMs, knownMs] of [
    [NOW_MS, NOW_MS],
    [NOW_MS + HOUR_MS - 1, NOW_MS],
    [NOW_MS + HOUR_MS, NOW_MS + HOUR_MS],
  ] as const) {
    await verifyDeviceKey(key, database, atMs)
    assert.equal(await lastUsed(), knownMs)
  }
})

test('a device that could never be used is not made', async () => {
  assert.equal(await add({ ...FEED, region: 'wlg' }), 'invalid-field region')
  assert.equal(await add({ ...FEED, unit: 'A-7' }), 'invalid-field unit')
  assert.equal(await add({ ...TRACKER, unit: null }), 'invalid-field unit')
  assert.equal(await add({ ...TRACKER, unit: 'Z-9' }), 'invalid-field unit')
  assert.equal(await add({ ...TRACKER, units: ['A-7'] }), 'invalid-field units')
})

test('a device is ended by a change of what it may do, not by a new name', async () => {
  const { device } = await added(FEED)
  const ended = async () =>
    (await database.selectFrom('auth.revocations').select('id').where('id', '=', device.id).execute()).length
  const change = (changes: Parameters<DeviceStore['change']>[1]) =>
    database
      .transaction()
      .execute(async transaction =>
        devices().change(transaction, (await new DeviceStore(transaction).hold(device.id))!, changes, async () => {}),
      )
  await change({ name: 'another name' })
  assert.equal(await ended(), 0)
  await change({ units: ['A-7'] })
  assert.equal(await ended(), 1)
  assert.deepEqual((await new DeviceStore(database).find(device.id))!.version, 3)
})

test('a key that is shown while its device is being disabled waits for that, and is refused', async () => {
  const { device, key } = await added(FEED)
  const laterMs = NOW_MS + 5
  const shown = await database.transaction().execute(async transaction => {
    const current = await new DeviceStore(transaction).hold(device.id)
    await devices().change(transaction, current!, { disabled: true }, async () => {})
    let isAnswered = false
    const verified = verifyDeviceKey(key, database, laterMs).finally(() => {
      isAnswered = true
    })
    // Not of pg_stat_activity, which shows a transaction the same picture until its end.
    const waits = sql<{ waits: boolean }>`
      SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))) AS waits`
    while (!isAnswered && !(await waits.execute(transaction)).rows[0]!.waits);
    return { verified }
  })
  // Else it would begin after the moment of the change, and nothing would ever end it.
  assert.deepEqual(await shown.verified, TOKEN_INVALID)
})
