/** An engine that was stopped leaves nothing behind in its process: no handle, no listener, no connection. */
import assert from 'node:assert/strict'
import { getActiveResourcesInfo } from 'node:process'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SCENE, Site, until } from '../support/engine.ts'

const AKL = { akl: { mode: 'ordered', units: ['A1', 'A2'] } } as const

test('after stop nothing is open, and nobody listens for signals', async t => {
  const site = await Site.make(t, AKL)
  // What is loaded once a process stays: uWebSockets.js, the DNS resolver, the first keys.
  await workAndStop(site)
  const before = resources()
  await workAndStop(site)
  await assertNothingIsLeft(site, before)
  assert.deepEqual([process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')], [0, 0])
})

test('a start that failed leaves nothing behind either', async t => {
  const site = await Site.make(t, AKL)
  await workAndStop(site)
  const before = resources()
  await assert.rejects(site.start({ clockRate: 3 }), { code: 'clock-rate-differs' })
  await assertNothingIsLeft(site, before)
})

test('stop may be called twice, and while the engine works', async t => {
  const site = await Site.make(t, AKL)
  const engine = await site.start()
  const crew = site.driver('A1')
  await crew.signOn()
  for (let i = 0; i < 100; i += 1) crew.report(SCENE)
  const commands = Array.from({ length: 20 }, () => crew.becomeUnavailable('break', { retry: false }))
  const settled = Promise.allSettled(commands)
  await Promise.all([engine.stop(), engine.stop()])
  crew.close()
  const log = await site.records()
  for (const outcome of await settled) {
    if (outcome.status !== 'fulfilled') continue
    assert.ok(
      log.some(({ commandId, position }) => commandId === outcome.value.id && position === outcome.value.position),
    )
  }
})

async function workAndStop(site: Site): Promise<void> {
  const engine = await site.start()
  const desk = site.dispatcher()
  const crew = site.driver('A1')
  await crew.signOn()
  crew.report(SCENE)
  await crew.mark()
  await desk.enterCall({ ...SCENE, priority: 1, needs: [{ levelOfCare: 'als', capabilities: [] }] })
  const offer = await until('the order', () => crew.driver?.trip?.offer)
  await crew.acceptOffer(offer.offerId)
  await crew.closeTrip(offer.tripId, 'transported')
  await crew.signOff()
  await engine.stop()
  desk.close()
  crew.close()
  await sleep(20)
}

/** Neither here nor, a moment later, at the database. */
async function assertNothingIsLeft(site: Site, before: readonly string[]): Promise<void> {
  await until('nothing more is open', () => openedSince(before).length === 0).catch(() => undefined)
  assert.deepEqual(openedSince(before), [])
  await until('nobody is connected', async () => {
    const connected = await site.query(
      'SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    )
    return connected.length === 0
  })
}

/** What keeps the process alive, by kind. */
const resources = (): string[] => getActiveResourcesInfo()

/** What does so now and did not before; something of the test's own may have gone meanwhile. */
function openedSince(before: readonly string[]): string[] {
  const known = [...before]
  return resources().filter(kind => {
    const at = known.indexOf(kind)
    if (at >= 0) known.splice(at, 1)
    return at < 0
  })
}
