/** Carries a command that came by HTTP to its region, under its Idempotency-Key, as a session does. */
import type { Outcome, RegionHandle } from '../../actors/region-handle.ts'
import type { Command } from '../../domain/commands.ts'
import { bodyHash } from '../../protocol/body-hash.ts'
import type { HttpCall } from '../http.ts'

/** Resolves with its outcome, once that may be told. */
export function carryOut(region: RegionHandle, command: Command, principal: string, call: HttpCall): Promise<Outcome> {
  const { idempotencyKey: commandId, traceparent } = call
  return new Promise(answer =>
    region.command({ commandId, principal, unitId: null, command, bodyHash: bodyHash(command), traceparent, answer }),
  )
}
