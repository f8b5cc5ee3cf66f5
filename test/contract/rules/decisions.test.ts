/** `docs/protocol/http.md`: why a trip got the units that it got. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CALL, Stage } from './stage.ts'

const region = 'akl'
const units = [
  { unitId: 'A1', levelOfCare: 'als' },
  { unitId: 'A2', levelOfCare: 'als' },
] as const
const DESK = 'dispatch'
const stage = new Stage({ [region]: { mode: 'offered', units } })

test('[HT-11] the decisions on a trip are read from the log: who was chosen, by whom, of whom, and that nobody was', async () => {
  await stage.crew('A1', { region }, 1)
  const desk = await stage.desk({ region })
  const entered = await desk.ask('enter-call', { ...CALL, priority: 3, needs: [{ levelOfCare: 'cct' }] })
  const [tripId] = entered.result.tripIds as string[]
  const byHand = await desk.ask('assign-unit', tripId!, 'A1', 'better-suited')
  const path = `/v1/trips/${tripId}/decisions`
  const { status, body } = await stage.site.http(path)
  assert.equal(status, 200)
  assert.equal(body.next, null)
  const [nobody, chosen] = body.items
  assert.equal(body.items.length, 2)
  assert.deepEqual(
    [nobody.position, nobody.unitId, nobody.round, nobody.chosenBy],
    [entered.position, null, null, null],
  )
  assert.equal(nobody.why, 'Nobody could go. 1 unit could not: 1 level-of-care.')
  assert.deepEqual(nobody.decision.passedOver[0].unitId, 'A1')
  assert.deepEqual([chosen.position, chosen.unitId, chosen.round], [byHand.position, 'A1', 1])
  assert.equal(chosen.chosenBy, DESK)
  const { distanceM } = chosen.decision.candidates[0]
  assert.equal(
    chosen.why,
    `${DESK} chose A1, ${distanceM} m away, although it was passed over as level-of-care. Lost with it: care (als instead of cct). ` +
      'Nobody could go. 1 unit could not: 1 level-of-care.',
  )

  const first = await stage.site.http(`${path}?limit=1`)
  assert.deepEqual([first.body.items.length, first.body.next], [1, `${entered.position}`])
  const rest = await stage.site.http(`${path}?limit=1&after=${first.body.next}`)
  assert.deepEqual([rest.body.items[0].position, rest.body.next], [byHand.position, null])
  for (const query of ['limit=0', 'limit=51', 'after=x']) {
    assert.equal((await stage.site.http(`${path}?${query}`)).body.code, 'invalid-field')
  }
  assert.equal((await stage.site.http(`/v1/trips/${region}.000000000000000000000/decisions`)).body.code, 'unknown-trip')

  // The desk's own choice, and a record that was changed behind the engine's back.
  const other = await desk.ask('enter-call', CALL)
  const [second] = other.result.tripIds as string[]
  await stage.crew('A2', { region }, 2)
  const own = await stage.site.http(`/v1/trips/${second}/decisions`)
  assert.match(
    own.body.items.at(-1).why,
    /^The desk chose A2, \d+ m away\. 1 unit could go, the nearest of those is A2 at \d+ m\. 1 unit could not: 1 busy\.$/,
  )
  await stage.site.query(`UPDATE log.records SET events = '[]' WHERE region = $1 AND position = $2`, [
    region,
    other.position,
  ])
  const damaged = await stage.site.http(`/v1/trips/${second}/decisions`)
  assert.deepEqual([damaged.body.items.length, damaged.body.damaged], [1, 1])
})
