/** While the store takes no writes everybody gets an answer, nobody gets one that could be taken back, and all are told. */
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { QueryAnswer } from '../../../src/actors/region-handle.ts'
import { type Answer, callOf, RegionWorld, SCENE, settle, type WorldOptions } from '../../support/region-world.ts'

let world: RegionWorld
const open = async (options: WorldOptions = {}) => {
  world = await RegionWorld.open(options)
}
afterEach(() => world.close())

const rest = () => ({ type: 'set-status', status: 'unavailable', reason: 'break', happenedAtMs: world.nowMs }) as const
const WAITS_MS = 1_000

const detailsOf = ({ outcome }: Answer) => (outcome?.ok === false ? outcome.refusal.details : null)

describe('a command', () => {
  test('that was decided is answered unavailable after a second, and repeated under its id gets its first outcome', async () => {
    await open()
    world.journal.stall()
    const first = world.dispatch(callOf(), 'call-1')
    await world.advance(WAITS_MS - 1)
    assert.equal(first.outcome, null)
    await world.advance(1)
    assert.equal(await world.refused(first), 'unavailable')
    assert.deepEqual(detailsOf(first), { retryAfterMs: 1_000, writes: 'stalled' })
    const during = world.dispatch(callOf(), 'call-1')
    assert.equal(await world.refused(during), 'unavailable', 'its record is not durable yet')
    world.journal.resume()
    await settle()
    const after = world.dispatch(callOf(), 'call-1')
    await world.accepted(after)
    const [record] = await world.events('CallEntered')
    assert.equal((await world.events('CallEntered')).length, 1, 'it stands once')
    assert.ok(record)
  })

  test('that comes while the store stalls is refused at once and not decided; afterwards it is', async () => {
    await open()
    world.journal.stall()
    world.dispatch(callOf())
    await world.advance(WAITS_MS)
    const head = world.region.logHead
    const answers = Array.from({ length: 50 }, (_, i) => world.dispatch(callOf(), `late-${i}`))
    await settle()
    for (const { outcome } of answers) assert.equal(outcome?.ok === false && outcome.refusal.code, 'unavailable')
    assert.equal(world.region.logHead, head, 'the queue did not grow')
    world.journal.resume()
    await settle()
    await world.accepted(world.dispatch(callOf(), 'late-7'))
    assert.equal((await world.events('CallEntered')).length, 2)
  })

  test('that is durable gets its outcome also while the store stalls, and another body its conflict', async () => {
    await open()
    const first = world.dispatch(callOf(), 'call-1')
    await world.accepted(first)
    world.journal.stall()
    world.dispatch(callOf())
    await world.advance(WAITS_MS)
    const again = world.dispatch(callOf(), 'call-1')
    await world.accepted(again)
    assert.deepEqual(again.outcome, first.outcome)
    assert.equal(await world.refused(world.dispatch(callOf({ priority: 4 }), 'call-1')), 'conflict')
  })

  test('that was refused for its content is not told that either before the states it saw are durable', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    world.journal.stall()
    world.drive(crew, rest())
    const declined = world.drive(crew, { type: 'decline-offer', offerId: 'akl.nope', reason: 'other' })
    await world.advance(WAITS_MS)
    assert.equal(await world.refused(declined), 'unavailable')
  })

  test('that never becomes durable is decided anew, under the same id', async () => {
    await open()
    world.journal.stall()
    const lost = world.dispatch(callOf(), 'call-1')
    await world.advance(WAITS_MS)
    assert.equal(await world.refused(lost), 'unavailable')
    world.crash()
    world.journal.resume()
    await settle()
    const before = (await world.events('CallEntered')).length
    await world.start()
    await world.accepted(world.dispatch(callOf(), 'call-1'))
    // The batch in flight may have gone through after all: once it is, never twice.
    assert.equal((await world.events('CallEntered')).length, Math.max(1, before))
  })

  test('is answered in time also where the store takes writes, each of them too slowly', async () => {
    await open()
    const sent: { atMs: number; answer: ReturnType<RegionWorld['dispatch']>; id: string }[] = []
    const acknowledged = new Set<string>()
    for (let round = 0; round < 40; round += 1) {
      world.journal.stall()
      const id = `call-${round}`
      sent.push({ atMs: world.machine.monotonicMs(), answer: world.dispatch(callOf(), id), id })
      // A commit takes 1.5 s.
      for (let step = 0; step < 15; step += 1) {
        await world.advance(100)
        for (const each of sent) {
          const waitedMs = world.machine.monotonicMs() - each.atMs
          if (each.answer.outcome === null) assert.ok(waitedMs <= 1_100, `${each.id} waits for ${waitedMs} ms`)
          else if (each.answer.outcome.ok) acknowledged.add(each.id)
          else Object.assign(each, { atMs: world.machine.monotonicMs(), answer: world.dispatch(callOf(), each.id) })
        }
      }
      world.journal.resume()
      await settle()
    }
    assert.ok(acknowledged.size >= 19, `${acknowledged.size} of 40 got through although each commit takes 1.5 s`)
    const calls = (await ids()).filter(id => id.startsWith('call-'))
    assert.equal((await world.events('CallEntered')).length, new Set(calls).size)
  })
})

