/** A second engine on the same database waits for the first to go, on the same port or another, and then takes over. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../tools/shared/free-port.ts'
import { SCENE, Site, until } from '../support/engine.ts'

const AKL = { akl: { mode: 'offered', units: ['A1', 'A2'] } } as const
const CALL = { ...SCENE, priority: 2, needs: [{ levelOfCare: 'als', capabilities: [] }] } as const

const epochOf = async (site: Site): Promise<number> => {
  const [owner] = await site.query<{ epoch: number }>('SELECT epoch FROM log.region_owner')
  return owner!.epoch
}

test('a standby on the port of the engine that it waits for takes over when that one is stopped, and when it is killed', async t => {
  const site = await Site.make(t, AKL)
  const env = { PORT: String(await freePort()) }
  let owner = await site.spawn(env)
  const crew = site.driver('A1')
  const desk = site.dispatcher()
  await crew.signOn()
  const { id } = await desk.enterCall(CALL, { id: 'before' })

  for (const [way, epoch] of [
    ['SIGTERM', 2],
    ['SIGKILL', 3],
  ] as const) {
    const standby = site.launch(env)
    await standby.logged(/standing by/)
    await sleep(500)
    // It disturbs nobody while it waits.
    await crew.becomeUnavailable('refuel')
    await crew.becomeAvailable()
    assert.equal(await epochOf(site), epoch - 1)
    owner.signal(way)
    const { code } = await owner.exited
    assert.equal(code, way === 'SIGTERM' ? 0 : null)
    await standby.ready()
    // The clients find it by themselves, and what was done before is known.
    await crew.becomeUnavailable('break')
    await crew.becomeAvailable()
    assert.equal((await desk.repeat(id)).id, 'before')
    assert.equal(await epochOf(site), epoch)
    owner = standby
  }
})

test('a standby on a port of its own says behind whom it waits, answers nothing else, and ends with 0 on SIGTERM', async t => {
  const site = await Site.make(t, AKL)
  const first = await site.spawn()
  const port = await freePort()
  const standby = site.launch({ PORT: String(port) })
  await standby.logged(/standing by/)
  site.goTo(port)
  const probe = await site.http('/readyz')
  assert.deepEqual([probe.status, probe.body.code, probe.body.details.status], [503, 'unavailable', 'standby'])
  assert.match(probe.body.details.behind, /:\d+$/)
  assert.equal((await site.http('/healthz')).status, 200)
  const read = await site.http('/v1/units/nearest?region=akl&lon=174.76&lat=-36.85')
  assert.deepEqual([read.status, read.body.code], [503, 'unavailable'])
  standby.signal('SIGTERM')
  assert.deepEqual(await standby.exited, { code: 0, signal: null })
  site.goTo(first.port)
  assert.equal((await site.http('/readyz')).status, 200)
})

test('an engine that was paused past its lease finds the standby in its place, and becomes one itself when it is started again', async t => {
  const site = await Site.make(t, AKL)
  const first = await site.spawn()
  const crew = site.driver('A1')
  await crew.signOn()
  const standby = site.launch()
  await standby.logged(/standing by/)
  first.signal('SIGSTOP')
  await standby.ready()
  first.signal('SIGCONT')
  assert.deepEqual(await first.exited, { code: 1, signal: null })
  site.goTo(standby.port)
  assert.equal((await site.http('/readyz')).status, 200)
  await site.driver('A2').signOn()
  const again = site.launch()
  await again.logged(/standing by/)
  await until('it is known that nobody disturbs it', async () => (await epochOf(site)) === 2)
})
