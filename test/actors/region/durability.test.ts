/** Nothing leaves a region before it is durable, each command counts once, and what was acknowledged is not lost. */
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { QueryAnswer } from '../../../src/actors/region-handle.ts'
import { callOf, REGION, RegionWorld, SCENE, settle, type WorldOptions } from '../../support/region-world.ts'

let world: RegionWorld
const open = async (options: WorldOptions = {}) => {
  world = await RegionWorld.open(options)
}
afterEach(() => world.close())

const signOn = () => ({ type: 'sign-on', happenedAtMs: world.nowMs }) as const
const rest = () => ({ type: 'set-status', status: 'unavailable', reason: 'break', happenedAtMs: world.nowMs }) as const

describe('before the journal has answered', () => {
  test('no reply, no state, no event, no read and no welcome leaves; afterwards all do, in order', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    const console = world.dispatcher()
    world.host.tell(console, { type: 'watch-board', id: 'w', fromPosition: null })
    await settle()
    const [crewSaw, consoleSaw] = [crew.messages.length, console.messages.length]

    world.journal.stall()
    const called = world.dispatch(callOf())
    const refused = world.dispatch({ type: 'cancel-trip', tripId: 'akl.nope', reason: 'other' })
    await settle()
    const reads: QueryAnswer[] = []
    world.host.query({ type: 'nearest', ...SCENE, k: 3, levelOfCare: null }, answer => reads.push(answer))
    const late = world.dispatcher()
    const declined = world.drive(crew, { type: 'decline-offer', offerId: 'akl.nope', reason: 'other' })
    await settle()
    assert.equal(world.region.logHead - world.region.logDurable, 1)
    assert.deepEqual([called.outcome, refused.outcome, declined.outcome, reads], [null, null, null, []])
    assert.deepEqual([crew.messages.length, console.messages.length, late.messages.length], [crewSaw, consoleSaw, 0])

    world.journal.resume()
    await settle()
    const { logHead } = world.region
    assert.deepEqual([called.outcome!.ok && called.outcome!.position, late.welcome.position], [logHead, logHead])
    assert.equal(crew.view.unit.status, 'offered')
    assert.equal(console.last('board-events')[0], logHead)
    assert.deepEqual([refused.outcome?.ok, declined.outcome?.ok], [false, false])
    assert.deepEqual(reads[0]?.ok && reads[0].shown, {
      type: 'nearest',
      nearest: { basis: 'straight-line', units: [] },
    })
  })

  test('an offer is not shown to its crew by a sign-in either', async () => {
    await open()
    await world.onDuty('A1', 100)
    world.journal.stall()
    world.dispatch(callOf())
    await settle()
    const again = world.connect('A1')
    await settle()
    assert.deepEqual(again.messages, [])
    world.journal.resume()
    await settle()
    assert.equal(again.welcome.driver!.unit.status, 'offered')
  })

  test('the first thing that a session hears is its welcome, whatever was on its way to an older one', async () => {
    await open()
    const former = await world.onDuty('A1', 100)
    const heard = former.messages.length
    world.journal.stall()
    world.dispatch(callOf())
    await settle()
    const newer = world.connect('A1')
    await settle()
    world.journal.resume()
    await settle()
    assert.deepEqual(
      newer.messages.map(([type]) => type),
      ['welcome'],
    )
    assert.equal(former.messages.length, heard)
  })

  test('the units that a record frees and binds are told in the order of the log', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    world.journal.stall()
    for (let i = 0; i < 5; i++) {
      world.drive(crew, rest())
      world.drive(crew, { type: 'set-status', status: 'available', reason: null, happenedAtMs: world.nowMs })
    }
    await settle()
    const before = crew.all('unit-state').length
    world.journal.resume()
    await settle()
    const told = crew.all('unit-state').slice(before)
    const positions = told.map(([position]) => position)
    assert.deepEqual(
      positions,
      [...positions].sort((a, b) => a - b),
    )
    assert.deepEqual(
      told.map(([, view]) => view.unit.status),
      Array.from({ length: 5 }, () => ['unavailable', 'available']).flat(),
    )
  })
})

