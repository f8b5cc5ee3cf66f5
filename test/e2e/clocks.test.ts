/** A real engine whose wall clock is wrong for a while: it says so, and crews whose phones are right are placed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OfferView, UnitView } from '../../src/protocol/wire/situation-views.ts'
import { SCENE, Site, until } from '../support/engine.ts'
import { shiftedClock } from '../support/shifted-clock.ts'

const AKL = { akl: { mode: 'ordered', units: ['A1'] } } as const
const CALL = { ...SCENE, priority: 1, needs: [{ levelOfCare: 'als', capabilities: [] }] } as const
const HOUR_MS = 3_600_000

test('after a wall that was ahead for a moment, and after a whole run an hour ahead, a crew is placed and gets its order', async t => {
  const site = await Site.make(t, AKL)
  const { env, setAhead } = shiftedClock()
  const readiness = async () => (await site.http('/readyz')).body as { status: string; clock?: { of: string } }

  const enterCall = async () => {
    // Tokens go by the wall of the engine.
    const token = await site.token({ ttlS: 3 * 3_600 })
    const init = { method: 'POST', headers: { 'idempotency-key': `c-${calls++}` }, body: JSON.stringify(CALL) }
    // As clients do it asks again while the database of a busy machine does not answer in its time.
    await until('the call is taken', async () => {
      const { status, body } = await site.http('/v1/calls', { token, ...init })
      assert.ok(status === 201 || body.code === 'unavailable', `${status} ${body.code}`)
      return status === 201
    })
  }
  let calls = 0

  const first = await site.spawn(env)
  assert.deepEqual(await readiness(), { status: 'ready' })
  setAhead(10_000)
  await until('the engine sees that its clock has stepped', async () => (await readiness()).clock?.of === 'wall')
  assert.equal((await readiness()).status, 'ready')
  await enterCall()
  setAhead(0)
  await until('the engine sees that its clock is right', async () => (await readiness()).clock === undefined)

  const isOrdered = async () => {
    const crew = site.driver('A1')
    const offers: OfferView[] = []
    crew.onOffer(offer => offers.push(offer))
    await crew.signOn()
    const reportedAtMs = Date.now()
    crew.report({ ...SCENE })
    await until('the unit, which stands there, gets the order', () => offers.length > 0)
    const { body } = await site.http('/v1/units/A1/state?region=akl', {
      token: await site.token({ role: 'dispatcher' }),
    })
    const { fixedAtMs, freshness } = (body as UnitView).fix!
    assert.ok(Math.abs(fixedAtMs - reportedAtMs) < 5_000, `placed ${fixedAtMs - reportedAtMs} ms off`)
    assert.equal(freshness, 'fresh')
    await crew.acceptOffer(offers[0]!.offerId)
    await crew.closeTrip(offers[0]!.tripId, 'no-patient-found')
    crew.close()
  }
  await isOrdered()
  first.signal('SIGTERM')
  await first.exited

  setAhead(HOUR_MS)
  const wrong = await site.spawn(env)
  await enterCall()
  wrong.signal('SIGTERM')
  await wrong.exited
  setAhead(0)
  await site.spawn(env)
  assert.equal((await readiness()).clock?.of, 'recorded')
  await isOrdered()
  const aheadS = await site.metric('goldenhour_clock_offset_seconds{of="recorded"}')
  assert.ok(aheadS > 3_000 && aheadS <= 3_600, `${aheadS} s`)
})
