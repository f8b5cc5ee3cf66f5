/** What the judge finds about what consoles and crews are shown, and about what must have come right in the end. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { DriverLocation } from '../../../src/actors/driver/location.ts'
import { driverView, NO_TEXTS, tripView, unitView } from '../../../src/actors/region/views.ts'
import { tripKey } from '../../../src/domain/entity.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { alike, DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import { crewOnWire, tripOnWire, unitOnWire } from '../../../src/protocol/encode.ts'
import type { NearestUnit } from '../../../src/protocol/wire/answer-views.ts'
import type { DriverView } from '../../../src/protocol/wire/situation-views.ts'
import type { TileUnit } from '../../../src/protocol/wire/tile-tuples.ts'
import { START_MS } from '../../support/given-when-then.ts'
import { called, onDuty, policyOf, reached, untilAssigned, untilOffered } from '../../support/scenario.ts'
import type { ClientStanding, Picture } from '../world/parts.ts'
import { Court, fixOf, type Party } from './court.ts'
import { RULES } from './rules.ts'

const TILE = '12/4036/2499'
const tileUnit = (status: TileUnit[6]): TileUnit => ['A1', 1, 2, 0, null, null, status, 'als']
const noUnit = (tripId: string): DomainEvent => ({
  type: 'TripAlarmRaised',
  v: 1,
  entity: tripKey(tripId),
  ...{ tripId, alarm: 'no-eligible-unit', unitId: null, severity: 1 },
})

const HERE = { disconnectedSinceMs: null, fix: null, isFed: false, graceMs: 0, clockAheadMs: null }

/** What A1's crew is told of it and its trip, as the court's log has them. */
function viewOf(court: Court): DriverView {
  const { world } = court
  const unit = world.driver('A1')
  const trip = unit.work === null ? undefined : world.trip(unit.work.tripId)
  const shown = unitView(unit, HERE, START_MS, DEFAULT_POLICY)
  const call = trip && world.call(trip.callId)
  return crewOnWire(driverView(unit, shown, trip === undefined ? null : tripView(trip, call, NO_TEXTS), DEFAULT_POLICY))
}

function boardOf(court: Court) {
  const trips = [...court.world.trips.values()].map(trip => tripOnWire(tripView(trip, undefined, NO_TEXTS)))
  const units = [...court.world.drivers.values()].map(unit =>
    unitOnWire(unitView(unit, HERE, START_MS, DEFAULT_POLICY)),
  )
  return { trips, units }
}

/** A desk that watches the board from a snapshot at position 4 on. */
function watching(): { court: Court; desk: Party } {
  const court = new Court()
  court.commit(...untilAssigned())
  const desk = court.desk()
  desk.sends(['watch-board', 'q-1', null])
  desk.hears(['reply', 'q-1', 4, { mode: 'snapshot', position: 4 }])
  const { trips, units } = boardOf(court)
  desk.hears(['board', 4, 0, 1, trips, units, []])
  return { court, desk }
}

