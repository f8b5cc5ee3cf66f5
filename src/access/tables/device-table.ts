/** Programs and trackers that show a key of their own: feeds, and units without a crew's phone. */
import { createHash, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { customAlphabet } from 'nanoid'
import type { RegionId, UnitId } from '../../domain/ids.ts'
import type { Database } from '../../store/postgres/database.ts'

export const DEVICE_ROLES = ['feed', 'driver'] as const
export type DeviceRole = (typeof DEVICE_ROLES)[number]

export interface NewDevice {
  /** What people call it. */
  readonly name: string
  readonly role: DeviceRole
  readonly region: RegionId
  /** The unit a driver's device speaks for; null for a feed. */
  readonly unit: UnitId | null
  /** The units that a feed may attach; null: all of its region, and for a driver's device. */
  readonly units: readonly UnitId[] | null
}

export interface Device extends NewDevice {
  readonly id: string
  readonly disabled: boolean
  /** Raised with every change. */
  readonly version: number
  readonly createdAtMs: number
  readonly changedAtMs: number
  /** To the hour or so; null: never. */
  readonly lastUsedAtMs: number | null
}

/** What may change of a device; what is absent stays. */
export type DeviceChanges = Partial<Pick<Device, 'name' | 'disabled' | 'units'>>

const newDeviceId = customAlphabet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', 12)
const SECRET_BYTES = 32
/** How exactly a device's last use is known: a feed that reconnects often must not write each time. */
const USE_KNOWN_TO_MS = 3_600_000

const COLUMNS = [
  'id',
  'name',
  'role',
  'region',
  'unit',
  'units',
  'disabled',
  'version',
  'created_at_ms as createdAtMs',
  'changed_at_ms as changedAtMs',
  'last_used_at_ms as lastUsedAtMs',
] as const

export class DeviceStore {
  readonly #database: Database

  /** Input: a database, or the transaction that everything is to happen in. */
  constructor(database: Database) {
    this.#database = database
  }

  /** Output: the device, and its key, which nobody can read again. */
  async add(device: NewDevice, nowMs: number): Promise<{ readonly device: Device; readonly key: string }> {
    const id = newDeviceId()
    const secret = randomBytes(SECRET_BYTES).toString('base64url')
    const { name, role, region, unit, units } = device
    const added = await this.#database
      .insertInto('auth.devices')
      .values({
        id,
        name,
        role,
        region,
        unit,
        units: units === null ? null : [...units],
        secret_hash: hashOf(secret),
        created_at_ms: nowMs,
        changed_at_ms: nowMs,
      })
      .returning(COLUMNS)
      .executeTakeFirstOrThrow()
    return { device: added, key: `ghd_${id}_${secret}` }
  }

  find(id: string): Promise<Device | undefined> {
    return this.#database.selectFrom('auth.devices').select(COLUMNS).where('id', '=', id).executeTakeFirst()
  }

  /** As `find`; nobody else changes the device until the transaction ends. */
  hold(id: string): Promise<Device | undefined> {
    const device = this.#database.selectFrom('auth.devices').select(COLUMNS).where('id', '=', id)
    return device.forUpdate().executeTakeFirst()
  }

  /** By id, those after `after`; null from the start. */
  list({ limit, after }: { readonly limit: number; readonly after: string | null }): Promise<Device[]> {
    return this.#database
      .selectFrom('auth.devices')
      .select(COLUMNS)
      .where(sql`id COLLATE "C"`, '>', after ?? '')
      .orderBy(sql`id COLLATE "C"`)
      .limit(limit)
      .execute()
  }

  /** Input: the device exists. */
  change(id: string, { name, disabled, units }: DeviceChanges, nowMs: number): Promise<Device> {
    return this.#database
      .updateTable('auth.devices')
      .set({
        ...(name === undefined ? {} : { name }),
        ...(disabled === undefined ? {} : { disabled }),
        ...(units === undefined ? {} : { units: units === null ? null : [...units] }),
        version: sql`version + 1`,
        changed_at_ms: nowMs,
      })
      .where('id', '=', id)
      .returning(COLUMNS)
      .executeTakeFirstOrThrow()
  }

  /**
   * The device and the hash of its secret, for a check. Waits for a change under way: what begins by the check is then
   * either before the moment that the change ends everything until, or knows of the change.
   */
  async withSecret(id: string): Promise<{ readonly device: Device; readonly secretHash: Buffer } | undefined> {
    const row = await this.#database
      .selectFrom('auth.devices')
      .select([...COLUMNS, 'secret_hash as secretHash'])
      .where('id', '=', id)
      .forShare()
      .executeTakeFirst()
    if (row === undefined) return undefined
    const { secretHash, ...device } = row
    return { device, secretHash }
  }

  /** Notes that a device was used, at most once an hour. */
  async used(device: Device, nowMs: number): Promise<void> {
    if (device.lastUsedAtMs !== null && nowMs - device.lastUsedAtMs < USE_KNOWN_TO_MS) return
    await this.#database
      .updateTable('auth.devices')
      .set({ last_used_at_ms: nowMs })
      .where('id', '=', device.id)
      .execute()
  }
}

export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()
