/** Webhooks of a whole engine: through kill -9, beside a receiver that does not answer, and after a restore. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SCENE, Site, until } from '../support/engine.ts'
import { SECRET, WebhookReceiver } from '../support/webhook-receiver.ts'

const CALL = { ...SCENE, priority: 2, needs: [{ levelOfCare: 'als', capabilities: [] }] } as const
const set = (receiver: WebhookReceiver) => [{ name: 'cad', url: receiver.url, secret: SECRET }]

/** The id of every event behind a position, in the order of the log. */
async function idsBehind(site: Site, region: string, position: number): Promise<string[]> {
  const records = await site.records(region)
  return records
    .filter(record => record.position > position)
    .flatMap(record => record.events.map((_, index) => `${region}:${record.position}:${index}`))
}

test('kill -9 again and again, with a receiver that fails: every event is told, each region in its order', async t => {
  const site = await Site.make(t, {
    akl: { mode: 'offered', units: ['A1'] },
    wlg: { mode: 'offered', units: ['W1'] },
  })
  const receiver = await WebhookReceiver.open(t)
  receiver.answer = (_message, number) =>
    number % 3 === 0 ? 'cut' : number % 5 === 0 ? { status: 503 } : { status: 204 }
  const env = { GOLDENHOUR_WEBHOOKS: JSON.stringify(set(receiver)) }
  let engine = await site.spawn(env)
  const begun = async () =>
    await site.query<{ region: string; position: number }>('SELECT region, position FROM webhooks.cursors')
  await until('both have begun', async () => (await begun()).length === 2)
  const from = new Map((await begun()).map(({ region, position }) => [region, position]))
  for (let round = 0; round < 3; round += 1) {
    const desks = ['akl', 'wlg'].map(region => site.dispatcher({ region }))
    for (let n = 0; n < 15; n += 1) await Promise.all(desks.map(desk => desk.enterCall(CALL)))
    await until('some is told', () => receiver.taken.length > round)
    for (const desk of desks) desk.close()
    await engine.kill()
    await site.forgetLease()
    engine = await site.spawn(env)
  }
  receiver.answer = () => ({ status: 200 })
  for (const region of ['akl', 'wlg']) {
    const ids = await idsBehind(site, region, from.get(region)!)
    assert.ok(ids.length >= 90)
    await receiver.until('all is told', () => receiver.told(region).length === ids.length)
    assert.deepEqual(
      receiver.told(region).map(({ id }) => id),
      ids,
    )
  }
})
