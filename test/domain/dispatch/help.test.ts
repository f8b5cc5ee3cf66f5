/** Help: who goes at once on a trip of its own beside the right unit, when it ends, and what is lost with it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BY_STRAIGHT_LINE } from '../../../src/domain/dispatch/far.ts'
import {
  helpAdded,
  helpEnded,
  helpSearches,
  helpWithin,
  isHelpOver,
  lossOf,
  mayBeHelped,
  neededBy,
} from '../../../src/domain/dispatch/help.ts'
import { helpInWords, lossInWords } from '../../../src/domain/dispatch/words.ts'
import type { Need } from '../../../src/domain/events/call-events.ts'
import type { HelpReason } from '../../../src/domain/events/trip-events.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { alike, DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import { releaseTrip } from '../../../src/domain/release.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import type { ReportablePhase } from '../../../src/domain/vocabulary.ts'
import { World } from '../../support/given-when-then.ts'
import { accepted, called, cancelled, closed, offered, onDuty, reached } from '../../support/scenario.ts'

const ALS: Need = { levelOfCare: 'als', transport: true, capabilities: ['neonatal'] }
const by = (whenNoneFree: (typeof DEFAULT_POLICY.whenNoneFree)[1]) => ({ whenNoneFree: alike(whenNoneFree) })

/** T-1 needs an ALS ambulance, H-1 helps it; A1 is a unit for the one, A2 for the other. */
function yard(because: HelpReason = 'none-free'): World {
  const world = new World().record([...onDuty('A1'), ...onDuty('A2')])
  world.record(called(['T-1']).map(event => (event.type === 'TripCreated' ? { ...event, need: ALS } : event)))
  const [search] = helpSearches(world.trip('T-1'), by(because === 'none-free' ? 'send-lower' : 'nearest-trained'))
  return world.record([helpAdded(world.trip('T-1'), world.call('C-1'), 'H-1', search!)])
}
const assigned = (world: World, tripId: string, unitId: string) =>
  world.record([offered(tripId, unitId, `O-${unitId}`)]).record([accepted(tripId, unitId, `O-${unitId}`)])

describe('who is looked for', () => {
  const trip = (changes: Partial<TripState> = {}): TripState => {
    const world = new World().record(called(['T-1'])).trip('T-1')
    return { ...world, need: ALS, ...changes }
  }

  test('by `send-lower`: of the level itself, however equipped, then of each level below, while no unit is asked', () => {
    const searches = helpSearches(trip(), by('send-lower'))
    assert.deepEqual(
      searches.map(({ need, because }) => [need.levelOfCare, need.transport, need.capabilities.length, because]),
      [
        ['als', false, 0, 'none-free'],
        ['bls', false, 0, 'none-free'],
        ['first-responder', false, 0, 'none-free'],
      ],
    )
    assert.deepEqual(helpSearches(trip({ phase: 'offered' }), by('send-lower')), [])
    const onHold = { why: 'other', by: 'desk-1', sinceMs: 0 } as unknown as NonNullable<TripState['onHold']>
    assert.deepEqual(helpSearches(trip({ onHold }), by('send-lower')), [])
  })

  test('by `nearest-trained`: anybody, also while the right unit is asked', () => {
    for (const phase of ['pending', 'offered'] as const) {
      const [search, ...others] = helpSearches(trip({ phase }), by('nearest-trained'))
      assert.deepEqual(search, {
        need: { levelOfCare: 'first-responder', transport: false, capabilities: [] },
        because: 'nearest-trained',
      })
      assert.deepEqual(others, [])
    }
    assert.deepEqual(helpSearches(trip({ phase: 'assigned' }), by('nearest-trained')), [])
  })

  test('nobody where the policy waits, for a trip that is helped or helps, and where anybody is the right one', () => {
    assert.deepEqual(helpSearches(trip(), by('wait')), [])
    assert.equal(mayBeHelped(trip(), by('wait')), false)
    for (const changes of [{ helps: 'T-9' }, { helpedBy: 'T-9' }]) {
      assert.deepEqual(helpSearches(trip(changes), by('nearest-trained')), [])
      assert.equal(mayBeHelped(trip(changes), by('nearest-trained')), false)
    }
    const anybody: Need = { levelOfCare: 'first-responder', capabilities: [] }
    for (const mode of ['send-lower', 'nearest-trained'] as const) {
      assert.deepEqual(helpSearches(trip({ need: anybody }), by(mode)), [])
      assert.notDeepEqual(helpSearches(trip({ need: { ...anybody, transport: true } }), by(mode)), [])
    }
  })

  test('by priority: the most urgent get the nearest trained crew, the next a lower level, others wait', () => {
    assert.deepEqual(DEFAULT_POLICY.whenNoneFree, {
      1: 'nearest-trained',
      2: 'send-lower',
      3: 'wait',
      4: 'wait',
      5: 'wait',
    })
  })

  test('beside the right unit only who is there so much earlier, at the speed of the straight line', () => {
    const policy = { helpSavesMs: 90_000, straightLineSpeedMps: 10 }
    assert.equal(helpWithin(2_000, BY_STRAIGHT_LINE, policy), 1_100)
    assert.ok(helpWithin(900, BY_STRAIGHT_LINE, policy) <= 0)
    assert.equal(helpWithin(200_000, { basis: 'roads', roadsVersion: 1 }, policy), 110_000, 'by road the time itself')
  })
})

