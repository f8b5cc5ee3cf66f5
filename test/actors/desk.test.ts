/** The desk as a fold: its queue and its finder follow the states, and matching serves the queue in its order. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Desk } from '../../src/actors/region/desk.ts'
import { Quarantine } from '../../src/actors/region/quarantine.ts'
import { RegionPolicy } from '../../src/actors/region/region-policy.ts'
import { RegionRoads } from '../../src/actors/region/region-roads.ts'
import { Turn } from '../../src/actors/region/turn.ts'
import { type Presence, verdictOn } from '../../src/domain/dispatch/eligibility.ts'
import type { Need } from '../../src/domain/events/call-events.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import { distanceM } from '../../src/domain/geo.ts'
import type { TripState } from '../../src/domain/trip/trip.ts'
import { LEVELS_OF_CARE, PRIORITIES, type Priority } from '../../src/domain/vocabulary.ts'
import { Finder } from '../../src/finder/finder.ts'
import { START_MS, World } from '../support/given-when-then.ts'
import {
  accepted,
  available,
  called,
  cancelled,
  closed,
  declined,
  onDuty,
  PLACE,
  policyOf,
  registered,
  signedOn,
  unavailable,
} from '../support/scenario.ts'

const policy = new RegionPolicy(policyOf('offered'), { graceMs: spanMs => spanMs })
const quarantine = new Quarantine()

/** A desk beside the states that it folds, committing each record as the region does. */
class Room {
  readonly world = new World()
  readonly finder = new Finder()
  readonly placed = new Map<string, Presence>()
  readonly desk: Desk
  searches = 0
  #offers = 0

  constructor() {
    this.desk = new Desk({
      finder: this.finder,
      policy,
      roads: new RegionRoads({ policy, timeZone: () => 'UTC', zones: () => [] }),
      quarantine,
      driver: unitId => this.world.drivers.get(unitId),
      nowMs: () => this.world.nowMs,
      presence: unitId => this.placed.get(unitId) ?? { disconnectedSinceMs: null, fix: null },
      newId: () => `O-${++this.#offers}`,
      onSearch: () => this.searches++,
      monotonicMs: () => 0,
    })
  }

  place(unitId: string, northM: number): void {
    const at = { lonDeg: PLACE.lonDeg, latDeg: PLACE.latDeg + northM / 111_195 }
    const fix = { ...at, seq: 1, streamId: 's', fixedAtMs: START_MS, accuracyM: null, speedMps: null, headingDeg: null }
    this.placed.set(unitId, { disconnectedSinceMs: null, fix })
    const driver = this.world.drivers.get(unitId)
    if (driver !== undefined) this.desk.placeUnit(driver, fix)
  }

  /** One turn: the events (none: the desk is asked by itself), then matching, then the fold; answers the record. */
  run(events: readonly DomainEvent[], match = true): DomainEvent[] {
    const { world } = this
    const committed = {
      driver: (id: string) => world.drivers.get(id),
      trip: (id: string) => world.trips.get(id),
      call: (id: string) => world.calls.get(id),
      region: () => undefined,
    }
    const turn = new Turn(committed, quarantine, world.nowMs, world.position + 1)
    turn.record(events)
    turn.deskAsked = events.length === 0
    if (match) this.desk.match(turn)
    const before = new Map(world.drivers)
    world.record(turn.events, turn.nowMs)
    for (const id of turn.drivers.keys()) {
      this.desk.onDriver(before.get(id), world.driver(id), this.placed.get(id)?.fix ?? null)
    }
    for (const id of turn.trips.keys()) this.desk.onTrip(world.trip(id))
    return turn.events
  }
}

const offersIn = (events: readonly DomainEvent[]) =>
  events.flatMap(event => (event.type === 'OfferMade' ? [`${event.tripId}>${event.unitId}`] : []))