describe('a command id', () => {
  test('gets its first outcome again, and nothing happens twice', async () => {
    await open()
    const first = world.dispatch(callOf(), 'call-1')
    const result = await world.accepted(first)
    await world.call()
    const again = world.dispatch(callOf(), 'call-1')
    assert.deepEqual(await world.accepted(again), result)
    assert.deepEqual(again.outcome, first.outcome)
    assert.equal((await world.events('CallEntered')).length, 2)
  })

  test('with another body is a conflict', async () => {
    await open()
    await world.accepted(world.dispatch(callOf(), 'call-1'))
    assert.equal(await world.refused(world.dispatch(callOf({ priority: 3 }), 'call-1')), 'conflict')
    assert.equal((await world.events('CallEntered')).length, 1)
  })

  test('that is still on its way to the journal is joined, not decided again', async () => {
    await open()
    world.journal.stall()
    const [first, second] = [world.dispatch(callOf(), 'call-1'), world.dispatch(callOf(), 'call-1')]
    await settle()
    const third = world.dispatch(callOf(), 'call-1')
    await settle()
    assert.deepEqual([first.outcome, second.outcome, third.outcome], [null, null, null])
    world.journal.resume()
    const result = await world.accepted(first)
    assert.deepEqual([await world.accepted(second), await world.accepted(third)], [result, result])
    assert.equal((await world.events('CallEntered')).length, 1)
  })

  test('is one principal’s: another may use the same', async () => {
    await open()
    await world.accepted(world.dispatch(callOf(), 'call-1'))
    const dan = { principal: 'dan', role: 'dispatcher', unitId: null } as const
    await world.accepted(world.send(dan, callOf({ priority: 2 }), 'call-1'))
    assert.equal((await world.events('CallEntered')).length, 2)
  })

  test('that was refused is decided anew', async () => {
    await open()
    await world.import(['A1'])
    const crew = world.connect('A1')
    await settle()
    assert.equal(await world.refused(world.drive(crew, rest(), 'c-1')), 'unit-off-duty')
    await world.accepted(world.drive(crew, signOn()))
    assert.equal(await world.refused(world.drive(crew, rest(), 'c-1')), 'accepted')
  })

  for (const how of ['crash', 'drain'] as const) {
    test(`keeps its outcome over a ${how}`, async () => {
      await open()
      const first = world.dispatch(callOf(), 'call-1')
      await world.accepted(first)
      await world.restart(how)
      const again = world.dispatch(callOf(), 'call-1')
      await world.accepted(again)
      assert.deepEqual(again.outcome, first.outcome)
      assert.equal(await world.refused(world.dispatch(callOf({ priority: 3 }), 'call-1')), 'conflict')
      assert.equal((await world.events('CallEntered')).length, 1)
    })
  }
})

describe('sessions of one unit', () => {
  test('the newest sign-in wins: the older is closed as superseded, and its end disconnects nobody', async () => {
    await open()
    const older = await world.onDuty('A1', 100)
    const newer = world.connect('A1')
    await settle()
    assert.deepEqual([older.closes, newer.closes], [[4409], []])
    world.host.closed(older)
    await settle()
    await world.advance(40_000)
    const [unit] = (await world.board()).units
    assert.equal(unit!.connected, true)
    const tripId = await world.call()
    assert.equal(newer.view.trip?.tripId, tripId)
    // What the older connection still had under way is nobody's word any more.
    world.fixAt(older, 5_000)
    await settle()
    assert.equal((await world.board()).units[0]!.fix!.latE7, Math.round((SCENE.latDeg + 100 / 111_195) * 1e7))
  })
})

