/** Webhooks of an engine: what a receiver does is nothing to those whom the engine serves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SCENE, Site, until } from '../support/engine.ts'
import { SECRET, WebhookReceiver } from '../support/webhook-receiver.ts'

const CALL = { ...SCENE, priority: 2, needs: [{ levelOfCare: 'als', capabilities: [] }] } as const

test('while a receiver does not answer commands are, metrics say how far behind it is, and later it is told all', async t => {
  const site = await Site.make(t, { akl: { mode: 'offered', units: [] } })
  const receiver = await WebhookReceiver.open(t)
  let goOn = () => {}
  const silence = new Promise<void>(resolve => (goOn = resolve))
  receiver.answer = () => silence.then(() => ({ status: 204 }))
  const hook = { name: 'cad', url: receiver.url, secret: SECRET, secretFile: null, events: [], regions: [] }
  const webhooks = [{ ...hook, personalData: false, timeoutMs: 60_000 }]
  const engine = await site.start({ webhooks })
  const labels = '{webhook="cad",region="akl"}'
  const shown = async (name: string) => site.metric(`goldenhour_webhook_${name}`).catch(() => Number.NaN)
  await until('it has begun', async () => (await shown(`behind_records${labels}`)) === 0)
  const { position: first } = (await site.records()).at(-1) ?? { position: 0 }
  const desk = site.dispatcher()
  await desk.enterCall(CALL)
  await receiver.until('it posts', () => receiver.messages.length === 1)
  // All of these while the answer is awaited.
  const entered = await Promise.all(Array.from({ length: 40 }, () => desk.enterCall(CALL)))
  assert.equal(receiver.messages.length, 1)
  const last = Math.max(...entered.map(({ position }) => position))
  assert.equal(await shown(`behind_records${labels}`), last - first)
  assert.equal(await shown(`stopped${labels}`), 0)
  await engine.stop()
  goOn()
  await site.start({ webhooks })
  await until('it has all', async () => (await shown(`behind_records${labels}`)) === 0)
  assert.ok((await shown('posts_total{webhook="cad",outcome="delivered"}')) >= 1)
  const records = (await site.records()).filter(({ position }) => position > first)
  assert.deepEqual(
    receiver.told('akl').map(({ id }) => id),
    records.flatMap(({ position, events }) => events.map((_, index) => `akl:${position}:${index}`)),
  )
})

test('an engine does not start with a webhook that it cannot use', async t => {
  const site = await Site.make(t, { akl: { mode: 'offered', units: [] } })
  const hook = { name: 'cad', url: 'http://127.0.0.1:1/', secret: SECRET, secretFile: null, regions: [] }
  const webhooks = [{ ...hook, events: ['TripEnded'], personalData: false, timeoutMs: 100 }]
  await assert.rejects(site.start({ webhooks }), /The webhook cad asks for TripEnded, which is no event/)
})
