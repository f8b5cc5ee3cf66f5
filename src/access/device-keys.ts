/** Device keys, `ghd_<id>_<secret>`: what a feed or a tracker shows where a person shows a token. */

import { timingSafeEqual } from 'node:crypto'
import type { Result } from '../base/result.ts'
import type { Database } from '../store/postgres/database.ts'
import type { TokenClaims } from './claims.ts'
import { type Device, DeviceStore, hashOf } from './tables/device-table.ts'
import { TOKEN_INVALID } from './tokens.ts'

export const DEVICE_KEY_PREFIX = 'ghd_'
const DEVICE_KEY = /^ghd_([A-Za-z0-9]{12})_([A-Za-z0-9_-]{43})$/

/** Looks a key up. Errors: those of the database. */
export async function verifyDeviceKey(key: string, database: Database, nowMs: number): Promise<Result<TokenClaims>> {
  const [, id, secret] = DEVICE_KEY.exec(key) ?? []
  if (id === undefined || secret === undefined) return TOKEN_INVALID
  const devices = new DeviceStore(database)
  const found = await devices.withSecret(id)
  if (found === undefined || !timingSafeEqual(hashOf(secret), found.secretHash)) return TOKEN_INVALID
  if (found.device.disabled) return TOKEN_INVALID
  await devices.used(found.device, nowMs)
  return { ok: true, value: claimsOf(found.device, nowMs) }
}

function claimsOf({ id, role, region, unit, units }: Device, nowMs: number): TokenClaims {
  return { sub: deviceKeyOf(id), role, regions: [region], unit, units, sid: deviceKeyOf(id), authAtMs: nowMs }
}

/** A device's principal; no user's name has a colon. */
const deviceKeyOf = (id: string): string => `device:${id}`