describe('when the store', () => {
  test('is away for a while, everything is answered once it is back', async () => {
    await open()
    for (let i = 0; i < 3; i++) world.journal.failNext('unavailable')
    const answer = world.dispatch(callOf())
    await settle()
    assert.equal(answer.outcome, null)
    await world.advance(1_000)
    await world.accepted(answer)
    assert.equal((await world.events('CallEntered')).length, 1)
  })

  for (const fault of ['unknown-kept', 'unknown-lost'] as const) {
    test(`breaks a connection in the middle, the record stands once (${fault})`, async () => {
      await open()
      world.journal.failNext(fault)
      const answer = world.dispatch(callOf())
      await world.advance(5_000)
      await world.accepted(answer)
      assert.equal((await world.events('CallEntered')).length, 1)
    })
  }

  test('refuses a record, the region is rebuilt without it, and nobody was told of it', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    const kept = await world.call()
    const console = world.dispatcher()
    await settle()
    const before = await world.log()
    const fixSeq = world.fixAt(crew, 200)
    await world.advance(200)

    world.journal.stall()
    const [doomed, behind] = [world.dispatch(callOf(), 'call-1'), world.drive(crew, rest())]
    await settle()
    const read: QueryAnswer[] = []
    world.host.query({ type: 'read-trip', tripId: kept }, answer => read.push(answer))
    await settle()
    world.journal.failNext('rejected')
    // The writer has its batch under way, which stands; the fault meets the next.
    world.journal.resume()
    await settle()
    const next = world.dispatch(callOf(), 'call-2')
    await settle()
    const outcomes = [doomed, behind, next].map(({ outcome }) => (outcome!.ok ? 'accepted' : outcome!.refusal.code))
    assert.ok(outcomes.includes('internal'), outcomes.join())
    assert.equal(world.host.region, null)
    assert.deepEqual([crew.closes, console.closes], [[4503], [4503]])
    assert.equal(await world.refused(world.dispatch(callOf())), 'unavailable')

    await world.advance(1_000)
    const after = await world.log()
    assert.deepEqual(after.slice(0, before.length), before)
    const told = [doomed, next].filter(({ outcome }) => outcome!.ok).length
    assert.equal((await world.events('CallEntered')).length, 1 + told)
    assert.equal((await world.trip(kept)).tripId, kept)
    const back = world.connect('A1')
    await settle()
    assert.deepEqual(back.welcome.streams, [['s-A1', fixSeq]])
    // The same command under the same id is decided now.
    await world.accepted(world.dispatch(callOf(), 'call-2'))
    await world.accepted(world.dispatch(callOf(), 'call-1'))
    assert.equal((await world.events('CallEntered')).length, 3)
  })

  test('has given the region away, commands and reads that were still in the mailbox are answered too', async () => {
    await open()
    const tripId = await world.call()
    await world.journal.acquire(REGION)
    world.journal.stall()
    world.dispatch(callOf())
    await settle()
    // The fence is seen before anybody takes these out of the mailbox.
    world.journal.resume()
    const answers = [world.dispatch(callOf()), world.dispatch({ type: 'cancel-trip', tripId, reason: 'other' })]
    const reads: QueryAnswer[] = []
    world.host.query({ type: 'read-trip', tripId }, answer => reads.push(answer))
    world.host.query({ type: 'nearest', ...SCENE, k: 1, levelOfCare: null }, answer => reads.push(answer))
    await settle()
    assert.equal(world.host.region, null)
    assert.deepEqual([answers.filter(({ outcome }) => outcome === null), reads.length], [[], 2])
  })

  test('does not answer, only so many records wait for it; what comes then is refused and not lost', async () => {
    await open({ pendingMax: 100 })
    const crew = await world.onDuty('A1', 100)
    // What it would be told counts nothing here.
    world.host.closed(crew)
    world.journal.stall()
    const answers = Array.from({ length: 150 }, (_, i) =>
      world.drive(crew, i % 2 === 0 ? rest() : { ...rest(), status: 'available', reason: null }),
    )
    await settle()
    assert.deepEqual([world.region.mailboxDepth, world.region.logHead - world.region.logDurable <= 101], [0, true])
    const refused = answers.filter(({ outcome }) => outcome !== null)
    assert.ok(refused.length >= 49 && refused.length < 150, `${refused.length}`)
    for (const { outcome } of refused) assert.equal(outcome!.ok || outcome!.refusal.code, 'overloaded')
    world.journal.resume()
    await settle()
    assert.equal(answers.filter(({ outcome }) => outcome?.ok).length, answers.length - refused.length)
    await world.accepted(world.drive(crew, rest()))
  })

  test('does not answer, only so many answers wait for it, whatever is asked', async () => {
    await open({ pendingMax: 20 })
    const tripId = await world.call()
    const console = world.dispatcher()
    await settle()
    world.journal.stall()
    world.dispatch(callOf())
    await settle()
    const reads: QueryAnswer[] = []
    const ask = () => {
      world.host.query({ type: 'read-trip', tripId }, answer => reads.push(answer))
      world.host.query({ type: 'nearest', ...SCENE, k: 1, levelOfCare: null }, answer => reads.push(answer))
    }
    for (let i = 0; i < 15; i++) ask()
    await settle()
    world.host.tell(console, { type: 'watch-board', id: 'w', fromPosition: null })
    const command = world.dispatch(callOf())
    await settle()
    assert.equal(console.last('error')[1], 'overloaded')
    assert.equal(await world.refused(command), 'overloaded')
    const codes = reads.map(answer => answer.ok || answer.refusal.code)
    assert.ok(codes.length > 0 && codes.length < 30 && codes.every(code => code === 'overloaded'), codes.join())
    world.journal.resume()
    await settle()
    assert.equal(reads.length, 30)
    ask()
    await world.accepted(world.dispatch(callOf()))
    assert.deepEqual(
      reads.slice(30).map(({ ok }) => ok),
      [true, true],
    )
  })

  test('has given the region to another process, the host says so and sends everybody away', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    const log = await world.log()
    await world.journal.acquire(REGION)
    const answer = world.dispatch(callOf())
    await settle()
    assert.deepEqual(world.fenced, [REGION])
    assert.equal(answer.outcome?.ok, false)
    assert.deepEqual(crew.closes, [4503])
    assert.equal(world.host.region, null)
    assert.deepEqual(await world.log(), log)
    await world.advance(10_000)
    assert.equal(world.host.region, null)
  })

  test('has given the region to another process, a fix finds that out as well', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    await world.advance(1_000)
    await world.journal.acquire(REGION)
    world.fixAt(crew, 200)
    await settle()
    assert.deepEqual(world.fenced, [REGION])
  })
})