describe('a trip that helps', () => {
  test('is of the call of the other one, which goes on; both name each other', () => {
    const world = yard()
    const [help, helped] = [world.trip('H-1'), world.trip('T-1')]
    assert.deepEqual([help.helps, help.helpsBecause, help.helpedBy], ['T-1', 'none-free', undefined])
    assert.deepEqual([helped.helps, helped.helpedBy, helped.phase], [undefined, 'H-1', 'pending'])
    assert.deepEqual(world.call('C-1').tripIds, ['T-1', 'H-1'])
    assert.deepEqual(world.call('C-1').needs.at(-1), help.need)
    assert.deepEqual([help.priority, help.receivedAtMs, help.phase], [helped.priority, helped.receivedAtMs, 'pending'])
    assert.deepEqual(neededBy(world, help), ALS)
    assert.deepEqual(neededBy(world, helped), helped.need)
  })

  test('has the next number of its call', () => {
    const world = new World().record(called(['T-1']))
    const call = { ...world.call('C-1'), incidentNo: '2026-000007' }
    const search = { need: ALS, because: 'none-free' } as const
    assert.equal(helpAdded(world.trip('T-1'), call, 'H-1', search).responseNo, '2026-000007-2')
  })

  test('is made once', () => {
    const world = yard()
    assert.throws(() =>
      world.record([helpAdded(world.trip('T-1'), world.call('C-1'), 'H-2', { need: ALS, because: 'none-free' })]),
    )
    assert.throws(() =>
      world.record([helpAdded(world.trip('T-1'), world.call('C-1'), 'H-1', { need: ALS, because: 'none-free' })]),
    )
  })

  test('does not ask in its first round who was asked for the other one in its round', () => {
    const world = new World().record(called(['T-1']))
    const trip = { ...world.trip('T-1'), asked: ['A7'] }
    world.record([helpAdded(trip, world.call('C-1'), 'H-1', { need: ALS, because: 'none-free' })])
    assert.deepEqual([world.trip('H-1').asked, world.trip('H-1').round], [['A7'], 1])
  })

  test('stays one after it was held and released', () => {
    const world = yard('nearest-trained')
    for (const tripId of ['H-1', 'T-1']) {
      const before = world.trip(tripId)
      const decision = releaseTrip(before, world.call('C-1'), null, 'pending')
      assert.ok(decision.ok)
      const { helps, helpsBecause, helpedBy } = world.record(decision.events).trip(tripId)
      assert.deepEqual({ helps, helpsBecause, helpedBy }, { ...pick(before) })
    }
  })
  const pick = ({ helps, helpsBecause, helpedBy }: TripState) => ({ helps, helpsBecause, helpedBy })
})