test('the queue is what a count of the pending trips gives, after any history', () => {
  const step = fc.tuple(
    fc.constantFrom('call', 'decline', 'accept', 'close', 'cancel', 'match'),
    fc.nat(30),
    fc.constantFrom(...PRIORITIES),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), steps => {
      const room = new Room()
      const { world } = room
      for (const unit of ['A1', 'A2', 'A3']) {
        room.place(unit, 100)
        room.run(onDuty(unit))
      }
      for (const [i, [kind, pick, priority]] of steps.entries()) {
        const trips = [...world.trips.values()]
        const trip = trips[pick % Math.max(1, trips.length)]
        const { tripId, offer, unitId } = trip ?? { tripId: '', offer: null, unitId: null }
        if (kind === 'call') room.run(called([`T-${i}`], undefined, priority))
        else if (kind === 'match') room.run([])
        else if (trip === undefined) continue
        else if (kind === 'decline' && offer !== null) room.run([declined(tripId, offer.unitId, offer.offerId)])
        else if (kind === 'accept' && offer !== null) room.run([accepted(tripId, offer.unitId, offer.offerId)])
        else if (kind === 'close' && trip.phase === 'assigned') room.run([closed(tripId, unitId!)])
        else if (kind === 'cancel' && !['closed', 'cancelled'].includes(trip.phase)) {
          room.run([cancelled(tripId, offer?.unitId ?? unitId)])
        }
        const pending = [...world.trips.values()].filter(({ phase }) => phase === 'pending')
        assert.equal(
          room.desk.pendingByPriority().reduce((sum, [, count]) => sum + count, 0),
          pending.length,
        )
        assert.deepEqual(
          room.desk.pendingByPriority(),
          PRIORITIES.map(p => [p, pending.filter(waiting => waiting.priority === p).length]),
        )
        const free = [...world.drivers.values()].filter(({ status }) => status === 'available').map(d => d.unitId)
        const found = room.finder.nearest({ ...PLACE, k: 10, levels: ['als'] }).map(unit => unit.unitId)
        assert.deepEqual(found.sort(), free.sort())
        for (const { tripId, asked } of pending) {
          const idle = free.filter(unitId => !asked.includes(unitId))
          assert.deepEqual(idle, [], `${tripId} waits beside them`)
        }
      }
    }),
    { numRuns: 100 },
  )
})

test('trips are served in the order of the queue', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PRIORITIES), { minLength: 2, maxLength: 12 }), priorities => {
      const room = new Room()
      for (const [i, priority] of priorities.entries()) room.run(called([`T-${i}`], undefined, priority), false)
      const order = [...room.world.trips.values()]
        // None has waited for as long as a step of ageing.
        .sort((a, b) => a.priority - b.priority || a.createdPosition - b.createdPosition)
        .map(trip => trip.tripId)
      for (let i = 0; i < priorities.length; i++) room.place(`A${i}`, 100 + i)
      const events = room.run(
        priorities.flatMap((_, i) => onDuty(`A${i}`)),
        false,
      )
      assert.deepEqual(offersIn(events), [])
      assert.deepEqual(
        offersIn(room.run([])),
        order.map((tripId, i) => `${tripId}>A${i}`),
      )
    }),
    { numRuns: 50 },
  )
})

