/** A call that is erased while a receiver does not take it is told erased, once it does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/time.ts'
import { openWebhooks } from '../../../src/integrations/webhooks/webhook.ts'
import { WebhookSender } from '../../../src/integrations/webhooks/webhook-sender.ts'
import { openDatabase } from '../../../src/store/postgres/database.ts'
import { ServedCalls } from '../../support/call-that-is-over.ts'
import { runHere } from '../../support/command-line.ts'
import { REGION } from '../../support/region-world.ts'
import { SECRET, WebhookReceiver } from '../../support/webhook-receiver.ts'

const PLACE = { lonDeg: 174.7612345, latDeg: -36.8512345 }

test('what was erased between two attempts is told erased, with personal data, too', async t => {
  const calls = await ServedCalls.open()
  t.after(() => calls.close())
  const { callId, tripId } = await calls.enter({ ...PLACE, problem: 'chest pain' }, 'call-1')
  await calls.end(tripId)
  await calls.left(tripId)
  await calls.owner.query("INSERT INTO webhooks.cursors (region, hook, position) VALUES ($1, 'cad', 0)", [REGION])

  const receiver = await WebhookReceiver.open(t)
  receiver.answer = () => ({ status: 503 })
  const set = { name: 'cad', url: receiver.url, secret: SECRET, secretFile: null, events: [], regions: [] }
  const database = openDatabase(calls.database.engineUrl)
  t.after(() => database.destroy())
  const failed: string[] = []
  const sender = new WebhookSender(openWebhooks([{ ...set, personalData: true, timeoutMs: 60_000 }])[0]!, {
    ...{ database, clock: systemClock, random: () => 1, served: () => [[REGION, calls.world.region.logDurable]] },
    ...{ onDelivered: () => {}, onOver: () => {}, onStopped: assert.fail },
    onFailure: (_region, error) => void failed.push(error.message),
  })
  t.after(() => sender.stop())
  sender.start()
  await receiver.until('it was tried', () => failed.length > 0)
  const [first] = receiver.messages
  assert.ok(first!.body.includes('chest pain') && first!.body.includes('174.7612345'))

  const erased = await runHere(['erase', callId, '--reason', 'asked for'], {
    env: { DATABASE_URL: calls.database.url },
  })
  assert.equal(erased.code, 0, erased.stderr)
  receiver.answer = () => ({ status: 200 })
  await receiver.until('it is told', () => receiver.taken.length > 0)
  const told = receiver.taken[0]!
  for (const personal of ['chest pain', '174.7612345', '-36.8512345'])
    assert.ok(!told.body.includes(personal), personal)
  const entered = told.data.events.find(({ event }) => event.type === 'CallEntered')!
  assert.deepEqual([entered.event.lonDeg, entered.event.latDeg, entered.event.problem], [174.8, -36.9, null])
})
