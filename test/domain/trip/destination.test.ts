/** Where a trip's patient is brought. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { nameDestination } from '../../../src/domain/trip/destination.ts'
import { wayOf } from '../../../src/domain/trip/way.ts'
import { given, on, type World } from '../../support/given-when-then.ts'
import * as scenario from '../../support/scenario.ts'

const GENERAL = { hospitalId: 'general', name: 'General Hospital', lonDeg: 174.77, latDeg: -36.86 }
const CHILDREN = { hospitalId: 'children', name: "Children's", lonDeg: 174.78, latDeg: -36.87 }
const HOSPITALS = [GENERAL, CHILDREN]

const waiting = () => given(scenario.onDuty('A1'), scenario.onDuty('A2'), scenario.called(['T-1'])).world
const taken = (unitId: string): DomainEvent[] => [
  scenario.offered('T-1', unitId, `O-${unitId}`),
  scenario.accepted('T-1', unitId, `O-${unitId}`),
]
const withPatient = (unitId: string) => [...taken(unitId), scenario.reached('T-1', unitId, 'transporting')]

const says = (hospitalId: string | null, crewOf: string | null) => (world: World) => {
  const hospital = hospitalId === null ? null : HOSPITALS.find(each => each.hospitalId === hospitalId)
  return nameDestination(world.trip('T-1'), { type: 'name-destination', tripId: 'T-1', hospitalId }, hospital, crewOf)
}

describe('the destination of a trip', () => {
  test('is named by its crew or by the desk, and the record says who, and where the hospital was then', () => {
    const { hospitalId, ...place } = GENERAL
    const told = { type: 'DestinationNamed', unitId: 'A1', hospitalId, place } as const
    on(waiting(), taken('A1'))
      .when(says('general', 'A1'))
      .thenEvents({ ...told, cause: 'driver' })
    const after = on(waiting(), taken('A1'))
      .when(says('general', null))
      .thenEvents({ ...told, cause: 'dispatcher' })
    assert.deepEqual(after.trip('T-1').destination, GENERAL)
  })

  test('may be named while nobody has the trip, and whoever gets it goes there', () => {
    const named = on(waiting(), []).when(says('general', null)).thenEvents({ type: 'DestinationNamed', unitId: null })
    const after = on(named, withPatient('A1')).world
    const { lonDeg, latDeg } = GENERAL
    assert.deepEqual(wayOf(after.trip('T-1'))!.goal, { lonDeg, latDeg })
  })

  test('stays when the unit is withdrawn', () => {
    const named = on(waiting(), taken('A1')).when(says('general', 'A1')).thenEvents({ type: 'DestinationNamed' })
    const withdrawn = { ...scenario.withdrawn('T-1', 'A1') } as DomainEvent
    assert.deepEqual(on(named, [withdrawn]).world.trip('T-1').destination, GENERAL)
  })

  test('is what was named last, and is recorded once', () => {
    const named = on(waiting(), withPatient('A1')).when(says('general', null)).thenEvents({ type: 'DestinationNamed' })
    on(named).when(says('general', 'A1')).thenEvents()
    const other = on(named)
      .when(says('children', 'A1'))
      .thenEvents({ type: 'DestinationNamed', hospitalId: 'children' })
    assert.deepEqual(other.trip('T-1').destination, CHILDREN)
    const none = on(other)
      .when(says(null, null))
      .thenEvents({ type: 'DestinationNamed', hospitalId: null, place: null })
    assert.equal(none.trip('T-1').destination, null)
    assert.equal(wayOf(none.trip('T-1'))!.goal, null)
    on(none).when(says(null, null)).thenEvents()
  })

  test('is no matter of another crew, of a hospital that nobody knows, or of a trip that has ended', () => {
    on(waiting(), taken('A1')).when(says('general', 'A2')).thenRefused('not-your-trip')
    on(waiting(), []).when(says('general', 'A2')).thenRefused('not-your-trip')
    on(waiting(), taken('A1')).when(says('nowhere', null)).thenRefused('unknown-hospital')
    const closed = { ...scenario.closed('T-1', 'A1') } as DomainEvent
    on(waiting(), [...withPatient('A1'), closed])
      .when(says('general', null))
      .thenRefused('wrong-phase')
  })
})