describe('trips of one rank', () => {
  const levelOfCare = fc.constantFrom(...LEVELS_OF_CARE)
  const capabilities = fc.subarray(['bariatric', 'neonatal'])
  /** As a unit, whether it carries; as a need, whether it must be carried. */
  const transport = fc.boolean()
  const kind = fc.record({ levelOfCare, transport, capabilities })
  const kinds = fc.array(kind, { minLength: 1, maxLength: 6 })
  const shuffledIds = fc.shuffledSubarray(['T-a', 'T-b', 'T-c', 'T-d', 'T-e', 'T-f'], { minLength: 6, maxLength: 6 })

  /** A call with these needs, over units that are all free; answers what was offered, and the trips' places among the needs. */
  function served(units: readonly Need[], needs: readonly Need[], ids: readonly string[]) {
    const room = new Room()
    for (const [i, unit] of units.entries()) {
      room.place(`A${i}`, 100 * (i + 1))
      const { transport: transports, ...rest } = unit
      room.run([{ ...registered(`A${i}`), ...rest, transports } as DomainEvent, signedOn(`A${i}`)], false)
    }
    const tripIds = needs.map((_, i) => ids[i]!)
    const entered = called(tripIds, 'C-1').map(event =>
      event.type === 'TripCreated' ? { ...event, need: needs[tripIds.indexOf(event.tripId)]! } : event,
    )
    return offersIn(room.run(entered)).map(offer => {
      const [tripId, unitId] = offer.split('>') as [string, string]
      return { need: tripIds.indexOf(tripId), unit: Number(unitId.slice(1)) }
    })
  }
  const canServe = (unit: Need, need: Need) =>
    LEVELS_OF_CARE.indexOf(unit.levelOfCare) >= LEVELS_OF_CARE.indexOf(need.levelOfCare) &&
    (unit.transport !== false || need.transport === false) &&
    need.capabilities.every(each => unit.capabilities.includes(each))

  test('are served by how few units can serve their need, then in the order of the needs, whatever their ids', () => {
    fc.assert(
      fc.property(kinds, kinds, shuffledIds, (units, needs, ids) => {
        const servers = (need: number) => units.filter(unit => canServe(unit, needs[need]!)).length
        const order = needs.map((_, i) => i).sort((a, b) => servers(a) - servers(b) || a - b)
        const free = new Set(units.keys())
        const expected = order.flatMap(need => {
          const unit = [...free].find(each => canServe(units[each]!, needs[need]!))
          if (unit === undefined) return []
          free.delete(unit)
          return [{ need, unit }]
        })
        assert.deepEqual(served(units, needs, ids), expected)
      }),
      { numRuns: 300 },
    )
  })

  /** The most needs that units can serve, by trying everything. */
  function most(units: readonly Need[], needs: readonly Need[]): number {
    const [first, ...rest] = needs
    if (first === undefined) return 0
    const without = most(units, rest)
    const withIt = units.flatMap((unit, i) => (canServe(unit, first) ? [1 + most(units.toSpliced(i, 1), rest)] : []))
    return Math.max(without, ...withIt)
  }

  test('that differ by level of care alone: as many are served as could be at all', () => {
    const plain = fc.array(fc.record({ levelOfCare, transport: fc.constant(true), capabilities: fc.constant([]) }), {
      minLength: 1,
      maxLength: 5,
    })
    fc.assert(
      fc.property(plain, plain, shuffledIds, (units, needs, ids) => {
        assert.equal(served(units, needs, ids).length, most(units, needs))
      }),
      { numRuns: 200 },
    )
  })

  test('of two calls the older one goes first, whatever their ids, also over a unit that was taken before them', () => {
    const room = new Room()
    for (const [i, unit] of ['A1', 'A2'].entries()) {
      room.place(unit, 100 * (i + 1))
      room.run(onDuty(unit), false)
    }
    for (const tripId of ['T-9', 'T-5', 'T-1']) room.run(called([tripId]), false)
    assert.deepEqual(offersIn(room.run([])), ['T-9>A1', 'T-5>A2'])
  })
})

test('a unit that the same turn frees is found, and one that it binds is not', () => {
  const room = new Room()
  room.place('A1', 100)
  room.run(onDuty('A1'))
  assert.deepEqual(offersIn(room.run(called(['T-1']))), ['T-1>A1'])
  room.run(called(['T-2']))
  room.run(called(['T-3']))
  const record = room.run([declined('T-1', 'A1', 'O-1')])
  assert.deepEqual(offersIn(record), ['T-2>A1'])
})

test('a turn that throws while it matches leaves the search as it was', () => {
  const room = new Room()
  room.place('A1', 100)
  room.run([...onDuty('A1'), unavailable('A1')])
  room.run(called(['T-1']))
  const original = room.placed.get('A1')!
  const back = available('A1')
  let looked = 0
  Object.defineProperty(original, 'disconnectedSinceMs', {
    get() {
      looked++
      throw new Error('a mistake')
    },
  })
  assert.throws(() => room.run([back]), /a mistake/)
  assert.equal(looked, 1)
  assert.deepEqual(room.finder.nearest({ ...PLACE, k: 9, levels: ['als'] }), [])
  room.place('A1', 100)
  assert.deepEqual(offersIn(room.run([back])), ['T-1>A1'])
})

