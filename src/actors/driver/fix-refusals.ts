/** What a client is told of a fix that was not taken: why, and from which fix on to send again. */
import type { Refusal } from '../../base/refusal.ts'
import type { Stream } from './location.ts'

/** Makes the refusal of a fix that was not taken; `where` names its stream or channel to the client. */
export type FixRefusal = (stream: Stream, where: Readonly<Record<string, number>>) => Refusal

export const gap: FixRefusal = (stream, where) => {
  const expectedSeq = stream.receivedSeq + 1
  const message = `Fix ${expectedSeq} of this stream is missing; send the fixes from ${expectedSeq} on, in order.`
  return { code: 'fix-gap', message, details: { ...where, expectedSeq } }
}

export const impossibleTime: FixRefusal = (stream, where) => {
  const message = 'The time of this fix lies outside every calendar; check clientNowMs, sentAtMs and ageMs.'
  return { code: 'invalid-field', message, details: { path: 'ageMs', ...where, expectedSeq: stream.receivedSeq + 1 } }
}

export const storeFull: FixRefusal = (stream, where) => {
  const message = 'The queue of fixes for the database is full; keep your fixes, and send them again.'
  return {
    code: 'overloaded',
    message,
    details: { ...where, expectedSeq: stream.receivedSeq + 1, retryAfterMs: 1_000 },
  }
}

/**
 * What one frame of a feed is told: one refusal for each code, however many channels it is about, so that an overload is not
 * answered by one message a fix. At most as many channels as fixes in the frame.
 */
export class FrameRefusals {
  readonly #byCode = new Map<
    string,
    { readonly first: Refusal; readonly others: (readonly [number, number | null])[] }
  >()

  /** Input: the refusal as of this channel alone. */
  add(channel: number, refusal: Refusal): void {
    const told = this.#byCode.get(refusal.code)
    if (told === undefined) this.#byCode.set(refusal.code, { first: refusal, others: [] })
    else told.others.push([channel, (refusal.details?.expectedSeq as number | undefined) ?? null])
  }

  *all(): Iterable<Refusal> {
    for (const { first, others } of this.#byCode.values()) {
      yield others.length === 0 ? first : { ...first, details: { ...first.details, others } }
    }
  }
}