describe('help is over', () => {
  const isOver = (world: World) => isHelpOver(world.trip('H-1'), world.trip('T-1'))

  test('once the right unit is at the scene, unless the helper is there already', () => {
    const phases: ReportablePhase[] = ['en-route', 'on-scene', 'at-patient', 'transporting']
    for (const phase of phases) {
      const world = assigned(assigned(yard(), 'H-1', 'A2'), 'T-1', 'A1').record([reached('T-1', 'A1', phase)])
      assert.equal(isOver(world), phase !== 'en-route', phase)
      assert.equal(isOver(world.record([reached('H-1', 'A2', 'on-scene')])), false, phase)
    }
  })

  test('once the other trip has ended, wherever the helper is on its way', () => {
    for (const end of [cancelled('T-1', 'A1'), closed('T-1', 'A1')]) {
      assert.equal(isOver(assigned(yard(), 'T-1', 'A1').record([end])), true)
      assert.equal(isOver(assigned(assigned(yard(), 'H-1', 'A2'), 'T-1', 'A1').record([end])), true)
    }
  })

  test('once the right unit has acknowledged, where nobody has come to help a trip for which only nobody was free', () => {
    assert.equal(isOver(yard()), false)
    assert.equal(isOver(assigned(yard(), 'T-1', 'A1')), true)
    assert.equal(isOver(assigned(yard('nearest-trained'), 'T-1', 'A1')), false)
    assert.equal(isOver(assigned(assigned(yard(), 'H-1', 'A2'), 'T-1', 'A1')), false)
  })

  test('by a cancellation of the system, which sets its unit free and ends the trip once', () => {
    const world = assigned(assigned(yard(), 'H-1', 'A2'), 'T-1', 'A1').record([reached('T-1', 'A1', 'on-scene')])
    world.record([helpEnded(world.trip('H-1'))])
    const { phase, cancelReason } = world.trip('H-1')
    assert.deepEqual([phase, cancelReason, world.driver('A2').status], ['cancelled', 'no-longer-needed', 'available'])
    assert.equal(isOver(world), false)
  })
})

describe('what is lost with a unit', () => {
  const unit = { levelOfCare: 'als', transports: true, capabilities: ['neonatal'] } as const

  test('is nothing where it fits, and else its care, transport and capabilities, each by itself', () => {
    assert.equal(lossOf(unit, ALS), null)
    assert.equal(lossOf({ ...unit, levelOfCare: 'cct' }, ALS), null)
    assert.deepEqual(lossOf({ ...unit, levelOfCare: 'bls' }, ALS), {
      care: { needed: 'als', sent: 'bls' },
      transport: false,
      capabilities: [],
    })
    assert.deepEqual(lossOf({ ...unit, transports: false, capabilities: [] }, ALS), {
      care: null,
      transport: true,
      capabilities: ['neonatal'],
    })
    assert.equal(lossOf({ ...unit, transports: false }, { ...ALS, transport: false }), null)
  })

  test('is said in words, with why there is a trip that helps', () => {
    const loss = { care: { needed: 'als', sent: 'bls' }, transport: true, capabilities: ['neonatal'] } as const
    assert.equal(lossInWords(loss), 'Lost with it: care (bls instead of als), transport, neonatal.')
    assert.equal(
      helpInWords(yard().trip('H-1')),
      'Trip H-1 helps, as nobody of what trip T-1 needs was free; it is pending. It has no unit.',
    )
    const world = assigned(yard('nearest-trained'), 'H-1', 'A2')
    assert.equal(
      helpInWords({ ...world.trip('H-1'), loss }),
      'Trip H-1 helps, as the nearest trained crew goes at once beside the right one of trip T-1; it is assigned. A2 is on it. ' +
        'Lost with it: care (bls instead of als), transport, neonatal.',
    )
  })

  test('stands on the trip while it has that unit, or asks it', () => {
    const loss = { care: null, transport: true, capabilities: [] } as const
    const made = offered('T-1', 'A1', 'O-1')
    assert.ok(made.type === 'OfferMade')
    const world = yard().record([{ ...made, decision: { ...made.decision, loss } }])
    assert.deepEqual(world.trip('T-1').loss, loss)
    assert.deepEqual(world.record([accepted('T-1', 'A1', 'O-1')]).trip('T-1').loss, loss)
    world.record([{ ...cancelled('T-1', 'A1'), type: 'UnitWithdrawn', unitId: 'A1', reason: 'other' } as DomainEvent])
    assert.equal(world.trip('T-1').loss, null)
  })
})
