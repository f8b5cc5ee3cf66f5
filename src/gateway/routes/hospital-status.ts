/** Whether a hospital takes patients now: the desk hears it by telephone, and says it for everybody. */
import type { TokenClaims } from '../../access/claims.ts'
import { HOSPITAL_STATUS } from '../../protocol/reference.ts'
import { setHospitalStatus } from '../../store/reference/hospital-standing.ts'
import { REGION_QUERY } from '../guard.ts'
import { type HttpReply, problem } from '../http.ts'
import { guarded, type Route } from '../route.ts'
import { type AskedForOne, auditedChange, changeStored, ONE_PARAMS, storedReply } from './reference-change.ts'
import { HOSPITAL_SHOWN, hospital } from './reference-kinds.ts'
import type { ReferencePorts } from './reference-work.ts'

export const HOSPITAL_STATUS_ROUTES: readonly Route<ReferencePorts>[] = [
  guarded({
    pattern: '/v1/hospitals/:id/status',
    method: 'put',
    action: 'set-hospital-status',
    summary: 'Says whether a hospital takes patients',
    params: ONE_PARAMS,
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
  asked: AskedForOne<typeof HOSPITAL_STATUS>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const body = await asked.readBody()
  if (!body.ok) return problem(body.refusal)
  const { status, note } = body.value
  const work = { ports, asked, caller }
  return changeStored(hospital, work, async (transaction, current, version) => {
    const { region, hospitalId } = current
    const said = { status, note, atMs: ports.wallClock() }
    const was = await setHospitalStatus(transaction, region, hospitalId, said, version)
    const details = { status, note, was: was.status, wasNote: was.statusNote }
    await auditedChange(work, transaction, 'hospital-status-set', region, hospitalId, details)
    return storedReply(transaction, hospital.kind, region, current, 200)
  })
}
