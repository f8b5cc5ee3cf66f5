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

/** A turn of the engine's own: a timer, an import, a unit that came back. */
export const bySystem = (commandId: string | null = null): Origin => ({
  principal: 'system',
  commandId,
  trace: null,
  bodyHash: null,
})
