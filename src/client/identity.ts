/** Who a client is to the server: what the kinds of client differ in before any message of theirs. */
import type { ClientMessage } from '../protocol/wire/client-tuples.ts'
import type { StreamDeclaration } from '../protocol/wire/fix-tuples.ts'

export interface Identity {
  readonly role: 'driver' | 'dispatcher' | 'supervisor' | 'feed'
  readonly unitId: string | null
  /** What a hello declares. */
  streams(): readonly StreamDeclaration[]
  /** A message that the server answers, for platforms that cannot ping. */
  probe(): ClientMessage
}
