/** A unit that the service gives up. */

import { driverKey } from './entity.ts'
import type { DomainEvent } from './events.ts'
import type { DriverState } from './unit/driver.ts'

/** The service gave the unit up: its crew is signed off. Nothing while it has a trip or an offer, or stands down: that ends first. */
export function retireUnit(driver: DriverState, nowMs: number): DomainEvent[] {
  if (driver.retired === true || driver.work !== null || driver.standingDown !== undefined) return []
  const { unitId, crew } = driver
  const base = { v: 1, entity: driverKey(unitId), unitId } as const
  const retired: DomainEvent = { type: 'UnitRetired', ...base }
  if (crew === null) return [retired]
  return [{ type: 'CrewSignedOff', ...base, principal: crew, happenedAtMs: nowMs }, retired]
}