describe('letting go', () => {
  test('a region that is rebuilt while the host closes stays closed', async () => {
    await open()
    world.journal.failNext('rejected')
    world.dispatch(callOf())
    await settle()
    assert.equal(world.host.region, null)
    world.journal.stall()
    await world.advance(100)
    await world.host.close()
    world.journal.resume()
    await settle()
    assert.equal(world.host.region, null)
    assert.deepEqual(world.machine.delays, [])
  })

  test('a snapshot holds only what is durable, though deadlines come while it is prepared', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    const tripId = await world.call()
    await world.advance(14_000)
    world.journal.stall()
    world.fixAt(crew, 200)
    await world.advance(500)
    const closing = world.host.close()
    const late = world.dispatch(callOf())
    // The offer's deadline comes; its record has to wait, while the segment gets through.
    world.journal.failNext('unavailable')
    await world.advance(500)
    world.journal.resume()
    await settle()
    await world.advance(1_000)
    await closing
    await world.start()
    assert.equal(await world.refused(late), 'unavailable')
    assert.equal((await world.events('OfferTimedOut')).length, 1)
    assert.equal((await world.trip(tripId)).phase, 'pending')
  })

  test('while away, and after closing, the host answers unavailable and turns sessions away', async () => {
    await open()
    await world.import(['A1'])
    const closing = world.host.close()
    await world.advance(1_000)
    await closing
    assert.equal(await world.refused(world.dispatch(callOf())), 'unavailable')
    const crew = world.connect('A1')
    assert.deepEqual([crew.last('error')[1], crew.closes], ['unavailable', [4503]])
    assert.deepEqual(world.machine.delays, [])
  })
})
