/** Whether a session may come in with the streams that its hello names, and how far each of them is known to be stored. */
import type { StreamId } from '../../domain/ids.ts'
import { CLOSE_CODES } from '../../protocol/errors.ts'
import { LIMITS } from '../../protocol/limits.ts'
import { MARKS_UNREADABLE } from '../refusals.ts'
import type { HelloRequest, Session } from '../region-handle.ts'
import { type DriverLocation, isTooLarge } from './location.ts'

type HelloEntry =
  /** It may; of the streams that memory has forgotten, here are the marks. */
  | { readonly is: 'known'; readonly marks: ReadonlyMap<StreamId, number> }
  /** The store has to be asked for the marks of these. */
  | { readonly is: 'unknown'; readonly streams: readonly StreamId[] }
  /** It names a new stream, and so many others wait to be forgotten that none may be taken up. */
  | { readonly is: 'crowded' }
  /** Its stream of this index cannot be what it says. */
  | { readonly is: 'hole'; readonly index: number }

/** Input: `markOf` tells the mark of a stream that memory may have forgotten; undefined where nobody has looked. */
export function entryOf(
  { streams }: HelloRequest,
  location: DriverLocation,
  markOf: (streamId: StreamId) => number | undefined,
): HelloEntry {
  const marks = new Map<StreamId, number>()
  const unknown: StreamId[] = []
  for (const [streamId] of streams) {
    if (!location.mayBeForgotten(streamId)) continue
    const mark = markOf(streamId)
    if (mark === undefined) unknown.push(streamId)
    else marks.set(streamId, mark)
  }
  if (location.isCrowded && streams.some(([streamId]) => location.knownStream(streamId) === undefined)) {
    return { is: 'crowded' }
  }
  if (unknown.length > 0) return { is: 'unknown', streams: unknown }
  const index = streams.findIndex(([streamId, , lowestSeq]) =>
    isTooLarge(location.knownStream(streamId)?.receivedSeq ?? marks.get(streamId) ?? 0, lowestSeq),
  )
  return index < 0 ? { is: 'known', marks } : { is: 'hole', index }
}

/** The client is told to come again, because its welcome is not known now. */
export function refuseHello(session: Session, { helloId }: HelloRequest): void {
  session.tell({ type: 'refused', id: helloId, refusal: MARKS_UNREADABLE })
  session.close(CLOSE_CODES.goingAway, MARKS_UNREADABLE.code)
}

/** The stream cannot be what the hello says, so a later hello of this client would be no better. */
export function refuseHole(session: Session, { helloId }: HelloRequest, index: number): void {
  const path = `streams.${index}.2`
  const message = `\`${path}\` lies more than ${LIMITS.holeFixes} beyond the stream; begin a new stream with seq 1.`
  session.tell({ type: 'refused', id: helloId, refusal: { code: 'invalid-field', message, details: { path } } })
  session.close(CLOSE_CODES.protocolAbuse, 'invalid-field')
}
