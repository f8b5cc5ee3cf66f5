/** What becomes of each message when the region's mailbox is full: the rows of the table in `docs/recovery.md`. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { QueryAnswer } from '../../../src/actors/region-handle.ts'
import { callOf, type RecordingSession, RegionWorld, SCENE, settle, wireFix } from '../../support/region-world.ts'

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open()
})
afterEach(() => world.close())

/** Lets everything that waits be handled, also what waits for room in the mailbox. */
async function empty(): Promise<void> {
  while (world.region.mailboxDepth > 0) await settle()
  do await world.advance(2)
  while (world.region.intake.waitingBytes > 0)
  await settle()
}
const errors = (session: RecordingSession) => session.all('error').map(([id, code, , details]) => [id, code, details])
const OVERLOADED = { retryAfterMs: 500 }

test('commands and queries are answered overloaded at once, have changed nothing, and are taken when sent again', async () => {
  const crew = await world.onDuty('A1', 100)
  const tripId = await world.call()
  const head = world.region.logHead
  world.fillMailbox()
  const offerId = crew.view.unit.offerId!
  const accept = { type: 'accept-offer', offerId, happenedAtMs: world.nowMs } as const
  const cancel = { type: 'cancel-trip', tripId, reason: 'other' } as const
  const told = [
    world.dispatch(callOf(), 'enter'),
    world.dispatch(cancel, 'cancel'),
    world.drive(crew, accept, 'accept'),
  ].map(({ outcome }) => (outcome?.ok === false ? outcome.refusal : null))
  assert.deepEqual(
    told.map(refusal => [refusal?.code, refusal?.details]),
    Array.from({ length: 3 }, () => ['overloaded', OVERLOADED]),
  )
  const answers: QueryAnswer[] = []
  for (const query of [
    { type: 'nearest', ...SCENE, k: 1, levelOfCare: null },
    { type: 'read-trip', tripId },
    { type: 'read-unit', unitId: 'A1' },
  ] as const) {
    world.host.query(query, answer => answers.push(answer))
  }
  assert.deepEqual(
    answers.map(answer => (answer.ok ? 'answered' : answer.refusal.code)),
    ['overloaded', 'overloaded', 'overloaded'],
  )
  await empty()
  assert.equal(world.region.logHead, head)
  await world.accepted(world.drive(crew, accept, 'accept'))
  await world.accepted(world.dispatch(cancel, 'cancel'))
})

test('a session that comes is sent away to come again', async () => {
  await world.import(['A1'])
  world.fillMailbox()
  for (const session of [world.connect('A1'), world.dispatcher(), world.feed()]) {
    assert.deepEqual([errors(session), session.closes], [[['hello', 'overloaded', OVERLOADED]], [4503]])
    world.host.closed(session)
  }
  await empty()
  assert.deepEqual(world.connect('A1').closes, [])
})

test('requests of consoles are refused under their ids, and those of feeds wait', async () => {
  await world.import(['A1'])
  const console = world.dispatcher()
  const feed = world.feed()
  await settle()
  world.fillMailbox()
  world.host.tell(console, { type: 'watch-board', id: 'w', fromPosition: null })
  world.host.tell(console, { type: 'unwatch-board', id: 'u' })
  world.host.tell(console, { type: 'watch-tiles', id: 't', tiles: [] })
  world.host.tell(console, { type: 'watch-unit', id: 'wu', unitId: 'A1' })
  world.host.tell(console, { type: 'unwatch-unit', id: 'uu', unitId: 'A1' })
  world.host.tell(feed, { type: 'attach', id: 'a', channels: [[1, 'A1', 'f', 'gnss', 1]] })
  world.host.tell(feed, { type: 'detach', id: 'd', channels: [1] })
  assert.deepEqual(
    errors(console),
    ['w', 'u', 't', 'wu', 'uu'].map(id => [id, 'overloaded', OVERLOADED]),
  )
  await empty()
  await world.advance(300)
  assert.deepEqual(
    feed.all('reply').map(([id]) => id),
    ['a', 'd'],
  )
  assert.deepEqual(errors(feed), [])
})

test("fixes, hints and questions for marks wait for room in their order, a crew's and a feed's", async () => {
  const crew = await world.onDuty('A1', 100)
  await world.import(['A2'])
  const feed = world.feed()
  await settle()
  await world.attach(feed, [1, 'A2', 'f', 'gnss', 1])
  await world.advance(200)
  world.fillMailbox()
  world.fixes(crew, [wireFix(2, 200), wireFix(3, 300)])
  world.hint(crew, wireFix(9, 900))
  world.host.tell(crew, { type: 'mark', streamIndex: 0 })
  world.feedFixes(feed, [1, ...wireFix(1, 100)])
  world.host.tell(feed, { type: 'mark', streamIndex: 1 })
  await empty()
  await world.advance(1_000)
  assert.deepEqual([crew.last('marks'), feed.all('feed-marks').at(-1)], [[0, 3], [[[1, 1]]]])
  assert.deepEqual([...errors(crew), ...errors(feed)], [])
})

