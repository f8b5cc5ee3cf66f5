/** What the judge finds where somebody is sent by road: wrong times, and who was left out although it is sooner. */
import { test } from 'node:test'
import { DriverLocation } from '../../../src/actors/driver/location.ts'
import type { EstimateReason } from '../../../src/domain/dispatch/travel-times.ts'
import type { Candidate, DecisionRecord } from '../../../src/domain/events/decision-record.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { Priority } from '../../../src/domain/vocabulary.ts'
import { START_MS } from '../../support/given-when-then.ts'
import { called, offered, onDuty } from '../../support/scenario.ts'
import { type Point, positionOf } from '../world/city.ts'
import type { Street } from '../world/streets.ts'
import { Court } from './court.ts'

const at = (x: number, y: number): Point => ({ xM: x * 200, yM: y * 200 })
/** From the scene: 30 s and 20 s to the east, and 5 s a block to the north, there and back. */
const STREETS: Street[] = [
  { from: at(0, 0), to: at(1, 0), roadClass: 'street', ms: 30_000, backMs: 40_000 },
  { from: at(1, 0), to: at(2, 0), roadClass: 'street', ms: 20_000, backMs: 20_000 },
  ...[0, 1, 2, 3, 4].map(y => ({ from: at(0, y), to: at(0, y + 1), roadClass: 'street', ms: 5_000, backMs: 5_000 })),
]

function placed(point: Point): DriverLocation {
  const location = new DriverLocation()
  const fix = { seq: 1, fixedAtMs: START_MS, accuracyM: null, speedMps: null, headingDeg: null }
  location.replay('s1', { ...positionOf(point), ...fix }, 0)
  return location
}

/** A1 stands a block to the east, 40 s away; B1 five blocks to the north, 25 s away; C1 a kilometre from any street. */
const LOCATIONS = { A1: placed(at(1, 0)), B1: placed(at(0, 5)), C1: placed(at(-5, 0)) }
const TURNOUT_MS = 30_000
const unit = (unitId: string, driveMs: number, estimated?: EstimateReason): Candidate => ({
  ...{ unitId, distanceM: unitId === 'C1' ? 1_000 : 200, etaMs: TURNOUT_MS + driveMs, turnoutMs: TURNOUT_MS },
  ...{ fixAgeMs: 0, levelOfCare: 'als', ...(estimated && { estimated }) },
})

/** At night, so without siren streets take their ordinary times. */
function court(decision: Partial<DecisionRecord>, priority: Priority = 3): Court {
  const before = new Court('offered', STREETS)
  before.commit(onDuty('A1'), onDuty('B1'), onDuty('C1'))
  before.commit(
    called(['T-1'], undefined, priority).map(event => ({ ...event, ...positionOf(at(0, 0)) }) as DomainEvent),
  )
  const offer = offered('T-1', decision.candidates![0]!.unitId, 'O-1')
  if (offer.type !== 'OfferMade') throw new Error('no offer')
  const made = { ...offer, decision: { ...offer.decision, basis: 'roads', roadsVersion: 1, ...decision } } as const
  before.judge.turned('engine-1', before.memory({ locations: LOCATIONS }), [made])
  return before
}

const OFF = unit('C1', 100_000, 'off-road')

test('times that are those of the streets, and everybody who is sooner, are right', () => {
  court({ candidates: [unit('B1', 25_000), unit('A1', 40_000), OFF] }).findsNot('soonest-goes')
  court({ candidates: [unit('B1', 25_000)], passedOver: [] }).findsNot('soonest-goes')
  const passedOver = [{ unitId: 'B1', distanceM: 1_000, etaMs: 55_000, turnoutMs: TURNOUT_MS, reason: 'busy' as const }]
  court({ candidates: [unit('A1', 40_000)], passedOver }).findsNot('soonest-goes')
})

test('times are those of the hour and of the siren that the policy says', () => {
  // By night, with siren: 0.75 times 1.28.
  court({ candidates: [unit('B1', 24_000), unit('A1', 38_400), OFF] }, 1).findsNot('soonest-goes')
  court({ candidates: [unit('B1', 25_000)] }, 1).findsAmongOthers(
    'soonest-goes',
    /has 25000 ms for B1, and it is 24000/,
  )
})

test('turnout and the age of a fix are parts of a time, each as the policy says', () => {
  const b1 = unit('B1', 25_000)
  court({ candidates: [{ ...b1, turnoutMs: 0 }] }).findsAmongOthers(
    'soonest-goes',
    /has 0 ms turnout for B1, and it is 30000/,
  )
  court({ candidates: [{ ...b1, etaMs: 62_000, unsureMs: 7_000 }] }).findsAmongOthers(
    'soonest-goes',
    /has 7000 ms for the age of the fix of B1, and it is 0 ms/,
  )
  court({ candidates: [unit('C1', 70_000, 'off-road')] }).findsAmongOthers(
    'soonest-goes',
    /70000 ms for C1, and it is 100000/,
  )
})

test('a unit with what is preferred may take the only place of a list, before one that is sooner', () => {
  const withIt: Candidate = { ...unit('A1', 40_000), preferred: ['neonatal'] }
  court({ candidates: [withIt], passedOver: [] }).findsNot('soonest-goes')
})

test('a time that is not that of the streets is found, and one of a unit that is on none', () => {
  court({ candidates: [unit('B1', 24_000)] }).findsAmongOthers(
    'soonest-goes',
    /has 24000 ms for B1, and it is 25000 to 25000/,
  )
  court({ candidates: [unit('B1', 25_000, 'not-reached')] }).findsAmongOthers(
    'soonest-goes',
    /B1 is not-reached, and it is on/,
  )
  court({ candidates: [unit('B1', 25_000), unit('C1', 70_000)] }).findsAmongOthers(
    'soonest-goes',
    /for C1, which is on none/,
  )
})

test('who is sooner than the last that is named, and is not named, is found', () => {
  court({ candidates: [unit('A1', 40_000)], passedOver: [] }).findsAmongOthers(
    'soonest-goes',
    /does not name B1, which is there after 55000 ms, and the last that it names after 70000 ms/,
  )
})
