/** What the judge finds of closed roads: engines that have others than the log, or some whose time is over, and times that ignore them. */
import { test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { START_MS } from '../../support/given-when-then.ts'
import { positionOf } from '../world/city.ts'
import { Court } from './court.ts'

const MIN = 60_000
const closed = (zoneId: string, untilAtMs: number | null = null): DomainEvent => ({
  ...{ type: 'RoadsRestricted', v: 1, entity: 'region/sim', regionId: 'sim', zoneId, kind: 'line' },
  points: [positionOf({ xM: 0, yM: 0 }), positionOf({ xM: 0, yM: 200 })],
  ...{ slowPercent: null, fromAtMs: START_MS, untilAtMs, reason: 'flood' },
})
const opened = (zoneId: string): DomainEvent => ({
  ...{ type: 'RoadsReopened', v: 1, entity: 'region/sim', regionId: 'sim', zoneId, cause: 'dispatcher' },
})

test('zones that the log has, and no other engine has, are right; so is one whose time is over and which is opened', async () => {
  const court = new Court()
  court.commit([closed('sim.a')], [closed('sim.b', START_MS + MIN)], [opened('sim.b')])
  court.nowMs = START_MS + 10 * MIN
  await court.isOver()
  court.findsNot('zones-true')
})

test('a zone that stands behind its time is found, one that is opened twice, and an engine that has another one', async () => {
  const late = new Court()
  late.commit([closed('sim.a', START_MS + MIN)])
  late.nowMs = START_MS + 10 * MIN
  await late.isOver()
  late.findsAmongOthers('zones-true', /sim.a still stands, 540000 ms behind its end/)

  const twice = new Court()
  twice.commit([closed('sim.a')], [opened('sim.a')], [opened('sim.a')])
  twice.findsAmongOthers('zones-true', /position 3 opens the roads of sim.a, which are not closed/)

  const other = new Court()
  other.commit([closed('sim.a')])
  const memory = other.memory()
  const wrong = { ...memory, states: Object.create(memory.states, { regionState: { value: { zones: [] } } }) }
  await other.isOver({}, wrong)
  other.findsAmongOthers('zones-true', /engine-1 has the zones , and the log sim.a/)
})