describe('a match with a long queue', () => {
  const calledFor = (tripId: string, levelOfCare: 'bls' | 'cct'): DomainEvent[] =>
    called([tripId]).map(event =>
      event.type === 'TripCreated' ? { ...event, need: { levelOfCare, capabilities: [] } } : event,
    )
  const searchesOf = (room: Room, run: () => unknown): number => {
    const before = room.searches
    run()
    return room.searches - before
  }

  test('searches for no need that nobody could serve, once for one that nobody may serve now, and says so for every trip', () => {
    const room = new Room()
    for (let i = 0; i < 20; i++) room.run(calledFor(`T-${i}`, i % 2 === 0 ? 'bls' : 'cct'), false)
    assert.equal(
      searchesOf(room, () => room.run([])),
      0,
    )
    const unplaced = new Room()
    unplaced.run(onDuty('A1'))
    for (let i = 0; i < 20; i++) unplaced.run(calledFor(`T-${i}`, i % 2 === 0 ? 'bls' : 'cct'), false)
    assert.equal(
      searchesOf(unplaced, () => unplaced.run([])),
      1,
    )
    assert.ok([...room.world.trips.values()].every(({ alarms }) => alarms.includes('no-eligible-unit')))
    // An ALS unit comes on duty: it serves the first of one need, and is looked for for no other.
    room.run([registered('A1')], false)
    room.place('A1', 100)
    let record: DomainEvent[] = []
    assert.equal(
      searchesOf(room, () => {
        record = room.run([signedOn('A1')])
      }),
      1,
    )
    assert.deepEqual(offersIn(record), ['T-0>A1'])
  })

  test('searches for nobody when a unit comes free that none of them may have', () => {
    const room = new Room()
    room.place('A1', 100)
    room.run(onDuty('A1'))
    for (let i = 0; i < 20; i++) room.run(calledFor(`T-${i}`, 'cct'))
    assert.equal(
      searchesOf(room, () => {
        room.run([unavailable('A1')])
        room.run([available('A1')])
      }),
      0,
    )
  })

  test('searches for nobody while units report what does not free them', () => {
    const room = new Room()
    room.place('A1', 100)
    room.run(onDuty('A1'))
    for (let i = 0; i < 20; i++) room.run(called([`T-${i}`]))
    room.run([unavailable('A1')])
    room.run(onDuty('A2'))
    const hole = { type: 'FixHoleRecorded', v: 1, entity: 'driver/A2', unitId: 'A2' } as const
    assert.equal(
      searchesOf(room, () => room.run([{ ...hole, streamId: 's', fromSeq: 1, toSeq: 2 }])),
      0,
    )
  })

  test('searches for nobody for a capability that no free unit has', () => {
    const room = new Room()
    room.place('A1', 100)
    room.place('A2', 200)
    const withBariatric = onDuty('A2').map(event =>
      event.type === 'UnitRegistered' ? { ...event, capabilities: ['bariatric'] } : event,
    )
    room.run([...onDuty('A1'), ...withBariatric, unavailable('A2')])
    const needing = called(['T-1']).map(event =>
      event.type === 'TripCreated'
        ? { ...event, need: { levelOfCare: 'bls', capabilities: ['bariatric'] } as const }
        : event,
    )
    assert.equal(
      searchesOf(room, () => room.run(needing)),
      0,
    )
    assert.deepEqual(room.world.trip('T-1').alarms, ['no-eligible-unit'])
    assert.deepEqual(offersIn(room.run([available('A2')])), ['T-1>A2'])
    assert.deepEqual(offersIn(room.run([declined('T-1', 'A2', 'O-1')])), [])
  })

  test('does not take a unit that one trip has asked for one that no trip may ask', () => {
    const room = new Room()
    room.place('A1', 100)
    room.run(onDuty('A1'))
    assert.deepEqual(offersIn(room.run(called(['T-0']))), ['T-0>A1'])
    room.run(called(['T-1']))
    room.run(called(['T-2']))
    // T-0 goes first in the queue and has asked A1 in this round; T-1 has not.
    assert.deepEqual(offersIn(room.run([declined('T-0', 'A1', 'O-1')])), ['T-1>A1'])
    assert.deepEqual(offersIn(room.run([declined('T-1', 'A1', 'O-2')])), ['T-2>A1'])
    assert.equal(
      searchesOf(room, () => room.run(called(['T-3']))),
      0,
    )
  })
})

