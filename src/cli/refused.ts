/** Refusals that HTTP shares with the command line, in the words of whoever typed options. */

import type { Refusal } from '../base/refusal.ts'
import type { Result } from '../base/result.ts'

const OPTIONS: Readonly<Record<string, string>> = {
  region: '--region',
  regions: '--region',
  unit: '--unit',
  units: '--unit',
  role: '--role',
}

/** Errors: Error that says what was refused. */
export function orThrow<T>(step: Result<T>): T {
  if (!step.ok) throw new Error(inOptions(step.refusal))
  return step.value
}

/** A refusal of a field names it first, and ends with what to do with the request. */
function inOptions({ code, message }: Refusal): string {
  const [, field, problem] = /^`(\w+)` (.*); correct it and send the request again\.$/.exec(message) ?? []
  const option = code === 'invalid-field' ? OPTIONS[field ?? ''] : undefined
  if (option === undefined) return message
  const lookUp = option === '--region' ? '; list the regions with goldenhour region list' : ''
  return `${option} ${problem}${lookUp}.`
}
