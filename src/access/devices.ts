/** Administration of devices, the same for HTTP and the command line: what may be, and what a change ends. */

import { z } from 'zod'
import { invalidField } from '../base/refusal.ts'
import type { Result } from '../base/result.ts'
import { REGION_ID, UNIT_ID } from '../domain/ids.ts'
import { orNull } from '../protocol/nullable.ts'
import { isLabel, labelMust } from '../protocol/text.ts'
import type { AuditChange } from '../store/audit/audit.ts'
import type { Database } from '../store/postgres/database.ts'
import { getItem } from '../store/reference/items.ts'
import { UNITS } from '../store/reference/kinds.ts'
import { getRegion } from '../store/reference/regions.ts'
import { DEVICE_ROLES, type Device, type DeviceChanges, DeviceStore, type NewDevice } from './tables/device-table.ts'
import type { RevocationStore } from './tables/revocation-table.ts'
import { sentUnits, shownUnits } from './units.ts'

export const NAME_CHARS = 80
const UNITS_MAX = 1_000

const matching = (pattern: RegExp, error: string) => z.string({ error }).regex(pattern, { error })
const name = z
  .string({ error: labelMust(NAME_CHARS) })
  .refine(text => isLabel(text, NAME_CHARS), { error: labelMust(NAME_CHARS) })
const region = matching(REGION_ID, 'must be 1 to 16 characters of a-z 0-9')
const unit = matching(UNIT_ID, 'must be 1 to 32 characters of A-Z a-z 0-9 . _ -')
const units = sentUnits(UNITS_MAX)

export const NEW_DEVICE = z.strictObject({
  name,
  role: z.enum(DEVICE_ROLES, { error: `must be one of ${DEVICE_ROLES.join(', ')}` }),
  region,
  unit: orNull(unit).default(null),
  units: units.optional(),
})

export const DEVICE_CHANGES = z.strictObject({
  name: name.optional(),
  units: units.optional(),
  disabled: z.boolean({ error: 'must be true or false' }).optional(),
})

interface DeviceParts {
  readonly revocations: Pick<RevocationStore, 'revoke'>
  readonly wallClock: () => number
}

export class Devices {
  readonly #parts: DeviceParts

  constructor(parts: DeviceParts) {
    this.#parts = parts
  }

  /** Output: the device, and its key, which nobody can read again. Refusal: `invalid-field`. */
  async add(
    transaction: Database,
    device: NewDevice,
    audit: AuditChange,
  ): Promise<Result<{ readonly device: Device; readonly key: string }>> {
    const refusal = await newDeviceRefusal(transaction, device)
    if (refusal !== null) return { ok: false, refusal }
    const added = await new DeviceStore(transaction).add(device, this.#parts.wallClock())
    const { id, name, role, region, unit, units } = added.device
    await audit(transaction, { action: 'device-created', region, subject: id, details: { name, role, unit, units } })
    return { ok: true, value: added }
  }

  /**
   * Changes a device, and ends its sessions when it is disabled or its units change: what a session may do was settled
   * when it began. Call `hold` before, in the same transaction. Refusal: `invalid-field`.
   */
  async change(
    transaction: Database,
    current: Device,
    changes: DeviceChanges,
    audit: AuditChange,
  ): Promise<Result<Device>> {
    if (current.role === 'driver' && (changes.units ?? null) !== null) {
      return { ok: false, refusal: invalidField('units', 'must be null, except for a feed') }
    }
    const value = await new DeviceStore(transaction).change(current.id, changes, this.#parts.wallClock())
    if (changes.disabled === true || changes.units !== undefined) {
      await this.#parts.revocations.revoke(transaction, 'device', current.id)
    }
    const { id: subject, region } = current
    await audit(transaction, { action: 'device-changed', region, subject, details: { ...changes } })
    return { ok: true, value }
  }
}

/** The device as its administrators see it. */
export function deviceView(device: Device) {
  return { ...device, units: shownUnits(device.role === 'feed', device.units) }
}

async function newDeviceRefusal(transaction: Database, { role, region, unit, units }: NewDevice) {
  if (role === 'driver' && unit === null) return invalidField('unit', 'must name the unit that a driver speaks for')
  if (role !== 'driver' && unit !== null) return invalidField('unit', 'must be null, except for a driver')
  if (role !== 'feed' && units !== null) return invalidField('units', 'must be null, except for a feed')
  if ((await getRegion(transaction, region)) === undefined) {
    return invalidField('region', `names ${region}, which does not exist`)
  }
  // A feed may be told of units before they are imported; a driver's device is of no use without its unit.
  if (unit !== null && (await getItem(transaction, UNITS, region, unit)) === undefined) {
    return invalidField('unit', `names ${unit}, which region ${region} does not have`)
  }
  return null
}