describe('a crew', () => {
  test('that is told of its unit and trip as the log has them is told right', () => {
    const court = new Court()
    court.commit(...untilAssigned())
    const crew = court.driver('A1')
    crew.isWelcome({ driver: viewOf(court) })
    crew.hears(['unit-state', 4, viewOf(court)])
    court.findsNothing()
  })

  test('that is told what the log has not is found', () => {
    const court = new Court()
    court.commit(...untilAssigned())
    const { unit, trip, cadenceMs } = viewOf(court)
    court.driver('A1').hears(['unit-state', 4, { unit, trip: { ...trip!, phase: 'en-route' }, cadenceMs }])
    court.finds('told-as-logged', /told trip T-1 with phase "en-route" at position 4, where the log has "assigned"/)
  })

  test('is told the personal data of the call once it is bound, and nobody else of the unit ever is', () => {
    const details = { callerName: 'the caller', phone: null, address: null, notes: null }
    const told = (sub: string, records: DomainEvent[][]) => {
      const court = new Court()
      court.commit(records[0]!)
      court.record(records[1]!, { callDetails: { callId: 'C-1', details } })
      court.commit(...records.slice(2))
      const { unit, trip, cadenceMs } = viewOf(court)
      const crew = court.driver('A1', [], sub)
      crew.hears(['unit-state', court.ends.logEnd, { unit, trip: { ...trip!, details }, cadenceMs }])
      return court
    }
    told('crew of A1', untilAssigned()).findsNothing()
    const kept = /with details \{"callerName":"the caller".*where the log has null/
    told('crew of A1', untilOffered()).finds('told-as-logged', kept)
    told('another crew', untilAssigned()).finds('told-as-logged', kept)
  })

  test('that is told what is not durable is found', () => {
    const court = new Court()
    court.commit(...untilAssigned())
    court.driver('A1').hears(['unit-state', 4, viewOf(court)], { logEnd: 3, segmentEnd: 0 })
    court.finds('no-reply-before-durable', /unit-state of position 4 when the log ended at 3/)
  })
})

describe('a board', () => {
  test('that goes on from its snapshot record by record is right', () => {
    const { court, desk } = watching()
    for (const tripId of ['T-2', 'T-3']) {
      const position = court.record(called([tripId]))
      desk.hears(['board-events', position, court.world.nowMs, called([tripId]), null])
    }
    court.findsNothing()
  })

  test('that leaves out a record is found', () => {
    const { court, desk } = watching()
    court.commit(called(['T-2']), called(['T-3']))
    desk.hears(['board-events', 6, court.world.nowMs, called(['T-3']), null])
    court.finds('board-without-gap', /desk-1 \(wire 1\): the record at position 6 follows position 4/)
  })

  test('that hears other events than the log has is found', () => {
    const { court, desk } = watching()
    court.commit(called(['T-2']))
    desk.hears(['board-events', 5, court.world.nowMs, called(['T-9']), null])
    court.finds('board-without-gap', /position 5 was told as .*T-9.*, and the log has .*T-2/)
  })

  test('that goes on from where its client was is held to that', () => {
    const court = new Court()
    court.commit(...untilAssigned())
    const desk = court.desk()
    desk.sends(['watch-board', 'q-1', 2])
    desk.hears(['reply', 'q-1', 4, { mode: 'events', position: 4 }])
    desk.hears(['board-events', 4, court.world.nowMs, untilAssigned()[3]!, null])
    court.finds('board-without-gap', /position 4 follows position 2/)
  })

  test('whose snapshot lacks a trip is found', () => {
    const court = new Court()
    court.commit(...untilAssigned())
    const desk = court.desk()
    desk.hears(['board', 4, 0, 1, [], boardOf(court).units, []])
    court.finds('told-as-logged', /a board without trip\/T-1 at position 4/)
  })

  test('that comes in parts which do not fit is found', () => {
    const court = new Court()
    court.commit(...untilAssigned())
    const desk = court.desk()
    const { trips, units } = boardOf(court)
    desk.hears(['board', 4, 0, 3, trips, units, []])
    desk.hears(['board', 4, 2, 3, [], [], []])
    court.finds('board-without-gap', /part 2 of the board at position 4 follows part 0 at 4/)
  })
})

describe('a tile', () => {
  test('whose frames are numbered on is right, also when a snapshot stands between', () => {
    const court = new Court()
    court.commit(onDuty('A1'))
    const desk = court.desk()
    desk.sends(['watch-tiles', 'q-1', [[TILE, null, null]]])
    desk.hears(['tile-moves', TILE, 90, START_MS, [tileUnit('available')], []])
    desk.hears(['tile', TILE, 's', 3, START_MS, [tileUnit('available')]])
    desk.hears(['tile-moves', TILE, 4, START_MS, [tileUnit('available')], []])
    desk.hears(['tile', TILE, 't', 7, START_MS, []])
    desk.hears(['tile-moves', TILE, 8, START_MS, [], ['A1']])
    court.findsNothing()
  })

  test('of which a frame is left out is found', () => {
    const court = new Court()
    const desk = court.desk()
    desk.sends(['watch-tiles', 'q-1', [[TILE, 's', 3]]])
    desk.hears(['tile-moves', TILE, 5, START_MS, [], []])
    court.finds('tile-without-gap', /sent frame 5 of tile 12\/4036\/2499 \(stream s\) behind frame 3/)
  })

  test('that shows a status which is not durable is found', () => {
    const court = new Court()
    court.commit(...untilAssigned())
    const desk = court.desk()
    desk.hears(['tile-moves', TILE, 1, START_MS, [tileUnit('assigned')], []], { logEnd: 3, segmentEnd: 0 })
    court.finds(
      'no-reply-before-durable',
      /shown A1 as assigned, which it had never been by position 3; it was offered/,
    )
  })
})

test('an answer that calls a unit free which is not, or ranks wrongly, is found', () => {
  const court = new Court()
  court.commit(...untilAssigned(), onDuty('A2'))
  const desk = court.desk()
  const unit = { callSign: 'x', levelOfCare: 'als', fix: {} } as unknown as NearestUnit
  const answer = (id: string, units: NearestUnit[]) => {
    desk.sends(['nearest', id, 0, 0, 3, null])
    desk.hears(['reply', id, 5, { basis: 'straight-line', units }])
  }
  answer('q-1', [{ ...unit, unitId: 'A2', distanceM: 5 }])
  court.findsNothing()
  answer('q-2', [{ ...unit, unitId: 'A1', distanceM: 5 }])
  court.finds('told-as-logged', /told unit A1 as available at position 5, where the log has assigned/)
})

describe('in the end', () => {
  const picture = (changes: Partial<Picture> = {}): Picture => ({
    name: 'console-1',
    trips: new Map([['T-1', { phase: 'assigned', unitId: 'A1' }]]),
    units: new Map([['A1', { status: 'assigned' }]]),
    alarms: new Map(),
    zones: new Set(),
    places: null,
    ...changes,
  })

  /** A world in which A1, connected, works on T-1 and stands at its stored fix. */
  function calmCourt(): Court {
    const court = new Court()
    court.commit(...untilAssigned())
    const crew = court.driver('A1', [['s', 'gnss', 1]])
    crew.sends(['fix', 0, 0, fixOf(1)])
    court.nowMs += 5_000
    court.store('A1', 's', [fixOf(1)])
    court.nowMs += 30_000
    return court
  }

  test('a picture that shows what is there is right', async () => {
    const court = calmCourt()
    const [, , lonE7, latE7] = fixOf(1)
    const places = new Map([['A1', { lonE7, latE7, fixedAtMs: court.timeOf(fixOf(1)) }]])
    await court.isOver({ pictures: () => [picture({ places })] }, court.memory({ connected: ['A1'] }))
    court.findsNothing()
  })

  test('a picture of another trip, status or place is found', async () => {
    const ended = async (wrong: Partial<Picture>, text: RegExp) => {
      const court = calmCourt()
      await court.isOver({ pictures: () => [picture(wrong)] }, court.memory({ connected: ['A1'] }))
      court.finds('views-converge', text)
    }
    await ended({ trips: new Map() }, /console-1 shows no trip\/T-1, which is there/)
    const enRoute = new Map([['T-1', { phase: 'en-route', unitId: 'A1' }]])
    await ended({ trips: enRoute }, /shows trip T-1 as en-route with A1, which is assigned with A1/)
    await ended({ units: new Map([['A1', { status: 'offered' }]]) }, /shows unit A1 as offered, which is assigned/)
    const away = new Map([['A1', { lonE7: 5, latE7: 5, fixedAtMs: START_MS }]])
    await ended({ places: away }, /shows A1 at 5 5 of 1700000000000, and it is 1747600000 -368500000/)
    await ended({ places: new Map() }, /shows no place of A1, which is assigned with crew crew of A1, and has a place/)
  })

  test('a picture may lag by a moment', async () => {
    const lagging = async (byMs: number) => {
      const court = calmCourt()
      court.commit([reached('T-1', 'A1', 'en-route')])
      court.nowMs += byMs
      await court.isOver({ pictures: () => [picture()] }, court.memory({ connected: ['A1'] }))
      return court
    }
    const little = await lagging(1_000)
    little.findsNothing()
    const much = await lagging(10_000)
    much.finds('views-converge', /shows trip T-1 as assigned with A1, which is en-route with A1/)
  })

  test('a client that is not connected, or waits for answers, is found, unless it is away', async () => {
    const standing = {
      name: 'crew-1',
      isAway: false,
      isOpen: true,
      commandsUnanswered: 0,
      fixesNotDurable: 0,
      reportsFor: null,
    }
    const ended = async (changes: Partial<ClientStanding>) => {
      const court = calmCourt()
      const world = { standings: () => [{ ...standing, ...changes }] }
      await court.isOver(world, court.memory({ connected: ['A1'] }))
      return court
    }
    const away = await ended({ isAway: true, isOpen: false, commandsUnanswered: 2 })
    away.findsNothing()
    const lost = await ended({ isOpen: false })
    lost.finds('liveness-clients', /crew-1 is not connected/)
    const waiting = await ended({ commandsUnanswered: 2 })
    waiting.finds('liveness-clients', /crew-1 waits for 2 answers/)
  })

  test('a unit whose phone has the time and is not placed, or at another time, is found', async () => {
    const standing = { name: 'crew-1', isAway: false, isOpen: true, commandsUnanswered: 0, fixesNotDurable: 0 }
    const ended = async (fixedMs: number | null, changes: Partial<ClientStanding> = {}) => {
      const court = new Court()
      court.commit(onDuty('A1'))
      const location = new DriverLocation()
      const place = { lonDeg: 174.76, latDeg: -36.85, accuracyM: null, speedMps: null, headingDeg: null }
      if (fixedMs !== null) location.takePlaced({ streamId: 's', seq: 1, fixedAtMs: court.nowMs + fixedMs, ...place })
      const standings = () => [{ ...standing, reportsFor: 'A1', ...changes }]
      await court.isOver({ standings }, court.memory({ connected: ['A1'], locations: { A1: location } }))
      return court
    }
    for (const right of [await ended(-30_000), await ended(null, { isAway: true })]) right.findsNothing()
    const none = await ended(null)
    none.finds('placed-in-time', /A1, for which crew-1 reports, has no place/)
    const ahead = await ended(30_000)
    ahead.finds('placed-in-time', /has a place of -30000 ms ago/)
    const old = await ended(-61_000)
    old.finds('placed-in-time', /has a place of 61000 ms ago/)
  })

  test('a region that nobody serves, or of which something is not durable, is found', async () => {
    const court = calmCourt()
    await court.isOver({}, null)
    court.finds('liveness-owner', /nobody serves the region/)

    const behind = calmCourt()
    const memory = behind.memory({ connected: ['A1'], logHead: 5 })
    behind.judge.turned('engine-1', memory, [])
    behind.nowMs += 20_000
    await behind.isOver({}, null)
    behind.finds(
      'liveness-owner',
      /engine-1 has decided up to position 5, knows 4 to be durable, and the log ends at 4/,
    )
  })

  test('a region that in the end does not go by its newest policy is found', async () => {
    const court = calmCourt()
    court.policies.set(2, { ...court.policies.get(1)!, version: 2 })
    await court.isOver({}, court.memory({ connected: ['A1'], policyVersion: 1 }))
    court.finds('liveness-owner', /engine-1 goes by policy version 1, and 2 stands/)
  })

  test('a trip with a crew that nobody can reach is found', async () => {
    const court = calmCourt()
    await court.isOver()
    court.finds('liveness-trips', /trip T-1 is assigned \(version 4\), and A1 is not connected/)
  })

  test('a trip that waits without its alarm, or while a unit is free, is found', async () => {
    const waiting = (alarmed: boolean) => {
      const court = new Court()
      court.commit(onDuty('A1'), called(['T-1']), ...(alarmed ? [[noUnit('T-1')]] : []))
      court.nowMs += 30_000
      return court
    }
    const silent = waiting(false)
    await silent.isOver()
    silent.finds('liveness-trips', /trip T-1 is pending \(version 2\), and its alarms say nothing of that: none/)

    const nobody = waiting(true)
    await nobody.isOver()
    nobody.findsNothing()

    const free = waiting(true)
    const location = new DriverLocation()
    const place = { lonDeg: 174.76, latDeg: -36.85, accuracyM: null, speedMps: null, headingDeg: null }
    location.takePlaced({ streamId: 's', seq: 1, fixedAtMs: free.nowMs - 1_000, ...place })
    await free.isOver({}, free.memory({ connected: ['A1'], locations: { A1: location } }))
    free.finds('liveness-trips', /trip T-1 is pending \(version 3\), and A1 is free/)
  })

  test('a trip that waits without the help that its policy sends, while somebody could help, is found', async () => {
    const place = { lonDeg: 174.76, latDeg: -36.85, accuracyM: null, speedMps: null, headingDeg: null }
    const low = onDuty('A1').map(event =>
      event.type === 'UnitRegistered' ? { ...event, levelOfCare: 'first-responder' as const } : event,
    )
    for (const mode of ['wait', 'send-lower'] as const) {
      const court = new Court()
      court.policies.set(1, policyOf('offered', { whenNoneFree: alike(mode) }))
      court.commit(low, called(['T-1']), [noUnit('T-1')])
      court.nowMs += 30_000
      const location = new DriverLocation()
      location.takePlaced({ streamId: 's', seq: 1, fixedAtMs: court.nowMs - 1_000, ...place })
      await court.isOver({}, court.memory({ connected: ['A1'], locations: { A1: location } }))
      if (mode === 'wait') court.findsNothing()
      else court.finds('liveness-help', /trip T-1 waits without help, and A1 is free/)
    }
  })
})

test('every rule is broken by a test', () => {
  const tests = readdirSync(import.meta.dirname).filter(name => name.endsWith('.test.ts'))
  const text = tests.map(name => readFileSync(`${import.meta.dirname}/${name}`, 'utf8')).join('\n')
  const broken = (rule: string) => new RegExp(`finds(?:AmongOthers)?\\(\\s*'${rule}'`).test(text)
  assert.deepEqual(
    Object.keys(RULES).filter(rule => !broken(rule)),
    [],
  )
})