test('in one round no unit is asked twice for a trip', () => {
  const room = new Room()
  const units = ['A1', 'A2', 'A3']
  for (const [i, unit] of units.entries()) {
    room.place(unit, 100 * (i + 1))
    room.run(onDuty(unit))
  }
  let made = offersIn(room.run(called(['T-1'], undefined, 1 as Priority)))
  const asked: string[] = []
  while (made.length > 0) {
    const { unitId, offerId } = room.world.trip('T-1').offer!
    asked.push(unitId)
    made = offersIn(room.run([declined('T-1', unitId, offerId)]))
  }
  assert.deepEqual(asked, units)
  assert.deepEqual(room.world.trip('T-1').alarms, ['round-exhausted'])
})

describe('a decision', () => {
  const UNITS = Array.from({ length: 16 }, (_, i) => `A${i + 1}`)
  const levelOfCare = fc.constantFrom(...LEVELS_OF_CARE)
  const capabilities = fc.subarray(['bariatric'])
  const unit = fc.record({
    levelOfCare,
    capabilities,
    status: fc.constantFrom('available', 'available', 'unavailable', 'off-duty'),
    where: fc.constantFrom('here', 'here', 'nowhere', 'lost', 'gone'),
  })
  const POLICY = policyOf('offered')
  const GRACE_MS = policy.disconnectGraceMs
  const AGE_MS = { here: 0, gone: 0, nowhere: 0, lost: POLICY.lostAfterMs } as const

  /** What the record should have, by a look at each unit. */
  function expected(room: Room, trip: TripState, asked: readonly string[], nowMs: number) {
    const excluded: Partial<Record<string, number>> = {}
    const eligible: { unitId: string; far: number }[] = []
    const passed: { unitId: string; far: number; reason: string }[] = []
    for (const driver of room.world.drivers.values()) {
      const presence = room.placed.get(driver.unitId)!
      const { reason } = verdictOn(driver, presence, trip.need, { number: 1, asked }, POLICY, GRACE_MS, nowMs)
      if (reason === 'off-duty') continue
      const { unitId } = driver
      const far = presence.fix === null ? null : distanceM(trip, presence.fix)
      if (reason === null) eligible.push({ unitId, far: far! })
      else {
        excluded[reason] = (excluded[reason] ?? 0) + 1
        if (far !== null) passed.push({ unitId, far, reason })
      }
    }
    const nearest = (a: { far: number }, b: { far: number }) => a.far - b.far
    // Where nobody could go, whom a dispatcher can call goes, and then who was seen somewhere.
    const despite = ['disconnected', 'position-lost'].find(reason => passed.some(unit => unit.reason === reason))
    const resorts = passed.filter(({ reason }) => eligible.length === 0 && reason === despite)
    const kept = [...eligible, ...resorts].sort(nearest).slice(0, POLICY.candidatesRecorded)
    const isKept = (unitId: string) => kept.some(unit => unit.unitId === unitId)
    const farthestM = kept.length < POLICY.candidatesRecorded ? Number.POSITIVE_INFINITY : kept.at(-1)!.far
    const named = passed.sort(nearest).filter(({ far, unitId }) => far <= farthestM && !isKept(unitId))
    return {
      ...{ excluded, eligible: eligible.length, candidates: kept.map(({ unitId }) => unitId) },
      ...(resorts.length > 0 ? { despite } : {}),
      passedOver: named.slice(0, 10).map(({ unitId, reason }) => [unitId, reason]),
    }
  }

  test('has every signed-on unit, also when it finds nobody, and names the nearest that it passes over', () => {
    let nobody = 0
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 16, size: 'max' }), levelOfCare, capabilities, (units, level, needed) => {
        const room = new Room()
        const { world } = room
        for (const [i, { status, where, ...fitness }] of units.entries()) {
          const unitId = UNITS[i]!
          // The ids do not follow the distances.
          room.place(unitId, 100 + 100 * ((i * 7) % 16))
          const { fix } = room.placed.get(unitId)!
          const placed = where === 'nowhere' ? null : { ...fix!, fixedAtMs: START_MS - AGE_MS[where] }
          const disconnectedSinceMs = where === 'gone' ? START_MS - GRACE_MS : null
          room.placed.set(unitId, { disconnectedSinceMs, fix: placed })
          const on = status === 'off-duty' ? [] : [signedOn(unitId)]
          const rests = status === 'unavailable' ? [unavailable(unitId)] : []
          room.run([{ ...registered(unitId), ...fitness } as DomainEvent, ...on, ...rests], false)
        }
        const need: Need = { levelOfCare: level, capabilities: needed }
        for (const tripId of ['T-1', 'T-2']) {
          const entered = called([tripId]).map(event => (event.type === 'TripCreated' ? { ...event, need } : event))
          const before = new Map(world.drivers)
          const record = room.run(entered)
          const decisive = record.find(event => event.type === 'OfferMade' || event.type === 'TripAlarmRaised')!
          assert.ok('decision' in decisive && decisive.decision !== undefined)
          const { candidates, excluded, eligible, passedOver, despite } = decisive.decision
          // What it saw is the units before it.
          const after = new Map(world.drivers)
          for (const [unitId, driver] of before) world.drivers.set(unitId, driver)
          const should = expected(room, world.trip(tripId), [], world.nowMs)
          for (const [unitId, driver] of after) world.drivers.set(unitId, driver)
          assert.deepEqual(
            {
              ...{ excluded, eligible, candidates: candidates.map(({ unitId }) => unitId) },
              ...(despite === undefined ? {} : { despite }),
              passedOver: passedOver!.map(({ unitId, reason }) => [unitId, reason]),
            },
            should,
          )
          assert.equal(decisive.type, should.candidates.length === 0 ? 'TripAlarmRaised' : 'OfferMade')
          if (should.candidates.length === 0) nobody += 1
        }
      }),
      { numRuns: 300 },
    )
    assert.ok(nobody > 20, `${nobody}`)
  })

  describe('over many units of which few may go', () => {
    const UNITS_MANY = 200
    const NEED: Need = { levelOfCare: 'bls', capabilities: ['bariatric'] }
    const enter = called(['T-1']).map(event => (event.type === 'TripCreated' ? { ...event, need: NEED } : event))
    /** The two that may go are the nearest, or the farthest; counts the units that searches look at. */
    function crowded(north: (i: number) => number) {
      const room = new Room()
      for (let i = 0; i < UNITS_MANY; i++) {
        const [unitId, capabilities] = [`A${i}`, i < 2 ? ['bariatric'] : []]
        room.place(unitId, north(i))
        room.run([{ ...registered(unitId), capabilities } as DomainEvent, signedOn(unitId)], false)
      }
      const search = room.finder.nearest.bind(room.finder)
      const visits: number[] = []
      room.finder.nearest = (query, instead) => {
        const { accept } = query
        if (accept === undefined) return search(query, instead)
        const at = visits.push(0) - 1
        return search({ ...query, accept: (...unit) => ++visits[at]! > 0 && accept(...unit) }, instead)
      }
      return { room, visits }
    }

    test('ends with the last of them, and not with the last unit', () => {
      const { room, visits } = crowded(i => 100 + i)
      assert.deepEqual(offersIn(room.run(enter)), ['T-1>A0'])
      // One search for those who may go, and one for the nearest who may not.
      assert.deepEqual(visits, [2, 12])
    })

    test('goes to the end for the desk, and for whoever asks why as far as it is told', () => {
      const { room } = crowded(i => 100 + UNITS_MANY - i)
      room.run(enter, false)
      const [lookout, trip, round] = [room.desk.look(), room.world.trip('T-1'), { number: 1, asked: [] }]
      const tally = lookout.tally(trip, round)
      assert.deepEqual(tally, { eligible: 2, excluded: { capability: UNITS_MANY - 2 } })
      const found = (most?: number) => lookout.choice(trip, round, most).candidates.map(({ unitId }) => unitId)
      assert.deepEqual([found(), found(UNITS_MANY), found(50)], [['A1', 'A0'], ['A1', 'A0'], []])
    })
  })

  test('of a long queue that finds nobody is on record once, not with each look', () => {
    const room = new Room()
    room.place('A1', 100)
    room.run(onDuty('A1'))
    const asked = room.run(called(['T-0']))
    assert.deepEqual(offersIn(asked), ['T-0>A1'])
    const waits = room.run(called(['T-1']))
    assert.equal(waits.filter(event => event.type === 'TripAlarmRaised').length, 1)
    for (let i = 0; i < 5; i++) assert.deepEqual(room.run([]), [])
  })
})