const ids = async () => (await world.log()).flatMap(({ commandId }) => commandId ?? [])

describe('a session', () => {
  test('hears within a second that writes do not go through, and when they do again; one that comes then, too', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    const console = world.dispatcher()
    await settle()
    world.journal.stall()
    world.dispatch(callOf())
    await world.advance(WAITS_MS)
    for (const session of [crew, console]) assert.deepEqual(session.all('writes'), [['stalled', 'flowing']])
    world.fixAt(crew, 200)
    await world.advance(WAITS_MS + 100)
    for (const session of [crew, console]) assert.deepEqual(session.all('writes').at(-1), ['stalled', 'stalled'])
    world.journal.resume()
    await world.advance(100)
    for (const session of [crew, console]) assert.deepEqual(session.all('writes').at(-1), ['flowing', 'flowing'])
    const later = world.dispatcher()
    await settle()
    assert.deepEqual(later.all('writes'), [], 'all is well, so there is nothing to tell')
  })

  test('that comes while only fixes wait is welcomed, and told behind its welcome', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    await world.advance(1_000)
    world.journal.stall()
    world.fixAt(crew, 200)
    await world.advance(WAITS_MS)
    const console = world.dispatcher()
    await settle()
    assert.deepEqual(
      console.messages.map(([type, ...rest]) => (type === 'writes' ? [type, ...rest] : type)),
      ['welcome', ['writes', 'flowing', 'stalled']],
    )
  })

  test('that says hello is sent away with a time, and the older one of its unit stays', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    world.journal.stall()
    world.dispatch(callOf())
    await settle()
    const early = world.dispatcher()
    await world.advance(WAITS_MS)
    const late = world.connect('A1')
    await settle()
    for (const session of [early, late]) {
      assert.deepEqual(session.closes, [4503])
      assert.deepEqual(
        session.messages.map(([type]) => type),
        ['error'],
        'nothing but the refusal, and no news either',
      )
      const [id, code, , details] = session.last('error')
      assert.deepEqual([id, code, details?.retryAfterMs], ['hello', 'unavailable', 1_000])
    }
    assert.deepEqual(crew.closes, [])
    world.host.closed(early)
    world.host.closed(late)
    world.journal.resume()
    await settle()
    assert.deepEqual([early.messages.length, late.messages.length], [1, 1])
    assert.equal(world.connect('A1').closes.length, 0)
  })

  test('goes on reporting, and moves on maps that are looked at', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    const console = world.dispatcher()
    await settle()
    world.journal.stall()
    world.dispatch(callOf())
    await settle()
    world.host.tell(console, { type: 'watch-tiles', id: 'tiles', tiles: [['9/504/315', null, null]] })
    await world.advance(WAITS_MS + 500)
    assert.equal(
      console.all('reply').some(([id]) => id === 'tiles'),
      true,
      'tiles wait for nothing',
    )
    world.fixAt(crew, 900)
    await world.advance(500)
    assert.ok(world.region.fixesNotDurable > 0)
    assert.deepEqual(crew.all('error'), [])
  })
})

