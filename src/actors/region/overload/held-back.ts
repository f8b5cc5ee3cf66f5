/** What the sender of a frame that is held back is told: from where each of its streams is to go on. */
import type { Refusal } from '../../../base/refusal.ts'
import { BadFix, type SentFeedFix, type SentFix } from '../../../protocol/fix-frame.ts'
import type { SessionRequest } from '../../region-handle.ts'

const MESSAGE = 'More fixes come than the region can take; keep yours, and send them later from expectedSeq on.'

/** When its sender is to go on, and how fast it then gets on; absent while nobody knows. */
export interface HeldWhen {
  readonly retryAfterMs: number
  readonly fixesPerS?: number
}

/**
 * One refusal for all of a frame; null for what needs no answer: a mark is asked for again, and a hint's fix comes in its order.
 * A frame behind one that was held back names a later fix: of several answers for a stream the lowest counts.
 */
export function heldBack(request: SessionRequest, when: HeldWhen): Refusal | null {
  if (request.type === 'fix') {
    return refusal({ streamIndex: request.streamIndex, expectedSeq: seqOf(request.fixes[0]!), ...when })
  }
  if (request.type !== 'feed-fixes') return null
  const resume = new Map<number, number>()
  for (const fix of request.fixes) {
    const [channel, seq] = fix instanceof BadFix ? [fix.channel!, fix.seq] : fix
    if (seq < (resume.get(channel) ?? Number.POSITIVE_INFINITY)) resume.set(channel, seq)
  }
  const [first, ...others] = resume
  const [channel, expectedSeq] = first!
  return refusal({ channel, expectedSeq, ...(others.length > 0 && { others }), ...when })
}

const refusal = (details: Readonly<Record<string, unknown>>): Refusal => ({
  code: 'overloaded',
  message: MESSAGE,
  details,
})

const seqOf = (fix: SentFix | SentFeedFix): number => (fix instanceof BadFix ? fix.seq : fix[0])