test('the end of a session is taken: its unit is disconnected, its board and its feed are let go', async () => {
  const crew = await world.onDuty('A1', 100)
  const feed = world.feed()
  const console = world.dispatcher()
  await settle()
  await world.attach(feed, [1, 'A1', 'f', 'gnss', 1])
  world.host.tell(console, { type: 'watch-board', id: 'w', fromPosition: null })
  await settle()
  world.fillMailbox()
  for (const session of [crew, feed, console]) world.host.closed(session)
  await empty()
  const heard = console.messages.length
  assert.equal((await world.board()).units[0]!.connected, false)
  await world.call()
  assert.equal(console.messages.length, heard)
  const other = world.feed()
  await settle()
  await world.attach(other, [1, 'A1', 'g', 'gnss', 1])
  assert.deepEqual(feed.all('detached'), [])
})

test('the marks that a session or a feed waits for are taken', async () => {
  await world.import(['A1'], ['A2'])
  const feed = world.feed()
  await settle()
  for (let i = 0; i < 12; i++) {
    world.fixes(world.connect('A1', [[`s${i}`, 'gnss', 1]]), [wireFix(1, 100)])
    await world.attach(feed, [1, 'A2', `s${i}`, 'gnss', 1])
    world.feedFixes(feed, [1, ...wireFix(1, 100)])
    await world.advance(300)
  }
  const crew = world.connect('A1', [['s0', 'gnss', 1]])
  world.host.tell(feed, { type: 'attach', id: 'old', channels: [[1, 'A2', 's0', 'gnss', 1]] })
  world.fillMailbox()
  // The questions are at the front, so their answers come behind what fills the mailbox.
  await empty()
  assert.deepEqual(crew.welcome.streams, [['s0', 1]])
  assert.deepEqual(feed.last('reply')[2], { channels: [[1, 1]], refused: [] })
})

test('an attach that is done in parts is answered', async () => {
  const units = Array.from({ length: 200 }, (_, i) => `U${i}`)
  await world.import(...units.map(unitId => [unitId] as const))
  const feed = world.feed()
  await settle()
  world.host.tell(feed, {
    type: 'attach',
    id: 'all',
    channels: units.map((unitId, i) => [i + 1, unitId, 'g', 'gnss', 1] as const),
  })
  // The next part is asked for while what fills the mailbox stands before it.
  world.fillMailbox()
  await empty()
  const [id, , result] = feed.last('reply')
  assert.deepEqual([id, (result.channels as unknown[]).length, result.refused], ['all', 200, []])
})

test('deadlines are taken: an offer ends in its time', async () => {
  await world.onDuty('A1', 100)
  const tripId = await world.call()
  const { deadlineAtMs } = (await world.trip(tripId)).offer!
  // Time passes while nothing is handled, so the deadline comes to a full mailbox.
  world.fillMailbox()
  const clock = world.machine
  await clock.advance(deadlineAtMs - world.nowMs + 1, () => Promise.resolve())
  assert.ok(world.region.mailboxDepth > 100_000)
  await empty()
  assert.equal((await world.events('OfferTimedOut')).length, 1)
})

test('what the service has is taken, part by part, and a unit that comes free is matched', async () => {
  const tripId = await world.call()
  await world.import(['A1'])
  const crew = world.connect('A1')
  await settle()
  await world.accepted(world.drive(crew, { type: 'sign-on', happenedAtMs: world.nowMs }))
  const rest = { levelOfCare: 'als', capabilities: [], homeStation: null } as const
  const units = Array.from({ length: 600 }, (_, i) => ({ unitId: `U${i}`, callSign: `U${i}`, ...rest }))
  world.fillMailbox()
  assert.equal(world.region.ref.tell({ type: 'units', units }), true)
  await empty()
  assert.equal((await world.board()).units.length, 601)
  // Its first fix asks for matching while the mailbox is full again behind it.
  assert.deepEqual(await world.events('OfferMade'), [])
  world.fixAt(crew, 150)
  world.fillMailbox()
  await empty()
  await world.advance(1_000)
  assert.equal((await world.events('OfferMade')).length, 1)
  assert.equal((await world.trip(tripId)).offer?.unitId, 'A1')
})

test('another policy is taken, and then all that it sets anew', async () => {
  const crew = await world.onDuty('A1', 100)
  await world.call()
  const offerId = crew.view.unit.offerId!
  await world.accepted(world.drive(crew, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
  const others = Array.from({ length: 600 }, () => world.dispatch(callOf()))
  await world.accepted(others.at(-1)!)
  world.fillMailbox()
  world.goBy({ noMovementMs: 20_000 })
  await settle()
  // The next part comes to a full mailbox, too.
  world.fillMailbox()
  await empty()
  await world.advance(20_000)
  const raised = (await world.events('TripAlarmRaised')).filter(({ alarm }) => alarm === 'no-movement')
  assert.equal(raised.length, 1)
})
