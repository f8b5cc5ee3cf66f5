/** What the audit holds when everything is real: engines that are killed, desks that act, strangers who are turned away. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verifyAudit } from '../../src/store/audit/audit-chain.ts'
import { openDatabase } from '../../src/store/postgres/database.ts'
import { SCENE, Site, until } from '../support/engine.ts'

const CALL = { ...SCENE, priority: 2, needs: [{ levelOfCare: 'als', capabilities: [] }] } as const
const REGION = { akl: { mode: 'offered', units: ['A1'] } } as const

interface Entry {
  readonly seq: number
  readonly actor: string
  readonly action: string
  readonly outcome: string
  readonly region: string | null
  readonly subject: string | null
  readonly details: Readonly<Record<string, unknown>>
}

const entriesOf = (site: Site, action: string): Promise<Entry[]> =>
  site.query<Entry & Record<string, unknown>>('SELECT * FROM audit.entries WHERE action = $1 ORDER BY seq', [action])

async function assertWhole(site: Site): Promise<void> {
  const database = openDatabase(site.databaseUrl)
  try {
    const verified = await verifyAudit(database)
    assert.ok(verified.ok, verified.ok ? '' : verified.message)
  } finally {
    await database.destroy()
  }
}

test('every desk action that was acknowledged is in the audit once, although the engine was killed each time', async t => {
  const site = await Site.make(t, REGION)
  const cancelled: string[] = []
  for (let round = 0; round < 3; round++) {
    const engine = await site.spawn()
    const desk = site.dispatcher({ sub: `desk-${round}` })
    for (let n = 0; n < 5; n++) {
      const { result } = await desk.enterCall(CALL, { id: `call-${round}-${n}` })
      await desk.cancelTrip(result.tripIds[0]!, 'duplicate-call', { id: `cancel-${round}-${n}` })
      cancelled.push(result.tripIds[0]!)
    }
    // At once: what the follower has not looked at yet is in the log alone.
    await engine.kill()
    desk.close()
    await site.forgetLease()
  }
  await site.start()
  await until(
    'the last is in the audit',
    async () => (await entriesOf(site, 'trip-cancelled')).length >= cancelled.length,
  )
  const entries = await entriesOf(site, 'trip-cancelled')
  assert.deepEqual(
    entries.map(({ subject }) => subject),
    cancelled,
  )
  assert.deepEqual(
    entries.map(({ actor }) => actor),
    cancelled.map((_, n) => `desk-${Math.floor(n / 5)}`),
  )
  const [{ region, outcome, details }] = entries as [Entry]
  assert.deepEqual(
    [region, outcome, details.reason, details.commandId],
    ['akl', 'done', 'duplicate-call', 'cancel-0-0'],
  )
  await assertWhole(site)
})

test('what was noted last is written before the engine has stopped', async t => {
  const site = await Site.make(t, REGION)
  const engine = await site.start()
  const token = await site.token({ role: 'driver', unit: 'A1', sub: 'crew-1' })
  for (let n = 0; n < 30; n++) {
    const { status } = await site.http('/v1/units/A1/track?region=akl&fromMs=0&toMs=1', { token })
    assert.equal(status, 403)
  }
  await engine.stop()
  const refusals = (await entriesOf(site, 'refusal')).filter(({ actor }) => actor === 'crew-1')
  const counts = refusals.map(({ details }) => (details.count as number | undefined) ?? 1)
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    30,
  )
  assert.equal(refusals.length, 2)
  assert.ok(refusals.every(({ details }) => details.code === 'wrong-role'))
  await assertWhole(site)
})
