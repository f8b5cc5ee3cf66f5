/** Whether a hospital takes patients now: the desk hears it by telephone, and says it for everybody. */
import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import { HOSPITAL_STATUS } from '../../protocol/reference.ts'
import { setHospitalStatus } from '../../store/reference/hospital-standing.ts'
import { getItem, nextVersion } from '../../store/reference/items.ts'
import { HOSPITALS } from '../../store/reference/kinds.ts'
import { auditedFor, changeAt, etag } from '../changes.ts'
import { REGION_QUERY } from '../guard.ts'
import { type HttpReply, json, problem } from '../http.ts'
import { notFound } from '../refusals.ts'
import { type Asked, guarded, type Route } from '../route.ts'
import { HOSPITAL_SHOWN } from './reference-kinds.ts'
import { knownRegion, onceKnown, type ReferencePorts } from './reference-work.ts'

const PARAMS = z.object({ id: z.string() })

export const HOSPITAL_STATUS_ROUTES: readonly Route<ReferencePorts>[] = [
  guarded({
    pattern: '/v1/hospitals/:id/status',
    method: 'put',
    action: 'set-hospital-status',
    summary: 'Says whether a hospital takes patients',
    params: PARAMS,
    query: REGION_QUERY,
    header: 'If-Match',
    body: HOSPITAL_STATUS,
    reply: { 200: HOSPITAL_SHOWN },
    refusals: ['wrong-region', 'unknown-region', 'not-found'],
    handle: putStatus,
  }),
]

async function putStatus(
  ports: ReferencePorts,
  asked: Asked<typeof PARAMS, typeof REGION_QUERY, typeof HOSPITAL_STATUS>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const body = await asked.readBody()
  if (!body.ok) return problem(body.refusal)
  const region = await knownRegion(ports, asked, caller)
  if (!region.ok) return problem(region.refusal)
  const params = asked.readParams()
  if (!params.ok) return problem(notFound(asked.path))
  const { id } = params.value
  const { status, note } = body.value
  let version = 0
  const reply = await changeAt(
    ports,
    asked,
    async transaction => {
      version = await nextVersion(transaction)
      return getItem(transaction, HOSPITALS, region.value, id)
    },
    async transaction => {
      const said = { status, note, atMs: ports.wallClock() }
      const was = await setHospitalStatus(transaction, region.value, id, said, version)
      const details = { status, note, was: was.status, wasNote: was.statusNote }
      const audit = auditedFor(ports, asked, caller)
      await audit(transaction, { action: 'hospital-status-set', region: region.value, subject: id, details })
      const now = (await getItem(transaction, HOSPITALS, region.value, id))!
      return json(200, now, { ETag: etag(now.version) })
    },
  )
  return onceKnown(ports, 'hospitals', reply)
}
