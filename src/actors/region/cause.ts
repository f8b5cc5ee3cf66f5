/** Who caused a turn. */
import type { Principal } from '../../domain/ids.ts'

/** Who caused a turn, and under which id. */
export interface Origin {
  readonly principal: Principal
  readonly commandId: string | null
  readonly trace: string | null
  /** Set for client commands, whose outcome is kept under its id. */
  readonly bodyHash: string | null
}

/** In whose name the engine's own turns are recorded. */
const SYSTEM: Principal = 'system'

/** The person or program that caused a turn; null for the engine itself. */
export const causedBy = ({ principal }: Pick<Origin, 'principal'>): Principal | null =>
  principal === SYSTEM ? null : principal

/** A turn of the engine's own: a timer, an import, a unit that came back. */
export const bySystem = (commandId: string | null = null): Origin => ({
  principal: SYSTEM,
  commandId,
  trace: null,
  bodyHash: null,
})
