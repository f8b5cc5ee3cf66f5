/** The devices of this deployment, for its administrators. */

import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import { DEVICE_CHANGES, Devices, deviceView, NEW_DEVICE } from '../../access/devices.ts'
import { DEVICE_ROLES, DeviceStore } from '../../access/tables/device-table.ts'
import { RevocationStore } from '../../access/tables/revocation-table.ts'
import { keptUnits, SHOWN_UNITS } from '../../access/units.ts'
import { REGION_ID } from '../../domain/ids.ts'
import { moment, unitId } from '../../protocol/schema-parts.ts'
import type { Audit } from '../../store/audit/audit.ts'
import {
  auditedFor,
  type ChangePorts,
  changeAt,
  changeOnce,
  etag,
  listed,
  PAGE_QUERY,
  type Page,
  pageOf,
  tagged,
} from '../changes.ts'
import { type HttpReply, json, problem, shownOnce } from '../http.ts'
import type { Limiter } from '../limits/limiter.ts'
import { notFound } from '../refusals.ts'
import { type Asked, guarded, type Nothing, type Route } from '../route.ts'

export interface DevicePorts extends ChangePorts {
  readonly audit: Pick<Audit, 'append'>
  readonly limiter: Pick<Limiter, 'takeMore'>
}

const PARAMS = z.object({ id: z.string() })
const DEVICE = z
  .object({
    ...{ id: z.string(), name: z.string(), role: z.enum(DEVICE_ROLES), region: z.string().regex(REGION_ID) },
    ...{ unit: unitId.nullable(), units: SHOWN_UNITS, disabled: z.boolean(), version: z.int() },
    ...{ createdAtMs: moment, changedAtMs: moment, lastUsedAtMs: moment.nullable() },
  })
  .meta({ id: 'Device' }) satisfies z.ZodType<ReturnType<typeof deviceView>>
const ONCE = 'Shown once; null in a repeated answer.'

export const DEVICE_ROUTES: readonly Route<DevicePorts>[] = [
  guarded({
    method: 'get',
    pattern: '/v1/devices',
    action: 'manage-devices',
    summary: 'Lists devices',
    header: 'If-None-Match',
    query: PAGE_QUERY,
    reply: { 200: pageOf(DEVICE) },
    handle: listDevices,
  }),
  guarded({
    method: 'post',
    pattern: '/v1/devices',
    action: 'manage-devices',
    summary: 'Makes a device and its key',
    header: 'Idempotency-Key',
    body: NEW_DEVICE,
    reply: { 201: DEVICE.extend({ key: z.string().nullable().describe(ONCE) }) },
    handle: postDevice,
  }),
  guarded({
    method: 'get',
    pattern: '/v1/devices/:id',
    action: 'manage-devices',
    summary: 'Shows a device',
    header: 'If-None-Match',
    params: PARAMS,
    reply: { 200: DEVICE },
    refusals: ['not-found'],
    handle: getDevice,
  }),
  guarded({
    method: 'patch',
    pattern: '/v1/devices/:id',
    action: 'manage-devices',
    summary: 'Changes a device, and ends its sessions where it may do less',
    header: 'If-Match',
    params: PARAMS,
    body: DEVICE_CHANGES,
    reply: { 200: DEVICE },
    refusals: ['not-found'],
    handle: patchDevice,
  }),
]

function listDevices(
  ports: DevicePorts,
  asked: Asked<Nothing, typeof PAGE_QUERY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const read = async (page: Page) => (await new DeviceStore(ports.database).list(page)).map(deviceView)
  return listed(ports, asked, caller, read, device => device.id)
}

async function getDevice({ database }: DevicePorts, asked: Asked<typeof PARAMS>): Promise<HttpReply> {
  const params = asked.readParams()
  const device = params.ok ? await new DeviceStore(database).find(params.value.id) : undefined
  return device === undefined ? problem(notFound(asked.path)) : tagged(asked, deviceView(device))
}

async function postDevice(
  ports: DevicePorts,
  asked: Asked<Nothing, Nothing, typeof NEW_DEVICE>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const body = await asked.readBody()
  if (!body.ok) return problem(body.refusal)
  const units = keptUnits('feed', body.value.role === 'feed', body.value.units)
  if (!units.ok) return problem(units.refusal)
  const wanted = { ...body.value, units: units.value }
  return changeOnce(ports, asked, caller, null, async transaction => {
    const added = await devicesOf(ports).add(transaction, wanted, auditedFor(ports, asked, caller))
    if (!added.ok) return problem(added.refusal)
    const { key } = added.value
    const device = deviceView(added.value.device)
    const headers = { Location: `/v1/devices/${device.id}`, ETag: etag(device.version) }
    return shownOnce(201, device, { key }, headers)
  })
}

async function patchDevice(
  ports: DevicePorts,
  asked: Asked<typeof PARAMS, Nothing, typeof DEVICE_CHANGES>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const body = await asked.readBody()
  if (!body.ok) return problem(body.refusal)
  return changeAt(
    ports,
    asked,
    async transaction => {
      const params = asked.readParams()
      return params.ok ? new DeviceStore(transaction).hold(params.value.id) : undefined
    },
    async (transaction, current) => {
      const audit = auditedFor(ports, asked, caller)
      const { units: sent, ...others } = body.value
      const units = sent === undefined ? null : keptUnits('feed', current.role === 'feed', sent)
      if (units !== null && !units.ok) return problem(units.refusal)
      const changes = units === null ? others : { ...others, units: units.value }
      const changed = await devicesOf(ports).change(transaction, current, changes, audit)
      if (!changed.ok) return problem(changed.refusal)
      return json(200, deviceView(changed.value), { ETag: etag(changed.value.version) })
    },
  )
}

function devicesOf({ database, wallClock }: DevicePorts): Devices {
  return new Devices({ revocations: new RevocationStore(database, wallClock), wallClock })
}
