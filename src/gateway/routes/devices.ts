/** The devices of this deployment, for its administrators. */

import type { TokenClaims } from '../../access/claims.ts'
import { DEVICE_CHANGES, Devices, deviceView, NEW_DEVICE } from '../../access/devices.ts'
import { DeviceStore } from '../../access/tables/device-table.ts'
import { RevocationStore } from '../../access/tables/revocation-table.ts'
import { keptUnits } from '../../access/units.ts'
import { notFound } from '../../base/refusal.ts'
import { auditedFor, changeAt, changeOnce, etag, listReply, page, tagged } from '../changes.ts'
import type { GatewayContext } from '../context.ts'
import { type HttpCall, type HttpReply, json, jsonBody, problem } from '../http.ts'
import type { Route } from '../route.ts'

export const DEVICE_ROUTES: readonly Route[] = [
  { method: 'get', pattern: '/v1/devices', action: 'manage-devices', handle: listDevices },
  { method: 'post', pattern: '/v1/devices', action: 'manage-devices', handle: postDevice },
  { method: 'get', pattern: '/v1/devices/:id', action: 'manage-devices', handle: getDevice },
  { method: 'patch', pattern: '/v1/devices/:id', action: 'manage-devices', handle: patchDevice },
]

async function listDevices(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  const { database } = context
  const asked = page(context, call, caller)
  if (!asked.ok) return problem(asked.refusal)
  const { limit, after } = asked.value
  const found = await new DeviceStore(database).list({ limit: limit + 1, after })
  return listReply(call, asked.value, found.map(deviceView), device => device.id)
}

async function getDevice({ database }: GatewayContext, call: HttpCall): Promise<HttpReply> {
  const device = await new DeviceStore(database).find(call.parameters.id!)
  return device === undefined ? problem(notFound(call.path)) : tagged(call, deviceView(device))
}

async function postDevice(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  const body = await jsonBody(call, NEW_DEVICE)
  if (!body.ok) return problem(body.refusal)
  const units = keptUnits('feed', body.value.role === 'feed', body.value.units)
  if (!units.ok) return problem(units.refusal)
  const wanted = { ...body.value, units: units.value }
  return changeOnce(context, call, caller, null, async transaction => {
    const added = await devicesOf(context).add(transaction, wanted, auditedFor(context, call, caller))
    if (!added.ok) return problem(added.refusal)
    const { key } = added.value
    const device = deviceView(added.value.device)
    const headers = { Location: `/v1/devices/${device.id}`, ETag: etag(device.version) }
    // Shown to the first answer only: what is kept for repetitions lies in the database.
    return { ...json(201, { ...device, key }, headers), repeatedBody: JSON.stringify({ ...device, key: null }) }
  })
}

async function patchDevice(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  const body = await jsonBody(call, DEVICE_CHANGES)
  if (!body.ok) return problem(body.refusal)
  return changeAt(
    context,
    call,
    transaction => new DeviceStore(transaction).hold(call.parameters.id!),
    async (transaction, current) => {
      const audit = auditedFor(context, call, caller)
      const { units: sent, ...others } = body.value
      const units = sent === undefined ? null : keptUnits('feed', current.role === 'feed', sent)
      if (units !== null && !units.ok) return problem(units.refusal)
      const changes = units === null ? others : { ...others, units: units.value }
      const changed = await devicesOf(context).change(transaction, current, changes, audit)
      if (!changed.ok) return problem(changed.refusal)
      return json(200, deviceView(changed.value), { ETag: etag(changed.value.version) })
    },
  )
}

function devicesOf({ database, wallClock }: GatewayContext): Devices {
  return new Devices({ revocations: new RevocationStore(database, wallClock), wallClock })
}
