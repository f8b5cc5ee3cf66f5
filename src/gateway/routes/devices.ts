/** The devices of this deployment, for its administrators. */
import { DeviceStore } from '../../store/devices.ts'
import { RevocationStore } from '../../store/revocations.ts'
import type { TokenClaims } from '../auth/claims.ts'
import { DEVICE_CHANGES, Devices, NEW_DEVICE } from '../auth/devices.ts'
import { auditedFor, changeAt, changeOnce, etag, listReply, page, tagged } from '../changes.ts'
import type { GatewayContext } from '../context.ts'
import { type HttpCall, type HttpReply, json, jsonBody, problem } from '../http.ts'
import { notFound } from '../refusals.ts'
import type { Route } from '../route.ts'

export const DEVICE_ROUTES: readonly Route[] = [
  { method: 'get', pattern: '/v1/devices', action: 'manage-devices', handle: listDevices },
  { method: 'post', pattern: '/v1/devices', action: 'manage-devices', handle: postDevice },
  { method: 'get', pattern: '/v1/devices/:id', action: 'manage-devices', handle: getDevice },
  { method: 'patch', pattern: '/v1/devices/:id', action: 'manage-devices', handle: patchDevice },
]

async function listDevices({ database }: GatewayContext, call: HttpCall): Promise<HttpReply> {
  const asked = page(call)
  if (!asked.ok) return problem(asked.refusal)
  const { limit, after } = asked.value
  const found = await new DeviceStore(database).list({ limit: limit + 1, after })
  return listReply(call, asked.value, found, device => device.id)
}

async function getDevice({ database }: GatewayContext, call: HttpCall): Promise<HttpReply> {
  const device = await new DeviceStore(database).find(call.parameters.id!)
  return device === undefined ? problem(notFound(call.path)) : tagged(call, device)
}

async function postDevice(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  const body = await jsonBody(call, NEW_DEVICE)
  if (!body.ok) return problem(body.refusal)
  return changeOnce(context, call, caller, async transaction => {
    const added = await devicesOf(context).add(transaction, body.value, auditedFor(context, call, caller))
    if (!added.ok) return problem(added.refusal)
    const { device, key } = added.value
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
      const changed = await devicesOf(context).change(transaction, current, body.value, audit)
      if (!changed.ok) return problem(changed.refusal)
      return json(200, changed.value, { ETag: etag(changed.value.version) })
    },
  )
}

function devicesOf({ database, wallClock }: GatewayContext): Devices {
  return new Devices({ revocations: new RevocationStore(database, wallClock), wallClock })
}
