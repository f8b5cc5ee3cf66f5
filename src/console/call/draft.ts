/** A call as it stands in the form, and what the engine is told of it. */
import type { CallChanges, LevelOfCare, NewCall, Priority } from '../../client/index.ts'

export interface Draft {
  readonly priority: Priority
  readonly problem: string
  readonly level: LevelOfCare
  readonly transport: boolean
  readonly count: number
  /** What the unit must have, as words. */
  readonly equipment: string
  readonly callerName: string
  readonly phone: string
  readonly address: string
  readonly notes: string
  /** When the caller reached the centre, as it was typed; empty: when the form was opened. */
  readonly received: string
  /** The number on the paper from which it is entered late. */
  readonly paperNo: string
}

export const EMPTY_DRAFT: Draft = {
  ...{ priority: 2, problem: '', level: 'als', transport: true, count: 1, equipment: '' },
  ...{ callerName: '', phone: '', address: '', notes: '', received: '', paperNo: '' },
}

const MOST_CAPABILITIES = 8

/** The words that the protocol takes; what is none is left out. */
export function capabilitiesOf({ equipment }: Pick<Draft, 'equipment'>): string[] {
  const words = equipment.toLowerCase().split(/[\s,;]+/)
  return [...new Set(words.filter(each => /^[a-z0-9-]{1,32}$/.test(each)))].slice(0, MOST_CAPABILITIES)
}

export function needOf(draft: Draft): NewCall['needs'][number] {
  return { levelOfCare: draft.level, transport: draft.transport, capabilities: capabilitiesOf(draft) }
}

export function saidProblem({ problem }: Pick<Draft, 'problem'>): string | null {
  return problem.trim() === '' ? null : problem.trim()
}

/** Null while nothing was said. */
export function saidDetails({ callerName, phone, address, notes }: Draft): NonNullable<CallChanges['details']> | null {
  const said = Object.entries({ callerName, phone, address, notes }).filter(([, text]) => text.trim() !== '')
  return said.length === 0 ? null : Object.fromEntries(said)
}