test('every request with an id is answered within a second, whatever it is', async () => {
  await open()
  const tripId = await world.call()
  const crew = await world.onDuty('A1', 100)
  const console = world.dispatcher()
  const feed = world.feed()
  await settle()
  world.journal.stall()
  world.drive(crew, rest())
  await settle()
  const reads: QueryAnswer[] = []
  const answer = (told: QueryAnswer) => reads.push(told)
  const ask = () => {
    world.host.tell(console, { type: 'watch-board', id: 'watch', fromPosition: null })
    world.host.tell(console, { type: 'unwatch-board', id: 'unwatch' })
    world.host.tell(console, { type: 'watch-unit', id: 'unit', unitId: 'A1' })
    world.host.tell(console, { type: 'unwatch-unit', id: 'no-unit', unitId: 'A1' })
    world.host.tell(feed, { type: 'attach', id: 'attach', channels: [[1, 'A1', 's-feed', 'gnss', 1]] })
    world.host.tell(feed, { type: 'detach', id: 'detach', channels: [1] })
    world.host.query({ type: 'nearest', ...SCENE, k: 1, levelOfCare: null }, answer)
    world.host.query({ type: 'read-trip', tripId }, answer)
    world.host.query({ type: 'read-unit', unitId: 'A1' }, answer)
  }
  const answered = () =>
    [console, feed].flatMap(session =>
      session.messages.flatMap(message => (message[0] === 'reply' || message[0] === 'error' ? message[1]! : [])),
    )
  const all = ['watch', 'unwatch', 'unit', 'no-unit', 'attach', 'detach']
  ask()
  await world.advance(WAITS_MS)
  assert.deepEqual(answered().sort(), all.toSorted())
  assert.equal(reads.length, 3)
  ask()
  await settle()
  assert.deepEqual(answered().sort(), [...all, ...all].sort(), 'and at once while it is known')
  assert.equal(reads.length, 6)
  world.journal.resume()
  await settle()
  assert.equal(answered().length, 2 * all.length, 'and once')
  ask()
  await settle()
  assert.equal(console.all('board').length, 1)
  assert.equal(answered().length, 3 * all.length)
})

test('a region whose memory is dropped while the store stalls tells nobody anything more', async () => {
  await open()
  const console = world.dispatcher()
  await settle()
  world.journal.stall()
  world.dispatch(callOf())
  await world.advance(WAITS_MS)
  const heard = console.messages.length
  world.crash()
  world.journal.resume()
  await world.advance(5_000)
  assert.equal(console.messages.length, heard)
  assert.deepEqual(world.machine.delays, [])
})

test('a feed whose attach was refused for a stall can report once its hole is on record', async () => {
  await open()
  await world.import(['A1'])
  const feed = world.feed()
  await settle()
  world.journal.stall()
  world.host.tell(feed, { type: 'attach', id: 'attach', channels: [[1, 'A1', 's-feed', 'gnss', 5]] })
  await world.advance(WAITS_MS)
  assert.deepEqual(
    feed.all('error').map(([id, code]) => [id, code]),
    [['attach', 'unavailable']],
  )
  world.journal.resume()
  await settle()
  assert.deepEqual(await world.attach(feed, [1, 'A1', 's-feed', 'gnss', 5]), { channels: [[1, 4]], refused: [] })
  world.feedFixes(feed, [1, 5, 0, 1_747_600_000, -368_500_000, null, null, null])
  world.host.tell(feed, { type: 'mark', streamIndex: 1 })
  await world.advance(500)
  assert.equal(feed.all('error').length, 1)
  assert.equal(world.region.fixesNotDurable, 0)
  assert.deepEqual(feed.all('feed-marks').at(-1), [[[1, 5]]])
})
